"""What the inbox keeps beside the reviews."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Moment, Number
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

reviewer_skill = table("reviewer_skill", key("principal"), key("skill"))

absence = table(
    "absence",
    key("id"),
    has("principal"),
    has("deputy"),
    has("starts_at", Moment),
    has("ends_at", Moment),
    has("noted_by"),
    sa.Index(None, "ends_at"),
)

review_look = table(
    "review_look",
    key("review"),
    key("principal"),
    has("use_case"),
    has("kind"),
    has("began_at", Moment),
    has("active_ms", Number),
    has("own"),
    has("proposed"),
    has("verdict"),
    may_have("decided_at", Moment),
    sa.Index(None, "use_case", "decided_at"),
)

review_reminder = table(
    "review_reminder",
    key("principal"),
    has("due_at", Moment),
    may_have("sent_at", Moment),
    has("attempts", Number),
    has("problem"),
)

case_initiator = table("case_initiator", key("case_id"), has("principal"))
