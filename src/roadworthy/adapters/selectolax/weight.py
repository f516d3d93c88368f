"""How much work a page makes for its parser, counted before it is parsed.

The algorithm of the HTML standard looks through all open elements at many tags, and opens formatting anew in every
block: 100,000 nested elements took 55 s, and a megabyte of unclosed `<font>` and `<p>` would fill the memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

DEEPEST: Final = 400
_MOST_REOPENED: Final = 2_000_000
_CLOSE_THEMSELVES = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dd",
        "dt",
        "option",
        "optgroup",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "tfoot",
        "colgroup",
        "caption",
        "html",
        "head",
        "body",
        "rb",
        "rp",
        "rt",
        "rtc",
    ]
)
_FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)
_BEGUN = re.compile(r"<(?:!--|[!?]|/?[a-zA-Z][^\s/>]*|/)")
_ATTRIBUTE = re.compile(r"[\s/]*+(?:[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:(?P<quote>[\"'])|[^\s>]*+))?)?")
_RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
_MOST_ATTRIBUTES = 2000


def too_heavy(page: str) -> str:
    """Why the page is not parsed; empty where it may be. Linear."""
    open_tags: Counter[str] = Counter()
    depth = formatting = reopened = 0
    for slash, tag, attributes in _tags(page):
        # One element of a hundred thousand attributes is compared with itself again and again.
        if attributes > _MOST_ATTRIBUTES:
            return "one of its elements has thousands of attributes"
        if tag in _CLOSE_THEMSELVES:
            reopened += formatting
        elif slash:
            if open_tags[tag]:
                open_tags[tag] -= 1
                depth -= 1
                formatting -= tag in _FORMATTING
        else:
            open_tags[tag] += 1
            depth += 1
            formatting += tag in _FORMATTING
            reopened += formatting
            if depth > DEEPEST:
                return f"its elements are nested deeper than {DEEPEST}"
        if reopened > _MOST_REOPENED:
            return "its formatting is left open so often that nobody can say what it looks like"
    return ""


def _tags(page: str) -> Iterator[tuple[bool, str, int]]:
    """Tags as the HTML standard finds them: whether they close, their name, and how many attributes they have.

    What stands in comments, in attributes and in scripts is no tag.
    """
    at = 0
    lowered = ""
    while (begun := _BEGUN.search(page, at)) is not None:
        mark = begun.group()
        at = begun.end()
        if mark == "<!--":
            # `<!-->` and `<!--->` are whole comments.
            ends = [end for end in (page.find("-->", at - 2), page.find("--!>", at)) if end >= 0]
            if not ends:
                return
            at = min(ends) + 3
            continue
        if mark in ("<!", "<?", "</"):
            at = page.find(">", at) + 1
            if not at:
                return
            continue
        slash = mark[1] == "/"
        tag = mark[1 + slash :].lower()
        at, attributes = _attributes(page, at)
        if at < 0:
            return
        yield slash, tag, attributes
        if tag in _RAW and not slash:
            lowered = lowered or _lower(page)
            at = lowered.find(f"</{tag}", at)
            if at < 0:
                return


def _attributes(page: str, at: int) -> tuple[int, int]:
    """Where a tag ends and how many attributes it has; -1 where the page ends before."""
    number = 0
    while at < len(page):
        if page[at] == ">":
            return at + 1, number
        found = _ATTRIBUTE.match(page, at)
        if found is None or found.end() == at:
            return -1, number
        at = found.end()
        number += 1
        if quote := found["quote"]:
            at = page.find(quote, at) + 1
            if not at:
                return -1, number
    return -1, number


def _lower(page: str) -> str:
    """In small letters, every character at its place."""
    return page.translate(_SMALL)


_SMALL = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
