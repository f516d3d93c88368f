"""Tables: people and switches."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Moment, Number, Real, Text, Words
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

principal = table(
    "principal",
    key("id"),
    has("name"),
    has("kind"),
    has("roles", Words),
    has("demo", sa.Boolean),
    has("disabled", sa.Boolean),
    has("use_case"),
    has("password_hash"),
    may_have("email"),
)

preference = table(
    # How somebody wants pages to be. Nothing is decided by it.
    "preference",
    key("principal"),
    key("name"),
    has("value"),
)

credential = table(
    "credential",
    key("kind"),
    key("id"),
    has("principal"),
    has("proof"),
    has("use_case"),
    has("created_at", Moment),
    has("expires_at", Moment),
    sa.Column("release", Text, nullable=False, server_default=""),
    sa.Column("stage", Text, nullable=False, server_default=""),
)

stop = table(
    "stop",
    key("id"),
    has("scope"),
    has("reason"),
    has("stopped_by"),
    has("stopped_at", Moment),
    has("resumed_by"),
    may_have("resumed_at", Moment),
)

acknowledgement = table("acknowledgement", key("worker"), has("seen"), has("at", Moment))

obeyed = table(
    # When each worker first said that it obeys a stop.
    "obeyed",
    key("stop"),
    key("worker"),
    has("at", Moment),
)

reply = table(
    "reply",
    key("scope"),
    key("key"),
    has("body"),
    has("status", Number),
    has("reply"),
    has("at", Moment),
)

executor_lease = table(
    # Which processes of the durable engine are alive, in seconds of the database's own clock.
    "executor_lease",
    key("executor_id"),
    has("beat", Real),
    has("ttl", Real),
)
