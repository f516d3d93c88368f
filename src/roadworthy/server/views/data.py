"""Whether data and knowledge can carry a use case: each source with its scores, what it blocks, and what to do.

Everything here was measured or looked at before: the page opens no source and no document.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from roadworthy.charter.parts import Source
from roadworthy.errors import RoadworthyError
from roadworthy.evidence import Measurement
from roadworthy.gate import Finding, Mark, Verdict
from roadworthy.measure.lookovers import DATA, knowledge_subject
from roadworthy.operate.verdicts import Weighed, weigh
from roadworthy.ports import Transaction
from roadworthy.ports.outlooks import Outlook
from roadworthy.principal import allows, require
from roadworthy.release import Release
from roadworthy.server.asking import Ask
from roadworthy.server.commands import measuring
from roadworthy.server.paging import paged
from roadworthy.server.views.knowledge import knowledge_of
from roadworthy.server.views.shared import candidate, next_stage, plain, rollout_of, visible_use_cases
from roadworthy.server.views.use_case import chosen, in_order

FILTERS: Final = ("after", "limit")
OF_FILTERS: Final = ("release", "found", "after", "limit")
ROWS: Final = 20
"""Use cases of a page: each takes the gate some milliseconds."""
TREND: Final = 20
"""Earlier measurements of a figure that are drawn."""
_BLOCKS: Final = 3
_LISTED: Final = 50
_MOST: Final = 200
"""Measurements of a kind, over all sources, that trends are drawn from."""
_HOLDS: Final = frozenset({Mark.PASS, Mark.WAIVED})
_THEMES: Final = ("data", "knowledge")
_DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "completeness": ("completeness",),
    "uniqueness": ("uniqueness",),
    "validity": ("conformity", "accuracy", "consistency", "coverage", "timeliness", "other"),
}
"""Columns of the page, and the dimensions of a contract's checks that count for each."""
_TRACED: Final = ("data.breaches", "data.duplicates", "data.age")


def sources(ask: Ask) -> dict[str, Any]:
    """Each use case in one row: how many requirements on data and knowledge hold, and what blocks most."""
    store = ask.deployment.store
    with store.read() as tx:
        names, after = paged(
            replace(ask, query={"limit": str(ROWS), **ask.query}),
            visible_use_cases(ask, tx, "gate.read"),
            str,
        )
        releases = {name: chosen(replace(ask, query={}), rollout_of(ask, tx, name)) for name in names}
    readable = {name: _readable(ask, release) for name, release in releases.items()}
    with store.read() as tx:
        rows = [
            _row(ask, tx, name, release) if readable[name] else _unreadable(name, release)
            for name, release in releases.items()
        ]
    rows.sort(key=lambda row: (-row["blocking"], row["use_case"]))
    return plain({"use_cases": rows, "after": after})  # type: ignore[no-any-return]


def _readable(ask: Ask, release: Release) -> bool:
    """Whether the charter can be read; fetched here, since that takes a transaction of its own."""
    try:
        ask.deployment.loader.charter(release.digest)
    except RoadworthyError:
        return False
    return True


def _row(ask: Ask, tx: Transaction, name: str, release: Release) -> dict[str, Any]:
    weighed = weigh(ask.deployment, tx, release)
    stage = next_stage(release)
    asked = _asked(weighed.verdict(stage))
    left = [one for one in asked if one.mark not in _HOLDS]
    look = _look(tx, name, DATA)
    measured = [one.measured_at for one in asked if one.measured_at]
    return {
        "use_case": name,
        "release": release.name,
        "stage": stage,
        "readable": True,
        "sources": len(weighed.charter.data),
        "knowledge": len(weighed.charter.knowledge),
        "asked": len(asked),
        "blocking": len(left),
        "fails": sum(one.mark is Mark.FAIL for one in left),
        "blocks": [{"asks": one.asks, "mark": str(one.mark)} for one in left[:_BLOCKS]],
        "measured_at": min(measured).isoformat() if measured else None,
        "looked_at": look.at.isoformat() if look else None,
        "command": f"roadworthy gate {shlex.quote(name)} --measure",
        "look": f"roadworthy data report --use-case {shlex.quote(name)}",
    }


