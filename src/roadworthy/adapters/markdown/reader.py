"""Markdown with YAML front matter, as a draft.

    ---
    title: What a transfer costs
    topic: transfer_fee
    language: en
    owner: lena
    updated: 2026-03-05
    valid_from: 2026-01-01
    valid_until: 2026-12-31
    status: published
    access: [support, branch]
    class: internal
    purposes: [support]
    region: eu
    facts: {fee_eur: 1.50}
    ---

    The text.

Only ``title`` is required, and a first heading stands in for a front matter that says nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from roadworthy.errors import Problem
from roadworthy.knowledge import Block, Finding
from roadworthy.knowledge.draft import Draft, head_findings
from roadworthy.knowledge.head import Head, read_head
from roadworthy.operate.knowledge.packages import needed
from roadworthy.placed import Page
from roadworthy.ports.knowledge import DocumentReader

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n|\Z)(?P<text>.*)", re.DOTALL | re.MULTILINE)
_BEGUN = re.compile(r"\s*(?:---[ \t]*$|\+\+\+[ \t]*$)", re.MULTILINE)
_MOST_BYTES = 5_000_000
_MOST_HEAD = 200_000
_DEEPEST = 30
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_BRACKETS = re.compile(r"[\[\]]")
_MOST_OPEN = 1_000_000
"""Of open brackets in a paragraph each is looked at again for each before it: the sum of their squares."""


class MarkdownReader:
    """Markdown as CommonMark and its tables have it. A page with HTML in it is read as the page that it makes, by
    ``html``: what is hidden there is hidden here."""

    def __init__(self, html: DocumentReader) -> None:
        self._html = html

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".md": _MOST_BYTES, ".markdown": _MOST_BYTES}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        try:
            content = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as fault:
            return (Finding("encoding", name, f"byte {fault.start} is not UTF-8; save the file as UTF-8"),)
        problems: list[Problem] = []
        head, text, line = _front(content, name, problems)
        if problems:
            return head_findings(name, problems)
        if _open_brackets(text) > _MOST_OPEN:
            return (Finding("broken", name, "leaves thousands of brackets open that would begin links"),)
        tokens = _parser().parse(text)
        blocks = list(_blocks(tokens))
        concealed: list[str] = []
        if _has_html(tokens, concealed):
            page = self._html.read(
                name, _parser().renderer.render(tokens, _parser().options, {}).encode("utf-8", "replace")
            )
            if isinstance(page, tuple):
                return page
            return Draft(page.blocks, head, findings=page.findings, concealed=[*concealed, *page.concealed])
        if not line and not any(block.kind == "heading" for block in blocks):
            hint = "begin the file with `---`, `title: …`, `---`"
            return (Finding("head", name, f"found no front matter; {hint}", "line 1, column 1"),)
        return Draft(blocks, head, concealed=concealed)


def _front(content: str, name: str, problems: list[Problem]) -> tuple[Head, str, int]:
    """Head, text and the lines of the front matter; 0 where there is none."""
    match = _FRONT.match(content)
    if match is None:
        if _BEGUN.match(content):
            # Taken for text, it would not limit who may read it.
            hint = "the first line and the last are `---` alone"
            problems.append(Problem("found no end or no YAML of the front matter", name, 1, 1, hint))
        return Head(), content, 0
    page = Page(name)
    # The line of the dashes goes before, so that places are those of the file.
    values = page.read(
        "\n" + match["head"],
        expected="expected fields such as `title: …`",
        called="a front matter",
        most_bytes=_MOST_HEAD,
    )
    head = Head() if values is None else read_head(values, page, titled=True)
    problems += page.in_order(50)
    return head, match["text"], match["head"].count("\n") + 2


def _parser() -> Any:
    """With tables and struck-out text. Links are never followed and never checked here."""
    made = needed("markdown_it", what="Markdown").MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    return made.enable(["table", "strikethrough"])


def _has_html(tokens: Sequence[Token], concealed: list[str]) -> bool:
    """Whether there is HTML that may show or hide something. Comments do neither: they are put aside."""
    found = False
    for token in tokens:
        for each in (token, *(token.children or ())):
            if each.type in ("html_block", "html_inline"):
                rest, comments = _without_comments(each.content)
                concealed += [one[:4000] for one in comments[:50]]
                found = found or bool(rest.strip())
            elif each.type == "image" and (each.content or each.attrs.get("title")):
                concealed.append(f"{each.content} {each.attrs.get('title', '')}"[:4000])
            elif each.type == "link_open" and each.attrs.get("title"):
                concealed.append(str(each.attrs["title"])[:4000])
    return found


def _without_comments(text: str) -> tuple[str, list[str]]:
    """What stands around comments, and what stands in them. Linear: what never ends is looked for once."""
    parts: list[str] = []
    comments: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        comments.append(text[start + 4 : end])
        at = end + 3
    return "".join([*parts, text[at:]]), comments


def _open_brackets(text: str) -> int:
    """The squares of how many brackets are open at once, summed over paragraphs."""
    work = 0
    for paragraph in _PARAGRAPHS.split(text) if text.count("[") > 1000 else ():
        depth = deepest = 0
        for bracket in _BRACKETS.findall(paragraph):
            depth = depth + 1 if bracket == "[" else max(depth - 1, 0)
            deepest = max(deepest, depth)
        work += deepest * deepest
    return work


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    """Lists, quotes and tables with everything in them are one block each."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = _end(tokens, at)
        inner = tokens[at : end + 1]
        if token.type == "heading_open":
            yield Block("heading", _inline(tokens[at + 1]).replace("\n", " "), level=int(token.tag[1:]))
        elif token.type in ("fence", "code_block"):
            yield Block("code", token.content.strip("\n"))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Block("list", _listed(inner))
        elif token.type == "table_open":
            yield Block("table", _rows(inner))
        elif token.type == "blockquote_open":
            yield Block("quote", "\n".join(block.text for block in _flat(inner)))
        elif token.type == "paragraph_open":
            yield Block("paragraph", _inline(tokens[at + 1]))
        at = end + 1


def _end(tokens: Sequence[Token], at: int) -> int:
    """Where what opens here closes."""
    if tokens[at].nesting != 1:
        return at
    depth = 0
    for number in range(at, len(tokens)):
        depth += tokens[number].nesting
        if not depth:
            return number
    return len(tokens) - 1


def _flat(tokens: Sequence[Token]) -> Iterator[Block]:
    for token in tokens:
        if token.type == "inline":
            yield Block("paragraph", _inline(token))
        elif token.type in ("fence", "code_block"):
            yield Block("code", token.content.strip("\n"))


def _listed(tokens: Sequence[Token]) -> str:
    lines: list[str] = []
    depth, fresh = 0, False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type == "list_item_open":
            fresh = True
            number = f"{token.info}{token.markup}" if token.info else "-"
        elif token.type in ("inline", "fence", "code_block"):
            content = _inline(token) if token.type == "inline" else token.content.strip("\n")
            indent = "  " * (depth - 1)
            lines.append(f"{indent}{number} {content}" if fresh else f"{indent}  {content}")
            fresh = False
    return "\n".join(lines)


def _rows(tokens: Sequence[Token]) -> str:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(_inline(token).replace("\n", " "))
    return "\n".join(" | ".join(row) for row in rows)


def _inline(token: Token) -> str:
    """Words as they are shown. What a picture shows is not read."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "text_special"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
    return "".join(parts).strip()
