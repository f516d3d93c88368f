"""Personal data hidden on the way to a model and restored on the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

from roadworthy.data.personal.span import Span, join
from roadworthy.data.personal.standins import LITERAL, TAG_LENGTH, Found, Reader, small, tag_of
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

How = Literal["redact", "pseudonymise"]
LEAST_SECRET = 16
_LONGEST_LABEL = 64
_ONE_LINE = {ord('"'): "'", ord("\n"): " ", ord("\r"): " "}


class Searches(Protocol):
    """What finds personal data in a text: a ``Classifier``, or one joined with a model for names."""

    def spans(self, text: str, /) -> Sequence[Span]: ...


@lru_cache(maxsize=1)
def usual_classifier() -> Searches:
    """The classifier with its usual settings, built when first asked for and then shared."""
    from roadworthy.data.personal.classifier import Classifier

    return Classifier()


class Disguise:
    """Hides the personal data of one request or case, and restores what a model answers. Not for two threads at once.

    ``redact`` leaves the kind of a value (``[EMAIL]``) and cannot be undone. ``pseudonymise`` leaves a
    stand-in (``[EMAIL_1_KQXBTZ]``): the same value has the same one, and its last letters come from the
    ``secret``, so that nothing another disguise handed out is ever taken for one of this. With the same
    secret and texts in the same order the stand-ins are the same again.

    Errors:  ``InputProblem`` RW-HIDE-001 for an unknown ``how`` or a secret under 16 bytes.
    """

    def __init__(self, how: How, secret: bytes, *, classifier: Searches | None = None) -> None:
        problems = []
        if how not in ("redact", "pseudonymise"):
            problems.append(
                Problem(f"personal data cannot be hidden by `{how}`", hint="redact or pseudonymise")
            )
        if len(secret) < LEAST_SECRET:
            problems.append(
                Problem(
                    f"the secret of a disguise has {len(secret)} bytes", hint=f"give {LEAST_SECRET} or more"
                )
            )
        if problems:
            raise InputProblem("RW-HIDE-001", problems)
        self.how = how
        self._reversible = how == "pseudonymise"
        self._classifier = classifier or usual_classifier()
        self._tag = tag_of(secret)
        # Invariant: both know the same values; a stand-in without its brackets is given once and stays.
        self._table: dict[str, str] = {}
        self._chosen: dict[str, str] = {}
        self._counted: dict[str, int] = {}
        self._reader = Reader(self._tag, self._table)

    def hide(self, text: str, *, label: str = "") -> str:
        """The text with every finding replaced. ``label`` is the name of the field it is the value of.

        Edge:    a stand-in of this disguise that the text itself holds is hidden too, and so comes back
                 as it was written: nobody reads a value by writing its stand-in. Therefore
                 ``restore(hide(text)) == text`` for every text when pseudonymising.
        """
        spans = self._classifier.spans(text)
        if label and len(label) <= _LONGEST_LABEL and '"' not in label:
            spans = join(spans, self._labelled(text, label))
        if self._reversible and self._reader.tag in small(text):
            return self._with_mentions(text, spans)
        if not spans:
            return text
        pieces: list[str] = []
        last = 0
        for span in spans:
            start, end = span.start, span.end
            pieces += (text[last:start], self._stand_in(text[start:end], span.cls))
            last = end
        pieces.append(text[last:])
        return "".join(pieces)

    def restore(self, text: str, *, quoted: bool = False) -> str:
        """The text with the values of this disguise in the place of its stand-ins.

        Edge:    redacted text stays as it is. ``quoted`` says that the text is JSON and its stand-ins
                 stand in strings: values are escaped for there.
        """
        return _replaced(text, self.found(text, quoted=quoted))

    def found(self, text: str, begin: int = 0, *, quoted: bool = False) -> list[Found]:
        """Where stand-ins of this disguise are in a text from ``begin`` on, with what to put there."""
        found = list(self._reader.find(text, begin))
        return [Found(start, end, quote(value)) for start, end, value in found] if quoted else found

    def undecided(self, text: str, begin: int = 0) -> int:
        """From where on a text may be the beginning of a stand-in; its length where nothing of it may."""
        return self._reader.undecided(text, begin) if self._table else len(text)

    def mentioned_in(self, data: bytes) -> bool:
        """Whether bytes of UTF-8 can hold a stand-in at all: a quick look before a slow one."""
        return bool(self._table) and self._reader.tag.encode() in data.lower()

    @property
    def is_reversible(self) -> bool:
        """Whether anything was hidden that ``restore`` would turn back."""
        return bool(self._table)

    def _labelled(self, text: str, label: str) -> list[Span]:
        lead = f'"{label}": "'
        shift, size = len(lead), len(text)
        found = []
        # A quote or a break inside would end the value there.
        for span in self._classifier.spans(f'{lead}{text.translate(_ONE_LINE)}"'):
            start, end = max(0, span.start - shift), min(size, span.end - shift)
            if start < end:
                found.append(Span(start, end, span.cls, span.confidence, span.detail))
        return found

    def _with_mentions(self, text: str, spans: Sequence[Span]) -> str:
        """Hide the findings and every mention of the tag; where two touch the same characters they become one."""
        places = [(span.start, span.end, str(span.cls)) for span in spans]
        lowered, tag = small(text), self._reader.tag
        at = lowered.find(tag)
        while at >= 0:
            places.append((at, at + TAG_LENGTH, LITERAL))
            at = lowered.find(tag, at + TAG_LENGTH)
        merged: list[tuple[int, int, str]] = []
        for start, end, kind in sorted(places):
            if merged and start < merged[-1][1]:
                first, last, known = merged[-1]
                merged[-1] = (first, max(last, end), kind if known == LITERAL else known)
            else:
                merged.append((start, end, kind))
        return _replaced(
            text, [(start, end, self._stand_in(text[start:end], kind)) for start, end, kind in merged]
        )

    def _stand_in(self, value: str, kind: str) -> str:
        stand_in = self._chosen.get(value)
        if stand_in is None:
            # A plain string: as a member of the enumeration it would be looked up slowly.
            kind = kind.upper()
            if not self._reversible:
                return f"[{kind}]"
            number = self._counted[kind] = self._counted.get(kind, 0) + 1
            name = f"{kind}_{number}_{self._tag}"
            self._table[name] = value
            stand_in = self._chosen[value] = f"[{name}]"
        return stand_in


class Restorer:
    """Restores an answer that comes in pieces: what is given out, joined, is ``restore`` of the whole.

    Only what may be the beginning of a stand-in waits for the next piece: never more than 72 characters.
    ``quoted`` says that the pieces are of JSON; None finds out by the first character that is no blank.
    """

    def __init__(self, disguise: Disguise, *, quoted: bool | None = False) -> None:
        self._disguise = disguise
        self._quoted = quoted
        self._held = ""
        # The character before what is held: whether a word begins there.
        self._before = ""

    @property
    def holds(self) -> bool:
        """Whether something waits for the next piece."""
        return bool(self._held)

    def feed(self, piece: str) -> str:
        """What can be given out now."""
        if self._quoted is None and (first := (self._held + piece).lstrip()[:1]):
            self._quoted = first == "{"
        begin = len(self._before)
        text = f"{self._before}{self._held}{piece}"
        return self._given(text, begin, self._disguise.undecided(text, begin))

    def end(self) -> str:
        """What is left when no piece follows; the restorer is then as new."""
        begin = len(self._before)
        text = self._before + self._held
        given = self._given(text, begin, len(text))
        self._before = ""
        return given

    def _given(self, text: str, begin: int, until: int) -> str:
        found = self._disguise.found(text, begin, quoted=bool(self._quoted))
        # Invariant: no stand-in reaches over ``until``; the next piece would see a half of it.
        while found and found[-1].end > until:
            until = min(until, found.pop().start)
        given = _replaced(text[:until], found, begin)
        self._held = text[until:]
        self._before = text[max(0, until - 1) : until]
        return given


def quote(value: str) -> str:
    """The value as it stands in a string of JSON, without the quotes."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def begins_json(text: str) -> bool:
    """Whether a text is an object of JSON by its first character: what models are made to answer with a schema."""
    return text.lstrip()[:1] == "{"


def _replaced(text: str, places: Iterable[tuple[int, int, str]], begin: int = 0) -> str:
    pieces, last = [], begin
    for start, end, value in places:
        pieces += [text[last:start], value]
        last = end
    return "".join([*pieces, text[last:]]) if pieces else text[begin:]
