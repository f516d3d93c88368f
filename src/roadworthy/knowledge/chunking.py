"""How a document is cut into passages: along its sections, its paragraphs, its rows and its sentences."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from roadworthy.knowledge.document import Block, Chunk, Document

LONGEST_HEADING = 200
"""A longer one is cut where it leads to a passage: it is copied to every passage below it."""
DEEPEST = 9

# Linear on any text: each looks at a bounded number of characters from where it stands.
_SENTENCE = re.compile(
    r"(?:(?<=[^\W\d_]{3}[.!?…])|(?<=[\d)\]\"'”’»][.!?…])|(?<=[.!?…][)\]\"'”’»]))"
    r"\s+(?=[^\W_a-zà-ÿ]|[\"'“‘„«(\[])|(?<=[。！？])"
)
_LINE = re.compile(r"\n\s*")
_WORD = re.compile(r"\s+")
_LINEWISE = ("table", "code", "list")
_MANY = 50_000


class _Piece(NamedTuple):
    """Part of a document that is never cut. ``glued``: it says little without the piece before it."""

    start: int
    end: int
    glued: bool


class _Group(NamedTuple):
    """Pieces that may stand in one passage: of one section, one page, one table that is cut."""

    headings: tuple[str, ...]
    page: int
    pieces: list[_Piece]
    header: tuple[str, int]
    """The header row of a cut table and where it ends: passages that start behind it are led by it."""


def chunks(document: Document, *, size: int = 1200) -> tuple[Chunk, ...]:
    """The passages of a document in order, none longer than ``size`` characters.

    A passage is a span of ``Document.text``: whole blocks of one section and one page where they fit, else whole
    rows, lines or sentences, else words; only a word longer than ``size`` is cut inside. The title and the
    headings above lead to it and are not part of it; a heading with nothing below it is a passage of its own.
    A table that is cut repeats its header row: as the last of ``headings`` of every passage after the first.

    Which neighbours share a passage depends on themselves and on what lies within one passage of them, never on
    how far the document is from its start: a changed paragraph changes passages around it, all others keep
    their ids. An id is the first 32 hexadecimal digits of SHA-256 over name, headings, text, and how many passages
    before have the same headings and text.

    Edge: no text, no passages. Errors: ``ValueError`` for a size below 1. Time and memory: linear.
    """
    if size < 1:
        raise ValueError(f"a passage has at least one character, found {size}")
    text = document.text
    found: list[Chunk] = []
    seen: Counter[str] = Counter()
    for group in _groups(document, text, size):
        name, until = group.header
        for start, end in _joined(text, group.pieces, size):
            headings = (*group.headings, name) if name and start >= until else group.headings
            passage = text[start:end]
            same = _digest([document.name, list(headings), passage])
            number = seen[same]
            seen[same] += 1
            id_ = _digest([same, number])[:32]
            found.append(Chunk(id_, document.name, len(found), headings, passage, start, end, group.page))
    return tuple(found)


def _groups(document: Document, text: str, size: int) -> Iterator[_Group]:
    """Sections of a document with what they hold, empty ones left out."""
    path: list[tuple[int, str]] = [(0, _short(document.title))] if document.title.strip() else []
    current: _Group | None = None
    at = 0
    spans = []
    for block in document.blocks:
        spans.append((block, at))
        at += len(block.text) + 2
    told = {number for number in range(len(spans)) if not _leads(document.blocks, number)}
    for number, (block, start) in enumerate(spans):
        headings = tuple(name for _, name in path)
        if block.kind == "heading" and current is not None:
            yield current
            current = None
        if block.kind == "heading" and number not in told:
            _enter(path, block)
            continue
        pieces = _pieces(block, start, size)
        if pieces:
            cut_table = block.kind == "table" and len(pieces) > 1
            same = current is not None and (current.headings, current.page) == (headings, block.page)
            if current is not None and (cut_table or not same or current.header[0]):
                yield current
                current = None
            if current is None:
                header = (_short(_first_line(block.text)), pieces[0].end) if cut_table else ("", 0)
                current = _Group(headings, block.page, [], header)
            first, *rest = pieces
            colon = bool(current.pieces) and text[current.pieces[-1].end - 1] == ":"
            glued = colon and block.kind in (*_LINEWISE, "quote")
            current.pieces.extend([first._replace(glued=glued), *rest])
        if block.kind == "heading":
            _enter(path, block)
    if current is not None:
        yield current


def _leads(blocks: Sequence[Block], number: int) -> bool:
    """Whether a heading has anything below it; one that has not is read as text, as is one too long to lead."""
    block = blocks[number]
    if not block.text.strip():
        return True
    if block.kind != "heading" or len(block.text.strip()) > LONGEST_HEADING:
        return False
    for following in range(number + 1, len(blocks)):
        after = blocks[following]
        if after.text.strip():
            return after.kind != "heading" or after.level > block.level
    return False


def _enter(path: list[tuple[int, str]], block: Block) -> None:
    level = min(max(block.level, 1), DEEPEST)
    while path and path[-1][0] >= level:
        path.pop()
    name = _short(block.text)
    # A document often begins with its own title.
    if name and not (len(path) == 1 and path[0][0] == 0 and path[0][1].casefold() == name.casefold()):
        path.append((level, name))


def _short(text: str) -> str:
    line = " ".join(text[: 2 * LONGEST_HEADING].split())
    return line if len(line) <= LONGEST_HEADING else line[: LONGEST_HEADING - 1] + "…"


def _first_line(text: str) -> str:
    return text.lstrip().split("\n", 1)[0]


def _pieces(block: Block, offset: int, size: int) -> list[_Piece]:
    """The block whole where it fits, else cut: by rows or lines, by sentences, by lines, by words, anywhere."""
    start, end = _bare(block.text, 0, len(block.text))
    if start == end:
        return []
    ways = (_LINE, _SENTENCE, _WORD) if block.kind in _LINEWISE else (_SENTENCE, _LINE, _WORD)
    spans = [(start, end)]
    for way in ways:
        spans = [one for span in spans for one in _cut(block.text, span, way, size)]
    if len(spans) > _MANY:
        spans = [*spans[:2], *_bundled(spans[2:], size // 8)]
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        whole += [(at, min(at + size, end)) for at in range(start, end, size)]
    # A row under its header says something; the header alone does not.
    glued_row = 1 if block.kind == "table" else -1
    return [
        _Piece(offset + start, offset + end, number == glued_row)
        for number, (start, end) in enumerate(whole)
    ]


def _bundled(spans: Sequence[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Neighbours together while they are short: a block of very many tiny rows is not worth a look at each."""
    start, until = spans[0]
    for first, last in spans:
        if last - start > size and until > start:
            yield start, until
            start = first
        until = last
    yield start, until


