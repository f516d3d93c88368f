"""What somebody who reads figures of a suite should know about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from roadworthy.evaluation.graders import KINDS
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.quantities import Digest, digest_of

_LOOKED_FOR = ("all_of", "any_of", "none_of", "forbidden")
"""Options that give a grader something to look for where a test does not say what is expected."""
THIN_SLICE = 10
"""Tests below which a slice tells next to nothing: the 95 % interval spans more than half of the range."""


@dataclass(frozen=True, slots=True)
class SuiteFinding:
    """Something about a suite that is no mistake of form and yet changes what its figures say."""

    message: str
    tests: tuple[str, ...]
    hint: str = ""


def findings(suite: Suite) -> tuple[SuiteFinding, ...]:
    """Same inputs, contradictions, tests that nothing can grade, clusters that decide all, thin slices."""
    return (*_same_inputs(suite), *_silent(suite), *_clusters(suite), *_slices(suite))


def _silent(suite: Suite) -> Iterable[SuiteFinding]:
    """Tests whose graders all have to know what is expected, and that do not say it."""
    blind = {
        one.name
        for one in suite.graders
        if one.kind in KINDS and KINDS[one.kind].expects and not any(map(one.options.get, _LOOKED_FOR))
    }
    silent = tuple(
        test.id
        for test in suite.tests
        if test.expected is None
        and not test.reference
        and any(one.name in blind for one in suite.graders_of(test))
    )
    if silent:
        tests = "1 test does" if len(silent) == 1 else f"{len(silent)} tests do"
        yield SuiteFinding(
            f"{tests} not say what is expected and will be ungraded",
            silent,
            "give `expected`, or name the graders that can do without",
        )


def _same_inputs(suite: Suite) -> Iterable[SuiteFinding]:
    same: dict[Digest, list[Test]] = defaultdict(list)
    for test in suite.tests:
        same[test.asks].append(test)
    for tests in same.values():
        if len(tests) < 2:
            continue
        ids = tuple(test.id for test in tests)
        by_graders: dict[tuple[str, ...], set[Digest]] = defaultdict(set)
        for test in tests:
            by_graders[test.graders].add(digest_of(test.expected))
        if any(len(answers) > 1 for answers in by_graders.values()):
            yield SuiteFinding(
                f"{len(tests)} tests ask the same and expect different answers: no target can pass them all",
                ids,
                "decide which is right, or accept both with `any_of`",
            )
        else:
            yield SuiteFinding(
                f"{len(tests)} tests ask the same: intervals treat them as one",
                ids,
                "use `repeats` instead",
            )


def _clusters(suite: Suite) -> Iterable[SuiteFinding]:
    members: dict[str, list[str]] = defaultdict(list)
    for test in suite.tests:
        members[test.draw].append(test.id)
    if len(members) == 1 and len(suite.tests) > 1:
        yield SuiteFinding(
            "all tests belong to one cluster: no interval can be given", tuple(next(iter(members.values())))
        )
    else:
        for name, ids in members.items():
            if len(ids) * 2 > len(suite.tests) and len(ids) > 1:
                yield SuiteFinding(
                    f"{len(ids)} of {len(suite.tests)} tests belong to the cluster `{name}`: "
                    "it decides the figures",
                    tuple(ids),
                    "add tests of other clusters",
                )


def _slices(suite: Suite) -> Iterable[SuiteFinding]:
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for test in suite.tests:
        for key, value in test.slices.items():
            members[key, value].append(test.id)
    for (key, value), ids in sorted(members.items()):
        if len(ids) < THIN_SLICE:
            tests = "1 test" if len(ids) == 1 else f"{len(ids)} tests"
            yield SuiteFinding(
                f"the slice {key}={value} has {tests}: too few to say how good it is", tuple(ids)
            )
