"""Tables: spot checks. A label is the only thing of a case that stands here."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Moment, Number, Real, Words
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

spot_check = table(
    "spot_check",
    key("case_id"),
    has("use_case"),
    has("release"),
    has("certificates", Words),
    has("kinds", Words),
    has("slice"),
    has("q", Real),
    has("floor", Real),
    has("rule"),
    has("state"),
    has("version", Number),
    has("double", sa.Boolean),
    has("judgement"),
    has("why"),
    has("closed_at", Moment),
    may_have("judged_at", Moment),
    sa.Index(None, "use_case", "closed_at"),
)

# Most rows were never drawn, and no list shows those.
_DRAWN = sa.text("state <> 'undrawn'")
sa.Index(
    "ix_spot_check_drawn",
    spot_check.c.use_case,
    spot_check.c.case_id,
    sqlite_where=_DRAWN,
    postgresql_where=_DRAWN,
)

spot_answer = table(
    "spot_answer",
    key("review"),
    has("case_id"),
    has("use_case"),
    has("part"),
    has("known"),
    has("planted_by"),
    has("answer"),
    has("answered_by"),
    has("void", sa.Boolean),
    has("asked_at", Moment),
    may_have("answered_at", Moment),
    sa.Index(None, "case_id", "review"),
    sa.Index(None, "use_case", "asked_at"),
    sa.Index(None, "use_case", "review"),
)
# Few wait for an answer among all that were ever asked for.
_UNANSWERED = sa.text("answered_by = ''")
sa.Index(
    "ix_spot_answer_unanswered",
    spot_answer.c.use_case,
    spot_answer.c.asked_at,
    sqlite_where=_UNANSWERED,
    postgresql_where=_UNANSWERED,
)

spot_share = table("spot_share", key("use_case"), key("since", Moment), has("share", Real))
