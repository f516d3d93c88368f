"""What every chart is made of: shapes, the drawing with its name and description, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from roadworthy.server.charts.figures import legible, trim


def rect(x: float, y: float, width: float, height: float, look: str = "") -> Markup:
    """A rectangle in the units of its drawing; the look is a class of charts.css."""
    kind = Markup(' class="{}"').format(look) if look else Markup("")
    return Markup('<rect{} x="{}" y="{}" width="{}" height="{}"/>').format(
        kind, trim(x), trim(y), trim(width), trim(height)
    )


def svg(kind: str, wide: float, high: float, name: str, described: str, shapes: Sequence[Markup]) -> Markup:
    """The drawing itself, stretched to the width there is, with its name and description for who cannot see it."""
    return Markup(
        '<svg class="{}" role="img" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        "<title>{}</title><desc>{}</desc>{}</svg>"
    ).format(kind, trim(wide), trim(high), legible(name), described, Markup("").join(shapes))


def table(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """The numbers a chart is drawn from, folded beneath it."""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(one) for one in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return Markup(
        '<details><summary>As a table</summary><table><caption class="unseen">{}</caption>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></details>"
    ).format(legible(name), head, body)


def figure(inner: Markup) -> Markup:
    """A drawing, its axis, legend and table as one thing on the page."""
    return Markup('<figure class="chart">{}</figure>').format(inner)


def nothing(name: str) -> Markup:
    """What stands where a chart would be if there is nothing to draw."""
    return Markup('<p class="quiet">No data to draw: {}.</p>').format(legible(name))


def ends(first: str, last: str, between: str = "") -> Markup:
    """What stands under a drawing: where it begins, what lies between, where it ends."""
    middle = Markup("<span>{}</span>").format(between) if between else ""
    return Markup('<p class="axis" aria-hidden="true"><span>{}</span>{}<span>{}</span></p>').format(
        first, middle, last
    )


def legend(entries: Sequence[tuple[str, object]]) -> Markup:
    """Look and label of each part."""
    return Markup('<ul class="legend">{}</ul>').format(
        Markup("").join(Markup('<li><i class="key {}"></i>{}</li>').format(*one) for one in entries)
    )
