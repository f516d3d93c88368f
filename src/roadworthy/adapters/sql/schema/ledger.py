"""Tables: ledger."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Bytes, Counter, Moment, Number
from roadworthy.adapters.sql.schema.words import has, key, table

ledger_outbox = table("ledger_outbox", sa.Column("id", Counter, primary_key=True), has("event", Bytes))

ledger_entry = table("ledger_entry", key("seq", Number), has("event", Bytes), has("leaf", Bytes))

ledger_reference = table("ledger_reference", key("reference"), key("seq", Number))

# What entries are found by. All of it stands in their bytes and can be made anew.
ledger_facet = table(
    "ledger_facet",
    key("seq", Number),
    has("kind"),
    has("actor"),
    has("at", Moment),
    sa.Index(None, "kind", "seq"),
    sa.Index(None, "actor", "seq"),
    sa.Index(None, "at", "seq"),
)

# Roots of perfect subtrees of 256 to the power of `level` leaves.
ledger_tile = table("ledger_tile", key("level", Number), key("number", Number), has("root", Bytes))

ledger_state = table(
    "ledger_state",
    key("one", Number),
    has("size", Number),
    has("frontier", Bytes),
    sa.CheckConstraint("one = 1", name="one"),
)

checkpoint = table("checkpoint", key("size", Number), has("note"))