def _cut(text: str, span: tuple[int, int], way: re.Pattern[str], size: int) -> Iterator[tuple[int, int]]:
    start, end = span
    if end - start <= size:
        yield span
        return
    if way is _WORD:
        yield from _packed(text, span, size)
        return
    for gap in way.finditer(text, start, end):
        until = gap.start()
        # A gap takes the blanks behind it; those before it are rare.
        if start < until and text[until - 1].isspace():
            until = _bare(text, start, until)[1]
        if start < until:
            yield start, until
        start = gap.end()
    last = _bare(text, start, end)
    if last[0] < last[1]:
        yield last


def _packed(text: str, span: tuple[int, int], size: int) -> Iterator[tuple[int, int]]:
    """As many words as fit, again and again."""
    start, end = span
    until = start
    for word in re.finditer(r"\S+", text[start:end]):
        first, last = span[0] + word.start(), span[0] + word.end()
        if last - start > size and until > start:
            yield start, until
            start = first
        until = last
    yield start, until


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without blank characters at its ends. Linear in what is cut off."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _joined(text: str, pieces: Sequence[_Piece], size: int) -> Iterator[tuple[int, int]]:
    """Spans of neighbouring pieces, each at most ``size`` long.

    Everything is one passage at first; what is too long is parted where it holds together least, and so on. How
    well two neighbours hold together is a number drawn from the latter's text: it stays when others change, which
    is all that keeps passages in place. The order of all partings is a Cartesian tree
    (Vuillemin 1980), which is made and walked in linear time.
    """
    left, right, root = _tree(_bonds(text, pieces))
    todo: list[tuple[int, int, int]] = [(0, len(pieces), root)]
    while todo:
        low, high, parting = todo.pop()
        start, end = pieces[low].start, pieces[high - 1].end
        if end - start <= size or parting < 0:
            yield start, end
            continue
        todo.append((parting, high, right[parting]))
        todo.append((low, parting, left[parting]))


def _bonds(text: str, pieces: Sequence[_Piece]) -> list[int]:
    """Per piece how well it holds to the one before it. Equal texts are told apart by their number."""
    seen: dict[int, int] = {}
    bonds = []
    for start, end, glued in pieces:
        content = text[start:end].encode("utf-8", "surrogatepass")
        drawn = crc32(content)
        times = seen[drawn] = seen.get(drawn, -1) + 1
        if times:
            drawn = crc32(content, times * 2_654_435_761 & 0xFFFFFFFF)
        bonds.append(drawn | glued << 32)
    return bonds


def _tree(bonds: Sequence[int]) -> tuple[list[int], list[int], int]:
    """Left and right children of the partings 1 … n-1 and the first parting of all, by least bond; -1: none."""
    left, right = [-1] * len(bonds), [-1] * len(bonds)
    spine: list[int] = []
    for here in range(1, len(bonds)):
        last = -1
        while spine and bonds[spine[-1]] > bonds[here]:
            last = spine.pop()
        left[here] = last
        if spine:
            right[spine[-1]] = here
        spine.append(here)
    return left, right, spine[0] if spine else -1


def _digest(value: list[object]) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
