"""Tables: ledger."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Bytes, Counter, Number
from roadworthy.adapters.sql.schema.words import has, key, table

ledger_outbox = table("ledger_outbox", sa.Column("id", Counter, primary_key=True), has("event", Bytes))

ledger_entry = table("ledger_entry", key("seq", Number), has("event", Bytes), has("leaf", Bytes))

ledger_reference = table("ledger_reference", key("reference"), key("seq", Number))

ledger_state = table(
    "ledger_state",
    key("one", Number),
    has("size", Number),
    has("frontier", Bytes),
    sa.CheckConstraint("one = 1", name="one"),
)

checkpoint = table("checkpoint", key("size", Number), has("note"))
