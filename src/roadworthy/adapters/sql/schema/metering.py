"""Tables: budgets and calls. Amounts are nano-units; no content of a call stands here."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Moment, Number, Real
from roadworthy.adapters.sql.schema.words import has, key, table

budget = table(
    "budget",
    key("id"),
    has("level"),
    has("limit", Number),
    has("spent", Number),
    has("held", Number),
    sa.CheckConstraint("spent >= 0 AND held >= 0", name="counts_up"),
    sa.Index(None, "level", "id"),
)

budget_owner = table(
    # Which processes lease, in seconds of the database's own clock. A charged one stays: it never leases again.
    "budget_owner",
    key("owner"),
    has("beat", Real),
    has("ttl", Real),
    has("charged", sa.Boolean),
)

budget_lease = table(
    "budget_lease",
    key("owner"),
    key("budget"),
    has("amount", Number),
    sa.CheckConstraint("amount >= 0", name="counts_up"),
)

unattributed_charge = table(
    # What a dead owner was charged, less what turned out to be calls that stand in the books.
    "unattributed_charge",
    key("owner"),
    key("budget"),
    has("amount", Number),
    has("at", Moment),
    sa.Index(None, "budget"),
)

call_batch = table(
    "call_batch",
    key("id"),
    has("owner"),
    has("at", Moment),
    has("root"),
    has("count", Number),
    has("sum", Number),
)

model_call = table(
    "model_call",
    key("id"),
    has("batch"),
    has("at", Moment),
    has("use_case"),
    has("version"),
    has("stage"),
    has("key"),
    has("case_reference"),
    has("step"),
    has("wire"),
    has("task"),
    has("model"),
    has("ending"),
    has("status", Number),
    has("read", Number),
    has("written", Number),
    has("cached", Number),
    has("stored", Number),
    has("reasoning", Number),
    has("estimated", sa.Boolean),
    has("reserved", Number),
    has("cost", Number),
    has("attempts", Number),
    has("tool_calls", Number),
    has("millis", Number),
    has("price"),
    has("route"),
    sa.Index(None, "use_case", "at"),
    sa.Index(None, "batch", "id"),
)

# Most calls of an early use case name no case.
_OF_CASE = sa.text("case_reference <> ''")
sa.Index(
    "ix_model_call_of_case",
    model_call.c.use_case,
    model_call.c.case_reference,
    model_call.c.at,
    model_call.c.id,
    sqlite_where=_OF_CASE,
    postgresql_where=_OF_CASE,
)
