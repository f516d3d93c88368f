"""A plan as JSON and back, so that people can read it, change it and keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from roadworthy.data.matching.normal import Form
from roadworthy.data.matching.plan import (
    Block,
    Comparison,
    Key,
    MatchColumn,
    MatchPlan,
    Measure,
    Mode,
    Part,
)
from roadworthy.data.matching.roles import Role
from roadworthy.errors import InputProblem, Problem

_Word = TypeVar("_Word", bound=StrEnum)
_T = TypeVar("_T")


def as_json(plan: MatchPlan) -> dict[str, Any]:
    """The plan in the words a person edits it with. Reading it again gives the same plan."""
    return {
        "tables": list(plan.tables),
        "mode": plan.mode.value,
        "columns": [
            {
                "name": one.name,
                "sources": list(one.sources),
                "role": one.role.value,
                "form": None if one.form is None else one.form.value,
                "hard": one.hard,
                "why": one.why,
            }
            for one in plan.columns
        ],
        "comparisons": [
            {
                "name": one.name,
                "columns": list(one.columns),
                "measure": one.measure.value,
                "levels": list(one.levels),
                "frequency": one.frequency,
                "individual": one.individual,
            }
            for one in plan.comparisons
        ],
        "blocks": [
            {
                "keys": [{"column": key.column, "part": key.part.value} for key in one.keys],
                "pairs": one.pairs,
            }
            for one in plan.blocks
        ],
        "training": [list(rule) for rule in plan.training],
        "prior": plan.prior,
        "companions": plan.companions,
        "exclusive": plan.exclusive,
        "most_pairs": plan.most_pairs,
        "automatic_from": plan.automatic_from,
        "review_from": plan.review_from,
    }


def from_json(
    document: object, *, tables: Sequence[Sequence[str]] | None = None, place: str = ""
) -> MatchPlan:
    """The plan a document holds, checked; against the columns of its tables where these are given.

    Errors: ``InputProblem`` RW-DATA-401 with everything that is wrong: first what cannot be read, then what
            does not fit together.
    """
    reader = _Reader(place)
    plan = reader.plan(document)
    if reader.problems:
        raise InputProblem("RW-DATA-401", reader.problems)
    plan.check(tables)
    return plan


class _Reader:
    """Reads on after a problem, so that all of them are told at once."""

    def __init__(self, place: str) -> None:
        self.problems: list[Problem] = []
        self._root = place

    def plan(self, document: object) -> MatchPlan:
        top = self._object(document, "", _PLAN)
        return MatchPlan(
            tables=self._list(top.get("tables"), "tables", self._text),
            mode=self._word(top.get("mode"), "mode", Mode) or Mode.DEDUPE,
            columns=self._list(top.get("columns"), "columns", self._column),
            comparisons=self._list(top.get("comparisons"), "comparisons", self._comparison),
            blocks=self._list(top.get("blocks"), "blocks", self._block),
            training=self._list(
                top.get("training", []), "training", lambda one, at: self._list(one, at, self._text)
            ),
            prior=self._number(top.get("prior"), "prior", none=True),
            companions=self._number(top.get("companions", 0.0), "companions", none=True),
            exclusive=self._flag(top.get("exclusive"), "exclusive", none=True),
            most_pairs=self._whole(top.get("most_pairs", 2_000_000), "most_pairs"),
            automatic_from=self._number(top.get("automatic_from", 0.95), "automatic_from") or 0.0,
            review_from=self._number(top.get("review_from", 0.5), "review_from") or 0.0,
        )

    def _column(self, document: object, place: str) -> MatchColumn:
        one = self._object(document, place, _COLUMN)
        return MatchColumn(
            name=self._text(one.get("name"), f"{place}.name"),
            sources=self._list(
                one.get("sources"),
                f"{place}.sources",
                lambda source, at: None if source is None else self._text(source, at, empty=True),
            ),
            role=self._word(one.get("role"), f"{place}.role", Role) or Role.IGNORE,
            form=None if one.get("form") is None else self._word(one.get("form"), f"{place}.form", Form),
            hard=bool(self._flag(one.get("hard", False), f"{place}.hard")),
            why=self._text(one.get("why", ""), f"{place}.why", empty=True),
        )

    def _comparison(self, document: object, place: str) -> Comparison:
        one = self._object(document, place, _COMPARISON)
        return Comparison(
            name=self._text(one.get("name"), f"{place}.name"),
            columns=self._list(one.get("columns"), f"{place}.columns", self._text),
            measure=self._word(one.get("measure"), f"{place}.measure", Measure) or Measure.EXACT,
            levels=self._list(
                one.get("levels", []), f"{place}.levels", lambda bound, at: self._number(bound, at) or 0.0
            ),
            frequency=bool(self._flag(one.get("frequency", False), f"{place}.frequency")),
            individual=bool(self._flag(one.get("individual", False), f"{place}.individual")),
        )

    def _block(self, document: object, place: str) -> Block:
        one = self._object(document, place, ("keys", "pairs"))
        return Block(
            self._list(one.get("keys"), f"{place}.keys", self._key),
            self._whole(one.get("pairs", 0), f"{place}.pairs"),
        )

    def _key(self, document: object, place: str) -> Key:
        one = self._object(document, place, ("column", "part"))
        return Key(
            self._text(one.get("column"), f"{place}.column"),
            self._word(one.get("part", Part.WHOLE.value), f"{place}.part", Part) or Part.WHOLE,
        )

    def _tell(self, message: str, place: str, hint: str = "") -> None:
        self.problems.append(Problem(message, place=".".join(filter(None, (self._root, place))), hint=hint))

    def _object(self, document: object, place: str, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(document, Mapping):
            self._tell(f"an object expected, found {_kind(document)}", place)
            return {}
        for name in document:
            if name not in known:
                self._tell(f"`{str(name)[:60]}` is unknown", place, f"known: {', '.join(known)}")
        return document

    def _list(self, document: object, place: str, read: Callable[[object, str], _T]) -> tuple[_T, ...]:
        if not isinstance(document, (list, tuple)):
            self._tell(f"a list expected, found {_kind(document)}", place)
            return ()
        return tuple(read(one, f"{place}[{at}]") for at, one in enumerate(document))

    def _text(self, document: object, place: str, *, empty: bool = False) -> str:
        if isinstance(document, str) and (document or empty):
            return document
        self._tell(f"a text expected, found {_kind(document)}", place)
        return ""

    def _word(self, document: object, place: str, words: type[_Word]) -> _Word | None:
        if isinstance(document, str) and document in {one.value for one in words}:
            return words(document)
        said = f"`{document[:60]}`" if isinstance(document, str) else _kind(document)
        self._tell(f"found {said}", place, f"expected one of: {', '.join(one.value for one in words)}")
        return None

    def _number(self, document: object, place: str, *, none: bool = False) -> float | None:
        if none and document is None:
            return None
        if isinstance(document, (int, float)) and not isinstance(document, bool) and abs(document) < 1e12:
            return float(document)
        self._tell(f"a number expected, found {_kind(document)}", place)
        return None

    def _whole(self, document: object, place: str) -> int:
        if isinstance(document, int) and not isinstance(document, bool) and 0 <= document < 2**53:
            return document
        self._tell(f"a whole number expected, found {_kind(document)}", place)
        return 0

    def _flag(self, document: object, place: str, *, none: bool = False) -> bool | None:
        if isinstance(document, bool) or (none and document is None):
            return document
        self._tell(f"yes or no expected, found {_kind(document)}", place)
        return None


_PLAN = (
    "tables", "mode", "columns", "comparisons", "blocks", "training", "prior", "companions", "exclusive", "most_pairs",
    "automatic_from", "review_from",
)  # fmt: skip
_COLUMN = ("name", "sources", "role", "form", "hard", "why")
_COMPARISON = ("name", "columns", "measure", "levels", "frequency", "individual")


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    kinds = {
        bool: "yes or no",
        str: "a text",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return kinds.get(type(value), "something else")
