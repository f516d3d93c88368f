"""The questions about an idea, asked one at a time in the terminal or through a pipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadworthy.business.assessment import FORM, Assessment
from roadworthy.business.questions import QUESTIONS, Field, Kind, Question
from roadworthy.business.reading import from_json
from roadworthy.business.spoken import form_of_field, spoken, written
from roadworthy.business.writing import with_answers
from roadworthy.cli.judging import write_over
from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem, Problem
from roadworthy.placed import fit

LONGEST = 2_000
KEYS = "enter keeps what stands in [ ] or leaves it empty · ? help · unknown · clear · back · skip the question · quit"
UNSOURCED = "said in the terminal, source not stated yet"
_PLACED = "somebody"


class _Stop(Exception):
    """The person leaves, or the input ends."""


class _Back(Exception):
    """The person wants the step before."""


class _Skip(Exception):
    """The person leaves this question as it stands."""


@dataclass(slots=True)
class Form:
    """One assessment while it is filled in. ``ask`` shows a prompt and gives a line, EOFError at the end."""

    file: Path
    idea: str
    title: str
    answers: dict[str, dict[str, Any]]
    out: Output
    ask: Callable[[str], str]
    last_owner: str = ""
    last_source: str = ""

    def run(self, *, all_of_it: bool) -> bool:
        """Ask everything that is open, or all of it; True where the end was reached.

        What was answered is written to the file after each question, so that a crash loses one at most.
        """
        steps = [one for one in QUESTIONS if all_of_it or not one.complete(self.answers.get(one.id, {}))]
        if not steps:
            return True
        self.out.say(KEYS, "dim")
        place = 0
        try:
            while place < len(steps):
                try:
                    self.question(steps[place])
                    place += 1
                except _Back:
                    # Back before the first open question leads into the answered ones.
                    if place:
                        place -= 1
                    elif before := QUESTIONS.index(steps[0]):
                        steps.insert(0, QUESTIONS[before - 1])
                    else:
                        self.out.say("  this is the first question", "yellow")
        except _Stop:
            self.save()
            return False
        return True

    def question(self, question: Question) -> None:
        """One question: its fields, then who says so and from where."""
        number = QUESTIONS.index(question) + 1
        self.out.say(f"\n{number}/{len(QUESTIONS)} {question.ask}", "bold")
        self.out.say(f"  {question.why} Not known: {question.unknown}.", "dim")
        told = self.answers.setdefault(question.id, {})
        try:
            self.fields(question, told)
        except _Skip:
            pass
        finally:
            if self.known(told):
                # Whoever leaves in the middle keeps what was said, and the file can be read again.
                told["owner"] = told.get("owner") or self.last_owner
                told["source"] = told.get("source") or UNSOURCED
            elif not told:
                self.answers.pop(question.id, None)
        self.save()

    def fields(self, question: Question, told: dict[str, Any]) -> None:
        """The fields of a question in order, and back; then who vouches."""
        place = 0
        while place <= len(question.fields):
            try:
                if place < len(question.fields):
                    self.field(question, question.fields[place], told)
                else:
                    self.vouch(told)
                place += 1
            except _Back:
                if not place:
                    raise
                place -= 1

    def field(self, question: Question, one: Field, told: dict[str, Any]) -> None:
        """One field, asked until what is said can be read."""
        while True:
            line = self.line(f"  {one.ask} ({_form(one)}){_now(told.get(one.id))}: ", one)
            if line == "":
                return
            if line == "clear":
                told.pop(one.id, None)
                return
            value = "unknown" if line == "unknown" else self.value(one, line)
            problems = self.problems(question, {**told, one.id: value})
            if not problems:
                told[one.id] = value
                return
            for problem in problems:
                hint = f"; {problem.hint}" if problem.hint else ""
                self.out.say(f"    {problem.message}{hint}", "yellow")

    def vouch(self, told: dict[str, Any]) -> None:
        """Who answers for it and where it is from; not asked where nothing is known."""
        if not self.known(told):
            return
        for name, ask in (
            ("owner", "who says so"),
            ("source", "where it is from, such as a report and its day"),
        ):
            last = self.last_owner if name == "owner" else self.last_source
            now = str(told.get(name) or last)
            while True:
                line = self.line(f"  {ask}{_now(now or None)}: ", None) or now
                if line and line != "unknown":
                    break
                self.out.say("    every answer names its owner and its source", "yellow")
            told[name] = line
            if name == "owner":
                self.last_owner = line
            else:
                self.last_source = line

    @staticmethod
    def known(told: Mapping[str, Any]) -> bool:
        """At least one field says something."""
        return any(
            value not in (None, "unknown")
            for name, value in told.items()
            if name not in ("owner", "source")
        )

    def line(self, prompt: str, one: Field | None) -> str:
        """A line; help, back, skip and quit are dealt with here."""
        while True:
            try:
                line = fit(self.ask(prompt).strip(), LONGEST)
            except EOFError:
                raise _Stop from None
            if line == "quit":
                raise _Stop
            if line == "back":
                raise _Back
            if line == "skip":
                raise _Skip
            if line != "?":
                return line
            self.help(one)

    def help(self, one: Field | None) -> None:
        """What can be answered, with an example."""
        if one is None:
            self.out.say("    a name or a line of text", "cyan")
            return
        self.out.say(f"    example: {one.example}", "cyan")
        if one.ranged:
            self.out.say(
                "    one figure, or three: low, middle, high; one time in ten it is below the low one, one in ten above the high one",
                "cyan",
            )
        if one.kind is Kind.TICKS:
            from roadworthy.business.shipped import shipped_lists

            for tick in shipped_lists().named(*one.options).values():
                self.out.say(f"    {tick.id}: {tick.says} ({tick.clause})", "cyan")
        for column in one.columns:
            options = f" ({', '.join(column.options)})" if column.options else ""
            self.out.say(f"    {column.id}: {column.ask}{options}", "cyan")

    def value(self, one: Field, line: str) -> Any:
        """The line as the file would hold it; what cannot be read is left to the reader, who says why."""
        if one.kind is Kind.ROWS:
            return "none" if line == "none" else self.rows(one, line)
        return spoken(one, line)

    def rows(self, one: Field, first: str) -> list[dict[str, Any]]:
        """Rows, each started by its name and filled column by column; an empty name ends them."""
        found: list[dict[str, Any]] = []
        name = first
        while name:
            row: dict[str, Any] = {"name": name}
            for column in one.columns[1:]:
                line = self.line(f"    {name}: {column.ask} ({_form(column)}): ", column)
                row[column.id] = line if not line or line == "unknown" else self.value(column, line)
            found.append({key: value for key, value in row.items() if value != ""})
            name = self.line("    the next one, or enter where that was all: ", one)
        return found

    def problems(self, question: Question, told: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with an answer, alone and beside the others."""
        checked = {"owner": _PLACED, "source": _PLACED, **told}
        checked = {
            name: value or _PLACED if name in ("owner", "source") else value
            for name, value in checked.items()
        }
        others = {
            name: {
                **answer,
                "owner": answer.get("owner") or _PLACED,
                "source": answer.get("source") or _PLACED,
            }
            for name, answer in self.answers.items()
        }
        try:
            from_json(self.document({**others, question.id: checked}))
        except InputProblem as problem:
            return list(problem.problems)
        return []

    def document(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The assessment as a file holds it."""
        return {"assessment": FORM, "idea": self.idea, "title": self.title, "answers": dict(answers)}

    def save(self) -> None:
        """Write what was answered; in one step, so that a reader never sees half a file."""
        write_over(self.file, with_answers(self.idea, self.title, self.answers))


def form_of(file: Path, told: Assessment, out: Output, ask: Callable[[str], str]) -> Form:
    """The form with the answers of an assessment."""
    form = Form(file, told.idea, told.title, told.answers_as_json(), out, ask)
    owners = [answer.owner for answer in told.answers.values() if answer.owner]
    form.last_owner = owners[-1] if owners else ""
    return form


def _form(one: Field) -> str:
    if one.kind is Kind.TICKS:
        return "none, or names with commas; ? lists them"
    return "none, or the name of the first one" if one.kind is Kind.ROWS else form_of_field(one)


def _now(value: Any) -> str:
    shown = written(value)
    return f" [{shown}]" if shown else ""
