"""From the text of a suite file to a suite, with every problem at its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from roadworthy.errors import Problem
from roadworthy.evaluation.settings import Settings, read_settings
from roadworthy.evaluation.strict import NotJson, fit, parse_json, refuse, shown
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.quantities import digest_of

LONGEST_LINE = 1_000_000
MOST_TESTS = 200_000
LONGEST_NAME = 200
KNOWN = ("id", "input", "expected", "graders", "cluster", "slices", "reference", "note")


def parse_suite(name: str, jsonl_text: str, yaml_text: str | None = None, *, place: str) -> Suite:
    """Read ``evals/NAME.jsonl`` and the settings beside it. ``place`` is what the first is called in problems.

    One test a line: `id`, `input` (an object, or a text), `expected`, `graders`, `cluster`, `slices`,
    `reference` (a recorded case, then no input), `note`. A test without an id is named by a digest of
    what it asks and expects. Blank lines are skipped.

    Errors: ``InputProblem`` RW-EVAL-001 with all problems of both files, fifty of a flood and their number.
    """
    problems: list[Problem] = []
    settings = Settings()
    if yaml_text is not None:
        settings = read_settings(yaml_text, file=_beside(place), problems=problems)
    page = _Page(place, problems, settings)
    tests = [test for number, line in lines(jsonl_text) if (test := page.test(number, line)) is not None]
    if not tests and not problems:
        page.say("the suite is empty", 1, 'one test a line, such as {"input": "…", "expected": "…"}')
    if len(tests) > MOST_TESTS:
        page.say(f"found {len(tests)} tests, a suite has at most {MOST_TESTS}", 1)
    if problems:
        raise refuse("RW-EVAL-001", problems)
    return Suite.of(
        name, tests, settings.graders, repeats=settings.repeats, seed=settings.seed, note=settings.note
    )


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank. Only line feeds end lines: JSON texts may hold other separators."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = line.removesuffix("\r")
        if line and not line.isspace():
            yield number, line


def _beside(place: str) -> str:
    return place.removesuffix(".jsonl") + ".yaml"


@dataclass(slots=True)
class _Page:
    """A suite file while it is read."""

    place: str
    problems: list[Problem]
    settings: Settings
    seen: dict[str, int] = field(default_factory=dict)

    def say(self, message: str, line: int, hint: str = "", column: int = 1) -> None:
        """A problem of a line."""
        self.problems.append(Problem(fit(message, 300), self.place, line, column, hint))

    def test(self, number: int, line: str) -> Test | None:
        """The test of a line, or nothing where it has a problem."""
        if len(line) > LONGEST_LINE:
            self.say(f"found a line of {len(line)} characters, a test has at most {LONGEST_LINE}", number)
            return None
        try:
            value = parse_json(line)
        except NotJson as problem:
            self.say(str(problem), number, column=problem.column or 1)
            return None
        if not isinstance(value, dict):
            self.say(f"expected an object, found `{shown(value, 60)}`", number)
            return None
        before = len(self.problems)
        for name in value:
            if name not in KNOWN:
                self.say(f"unknown field `{fit(name, 60)}`", number, f"known here: {', '.join(KNOWN)}")
        reference = self._name(value, "reference", number)
        asked = self._input(value, reference, number)
        test = Test(
            id=self._id(value, asked, reference, number),
            input=asked,
            expected=value.get("expected"),
            graders=self._graders(value.get("graders"), number),
            cluster=self._name(value, "cluster", number),
            slices=self._slices(value.get("slices"), number),
            reference=reference,
            note=self._note(value, number),
        )
        if len(self.problems) > before:
            return None
        self.seen[test.id] = number
        return test

    def _input(self, value: Mapping[str, object], reference: str, number: int) -> dict[str, object]:
        asked = value.get("input")
        if reference:
            if asked is not None:
                self.say("has `input` and `reference`, expected one of them", number)
            return {}
        if isinstance(asked, str):
            return {self.settings.text_field: asked}
        if isinstance(asked, dict):
            return asked
        told = "`input` is missing" if asked is None else f"`input`: found `{shown(asked, 60)}`"
        self.say(f"{told}, expected an object or a text", number)
        return {}

    def _id(
        self, value: Mapping[str, object], asked: Mapping[str, object], reference: str, number: int
    ) -> str:
        given = value.get("id")
        if given is None:
            body = {"asks": reference or dict(asked), "expected": value.get("expected")}
            name = "t-" + digest_of(body).removeprefix("sha256:")[:16]
        else:
            whole = isinstance(given, int) and not isinstance(given, bool)
            name = str(given) if whole or isinstance(given, str) else ""
            if not _is_name(name):
                self.say(f"`id`: expected a short printable text, found `{shown(given, 60)}`", number)
                return ""
        if name in self.seen:
            what = f"the id `{name}` stands" if given is not None else "the same test stands"
            hint = "" if given is not None else "to ask one test several times set `repeats`"
            self.say(f"{what} on line {self.seen[name]} already", number, hint)
        return name

    def _name(self, value: Mapping[str, object], field_: str, number: int) -> str:
        given = value.get(field_)
        if given is None:
            return ""
        if isinstance(given, str) and _is_name(given):
            return given
        self.say(f"`{field_}`: expected a short printable text, found `{shown(given, 60)}`", number)
        return ""

    def _note(self, value: Mapping[str, object], number: int) -> str:
        note = value.get("note", "")
        if isinstance(note, str):
            return note
        self.say(f"`note`: expected a text, found `{shown(note, 60)}`", number)
        return ""

    def _graders(self, given: object, number: int) -> tuple[str, ...]:
        if given is None:
            return ()
        if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
            self.say(f"`graders`: expected a list of names, found `{shown(given, 60)}`", number)
            return ()
        for name in given:
            if name not in self.settings.named:
                there = ", ".join(sorted(self.settings.named)) or "none"
                self.say(f"`graders`: there is no grader `{fit(name, 60)}`", number, f"there are {there}")
        if len(set(given)) != len(given):
            self.say("`graders`: a name stands twice", number)
        return tuple(given)

    def _slices(self, given: object, number: int) -> dict[str, str]:
        if given is None:
            return {}
        if isinstance(given, dict) and all(
            _is_name(key) and isinstance(one, str) and _is_name(one) for key, one in given.items()
        ):
            return given
        self.say(
            f"`slices`: expected an object of short texts, found `{shown(given, 60)}`",
            number,
            '`{"language": "de"}`',
        )
        return {}


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and not text.isspace()


def suite_as_jsonl(tests: Sequence[Test]) -> str:
    """Tests as the lines of a suite file; read again they are the same tests."""
    return "".join(json.dumps(test.as_json(), ensure_ascii=False) + "\n" for test in tests)
