"""Whether a delimited file is written so plainly that every reader agrees, found out without parsing it.

A file is plain when each quote stands at a border of a cell or is doubled inside one. Then each line
end outside quotes ends a row, and the rows can be counted independently of who parses them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LF, _CR = 10, 13


def _at(
    codes: npt.NDArray[np.uint8], places: npt.NDArray[np.intp], following: int
) -> npt.NDArray[np.uint8]:
    """The signs at these places in order, of which the last may be the one behind the end."""
    if len(places) and places[-1] == len(codes):
        return np.append(codes[places[:-1]], np.uint8(following))
    return codes[places]


class Survey:
    """Takes the bytes of a file in pieces of any size, tells what they consist of."""

    def __init__(self, delimiter: str, quote: str) -> None:
        self._delimiter = delimiter.encode()
        self._quote = quote.encode()
        self._borders = np.zeros(256, dtype=bool)
        # A delimiter of several bytes is left to the slower reader.
        for sign in (self._delimiter if len(self._delimiter) == 1 else b"") + b"\r\n" + self._quote:
            self._borders[sign] = True
        self._inside = False
        self._tail = b""
        self._at_start = True
        self._before = _LF
        self.is_plain = len(self._delimiter) == 1 and len(self._quote) <= 1
        self.rows = 0
        """Lines with something on them that end outside quotes."""
        self.blank = 0
        self.nul = 0

    def take(self, data: bytes) -> None:
        """The next bytes."""
        # The last byte is held back: what follows a sign decides about it, and `\r\n` is not cut in two.
        data = self._tail + data
        cut = len(data) - 1
        while cut > 0 and data[cut - 1] == _CR:
            cut -= 1
        if cut <= 0:
            self._tail = data
            return
        self._tail = data[cut:]
        self._look(data[:cut], following=data[cut])

    def finish(self) -> None:
        """There are no more bytes."""
        if self._tail:
            # What stands behind the last line end is a row as well.
            closed = self._tail[-1] in (_LF, _CR) and not self._inside
            # After a last `\r` there is no `\n`; after anything else a line end changes nothing.
            following = 0 if closed and self._tail[-1] == _CR else _LF
            self._look(self._tail if closed else self._tail + b"\n", following=following)
            self._tail = b""
        if self._inside:
            self.is_plain = False

    def _look(self, data: bytes, *, following: int) -> None:
        self.nul += data.count(b"\0")
        before, self._before = self._before, data[-1]
        quoted = bool(self._quote) and (self._inside or self._quote in data)
        simple = not quoted and b"\r" not in data and b"\n\n" not in data and data[:1] != b"\n"
        if simple:
            ends = data.count(b"\n")
            self.rows += ends
            self._at_start = data[-1] == _LF
            return
        codes = np.frombuffer(data, dtype=np.uint8)
        places = np.flatnonzero(codes == _LF)
        if b"\r" in data:
            returns = np.flatnonzero(codes == _CR)
            # Of `\r\n` only the second sign ends the line.
            alone = returns[_at(codes, returns + 1, following) != _LF]
            places = np.union1d(places, alone)
        if quoted:
            places = self._outside(codes, before, following, places)
        self._count(codes, places)

    def _outside(
        self, codes: npt.NDArray[np.uint8], before: int, following: int, places: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.intp]:
        """The line ends that stand outside quotes; takes note of quotes that stand anywhere odd."""
        quotes = np.flatnonzero(codes == self._quote[0])
        opening = quotes[int(self._inside) :: 2]
        closing = quotes[1 - int(self._inside) :: 2]
        left = codes[opening - 1]
        if len(opening) and opening[0] == 0:
            left[0] = before
        right = _at(codes, closing + 1, following)
        if not (self._borders[left].all() and self._borders[right].all()):
            self.is_plain = False
        passed = np.searchsorted(quotes, places)
        outside = (passed + int(self._inside)) % 2 == 0
        if len(quotes) % 2:
            self._inside = not self._inside
        found: npt.NDArray[np.intp] = places[outside]
        return found

    def _count(self, codes: npt.NDArray[np.uint8], places: npt.NDArray[np.intp]) -> None:
        if len(places):
            # A line is blank where its end follows the end before it, across `\r\n` or not.
            begins = np.append(0, places[:-1] + 1)
            widths = places - begins
            crlf = (widths == 1) & (codes[np.minimum(begins, len(codes) - 1)] == _CR)
            blank = (widths == 0) | crlf
            if not self._at_start:
                blank[0] = False
            self.blank += int(blank.sum())
            self.rows += int((~blank).sum())
            self._at_start = bool(places[-1] == len(codes) - 1)
        elif len(codes):
            self._at_start = False
