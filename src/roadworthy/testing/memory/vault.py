"""The vault in memory. It hides nothing: payloads lie in clear, erasing forgets them."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from roadworthy.errors import InputProblem, NotFound, Problem, Refused
from roadworthy.ports import Clock, Entropy, Sealed, Transaction, Vault
from roadworthy.quantities import canonical, digest, new_id
from roadworthy.testing.memory.transaction import opened


@dataclass(frozen=True, slots=True)
class _Payload:
    subject: str
    content: bytes | None


class MemoryVault(Vault):
    """The port ``Vault`` over the transactions of a ``MemoryStore``."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._for_pseudonyms = entropy.bytes(32)

    def pseudonym(self, natural: str) -> str:
        name = hmac.digest(self._for_pseudonyms, natural.encode(), "sha256")
        return "s_" + base64.b32encode(name[:20]).decode().lower()

    def seal(self, tx: Transaction, subject: str, value: object) -> Sealed:
        content = _as_json(value)
        key = self._key(tx, subject)
        id_ = new_id(self._clock.now(), self._entropy.bytes(10))
        opened(tx).change("payload")[id_] = _Payload(subject, content)
        # Different for equal contents, as ciphertexts are.
        return Sealed(id_, digest(key + id_.encode() + content))

    def open(self, tx: Transaction, payload: str) -> Any:
        """Errors also: ``NotFound`` RW-VAULT-003 for a payload that never was."""
        found = opened(tx).table("payload").get(payload)
        if found is None:
            raise NotFound("RW-VAULT-003", f"no payload `{payload}`")
        if found.content is None:
            raise _erased()
        return from_json(found.content)

    def digest(self, tx: Transaction, subject: str, value: object) -> str:
        """Errors: ``Refused`` RW-VAULT-001 in a read transaction, if the subject has no key (any more)."""
        try:
            plain = canonical(from_json(_as_json(value)))
        except ValueError:
            raise _unfit() from None
        return "hmac-sha256:" + hmac.digest(self._key(tx, subject), plain, "sha256").hex()

    def erase(self, tx: Transaction, subject: str, *, at: datetime) -> int:
        memory = opened(tx)
        memory.change("subject_key").pop(subject, None)
        memory.change("erased_subject")[subject] = at
        held = [
            (id_, payload)
            for id_, payload in memory.table("payload").items()
            if payload.subject == subject and payload.content is not None
        ]
        memory.change("payload").update({id_: replace(payload, content=None) for id_, payload in held})
        return len(held)

    def erased(self, tx: Transaction, subjects: Collection[str]) -> Mapping[str, datetime]:
        known = opened(tx).table("erased_subject")
        return {subject: known[subject] for subject in sorted(set(subjects)) if subject in known}

    def _key(self, tx: Transaction, subject: str) -> bytes:
        known: bytes | None = opened(tx).table("subject_key").get(subject)
        if known is not None:
            return known
        if not opened(tx).writable:
            raise _erased()
        key = opened(tx).change("subject_key")[subject] = self._entropy.bytes(32)
        return key


def _as_json(value: object) -> bytes:
    try:
        return to_json(value)
    except PydanticSerializationError:
        raise _unfit() from None


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
