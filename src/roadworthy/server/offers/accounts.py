"""Accounts and keys: who may ask, and with what."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from roadworthy.errors import InputProblem, Problem
from roadworthy.operate import keys
from roadworthy.operate.modelcalls import callers
from roadworthy.principal import VERBS, Kind, Principal, allows, parse_roles
from roadworthy.server.answers import accounts as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import ONE_USE_CASE, PAGED, Nothing, Operation, Reply, doing, showing
from roadworthy.server.paging import paged, rows_limit
from roadworthy.stage import Stage


class NewAccount(Body):
    """An account: ``kind`` is person, service or agent. Whoever is a person signs in by a link or a key."""

    id: str
    name: str
    kind: str
    roles: list[str]


class NewRoles(Body):
    """Every role that the account has from now on. ``was``: those it had when this was decided, or null."""

    roles: list[str]
    was: list[str] | None = None


class NewKey(Body):
    """Whose key, and the one use case that it is good for; empty: for every one."""

    principal: str
    use_case: str = ""


class NewGatewayKey(Body):
    """A key for calls to models: of which release, and the furthest stage at which it is good."""

    use_case: str
    release: str
    stage: str
    principal: str = ""


class _Key(Protocol):
    """What both kinds of keys are listed by."""

    @property
    def id(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def use_case(self) -> str: ...
    @property
    def release(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...


def myself(ask: Ask) -> dict[str, Any]:
    """Whom the key stands for, and which verbs it may ask for."""
    me = ask.principal
    told_of = _account(me)
    return {
        **{name: told_of[name] for name in ("id", "name", "kind", "roles")},
        "use_case": me.use_case,
        "verbs": sorted(verb for verb in VERBS if allows(me, verb, use_case=me.use_case)),
    }


def accounts(ask: Ask) -> dict[str, Any]:
    """A page of accounts by id."""
    page, after = paged(ask, keys.list_accounts(ask.deployment, ask.principal), lambda one: one.id)
    return {"accounts": [_account(one) for one in page], "after": after}


def account_added(ask: Ask, body: NewAccount) -> dict[str, Any]:
    """Add an account without a password. Errors: ``Conflict`` RW-ACCESS-015 where the id is taken."""
    if body.kind not in set(Kind):
        raise InputProblem(
            "RW-SERVER-005",
            Problem(f"`{body.kind[:60]}` is unknown", place="kind", hint=f"known: {', '.join(Kind)}"),
        )
    account = Principal(body.id, body.name, Kind(body.kind), parse_roles(body.roles))
    keys.new_account(ask.deployment, ask.principal, account)
    return {"account": _account(account)}


def account_trusted(ask: Ask, body: NewRoles) -> dict[str, Any]:
    """Give an account these roles and no others."""
    was = None if body.was is None else parse_roles(body.was)
    changed = keys.set_roles(
        ask.deployment, ask.principal, ask.path["id"], parse_roles(body.roles), was=was
    )
    return {"account": _account(changed)}


def account_disabled(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Disable an account."""
    changed = keys.set_disabled(ask.deployment, ask.principal, ask.path["id"], disabled=True)
    return {"account": _account(changed)}


