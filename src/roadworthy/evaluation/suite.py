"""Suites: tests with what is expected of them, and the graders that say whether it came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from roadworthy.errors import Problem
from roadworthy.evaluation.grade import Grader
from roadworthy.evaluation.strict import Fields, fit, refuse
from roadworthy.quantities import Digest, digest_of


@dataclass(frozen=True, slots=True)
class Test:
    """One input with what is expected. ``id`` is unique in its suite.

    ``expected`` is a JSON value that graders read. Tests of one ``cluster`` (customer, thread, document)
    are not independent: intervals treat them as one draw. ``slices`` names the groups quality is looked at
    by. ``graders`` names graders of the suite; empty means all of them. A test by ``reference`` has no input
    of its own: it names a recorded case whose payload stays where it is.
    """

    __test__: ClassVar[bool] = False  # what it is called here is no class of tests for pytest

    id: str
    input: Mapping[str, object]
    expected: object = None
    graders: tuple[str, ...] = ()
    cluster: str = ""
    slices: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    note: str = ""

    @property
    def draw(self) -> str:
        """The cluster it belongs to; a test of none is one of its own."""
        return self.cluster or self.id

    @property
    def asks(self) -> Digest:
        """Digest of what the target is asked: tests with the same one ask the same."""
        return digest_of({"reference": self.reference} if self.reference else dict(self.input))

    def as_json(self) -> dict[str, object]:
        """The test as a line of a suite file; what is empty is left out."""
        found: dict[str, object] = {"id": self.id}
        if self.reference:
            found["reference"] = self.reference
        else:
            found["input"] = dict(self.input)
        if self.expected is not None:
            found["expected"] = self.expected
        if self.graders:
            found["graders"] = list(self.graders)
        if self.cluster:
            found["cluster"] = self.cluster
        if self.slices:
            found["slices"] = dict(self.slices)
        if self.note:
            found["note"] = self.note
        return found

    @classmethod
    def read(cls, fields: Fields) -> Test:
        """The test that ``as_json`` wrote; what is wrong is told to the fields."""
        slices = fields.mapping("slices")
        if not all(isinstance(one, str) for one in slices.values()):
            fields.say("`slices`: expected an object of texts")
        read = cls(
            fields.text("id"),
            fields.mapping("input"),
            fields.any("expected"),
            fields.texts("graders"),
            fields.text("cluster", ""),
            {key: str(one) for key, one in slices.items()},
            fields.text("reference", ""),
            fields.text("note", ""),
        )
        fields.done()
        return read


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests and graders under one name.

    ``digest`` covers tests and graders in any order, and neither notes nor how often and with which seed
    they are asked. Make one with ``of``, which computes it.
    """

    name: str
    tests: tuple[Test, ...]
    graders: tuple[Grader, ...]
    digest: Digest
    repeats: int = 1
    seed: int = 1
    note: str = ""

    @classmethod
    def of(
        cls,
        name: str,
        tests: Iterable[Test],
        graders: Iterable[Grader],
        *,
        repeats: int = 1,
        seed: int = 1,
        note: str = "",
    ) -> Suite:
        """A suite with its digest. Tests that ask the same are put into one cluster.

        Two tests with one input are one draw, whatever their clusters were: those become one as well.

        Errors: ``InputProblem`` RW-EVAL-002 for ids that stand twice, ``ValueError`` where an input or an
        expectation is no JSON value.
        """
        tests = tuple(tests)
        if twice := [one for one, times in Counter(test.id for test in tests).items() if times > 1]:
            raise refuse(
                "RW-EVAL-002",
                [
                    Problem(f"several tests of the suite `{fit(name, 60)}` have the id `{fit(one, 60)}`")
                    for one in twice
                ],
                "give each test an id of its own",
            )
        asks = [(test, test.asks) for test in tests]
        gathered = _gathered(asks)
        by = tuple(graders)
        body = {
            "tests": sorted(
                digest_of(
                    {
                        "id": test.id,
                        "asks": asked,
                        "expected": test.expected,
                        "graders": list(test.graders),
                        "cluster": test.cluster,
                        "slices": dict(test.slices),
                    }
                )
                for test, (_, asked) in zip(gathered, asks, strict=True)
            ),
            "graders": graders_digest(by),
        }
        return cls(name, gathered, by, digest_of(body), repeats, seed, note)

    @property
    def graders_digest(self) -> Digest:
        return graders_digest(self.graders)

    def graders_of(self, test: Test) -> tuple[Grader, ...]:
        """The graders that grade a test: those it names, else all."""
        if not test.graders:
            return self.graders
        return tuple(one for one in self.graders if one.name in test.graders)

    def grader(self, name: str) -> Grader | None:
        """The grader of this name."""
        return next((one for one in self.graders if one.name == name), None)


def graders_digest(graders: Sequence[Grader]) -> Digest:
    """Digest of how answers are graded, in any order of the graders. Instruments have digests of their own."""
    return digest_of(sorted((one.as_json() for one in graders), key=lambda one: str(one["name"])))


def _gathered(asks: Sequence[tuple[Test, Digest]]) -> tuple[Test, ...]:
    """Tests with one input share one cluster, and so do all tests of the clusters this joins."""
    same: dict[Digest, list[Test]] = defaultdict(list)
    for test, asked in asks:
        same[asked].append(test)
    doubled = {asked: tests for asked, tests in same.items() if len(tests) > 1}
    if not doubled:
        return tuple(test for test, _ in asks)
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for asked, tests in doubled.items():
        # A name that depends on the input alone, so that the order of the tests does not decide it.
        names = {test.cluster for test in tests if test.cluster} or {f"same input {asked[7:19]}"}
        first, *others = sorted(names)
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    named = {
        asked: root(min({test.cluster for test in tests if test.cluster} or {f"same input {asked[7:19]}"}))
        for asked, tests in doubled.items()
    }
    return tuple(
        replace(test, cluster=named.get(asked) or (root(test.cluster) if test.cluster else ""))
        for test, asked in asks
    )
