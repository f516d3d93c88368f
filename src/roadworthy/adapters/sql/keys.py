"""Which keys a database was sealed and signed with: a missing or another one is noticed before it does harm.

For each key the table ``key_check`` holds a keyed digest of a constant. Whoever reads it learns
nothing about the key, and whoever starts with another key is told at once.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.engine import begin_read, begin_write
from roadworthy.adapters.sql.vault import unwrapped
from roadworthy.errors import Corrupt, InputProblem, Problem
from roadworthy.ledger import SigningKey, open_note

KEK: Final = "kek"
LEDGER: Final = "ledger"
_SAMPLE: Final = 5
"""Rows a key is tried on where nothing to check it by is stored: one altered row alone proves nothing."""

_check, _subject, _checkpoint = schema.key_check, schema.subject_key, schema.checkpoint
_CHECKS = sa.select(_check.c.name, _check.c.proof)
_ADD = insert(_check).on_conflict_do_nothing(index_elements=[_check.c.name])
_ANY_SEALED, _ANY_SIGNED = sa.select(_subject.c.id).limit(1), sa.select(_checkpoint.c.size).limit(1)
_SEALED = (
    sa.select(_subject.c.id, _subject.c.subject, _subject.c.wrapped)
    .where(_subject.c.wrapped.is_not(None))
    .order_by(_subject.c.id.desc())
    .limit(_SAMPLE)
)
_SIGNED = sa.select(_checkpoint.c.note).order_by(_checkpoint.c.size.desc()).limit(_SAMPLE)


def keys_in_use(engine: sa.Engine) -> frozenset[str]:
    """Of ``kek`` and ``ledger`` those that this database cannot go on without: they may not be made anew."""
    with begin_read(engine) as connection:
        used = {row.name for row in connection.execute(_CHECKS)}
        if connection.execute(_ANY_SEALED).first():
            used.add(KEK)
        if connection.execute(_ANY_SIGNED).first():
            used.add(LEDGER)
    return frozenset(used)


def check_keys(engine: sa.Engine, kek: bytes, ledger: SigningKey, *, place: str) -> None:
    """Compare the keys with those the database was sealed and signed with; ``place`` is their folder.

    The first time a key is remembered, provided that it fits what is stored: it opens the key of a
    data subject, it signed a checkpoint. Where nothing is stored every key fits. Run twice, or by two
    at once: the first stays. Errors: ``InputProblem`` RW-KEYS-004 naming each key that does not fit.
    """
    given = {KEK: _proof(KEK, kek), LEDGER: _proof(LEDGER, ledger.seed)}
    with begin_read(engine) as connection:
        known = _known(connection)
        wrong = _differing(known, given)
        if KEK not in known and not _opens(connection, kek):
            wrong.append(KEK)
        if LEDGER not in known and not _signed(connection, ledger):
            wrong.append(LEDGER)
    if not wrong and given.keys() - known.keys():
        with begin_write(engine) as connection:
            connection.execute(_ADD, [{"name": name, "proof": proof} for name, proof in given.items()])
            wrong = _differing(_known(connection), given)
    if wrong:
        raise _not_fitting(wrong, place)


def _proof(name: str, key: bytes) -> str:
    return "hmac-sha256:" + hmac.digest(key, f"roadworthy key {name}".encode(), "sha256").hex()


def _known(connection: sa.Connection) -> dict[str, str]:
    return {row.name: row.proof for row in connection.execute(_CHECKS)}


def _differing(known: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    return [name for name, proof in given.items() if not hmac.compare_digest(known.get(name, proof), proof)]


def _opens(connection: sa.Connection, kek: bytes) -> bool:
    rows = connection.execute(_SEALED).all()
    cipher = AESGCM(kek)
    return not rows or any(unwrapped(cipher, row.id, row.subject, row.wrapped) for row in rows)


def _signed(connection: sa.Connection, ledger: SigningKey) -> bool:
    notes = connection.execute(_SIGNED).scalars().all()
    return not notes or any(_is_signed_by(note, ledger) for note in notes)


def _is_signed_by(note: str, ledger: SigningKey) -> bool:
    try:
        open_note(note, ledger.verifier)
    except Corrupt:
        return False
    return True


def _not_fitting(names: Iterable[str], place: str) -> InputProblem:
    did = {KEK: "sealed", LEDGER: "signed"}
    return InputProblem(
        "RW-KEYS-004",
        [
            Problem(f"this is not the key that the database was {did[name]} with", place=f"{place}/{name}")
            for name in names
        ],
        hint="restore the key from the backup that belongs to this database, or take it from the machine that uses it",
    )
