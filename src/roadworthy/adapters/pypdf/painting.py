"""What the state of a page's drawing says about text that is shown in it: whether anybody sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

_INVISIBLE = frozenset({3, 7})
"""Text rendering modes that paint nothing: neither filled nor stroked, and clipping alone (ISO 32000-2, 9.3.6)."""
_FILLED = frozenset({0, 4})
_PALE: Final = 0.92
_SMALLEST: Final = 1.0
"""Points after all matrices."""
_MOST_GROUNDS: Final = 2_000
_MOST_LOOKS: Final = 5_000_000

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
_PLAIN: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _State:
    """What `q` saves. ``pale``: fills are white or nearly so; None: of a colour that is not known."""

    at: Matrix = _PLAIN
    mode: int = 0
    size: float = 12.0
    stretch: float = 1.0
    pale: bool | None = False
    grey: bool = False
    faint: bool = False
    clipped: bool = False
    space: str = ""
    leading: float = 0.0


class Painting:
    """Follows the operators of a page. ``window``: what is seen of it; None inside of forms, whose place and ground
    are those of whoever draws them: there neither is judged."""

    def __init__(self, resources: Any, window: Box | None) -> None:
        self._resources, self._window = resources, window
        self._now = _State()
        self._saved: list[_State] = []
        self._text = self._line = _PLAIN
        self._path: list[tuple[float, float]] = []
        self._clips = False
        self._grounds: list[Box] = []
        self._unknown = window is None
        self._looks = 0

    @property
    def draws_nothing(self) -> bool:
        """In this state nothing that is text is painted, in forms neither."""
        return self._now.mode in _INVISIBLE or self._now.faint or self._now.clipped

    def hides(self, operands: Sequence[Any]) -> bool:
        """Whether nobody sees a text that is shown now."""
        now = self._now
        matrix = _times(self._text, now.at)
        size = abs(now.size) * math.hypot(matrix[2], matrix[3])
        if self.draws_nothing or size < _SMALLEST or abs(now.stretch) < 0.02:
            return True
        if self._window is None:
            return False
        x, y = matrix[4], matrix[5]
        if now.mode in _FILLED and now.pale and not self._unknown and not self._on_ground(x, y):
            return True
        reach = 2 * size * (_letters(operands) + 1)
        across, along = (reach, 2 * size) if abs(matrix[1]) < abs(matrix[0]) / 100 else (reach, reach)
        left, low, right, high = self._window
        return x + across < left or y + along < low or x - (2 * size) > right or y - (2 * size) > high

    def take(self, operands: Sequence[Any], operator: bytes) -> None:
        """One operator that shows no text. What is malformed changes nothing."""
        numbers = [
            float(one) for one in operands if isinstance(one, int | float) and not isinstance(one, bool)
        ]
        if operator in (b"q", b"Q"):
            self._save(operator)
        elif operator == b"cm" and len(numbers) == 6:
            self._now = replace(self._now, at=_times(_matrix(numbers), self._now.at))
        elif operator in _TEXT:
            self._place(operator, numbers)
        elif operator in _COLOURS:
            self._colour(operator, operands, numbers)
        elif operator == b"gs" and operands:
            alpha = _entry(_entry(self._resources, "/ExtGState"), operands[0])
            share = _entry(alpha, "/ca")
            if isinstance(share, int | float):
                self._now = replace(self._now, faint=float(share) <= 0.05)
        else:
            self._draw(operator, operands, numbers)

    def _save(self, operator: bytes) -> None:
        if operator == b"q":
            if len(self._saved) < 10_000:
                self._saved.append(self._now)
        elif self._saved:
            self._now = self._saved.pop()

    def _place(self, operator: bytes, numbers: list[float]) -> None:
        if operator == b"BT":
            self._text = self._line = _PLAIN
        elif operator == b"Tm" and len(numbers) == 6:
            self._text = self._line = _matrix(numbers)
        elif operator in (b"Td", b"TD") and len(numbers) == 2:
            if operator == b"TD":
                self._now = replace(self._now, leading=-numbers[1])
            self._next(numbers[0], numbers[1])
        elif operator in (b"T*", b"'", b'"'):
            self._next(0.0, -self._now.leading)
        elif not numbers:
            return
        elif operator == b"TL":
            self._now = replace(self._now, leading=numbers[0])
        elif operator == b"Tf":
            self._now = replace(self._now, size=numbers[-1])
        elif operator == b"Tz":
            self._now = replace(self._now, stretch=numbers[0] / 100)
        elif operator == b"Tr":
            self._now = replace(self._now, mode=int(numbers[0]))

    def _next(self, x: float, y: float) -> None:
        self._text = self._line = _times((1.0, 0.0, 0.0, 1.0, x, y), self._line)

    def _colour(self, operator: bytes, operands: Sequence[Any], numbers: list[float]) -> None:
        pale: bool | None = None
        if operator == b"cs":
            self._now = replace(self._now, space=str(operands[0]) if operands else "", pale=False)
            return
        plain = operator in (b"g", b"rg", b"k") or self._additive(len(numbers))
        if plain and len(numbers) in (1, 3):
            pale = min(numbers) >= _PALE
        elif plain and len(numbers) == 4:
            pale = max(numbers) <= 1 - _PALE
        self._now = replace(self._now, pale=pale)

    def _additive(self, count: int) -> bool:
        """The space is one whose numbers mean what those of the device mean."""
        name = self._now.space
        if name in ("/DeviceGray", "/DeviceRGB", "/DeviceCMYK", ""):
            return True
        space = _entry(_entry(self._resources, "/ColorSpace"), name)
        kind = str(space[0]) if isinstance(space, list) and space else str(space)
        return kind in ("/ICCBased", "/CalRGB", "/CalGray", "/DeviceGray", "/DeviceRGB", "/DeviceCMYK")

    def _draw(self, operator: bytes, operands: Sequence[Any], numbers: list[float]) -> None:
        if operator == b"re" and len(numbers) == 4:
            x, y, width, height = numbers
            for corner in ((x, y), (x + width, y), (x, y + height), (x + width, y + height)):
                self._point(*corner)
        elif operator in (b"m", b"l", b"c", b"v", b"y"):
            for at in range(0, len(numbers) - 1, 2):
                self._point(numbers[at], numbers[at + 1])
        elif operator in (b"W", b"W*"):
            self._clips = True
        elif operator in (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"n", b"S", b"s"):
            if (
                operator not in (b"n", b"S", b"s")
                and self._path
                and self._now.pale is not True
                and not self._now.faint
            ):
                self._ground(self._path)
            if self._clips and self._path:
                left, low, right, high = _box(self._path)
                if (right - left) < 0.5 or (high - low) < 0.5:
                    self._now = replace(self._now, clipped=True)
            self._path, self._clips = [], False
        elif operator == b"sh":
            self._unknown = True
        elif operator in (b"Do", b"EI", b"INLINE IMAGE"):
            self._ground([_moved(x, y, self._now.at) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))])
            drawn = _entry(_entry(self._resources, "/XObject"), operands[0]) if operands else None
            # What a form paints is not followed: it may be the ground of anything.
            self._unknown = self._unknown or _entry(drawn, "/Subtype") == "/Form"

    def _point(self, x: float, y: float) -> None:
        if len(self._path) < 10_000:
            self._path.append(_moved(x, y, self._now.at))

    def _ground(self, points: list[tuple[float, float]]) -> None:
        if len(self._grounds) >= _MOST_GROUNDS:
            self._unknown = True
        else:
            self._grounds.append(_box(points))

    def _on_ground(self, x: float, y: float) -> bool:
        self._looks += len(self._grounds)
        self._unknown = self._unknown or self._looks > _MOST_LOOKS
        return any(
            left - 2 <= x <= right + 2 and low - 2 <= y <= high + 2
            for left, low, right, high in self._grounds
        )


_TEXT = frozenset({b"BT", b"Tm", b"Td", b"TD", b"T*", b"'", b'"', b"TL", b"Tf", b"Tz", b"Tr"})
_COLOURS = frozenset({b"g", b"rg", b"k", b"cs", b"sc", b"scn"})


def _matrix(numbers: list[float]) -> Matrix:
    return numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _moved(x: float, y: float, by: Matrix) -> tuple[float, float]:
    return x * by[0] + y * by[2] + by[4], x * by[1] + y * by[3] + by[5]


def _box(points: list[tuple[float, float]]) -> Box:
    across, along = [x for x, _ in points], [y for _, y in points]
    return min(across), min(along), max(across), max(along)


def _letters(operands: Sequence[Any]) -> int:
    parts = operands[-1] if operands else ""
    return sum(
        len(one) for one in (parts if isinstance(parts, list) else [parts]) if isinstance(one, str | bytes)
    )


def _entry(inside: Any, name: Any) -> Any:
    """A value of a dictionary, wherever the file keeps it; None where there is none."""
    inside = inside.get_object() if hasattr(inside, "get_object") else inside
    found: Any = inside.get(str(name)) if isinstance(inside, dict) else None
    return found.get_object() if hasattr(found, "get_object") else found
