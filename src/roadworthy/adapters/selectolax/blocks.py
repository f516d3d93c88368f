"""From the order of tags and texts to blocks of a document."""

from __future__ import annotations

from typing import Final

from roadworthy.knowledge import Block

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_CONTAINERS: Final = {"ul": "list", "ol": "list", "menu": "list", "table": "table", "pre": "code", "listing": "code", "blockquote": "quote"}  # fmt: skip
_BLOCKS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "noscript",
        "optgroup",
        "option",
        "p",
        "search",
        "section",
        "select",
        "summary",
        "tr",
        "td",
        "th",
        "caption",
        "tbody",
        "thead",
        "tfoot",
        "button",
    ]
)


class Builder:
    """Takes tags and texts in their order.

    Lists, tables, code and quotes are one block each with everything in them; what stands between is a paragraph.
    """

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._parts: list[str] = []
        self._inside = ""
        """The tag of the outermost container that is open, and how often the same is open in it."""
        self._times = 0
        self._depth = 0
        self._cells = 0

    def take(self, event: str, what: str) -> None:
        """An `open` or `close` of a tag, or a `text`."""
        if event == "text":
            self._parts.append(what if self._kind == "code" else _collapsed(what))
        elif self._inside:
            self._within(event, what)
        elif what in _CONTAINERS or what in _HEADINGS:
            self._flush()
            if event == "open":
                self._inside, self._times = what, 1
        elif what == "br" and event == "open":
            self._parts.append("\n")
        elif what in _BLOCKS:
            self._flush()

    def finished(self) -> list[Block]:
        """All blocks, after the last event."""
        self._flush()
        return self._blocks

    @property
    def _kind(self) -> str:
        return _CONTAINERS.get(self._inside, "")

    def _within(self, event: str, tag: str) -> None:
        if tag == self._inside:
            self._times += 1 if event == "open" else -1
            if not self._times:
                self._flush()
                self._inside = ""
                return
        if tag == "br":
            if event == "open":
                self._parts.append(" " if self._kind == "table" else "\n")
        elif self._kind == "table":
            self._in_table(event, tag)
        elif self._kind == "list":
            self._in_list(event, tag)
        elif self._kind and (tag in _BLOCKS or tag in _CONTAINERS or tag in _HEADINGS):
            self._parts.append("\n")

    def _in_table(self, event: str, tag: str) -> None:
        if tag == "tr" and event == "open":
            self._parts.append("\n")
            self._cells = 0
        elif tag in ("td", "th") and event == "open":
            self._parts.append(" \x1f " if self._cells else "")
            self._cells += 1
        elif tag in _BLOCKS or tag in _CONTAINERS or tag in _HEADINGS:
            self._parts.append("\n" if tag == "caption" else " ")

    def _in_list(self, event: str, tag: str) -> None:
        if tag in ("ul", "ol", "menu"):
            self._depth += 1 if event == "open" else -1
        elif tag == "li" and event == "open":
            self._parts.append("\n" + "  " * min(max(self._depth, 0), 10) + "- ")
        elif tag in _BLOCKS or tag in _CONTAINERS or tag in _HEADINGS:
            self._parts.append(" ")

    def _flush(self) -> None:
        text = "".join(self._parts)
        self._parts.clear()
        self._depth = 0
        kind = self._kind
        if kind == "code":
            text = text.strip("\n")
        elif kind == "table":
            rows = (
                " | ".join(" ".join(cell.split()) for cell in row.split("\x1f")) for row in text.split("\n")
            )
            text = "\n".join(row for row in rows if row.strip(" |"))
        elif kind == "list":
            text = "\n".join(_line(line) for line in text.split("\n") if line.strip(" -"))
        else:
            text = "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
        if not text.strip():
            return
        if self._inside in _HEADINGS:
            self._blocks.append(Block("heading", text.replace("\n", " "), level=_HEADINGS[self._inside]))
        else:
            self._blocks.append(Block(kind or "paragraph", text))  # type: ignore[arg-type]


def _line(line: str) -> str:
    indent = len(line) - len(line.lstrip(" ")) if line.lstrip(" ").startswith("- ") else 0
    return " " * indent + " ".join(line.split())


def _collapsed(text: str) -> str:
    """Runs of blanks as one, and no character that marks cells here."""
    bare = " ".join(text.replace("\x1f", " ").split())
    if not bare:
        return " " if text else ""
    return (" " if text[0].isspace() else "") + bare + (" " if text[-1].isspace() else "")
