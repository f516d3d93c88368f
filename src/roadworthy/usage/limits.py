"""The budgets above use cases, as the operator's file states them: one for the platform, one for each unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from roadworthy.errors import InputProblem
from roadworthy.placed import Page, near
from roadworthy.quantities import Cost
from roadworthy.usage.budget import Level

MOST_PROBLEMS = 100
_FIELDS = ("platform", "units")
_UNIT = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Limits:
    """Monthly limits in nano-units. None, and units that are not named: no limit."""

    platform: int | None = None
    units: Mapping[str, int] = field(default_factory=dict)

    def of(self, unit: str) -> dict[Level, int]:
        """What holds above the use cases of a unit."""
        found = {} if self.platform is None else {Level.PLATFORM: self.platform}
        if unit in self.units:
            found[Level.UNIT] = self.units[unit]
        return found


def read_limits(text: str | bytes, *, file: str) -> Limits:
    """Read ``budgets.yaml``: ``platform: 500.00 EUR``, and under ``units`` an amount for each.

    Errors: ``InputProblem`` RW-BUDGET-020 with every problem, its line and column.
    """
    page = Page(file)
    found = page.read(text, expected="expected `platform` and `units`", called="such a file")
    limits = Limits()
    if found is not None:
        for name in found:
            if name not in _FIELDS:
                page.say(f"`{name}` is not known", (name,), hint=near(name, _FIELDS))
        platform = _amount(page, found["platform"], ("platform",)) if "platform" in found else None
        units = found.get("units") or {}
        if not isinstance(units, dict):
            page.say("expected a mapping of units to amounts", ("units",))
            units = {}
        limits = Limits(platform, {name: _unit(page, name, value) for name, value in units.items()})
    if page.problems:
        raise InputProblem("RW-BUDGET-020", page.in_order(MOST_PROBLEMS))
    return limits


def _unit(page: Page, name: str, value: Any) -> int:
    if not _UNIT.fullmatch(name):
        page.say(f"`{name}` is no name of a unit: small letters, digits, `_` and `-`", ("units", name))
    return _amount(page, value, ("units", name))


def _amount(page: Page, value: Any, path: tuple[str | int, ...]) -> int:
    try:
        cost = Cost.parse(str(value))
    except ValueError:
        page.say(f"`{value}` is no amount", path, hint="such as `500.00 EUR`")
        return 0
    if cost.currency != _CURRENCY:
        page.say(f"usage is counted in {_CURRENCY}", path)
    if cost.nano < 0:
        page.say("a budget is not below nothing", path)
    return cost.nano
