"""Measurements, certificates, approvals, waivers, and the state of sequential tests."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.errors import NotFound
from roadworthy.evidence import Measurement
from roadworthy.gate import Waiver
from roadworthy.ports import Transaction
from roadworthy.principal import Approval, Role
from roadworthy.quantities import Interval
from roadworthy.trust import Certificate

MOST_MEASUREMENTS = 10_000
MOST_KEPT = 4_096
"""Measurements that are kept as they were read: none ever changes, and pages ask for the same ones again and again."""

_measurement, _certificate, _approval = schema.measurement, schema.certificate, schema.approval
_waiver, _watch = schema.waiver, schema.watch

_ADD = sa.insert(_measurement)
_MEASUREMENTS = (
    sa.select(_measurement)
    .where(_measurement.c.use_case == sa.bindparam("use_case"))
    .order_by(_measurement.c.at.desc(), _measurement.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_OF_KIND = _MEASUREMENTS.where(_measurement.c.kind == sa.bindparam("kind"))
_OURS = sa.and_(
    _measurement.c.release.in_(("", sa.bindparam("release"))),
    _measurement.c.at <= sa.bindparam("now", type_=_measurement.c.at.type),
)
_RANKED = (
    sa.select(
        _measurement.c.id,
        _measurement.c.at,
        _measurement.c.kind,
        sa.func.row_number()
        .over(
            partition_by=(_measurement.c.kind, _measurement.c.subject, sa.case((_OURS, 1), else_=0)),
            order_by=(_measurement.c.at.desc(), _measurement.c.id.desc()),
        )
        .label("nth"),
    )
    .where(_measurement.c.use_case == sa.bindparam("use_case"))
    .subquery("ranked")
)
_BY_ID = sa.select(_measurement).where(_measurement.c.id.in_(sa.bindparam("ids", expanding=True)))
_ADD_CERTIFICATE = sa.insert(_certificate)
_CERTIFICATES = (
    sa.select(_certificate.c.body, _certificate.c.suspended_at, _certificate.c.suspended_because)
    .where(
        _certificate.c.use_case == sa.bindparam("use_case"),
        _certificate.c.release == sa.bindparam("release"),
    )
    .order_by(_certificate.c.certified_at.desc(), _certificate.c.id.desc())
    .limit(bounded(500))
)
_SUSPEND = (
    _certificate.update()
    .where(_certificate.c.id == sa.bindparam("certificate"), _certificate.c.suspended_at.is_(None))
    .values(suspended_at=sa.bindparam("moment"), suspended_because=sa.bindparam("because"))
)
_CERTIFICATE = sa.select(_certificate.c.id).where(_certificate.c.id == sa.bindparam("certificate"))
_ADD_APPROVAL = sa.insert(_approval)
_APPROVALS = (
    sa.select(_approval)
    .where(_approval.c.use_case == sa.bindparam("use_case"), _approval.c.digest == sa.bindparam("digest"))
    .order_by(_approval.c.id.desc())
    .limit(bounded(500))
)
_ADD_WAIVER = sa.insert(_waiver).inline()
_WAIVERS = (
    sa.select(_waiver)
    .where(_waiver.c.use_case == sa.bindparam("use_case"))
    .order_by(_waiver.c.id.desc())
    .limit(bounded(500))
)
_END_WAIVERS = (
    _waiver.update()
    .where(
        _waiver.c.use_case == sa.bindparam("of"),
        _waiver.c.requirement == sa.bindparam("asked"),
        _waiver.c.subject == sa.bindparam("about"),
        _waiver.c.expires_at > sa.bindparam("now", type_=_waiver.c.expires_at.type),
    )
    .values(expires_at=sa.bindparam("now", type_=_waiver.c.expires_at.type))
    .execution_options(**COUNTED)
)
_one_watch = (
    _watch.c.use_case == sa.bindparam("use_case"),
    _watch.c.release == sa.bindparam("release"),
    _watch.c.kind == sa.bindparam("kind"),
)
_BEGIN_WATCH = insert(_watch).on_conflict_do_nothing(
    index_elements=[_watch.c.use_case, _watch.c.release, _watch.c.kind]
)
_WATCH = sa.select(_watch.c.state).where(*_one_watch)
_LOCKED_WATCH = _WATCH.with_for_update()
_save = insert(_watch)
_SAVE_WATCH = _save.on_conflict_do_update(
    index_elements=[_watch.c.use_case, _watch.c.release, _watch.c.kind],
    set_={"state": _save.excluded.state},
)


class SqlEvidence:
    """The port ``EvidenceStore``."""

    def __init__(self) -> None:
        self._kept: dict[str, Measurement] = {}

    def add(self, tx: Transaction, measurement: Measurement) -> None:
        execute(tx, _ADD, _measured(measurement))

    def measurements(
        self, tx: Transaction, use_case: str, *, kind: str = "", limit: int = 2_000
    ) -> tuple[Measurement, ...]:
        wanted = {"use_case": use_case, "most": max(1, min(limit, MOST_MEASUREMENTS))}
        if kind:
            rows = execute(tx, _OF_KIND, {**wanted, "kind": kind})
        else:
            rows = execute(tx, _MEASUREMENTS, wanted)
        return tuple(_read(row) for row in rows)

    def newest(
        self, tx: Transaction, use_case: str, *, release: str, now: datetime, whole: Collection[str] = ()
    ) -> tuple[Measurement, ...]:
        wanted = {"use_case": use_case, "release": release, "now": now}
        ids = execute(tx, _newest(tuple(whole)), wanted).scalars().all()
        known = {} if opened(tx).writable else self._kept  # what a transaction adds may never have been
        found = {id_: one for id_ in ids if (one := known.get(id_)) is not None}
        if missing := [id_ for id_ in ids if id_ not in found]:
            found |= {row.id: _read(row) for row in execute(tx, _BY_ID, {"ids": missing})}
            if not opened(tx).writable:
                self._kept = dict(list({**known, **found}.items())[-MOST_KEPT:])
        return tuple(found[id_] for id_ in ids)

    def add_certificate(self, tx: Transaction, certificate: Certificate) -> None:
        execute(
            tx,
            _ADD_CERTIFICATE,
            {
                "id": certificate.id,
                "use_case": certificate.use_case,
                "release": certificate.release,
                "certified_at": certificate.certified_at,
                "body": certificate.as_json(),
                "suspended_at": certificate.suspended_at,
                "suspended_because": certificate.suspended_because,
            },
        )

    def certificates(self, tx: Transaction, use_case: str, *, release: str) -> tuple[Certificate, ...]:
        found = []
        for body, at, because in execute(tx, _CERTIFICATES, {"use_case": use_case, "release": release}):
            certificate = Certificate.from_json(body)
            found.append(certificate.suspend(at=at, because=because) if at else certificate)
        return tuple(found)

    def suspend(self, tx: Transaction, certificate: str, *, at: datetime, reason: str) -> None:
        """Suspended twice: it keeps the first reason. Errors: ``NotFound`` RW-STORE-013 for an unknown one."""
        values = {"certificate": certificate, "moment": at, "because": reason}
        if execute(tx, _SUSPEND, values).rowcount == 1:
            return
        if execute(tx, _CERTIFICATE, {"certificate": certificate}).first() is None:
            raise NotFound("RW-STORE-013", f"no certificate `{certificate}`")

    def add_approval(self, tx: Transaction, approval: Approval) -> None:
        execute(
            tx,
            _ADD_APPROVAL,
            {
                "id": approval.id,
                "use_case": approval.use_case,
                "kind": approval.kind,
                "digest": approval.digest,
                "role": approval.role.value,
                "principal": approval.principal,
                "demo": approval.demo,
                "reason": approval.reason,
                "at": approval.at,
                "expires_at": approval.expires_at,
            },
        )

    def approvals(self, tx: Transaction, use_case: str, *, digest: str) -> tuple[Approval, ...]:
        """Newest first."""
        rows = execute(tx, _APPROVALS, {"use_case": use_case, "digest": digest})
        return tuple(Approval(**{**row._mapping, "role": Role(row.role)}) for row in rows)

    def add_waiver(self, tx: Transaction, use_case: str, waiver: Waiver) -> None:
        execute(
            tx,
            _ADD_WAIVER,
            {
                "use_case": use_case,
                "requirement": waiver.requirement,
                "subject": waiver.subject,
                "reason": waiver.reason,
                "asked_by": waiver.asked_by,
                "granted_by": waiver.granted_by,
                "demo": waiver.demo,
                "expires_at": waiver.expires_at,
            },
        )

    def waivers(self, tx: Transaction, use_case: str) -> tuple[Waiver, ...]:
        """Newest first."""
        return tuple(
            Waiver(
                requirement=row.requirement,
                subject=row.subject,
                reason=row.reason,
                asked_by=row.asked_by,
                granted_by=row.granted_by,
                demo=row.demo,
                expires_at=row.expires_at,
            )
            for row in execute(tx, _WAIVERS, {"use_case": use_case})
        )

    def end_waivers(
        self, tx: Transaction, use_case: str, requirement: str, subject: str, *, at: datetime
    ) -> int:
        """How many ended now that would have ended later."""
        named = {"of": use_case, "asked": requirement, "about": subject, "now": at}
        return execute(tx, _END_WAIVERS, named).rowcount

    def watch(self, tx: Transaction, use_case: str, release: str, kind: str) -> str:
        """In a read transaction nothing is locked."""
        named = {"use_case": use_case, "release": release, "kind": kind}
        if not opened(tx).writable:
            return execute(tx, _WATCH, named).scalar() or ""
        # A row that is not there cannot be locked: two first transactions would both begin from nothing.
        execute(tx, _BEGIN_WATCH, {**named, "state": ""})
        state: str = execute(tx, _LOCKED_WATCH, named).scalar_one()
        return state

    def save_watch(self, tx: Transaction, use_case: str, release: str, kind: str, state: str) -> None:
        execute(tx, _SAVE_WATCH, {"use_case": use_case, "release": release, "kind": kind, "state": state})


@cache
def _newest(whole: tuple[str, ...]) -> sa.Select[Any]:
    kind = _RANKED.c.kind
    every = (
        sa.func.substr(kind, 1, len(one)) == one if one.endswith(".") else kind == one for one in whole
    )
    return (
        sa.select(_RANKED.c.id)
        .where(sa.or_(_RANKED.c.nth == 1, *every))
        .order_by(_RANKED.c.at.desc(), _RANKED.c.id.desc())
        .limit(MOST_MEASUREMENTS)
    )


def _measured(measurement: Measurement) -> dict[str, Any]:
    interval = measurement.interval
    return {
        "id": measurement.id,
        "use_case": measurement.use_case,
        "kind": measurement.kind,
        "subject": measurement.subject,
        "value": measurement.value,
        "unit": measurement.unit,
        "n": measurement.n,
        "method": measurement.method,
        "inputs": measurement.inputs,
        "at": measurement.at,
        "valid_for_us": measurement.valid_for // timedelta(microseconds=1),
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "release": measurement.release,
        "simulated": measurement.simulated,
        "detail": dict(measurement.detail),
    }


def _read(row: sa.Row[Any]) -> Measurement:
    return Measurement(
        id=row.id,
        use_case=row.use_case,
        kind=row.kind,
        subject=row.subject,
        value=row.value,
        unit=row.unit,
        n=row.n,
        method=row.method,
        inputs=row.inputs,
        at=row.at,
        valid_for=timedelta(microseconds=row.valid_for_us),
        interval=None if row.low is None else Interval(row.low, row.high),
        release=row.release,
        simulated=row.simulated,
        detail=row.detail,
    )
