"""Every table, in the words of the glossary. Migrations lead to exactly this; a test compares them.

No column but those that say so holds content: personal data lie encrypted in ``payload`` alone.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Bytes, Counter, Json, Moment, Number, Real, Score, Text, Words

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Kind = type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *parts)


def _key(name: str, kind: _Kind = Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _has(name: str, kind: _Kind = Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _may_have(name: str, kind: _Kind = Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


# ── casework ──────────────────────────────────────────────────────────────────────────────────────

case_record = _table(
    "case_record",
    _key("id"),
    _has("use_case"),
    _has("key"),
    _has("twin"),
    _has("subject"),
    _has("input"),
    _has("release"),
    _has("stage"),
    _has("probability", Real),
    _has("state"),
    _has("version", Number),
    _has("run", Number),
    _has("segment", Number),
    _has("handled_by"),
    _may_have("confidence", Score),
    _has("answer"),
    _has("reason"),
    _has("slice"),
    _has("cost_nano", Number),
    _has("cost_currency"),
    _has("created_at", Moment),
    _has("updated_at", Moment),
    sa.UniqueConstraint("use_case", "key", "twin"),
    sa.Index(None, "use_case", "id"),
    sa.Index(None, "use_case", "stage", "id"),
    sa.Index(None, "use_case", "release", "id"),
    sa.Index(None, "state", "use_case", "id"),
    # Counting reads this index alone, in the order of the groups: four times as fast as any other order.
    sa.Index(None, "use_case", "stage", "state", "handled_by", "release"),
)

reject = _table(
    "reject",
    _key("id"),
    _has("use_case"),
    _has("key"),
    _has("input"),
    _has("problems", Words),
    _has("at", Moment),
    sa.Index(None, "use_case", "id"),
)

step = _table(
    # A row begins as the note that an attempt started; it is a recorded step once it has a result.
    # interrupted_nano: reserved price of attempts that ended without one; reserved_nano: of the last.
    "step",
    _key("case_id"),
    _key("run", Number),
    _key("ordinal", Number),
    _has("name"),
    _has("arguments"),
    _may_have("result"),
    _has("segment", Number),
    _has("attempts", Number),
    _has("interrupted_nano", Number),
    _has("reserved_nano", Number),
    _has("cost_nano", Number),
    _has("currency"),
    _has("at", Moment),
)

outcome = _table(
    "outcome",
    _key("id"),
    _has("case_id"),
    _has("use_case"),
    _has("truth"),
    _has("judgement"),
    _has("source"),
    _has("principal"),
    _has("at", Moment),
    sa.UniqueConstraint("case_id", "source"),
)

effect = _table(
    "effect",
    _key("id"),
    _has("case_id"),
    _has("use_case"),
    _has("slot"),
    _has("key"),
    _has("tool"),
    _has("arguments"),
    _has("arguments_digest"),
    _has("amount", Number),
    _has("state"),
    _has("version", Number),
    _has("stage"),
    _has("release"),
    _may_have("confidence", Score),
    _has("certificate"),
    _has("approved_by"),
    _has("disposition"),
    _has("reasons", Words),
    _has("untrusted", Words),
    _has("attempts", Number),
    _has("response"),
    _has("created_at", Moment),
    _has("updated_at", Moment),
    sa.UniqueConstraint("key"),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "state", "id"),
)

spend = _table("spend", _key("use_case"), _key("tool"), _key("day"), _has("minor", Number))

review = _table(
    "review",
    _key("id"),
    _has("case_id"),
    _has("use_case"),
    _has("kind"),
    _has("effect"),
    _has("ordinal", Number),
    _has("question"),
    _has("reasons", Words),
    _has("role"),
    _has("proposal"),
    _has("state"),
    _has("version", Number),
    _has("due_at", Moment),
    _has("verdict"),
    _has("decided_by"),
    _may_have("decided_at", Moment),
    _has("reason"),
    _has("created_at", Moment),
    sa.Index(None, "case_id", "id"),
)
# The inbox reads open ones only, a few among all that were ever decided.
_OPEN = sa.text("state = 'open'")
sa.Index("ix_review_open", review.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
sa.Index(
    "ix_review_open_use_case", review.c.use_case, review.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN
)

# ── releases and evidence ─────────────────────────────────────────────────────────────────────────

release = _table(
    "release",
    _key("digest"),
    _has("use_case"),
    _has("number", Number),
    _has("author"),
    _has("note"),
    _has("stage"),
    _has("share", Real),
    _has("created_at", Moment),
    _has("stage_since", Moment),
    _has("reason"),
    sa.UniqueConstraint("use_case", "number"),
)

release_file = _table("release_file", _key("release"), _key("path"), _has("digest"))

file_content = _table("file_content", _key("digest"), _has("content", Bytes))

measurement = _table(
    "measurement",
    _key("id"),
    _has("use_case"),
    _has("kind"),
    _has("subject"),
    _may_have("value", Score),
    _has("unit"),
    _has("n", Number),
    _has("method"),
    _has("inputs"),
    _has("at", Moment),
    _has("valid_for_us", Number),
    _may_have("low", Real),
    _may_have("high", Real),
    _has("release"),
    _has("simulated", Words),
    _has("detail", Json),
    sa.Index(None, "use_case", "at", "id"),
)

certificate = _table(
    "certificate",
    _key("id"),
    _has("use_case"),
    _has("release"),
    _has("certified_at", Moment),
    _has("body", Json),
    _may_have("suspended_at", Moment),
    _has("suspended_because"),
    sa.Index(None, "use_case", "release", "certified_at", "id"),
)

approval = _table(
    "approval",
    _key("id"),
    _has("use_case"),
    _has("kind"),
    _has("digest"),
    _has("role"),
    _has("principal"),
    _has("demo", sa.Boolean),
    _has("reason"),
    _has("at", Moment),
    _has("expires_at", Moment),
    sa.Index(None, "use_case", "digest", "id"),
)

waiver = _table(
    "waiver",
    sa.Column("id", Counter, primary_key=True),
    _has("use_case"),
    _has("requirement"),
    _has("subject"),
    _has("reason"),
    _has("asked_by"),
    _has("granted_by"),
    _has("demo", sa.Boolean),
    _has("expires_at", Moment),
    sa.Index(None, "use_case", "id"),
)

watch = _table("watch", _key("use_case"), _key("release"), _key("kind"), _has("state"))

# ── people and switches ───────────────────────────────────────────────────────────────────────────

principal = _table(
    "principal",
    _key("id"),
    _has("name"),
    _has("kind"),
    _has("roles", Words),
    _has("demo", sa.Boolean),
    _has("disabled", sa.Boolean),
    _has("use_case"),
    _has("password_hash"),
)

credential = _table(
    "credential",
    _key("kind"),
    _key("id"),
    _has("principal"),
    _has("proof"),
    _has("use_case"),
    _has("created_at", Moment),
    _has("expires_at", Moment),
)

stop = _table(
    "stop",
    _key("id"),
    _has("scope"),
    _has("reason"),
    _has("stopped_by"),
    _has("stopped_at", Moment),
    _has("resumed_by"),
    _may_have("resumed_at", Moment),
)

acknowledgement = _table("acknowledgement", _key("worker"), _has("seen"), _has("at", Moment))

reply = _table(
    "reply",
    _key("scope"),
    _key("key"),
    _has("body"),
    _has("status", Number),
    _has("reply"),
    _has("at", Moment),
)

executor_lease = _table(
    # Which processes of the durable engine are alive, in seconds of the database's own clock.
    "executor_lease",
    _key("executor_id"),
    _has("beat", Real),
    _has("ttl", Real),
)

# ── ledger ────────────────────────────────────────────────────────────────────────────────────────

ledger_outbox = _table("ledger_outbox", sa.Column("id", Counter, primary_key=True), _has("event", Bytes))

ledger_entry = _table("ledger_entry", _key("seq", Number), _has("event", Bytes), _has("leaf", Bytes))

ledger_reference = _table("ledger_reference", _key("reference"), _key("seq", Number))

ledger_state = _table(
    "ledger_state",
    _key("one", Number),
    _has("size", Number),
    _has("frontier", Bytes),
    sa.CheckConstraint("one = 1", name="one"),
)

checkpoint = _table("checkpoint", _key("size", Number), _has("note"))

# ── vault ─────────────────────────────────────────────────────────────────────────────────────────

# Of every key of the installation a keyed digest of a constant: tells another key, and nothing about it.
key_check = _table("key_check", _key("name"), _has("proof"))

subject_key = _table(
    "subject_key",
    _key("id"),
    _has("subject"),
    _may_have("wrapped", Bytes),
    _may_have("destroyed_at", Moment),
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

payload = _table(
    "payload",
    _key("id"),
    _has("subject"),
    _has("key_id"),
    _may_have("nonce", Bytes),
    _may_have("ciphertext", Bytes),
    _has("digest"),
    sa.Index(None, "subject"),
)
