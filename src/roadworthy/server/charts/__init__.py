"""Charts as inline SVG: they take the page's colours, print, and need no script.

Each carries a name and a description for those who do not see it, and its numbers as a table. Shapes
stretch with the page and hold no text; what is to be read stands beside them as text. Whatever comes
in, a figure that is no finite number is left out and said to be, and nothing becomes markup.
"""

from roadworthy.server.charts.amounts import (
    LEAST,
    MOST_BARS,
    MOST_BINS,
    bars,
    bullet,
    distribution,
    share_bar,
)
from roadworthy.server.charts.columns import MOST_COLUMNS, MOST_SERIES, stacked
from roadworthy.server.charts.figures import legible, number
from roadworthy.server.charts.lines import MOST_LINES, MOST_POINTS, Point, line, several, sparkline

__all__ = [
    "LEAST",
    "MOST_BARS",
    "MOST_BINS",
    "MOST_COLUMNS",
    "MOST_LINES",
    "MOST_POINTS",
    "MOST_SERIES",
    "Point",
    "bars",
    "bullet",
    "distribution",
    "legible",
    "line",
    "number",
    "several",
    "share_bar",
    "sparkline",
    "stacked",
]
