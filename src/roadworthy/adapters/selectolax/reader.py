"""Pages of HTML as drafts: what people see in blocks, everything else left out and, where it matters, told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from roadworthy.adapters.selectolax.blocks import Builder
from roadworthy.adapters.selectolax.hiding import Colours, background, declared, letters, settled, unseen
from roadworthy.adapters.selectolax.sheets import OutOfBounds, Sheet, identities
from roadworthy.adapters.selectolax.weight import too_heavy
from roadworthy.knowledge import Finding
from roadworthy.knowledge.draft import Draft, quoted
from roadworthy.knowledge.head import Head, read_head
from roadworthy.operate.knowledge.packages import needed
from roadworthy.placed import Page
from roadworthy.ports.knowledge import Decoder

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
_NOT_SHOWN = frozenset(
    [
        "script",
        "style",
        "head",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "svg",
        "math",
        "datalist",
        "noframes",
        "noembed",
        "template",
        "progress",
        "meter",
        "rp",
    ]
)
_DATES = ("article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "dc.date.modified",
          "dc.date", "dcterms.date", "date", "article:published_time")  # fmt: skip
_MOST_CONCEALED = 300
_MOST_LOOKED_AT = 200_000
_LONGEST_CONCEALED = 4_000


class HtmlReader:
    """What a page shows. Hidden text is dropped and told with a quote; comments, alternative texts, templates and
    scripts are dropped, and told where they speak to a model."""

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".html": 10_000_000, ".htm": 10_000_000, ".xhtml": 10_000_000}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        said = _CHARSET.search(data[:4096])
        decoded = self._decode(data, stated=said[1].decode("ascii", "replace") if said else "")
        if isinstance(decoded, str):
            return (Finding("broken", name, decoded),)
        # Linear counting comes first: the parser has no limit of its own.
        if why := too_heavy(decoded.text):
            return (Finding("broken", name, why),)
        page = needed("selectolax.lexbor", what="HTML").LexborHTMLParser(
            decoded.text.encode("utf-8", "replace").replace(b"\0", b"")
        )
        findings = [Finding("encoding", name, decoded.doubt)] if decoded.doubt else []
        builder = Builder()
        try:
            seen = _Walk(page)
            for event, what in seen.events():
                builder.take(event, what)
        except OutOfBounds:
            why = "its style sheets have so many rules that nobody can say what it looks like"
            return (*findings, Finding("broken", name, why))
        findings += [
            Finding(
                "hidden",
                name,
                f"left out, {why}: `{quoted(text)}`" + (f", {times} times" if times > 1 else ""),
            )
            for why, (text, times) in seen.hidden.items()
        ]
        findings += [
            Finding("hidden", name, f"rules that hide by `{quoted(selector)}` were not understood")
            for selector in seen.misread
        ]
        return Draft(builder.finished(), told=_told(page), findings=findings, concealed=seen.concealed)


class _Walk:
    """Goes through a page in its order, past what is not seen. Nothing here is recursive."""

    def __init__(self, page: Any) -> None:
        self._root = page.body
        self._sheet = Sheet(
            (style.text() for style in page.css("style")), lambda selector: identities(page.css(selector))
        )
        self.misread = self._sheet.misread
        # Style sheets from elsewhere may paint a dark ground that nothing here tells of.
        self._certain = page.css_first("link[rel~=stylesheet]") is None
        self.hidden: dict[str, tuple[str, int]] = {}
        self.concealed: list[str] = [
            str(meta.attributes.get("content") or "")[:_LONGEST_CONCEALED]
            for meta in page.css("meta[content]")[:50]
        ]
        for script in page.css("script, template")[:100]:
            self._conceal(script.inner_html or "")
        self._layout = (
            {table.mem_id for table in page.css("table:has(table)")[:5000]}
            if page.css_first("table table")
            else set()
        )

    def events(self) -> Iterator[tuple[str, str]]:
        """(`open` or `close`, tag) and (`text`, text). A table around other tables shapes the page: it is a `div`."""
        if self._root is None:
            return
        todo: list[tuple[Any, Colours, bool]] = [(self._root, Colours(certain=self._certain), False)]
        while todo:
            node, colours, leaves = todo.pop()
            tag = node.tag or ""
            if leaves:
                yield "close", self._role(node, tag)
                continue
            if tag == "-text":
                yield "text", node.text_content or ""
            elif tag == "-comment":
                self._conceal(node.comment_content or "")
            elif node.is_element_node and tag not in _NOT_SHOWN:
                attributes = node.attributes
                style = self._style(node, tag, attributes)
                if not self._is_shown(node, tag, attributes, style, colours):
                    continue
                if style:
                    colours = _below(style, colours)
                yield "open", self._role(node, tag)
                todo.append((node, colours, True))
                child = node.last_child
                while child is not None:
                    todo.append((child, colours, False))
                    child = child.prev

    def _role(self, node: Any, tag: str) -> str:
        return "div" if tag == "table" and node.mem_id in self._layout else tag

    def _is_shown(
        self,
        node: Any,
        tag: str,
        attributes: Mapping[str, str | None],
        style: Mapping[str, str],
        colours: Colours,
    ) -> bool:
        if not attributes and not style and tag not in ("noscript", "dialog"):
            return True
        for concealed in (attributes.get("alt"), attributes.get("title"), attributes.get("aria-label")):
            if concealed:
                self._conceal(concealed)
        why = ""
        if "hidden" in attributes:
            why = "the element is `hidden`"
        elif (attributes.get("aria-hidden") or "").lower() == "true":
            why = "the element is `aria-hidden`"
        elif tag == "noscript":
            why = "shown only where scripts are switched off"
        elif tag == "dialog" and "open" not in attributes:
            why = "a dialog that is not open"
        elif "popover" in attributes:
            why = "shown only when asked for"
        elif tag == "input":
            return False
        else:
            why = unseen(style, colours)
        if why:
            text = _text(node)
            if text:
                first, times = self.hidden.get(why, (text, 0))
                self.hidden[why] = (first, times + 1)
        return not why

    def _style(self, node: Any, tag: str, attributes: Mapping[str, str | None]) -> Mapping[str, str]:
        rules = self._sheet.of(tag, attributes.get("class") or "", attributes.get("id") or "", node.mem_id)
        if not rules and not attributes:
            return rules
        said = attributes.get("style")
        style = settled(rules, declared(said) if said else {})
        if tag == "font" and (colour := attributes.get("color")):
            style.setdefault("color", colour.strip().lower())
        if tag == "body" and (colour := attributes.get("text")):
            style.setdefault("color", colour.strip().lower())
        if (ground := attributes.get("bgcolor")) and not background(style):
            style["background-color"] = ground.strip().lower()
        return style

    def _conceal(self, text: str) -> None:
        if len(self.concealed) < _MOST_CONCEALED and text.strip():
            self.concealed.append(text[:_LONGEST_CONCEALED])


def _text(node: Any) -> str:
    """The first characters of all text below an element."""
    parts: list[str] = []
    todo = [node]
    size = looked = 0
    while todo and size < 400 and looked < _MOST_LOOKED_AT:
        here = todo.pop()
        looked += 1
        if here.tag == "-text":
            if part := " ".join((here.text_content or "")[:1000].split()):
                parts.append(part)
                size += len(part)
        elif here.tag not in ("script", "style", "template"):
            child = here.last_child
            while child is not None:
                todo.append(child)
                child = child.prev
    return " ".join(parts)


def _below(style: Mapping[str, str], colours: Colours) -> Colours:
    """What elements below inherit, or stand on."""
    return Colours(
        background(style) or colours.background,
        colours.certain,
        style.get("-webkit-text-fill-color") or style.get("color") or colours.text,
        letters(style, colours.size),
    )


def _told(page: Any) -> Head:
    title = page.css_first("title")
    root = page.css_first("html")
    meta = {
        (one.attributes.get("property") or one.attributes.get("name") or "").lower(): one.attributes.get(
            "content"
        )
        or ""
        for one in page.css("meta[content]")[:200]
    }
    days = (meta[each][:10] for each in _DATES if len(meta.get(each, "")) >= 10)
    values = {
        "title": title.text() if title is not None else "",
        "language": ((root.attributes.get("lang") if root is not None else "") or "")[:35],
    }
    for day in days:
        # A date that is none is the page's fault and no reason to refuse it.
        attempt = Page("")
        head = read_head({**values, "updated": day}, attempt)
        if not attempt.problems:
            return head
    return read_head(values, Page(""))
