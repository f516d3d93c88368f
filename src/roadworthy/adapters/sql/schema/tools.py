"""Tables: how the contracts of tools hold."""

from __future__ import annotations

from roadworthy.adapters.sql.columns import Moment, Number
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

tool_state = table(
    "tool_state",
    key("release"),
    key("tool"),
    has("use_case"),
    has("hold"),
    has("reason"),
    has("since", Moment),
    has("looked_at", Moment),
    has("how"),
    may_have("good_at", Moment),
    has("breaks", Number),
    has("version", Number),
)
