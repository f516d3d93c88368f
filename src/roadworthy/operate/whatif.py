"""What if the charter promised something else? The same evidence, put to the gate a second time. Keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.gate import Finding, Promise, Verdict, promised, promises
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.verdicts import Weighed, weigh
from roadworthy.principal import Principal, require
from roadworthy.stage import Stage


@dataclass(frozen=True, slots=True)
class Turned:
    """A requirement whose answer would be another one. ``before`` or ``after`` is None where it is not asked."""

    before: Finding | None
    after: Finding | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The verdict as it is and as it would be, and what the gate reads of the charter for this stage."""

    weighed: Weighed
    promises: tuple[Promise, ...]
    changed: Mapping[str, str]
    before: Verdict
    after: Verdict
    turned: tuple[Turned, ...]


def what_if(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    release_name: str,
    stage: Stage,
    changes: Mapping[str, str],
) -> WhatIf:
    """Put the evidence of a release to another charter. Nothing is stored, and asking twice says the same twice.

    Evidence is taken as it is: a figure that was measured under the present charter (a certificate for its
    promised share of errors) would have to be measured anew for another one.

    Errors: ``InputProblem`` RW-GATE-011 for values a charter could not hold, and for paths that the gate does not
            read for this stage.
    """
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        release = deployment.store.releases.rollout(tx, use_case).named(release_name)
        weighed = weigh(deployment, tx, release)
    return weigh_again(weighed, stage, changes)


def weigh_again(weighed: Weighed, stage: Stage, changes: Mapping[str, str]) -> WhatIf:
    """``what_if`` on what was read before."""
    asked = promises(weighed.charter, weighed.requirements, stage)
    # Another tier asks other things: their figures may be turned in the same breath.
    kinds = {one.path for one in asked if one.choices}
    first = promised(weighed.charter, {path: text for path, text in changes.items() if path in kinds})
    asked = (*asked, *(one for one in promises(first, weighed.requirements, stage) if one not in asked))
    known = {one.path: one for one in reversed(asked)}
    strangers = [path for path in changes if path not in known]
    if strangers:
        raise InputProblem(
            "RW-GATE-011",
            [Problem("the gate does not read this for the stage", place=path) for path in strangers],
            hint="the form names everything it reads",
        )
    changed = {path: text.strip() for path, text in changes.items() if text.strip() != known[path].value}
    before = weighed.verdict(stage)
    after = _after(weighed, stage, promised(weighed.charter, changed)) if changed else before
    shown = tuple(sorted(known.values(), key=lambda one: (not one.choices, one.path)))
    return WhatIf(weighed, shown, changed, before, after, turned(before, after))


def turned(before: Verdict, after: Verdict) -> tuple[Turned, ...]:
    """Requirements whose mark differs, or that only one of the two asks."""
    old = {(one.requirement, one.subject): one for one in before.findings}
    new = {(one.requirement, one.subject): one for one in after.findings}
    pairs = ((old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)))
    return tuple(
        Turned(was, would)
        for was, would in pairs
        if was is None or would is None or was.mark is not would.mark
    )


def _after(weighed: Weighed, stage: Stage, charter: Charter) -> Verdict:
    return weighed.verdict(stage, charter=charter)
