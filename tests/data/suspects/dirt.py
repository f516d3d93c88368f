"""Dirt with a known truth: wrong cells put into clean tables from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Table = dict[str, list[str]]
Cell = tuple[int, str]

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d %B %Y")
_OTHER_DATES = ("%Y-%m-%d", "%d %b %Y", "%Y/%m/%d", "%b %d, %Y")


@dataclass(frozen=True, slots=True)
class Dirty:
    """A dirtied table, and the truth: each wrong cell with its right value and the kind of its error."""

    table: Table
    right: dict[Cell, str]
    kind: dict[Cell, str]


def dirtied(clean: Table, seed: int, *, share: float = 0.03, kinds: tuple[str, ...] = ()) -> Dirty:
    """Put errors into about ``share`` of the cells: a few kinds per column, as real columns have.

    A change that leaves the cell as it was, or that the kind cannot make of this value, is none.
    """
    chance = random.Random(seed)
    table = {name: list(cells) for name, cells in clean.items()}
    right: dict[Cell, str] = {}
    kind_of: dict[Cell, str] = {}
    for name, cells in clean.items():
        able = [kind for kind in (kinds or KINDS) if _can(kind, cells, chance)]
        if not able:
            continue
        chosen = chance.sample(able, min(len(able), chance.choice((1, 2, 2, 3))))
        # Some columns are dirtier than others, some are clean.
        part = share * chance.choice((0.0, 0.3, 0.7, 1.0, 1.5, 2.5))
        state = {kind: random.Random(chance.random()) for kind in chosen}
        for row, value in enumerate(cells):
            if chance.random() >= part:
                continue
            kind = chance.choice(chosen)
            new = KINDS[kind](value, cells, state[kind])
            if new is not None and new != value:
                table[name][row] = new
                right[row, name] = value
                kind_of[row, name] = kind
    return Dirty(table, right, kind_of)


def retold(clean: Table, seed: int, *, columns: tuple[str, ...], entity: str, share: float) -> Dirty:
    """Sources that tell the same wrong: in ``share`` of the cells of an entity one of its few false values stands.

    Some cells are left out instead, some entities are told right by all.
    """
    chance = random.Random(seed)
    table = {name: list(cells) for name, cells in clean.items()}
    right: dict[Cell, str] = {}
    for name in columns:
        rumours: dict[str, list[str]] = {}
        wrong: dict[str, float] = {}
        for row, whose in enumerate(clean[entity]):
            if whose not in rumours:
                rumours[whose] = [
                    "",
                    *(chance.choice(clean[name]) for _ in range(chance.choice((1, 2, 4, 8)))),
                ]
                wrong[whose] = share * chance.choice((0.0, 0.5, 1.0, 1.5, 2.0))
            if chance.random() < wrong[whose]:
                new = chance.choice(rumours[whose])
                if new != clean[name][row]:
                    table[name][row] = new
                    right[row, name] = clean[name][row]
    return Dirty(table, right, dict.fromkeys(right, "rumour"))


def _can(kind: str, cells: list[str], chance: random.Random) -> bool:
    looked = chance.sample(cells, min(60, len(cells)))
    able = sum(KINDS[kind](value, cells, chance) not in (None, value) for value in looked)
    return able > (0.03 if kind == "zero" else 0.5) * len(looked)


def _is_number(value: str) -> bool:
    return bool(re.fullmatch(r"\d{1,3}(,\d{3})+|-?\d+(\.\d+)?", value))


def _typo(value: str, _: list[str], chance: random.Random) -> str | None:
    letters = [at for at, char in enumerate(value) if char.isalpha()]
    if len(letters) < 3 or _is_number(value):
        return None
    at = chance.choice(letters)
    char = value[at].lower()
    row = next((row for row in _KEYS if char in row), "etaoin")
    near = row[min(len(row) - 1, max(0, row.find(char) + chance.choice((-1, 1))))]
    match chance.randrange(4):
        case 0:
            return value[:at] + near + value[at + 1 :]
        case 1:
            return value[:at] + value[at + 1 :]
        case 2:
            return value[:at] + near + value[at:]
        case _:
            return value[:at] + value[at + 1 : at + 2] + value[at] + value[at + 2 :]


def _garble(value: str, _: list[str], chance: random.Random) -> str | None:
    """One character, wherever it stands, overwritten by the same letter."""
    if len(value) < 3:
        return None
    victim = chance.choice([char for char in value if char != " "] or ["?"])
    return value.replace(victim, "z" if victim != "z" else "y") if victim.isalnum() else None


def _swap(value: str, cells: list[str], chance: random.Random) -> str | None:
    """Another row's value: right in form, wrong in place. Nothing tells in columns that no other depends on."""
    few = chance.sample(cells, min(200, len(cells)))
    if not value or not 3 <= len(set(few)) < 0.7 * len(few):
        return None
    other = chance.choice(cells)
    return other or None


