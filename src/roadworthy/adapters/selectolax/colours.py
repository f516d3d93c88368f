"""Colours as style sheets write them, and whether two of them look the same."""

from __future__ import annotations

import colorsys
import re
from typing import Final, NamedTuple

_NAMED: Final = {
    "white": (255, 255, 255), "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "mintcream": (245, 255, 250), "azure": (240, 255, 255), "whitesmoke": (245, 245, 245),
    "aliceblue": (240, 248, 255), "honeydew": (240, 255, 240), "seashell": (255, 245, 238), "black": (0, 0, 0),
    "red": (255, 0, 0), "lime": (0, 255, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "navy": (0, 0, 128),
    "yellow": (255, 255, 0), "aqua": (0, 255, 255), "cyan": (0, 255, 255), "fuchsia": (255, 0, 255),
    "magenta": (255, 0, 255), "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192),
    "maroon": (128, 0, 0), "olive": (128, 128, 0), "purple": (128, 0, 128), "teal": (0, 128, 128),
    "orange": (255, 165, 0),
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})(?![0-9a-f])")
_CALL = re.compile(r"(rgb|hsl)a?\(([^()]{1,200})\)")
_NUMBER = re.compile(r"(-?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12}))(%?)")
_CLOSE = 20
"""Of 255 steps a channel. The contrast of what differs by less is below 1.2 on white."""
_FAINT = 0.05


class Colour(NamedTuple):
    """Channels from 0 to 255, and how much of what lies below is covered, from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def faint(self) -> bool:
        return self.alpha <= _FAINT

    def like(self, other: Colour) -> bool:
        """Whether text of the one is not seen on the other."""
        return max(abs(self[at] - other[at]) for at in range(3)) <= _CLOSE


WHITE: Final = Colour(255, 255, 255)


def colour(text: str) -> Colour | None:
    """The first colour that a value names; None where it names none that is known."""
    text = text[:1000]
    if found := _HEX.search(text):
        digits = found[1] if len(found[1]) > 4 else "".join(2 * digit for digit in found[1])
        channels = [int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)]
        return Colour(
            channels[0], channels[1], channels[2], channels[3] / 255 if len(channels) > 3 else 1.0
        )
    if found := _CALL.search(text):
        return _called(found[1], found[2])
    for word in re.findall(r"[a-z]+", text):
        if word == "transparent":
            return Colour(0, 0, 0, 0)
        if word in _NAMED:
            return Colour(*_NAMED[word])
    return None


def _called(function: str, inside: str) -> Colour | None:
    numbers = [(float(number), bool(percent)) for number, percent in _NUMBER.findall(inside)]
    if len(numbers) < 3:
        return None
    alpha = (numbers[3][0] / 100 if numbers[3][1] else numbers[3][0]) if len(numbers) > 3 else 1.0
    if function == "rgb":
        channels = [number * 2.55 if percent else number for number, percent in numbers[:3]]
    else:
        hue, saturation, light = (number for number, _ in numbers[:3])
        of_one = colorsys.hls_to_rgb(hue % 360 / 360, min(light, 100) / 100, min(saturation, 100) / 100)
        channels = [each * 255 for each in of_one]
    red, green, blue = (min(max(each, 0.0), 255.0) for each in channels)
    return Colour(red, green, blue, alpha)
