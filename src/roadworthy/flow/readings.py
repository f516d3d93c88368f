"""What a run has read so far: one marking that only rises, and what each value may be used for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.flow.links import links
from roadworthy.flow.literals import (
    LONGEST,
    as_cents,
    figures,
    flattened,
    known_as,
    looked_up_as,
    stands_in,
)
from roadworthy.policy import NEUTRAL, Marking

MOST_LEAVES: Final = 10_000
"""Values of one reading that are looked at; the rest is not trusted, which is safe."""

DEEPEST: Final = 30
_SEARCHED: Final = 200_000
"""Characters that are searched to say where an untrusted value came from."""

UNKNOWN: Final = "no source: the workflow or a model made it"
NOTHING: Final = "it names nothing"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whether a value may steer a tool, and where it came from in words. The words hold no content."""

    trusted: bool
    source: str


class Readings:
    """Everything that a run has read so far. ``approved`` gives texts that were approved with the release.

    ``subject`` is the natural name of the data subject, where a trusted field gives it: registries are asked
    with it. Sources are named in words that hold no content, such as "the input `text`".
    """

    def __init__(self, *, subject: object = None, approved: Callable[[], Iterable[str]] = tuple) -> None:
        self.subject = subject
        self._marking = NEUTRAL
        self._known: dict[str, str] = {}
        self._instructions: list[tuple[str, str]] = []
        self._reliable: list[tuple[str, str]] = []
        self._heard: list[tuple[str, object]] = []
        self._approved = approved
        self._standing: dict[str, str] | None = None

    @property
    def marking(self) -> Marking:
        """The join of everything read. What the run makes from now on carries it, whatever it was made of:
        the choice between two branches depends on what was read, too."""
        return self._marking

    def rise(self, marking: Marking) -> None:
        """Something of this marking was read."""
        self._marking = self._marking.join(marking)

    def trust(self, source: str, value: object, *, instruction: bool = False) -> None:
        """Every value in here may steer a tool, as a whole. Of an ``instruction`` so may every word or row of
        words: whoever wrote it named them."""
        for leaf in _leaves(value):
            for key in known_as(leaf):
                self._known.setdefault(key, source)
            if instruction and isinstance(leaf, str):
                self._instructions.append((source, flattened(leaf)))
        self._standing = None

    def rely(self, source: str, text: str) -> None:
        """The links that stand in this text may stand in content. Nothing else of it is trusted."""
        self._reliable.append((source, text))
        self._standing = None

    def hear(self, source: str, value: object) -> None:
        """Remember an untrusted value, to say later where something came from."""
        self._heard.append((source, value))

    def whence(self, value: object, *, money: bool = False, depth: int = 0) -> Provenance:
        """Whether a value may steer a tool, and where it came from.

        Every entry of a list is judged, every name and value of an object. ``money``: the value counts minor
        units, and an instruction may have named it with two decimals.
        Edge: an empty list names nothing and is trusted; a truth value or an empty one never is.
        """
        if isinstance(value, Mapping) and depth < DEEPEST:
            parts = (part for pair in value.items() for part in pair)
            return _together(self.whence(part, depth=depth + 1) for part in parts)
        if isinstance(value, list | tuple) and depth < DEEPEST:
            return _together(self.whence(part, depth=depth + 1) for part in value)
        for key in looked_up_as(value):
            if source := self._known.get(key):
                return Provenance(True, source)
        if source := self._in_instructions(value, money=money):
            return Provenance(True, source)
        return Provenance(False, self._heard_in(value))

    def whence_link(self, link: str) -> Provenance:
        """The same for a link in content: it may also stand in a text that is relied on, or was approved."""
        found = self.whence(link)
        if found.trusted:
            return found
        standing = self._links_standing()
        for key in looked_up_as(link):
            if source := standing.get(key):
                return Provenance(True, source)
        return found

    def _in_instructions(self, value: object, *, money: bool) -> str:
        if not self._instructions:
            return ""
        if isinstance(value, str):
            for source, flat in self._instructions:
                if stands_in(flat, value):
                    return source
        keys = {key for key in looked_up_as(value) if not key.startswith("text:")}
        if money:
            keys |= {as_cents(value)} - {""}
        if not keys:
            return ""
        for source, flat in self._instructions:
            named = set(figures(flat))
            named.update(key for link in links(flat) for key in known_as(link))
            # A text is the same as a number only where that number stands in its own digits.
            wanted = (
                keys if not isinstance(value, str) else {k for k in keys if not k.startswith("number:")}
            )
            if named & wanted:
                return source
        return ""

    def _links_standing(self) -> dict[str, str]:
        """Worked out when a link is first asked about: most content holds none."""
        if self._standing is None:
            texts = [*self._reliable, *(("an approved text", text) for text in self._approved())]
            self._standing = {
                key: source
                for source, text in reversed(texts)
                for link in links(text)
                for key in known_as(link)
            }
        return self._standing

    def _heard_in(self, value: object) -> str:
        """The source that holds the value, first as a whole, then within a longer text."""
        wanted = str(value) if isinstance(value, str | int | float) else ""
        if not wanted or len(wanted) > LONGEST:
            return UNKNOWN
        folded, within, left = wanted.casefold(), "", _SEARCHED
        for source, heard in self._heard:
            for path, leaf in _paths(heard):
                text = str(leaf)[: max(0, left)]
                left -= len(text)
                if text == wanted:
                    return f"{source}{path}"
                if not within and len(wanted) > 1 and folded in text.casefold():
                    within = f"{source}{path}"
        return within or UNKNOWN


def _together(parts: Iterable[Provenance]) -> Provenance:
    found = list(dict.fromkeys(parts))
    if not found:
        return Provenance(True, NOTHING)
    trusted = all(part.trusted for part in found)
    telling = list(dict.fromkeys(part.source for part in found if part.trusted == trusted))
    return Provenance(trusted, ", ".join(telling[:3]) + (" and others" if len(telling) > 3 else ""))


def _leaves(value: object) -> Iterator[object]:
    return (leaf for _, leaf in _paths(value))


def _paths(value: object) -> Iterator[tuple[str, object]]:
    """The values within a value with the names that lead to them, as far as that is looked at."""
    waiting: list[tuple[str, object, int]] = [("", value, 0)]
    seen = 0
    while waiting and seen < MOST_LEAVES:
        path, item, depth = waiting.pop()
        seen += 1
        if isinstance(item, Mapping):
            if depth < DEEPEST:
                waiting += [
                    (_named(path, name), part, depth + 1) for name, part in reversed(list(item.items()))
                ]
        elif isinstance(item, list | tuple):
            if depth < DEEPEST:
                waiting += [(path, part, depth + 1) for part in reversed(item)]
        else:
            yield path, item


def _named(path: str, name: object) -> str:
    """Names are shown where they are plainly names: a foreign one may be content."""
    text = str(name)
    return f"{path}.{text}" if text.isidentifier() and text.isascii() and len(text) <= 40 else path
