"""The first schema: everything the first release stores.

Written out and never changed: what a database of that release looks like must not depend on what
the tables look like today.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OPEN = sa.text("state = 'open'")
_LIVING = sa.text("destroyed_at IS NULL")


def upgrade() -> None:
    """Make all tables."""
    _cases()
    _effects_and_reviews()
    _releases()
    _evidence()
    _people_and_switches()
    _ledger()
    _vault()


def _columns(kind: Any, names: tuple[str, ...], *, nullable: bool) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable, autoincrement=False) for name in names]


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return _columns(_TEXT, names, nullable=nullable)


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return _columns(sa.BigInteger(), names, nullable=nullable)


def _reals(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return _columns(sa.Double(), names, nullable=nullable)


def _blobs(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return _columns(sa.LargeBinary(), names, nullable=nullable)


def _flags(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.Boolean(), names, nullable=False)


def _cases() -> None:
    op.create_table(
        "case_record",
        *_texts("id", "use_case", "key", "twin", "subject", "input", "release", "stage"),
        *_reals("probability"),
        *_texts("state"),
        *_numbers("version", "run", "segment"),
        *_texts("handled_by"),
        *_reals("confidence", nullable=True),
        *_texts("answer", "reason", "slice"),
        *_numbers("cost_nano"),
        *_texts("cost_currency"),
        *_numbers("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("use_case", "key", "twin"),
    )
    op.create_index("ix_case_record_state_use_case_id", "case_record", ["state", "use_case", "id"])
    op.create_index("ix_case_record_use_case_id", "case_record", ["use_case", "id"])
    op.create_index("ix_case_record_use_case_release_id", "case_record", ["use_case", "release", "id"])
    op.create_index("ix_case_record_use_case_stage_id", "case_record", ["use_case", "stage", "id"])
    op.create_index(
        "ix_case_record_use_case_stage_state_handled_by_release",
        "case_record",
        ["use_case", "stage", "state", "handled_by", "release"],
    )
    op.create_table(
        "reject",
        *_texts("id", "use_case", "key", "input", "problems"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reject_use_case_id", "reject", ["use_case", "id"])
    op.create_table(
        "step",
        *_texts("case_id"),
        *_numbers("run", "ordinal"),
        *_texts("name", "arguments"),
        *_texts("result", nullable=True),
        *_numbers("segment", "attempts", "interrupted_nano", "reserved_nano", "cost_nano"),
        *_texts("currency"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("case_id", "run", "ordinal"),
    )
    op.create_table(
        "outcome",
        *_texts("id", "case_id", "use_case", "truth", "judgement", "source", "principal"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "source"),
    )


def _effects_and_reviews() -> None:
    op.create_table(
        "effect",
        *_texts("id", "case_id", "use_case", "slot", "key", "tool", "arguments", "arguments_digest"),
        *_numbers("amount"),
        *_texts("state"),
        *_numbers("version"),
        *_texts("stage", "release"),
        *_reals("confidence", nullable=True),
        *_texts("certificate", "approved_by", "disposition", "reasons", "untrusted"),
        *_numbers("attempts"),
        *_texts("response"),
        *_numbers("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_effect_case_id_id", "effect", ["case_id", "id"])
    op.create_index("ix_effect_state_id", "effect", ["state", "id"])
    op.create_table(
        "spend",
        *_texts("use_case", "tool", "day"),
        *_numbers("minor"),
        sa.PrimaryKeyConstraint("use_case", "tool", "day"),
    )
    op.create_table(
        "review",
        *_texts("id", "case_id", "use_case", "kind", "effect"),
        *_numbers("ordinal"),
        *_texts("question", "reasons", "role", "proposal", "state"),
        *_numbers("version", "due_at"),
        *_texts("verdict", "decided_by"),
        *_numbers("decided_at", nullable=True),
        *_texts("reason"),
        *_numbers("created_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_review_case_id_id", "review", ["case_id", "id"])
    op.create_index("ix_review_open", "review", ["id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "ix_review_open_use_case", "review", ["use_case", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )


def _releases() -> None:
    op.create_table(
        "release",
        *_texts("digest", "use_case"),
        *_numbers("number"),
        *_texts("author", "note", "stage"),
        *_reals("share"),
        *_numbers("created_at", "stage_since"),
        *_texts("reason"),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("use_case", "number"),
    )
    op.create_table(
        "release_file",
        *_texts("release", "path", "digest"),
        sa.PrimaryKeyConstraint("release", "path"),
    )
    op.create_table(
        "file_content",
        *_texts("digest"),
        *_blobs("content"),
        sa.PrimaryKeyConstraint("digest"),
    )


def _evidence() -> None:
    op.create_table(
        "measurement",
        *_texts("id", "use_case", "kind", "subject"),
        *_reals("value", nullable=True),
        *_texts("unit"),
        *_numbers("n"),
        *_texts("method", "inputs"),
        *_numbers("at", "valid_for_us"),
        *_reals("low", "high", nullable=True),
        *_texts("release", "simulated", "detail"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_measurement_use_case_at_id", "measurement", ["use_case", "at", "id"])
    op.create_table(
        "certificate",
        *_texts("id", "use_case", "release"),
        *_numbers("certified_at"),
        *_texts("body"),
        *_numbers("suspended_at", nullable=True),
        *_texts("suspended_because"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_certificate_use_case_release_certified_at_id",
        "certificate",
        ["use_case", "release", "certified_at", "id"],
    )
    op.create_table(
        "approval",
        *_texts("id", "use_case", "kind", "digest", "role", "principal"),
        *_flags("demo"),
        *_texts("reason"),
        *_numbers("at", "expires_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_approval_use_case_digest_id", "approval", ["use_case", "digest", "id"])
    op.create_table(
        "waiver",
        sa.Column("id", _COUNTER),
        *_texts("use_case", "requirement", "subject", "reason", "asked_by", "granted_by"),
        *_flags("demo"),
        *_numbers("expires_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_waiver_use_case_id", "waiver", ["use_case", "id"])
    op.create_table(
        "watch",
        *_texts("use_case", "release", "kind", "state"),
        sa.PrimaryKeyConstraint("use_case", "release", "kind"),
    )


def _people_and_switches() -> None:
    op.create_table(
        "principal",
        *_texts("id", "name", "kind", "roles"),
        *_flags("demo", "disabled"),
        *_texts("use_case", "password_hash"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "credential",
        *_texts("kind", "id", "principal", "proof", "use_case"),
        *_numbers("created_at", "expires_at"),
        sa.PrimaryKeyConstraint("kind", "id"),
    )
    op.create_table(
        "stop",
        *_texts("id", "scope", "reason", "stopped_by"),
        *_numbers("stopped_at"),
        *_texts("resumed_by"),
        *_numbers("resumed_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "acknowledgement",
        *_texts("worker", "seen"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("worker"),
    )
    op.create_table(
        "reply",
        *_texts("scope", "key", "body"),
        *_numbers("status"),
        *_texts("reply"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_table(
        "executor_lease",
        *_texts("executor_id"),
        *_reals("beat", "ttl"),
        sa.PrimaryKeyConstraint("executor_id"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_outbox",
        sa.Column("id", _COUNTER),
        *_blobs("event"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ledger_entry",
        *_numbers("seq"),
        *_blobs("event", "leaf"),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "ledger_reference",
        *_texts("reference"),
        *_numbers("seq"),
        sa.PrimaryKeyConstraint("reference", "seq"),
    )
    op.create_table(
        "ledger_state",
        *_numbers("one", "size"),
        *_blobs("frontier"),
        sa.PrimaryKeyConstraint("one"),
        sa.CheckConstraint("one = 1", name="one"),
    )
    op.create_table(
        "checkpoint",
        *_numbers("size"),
        *_texts("note"),
        sa.PrimaryKeyConstraint("size"),
    )


def _vault() -> None:
    op.create_table(
        "subject_key",
        *_texts("id", "subject"),
        *_blobs("wrapped", nullable=True),
        *_numbers("destroyed_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_subject_key_subject", "subject_key", ["subject"])
    op.create_index(
        "uq_subject_key_living",
        "subject_key",
        ["subject"],
        unique=True,
        sqlite_where=_LIVING,
        postgresql_where=_LIVING,
    )
    op.create_table(
        "payload",
        *_texts("id", "subject", "key_id"),
        *_blobs("nonce", "ciphertext", nullable=True),
        *_texts("digest"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_payload_subject", "payload", ["subject"])
