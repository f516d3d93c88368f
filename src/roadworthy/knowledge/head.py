"""What is stated about a document beside its text: in its own head, or by the folder that it lies in."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from roadworthy.knowledge.access import Access
from roadworthy.placed import Page, Path
from roadworthy.policy import Marking
from roadworthy.policy.marking import ANY

CLASSES: Final = ("public", "internal", "personal", "special")
ARCHIVED: Final = "archived"
NAMES: Final = (
    "title", "topic", "language", "owner", "origin", "updated", "valid_from", "valid_until", "valid_days",
    "status", "facts", "access", "groups", "class", "data_class", "purposes", "region", "subjects",
)  # fmt: skip
"""Everything that may be stated. `groups` and `data_class` say the same as `access` and `class`."""
_LONGEST_TEXT = 500
_MOST = 200
_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Head:
    """What is stated; everything else is left to what lies further out.

    ``groups``: who may read it; an empty set: nobody; ``any``: no group is asked for; None: not stated.
    ``subjects``: the people it is about, by whatever name the source has for them. ``valid_days`` count from
    ``updated``.
    """

    title: str = ""
    topic: str = ""
    language: str = ""
    owner: str = ""
    origin: str = ""
    region: str = ""
    status: str = ""
    updated: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    valid_days: int | None = None
    data_class: int | None = None
    groups: frozenset[str] | Literal["any"] | None = None
    purposes: frozenset[str] | None = None
    subjects: frozenset[str] | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def over(self, outer: Head) -> Head:
        """What this one states, and for the rest what the outer one does.

        Facts are never taken over: two documents may not share them without saying so. A date until which the
        document is valid stands above a number of days.
        """
        stated = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if getattr(self, each.name) not in (None, "")
        }
        if self.valid_until is not None and self.valid_days is None:
            stated["valid_days"] = None
        if self.valid_days is not None and self.valid_until is None:
            stated["valid_until"] = None
        return replace(outer, **stated)

    @property
    def expires(self) -> date | None:
        """The last day of its validity, where a date or days from a known date say so."""
        if self.valid_until is not None or self.valid_days is None or self.updated is None:
            return self.valid_until
        try:
            return self.updated + timedelta(days=self.valid_days)
        except OverflowError:
            return date.max

    def as_json(self) -> dict[str, object]:
        """The same for two heads that state the same."""
        return {
            each.name: sorted(value) if isinstance(value, frozenset) else str(value)
            for each in fields(self)
            if (value := getattr(self, each.name)) is not None
        }


def access_of(head: Head, given: Access, subjects: frozenset[str], *, untrusted: bool) -> Access:
    """What a document demands: what its head states, else what is given for documents that state nothing.

    ``subjects`` are the pseudonyms of ``head.subjects``. ``untrusted``: whatever the source, this text is not.
    Errors: ``ValueError`` where class and purposes contradict each other.
    """
    was = given.marking
    groups = given.groups if head.groups is None else None if head.groups == "any" else head.groups
    return Access(
        Marking(
            origin="untrusted" if untrusted else was.origin,
            data_class=was.data_class if head.data_class is None else head.data_class,
            region=head.region or was.region,
            purposes=was.purposes if head.purposes is None else head.purposes,
            subjects=was.subjects if head.subjects is None else subjects,
        ),
        groups,
    )


def read_head(values: Mapping[Any, Any], page: Page, path: Path = (), *, titled: bool = False) -> Head:
    """The head that some fields state. What is wrong with them is said on the page, with its place.

    Fields of other programs are welcome. A misspelt one of ours is told: it would be a promise not kept.
    ``titled``: a title has to be among them.
    """
    fields_ = _Fields(values, page, path)
    head = Head(
        **{
            name: fields_.text(name)
            for name in ("topic", "language", "owner", "origin", "region", "status")
        },
        title=fields_.text("title", required=titled),
        updated=fields_.day("updated"),
        valid_from=fields_.day("valid_from"),
        valid_until=fields_.day("valid_until"),
        valid_days=fields_.days("valid_days"),
        data_class=fields_.data_class(),
        groups=fields_.groups(),
        purposes=fields_.names("purposes"),
        subjects=fields_.names("subjects"),
        facts=fields_.facts(),
    )
    if head.purposes is not None and not head.purposes:
        fields_.wrong("purposes", "`purposes` names none", hint="write `any`, or leave it out")
    fields_.check_names()
    return head


@dataclass(frozen=True, slots=True)
class _Fields:
    values: Mapping[Any, Any]
    page: Page
    path: Path

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.values.get(name)
        if isinstance(value, str | int | float | bool) and str(value).strip():
            return " ".join(str(value).split())[:_LONGEST_TEXT]
        if value not in (None, ""):
            self.wrong(name, f"`{name}` is no text")
        elif required:
            self.page.say(f"`{name}` is missing", place=(1, 1) if self.page.places else None)
        return ""

    def day(self, name: str) -> date | None:
        value = self.values.get(name)
        if isinstance(value, datetime):
            return value.date()
        if value in (None, "") or isinstance(value, date):
            return value or None
        try:
            return datetime.fromisoformat(str(value)).date()
        except ValueError:
            self.wrong(name, f"`{name}` is no date such as 2026-03-05")
            return None

    def days(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None or (
            isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_DAYS
        ):
            return value
        self.wrong(name, f"`{name}` is no number of days from 1 to {_MOST_DAYS}")
        return None

    def data_class(self) -> int | None:
        name = self._one_of("class", "data_class")
        value = self.values.get(name)
        if value in (None, ""):
            return None
        if isinstance(value, str) and value.strip().lower() in CLASSES:
            return CLASSES.index(value.strip().lower())
        if str(value).strip() in ("0", "1", "2", "3") and not isinstance(value, bool):
            return int(value)
        self.wrong(name, f"`{name}` is one of 0 to 3 or {', '.join(CLASSES)}")
        return None

    def groups(self) -> frozenset[str] | Literal["any"] | None:
        name = self._one_of("access", "groups")
        if str(self.values.get(name)).strip().lower() == ANY:
            return "any"
        return self.names(name)

    def names(self, name: str) -> frozenset[str] | None:
        """A list of words; in a row of a table one text with commas."""
        value = self.values.get(name)
        if name not in self.values:
            return None
        # A column that is empty in one row states nothing, except for whom it is: then for nobody.
        if not self.page.places and (value is None or (value == "" and name in ("purposes", "subjects"))):
            return None
        if isinstance(value, str):
            value = [one for one in value.split(",") if one.strip()]
        if isinstance(value, tuple | set | frozenset):
            value = list(value)
        plain = isinstance(value, list) and all(
            isinstance(one, str | int) and not isinstance(one, bool) and str(one).strip() for one in value
        )
        if not plain or not isinstance(value, list) or len(value) > _MOST:
            # Left empty is not nobody: in YAML `access:` looks like a question that was not answered.
            self.wrong(
                name, f"`{name}` is a list of at most {_MOST} names, such as `[staff]`; `[]` names none"
            )
            return None
        return frozenset(str(one).strip() for one in value)

    def facts(self) -> Mapping[str, object]:
        stated = self.values.get("facts")
        if stated in (None, ""):
            return {}
        plain = str | int | float | bool | date
        if not isinstance(stated, dict) or not all(isinstance(value, plain) for value in stated.values()):
            self.wrong("facts", "`facts` are names with one value each, such as `{fee_eur: 1.50}`")
            return {}
        return {
            str(name): str(value) if isinstance(value, date) else value for name, value in stated.items()
        }

    def check_names(self) -> None:
        for name in map(str, self.values):
            close = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.8) if len(name) < 40 else []
            if name not in NAMES and close:
                self.wrong(name, f"unknown field `{name}`", hint=f"did you mean `{close[0]}`?")

    def _one_of(self, name: str, other: str) -> str:
        if name in self.values and other in self.values:
            self.wrong(other, f"`{name}` and `{other}` say the same", hint="keep one of them")
        return name if name in self.values else other

    def wrong(self, name: str, message: str, *, hint: str = "") -> None:
        self.page.say(message, (*self.path, name), hint)