def account_enabled(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Enable an account."""
    changed = keys.set_disabled(ask.deployment, ask.principal, ask.path["id"], disabled=False)
    return {"account": _account(changed)}


def api_keys(ask: Ask) -> dict[str, Any]:
    """A page of keys of the API."""
    found = keys.list_keys(
        ask.deployment,
        ask.principal,
        use_case=ask.use_case,
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )
    return {"keys": [_key(one) for one in found.rows], "after": found.after}


def key_issued(ask: Ask, body: NewKey) -> Reply:
    """A new key of the API, told once."""
    return _once(keys.issue_key(ask.deployment, ask.principal, body.principal, use_case=body.use_case))


def key_revoked(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Take a key of the API back."""
    keys.revoke_key(ask.deployment, ask.principal, ask.path["id"])
    return {"id": ask.path["id"]}


def gateway_keys(ask: Ask) -> dict[str, Any]:
    """A page of keys for calls to models."""
    found = callers.keys_of(
        ask.deployment,
        ask.principal,
        ask.use_case,
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )
    return {"keys": [_key(one) for one in found.rows], "after": found.after}


def gateway_key_issued(ask: Ask, body: NewGatewayKey) -> Reply:
    """A new key for calls to models, told once."""
    if body.stage not in set(Stage):
        raise InputProblem("RW-SERVER-005", Problem(f"`{body.stage[:60]}` is no stage", place="stage"))
    return _once(
        callers.issue_key(
            ask.deployment,
            ask.principal,
            body.use_case,
            release=body.release,
            stage=Stage(body.stage),
            for_=body.principal,
        )
    )


def gateway_key_revoked(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Take a key for calls to models back."""
    callers.revoke_key(ask.deployment, ask.principal, ask.path["id"])
    return {"id": ask.path["id"]}


def _once(token: str) -> Reply:
    """The secret goes out now. What is kept for a repeated request does not hold it."""
    id_ = token.split("_")[2]
    return Reply(200, {"id": id_, "key": token}, kept={"id": id_, "key": None})


def _account(one: Principal) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": str(one.kind),
        "roles": sorted(str(role) for role in one.roles),
        "demo": one.demo,
        "disabled": one.disabled,
    }


def _key(one: _Key) -> dict[str, Any]:
    names = ("id", "principal", "use_case", "release", "stage")
    return {
        **{name: getattr(one, name) for name in names},
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
    }


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/me", "whoAmI", "Whom this key stands for, and what it may ask for.", showing(myself), answer=told.WhoTold),
    Operation("GET", "/accounts", "listAccounts", "Accounts by id.", showing(accounts), query=PAGED, answer=told.AccountList),
    Operation(
        "POST", "/accounts", "addAccount", "Add an account; a person of it signs in by a link.",
        doing(account_added), NewAccount, answer=told.AccountKept,
    ),
    Operation(
        "POST", "/accounts/{id}/roles", "setRoles", "Trust an account with these roles and no others. Nobody gives one to themselves.",
        doing(account_trusted), NewRoles, answer=told.AccountKept,
    ),
    Operation(
        "POST", "/accounts/{id}/disable", "disableAccount", "Disable an account: no key or session of it is recognised any more.",
        doing(account_disabled), Nothing, answer=told.AccountKept,
    ),
    Operation(
        "POST", "/accounts/{id}/enable", "enableAccount", "Enable a disabled account.",
        doing(account_enabled), Nothing, answer=told.AccountKept,
    ),
    Operation(
        "GET", "/keys", "listKeys", "Keys of the API by id, without their secrets.",
        showing(api_keys), query={**ONE_USE_CASE, **PAGED}, answer=told.KeyList,
    ),
    Operation(
        "POST", "/keys", "issueKey", "A key for a program, or for oneself. It is told once.",
        key_issued, NewKey, answer=told.KeyIssued,
    ),
    Operation(
        "POST", "/keys/{id}/revoke", "revokeKey", "Take a key back; it is good for nothing from then on.",
        doing(key_revoked), Nothing, answer=told.KeyRevoked,
    ),
    Operation(
        "GET", "/gateway/keys", "listGatewayKeys", "Keys for calls to models by id, without their secrets.",
        showing(gateway_keys), query={**ONE_USE_CASE, **PAGED}, answer=told.KeyList,
    ),
    Operation(
        "POST", "/gateway/keys", "issueGatewayKey", "A key for programs of a use case that call models. It is told once.",
        gateway_key_issued, NewGatewayKey, answer=told.KeyIssued,
    ),
    Operation(
        "POST", "/gateway/keys/{id}/revoke", "revokeGatewayKey", "No gateway takes this key any more.",
        doing(gateway_key_revoked), Nothing, answer=told.KeyRevoked,
    ),
)  # fmt: skip
