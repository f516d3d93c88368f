"""From the text of ``assessment.yaml`` to an assessment, with every problem at its line and column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from roadworthy.business.assessment import FORM, UNKNOWN, Answer, Assessment, Held, Range, Row
from roadworthy.business.contradictions import contradictions
from roadworthy.business.page import ordered
from roadworthy.business.questions import BY_ID, QUESTIONS, Field, Kind, Question
from roadworthy.business.shipped import shipped_lists
from roadworthy.charter.parts import DURATION
from roadworthy.errors import InputProblem
from roadworthy.placed import LONGEST_MESSAGE, Page, Path, fit, near
from roadworthy.quantities import Cost

MOST_ROWS = 100
WIDEST = 1000.0
"""A range whose ends are further apart than this factor says that the figure is unknown."""
LARGEST = 1e12
_TOP = ("assessment", "idea", "title", "answers")
_SAME = ("owner", "source")
_NAME_RULE = "lower-case letters, digits, `-` and `_`, a letter first, at most 63"


def read_assessment(text: str | bytes, *, file: str, accounts: Collection[str] | None = None) -> Assessment:
    """Read an assessment. ``file`` is only named in problems; ``accounts`` are the people who may own answers.

    Money has a currency and all amounts have the same one. A field may be left out, be ``unknown``, or be
    a range ``{p10, p50, p90}`` where its question allows one.

    Edge:   without ``accounts`` any name may own an answer.
    Errors: ``InputProblem`` RW-BUSINESS-001 (no YAML mapping) or RW-BUSINESS-002 (wrong content, answers
            that contradict one another), all problems at once with line and column.
    """
    page = Page(file)
    data = page.read(
        text, expected="expected a mapping with `idea`, `title` and `answers`", called="an assessment"
    )
    if data is None:
        raise InputProblem("RW-BUSINESS-001", ordered(page))
    return _assessment(data, page, accounts)


def from_json(value: object, *, place: str = "assessment") -> Assessment:
    """An assessment from the value that ``as_json`` gave.

    Errors: ``InputProblem`` RW-BUSINESS-002 with all problems at once.
    """
    page = Page(place)
    if not isinstance(value, Mapping):
        page.say("expected an object with `idea`, `title` and `answers`")
        raise InputProblem("RW-BUSINESS-002", ordered(page))
    return _assessment(value, page, None)


def blank(idea: str = "my-idea") -> str:
    """A file with every question and field, their help as comments; read back it has no answer."""
    lines = [
        "# An idea, assessed before any model is built. Fill in what you know; leave the rest empty, or write",
        "# `unknown` where you asked and nobody knows. Every answer names its owner and its source.",
        "# Figures may be single (12) or ranges ({p10: 8, p50: 12, p90: 20}): one time in ten it is below p10,",
        "# one in two below p50, nine in ten below p90. Amounts have a currency (1200 EUR), all the same one.",
        f"assessment: {FORM}",
        f"idea: {idea}",
        "title: What people call it",
        "answers:",
    ]
    group = ""
    for number, question in enumerate(QUESTIONS, start=1):
        if question.group != group:
            group = question.group
            lines += ["", f"  # ── {group} ──"]
        lines += ["", *_blank_question(number, question)]
    return "\n".join(lines) + "\n"


def _blank_question(number: int, question: Question) -> list[str]:
    lines = [
        f"  # {number}. {question.ask}",
        f"  # Why: {question.why} Unknown: {question.unknown}.",
        f"  {question.id}:",
        "    owner:  # who answers for this answer",
        "    source:  # where it is from: a report, a count, an interview and its day",
    ]
    for one in question.fields:
        if one.kind is Kind.TICKS:
            lines.append(f"    # {one.ask}: `none`, or a list of")
            ticks = shipped_lists().named(*one.options).values()
            lines += [f"    #   {tick.id}: {tick.says} ({tick.clause})" for tick in ticks]
        shown = f"{one.ask}; one of: {', '.join(one.options)}" if one.kind is Kind.CHOICE else one.ask
        lines += [f"    {one.id}:  # {shown}. Example: {one.example}"]
        lines += [
            f"    #   {column.id}: {column.ask}"
            + (f"; one of: {', '.join(column.options)}" if column.options else "")
            for column in one.columns
        ]
    return lines


@dataclass(slots=True)
class _Reader:
    """What is gathered while the answers are read."""

    page: Page
    accounts: Collection[str] | None
    amounts: list[tuple[str, Path]] = field(default_factory=list)

    def answer(self, question: Question, told: Any) -> Answer | None:
        path: Path = ("answers", question.id)
        if told is None:
            return None
        if told == UNKNOWN.value:
            return Answer("", "", {one.id: UNKNOWN for one in question.fields})
        if not isinstance(told, Mapping):
            self.page.say(f"`{question.id}`: expected `owner`, `source` and the fields of the answer", path)
            return None
        known = (*_SAME, *(one.id for one in question.fields))
        for name in told:
            if name not in known:
                self.page.say(
                    f"unknown field `{fit(str(name), 60)}`", (*path, name), near(str(name), known)
                )
        fields = {
            one.id: value
            for one in question.fields
            if (value := self.field(one, told.get(one.id), (*path, one.id))) is not None
        }
        owner, source = (
            self.line(told[name], (*path, name), name) if told.get(name) is not None else ""
            for name in _SAME
        )
        answer = Answer(owner, source, fields)
        self._vouched(question, answer, path)
        return answer if fields or answer.owner or answer.source else None

    def _vouched(self, question: Question, answer: Answer, path: Path) -> None:
        if not answer.known:
            return
        for name, value in zip(_SAME, (answer.owner, answer.source), strict=True):
            if not value or value == UNKNOWN.value:
                what = "who answers for it" if name == "owner" else "where it is from"
                self.page.say(f"`{question.id}.{name}` is missing, expected {what}", path)
        if self.accounts is not None and answer.owner and answer.owner not in self.accounts:
            hint = near(answer.owner, sorted(self.accounts)) if self.accounts else ""
            self.page.say(f"`{answer.owner}` has no account", (*path, "owner"), hint)

    def field(self, one: Field, told: Any, path: Path) -> Held | None:
        """What a field holds; None where it is empty or wrong."""
        if told is None:
            return None
        if told == UNKNOWN.value:
            return UNKNOWN
        if one.ranged:
            return self.range(one, told, path)
        if one.kind is Kind.ROWS:
            return self.rows(one, told, path)
        if one.kind in {Kind.TICKS, Kind.TEXTS}:
            return self.words(one, told, path)
        return self.plain(one, told, path)

    def plain(self, one: Field, told: Any, path: Path) -> str | bool | float | date | None:
        if one.kind is Kind.YES_NO:
            if isinstance(told, bool):
                return told
            self._wrong(path, "yes or no", told)
            return None
        if one.kind is Kind.NUMBER:
            if _is_number(told):
                return float(told)
            self._wrong(path, "a number", told)
            return None
        if one.kind is Kind.DATE:
            try:
                return date.fromisoformat(str(told))
            except ValueError:
                self._wrong(path, "a day such as 2027-06-30", told)
                return None
        if one.kind is Kind.CHOICE:
            # YAML reads a bare yes as true, a bare no as false.
            word = {True: "yes", False: "no"}.get(told, told) if isinstance(told, bool) else told
            if word in one.options:
                return str(word)
            self._wrong(path, f"one of {', '.join(one.options)}", told, near(str(told), one.options))
            return None
        if one.kind is Kind.DURATION and not (told == "never" or DURATION.fullmatch(str(told))):
            self._wrong(path, "a span such as 24h or 365d, or never", told)
            return None
        return self.line(told, path, str(path[-1])) or None

    def line(self, told: Any, path: Path, name: str) -> str:
        if isinstance(told, bool) or not isinstance(told, str | int | float):
            self.page.say(f"`{name}`: expected a text, found a {type(told).__name__}", path)
            return ""
        return fit(str(told).strip(), LONGEST_MESSAGE)

    def range(self, one: Field, told: Any, path: Path) -> Range | None:
        if not isinstance(told, Mapping):
            value = self.figure(one, told, path)
            return None if value is None else Range(value, value, value)
        names = ("p10", "p50", "p90")
        for name in told:
            if name not in names:
                self.page.say(
                    f"unknown field `{fit(str(name), 60)}`", (*path, name), near(str(name), names)
                )
        ends = []
        for name in names:
            if told.get(name) is None:
                self.page.say(f"`{path[-1]}`: `{name}` is missing", path, "a range is {p10, p50, p90}")
            elif (value := self.figure(one, told[name], (*path, name))) is not None:
                ends.append(value)
        if len(ends) < len(names):
            return None
        low, middle, high = ends
        if not low <= middle <= high:
            self.page.say(
                f"`{path[-1]}`: a range runs upward, found p10 {low:g}, p50 {middle:g}, p90 {high:g}", path
            )
            return None
        if one.kind is not Kind.SHARE and high > WIDEST * (low or middle) > 0:
            self.page.say(
                f"`{path[-1]}`: p90 is more than {WIDEST:g} times {'p10' if low else 'p50'}, which says that it is not known",
                path,
                "write `unknown`, or ask somebody who can narrow it",
            )
            return None
        return Range(low, middle, high)

    def figure(self, one: Field, told: Any, path: Path) -> float | None:
        """One figure of a field, not negative."""
        if one.kind is Kind.MONEY:
            amount = self._amount(told, path)
        elif _is_number(told):
            amount = float(told)
        else:
            self._wrong(path, "a number", told)
            return None
        if amount is None:
            return None
        if amount < 0:
            self._wrong(path, "no less than 0", told)
            return None
        if one.kind is Kind.SHARE and amount > 1:
            self._wrong(path, "a share from 0 to 1", told, "30 % is 0.3")
            return None
        if amount > LARGEST:
            self._wrong(path, f"at most {LARGEST:g}", told)
            return None
        return amount

    def _amount(self, told: Any, path: Path) -> float | None:
        try:
            cost = Cost.parse(str(told))
        except ValueError:
            self._wrong(path, "an amount with its currency such as `1200 EUR`", told)
            return None
        self.amounts.append((cost.currency, path))
        return cost.nano / 1e9

    def words(self, one: Field, told: Any, path: Path) -> tuple[str, ...] | None:
        if told == "none" or told == []:
            return ()
        if not isinstance(told, list) or not all(isinstance(word, str) for word in told):
            self._wrong(path, "`none` or a list of words", told)
            return None
        if one.kind is Kind.TICKS:
            known = shipped_lists().named(*one.options)
            for number, word in enumerate(told):
                if word not in known:
                    self.page.say(
                        f"`{fit(word, 60)}` is no entry of this list", (*path, number), near(word, known)
                    )
            return tuple(sorted({word for word in told if word in known}))
        return tuple(fit(word) for word in told[:MOST_ROWS])

    def rows(self, one: Field, told: Any, path: Path) -> tuple[Row, ...] | None:
        if told == "none" or told == []:
            return ()
        if not isinstance(told, list) or not all(isinstance(row, Mapping) for row in told):
            self._wrong(path, "`none` or a list of rows", told, f"such as {one.example}")
            return None
        if len(told) > MOST_ROWS:
            self._wrong(path, f"at most {MOST_ROWS} rows", len(told))
            return None
        names = [column.id for column in one.columns]
        found: list[Row] = []
        for number, row in enumerate(told):
            here = (*path, number)
            for name in row:
                if name not in names:
                    self.page.say(
                        f"unknown field `{fit(str(name), 60)}`", (*here, name), near(str(name), names)
                    )
            if not row.get("name"):
                self.page.say(f"`{path[-1]}`: a row without a `name`", here)
            held: dict[str, Any] = {}
            for column in one.columns:
                value = row.get(column.id)
                read = (
                    UNKNOWN
                    if value in (None, UNKNOWN.value)
                    else self.plain(column, value, (*here, column.id))
                )
                held[column.id] = UNKNOWN if read is None else read
            found.append(held)
        named = [row["name"] for row in found]
        for twice in sorted({str(name) for name in named if name is not UNKNOWN and named.count(name) > 1}):
            self.page.say(f"`{path[-1]}`: `{twice}` stands twice", path)
        return tuple(found)

    def _wrong(self, path: Path, expected: str, told: Any, hint: str = "") -> None:
        shown = (
            f"`{fit(str(told), 60)}`" if isinstance(told, str | int | float) else f"a {type(told).__name__}"
        )
        self.page.say(f"`{'.'.join(map(str, path[1:]))}`: expected {expected}, found {shown}", path, hint)


def _assessment(data: Mapping[str, Any], page: Page, accounts: Collection[str] | None) -> Assessment:
    reader = _Reader(page, accounts)
    for name in data:
        if name not in _TOP:
            page.say(f"unknown field `{fit(str(name), 60)}`", (name,), near(str(name), _TOP))
    if data.get("assessment") != FORM or isinstance(data.get("assessment"), bool):
        page.say(f"`assessment`: expected the version of the form, {FORM}", ("assessment",))
    idea, title = data.get("idea"), data.get("title")
    if not isinstance(idea, str) or not _is_name(idea):
        page.say(f"`idea`: expected a name of {_NAME_RULE}", ("idea",))
    if not isinstance(title, str) or not title.strip():
        page.say("`title`: expected what people call it", ("title",))
    told = data.get("answers")
    if told is not None and not isinstance(told, Mapping):
        page.say("`answers`: expected a mapping of questions", ("answers",))
        told = None
    told = told or {}
    for name in told:
        if name not in BY_ID:
            page.say(f"unknown question `{fit(str(name), 60)}`", ("answers", name), near(str(name), BY_ID))
    answers = {
        question.id: answer
        for question in QUESTIONS
        if (answer := reader.answer(question, told.get(question.id))) is not None
    }
    currency = _one_currency(reader)
    found = Assessment(str(idea), fit(str(title).strip()), currency, answers)
    for wrong in contradictions(found):
        page.say(wrong.message, ("answers", *wrong.path), wrong.hint)
    if page.problems:
        raise InputProblem("RW-BUSINESS-002", ordered(page))
    return found


def _one_currency(reader: _Reader) -> str:
    """The currency that most amounts have; the others are problems."""
    codes = [code for code, _ in reader.amounts]
    usual = max(codes, key=lambda code: (codes.count(code), -codes.index(code)), default="")
    for code, path in reader.amounts:
        if code != usual:
            reader.page.say(
                f"`{'.'.join(map(str, path[1:]))}`: found {code}, the other amounts are in {usual}",
                path,
                f"convert it to {usual}",
            )
    return usual


def _is_name(text: str) -> bool:
    return (
        len(text) <= 63
        and text[:1].isascii()
        and text[:1].islower()
        and all(
            letter.isascii() and (letter.islower() or letter.isdigit() or letter in "-_") for letter in text
        )
    )


def _is_number(told: object) -> bool:
    # Compared, because NaN compares with nothing and a whole number may be too large for a float.
    return isinstance(told, int | float) and not isinstance(told, bool) and abs(told) <= 1e15