def _unreadable(name: str, release: Release) -> dict[str, Any]:
    return {
        "use_case": name, "release": release.name, "stage": release.stage, "readable": False, "sources": 0,
        "knowledge": 0, "asked": 0, "blocking": 0, "fails": 0, "blocks": [], "measured_at": None, "looked_at": None,
        "command": "", "look": "",
    }  # fmt: skip


def sources_of(ask: Ask) -> dict[str, Any]:
    """Every source of data and of knowledge of one use case, as the release asks for it.

    What a failing row holds, and names of documents, are for those who may read content and knowledge. Errors:
    ``NotFound`` RW-SERVER-012; RW-RELEASE-002; as the loader, where the charter cannot be read.
    """
    name, store = ask.path["name"], ask.deployment.store
    require(ask.principal, "gate.read", use_case=name)
    with store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        release = chosen(ask, rollout)
    ask.deployment.loader.charter(release.digest)
    with store.read() as tx:
        weighed = weigh(ask.deployment, tx, release)
        look = _look(tx, name, DATA)
        looks = {each: _look(tx, name, knowledge_subject(each)) for each in weighed.charter.knowledge}
        traced = {
            kind: store.evidence.measurements(tx, name, kind=kind, limit=min(TREND * max(1, len(weighed.charter.data)), _MOST))
            for kind in _TRACED
        }  # fmt: skip
        stage = next_stage(release)
        said = weighed.verdict(stage)
        shown = _Shown(ask, weighed, release, _asked(said), traced, look)
        rows = [shown.source(each, source) for each, source in weighed.charter.data.items()]
        page = {
            "use_case": name,
            "release": release.name,
            "stage": stage,
            "newest": (candidate(rollout) or release).name,
            "requirements": [_requirement(ask, one, name, release) for one in shown.asked],
            "blocking": sum(one.mark not in _HOLDS for one in shown.asked),
            "sources": rows,
            "rows": [_flat(row) for row in rows],
            "plan": _plan(look),
            "looked_at": look.at.isoformat() if look else None,
            "ready": look.body["verdict"] if look else None,
            "you_may_see_rows": allows(ask.principal, "case.read_content", use_case=name),
            "you_may_audit": allows(ask.principal, "ledger.verify"),
            "commands": _commands(name, release),
            **knowledge_of(ask, tx, weighed, shown.asked, looks),
        }
    return plain(page)  # type: ignore[no-any-return]


def _asked(said: Verdict) -> list[Finding]:
    return [one for one in in_order(said) if one.theme in _THEMES]


def _look(tx: Transaction, use_case: str, subject: str) -> Outlook | None:
    from roadworthy.wiring.costs import outlooks

    return outlooks().get(tx, use_case, subject)


