"""Tables: figures of cases by day and hour."""

from __future__ import annotations

from roadworthy.adapters.sql.columns import Number
from roadworthy.adapters.sql.schema.words import has, key, table

# The key in the order of every question: whose, how long a slot is, what is counted, from when to when.
case_count = table(
    "case_count",
    key("use_case"),
    key("grain"),
    key("name"),
    key("slot"),
    key("label"),
    key("release"),
    key("stage"),
    has("value", Number),
    has("example"),
)
