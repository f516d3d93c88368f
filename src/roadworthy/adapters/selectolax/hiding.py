"""Whether people see an element: by its style, as far as that can be told without laying the page out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from roadworthy.adapters.selectolax.colours import WHITE, Colour, colour

_LONGEST_STYLE: Final = 100_000
_NUMBER = re.compile(r"-?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})")
_LENGTH = re.compile(r"(-?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30}))([a-z%]{0,5})")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_IMPORTANT = re.compile(r"!\s*important\b")
_PIXELS: Final = {
    "": 1, "px": 1, "pt": 1.34, "pc": 16, "em": 16, "rem": 16, "ex": 8, "ch": 8, "cm": 38, "mm": 3.8, "in": 96,
    "vw": 12, "dvw": 12, "svw": 12, "lvw": 12, "vh": 8, "dvh": 8, "svh": 8, "lvh": 8, "vmin": 8, "vmax": 12, "%": 10,
}  # fmt: skip
"""About how many pixels a unit is, on a usual screen."""
_FAR = -300.0
"""Text that far to the left or above is in no window."""
_BEYOND = 5000.0
"""And that far to the right."""
_SMALLEST = 2.7
_TURN = re.compile(r"(translate|scale|rotate)(3d|x|y|z)?\(([^()]{0,200})\)")

Style = Mapping[str, str]


class Colours(NamedTuple):
    """What an element is painted with where it says nothing itself. ``background`` empty: nobody said. ``size``: of
    its letters in pixels."""

    background: str = ""
    certain: bool = True
    text: str = ""
    size: float = 16.0


def declared(style: str) -> dict[str, str]:
    """Properties of a style in small letters, the last of each; an important one stands above all others.

    A name of an important one is there a second time, behind ``!``.
    """
    if len(style) > _LONGEST_STYLE:
        return {"!": "too long"}
    found: dict[str, str] = {}
    for part in unescaped(without_comments(style)).lower().split(";"):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        name = name.strip()
        bare = _IMPORTANT.sub("", value).strip()
        if bare != value.strip():
            found["!" + name] = bare
        if "!" + name not in found or bare != value.strip():
            found[name] = bare
    return found


def settled(*styles: Style) -> dict[str, str]:
    """Of several styles, the nearest last, what counts."""
    found: dict[str, str] = {}
    for style in styles:
        found.update(style)
    found.update(
        {name[1:]: value for name, value in found.items() if name.startswith("!") and len(name) > 1}
    )
    return found


def unescaped(text: str) -> str:
    """Letters that are written as escapes (CSS Syntax 3, 4.3.7) as themselves."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: found[2] or _letter(int(found[1], 16)), text)


def _letter(number: int) -> str:
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def without_comments(text: str) -> str:
    """A style or a sheet without its comments; one that does not end takes the rest with it."""
    parts, at = [], 0
    while (start := text.find("/*", at)) >= 0:
        parts.append(text[at:start])
        at = text.find("*/", start + 2) + 2
        if at < 2:
            return "".join(parts)
    return "".join([*parts, text[at:]])


def unseen(style: Style, colours: Colours) -> str:
    """Why nobody sees an element of this style, empty where people do."""
    if not style:
        return ""
    if "!" in style:
        return "its style is too long to be read"
    if style.get("display") == "none":
        return "display: none"
    if style.get("visibility") in ("hidden", "collapse") or style.get("content-visibility") == "hidden":
        return "visibility: hidden"
    faded = style.get("filter", "").partition("opacity(")[2]
    if any(
        (share := _share(each)) is not None and share <= 0.05 for each in (style.get("opacity", ""), faded)
    ):
        return "opacity: 0"
    if (zoom := _share(style.get("zoom", ""))) is not None and zoom <= 0.05 and style["zoom"] != "normal":
        return "zoom: 0"
    if letters(style, colours.size) <= _SMALLEST and ("font-size" in style or "font" in style):
        return "font-size: 0"
    return _off_screen(style) or _painted_over(style, colours)


def letters(style: Style, inherited: float) -> float:
    """The size of letters in pixels."""
    said = style.get("font-size") or (style.get("font", "").split("/")[0].split() or [""])[-1]
    found = _LENGTH.search(said[:200]) if said else None
    if found is None or ("(" in said and float(found[1]) != 0):
        return inherited
    number, unit = float(found[1]), found[2]
    if unit in ("em", "%"):
        return inherited * (number if unit == "em" else number / 100)
    return number * _PIXELS.get(unit, 1)


