"""The roadmap of a use case as one HTML file, to read on a screen and to print."""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.gate.roadmap import Roadmap
from roadworthy.gate.scaling import At, Limit
from roadworthy.server.standalone import standalone_page

_STYLES = ("style.css", "charts.css", "report.css")
_SIGNS = {True: "✓", False: "✗", None: "?"}
_WORDS = {True: "holds", False: "breaks", None: "not known"}


def roadmap_page(made: Roadmap, notes: Mapping[str, str]) -> str:
    """What stands, what is missing, in which order, and how it scales; ``notes`` by the id of an answer.

    Holds:   every text is text on the page, whatever it looks like; nothing is fetched and nothing runs.
    """
    page = {
        "made": made,
        "notes": notes,
        "multiples": [f"{at.multiple}×" for limit in made.scale.limits[:1] for at in limit.at],
        "limits": [(limit, [_cell(limit, at) for at in limit.at]) for limit in made.scale.limits],
    }
    return standalone_page("roadmap.html", _STYLES, page)


def _cell(limit: Limit, at: At) -> tuple[str, str]:
    """A sign with its figure, and the sign in words."""
    figure = "" if at.value is None else figure_of(at.value, limit.unit)
    return f"{_SIGNS[at.holds]} {figure}".strip(), _WORDS[at.holds]


def figure_of(value: float, unit: str) -> str:
    """A figure as short as it can be read."""
    if unit.startswith("share"):
        return f"{value:.0%}"
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
