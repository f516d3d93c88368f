"""Accounts and keys of the API: who is trusted with what, by who administers accounts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from roadworthy.errors import Conflict, NotFound, Problem, Refused
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Credential, Page, Transaction
from roadworthy.principal import Kind, Principal, Role, allows, require

MOST_ACCOUNTS = 10_000
MOST_SHOWN = 1_000


def list_accounts(deployment: Deployment, principal: Principal) -> tuple[Principal, ...]:
    """Every account by id, without what proves who they are."""
    require(principal, "account.administer")
    with deployment.store.read() as tx:
        return deployment.store.people.all(tx, limit=MOST_ACCOUNTS)


def who_is_here(deployment: Deployment, principal: Principal) -> tuple[tuple[Principal, bool], ...]:
    """Accounts by id, for everybody who may look at the installation, and whether each has an address for mail."""
    require(principal, "gate.read", use_case=principal.use_case)
    with deployment.store.read() as tx:
        addresses = deployment.store.people.emails(tx)
        return tuple(
            (one, one.id in addresses) for one in deployment.store.people.all(tx, limit=MOST_SHOWN)
        )


def new_account(
    deployment: Deployment, principal: Principal, account: Principal, *, email: str = ""
) -> None:
    """Create an account without a password. Errors: as ``add_account``; ``Conflict`` RW-ACCESS-015: the id is taken."""
    if not access.add_account(deployment, principal, account, email=email):
        raise Conflict(
            "RW-ACCESS-015",
            Problem(f"the account `{account.id}` is there already", place="id", hint="choose another id"),
        )


def set_roles(
    deployment: Deployment,
    principal: Principal,
    account_id: str,
    roles: Collection[Role],
    *,
    was: Collection[Role] | None = None,
) -> Principal:
    """Trust an account with these roles, and no others; from its next request on. The same again: nothing happens.

    ``was``: the roles that whoever decided had before them. One may give up a role, and not take one.

    Errors: ``NotFound`` RW-ACCESS-011; ``Conflict`` RW-ACCESS-020 where they were changed meanwhile, RW-ACCESS-021
    where nobody would be left to administer accounts; ``Refused`` RW-ACCESS-019 for a role one gives to oneself.
    """
    require(principal, "account.administer")
    wanted = frozenset(roles)
    with deployment.store.write() as tx:
        found = _held(deployment, tx, account_id)
        if was is not None and frozenset(was) != found.roles and wanted != found.roles:
            raise Conflict(
                "RW-ACCESS-020",
                Problem(f"the roles of `{found.id}` were changed meanwhile", place="roles"),
                hint="look at what they are now, and decide again",
            )
        if account_id == principal.id and wanted - found.roles:
            raise Refused(
                "RW-ACCESS-019",
                "nobody gives a role to themselves",
                may_overrule="admin",
                hint="somebody else who administers accounts gives it",
            )
        if wanted == found.roles:
            return found
        changed = replace(found, roles=wanted)
        _trust(deployment, tx, principal, changed, "account.roles_changed", {
            "roles": sorted(wanted), "given": sorted(wanted - found.roles), "taken": sorted(found.roles - wanted),
        })  # fmt: skip
    return changed


def set_disabled(
    deployment: Deployment, principal: Principal, account_id: str, *, disabled: bool
) -> Principal:
    """Disable an account, or enable it again: disabled, no key, link or session of it is recognised any more.

    Nothing that it did is changed. The same again: nothing happens.
    Errors: ``NotFound`` RW-ACCESS-011; ``Refused`` RW-ACCESS-019 for one's own account; ``Conflict`` RW-ACCESS-021.
    """
    require(principal, "account.administer")
    if account_id == principal.id:
        raise Refused(
            "RW-ACCESS-019",
            "nobody disables or enables their own account",
            may_overrule="admin",
            hint="somebody else who administers accounts does it",
        )
    with deployment.store.write() as tx:
        found = _held(deployment, tx, account_id)
        if found.disabled == disabled:
            return found
        changed = replace(found, disabled=disabled)
        _trust(
            deployment, tx, principal, changed, "account.disabled" if disabled else "account.enabled", {}
        )
    return changed


def _held(deployment: Deployment, tx: Transaction, account_id: str) -> Principal:
    """The account as it is now, which nobody else changes until the transaction ends."""
    deployment.store.people.hold(tx)
    found = deployment.store.people.get(tx, account_id)
    if found is None:
        raise NotFound("RW-ACCESS-011", f"no account `{account_id[:100]}`")
    return found


def _trust(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    changed: Principal,
    kind: str,
    data: dict[str, list[Role]],
) -> None:
    deployment.store.people.set_trust(tx, changed)
    if not any(
        allows(one, "account.administer") for one in deployment.store.people.all(tx, limit=MOST_ACCOUNTS)
    ):
        raise Conflict(
            "RW-ACCESS-021",
            "nobody would be left to administer accounts",
            hint="give somebody else the role admin first",
        )
    deployment.record(tx, kind, principal.id, {"principal": changed.id}, data)


def list_keys(
    deployment: Deployment, principal: Principal, *, use_case: str = "", after: str = "", limit: int = 50
) -> Page[Credential]:
    """Keys of the API by id; of one use case, where it is named. Secrets are not kept, so none is told."""
    require(principal, "account.administer")
    with deployment.store.read() as tx:
        return deployment.store.people.credentials(
            tx, access.KEY, use_case=use_case, after=after, limit=limit
        )


def issue_key(deployment: Deployment, principal: Principal, for_: str, *, use_case: str = "") -> str:
    """A key for a program, or for oneself. The secret is told here and never again.

    A key of another person would let its maker approve in that person's name.

    Errors: ``Refused`` RW-ACCESS-001, RW-ACCESS-017 for another person; ``NotFound`` RW-ACCESS-011.
    """
    require(principal, "account.administer")
    with deployment.store.read() as tx:
        account = deployment.store.people.get(tx, for_)
    if account is not None and account.kind is Kind.PERSON and account.id != principal.id:
        raise Refused(
            "RW-ACCESS-017",
            "a person's key is made by that person",
            reasons=["whoever holds it answers in that person's name"],
            hint="a program acts as a service account of its own",
        )
    return access.issue(deployment, principal, for_, access.KEY, use_case=use_case)


def revoke_key(deployment: Deployment, principal: Principal, key: str) -> None:
    """No door takes this key any more, from the next request on. By who administers accounts, or its holder.

    Errors: ``NotFound`` RW-ACCESS-016 for a key that is not there, or was revoked before.
    """
    with deployment.store.write() as tx:
        found = deployment.store.people.credential(tx, access.KEY, key)
        if found is None or found.principal != principal.id:
            require(principal, "account.administer")
        if found is None or not deployment.store.people.spend_credential(tx, access.KEY, key):
            raise NotFound("RW-ACCESS-016", Problem(f"no key `{key[:100]}`"))
        deployment.record(
            tx,
            "key.revoked",
            principal.id,
            {"principal": found.principal, "credential": key},
            {"use_case": found.use_case},
        )
