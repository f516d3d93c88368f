"""Payloads, encrypted with one key per data subject, itself encrypted with the installation's key.

Erasing a subject destroys its key. Another process may still have that key in memory, so that
every payload is stored by a statement which checks, in the same transaction, that its key lives.
"""

from __future__ import annotations

import base64
import hmac
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.errors import Corrupt, InputProblem, NotFound, Problem, Refused, Unavailable
from roadworthy.ports import Clock, Entropy, Sealed, Transaction, Vault
from roadworthy.quantities import canonical, digest, new_id

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
MOST_KEYS: Final = 10_000
"""Subjects whose keys a process keeps in memory."""
ASKED_AT_ONCE: Final = 500
_ATTEMPTS: Final = 3

_key, _payload = schema.subject_key, schema.payload

_LIVING = sa.select(_key.c.id, _key.c.wrapped).where(
    _key.c.subject == sa.bindparam("subject"), _key.c.destroyed_at.is_(None)
)
_ADD_KEY = insert(_key).on_conflict_do_nothing(
    index_elements=[_key.c.subject], index_where=_key.c.destroyed_at.is_(None)
)
_SEAL = (
    sa.insert(_payload)
    .from_select(
        ["id", "subject", "key_id", "nonce", "ciphertext", "digest"],
        sa.select(
            sa.bindparam("payload", type_=_payload.c.id.type),
            _key.c.subject,
            _key.c.id,
            sa.bindparam("nonce", type_=sa.LargeBinary),
            sa.bindparam("ciphertext", type_=sa.LargeBinary),
            sa.bindparam("digest", type_=_payload.c.digest.type),
        )
        # Locked against erasure until this commits: erasing then also finds the new payload.
        .where(_key.c.id == sa.bindparam("key"), _key.c.destroyed_at.is_(None))
        .with_for_update(read=True),
    )
    .execution_options(**COUNTED)
)
_OPEN = (
    sa.select(
        _payload.c.subject, _payload.c.key_id, _payload.c.nonce, _payload.c.ciphertext, _payload.c.digest,
        _key.c.wrapped, _key.c.id.label("key"),
    )
    .outerjoin(_key, _key.c.id == _payload.c.key_id)
    .where(_payload.c.id == sa.bindparam("payload"))
)  # fmt: skip
_DESTROY = (
    _key.update()
    .where(_key.c.subject == sa.bindparam("erased"), _key.c.destroyed_at.is_(None))
    .values(wrapped=None, destroyed_at=sa.bindparam("moment"))
)
_TOMBSTONE = sa.insert(_key).values(wrapped=None)
_ERASED = (
    sa.select(_key.c.subject, sa.func.max(_key.c.destroyed_at).label("at"))
    .where(_key.c.subject.in_(sa.bindparam("subjects", expanding=True)), _key.c.destroyed_at.is_not(None))
    .group_by(_key.c.subject)
)
_EMPTY = (
    _payload.update()
    .where(_payload.c.subject == sa.bindparam("erased"), _payload.c.ciphertext.is_not(None))
    .values(nonce=None, ciphertext=None)
)


@dataclass(frozen=True, slots=True)
class _Key:
    """A subject's key, ready for use."""

    id: str
    cipher: AESGCM
    for_digests: bytes


