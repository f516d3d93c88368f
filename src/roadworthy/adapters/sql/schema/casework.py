"""Tables: casework."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Json, Moment, Number, Real, Score, Words
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

# Questions that are to find these indexes say the same words: SQLite compares them, it does not conclude.
IN_LANE = sa.text("lane <> '' AND state NOT IN ('confirmed', 'refused', 'simulated', 'undone')")
HELD = sa.text("held_since IS NOT NULL")
DUE = sa.text("due_at IS NOT NULL")
ALONE = sa.text("amount > 0 AND disposition = 'execute' AND approved_by = '' AND state <> 'simulated'")

case_record = table(
    "case_record",
    key("id"),
    has("use_case"),
    has("key"),
    has("twin"),
    has("subject"),
    has("input"),
    has("release"),
    has("stage"),
    has("probability", Real),
    has("state"),
    has("version", Number),
    has("run", Number),
    has("segment", Number),
    has("handled_by"),
    may_have("confidence", Score),
    has("answer"),
    has("reason"),
    has("slice"),
    has("cost_nano", Number),
    has("cost_currency"),
    has("created_at", Moment),
    has("updated_at", Moment),
    sa.UniqueConstraint("use_case", "key", "twin"),
    sa.Index(None, "use_case", "id"),
    sa.Index(None, "use_case", "stage", "id"),
    sa.Index(None, "use_case", "release", "id"),
    sa.Index(None, "state", "use_case", "id"),
)

reject = table(
    "reject",
    key("id"),
    has("use_case"),
    has("key"),
    has("input"),
    has("problems", Words),
    has("at", Moment),
    sa.Index(None, "use_case", "id"),
)

step = table(
    # A row begins as the note that an attempt started; it is a recorded step once it has a result.
    # interrupted_nano: reserved price of attempts that ended without one; reserved_nano: of the last.
    "step",
    key("case_id"),
    key("run", Number),
    key("ordinal", Number),
    has("name"),
    has("arguments"),
    may_have("result"),
    has("segment", Number),
    has("attempts", Number),
    has("interrupted_nano", Number),
    has("reserved_nano", Number),
    has("cost_nano", Number),
    has("currency"),
    has("at", Moment),
    # When the newest attempt was opened; it stays when the result is recorded.
    may_have("began_at", Moment),
    # What a day cost is read without the days before it.
    sa.Index(None, "at"),
)

outcome = table(
    "outcome",
    key("id"),
    has("case_id"),
    has("use_case"),
    has("truth"),
    has("judgement"),
    has("source"),
    has("principal"),
    has("at", Moment),
    sa.UniqueConstraint("case_id", "source"),
)

rating = table(
    "rating",
    key("case_id"),
    key("principal"),
    has("use_case"),
    has("stars", Number),
    has("at", Moment),
)

effect = table(
    "effect",
    key("id"),
    has("case_id"),
    has("use_case"),
    has("slot"),
    has("key"),
    has("tool"),
    has("arguments"),
    has("arguments_digest"),
    has("amount", Number),
    has("state"),
    has("version", Number),
    has("stage"),
    has("release"),
    may_have("confidence", Score),
    has("certificate"),
    has("approved_by"),
    has("disposition"),
    has("reasons", Words),
    has("untrusted", Words),
    has("attempts", Number),
    has("response"),
    has("created_at", Moment),
    has("updated_at", Moment),
    may_have("origins", Json),
    may_have("marking", Json),
    has("lane"),
    has("held"),
    may_have("held_since", Moment),
    may_have("due_at", Moment),
    may_have("sent_at", Moment),
    has("lookups", Number),
    has("undoes"),
    has("passed", Number),
    sa.UniqueConstraint("key"),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "state", "id"),
    # Few rows lie in these: what is confirmed has no lane to wait in and nothing due.
    sa.Index("ix_effect_lane", "lane", "case_id", "id", sqlite_where=IN_LANE, postgresql_where=IN_LANE),
    sa.Index(
        "ix_effect_held", "use_case", "tool", "held_since", "id", sqlite_where=HELD, postgresql_where=HELD
    ),
    sa.Index("ix_effect_due", "due_at", "id", sqlite_where=DUE, postgresql_where=DUE),
    # Money that moved without a person, the most first.
    sa.Index("ix_effect_alone", "amount", "id", sqlite_where=ALONE, postgresql_where=ALONE),
)

case_flag = table(
    "case_flag",
    key("case_id"),
    has("use_case"),
    has("reason"),
    has("flagged_by"),
    has("at", Moment),
    sa.Index(None, "use_case", "case_id"),
)

pace = table(
    "pace",
    key("use_case"),
    key("tool"),
    has("full_at", Real),
    has("failures", Number),
    has("open_until", Real),
    has("asked_until", Real),
    has("trial_until", Real),
    has("rests", Number),
    has("wakes_at", Real),
)

spend = table("spend", key("use_case"), key("tool"), key("day"), has("minor", Number))

review = table(
    "review",
    key("id"),
    has("case_id"),
    has("use_case"),
    has("kind"),
    has("effect"),
    has("ordinal", Number),
    has("question"),
    has("reasons", Words),
    has("role"),
    has("proposal"),
    has("state"),
    has("version", Number),
    has("due_at", Moment),
    has("verdict"),
    has("decided_by"),
    may_have("decided_at", Moment),
    has("reason"),
    has("created_at", Moment),
    has("queue"),
    has("skill"),
    has("rank", Number),
    has("step", Number),
    has("assignee"),
    has("claimed_by"),
    may_have("claimed_at", Moment),
    may_have("claimed_until", Moment),
    has("excluded", Words),
    has("blind", Number),
    may_have("leaves_at", Moment),
    sa.Index(None, "case_id", "id"),
)
# The inbox reads open ones only, a few among all that were ever decided.
_OPEN = sa.text("state = 'open'")
sa.Index("ix_review_open", review.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
sa.Index(
    "ix_review_open_use_case", review.c.use_case, review.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN
)
sa.Index(
    "ix_review_inbox",
    review.c.rank,
    review.c.due_at,
    review.c.id,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
# All that counting an inbox looks at.
sa.Index(
    "ix_review_counted",
    *(
        review.c[name]
        for name in (
            "use_case",
            "queue",
            "role",
            "skill",
            "due_at",
            "claimed_by",
            "claimed_until",
            "assignee",
        )
    ),
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
# Few of those that wait are somebody's.
TAKEN = sa.text("state = 'open' AND (claimed_by <> '' OR assignee <> '')")
sa.Index(
    "ix_review_taken",
    review.c.rank,
    review.c.due_at,
    review.c.id,
    sqlite_where=TAKEN,
    postgresql_where=TAKEN,
)
