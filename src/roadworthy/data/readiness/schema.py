"""The schema of the readiness report, one JSON document, and the proof that a value has its form.

Every text in it may come from outside and is no markup. What is personal in it was masked when it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypedDict, cast, get_args, get_origin, get_type_hints, is_typeddict

from roadworthy.errors import InputProblem, Problem

SCHEMA_VERSION = 1
_MOST_PROBLEMS = 20

Pair = list[str | int]
"""A label and a number of rows."""


class Verdict(TypedDict):
    """Whether the data are ready, and the verdict as one sentence."""

    ready: bool
    sentence: str


class Requirement(TypedDict):
    """One requirement. ``mark`` is pass, waived, hold, fail or not evaluated.

    Steps name it by ``id``, or by ``id:subject`` where several subjects are asked the same.
    """

    id: str
    asks: str
    subject: str
    mark: str
    reason: str
    next_step: str


class StepSection(TypedDict):
    """One step; see ``Step``."""

    what: str
    why: str
    kind: str
    source: str
    column: str
    rows: int
    minutes: int
    buys: list[str]
    nearer: list[str]
    command: str


class GuessSection(TypedDict):
    """How a file was understood; see ``Guess``."""

    format: str
    encoding: str
    delimiter: str
    quote: str
    header: bool | None
    sheet: str
    certain: bool


class FindingSection(TypedDict):
    """Something noticed while reading; see ``Finding``."""

    code: str
    message: str
    place: str
    hint: str
    rows: int


class ColumnSection(TypedDict):
    """One column; see ``ColumnProfile``. Pairs are lists of two.

    ``quantiles`` lie at 5, 25, 50, 75 and 95 %, or there are none. ``declared`` says whether the
    contract declares the personal data found here; None where none were found, or there is no contract.
    """

    name: str
    type: str
    rows: int
    nulls: int
    distinct: int
    distinct_exact: bool
    minimum: str | None
    maximum: str | None
    mean: float | None
    quantiles: list[float]
    histogram: list[Pair]
    frequent: list[Pair]
    masks: list[Pair]
    personal: dict[str, float]
    declared: bool | None


class CheckSection(TypedDict):
    """One check of the contract. ``verdict`` is pass, fail or not_evaluated.

    ``sample`` holds failing rows: each a row's number, or its columns by name with the number under ``row``.
    """

    id: str
    table: str
    column: str
    kind: str
    dimension: str
    severity: str
    verdict: str
    value: float | str | None
    bound: str
    rows: int
    failing_rows: int
    reason: str
    sample: list[Any]


class SuspectSection(TypedDict):
    """One cell that looks wrong, and what it is proposed to be."""

    row: int
    column: str
    value: str | None
    repair: str | None
    reason: str
    confidence: float


class SuspectsSection(TypedDict):
    """Cells that look wrong: how many, how many by rule, and some of them."""

    cells: int
    by_rule: list[Pair]
    sample: list[SuspectSection]


class DuplicatesSection(TypedDict):
    """Rows that are another row's duplicate, the groups they form, and pairs a person has to decide."""

    rows: int
    share: float
    clusters: int
    unclear_pairs: int


class FreshnessSection(TypedDict):
    """How old the newest row is (``newest``, an ISO 8601 time), and how old it may be."""

    age_seconds: float | None
    promised_seconds: float | None
    newest: str | None


class SourceSection(TypedDict):
    """One source."""

    name: str
    location: str
    owner: str
    steward: str
    system_of_record: list[str]
    rows: int
    sampled: int
    snapshot: str
    guess: GuessSection
    findings: list[FindingSection]
    columns: list[ColumnSection]
    checks: list[CheckSection]
    suspects: SuspectsSection
    duplicates: DuplicatesSection | None
    freshness: FreshnessSection | None


class Document(TypedDict):
    """The whole report."""

    schema_version: int
    title: str
    made_at: str
    use_case: str
    verdict: Verdict
    requirements: list[Requirement]
    steps: list[StepSection]
    sources: list[SourceSection]


def read(value: object) -> Document:
    """A document that was stored or sent, once it proved to have the form that ``Document`` draws.

    Fields it does not know are kept. Errors: ``InputProblem`` RW-DATA-602 with every place that has
    another form (the first twenty), RW-DATA-603 for another version of the schema.
    """
    version = value.get("schema_version") if isinstance(value, Mapping) else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        raise InputProblem(
            "RW-DATA-603",
            f"a report of schema version {SCHEMA_VERSION} expected, found version {version}",
            hint="make the report anew with this program",
        )
    problems: list[Problem] = []
    _fits(value, Document, "", problems)
    if problems:
        raise InputProblem("RW-DATA-602", problems, hint="make the report anew, it is not written by hand")
    return cast(Document, value)


_SIMPLE: Mapping[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}
_EXACT = frozenset((str, int, float, bool))
_WORDS: Mapping[Any, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


@cache
def _fields(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(value: object, kind: Any, place: str, problems: list[Problem]) -> None:
    """Note every place in which a value has not the form that a type draws."""
    if len(problems) >= _MOST_PROBLEMS or kind is Any:
        return
    if get_origin(kind) is UnionType:
        choices = get_args(kind)
        if value is None and NoneType in choices:
            return
        simple = [one for one in choices if one in _SIMPLE]
        if any(_is_simple(value, one) for one in simple):
            return
        kind = next(one for one in choices if one is not NoneType)
    if kind in _SIMPLE:
        if not _is_simple(value, kind):
            problems.append(_other(value, _WORDS[kind], place))
    elif kind == Pair:
        if not _fits_at_once(value, Pair):
            problems.append(_other(value, "a list of a text and a whole number", place))
    elif get_origin(kind) is list:
        if isinstance(value, list):
            inner = get_args(kind)[0]
            for number, one in enumerate(value):
                if not _fits_at_once(one, inner):
                    _fits(one, inner, f"{place}[{number}]", problems)
        else:
            problems.append(_other(value, "a list", place))
    elif not isinstance(value, Mapping):
        problems.append(_other(value, "an object", place))
    elif is_typeddict(kind):
        for name, inner in _fields(kind).items():
            if name in value and _fits_at_once(value[name], inner):
                continue
            where = f"{place}.{name}" if place else name
            if name in value:
                _fits(value[name], inner, where, problems)
            else:
                problems.append(Problem("this field is missing", place=where))
    else:
        for name, one in value.items():
            _fits(one, get_args(kind)[1], f"{place}.{name}", problems)


def _fits_at_once(value: object, kind: Any) -> bool:
    """Whether a value of a plain kind fits: most of a large report, told apart without naming its place."""
    if kind is Pair:
        return type(value) is list and len(value) == 2 and type(value[0]) is str and type(value[1]) is int
    return kind in _EXACT and type(value) is kind


def _is_simple(value: object, kind: Any) -> bool:
    return isinstance(value, _SIMPLE[kind]) and (kind is bool or not isinstance(value, bool))


def _other(value: object, expected: str, place: str) -> Problem:
    """What a place holds is not told: it may be personal."""
    found = {NoneType: "nothing", bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return Problem(
        f"{expected} expected, found {found.get(type(value), 'a number')}", place=place or "the report"
    )