class SqlVault(Vault):
    """The port ``Vault``. ``kek`` is the installation's key of 32 bytes; without it nothing opens."""

    def __init__(self, kek: bytes, clock: Clock, entropy: Entropy) -> None:
        if len(kek) != KEY_BYTES:
            raise ValueError(f"the key of the vault has {KEY_BYTES} bytes, found {len(kek)}")
        self._kek = AESGCM(kek)
        self._for_pseudonyms = _derive(kek, b"pseudonym")
        self._clock = clock
        self._entropy = entropy
        self._keys = _KeysInUse()

    def pseudonym(self, natural: str) -> str:
        name = hmac.digest(self._for_pseudonyms, natural.encode(), "sha256")
        return "s_" + base64.b32encode(name[:20]).decode().lower()

    def seal(self, tx: Transaction, subject: str, value: object) -> Sealed:
        plain = _as_json(value)
        id_ = new_id(self._clock.now(), self._entropy.bytes(10))
        for _ in range(_ATTEMPTS):
            key = self._keys.get(subject) or self._living(tx, subject)
            nonce = self._entropy.bytes(NONCE_BYTES)
            ciphertext = key.cipher.encrypt(nonce, plain, _bound_to(id_, subject))
            sealed = Sealed(id_, digest(ciphertext))
            stored = execute(
                tx,
                _SEAL,
                {
                    "payload": id_,
                    "key": key.id,
                    "nonce": nonce,
                    "ciphertext": ciphertext,
                    "digest": sealed.digest,
                },
            )
            if stored.rowcount == 1:
                return sealed
            self._keys.forget(subject)
        raise _being_erased()

    def open(self, tx: Transaction, payload: str) -> Any:
        """Errors also: ``NotFound`` RW-VAULT-003 for a payload that never was."""
        row = execute(tx, _OPEN, {"payload": payload}).first()
        if row is None:
            raise NotFound("RW-VAULT-003", f"no payload `{payload}`")
        if row.ciphertext is None or (row.key is not None and row.wrapped is None):
            raise _erased()
        if row.key is None or row.nonce is None:
            raise _altered(payload)
        key = self._keys.get(row.subject)
        if key is None or key.id != row.key_id:
            key = self._unwrap(row.key_id, row.subject, row.wrapped)
        try:
            plain = key.cipher.decrypt(row.nonce, row.ciphertext, _bound_to(payload, row.subject))
        except (InvalidTag, ValueError):
            raise _altered(payload) from None
        if digest(row.ciphertext) != row.digest:
            raise _altered(payload)
        return from_json(plain)

    def digest(self, tx: Transaction, subject: str, value: object) -> str:
        """Errors: ``Refused`` RW-VAULT-001 in a read transaction, if the subject has no key (any more)."""
        try:
            plain = canonical(from_json(_as_json(value)))
        except ValueError:
            raise _unfit() from None
        # Looked up each time: with a key that was destroyed meanwhile, equal values would differ.
        key = self._living(tx, subject)
        return "hmac-sha256:" + hmac.digest(key.for_digests, plain, "sha256").hex()

    def erase(self, tx: Transaction, subject: str, *, at: datetime) -> int:
        transaction = opened(tx)
        connection = transaction.connection
        if connection.dialect.name == "sqlite":
            # Freed bytes are overwritten, else the wrapped key could be read from the file's free space.
            connection.exec_driver_sql("PRAGMA secure_delete = ON").close()
            transaction.on_commit(lambda: _empty_log(connection.engine))
        # The key first: its row is locked by whoever seals, so that their payloads are seen below.
        if not execute(tx, _DESTROY, {"erased": subject, "moment": at}).rowcount:
            # Nothing of theirs was sealed: that they were erased is on record all the same.
            id_ = new_id(self._clock.now(), self._entropy.bytes(10))
            execute(tx, _TOMBSTONE, {"id": id_, "subject": subject, "destroyed_at": at})
        count: int = execute(tx, _EMPTY, {"erased": subject}).rowcount
        self._keys.forget(subject)
        transaction.on_commit(lambda: self._keys.forget(subject))
        return count

    def erased(self, tx: Transaction, subjects: Collection[str]) -> Mapping[str, datetime]:
        found: dict[str, datetime] = {}
        wanted = sorted(set(subjects))
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            asked = {"subjects": wanted[start : start + ASKED_AT_ONCE]}
            found |= {row.subject: row.at for row in execute(tx, _ERASED, asked)}
        return found

    def _living(self, tx: Transaction, subject: str) -> _Key:
        row = execute(tx, _LIVING, {"subject": subject}).first()
        if row is None:
            if not opened(tx).writable:
                raise _erased()
            id_ = new_id(self._clock.now(), self._entropy.bytes(10))
            nonce, fresh = self._entropy.bytes(NONCE_BYTES), self._entropy.bytes(KEY_BYTES)
            wrapped = nonce + self._kek.encrypt(nonce, fresh, _bound_to(id_, subject))
            execute(tx, _ADD_KEY, {"id": id_, "subject": subject, "wrapped": wrapped, "destroyed_at": None})
            # Not necessarily the one just made: another process may have been first.
            row = execute(tx, _LIVING, {"subject": subject}).first()
            if row is None:
                raise _being_erased()
        known = self._keys.get(subject)
        return known if known and known.id == row.id else self._unwrap(row.id, subject, row.wrapped)

    def _unwrap(self, id_: str, subject: str, wrapped: bytes) -> _Key:
        raw = unwrapped(self._kek, id_, subject, wrapped)
        if raw is None:
            raise Corrupt(
                "RW-VAULT-005",
                "the key of a data subject does not open",
                broken=[f"subject key {id_}"],
                intact="payloads of other subjects, if their keys open",
                hint="the key of the vault belongs to another database, or a row was altered: restore both together",
            )
        key = _Key(id_, AESGCM(raw), _derive(raw, b"digest"))
        self._keys.put(subject, key)
        return key