def _off_screen(style: Style) -> str:
    for name in (
        "left",
        "top",
        "right",
        "bottom",
        "text-indent",
        "margin-left",
        "margin-top",
        "margin-right",
    ):
        number = _pixels(style.get(name, ""))
        wide = name in ("left", "right", "text-indent", "margin-left")
        if number is not None and (number <= _FAR or (wide and number >= _BEYOND)):
            return "outside the window"
    for name in ("margin", "inset"):
        if any(
            float(number) * _PIXELS.get(unit, 1) <= _FAR
            for number, unit in _LENGTH.findall(style.get(name, "")[:200])
        ):
            return "outside the window"
    if style.get("position") == "fixed" and (_pixels(style.get("top", "")) or 0) >= 800:
        return "outside the window"
    return _clipped(style) or _turned(
        style.get("transform", ""), style.get("scale", ""), style.get("translate", "")
    )


def _clipped(style: Style) -> str:
    clipped = style.get("clip", "").replace(" ", "").replace("px", "").replace(",", "")
    path = style.get("clip-path", "").replace(" ", "")
    if clipped in ("rect(0000)", "rect(1111)") or path.startswith(("circle(0", "ellipse(0")):
        return "clipped away"
    if (
        path.startswith("inset(")
        and max(map(float, re.findall(r"(\d{1,9}(?:\.\d{0,9})?)%", path[:200])), default=0) >= 50
    ):
        return "clipped away"
    if path.startswith(("polygon(", "rect(")) and not re.search("[1-9]", path):
        return "clipped away"
    flat = any(
        (number := _pixels(style.get(name, ""))) is not None and 0 <= number <= 1
        for name in ("width", "height", "max-width", "max-height", "line-height")
        if "%" not in style.get(name, "") or style[name].startswith("0")
    )
    cut = any(
        word in ("hidden", "clip")
        for name in ("overflow", "overflow-x", "overflow-y")
        for word in style.get(name, "").split()
    )
    return "in a box without size" if flat and cut else ""


def _turned(transform: str, scale: str, translate: str) -> str:
    calls = [
        (found[1], found[2] or "", found[3]) for found in _TURN.finditer(transform.replace(" ", "")[:500])
    ]
    calls += [(name, "", said) for name, said in (("scale", scale), ("translate", translate)) if said]
    for name, _, inside in calls:
        lengths = [(float(number), unit) for number, unit in _LENGTH.findall(inside[:200])]
        if name == "scale" and any(abs(number) <= 0.05 for number, _ in lengths):
            return "scaled to nothing"
        if name == "translate" and any(
            abs(number) * _PIXELS.get(unit, 1) >= 3000 for number, unit in lengths
        ):
            return "outside the window"
        if name == "rotate" and _ in ("x", "y") and any(abs(number) % 180 == 90 for number, _ in lengths):
            return "turned away"
    return ""


def _painted_over(style: Style, colours: Colours) -> str:
    """Judged where something is said here, and by what is inherited for the rest."""
    said = style.get("-webkit-text-fill-color") or style.get("color", "")
    here = background(style)
    if not said and not here:
        return ""
    text = colour(said or colours.text)
    if text is None:
        return ""
    if text.faint:
        return "in no colour"
    behind = here or colours.background
    if not behind:
        return "in white on white" if text.like(WHITE) and colours.certain else ""
    if "url(" in behind or "gradient(" in behind:
        return ""
    ground = colour(behind)
    if ground is None or (ground.faint and not _white_below(colours)):
        return ""
    shown = WHITE if ground.faint else ground
    return "in the colour of its background" if text.like(shown) else ""


def _white_below(colours: Colours) -> bool:
    ground = colour(colours.background) if colours.background else None
    return colours.certain and (ground is None or ground.like(WHITE))


def background(style: Style) -> str:
    """The colour or picture behind an element, empty where its style says nothing or what is below shows through."""
    said = style.get("background", "")
    found = " ".join(
        filter(None, (style.get("background-image", ""), style.get("background-color", said), said))
    ).strip()
    ground: Colour | None = colour(found)
    if found in ("none", "inherit", "initial", "unset") or (
        ground is not None and ground.faint and "url(" not in found
    ):
        return ""
    return "" if ground is None and "(" not in found else found


def _share(text: str) -> float | None:
    found = _NUMBER.match(text.strip())
    if found is None:
        return None
    return float(found.group()) / (100 if text.strip()[found.end() :].startswith("%") else 1)


def _pixels(text: str) -> float | None:
    found = _LENGTH.match(text.strip().removeprefix("calc("))
    return float(found[1]) * _PIXELS.get(found[2], 1) if found else None
