"""Principals and what proves who they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import locks, schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.ports import Credential, Page, Transaction
from roadworthy.principal import Kind, Principal, Role

_principal, _credential, _preference = schema.principal, schema.credential, schema.preference

_ADD = (
    insert(_principal).on_conflict_do_nothing(index_elements=[_principal.c.id]).execution_options(**COUNTED)
)
_GET = sa.select(_principal).where(_principal.c.id == sa.bindparam("id"))
_PASSWORD_HASH = sa.select(_principal.c.password_hash).where(_principal.c.id == sa.bindparam("id"))
_ALL = sa.select(_principal).order_by(_principal.c.id).limit(sa.bindparam("most", type_=sa.Integer))
_EMAILS = sa.select(_principal.c.id, _principal.c.email).where(_principal.c.email.is_not(None))
_SET_EMAIL = _principal.update().where(_principal.c.id == sa.bindparam("who")).execution_options(**COUNTED)
_SET_TRUST = _principal.update().where(_principal.c.id == sa.bindparam("who")).execution_options(**COUNTED)
_PREFERENCES = sa.select(_preference.c.name, _preference.c.value).where(
    _preference.c.principal == sa.bindparam("who")
)
_PREFER = insert(_preference)
_PREFER = _PREFER.on_conflict_do_update(
    index_elements=[_preference.c.principal, _preference.c.name], set_={"value": _PREFER.excluded.value}
)
_PREFER_NOTHING = _preference.delete().where(
    _preference.c.principal == sa.bindparam("who"), _preference.c.name == sa.bindparam("what")
)
_ADD_CREDENTIAL = sa.insert(_credential)
_named = (_credential.c.kind == sa.bindparam("kind"), _credential.c.id == sa.bindparam("id"))
_CREDENTIAL = sa.select(_credential).where(*_named)
_CREDENTIALS = (
    sa.select(_credential)
    .where(
        _credential.c.kind == sa.bindparam("kind"),
        _credential.c.id > sa.bindparam("after"),
        sa.bindparam("use_case", type_=sa.Text).in_(["", _credential.c.use_case]),
    )
    .order_by(_credential.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SPEND = _credential.delete().where(*_named)


class SqlPeople:
    """The port ``People``."""

    def add(self, tx: Transaction, principal: Principal, *, password_hash: str = "") -> bool:
        values = {
            "id": principal.id,
            "name": principal.name,
            "kind": principal.kind.value,
            "roles": sorted(principal.roles),
            "demo": principal.demo,
            "disabled": principal.disabled,
            "use_case": principal.use_case,
            "password_hash": password_hash,
        }
        return execute(tx, _ADD, values).rowcount == 1

    def get(self, tx: Transaction, principal: str) -> Principal | None:
        row = execute(tx, _GET, {"id": principal}).first()
        return None if row is None else _read(row)

    def hold(self, tx: Transaction) -> None:
        locks.hold(opened(tx).connection, locks.ACCOUNTS)

    def set_trust(self, tx: Transaction, account: Principal) -> bool:
        """False where there is no such account."""
        values = {"who": account.id, "roles": sorted(account.roles), "disabled": account.disabled}
        return execute(tx, _SET_TRUST, values).rowcount == 1

    def password_hash(self, tx: Transaction, principal: str) -> str:
        """Empty where the account has none, or does not exist."""
        return execute(tx, _PASSWORD_HASH, {"id": principal}).scalar() or ""

    def emails(self, tx: Transaction) -> Mapping[str, str]:
        """Addresses by account."""
        return {row.id: row.email for row in execute(tx, _EMAILS)}

    def set_email(self, tx: Transaction, principal: str, email: str) -> bool:
        """False where there is no such account."""
        return execute(tx, _SET_EMAIL, {"who": principal, "email": email or None}).rowcount == 1

    def preferences(self, tx: Transaction, principal: str) -> Mapping[str, str]:
        """Values by name."""
        return {row.name: row.value for row in execute(tx, _PREFERENCES, {"who": principal})}

    def set_preference(self, tx: Transaction, principal: str, name: str, value: str) -> None:
        """An empty value takes it back."""
        if value:
            execute(tx, _PREFER, {"principal": principal, "name": name, "value": value})
        else:
            execute(tx, _PREFER_NOTHING, {"who": principal, "what": name})

    def all(self, tx: Transaction, *, limit: int = 500) -> tuple[Principal, ...]:
        """By id."""
        return tuple(_read(row) for row in execute(tx, _ALL, {"most": bounded(limit)}))

    def add_credential(self, tx: Transaction, credential: Credential) -> None:
        execute(
            tx,
            _ADD_CREDENTIAL,
            {
                "kind": credential.kind,
                "id": credential.id,
                "principal": credential.principal,
                "proof": credential.proof,
                "use_case": credential.use_case,
                "created_at": credential.created_at,
                "expires_at": credential.expires_at,
                "release": credential.release,
                "stage": credential.stage,
            },
        )

    def credential(self, tx: Transaction, kind: str, id_: str) -> Credential | None:
        row = execute(tx, _CREDENTIAL, {"kind": kind, "id": id_}).first()
        return None if row is None else Credential(**row._mapping)

    def credentials(
        self, tx: Transaction, kind: str, *, use_case: str = "", after: str = "", limit: int = 100
    ) -> Page[Credential]:
        most = bounded(limit)
        wanted = {
            "kind": kind,
            "use_case": use_case,
            "after": seen(after) if after else "",
            "most": most + 1,
        }
        rows = [Credential(**row._mapping) for row in execute(tx, _CREDENTIALS, wanted)]
        return page(rows, [row.id for row in rows], most)

    def spend_credential(self, tx: Transaction, kind: str, id_: str) -> bool:
        return execute(tx, _SPEND, {"kind": kind, "id": id_}).rowcount == 1


def _read(row: sa.Row[Any]) -> Principal:
    return Principal(
        id=row.id,
        name=row.name,
        kind=Kind(row.kind),
        roles=frozenset(Role(role) for role in row.roles),
        demo=row.demo,
        disabled=row.disabled,
        use_case=row.use_case,
    )
