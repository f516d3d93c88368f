"""What a client may ask for: accounts. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.accounts import (
    AccountKept,
    AccountList,
    AccountRow,
    KeyIssued,
    KeyList,
    KeyRevoked,
    KeyRow,
    WhoTold,
)


class Accounts(Sender):
    """What the API offers on accounts."""

    def who_am_i(self) -> WhoTold:
        """Whom this key stands for, and what it may ask for."""
        return self._send(WhoTold, "GET", "/api/v1/me", {})

    def list_accounts(self, *, after: str | None = None, limit: int | None = None) -> AccountList:
        """Accounts by id."""
        return self._send(
            AccountList, "GET", "/api/v1/accounts", {}, query={"after": after, "limit": limit},
        )

    def iter_accounts(self, *, limit: int | None = None) -> Iterator[AccountRow]:
        """Accounts by id. Page after page, until the end."""
        return self._pages(lambda after: self.list_accounts(limit=limit, after=after), "accounts")

    def add_account(
        self, *, id: str, name: str, kind: str, roles: list[str], idempotency_key: str = "",
    ) -> AccountKept:
        """Add an account; a person of it signs in by a link."""
        return self._send(
            AccountKept, "POST", "/api/v1/accounts", {},
            body={"id": id, "name": name, "kind": kind, "roles": roles}, idempotency_key=idempotency_key,
        )

    def set_roles(
        self, id: str, *, roles: list[str], was: list[str] | None = None, idempotency_key: str = "",
    ) -> AccountKept:
        """Trust an account with these roles and no others. Nobody gives one to themselves."""
        return self._send(
            AccountKept, "POST", "/api/v1/accounts/{id}/roles", {"id": id},
            body={"roles": roles, "was": was}, idempotency_key=idempotency_key,
        )

    def disable_account(self, id: str, *, idempotency_key: str = "") -> AccountKept:
        """Disable an account: no key or session of it is recognised any more."""
        return self._send(
            AccountKept, "POST", "/api/v1/accounts/{id}/disable", {"id": id}, body={},
            idempotency_key=idempotency_key,
        )

    def enable_account(self, id: str, *, idempotency_key: str = "") -> AccountKept:
        """Enable a disabled account."""
        return self._send(
            AccountKept, "POST", "/api/v1/accounts/{id}/enable", {"id": id}, body={},
            idempotency_key=idempotency_key,
        )

    def list_keys(
        self, *, use_case: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> KeyList:
        """Keys of the API by id, without their secrets."""
        return self._send(
            KeyList, "GET", "/api/v1/keys", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        )

    def iter_keys(self, *, use_case: str | None = None, limit: int | None = None) -> Iterator[KeyRow]:
        """Keys of the API by id, without their secrets. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_keys(use_case=use_case, limit=limit, after=after), "keys",
        )

    def issue_key(
        self, *, principal: str, use_case: str | None = None, idempotency_key: str = "",
    ) -> KeyIssued:
        """A key for a program, or for oneself. It is told once."""
        return self._send(
            KeyIssued, "POST", "/api/v1/keys", {}, body={"principal": principal, "use_case": use_case},
            idempotency_key=idempotency_key,
        )

    def revoke_key(self, id: str, *, idempotency_key: str = "") -> KeyRevoked:
        """Take a key back; it is good for nothing from then on."""
        return self._send(
            KeyRevoked, "POST", "/api/v1/keys/{id}/revoke", {"id": id}, body={},
            idempotency_key=idempotency_key,
        )

    def list_gateway_keys(
        self, *, use_case: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> KeyList:
        """Keys for calls to models by id, without their secrets."""
        return self._send(
            KeyList, "GET", "/api/v1/gateway/keys", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        )

    def iter_gateway_keys(
        self, *, use_case: str | None = None, limit: int | None = None,
    ) -> Iterator[KeyRow]:
        """Keys for calls to models by id, without their secrets. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_gateway_keys(use_case=use_case, limit=limit, after=after), "keys",
        )

    def issue_gateway_key(
        self, *, use_case: str, release: str, stage: str, principal: str | None = None,
        idempotency_key: str = "",
    ) -> KeyIssued:
        """A key for programs of a use case that call models. It is told once."""
        return self._send(
            KeyIssued, "POST", "/api/v1/gateway/keys", {},
            body={"use_case": use_case, "release": release, "stage": stage, "principal": principal},
            idempotency_key=idempotency_key,
        )

    def revoke_gateway_key(self, id: str, *, idempotency_key: str = "") -> KeyRevoked:
        """No gateway takes this key any more."""
        return self._send(
            KeyRevoked, "POST", "/api/v1/gateway/keys/{id}/revoke", {"id": id}, body={},
            idempotency_key=idempotency_key,
        )