def _empty(value: str, cells: list[str], _: random.Random) -> str | None:
    return "" if value and cells[:300].count("") < 6 else None


def _disguise(value: str, _: list[str], chance: random.Random) -> str | None:
    return chance.choice(("N/A", "-", "null", "?", "unknown", "NaN", "n/a")) if value else None


def _filler(value: str, _: list[str], __: random.Random) -> str | None:
    return "9999" if _is_number(value) and abs(float(value.replace(",", ""))) < 2000 else None


def _scale(value: str, _: list[str], chance: random.Random) -> str | None:
    if (
        not _is_number(value)
        or len(value) > 9
        or value.startswith("0")
        or (value.isdigit() and len(value) >= 5)
    ):
        return None
    number = float(value.replace(",", ""))
    return f"{number * chance.choice((100, 1000)):.{len(value.partition('.')[2])}f}" if number else None


def _sign(value: str, _: list[str], __: random.Random) -> str | None:
    return f"-{value}" if _is_number(value) and "." in value and float(value.replace(",", "")) > 0 else None


def _letter(value: str, _: list[str], chance: random.Random) -> str | None:
    """A letter that looks like the digit."""
    if not re.fullmatch(r"[\d.,\-/ ]{2,}", value):
        return None
    at = chance.choice([at for at, char in enumerate(value) if char.isdigit()])
    return value[:at] + chance.choice("oOlIxS") + value[at + 1 :]


def _date(value: str, _: list[str], chance: random.Random) -> str | None:
    for form in _DATES:
        try:
            day = datetime.strptime(value, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        other = chance.choice([one for one in _OTHER_DATES if one != form])
        return day.strftime(other)
    return None


def _no_day(value: str, _: list[str], __: random.Random) -> str | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return (
            value[:8] + "31"
            if value[5:7] in ("02", "04", "06", "09", "11")
            else value[:5] + "13" + value[7:]
        )
    return None


def _unit(value: str, _: list[str], chance: random.Random) -> str | None:
    if match := re.fullmatch(r"(\d+) (oz|min)", value):
        other = {"oz": (" OZ", " ounce", "oz.", ""), "min": (" minutes", " mins", "", "min.")}[match[2]]
        return match[1] + chance.choice(other)
    return f"{value} kg" if re.fullmatch(r"\d+\.\d+", value) else None


def _case(value: str, _: list[str], chance: random.Random) -> str | None:
    if sum(char.isalpha() for char in value) < 4 or len(value) > 40:
        return None
    return value.upper() if chance.random() < 0.5 and not value.isupper() else value.lower()


def _space(value: str, _: list[str], chance: random.Random) -> str | None:
    return chance.choice((f" {value}", f"{value} ", f"{value}\t", f"{value}\u00a0")) if value else None


def _zero(value: str, _: list[str], __: random.Random) -> str | None:
    """A spreadsheet took the code for a number."""
    return value.lstrip("0") if value.isdigit() and len(value) == 5 and value.startswith("0") else None


def _short(value: str, _: list[str], __: random.Random) -> str | None:
    return value[:-1] if re.fullmatch(r"\d{5}|[A-Z]{2}-\d{4}-\d\d|\(\d{3}\) \d{3}-\d{4}", value) else None


def _scramble(value: str, _: list[str], chance: random.Random) -> str | None:
    if sum(char.isalpha() for char in value) < 5:
        return None
    at = chance.choice([at for at, char in enumerate(value) if char.isalpha()])
    return value[:at] + chance.choice("éüöñàß").encode().decode("cp1252", "replace") + value[at + 1 :]


KINDS: dict[str, Callable[[str, list[str], random.Random], str | None]] = {
    "typo": _typo,
    "garble": _garble,
    "swap": _swap,
    "empty": _empty,
    "disguise": _disguise,
    "filler": _filler,
    "scale": _scale,
    "sign": _sign,
    "letter": _letter,
    "date": _date,
    "no-day": _no_day,
    "unit": _unit,
    "case": _case,
    "space": _space,
    "short": _short,
    "zero": _zero,
    "scramble": _scramble,
}
