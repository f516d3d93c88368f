"""Tables: vault."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Bytes, Moment
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

# Of every key of the installation a keyed digest of a constant: tells another key, and nothing about it.
key_check = table("key_check", key("name"), has("proof"))

subject_key = table(
    "subject_key",
    key("id"),
    has("subject"),
    may_have("wrapped", Bytes),
    may_have("destroyed_at", Moment),
    sa.Index(None, "subject"),
)
# Invariant: a subject has at most one key that is not destroyed.
_LIVING = sa.text("destroyed_at IS NULL")
sa.Index(
    "uq_subject_key_living",
    subject_key.c.subject,
    unique=True,
    sqlite_where=_LIVING,
    postgresql_where=_LIVING,
)

payload = table(
    "payload",
    key("id"),
    has("subject"),
    has("key_id"),
    may_have("nonce", Bytes),
    may_have("ciphertext", Bytes),
    has("digest"),
    sa.Index(None, "subject"),
)
