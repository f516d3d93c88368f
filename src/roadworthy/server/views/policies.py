"""Policies: what each use case may do by itself, its rules with their tests, and what changed rules would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from roadworthy.charter import Charter
from roadworthy.charter import read as read_charter
from roadworthy.errors import NotFound, Problem, RoadworthyError
from roadworthy.operate.archives import signed_archive
from roadworthy.operate.policies.autonomy import Frame, allowed_tools, frame_of
from roadworthy.operate.policies.tests import FOLDER as TESTS
from roadworthy.operate.policies.tests import read_tests
from roadworthy.policy import Checked, Rule, run_tests
from roadworthy.ports import Policies, Transaction
from roadworthy.principal import VERBS, allows, require
from roadworthy.release import Release, Rollout, short
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.shared import active_stops, plain, rollout_of, visible_use_cases
from roadworthy.stage import Stage
from roadworthy.wiring.policies import FOLDER, policies_of

CHARTER: Final = "charter.yaml"
NEWEST_CASES: Final = 100
"""In so many of the newest cases of a use case is looked for when a rule last spoke."""
MOST_TESTS: Final = 500
_ORDER: Final = (Stage.PRODUCTION, Stage.CANARY, Stage.SHADOW, Stage.PILOT, Stage.DRAFT)


@dataclass(frozen=True, slots=True)
class Book:
    """What a release's files say of policies, and what follows from them alone."""

    charter: Charter
    policies: Policies
    frame: Frame
    checked: tuple[Checked, ...]
    findings: tuple[Problem, ...]


@lru_cache(maxsize=128)
def _read_book(files: tuple[tuple[str, bytes], ...]) -> Book:
    """From the files that policies are made of: reading them takes far longer than any page may."""
    named = dict(files)
    charter = read_charter(named[CHARTER], file=CHARTER)
    policies = policies_of(charter, named)
    tests = read_tests(charter, named)[:MOST_TESTS]
    return Book(
        charter,
        policies,
        frame_of(charter, policies),
        run_tests(tests, policies.decide, policies.may),
        tuple(policies.lint()),
    )


def book_of(files: Mapping[str, bytes]) -> Book:
    """What files of a use-case folder say. Errors: ``InputProblem`` with every problem of every file."""
    wanted = sorted(name for name in files if name == CHARTER or name.startswith((FOLDER, TESTS)))
    return _read_book(tuple((name, files[name]) for name in wanted))


def archived(ask: Ask, release: Release) -> Mapping[str, bytes]:
    """The files of a release, its signature verified."""
    return signed_archive(ask.deployment.store, ask.deployment.ledger_key.verifier, release.digest).files


def policies(ask: Ask) -> dict[str, Any]:
    """The autonomy matrix, a row for each use case, with the stops in force above it."""
    require(ask.principal, "gate.read", use_case=ask.use_case)
    limit, after = min(rows_limit(ask.query), 20), ask.query.get("after", "")
    with ask.deployment.store.read() as tx:
        names = sorted(visible_use_cases(ask, tx, "gate.read"))
        left = [name for name in names if name > after]
        rows = [_row(ask, tx, name) for name in left[:limit]]
        found = {
            "use_cases": rows,
            "matrix": [cell for row in rows for cell in row["tools"]],
            "after": left[limit - 1] if len(left) > limit else "",
            "stops": active_stops(ask, tx),
            "you_may_stop": _may_stop(ask),
        }
    return plain(found)  # type: ignore[no-any-return]


