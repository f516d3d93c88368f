"""The style sheets of a page: which of their rules say something about an element."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from roadworthy.adapters.selectolax.hiding import (
    Colours,
    declared,
    settled,
    unescaped,
    unseen,
    without_comments,
)

_LONGEST_SHEETS: Final = 5_000_000
_MOST_RULES: Final = 20_000
_MOST_LOOKS: Final = 3_000_000
_MOST_MATCHED: Final = 200
"""Selectors that hide something and are more than a tag, classes and an id: each is matched with the whole page."""
_MOST_TOLD: Final = 10
_COMPOUND = re.compile(r"([a-zA-Z][a-zA-Z0-9-]*|\*)?((?:[.#][\w-]+)*)")
_PART = re.compile(r"([.#])([\w-]+)")
_BRACES = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[{}]")
_ELSEWHERE = re.compile(
    r"@(?:-[a-z-]+-)?(?:keyframes|font-face|page|property|counter-style|font-feature-values)\b|@media\s+(?:only\s+)?(?:print|speech)\b"
)
_WIDTH = re.compile(r"\((min|max)-width\s*:\s*(\d{1,6})(?:\.\d*)?\s*(px|r?em)\s*\)")
_MOVING = re.compile(
    r"::|:(?:hover|focus|active|visited|target|before|after|checked|disabled|invalid|placeholder)\b"
)
"""Parts of an element, or an element that somebody points at: not what a reader sees at first."""


class OutOfBounds(Exception):
    """The sheets make more work than any page needs."""


class _Rule(NamedTuple):
    needed: frozenset[str]
    tag: str
    rank: tuple[int, int, int, int]
    style: dict[str, str]


class Sheet:
    """The rules of a page's own style sheets.

    Selectors of a tag, classes and an id are matched here. Others are looked at where their rule hides something:
    ``matched`` gives the elements that fit one, and raises where it does not understand it. ``misread``: the selectors
    that hide something and were not understood. Errors: ``OutOfBounds``.
    """

    def __init__(self, texts: Iterable[str], matched: Callable[[str], Iterable[int]]) -> None:
        self._by_key: dict[str, list[_Rule]] = {}
        self._by_element: dict[int, dict[str, str]] = {}
        self._known: dict[tuple[str, frozenset[str]], dict[str, str]] = {}
        self._looks = 0
        self.misread: list[str] = []
        self._matched, self._asked = matched, 0
        number = 0
        whole = "\n".join(texts)
        if len(whole) > _LONGEST_SHEETS:
            raise OutOfBounds
        for selectors, text in _rules(without_comments(whole)):
            style = declared(text)
            if not style:
                continue
            hides = bool(unseen(settled(style), Colours(certain=False)))
            for selector in _listed(selectors):
                number += 1
                if number > _MOST_RULES:
                    raise OutOfBounds
                self._keep(selector, style, number, hides)

    def of(self, tag: str, classes: str, id_: str, element: int) -> dict[str, str]:
        """What the rules say about an element; of two the more exact one, then the later."""
        names = frozenset([*(f".{one}" for one in classes.split()), *([f"#{id_}"] if id_ else ())])
        found = self._known.get((tag, names))
        if found is None:
            rules = []
            for key in (tag, "*", *names):
                there = self._by_key.get(key, ())
                self._looks += len(there)
                rules += [rule for rule in there if rule.tag in ("*", tag) and rule.needed <= names]
            if self._looks > _MOST_LOOKS:
                raise OutOfBounds
            found = {}
            for rule in sorted(rules, key=lambda rule: rule.rank):
                found.update(rule.style)
            if len(self._known) < 20_000:
                self._known[tag, names] = found
        more = self._by_element.get(element)
        return {**found, **more} if more else found

    def _keep(self, selector: str, style: dict[str, str], number: int, hides: bool) -> None:
        found = _COMPOUND.fullmatch(unescaped(selector))
        if not selector:
            return
        if found is None:
            if hides and not _MOVING.search(selector):
                self._look_for(selector, style)
            return
        names = frozenset(kind + name for kind, name in _PART.findall(found[2]))
        tag = (found[1] or "*").lower()
        ids = sum(name[0] == "#" for name in names)
        rank = (ids, len(names) - ids, int(tag != "*"), number)
        self._by_key.setdefault(min(names) if names else tag, []).append(_Rule(names, tag, rank, style))

    def _look_for(self, selector: str, style: dict[str, str]) -> None:
        self._asked += 1
        try:
            if self._asked > _MOST_MATCHED:
                raise ValueError
            for element in self._matched(selector):
                self._by_element.setdefault(element, {}).update(style)
        except Exception:  # noqa: BLE001 - whatever the library says about a selector that it does not know
            if len(self.misread) < _MOST_TOLD:
                self.misread.append(selector)


def _listed(selectors: str) -> Iterator[str]:
    """The selectors between commas, those in brackets left alone."""
    depth, start = 0, 0
    for at, letter in enumerate(selectors):
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == "," and depth <= 0:
            yield selectors[start:at].strip()
            start = at + 1
    yield selectors[start:].strip()


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations, those of rules in rules too. Groups for paper or small windows are left out."""
    open_: list[str | None] = []
    """The selector of each block that is open; None: nothing in it is for a screen; empty: a group."""
    at = 0
    for brace in _BRACES.finditer(text):
        if brace.group() not in "{}":
            continue
        piece = text[at : brace.start()]
        at = brace.end()
        outer = open_[-1] if open_ else ""
        if brace.group() == "}":
            if outer:
                yield outer, piece
            if open_:
                open_.pop()
            continue
        said, _, prelude = piece.rpartition(";")
        prelude = prelude.strip()
        if outer and said.strip():
            yield outer, said
        if (
            len(open_) >= 30
            or outer is None
            or (prelude.startswith("@") and _is_elsewhere(prelude.lower()))
        ):
            open_.append(None)
        elif prelude.startswith("@"):
            open_.append(outer)
        else:
            open_.append(_within(outer, prelude) if outer else prelude)


def _within(outer: str, prelude: str) -> str:
    """A rule in a rule is about what lies below, or about what `&` says."""
    inner = prelude.replace("&", outer) if "&" in prelude else f"{outer} {prelude}"
    return inner[:5000]


def _is_elsewhere(prelude: str) -> bool:
    """Whether a group is for paper, for small windows, or for none but very wide ones."""
    if _ELSEWHERE.match(prelude):
        return True
    for which, number, unit in _WIDTH.findall(prelude):
        width = int(number) * (1 if unit == "px" else 16)
        if width < 1200 if which == "max" else width > 1200:
            return True
    return "prefers-" in prelude


def identities(nodes: Iterable[Any]) -> list[int]:
    """By which a sheet tells elements apart."""
    return [node.mem_id for node in nodes]
