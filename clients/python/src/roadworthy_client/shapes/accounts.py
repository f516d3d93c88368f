"""What the API answers. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from typing import TypedDict


class AccountRow(TypedDict):
    """An account."""

    id: str
    name: str
    kind: str
    roles: list[str]
    demo: bool
    disabled: bool


class AccountList(TypedDict):
    """Accounts by id."""

    accounts: list[AccountRow]
    after: str


class AccountKept(TypedDict):
    """The account as it is now."""

    account: AccountRow


class KeyRow(TypedDict):
    """A key without its secret. ``use_case``, ``release`` and ``stage`` are what it is bound to."""

    id: str
    principal: str
    use_case: str
    release: str
    stage: str
    created_at: str
    expires_at: str


class KeyList(TypedDict):
    """Keys by id."""

    keys: list[KeyRow]
    after: str


class KeyIssued(TypedDict):
    """A new key. It is shown here and never again: a repeated request gets null."""

    id: str
    key: str | None


class KeyRevoked(TypedDict):
    """The key that is good no more."""

    id: str


class WhoTold(TypedDict):
    """Whom the key stands for, and what it may ask for."""

    id: str
    name: str
    kind: str
    roles: list[str]
    use_case: str
    verbs: list[str]