def use_case_policies(ask: Ask) -> dict[str, Any]:
    """The rules of one use case: their text, their tests, when each last spoke, and a form for other ones."""
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    with ask.deployment.store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        wanted = ask.query.get("release", "")
        release = rollout.named(wanted) if wanted else working(rollout)
    files = archived(ask, release)
    book = book_of(files)
    with ask.deployment.store.read() as tx:
        spoke, looked = _last_spoke(ask, tx, name)
        tools = [one.as_json() for one in allowed_tools(ask.deployment, tx, release, book.frame)]
        stops = active_stops(ask, tx, use_case=name)
    own = {
        file.removeprefix(FOLDER): content.decode(errors="replace")
        for file, content in files.items()
        if file.startswith(FOLDER) and file.endswith(".cedar") and "/" not in file.removeprefix(FOLDER)
    }
    chosen = ask.query.get("file", "")
    if chosen and chosen not in own:
        raise NotFound("RW-POLICY-004", Problem(f"no file of policies `{chosen[:200]}` in this release"))
    chosen = chosen or next(iter(sorted(own)), "")
    return plain(  # type: ignore[no-any-return]
        {
            "name": name,
            "title": book.charter.title,
            "autonomy": book.charter.autonomy,
            "release": {"name": release.name, "stage": release.stage, "short": short(release.digest)},
            "releases": [{"name": one.name, "stage": one.stage} for one in reversed(rollout.releases)],
            "digest": book.policies.digest,
            "tools": tools,
            "reading": sorted(set(book.charter.tools) - set(book.charter.write_tools)),
            "rules": [_rule(rule, spoke) for rule in book.policies.written()],
            "looked": looked,
            "tests": tests_json(book.checked),
            "findings": [finding_json(one) for one in book.findings],
            "files": sorted(own),
            "file": chosen,
            "text": own.get(chosen, ""),
            "stops": stops,
            "you_may_stop": allows(ask.principal, "stop", use_case=name),
            "you_may_measure": allows(ask.principal, "measure", use_case=name),
            "may_measure": sorted(VERBS["measure"]),
            "stages": list(_ORDER[:-1]),
            "run": None,
            "explained": None,
        }
    )


def working(rollout: Rollout) -> Release:
    """The release whose rules matter most: that in production, else the furthest on its way, else the newest."""
    for stage in _ORDER:
        found = rollout.at(stage)
        if found is not None:
            return found
    return max(rollout.releases, key=lambda release: release.number)


def tests_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """Tests with their answers, failing ones first."""
    rows = [
        {
            "says": one.test.says,
            "tool": one.test.tool,
            "expect": one.test.expect,
            "place": f"{one.test.place}:{one.test.line}",
            "wrong": one.wrong,
        }
        for one in checked
    ]
    failing = [row for row in rows if row["wrong"]]
    return {
        "count": len(rows),
        "failing": len(failing),
        "rows": [*failing, *(row for row in rows if not row["wrong"])],
    }


def finding_json(one: Problem) -> dict[str, Any]:
    """What is probably not meant, with its place."""
    return {"message": one.message, "place": one.place, "line": one.line, "hint": one.hint}


def _row(ask: Ask, tx: Transaction, name: str) -> dict[str, Any]:
    """One use case of the matrix; where its policies cannot be read it says why, and shows nothing as allowed."""
    release = working(ask.deployment.store.releases.rollout(tx, name))
    row: dict[str, Any] = {
        "name": name,
        "title": name,
        "release": release.name,
        "stage": release.stage,
        "policy": "",
        "autonomy": "",
        "tests": 0,
        "failing": 0,
        "tools": [],
        "problem": "",
    }
    try:
        book = book_of(archived(ask, release))
    except RoadworthyError as problem:
        return {**row, "problem": f"{problem.code}: {problem.message}"}
    failing = sum(1 for one in book.checked if one.wrong)
    tools = allowed_tools(ask.deployment, tx, release, book.frame)
    return row | {
        "title": book.charter.title,
        "policy": short(book.policies.digest),
        "autonomy": book.charter.autonomy,
        "tests": len(book.checked),
        "failing": failing,
        "tools": [{"use_case": name, "release": release.name, **one.as_json()} for one in tools],
    }


def _rule(rule: Rule, spoke: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    at, times = spoke.get(rule.reason, ("", 0))
    return {
        "id": rule.id,
        "effect": rule.effect,
        "reason": rule.reason,
        "place": rule.place,
        "text": rule.text,
        "asks": f"{rule.asks.quorum} × {rule.asks.role}" if rule.asks else "",
        "about_people": rule.about_people,
        "of_house": rule.of_house,
        # Permits and rules about people leave no word of theirs with an effect.
        "noted": rule.effect == "forbid" and not rule.about_people,
        "last_at": at,
        "times": times,
    }


def _last_spoke(ask: Ask, tx: Transaction, name: str) -> tuple[dict[str, tuple[str, int]], int]:
    """By sentence: when a rule last held an effect back, and how often, among the newest cases."""
    store = ask.deployment.store
    newest = store.cases.list(tx, name, limit=NEWEST_CASES).rows
    found: dict[str, tuple[str, int]] = {}
    for effect in store.effects.of_cases(tx, [case.id for case in newest]):
        for reason in set(effect.reasons):
            at, times = found.get(reason, (effect.created_at.isoformat(), 0))
            found[reason] = (at, times + 1)
    return found, len(newest)


def _may_stop(ask: Ask) -> bool:
    return allows(ask.principal, "stop", use_case=ask.principal.use_case)
