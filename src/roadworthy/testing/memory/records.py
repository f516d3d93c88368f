"""Releases, evidence, people, switches and replies in memory."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from roadworthy.errors import Conflict, NotFound, Problem
from roadworthy.evidence import Measurement
from roadworthy.gate import Waiver
from roadworthy.ports import Credential, Page, Transaction
from roadworthy.principal import Approval, Principal, Stop
from roadworthy.quantities import Digest
from roadworthy.release import Archive, Release, Rollout, short
from roadworthy.testing.memory.page import page, taken
from roadworthy.testing.memory.transaction import opened
from roadworthy.trust import Certificate


class MemoryReleases:
    """The port ``Releases``."""

    def add(self, tx: Transaction, release: Release, archive: Archive) -> bool:
        memory = opened(tx)
        if release.digest in memory.table("release"):
            return False
        if any(known.number == release.number for known in self.rollout(tx, release.use_case).releases):
            raise taken()
        memory.change("release")[release.digest] = release
        memory.change("archive")[release.digest] = Archive(dict(archive.files))
        return True

    def save(self, tx: Transaction, release: Release) -> None:
        """Errors: ``NotFound`` RW-STORE-013 for a release that was never added."""
        if release.digest not in opened(tx).table("release"):
            raise _unknown(release.digest)
        opened(tx).change("release")[release.digest] = release

    def get(self, tx: Transaction, release: str) -> Release | None:
        known: Release | None = opened(tx).table("release").get(release)
        return known

    def rollout(self, tx: Transaction, use_case: str, *, lock: bool = False) -> Rollout:
        known = opened(tx).table("release").values()
        of_use_case = (release for release in known if release.use_case == use_case)
        return Rollout(tuple(sorted(of_use_case, key=lambda release: release.number)))

    def rollouts(self, tx: Transaction, use_cases: Collection[str]) -> dict[str, Rollout]:
        return {name: self.rollout(tx, name) for name in use_cases}

    def archive(self, tx: Transaction, release: str) -> Archive:
        try:
            archive: Archive = opened(tx).table("archive")[release]
        except KeyError:
            raise _unknown(release) from None
        return archive

    def use_cases(self, tx: Transaction) -> tuple[str, ...]:
        return tuple(sorted({release.use_case for release in opened(tx).table("release").values()}))


class MemoryEvidence:
    """The port ``EvidenceStore``."""

    def add(self, tx: Transaction, measurement: Measurement) -> None:
        _add(tx, "measurement", measurement.id, measurement)

    def measurements(
        self, tx: Transaction, use_case: str, *, kind: str = "", limit: int = 2_000
    ) -> tuple[Measurement, ...]:
        known = opened(tx).table("measurement").values()
        rows = [row for row in known if row.use_case == use_case and kind in {"", row.kind}]
        rows.sort(key=lambda row: (row.at, row.id), reverse=True)
        return tuple(rows[: max(1, limit)])

    def newest(
        self, tx: Transaction, use_case: str, *, release: str, now: datetime, whole: Collection[str] = ()
    ) -> tuple[Measurement, ...]:
        begins = tuple(kind for kind in whole if kind.endswith("."))
        seen: set[tuple[str, str, bool]] = set()
        found = []
        for row in self.measurements(tx, use_case, limit=sys.maxsize):
            place = (row.kind, row.subject, row.release in {"", release} and row.at <= now)
            if place not in seen or row.kind in whole or row.kind.startswith(begins):
                found.append(row)
            seen.add(place)
        return tuple(found)

    def add_certificate(self, tx: Transaction, certificate: Certificate) -> None:
        _add(tx, "certificate", certificate.id, certificate)

    def certificates(self, tx: Transaction, use_case: str, *, release: str) -> tuple[Certificate, ...]:
        known = opened(tx).table("certificate").values()
        rows = [row for row in known if (row.use_case, row.release) == (use_case, release)]
        return tuple(sorted(rows, key=lambda row: (row.certified_at, row.id), reverse=True))

    def suspend(self, tx: Transaction, certificate: str, *, at: datetime, reason: str) -> None:
        """Suspended twice: it keeps the first reason. Errors: ``NotFound`` RW-STORE-013 for an unknown one."""
        known = opened(tx).table("certificate").get(certificate)
        if known is None:
            raise NotFound("RW-STORE-013", f"no certificate `{certificate}`")
        opened(tx).change("certificate")[certificate] = known.suspend(at=at, because=reason)

    def add_approval(self, tx: Transaction, approval: Approval) -> None:
        _add(tx, "approval", approval.id, approval)

    def approvals(self, tx: Transaction, use_case: str, *, digest: str) -> tuple[Approval, ...]:
        """Newest first."""
        known = opened(tx).table("approval").values()
        rows = [row for row in known if (row.use_case, row.digest) == (use_case, digest)]
        return tuple(sorted(rows, key=lambda row: row.id, reverse=True))

    def add_waiver(self, tx: Transaction, use_case: str, waiver: Waiver) -> None:
        opened(tx).change("waiver")[use_case] = (waiver, *opened(tx).table("waiver").get(use_case, ()))

    def waivers(self, tx: Transaction, use_case: str) -> tuple[Waiver, ...]:
        """Newest first."""
        found: tuple[Waiver, ...] = opened(tx).table("waiver").get(use_case, ())
        return found

    def end_waivers(
        self, tx: Transaction, use_case: str, requirement: str, subject: str, *, at: datetime
    ) -> int:
        """How many ended now that would have ended later."""
        rows = self.waivers(tx, use_case)
        ended = [
            replace(row, expires_at=at)
            if (row.requirement, row.subject) == (requirement, subject) and row.expires_at > at
            else row
            for row in rows
        ]
        opened(tx).change("waiver")[use_case] = tuple(ended)
        return sum(new is not old for new, old in zip(ended, rows, strict=True))

    def watch(self, tx: Transaction, use_case: str, release: str, kind: str) -> str:
        state: str = opened(tx).table("watch").get((use_case, release, kind), "")
        return state

    def save_watch(self, tx: Transaction, use_case: str, release: str, kind: str, state: str) -> None:
        opened(tx).change("watch")[use_case, release, kind] = state


class MemoryPeople:
    """The port ``People``."""

    def add(self, tx: Transaction, principal: Principal, *, password_hash: str = "") -> bool:
        if principal.id in opened(tx).table("principal"):
            return False
        opened(tx).change("principal")[principal.id] = principal
        opened(tx).change("password")[principal.id] = password_hash
        return True

    def get(self, tx: Transaction, principal: str) -> Principal | None:
        return opened(tx).table("principal").get(principal)

    def hold(self, tx: Transaction) -> None:
        """Writers take turns here."""

    def set_trust(self, tx: Transaction, account: Principal) -> bool:
        """False where there is no such account."""
        known = self.get(tx, account.id)
        if known is None:
            return False
        opened(tx).change("principal")[account.id] = replace(
            known, roles=account.roles, disabled=account.disabled
        )
        return True

    def password_hash(self, tx: Transaction, principal: str) -> str:
        """Empty where the account has none, or does not exist."""
        hashed: str = opened(tx).table("password").get(principal, "")
        return hashed

    def emails(self, tx: Transaction) -> Mapping[str, str]:
        """Addresses by account."""
        return {who: email for who, email in opened(tx).table("email").items() if email}

    def set_email(self, tx: Transaction, principal: str, email: str) -> bool:
        """False where there is no such account."""
        if principal not in opened(tx).table("principal"):
            return False
        opened(tx).change("email")[principal] = email
        return True

    def preferences(self, tx: Transaction, principal: str) -> Mapping[str, str]:
        """Values by name."""
        kept = opened(tx).table("preference")
        return {name: value for (who, name), value in kept.items() if who == principal}

    def set_preference(self, tx: Transaction, principal: str, name: str, value: str) -> None:
        """An empty value takes it back."""
        kept = opened(tx).change("preference")
        kept.pop((principal, name), None)
        if value:
            kept[principal, name] = value

    def all(self, tx: Transaction, *, limit: int = 500) -> tuple[Principal, ...]:
        """By id."""
        known = opened(tx).table("principal")
        return tuple(known[id_] for id_ in sorted(known)[: max(1, limit)])

    def add_credential(self, tx: Transaction, credential: Credential) -> None:
        _add(tx, "credential", (credential.kind, credential.id), credential)

    def credential(self, tx: Transaction, kind: str, id_: str) -> Credential | None:
        return opened(tx).table("credential").get((kind, id_))

    def credentials(
        self, tx: Transaction, kind: str, *, use_case: str = "", after: str = "", limit: int = 100
    ) -> Page[Credential]:
        found = [
            one
            for one in opened(tx).table("credential").values()
            if one.kind == kind and use_case in {"", one.use_case}
        ]
        return page(found, after=after, limit=limit, newest_first=False)

    def spend_credential(self, tx: Transaction, kind: str, id_: str) -> bool:
        return opened(tx).change("credential").pop((kind, id_), None) is not None


class MemorySwitches:
    """The port ``Switches``."""

    def add(self, tx: Transaction, stop: Stop) -> None:
        _add(tx, "stop", stop.id, stop)

    def active(self, tx: Transaction) -> tuple[Stop, ...]:
        """Oldest first."""
        known = opened(tx).table("stop")
        return tuple(known[id_] for id_ in sorted(known) if known[id_].resumed_at is None)

    def get(self, tx: Transaction, stop: str) -> Stop | None:
        return opened(tx).table("stop").get(stop)

    def history(self, tx: Transaction, *, after: str = "", limit: int = 50) -> Page[Stop]:
        return page(opened(tx).table("stop").values(), after=after, limit=limit, newest_first=True)

    def lift(self, tx: Transaction, stop: str, *, by: str, at: datetime) -> bool:
        known = self.get(tx, stop)
        if known is None or known.resumed_at is not None:
            return False
        opened(tx).change("stop")[stop] = replace(known, resumed_by=by, resumed_at=at)
        return True

    def acknowledge(self, tx: Transaction, worker: str, *, seen: str, at: datetime) -> None:
        opened(tx).change("acknowledgement")[worker] = (seen, at)

    def acknowledgements(self, tx: Transaction) -> Mapping[str, tuple[str, datetime]]:
        return dict(sorted(opened(tx).table("acknowledgement").items()))

    def obey(self, tx: Transaction, worker: str, stops: Collection[str], *, at: datetime) -> None:
        for stop in stops:
            if (stop, worker) not in opened(tx).table("obeyed"):
                opened(tx).change("obeyed")[stop, worker] = at

    def obeyed(self, tx: Transaction, stop: str) -> Mapping[str, datetime]:
        """In the order in which they said so."""
        said = opened(tx).table("obeyed").items()
        found = sorted((at, worker) for (of_stop, worker), at in said if of_stop == stop)
        return {worker: at for at, worker in found}


class MemoryReplies:
    """The port ``Replies``. A claim is kept with status 0, its owner and its time."""

    def recall(self, tx: Transaction, scope: str, key: str) -> tuple[Digest, int, str] | None:
        found = opened(tx).table("reply").get((scope, key))
        return found[:3] if found is not None and found[1] else None

    def remember(
        self, tx: Transaction, scope: str, key: str, body: Digest, status: int, reply: str, at: datetime
    ) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if another request with this key was answered meanwhile."""
        if (scope, key) in opened(tx).table("reply"):
            raise Conflict(
                "RW-STORE-001",
                Problem(
                    "another request with this key was answered meanwhile",
                    hint="send it again to get that answer",
                ),
            )
        opened(tx).change("reply")[scope, key] = (body, status, reply, at)

    def claim(
        self,
        tx: Transaction,
        scope: str,
        key: str,
        body: Digest,
        owner: str,
        at: datetime,
        *,
        dead_before: datetime,
    ) -> tuple[Digest, int, str] | None:
        found: tuple[Digest, int, str, datetime] | None = opened(tx).table("reply").get((scope, key))
        if found is not None and (found[1] or found[0] != body or found[3] >= dead_before):
            return found[:3]
        opened(tx).change("reply")[scope, key] = (body, 0, owner, at)
        return None

    def settle(
        self, tx: Transaction, scope: str, key: str, owner: str, status: int, reply: str, at: datetime
    ) -> bool:
        found = opened(tx).table("reply").get((scope, key))
        if found is None or found[1] or found[2] != owner:
            return False
        opened(tx).change("reply")[scope, key] = (found[0], status, reply, at)
        return True

    def let_go(self, tx: Transaction, scope: str, key: str, owner: str) -> None:
        found = opened(tx).table("reply").get((scope, key))
        if found is not None and not found[1] and found[2] == owner:
            del opened(tx).change("reply")[scope, key]


def _add(tx: Transaction, table: str, key: Any, row: Any) -> None:
    """Errors: ``Conflict`` RW-STORE-003 if the key is taken."""
    if key in opened(tx).table(table):
        raise taken()
    opened(tx).change(table)[key] = row


def _unknown(release: str) -> NotFound:
    return NotFound("RW-STORE-013", f"no release `{short(release)}`")
