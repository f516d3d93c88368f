"""Pictures of what cases did by day, and times as people say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from roadworthy.server import charts
from roadworthy.server.looks import words

_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
_PARTS: Final = (("automatic", "automatic"), ("person", "by a person"), ("nobody", "by nobody"))
REASONS: Final[Mapping[str, str]] = {
    "confidence": "Confidence too low",
    "certificate": "No valid certificate",
    "autonomy": "The charter says so",
    "budget": "Budget is spent",
    "policy": "A policy asks for it",
    "asked": "The workflow asks",
    "error": "An error on the way",
    "holdout": "Kept by lot",
    "no release": "No release at work",
    "begun again": "Begun again",
    "nothing proposed": "Nothing proposed",
    "refused": "Everything refused",
    "edited": "Edited by a person",
    "not known whether felt": "Perhaps it was felt",
    "to be put right": "To be put right",
    "rows that may be one": "Rows that may be one",
    "spot check": "Spot check",
}
"""Short enough to stand beside a bar."""
CAUSES: Final[Mapping[str, str]] = {
    "effect_unknown": "Nobody knows whether an effect was felt",
    "effect_dead": "An effect could not be sent",
    "parked": "Parked by a stop or a halt",
    "handed over": "Handed to a person",
}


def seconds(value: float | None) -> str:
    """A length of time with at most two digits that matter: `40 s`, `2.5 h`."""
    if value is None:
        return "–"
    for size, unit in _UNITS:
        if value >= size:
            shown = value / size
            return f"{shown:.0f} {unit}" if shown >= 10 else f"{shown:.1f} {unit}".replace(".0 ", " ")
    return f"{value * 1_000:.0f} ms"


def minutes(value: float | None) -> str:
    """Minutes as hours from two hours on; a minus where people spent more than before."""
    if value is None:
        return "–"
    sign, size = ("−" if value < 0 else ""), abs(value)
    return f"{sign}{size / 60:,.0f} h" if size >= 120 else f"{sign}{size:,.0f} min"


def reason(what: str) -> str:
    """Why a person was asked, as a sentence."""
    return REASONS.get(what, what)


def cause(what: str) -> str:
    """What went wrong; a code stays a code."""
    return CAUSES.get(what, what)


def volume(rows: Sequence[Mapping[str, Any]], slots: str) -> Markup:
    """Columns of ended cases by who handled them."""
    told = [(said, [row[part] for row in rows]) for part, said in _PARTS]
    return charts.stacked(
        [f"{row['slot'][11:]}:00" if slots == "hour" else row["slot"] for row in rows],
        [(said, values) for said, values in told if any(values)],
        name=f"Cases that ended, by {slots} (UTC) and by who handled them",
        unit="cases",
    )


def why_people(parts: Sequence[Mapping[str, Any]]) -> Markup:
    """Bars of the reasons for which people were asked."""
    whole = sum(part["count"] for part in parts)
    several = {part["what"] for part in parts if sum(one["what"] == part["what"] for one in parts) > 1}
    rows = [
        (
            f"{reason(part['what'])} ({words(part['kind']).rstrip('?').lower()})"
            if part["what"] in several
            else reason(part["what"]),
            part["count"],
        )
        for part in parts
    ]
    return charts.bars(rows, name="Reasons for reviews", unit="reviews", total=whole)


def stars(told: Mapping[str, Any]) -> Markup:
    """Bars of one to five stars."""
    rows = [(f"{star} star{'s' if star != '1' else ''}", n) for star, n in told["stars"].items()]
    return charts.bars(rows, name="Ratings", unit="ratings", total=told["count"])


def times(told: Mapping[str, Any]) -> Markup:
    """Bars of ended cases by how long they took."""
    buckets = told["buckets"]
    filled = [place for place, bucket in enumerate(buckets) if bucket["cases"]]
    shown = buckets[filled[0] :] if filled else []
    rows = [
        (
            f"up to {seconds(bucket['up_to_s'])}" if bucket["up_to_s"] is not None else "longer",
            bucket["cases"],
        )
        for bucket in shown
    ]
    return charts.bars(
        rows, name="Ended cases by their time from intake to end", unit="cases",
        total=sum(bucket["cases"] for bucket in buckets), most=len(rows) or 1,
    )  # fmt: skip


def budget_bars(budgets: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """What is left of each budget in percent; what is overspent many times over is told as spent twice."""
    return [
        (f"{one['use_case']}, {one['objective']}", round(max(-1.0, one["share"]) * 100)) for one in budgets
    ]


FILTERS: Final = {
    "budget_bars": budget_bars,
    "volume": volume,
    "why_people": why_people,
    "star_bars": stars,
    "time_bars": times,
    "seconds": seconds,
    "minutes": minutes,
    "cause": cause,
}
