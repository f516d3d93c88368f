"""Recorded cases as tests of a suite: by reference, their content stays where it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import Outcome
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused
from roadworthy.evaluation import Suite, Test
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.ports.evaluating import Reference
from roadworthy.principal import Principal, require
from roadworthy.quantities import canonical

MOST_EXPECTED: Final = 100_000
"""Bytes of an expectation as JSON."""
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class AddedTest:
    """The test that a case became. ``again``: the suite had it already."""

    reference: Reference
    again: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """A suite that can be asked. ``erased`` names the tests that dropped out with their data subject."""

    suite: Suite
    erased: tuple[str, ...]


def case_to_test(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    key: str,
    suite: str,
    *,
    expected: object = None,
) -> AddedTest:
    """Make a recorded case a test of a suite. Its input is not copied; what is expected is sealed beside it.

    Expected is the true answer on record; ``expected``, a JSON value, where none is. The id of the test is
    that of the case. Run twice: the second finds the first.

    Errors: ``NotFound`` RW-MIRROR-010 for an unknown key; ``InputProblem`` RW-MIRROR-011 where nothing says
    what is right, or what is given is no JSON value to keep; ``Conflict`` RW-MIRROR-012 where sources
    contradict each other or what is given, RW-MIRROR-013 where the suite expects something else of the
    case; ``Refused`` RW-VAULT-001 once the data subject was erased.
    """
    # A test decides about releases, and its results show content: reading the list of cases is not enough.
    require(principal, "case.read_content", use_case=use_case)
    check_words(_LONGEST_NAME, suite=suite)
    if not suite:
        raise InputProblem("RW-MIRROR-011", Problem("expected the name of a suite", place="suite"))
    with deployment.store.write() as tx:
        case = deployment.store.cases.by_key(tx, use_case, key)
        if case is None:
            raise NotFound(
                "RW-MIRROR-010",
                Problem(
                    f"no case `{key}` of `{use_case}`", hint="`roadworthy cases list` shows the newest"
                ),
            )
        deployment.vault.open(tx, case.input)
        wanted = _expected(deployment.store.cases.outcomes(tx, case.id), expected)
        known = _known(deployment, tx, case, suite)
        if known is not None:
            if canonical(deployment.vault.open(tx, known.expected)["value"]) != canonical(wanted):
                raise Conflict(
                    "RW-MIRROR-013",
                    Problem(f"the suite `{suite}` expects something else of case `{key}`"),
                    hint="take the test out of the suite, then add it again",
                )
            return AddedTest(known, again=True)
        sealed = deployment.vault.seal(tx, case.subject, {"value": wanted})
        reference = Reference(
            use_case=use_case,
            suite=suite,
            case=case.id,
            test=case.id,
            expected=sealed.id,
            by=principal.id,
            at=deployment.now(),
        )
        if not deployment.store.evaluations.add_reference(tx, reference):
            raise Conflict("RW-MIRROR-013", f"case `{key}` was added in this moment", hint="ask again")
        deployment.record(
            tx,
            "test.added",
            principal.id,
            {"case": case.id, "use_case": use_case},
            {"suite": suite, "test": reference.test, "expected": sealed.id},
        )
    return AddedTest(reference, again=False)


def remove_test(deployment: Deployment, principal: Principal, use_case: str, key: str) -> int:
    """Take a case out of every suite; returns of how many. Again: 0.

    Errors: ``NotFound`` RW-MIRROR-010 for an unknown key.
    """
    require(principal, "case.read_content", use_case=use_case)
    with deployment.store.write() as tx:
        case = deployment.store.cases.by_key(tx, use_case, key)
        if case is None:
            raise NotFound("RW-MIRROR-010", f"no case `{key}` of `{use_case}`")
        dropped = deployment.store.evaluations.drop_references(tx, case.id)
        if dropped:
            deployment.record(
                tx,
                "test.removed",
                principal.id,
                {"case": case.id, "use_case": use_case},
                {"suites": dropped},
            )
    return dropped


def resolve(deployment: Deployment, tx: Transaction, suite: Suite, *, use_case: str) -> Resolved:
    """The suite with the cases that became its tests, and the inputs of all tests by reference.

    A test whose data subject was erased drops out: n is the number of tests that are left, and the digest
    is that of these. Tests of one data subject share a cluster.

    Errors: ``InputProblem`` RW-MIRROR-014 with every reference that names no case of this use case, and
    every id that a test of the file shares with one that was added.
    """
    added = {one.test: one for one in deployment.store.evaluations.references(tx, use_case, suite.name)}
    problems = [
        Problem(f"test `{test.id}` was also added from a recorded case", place=suite.name)
        for test in suite.tests
        if test.id in added and test.reference != added[test.id].case
    ]
    written = {test.id for test in suite.tests}
    tests = [*suite.tests, *(_test_of(one) for one in added.values() if one.test not in written)]
    erased: list[str] = []
    living: list[Test] = []
    for test in tests:
        if not test.reference:
            living.append(test)
            continue
        case = deployment.store.cases.get(tx, test.reference)
        if case is None or case.use_case != use_case:
            problems.append(
                Problem(
                    f"test `{test.id}`: `{test.reference}` is no case of `{use_case}`", place=suite.name
                )
            )
            continue
        try:
            living.append(_filled(deployment, tx, test, case, added.get(test.id)))
        except Refused:
            erased.append(test.id)
    if problems:
        raise InputProblem(
            "RW-MIRROR-014", problems, hint="a reference is the id of a case of this use case"
        )
    found = Suite.of(
        suite.name, living, suite.graders, repeats=suite.repeats, seed=suite.seed, note=suite.note
    )
    return Resolved(found, tuple(erased))


def _expected(outcomes: Sequence[Outcome], given: object) -> object:
    said = {outcome.truth for outcome in outcomes}
    by_source = "; ".join(f"`{one.source}` says `{one.truth}`" for one in _newest_first(outcomes))
    if len(said) > 1:
        raise Conflict(
            "RW-MIRROR-012",
            Problem(f"the outcomes on record contradict each other: {by_source}"),
            hint="settle which one is right; until then the case can be no test",
        )
    if given is None:
        if not said:
            raise InputProblem(
                "RW-MIRROR-011",
                Problem("no outcome says what would have been right", place="expected"),
                hint="say what is expected, or record the outcome first",
            )
        return said.pop()
    try:
        size = len(canonical(given))
    except ValueError:
        raise InputProblem("RW-MIRROR-011", Problem("expected a JSON value", place="expected")) from None
    if size > MOST_EXPECTED:
        raise InputProblem(
            "RW-MIRROR-011",
            Problem(f"found {size} bytes, at most {MOST_EXPECTED} are kept", place="expected"),
        )
    # Only a label can contradict a label: anything else is expected beside the true answer.
    if said and isinstance(given, str) and given not in said:
        raise Conflict(
            "RW-MIRROR-012",
            Problem(f"what is given contradicts the outcome on record: {by_source}"),
            hint="leave `expected` out, or have the outcome put right",
        )
    return given


def _newest_first(outcomes: Sequence[Outcome]) -> Iterable[Outcome]:
    return sorted(outcomes, key=lambda one: one.at, reverse=True)


def _known(deployment: Deployment, tx: Transaction, case: CaseRecord, suite: str) -> Reference | None:
    found = deployment.store.evaluations.references(tx, case.use_case, suite)
    return next((one for one in found if one.case == case.id), None)


def _test_of(reference: Reference) -> Test:
    return Test(id=reference.test, input={}, reference=reference.case)


def _filled(
    deployment: Deployment, tx: Transaction, test: Test, case: CaseRecord, added: Reference | None
) -> Test:
    """Errors: ``Refused`` RW-VAULT-001 once the subject was erased."""
    data = deployment.vault.open(tx, case.input)
    expected = test.expected
    if expected is None and added is not None:
        expected = deployment.vault.open(tx, added.expected)["value"]
    slices = test.slices or ({"slice": case.slice} if case.slice else {})
    return replace(test, input=data, expected=expected, cluster=test.cluster or case.subject, slices=slices)
