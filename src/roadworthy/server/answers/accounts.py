"""Accounts and keys."""

from __future__ import annotations

from roadworthy.server.operations import Shape


class AccountRow(Shape):
    """An account."""

    id: str
    name: str
    kind: str
    roles: list[str]
    demo: bool
    disabled: bool


class AccountList(Shape):
    """Accounts by id."""

    accounts: list[AccountRow]
    after: str


class AccountKept(Shape):
    """The account as it is now."""

    account: AccountRow


class KeyRow(Shape):
    """A key without its secret. ``use_case``, ``release`` and ``stage`` are what it is bound to."""

    id: str
    principal: str
    use_case: str
    release: str
    stage: str
    created_at: str
    expires_at: str


class KeyList(Shape):
    """Keys by id."""

    keys: list[KeyRow]
    after: str


class KeyIssued(Shape):
    """A new key. It is shown here and never again: a repeated request gets null."""

    id: str
    key: str | None


class KeyRevoked(Shape):
    """The key that is good no more."""

    id: str


class WhoTold(Shape):
    """Whom the key stands for, and what it may ask for."""

    id: str
    name: str
    kind: str
    roles: list[str]
    use_case: str
    verbs: list[str]
