"""Accounts and keys of the API: listed, added, given out and taken back by who administers accounts."""

from __future__ import annotations

from roadworthy.errors import Conflict, NotFound, Problem, Refused
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Credential, Page
from roadworthy.principal import Kind, Principal, require

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
