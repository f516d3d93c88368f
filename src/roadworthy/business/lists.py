"""The tick lists: uses that the law names, each with its clause, source and date, read from a data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from roadworthy.business.page import ordered
from roadworthy.errors import InputProblem
from roadworthy.placed import Page, near

TIERS = ("prohibited", "high", "limited")
_LIST_FIELDS = ("tier", "applies_from", "entries")
_ENTRY_FIELDS = ("clause", "says", "applies_from")


@dataclass(frozen=True, slots=True)
class Tick:
    """One use that the law names, in our own words. Not legal advice."""

    id: str
    list: str
    tier: str
    clause: str
    says: str
    applies_from: date

    def as_json(self) -> dict[str, str]:
        """The tick as every door shows it."""
        return {
            "id": self.id,
            "list": self.list,
            "tier": self.tier,
            "clause": self.clause,
            "says": self.says,
            "applies_from": self.applies_from.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class TickLists:
    """All ticks of one version, with the source and the day it was read."""

    version: str
    notice: str
    source: str
    retrieved: date
    ticks: tuple[Tick, ...]

    def named(self, *lists: str) -> Mapping[str, Tick]:
        """The ticks of some lists by their id, in the order of the file."""
        return {tick.id: tick for tick in self.ticks if tick.list in lists}


def parse_lists(text: str, *, place: str) -> TickLists:
    """Read the file of tick lists.

    Errors: ``InputProblem`` RW-BUSINESS-011 with every problem of the file.
    """
    page = Page(place)
    data = page.read(text, expected="expected a mapping with `version` and `lists`") or {}
    heads = {name: _text(data, name, (), page) for name in ("version", "notice", "source")}
    retrieved = _day(data, "retrieved", (), page)
    ticks: list[Tick] = []
    lists = data.get("lists")
    if not isinstance(lists, dict) or not lists:
        page.say("expected `lists`, a mapping of tick lists", ("lists",))
        lists = {}
    for name, told in lists.items():
        ticks += _list(name, told, page)
    ids = [tick.id for tick in ticks]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        page.say(f"`{twice}` stands in two lists", ("lists",))
    if page.problems:
        raise InputProblem("RW-BUSINESS-011", ordered(page))
    return TickLists(
        heads["version"], heads["notice"], heads["source"], retrieved or date.min, tuple(ticks)
    )


def _list(name: str, told: Any, page: Page) -> list[Tick]:
    path = ("lists", name)
    if not isinstance(told, dict) or not isinstance(told.get("entries"), dict):
        page.say(f"`{name}`: expected `tier`, `applies_from` and `entries`", path)
        return []
    for other in set(told) - set(_LIST_FIELDS):
        page.say(f"unknown field `{other}`", (*path, other), near(other, _LIST_FIELDS))
    tier, since = told.get("tier"), _day(told, "applies_from", path, page)
    if tier not in TIERS:
        page.say(f"`tier`: expected one of {', '.join(TIERS)}, found `{tier}`", (*path, "tier"))
    found = []
    for key, entry in told["entries"].items():
        here = (*path, "entries", key)
        if not isinstance(entry, dict):
            page.say(f"`{key}`: expected `clause` and `says`", here)
            continue
        for other in set(entry) - set(_ENTRY_FIELDS):
            page.say(f"unknown field `{other}`", (*here, other), near(other, _ENTRY_FIELDS))
        own = _day(entry, "applies_from", here, page) if "applies_from" in entry else since
        clause, says = _text(entry, "clause", here, page), _text(entry, "says", here, page)
        found.append(Tick(key, name, str(tier), clause, says, own or date.min))
    return found


def _text(data: Mapping[str, Any], name: str, path: tuple[str, ...], page: Page) -> str:
    value = data.get(name)
    if isinstance(value, str) and value.strip():
        return value
    page.say(f"`{name}`: expected a text", (*path, name))
    return ""


def _day(data: Mapping[str, Any], name: str, path: tuple[str, ...], page: Page) -> date | None:
    try:
        return date.fromisoformat(str(data.get(name)))
    except ValueError:
        page.say(f"`{name}`: expected a day such as 2027-12-02", (*path, name))
        return None
