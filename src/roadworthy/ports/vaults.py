"""The vault: content under one key per data subject, which can be destroyed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from roadworthy.quantities import Digest, Id

if TYPE_CHECKING:
    from roadworthy.ports.state import Transaction


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a payload lies, and the digest of its ciphertext, which tells nothing about it."""

    id: Id
    digest: Digest


class Vault(Protocol):
    """Payloads, encrypted with one key per data subject; erasing a subject destroys its key."""

    def pseudonym(self, natural: str) -> str:
        """The stable name of a data subject in this installation; tells nothing without its key."""

    def seal(self, tx: Transaction, subject: str, value: object) -> Sealed:
        """Store a JSON value."""

    def open(self, tx: Transaction, payload: str) -> Any:
        """Errors: ``Refused`` RW-VAULT-001 once erased, ``Corrupt`` RW-VAULT-002 if it was altered."""

    def digest(self, tx: Transaction, subject: str, value: object) -> str:
        """Keyed digest: the same for equal values of one subject, unguessable once it is erased."""

    def erase(self, tx: Transaction, subject: str, *, at: datetime) -> int:
        """Destroy the key and the ciphertexts; returns how many payloads. Again: 0.

        That the subject was erased, and when last, stays on record, whether or not there was anything to erase.
        """

    def erased(self, tx: Transaction, subjects: Collection[str]) -> Mapping[str, datetime]:
        """Those of some subjects who were ever erased, with the time of the last erasure."""
