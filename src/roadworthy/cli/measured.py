"""Facts about ideas from a file: what was measured, read with every problem at its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.business.facts import NOTHING_MEASURED, Counts, Estimate, Facts, Readiness
from roadworthy.business.page import ordered
from roadworthy.errors import InputProblem, Problem
from roadworthy.placed import Page, Path, near

_COUNTS = ("learnability", "labels", "automation", "policy_coverage")
_ESTIMATES = ("cost_per_case", "error", "review_minutes")
_FACTS = ("readiness", *_COUNTS, *_ESTIMATES)
MOST_FAILING = 100


def read_facts(text: str | bytes, *, file: str) -> Mapping[str, Facts]:
    """Facts by the name of their idea; those under `""` are for the only idea that is looked at.

    The file is one object of facts, or `{"ideas": {"name": {…}}}`. Figures that can be written in one line
    stand as ``Facts`` has them: counts as `count`, `total`, `source`; estimates as `value`, `low`, `high`,
    `n`, `source` and, if it is not 0.95, `confidence`; readiness as `score`, `failing`, `source`.

    Errors: ``InputProblem`` RW-ASSESS-003 with all problems at once.
    """
    page = Page(file)
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    # Outside of texts, where JSON allows no tab at all, YAML takes one for a fault.
    data = page.read(
        told.replace("\t", " "),
        expected=f"expected an object of {', '.join(_FACTS)}",
        called="a file of facts",
    )
    found: dict[str, Facts] = {}
    if data is not None and "ideas" in data:
        ideas = data["ideas"]
        if set(data) > {"ideas"}:
            page.say("expected `ideas` alone, or the facts of one idea", ())
        if not isinstance(ideas, Mapping):
            page.say("`ideas`: expected an object with the facts of each idea", ("ideas",))
            ideas = {}
        for name, one in ideas.items():
            if isinstance(one, Mapping):
                found[str(name)] = _facts(one, page, ("ideas", name))
            else:
                page.say(f"`{name}`: expected an object of facts", ("ideas", name))
    elif data is not None:
        found[""] = _facts(data, page, ())
    if page.problems or data is None:
        raise InputProblem("RW-ASSESS-003", ordered(page))
    return found


def _facts(data: Mapping[str, Any], page: Page, path: Path) -> Facts:
    made: dict[str, Any] = {}
    for name, told in data.items():
        here = (*path, name)
        if name not in _FACTS:
            page.say(f"unknown fact `{name}`", here, near(str(name), _FACTS))
        elif told is None:
            continue
        elif not isinstance(told, Mapping):
            page.say(f"`{name}`: expected an object", here)
        elif name == "readiness":
            made[name] = _readiness(told, page, here)
        else:
            made[name] = (_counts if name in _COUNTS else _estimate)(told, page, here)
    try:
        return Facts(**{name: one for name, one in made.items() if one is not None})
    except InputProblem as wrong:
        for problem in wrong.problems:
            page.say(f"`{problem.place}`: {problem.message}", (*path, problem.place))
        return NOTHING_MEASURED


def _counts(told: Mapping[str, Any], page: Page, path: Path) -> Counts | None:
    _fields(told, ("count", "total", "source"), page, path)
    count, total = (_whole(told, name, page, path) for name in ("count", "total"))
    source = _text(told, page, path)
    return None if count is None or total is None or source is None else Counts(count, total, source)


def _estimate(told: Mapping[str, Any], page: Page, path: Path) -> Estimate | None:
    _fields(told, ("value", "low", "high", "n", "source", "confidence"), page, path)
    value, low, high = (_number(told, name, page, path) for name in ("value", "low", "high"))
    n, source = _whole(told, "n", page, path), _text(told, page, path)
    confidence = 0.95 if "confidence" not in told else _number(told, "confidence", page, path)
    if value is None or low is None or high is None or n is None or source is None or confidence is None:
        return None
    return Estimate(value, low, high, n, source, confidence)


def _readiness(told: Mapping[str, Any], page: Page, path: Path) -> Readiness | None:
    _fields(told, ("score", "failing", "source"), page, path)
    score, source = _number(told, "score", page, path), _text(told, page, path)
    failing = told.get("failing", [])
    if not isinstance(failing, list) or not all(isinstance(one, str) for one in failing):
        page.say("`failing`: expected a list of names of checks", (*path, "failing"))
        return None
    return (
        None if score is None or source is None else Readiness(score, tuple(failing[:MOST_FAILING]), source)
    )


def _fields(told: Mapping[str, Any], known: tuple[str, ...], page: Page, path: Path) -> None:
    for name in told:
        if name not in known:
            page.say(f"unknown field `{name}`", (*path, name), near(str(name), known))


def _number(told: Mapping[str, Any], name: str, page: Page, path: Path) -> float | None:
    value = told.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    # JSON writes small numbers as 1e-05, which YAML 1.1 reads as a text.
    if isinstance(value, str) and value[:1].isdigit() and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            pass  # said below, like any other text
    _missing(name, "a number", page, path)
    return None


def _whole(told: Mapping[str, Any], name: str, page: Page, path: Path) -> int | None:
    value = told.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    _missing(name, "a whole number from 0", page, path)
    return None


def _text(told: Mapping[str, Any], page: Page, path: Path) -> str | None:
    value = told.get("source")
    if isinstance(value, str) and value.strip():
        return value
    _missing("source", "where it was measured", page, path)
    return None


def _missing(name: str, expected: str, page: Page, path: Path) -> None:
    page.say(f"`{name}`: expected {expected}", (*path, name))


def facts_for(found: Mapping[str, Facts], idea: str, *, only: bool, file: str) -> Facts:
    """The facts of one idea. Those without a name belong to the only idea there is.

    Errors: ``InputProblem`` RW-ASSESS-003 for facts without a name beside several ideas.
    """
    if "" in found and not only:
        raise InputProblem(
            "RW-ASSESS-003",
            Problem(
                "these facts name no idea, and there are several",
                place=file,
                hint='write {"ideas": {"name": {…}}}',
            ),
        )
    return found.get(idea) or found.get("") or NOTHING_MEASURED