class _KeysInUse:
    """The keys used last, by subject. Bounded; what is pushed out is read from the database again."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, _Key] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, subject: str) -> _Key | None:
        with self._lock:
            key = self._keys.get(subject)
            if key is not None:
                self._keys.move_to_end(subject)
            return key

    def put(self, subject: str, key: _Key) -> None:
        with self._lock:
            self._keys[subject] = key
            self._keys.move_to_end(subject)
            while len(self._keys) > MOST_KEYS:
                self._keys.popitem(last=False)

    def forget(self, subject: str) -> None:
        with self._lock:
            self._keys.pop(subject, None)


def unwrapped(kek: AESGCM, id_: str, subject: str, wrapped: bytes) -> bytes | None:
    """A subject's key as it was before the installation's key closed it; None if that was another one."""
    try:
        return kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound_to(id_, subject))
    except (InvalidTag, ValueError):
        return None


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"roadworthy " + purpose).derive(key)


def _bound_to(id_: str, subject: str) -> bytes:
    """What a ciphertext is tied to: in another row, or under another name, it does not open."""
    return f"{id_}|{subject}".encode()


def _as_json(value: object) -> bytes:
    try:
        return to_json(value)
    except PydanticSerializationError:
        raise _unfit() from None


def _empty_log(engine: sa.Engine) -> None:
    """Move the write-ahead log into the file and cut it: older versions of the erased rows stand in it.

    The erasure is committed; where a reader keeps the log busy, a later checkpoint cuts it.
    """
    with suppress(sa.exc.SQLAlchemyError, sqlite3.Error), engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()


def _unfit() -> InputProblem:
    return InputProblem(
        "RW-VAULT-006",
        Problem(
            "found a value that JSON cannot carry",
            hint="carry bytes, other objects and integers beyond 2^53 as text",
        ),
    )


def _erased() -> Refused:
    return Refused(
        "RW-VAULT-001",
        "the data of this subject were erased",
        reasons=["the key was destroyed; nobody can restore them"],
    )


def _being_erased() -> Unavailable:
    return Unavailable("RW-VAULT-004", "this data subject is being erased", retry_is_safe=True)


def _altered(payload: str) -> Corrupt:
    return Corrupt(
        "RW-VAULT-002",
        "a payload is not what was sealed",
        broken=[f"payload {payload}"],
        intact="every payload is sealed by itself; the others are not affected",
        hint="restore it from a backup",
    )
