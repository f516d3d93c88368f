"""Suites: tests with what is expected of them, and the graders that say whether it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from roadworthy.evaluation.grade import Grader
from roadworthy.quantities import Digest


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


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests and graders under one name. ``digest`` covers all of it, in any order of the tests."""

    name: str
    tests: tuple[Test, ...]
    graders: tuple[Grader, ...]
    digest: Digest
    repeats: int = 1
    seed: int = 1
    note: str = ""
