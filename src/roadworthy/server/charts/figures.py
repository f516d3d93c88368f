"""Figures and labels as charts write them: four digits that count, nothing hidden, nothing that is no number."""

from __future__ import annotations

import math
import unicodedata

_HIDDEN = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def legible(value: object, most: int = 60) -> str:
    """Text from outside so that all of it can be seen: on one line, cut, and nothing in it hidden.

    Controls, marks that turn the direction of writing and characters without a width are shown by their
    number (`⟨202E⟩`): they are found in bad data, and must not rearrange the page.
    """
    text = str(value)
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short if short.isprintable() else "".join(_seen(one) for one in short)


def _seen(one: str) -> str:
    if one in "\n\r\t":
        return "⏎" if one == "\n" else "⇥" if one == "\t" else "␍"
    if (
        one in _HIDDEN
        or unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}
        or ord(one) & 0xFFFE == 0xFFFE
    ):
        return f"⟨{ord(one):04X}⟩"
    return one


def number(value: float | None) -> str:
    """A figure with four digits that count: `12,340`, `0.01235`, `1.2e+300`; `–` for none."""
    figure = finite(value)
    if figure is None:
        return "–"
    if figure == 0:
        return "0"
    size = math.floor(math.log10(abs(figure)))
    if size >= 15 or size < -4:
        return f"{figure:.3g}"
    if isinstance(value, int) or figure == int(figure):
        return f"{int(figure):,}"
    text = f"{figure:,.{max(0, 3 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def finite(value: object) -> float | None:
    """A figure as a finite float; text is read, and what is none gives None."""
    if value is None or isinstance(value, bool):
        return None
    try:
        figure = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return figure if math.isfinite(figure) else None


def place_of(value: float, low: float, high: float) -> float:
    """Where a value lies between two others, 0 to 1; in the middle if they are one. Halved: no overflow."""
    span = high / 2 - low / 2
    return min(1.0, max(0.0, (value / 2 - low / 2) / span)) if span > 0 else 0.5


def percent(part: float) -> str:
    """`43.2 %`; what is not all, or not nothing, is never shown as if it were."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    if 0.999 < part < 1:
        return "> 99.9 %"
    return f"{part * 100:.1f} %".replace(".0 %", " %")


def part_of(figure: float, whole: float) -> str:
    """A figure and its share: `12 (43.2 %)`; without a share if the whole is nothing."""
    return f"{number(figure)} ({percent(figure / whole)})" if whole > 0 else number(figure)


def with_unit(unit: str, value: float | None) -> str:
    """A figure with its unit: `12 min`; `–` for none."""
    return f"{number(value)} {unit}".strip() if value is not None else "–"


def edge(label: str) -> str:
    """Where an axis begins or ends: a long number is rounded, any other label shown as it is, cut."""
    figure = finite(label)
    # A year or a code is written as it is: 2019, not 2,019.
    plain = figure is None or (len(label) <= 6 and label.lstrip("-").isdecimal())
    return legible(label, 24) if plain else number(figure)


def trim(value: float) -> str:
    """A coordinate with at most two decimals: nobody sees more, and pages stay small."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
