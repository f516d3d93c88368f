"""Who may come in: accounts, how each wants pages to be, and what proves that it is them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.principal import Principal

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction


@dataclass(frozen=True, slots=True)
class Credential:
    """What a secret was turned into before it was stored. ``kind``: key, session, link.

    ``release`` and ``stage``: what a key for calls to models declares; empty for every other.
    """

    id: str
    kind: str
    principal: str
    proof: str
    use_case: str
    created_at: datetime
    expires_at: datetime
    release: str = ""
    stage: str = ""


class People(Protocol):
    """Accounts and their credentials."""

    def add(self, tx: Transaction, principal: Principal, *, password_hash: str = "") -> bool:
        """False if the id is taken."""

    def get(self, tx: Transaction, principal: str) -> Principal | None: ...

    def hold(self, tx: Transaction) -> None:
        """Until this transaction ends nobody else who holds them changes accounts."""

    def set_trust(self, tx: Transaction, account: Principal) -> bool:
        """Keep the roles of an account, and whether it is disabled; nothing else. False where there is no such account."""

    def password_hash(self, tx: Transaction, principal: str) -> str: ...

    def emails(self, tx: Transaction) -> Mapping[str, str]:
        """Addresses by account; accounts without one are missing."""

    def set_email(self, tx: Transaction, principal: str, email: str) -> bool:
        """Keep where an account gets its mail; empty for none. False where there is no such account."""

    def preferences(self, tx: Transaction, principal: str) -> Mapping[str, str]: ...

    def set_preference(self, tx: Transaction, principal: str, name: str, value: str) -> None:
        """Keep how somebody wants pages to be; empty for the usual."""

    def all(self, tx: Transaction, *, limit: int = 500) -> tuple[Principal, ...]: ...

    def add_credential(self, tx: Transaction, credential: Credential) -> None: ...

    def credential(self, tx: Transaction, kind: str, id_: str) -> Credential | None: ...

    def credentials(
        self, tx: Transaction, kind: str, *, use_case: str = "", after: str = "", limit: int = 100
    ) -> Page[Credential]:
        """All of a kind, by id; of one use case, where it is named."""

    def spend_credential(self, tx: Transaction, kind: str, id_: str) -> bool:
        """Delete it. False if it was gone: a link works once."""