def _requirement(ask: Ask, one: Finding, use_case: str, release: Release) -> dict[str, Any]:
    rows = {row.id: row for row in ask.deployment.requirements.requirements}
    row = rows.get(one.requirement)
    kind = row.measured_by if row else ""
    return {
        "requirement": one.requirement,
        "theme": one.theme,
        "subject": one.subject,
        "asks": one.asks,
        "mark": str(one.mark),
        "reason": one.reason,
        "next_step": "" if one.mark in _HOLDS else one.next_step,
        "minutes": one.minutes,
        "waivable": row is not None and row.waivable,
        "kind": kind,
        "measured_at": one.measured_at.isoformat() if one.measured_at else None,
        "command": measuring(
            kind, one.subject, row=one.requirement, use_case=use_case, release=release.name, stage=next_stage(release)
        ),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the rows of a page are made of."""

    ask: Ask
    weighed: Weighed
    release: Release
    asked: Sequence[Finding]
    traced: Mapping[str, Sequence[Measurement]]
    look: Outlook | None

    def source(self, name: str, source: Source) -> dict[str, Any]:
        """One source with its scores, what is wrong, and what it blocks."""
        found = [one for one in self.asked if one.theme == "data" and one.subject == name]
        blocks = [one for one in found if one.mark not in _HOLDS]
        broken = self._newest("data.breaches", name)
        tables = self._tables(name)
        return {
            "name": name,
            "owner": source.owner,
            "steward": source.steward,
            "system_of_record": list(source.system_of_record),
            "verdict": "pass" if found and not blocks else str(blocks[0].mark) if blocks else "not asked",
            "blocks": [one.requirement for one in blocks],
            "rows": sum(one["rows"] for one in tables) if tables else None,
            "scores": {dimension: self._score(name, dimension, tables) for dimension in _DIMENSIONS},
            "freshness": self._freshness(name),
            "duplicates": self._duplicates(name, source),
            "broken": self._broken(broken, tables),
            "personal": self._personal(name, source, tables),
            "access": {
                "contract": source.contract,
                "purpose": source.purpose,
                "retention": str(source.retention) if source.retention else "",
                "permission": next(
                    (str(one.mark) for one in self.asked if one.requirement == "data.permission"), ""
                ),
            },
            "trend": self._trend("data.breaches", name),
            "before": self._before("data.breaches", name),
            "tables": tables,
        }  # fmt: skip

    def _newest(self, kind: str, subject: str) -> Measurement | None:
        evidence = self.weighed.evidence
        return evidence.find(kind, subject) or evidence.outlived(kind, subject)

    def _tables(self, name: str) -> list[dict[str, Any]]:
        """What the look found in the tables of a source; rows that fail for those who may see them."""
        found = self.look.body["sources"] if self.look else ()
        told = [dict(one) for one in found if one["name"] == name or one["name"].startswith(f"{name}.")]
        if not allows(self.ask.principal, "case.read_content", use_case=self.weighed.charter.use_case):
            for one in told:
                one["failing"] = [{**check, "sample": [], "reason": ""} for check in one["failing"]]
                one["notes"] = []
        return told

    def _score(self, name: str, dimension: str, tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Checks that hold, by the newest measurement, or by the look where that does not tell."""
        broken = self._newest("data.breaches", name)
        held, of = _held(broken, dimension)
        if not of:
            for table in tables:
                for one in _DIMENSIONS[dimension]:
                    more = table["dimensions"].get(one, (0, 0))
                    held, of = held + more[0], of + more[1]
        cells = [one for one in tables if one["filled"] is not None]
        weights = sum(one["rows"] * one["columns"] for one in cells)
        filled = (
            sum(one["filled"] * one["rows"] * one["columns"] for one in cells) / weights
            if weights
            else None
        )
        earlier = [
            {"at": one.at.isoformat(), "value": _share(*_held(one, dimension))}
            for one in self._of("data.breaches", name)
        ]
        return {
            "held": held,
            "of": of,
            "share": _share(held, of),
            "filled": filled if dimension == "completeness" else None,
            "trend": [one for one in earlier if one["value"] is not None],
        }

    def _freshness(self, name: str) -> dict[str, Any] | None:
        found, asked = self._newest("data.age", name), self.weighed.charter.number(f"data.{name}.max_age")
        if found is None:
            return (
                {"seconds": None, "asked": asked, "old": None, "trend": []} if asked is not None else None
            )
        return {
            "seconds": found.value,
            "asked": asked,
            "old": asked is not None and found.value > asked,
            "trend": self._trend("data.age", name),
        }

    def _duplicates(self, name: str, source: Source) -> dict[str, Any] | None:
        if source.entity is None:
            return None
        found, unclear = self._newest("data.duplicates", name), self._newest("data.unclear_pairs", name)
        most = source.entity.duplicates_max
        return {
            "share": found.value if found else None,
            "rows": found.detail.get("duplicates") if found else None,
            "asked": most,
            "many": found is not None and found.value > most,
            "unclear": unclear.value if unclear else None,
            "trend": self._trend("data.duplicates", name),
            "before": self._before("data.duplicates", name),
        }

    def _broken(self, found: Measurement | None, tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Which checks did not hold in the newest measurement, the most rows first."""
        now = self.ask.deployment.now()
        if found is None:
            return {"checks": None, "count": None, "list": [], "at": None, "expired": None}
        told = {one["id"]: one for table in tables for one in table["failing"]}
        breaches, silent = _mapping(found, "breaches"), _mapping(found, "not_evaluated")
        rows: list[dict[str, Any]] = [
            {
                "id": id_,
                "verdict": verdict,
                "rows": n if isinstance(n, int) else None,
                "look": told.get(id_),
            }
            for verdict, group in (("fail", breaches), ("not evaluated", silent))
            for id_, n in group.items()
        ]
        rows.sort(key=lambda one: (one["verdict"] != "fail", -(one["rows"] or 0), one["id"]))
        return {
            "checks": found.n,
            "count": len(rows),
            "list": rows[:_LISTED],
            "at": found.at.isoformat(),
            "expired": now >= found.valid_until,
        }

    def _personal(self, name: str, source: Source, tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        found = self._newest("data.personal_undeclared", name)
        columns = _mapping(found, "columns") if found else {}
        return {
            "declared": source.personal,
            "undeclared": [str(column) for column in columns][:_LISTED],
            "measured": found is not None,
            "classes": sorted({str(cls) for one in tables for cls in one["personal"]}),
        }

    def _of(self, kind: str, subject: str) -> list[Measurement]:
        """Oldest first."""
        return [one for one in reversed(self.traced[kind]) if one.subject == subject][-TREND:]

    def _trend(self, kind: str, subject: str) -> list[dict[str, Any]]:
        return [{"at": one.at.isoformat(), "value": one.value} for one in self._of(kind, subject)]

    def _before(self, kind: str, subject: str) -> dict[str, Any] | None:
        """The last value that was another one: what a repair, or a fault, changed."""
        found = self._of(kind, subject)
        other = next((one for one in reversed(found) if one.value != found[-1].value), None)
        return {"value": other.value, "at": other.at.isoformat()} if other else None


def _mapping(found: Measurement, name: str) -> Mapping[str, Any]:
    value = found.detail.get(name)
    return value if isinstance(value, Mapping) else {}


def _held(found: Measurement | None, dimension: str) -> tuple[int, int]:
    """Checks that hold, and all of them, as the measurement tells them by dimension; 0 of 0 where it does not."""
    told = _mapping(found, "dimensions") if found else {}
    held = of = 0
    for one in _DIMENSIONS[dimension]:
        pair = told.get(one)
        if isinstance(pair, list | tuple) and len(pair) == 2:
            held, of = held + int(pair[0]), of + int(pair[1])
    return held, of


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _plan(look: Outlook | None) -> dict[str, Any]:
    if look is None:
        return {"steps": [], "more": 0}
    return {"steps": list(look.body["steps"]), "more": look.body["more_steps"]}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A source as one row of a table."""
    age, twice = row["freshness"] or {}, row["duplicates"] or {}
    return {
        "source": row["name"],
        "owner": row["owner"],
        "steward": row["steward"],
        "verdict": row["verdict"],
        "blocks": " ".join(row["blocks"]),
        "age_seconds": age.get("seconds"),
        "age_asked": age.get("asked"),
        **{f"{name}_held": score["held"] for name, score in row["scores"].items()},
        **{f"{name}_checks": score["of"] for name, score in row["scores"].items()},
        "filled": row["scores"]["completeness"]["filled"],
        "duplicates": twice.get("share"),
        "duplicates_asked": twice.get("asked"),
        "broken_checks": row["broken"]["count"],
        "personal": row["personal"]["declared"],
        "personal_undeclared": len(row["personal"]["undeclared"]),
        "contract": row["access"]["contract"],
        "purpose": row["access"]["purpose"],
        "retention": row["access"]["retention"],
        "measured_at": row["broken"]["at"],
    }


def _commands(name: str, release: Release) -> dict[str, str]:
    """What measures, looks and mends; words in capitals are to be filled in."""
    quoted, of = shlex.quote(name), f"--release {shlex.quote(release.name)}"
    return {
        "measure": f"roadworthy gate {quoted} {of} --measure",
        "look": f"roadworthy data report --use-case {quoted}",
        "propose": "roadworthy data errors SOURCE --save-plan PLAN.json",
        "approve": "roadworthy data repair approve PLAN.json",
        "apply": "roadworthy data repair apply PLAN.json SOURCE --output COPY.csv",
    }
