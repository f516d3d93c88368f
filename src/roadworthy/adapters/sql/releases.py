"""Releases and the files they are made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import locks, schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.errors import NotFound
from roadworthy.ports import Transaction
from roadworthy.quantities import Share, digest
from roadworthy.release import Archive, Release, Rollout, short
from roadworthy.stage import Stage

_release, _file, _content = schema.release, schema.release_file, schema.file_content

_ADD = (
    insert(_release).on_conflict_do_nothing(index_elements=[_release.c.digest]).execution_options(**COUNTED)
)
_ADD_FILE = sa.insert(_file)
_ADD_CONTENT = insert(_content).on_conflict_do_nothing(index_elements=[_content.c.digest])
_SAVE = _release.update().where(_release.c.digest == sa.bindparam("saved"))
_KNOWN = sa.select(_release.c.digest).where(_release.c.digest == sa.bindparam("release"))
_GET = sa.select(_release).where(_release.c.digest == sa.bindparam("release"))
_ROLLOUT = (
    sa.select(_release).where(_release.c.use_case == sa.bindparam("use_case")).order_by(_release.c.number)
)
_ROLLOUTS = (
    sa.select(_release)
    .where(_release.c.use_case.in_(sa.bindparam("use_cases", expanding=True)))
    .order_by(_release.c.use_case, _release.c.number)
)
_ARCHIVE = (
    sa.select(_file.c.path, _content.c.content)
    .join(_content, _content.c.digest == _file.c.digest)
    .where(_file.c.release == sa.bindparam("release"))
)
_USE_CASES = sa.select(_release.c.use_case).distinct().order_by(_release.c.use_case)


class SqlReleases:
    """The port ``Releases``."""

    def add(self, tx: Transaction, release: Release, archive: Archive) -> bool:
        locks.hold(opened(tx).connection, locks.ROLLOUT, release.use_case)
        if execute(tx, _ADD, _values(release)).rowcount != 1:
            return False
        if archive.files:
            manifest = archive.manifest
            # In one order everywhere, so that two transactions adding the same files never deadlock.
            contents = {digest(content): content for content in archive.files.values()}
            execute(
                tx,
                _ADD_CONTENT,
                [{"digest": known, "content": contents[known]} for known in sorted(contents)],
            )
            execute(
                tx,
                _ADD_FILE,
                [
                    {"release": release.digest, "path": path, "digest": known}
                    for path, known in manifest.items()
                ],
            )
        return True

    def save(self, tx: Transaction, release: Release) -> None:
        """Errors: ``NotFound`` RW-STORE-013 for a release that was never added."""
        locks.hold(opened(tx).connection, locks.ROLLOUT, release.use_case)
        values = {**_values(release), "saved": release.digest}
        if execute(tx, _SAVE, values).rowcount != 1:
            raise _unknown(release.digest)

    def get(self, tx: Transaction, release: str) -> Release | None:
        row = execute(tx, _GET, {"release": release}).first()
        return None if row is None else _read(row)

    def rollout(self, tx: Transaction, use_case: str, *, lock: bool = False) -> Rollout:
        if lock:
            locks.hold(opened(tx).connection, locks.ROLLOUT, use_case)
        return Rollout(tuple(_read(row) for row in execute(tx, _ROLLOUT, {"use_case": use_case})))

    def rollouts(self, tx: Transaction, use_cases: Collection[str]) -> dict[str, Rollout]:
        found: dict[str, list[Release]] = {name: [] for name in use_cases}
        if found:
            for row in execute(tx, _ROLLOUTS, {"use_cases": list(found)}):
                found[row.use_case].append(_read(row))
        return {name: Rollout(tuple(releases)) for name, releases in found.items()}

    def archive(self, tx: Transaction, release: str) -> Archive:
        files = {row.path: row.content for row in execute(tx, _ARCHIVE, {"release": release})}
        if not files and execute(tx, _KNOWN, {"release": release}).first() is None:
            raise _unknown(release)
        return Archive(files)

    def use_cases(self, tx: Transaction) -> tuple[str, ...]:
        return tuple(execute(tx, _USE_CASES).scalars())


def _unknown(release: str) -> NotFound:
    return NotFound("RW-STORE-013", f"no release `{short(release)}`")


def _values(release: Release) -> dict[str, Any]:
    return {
        "digest": release.digest,
        "use_case": release.use_case,
        "number": release.number,
        "author": release.author,
        "note": release.note,
        "stage": release.stage.value,
        "share": release.share.value,
        "created_at": release.created_at,
        "stage_since": release.stage_since,
        "reason": release.reason,
        "step": release.step,
        "step_since": release.step_since,
        "fit_until": release.fit_until,
        "signature": release.signature,
        "key": release.key,
    }


def _read(row: sa.Row[Any]) -> Release:
    return Release(
        digest=row.digest,
        use_case=row.use_case,
        number=row.number,
        author=row.author,
        note=row.note,
        stage=Stage(row.stage),
        share=Share(row.share),
        created_at=row.created_at,
        stage_since=row.stage_since,
        reason=row.reason,
        step=row.step,
        step_since=row.step_since,
        fit_until=row.fit_until,
        signature=row.signature,
        key=row.key,
    )
