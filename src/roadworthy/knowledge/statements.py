"""Sentences of documents as they are held against one another: their words, values and scope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from roadworthy.knowledge.document import Document
from roadworthy.knowledge.literals import opening
from roadworthy.knowledge.sentences import (
    NEGATIONS,
    STOPWORDS,
    listed,
    negated,
    normal,
    sentences,
    stem,
    stems,
    words,
)
from roadworthy.knowledge.values import Value, values

LONGEST: Final = 600
"""Characters of a sentence that is compared; what is longer is a list or a table without its lines."""
_FEWEST_STEMS = 2
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SCOPES: Final = tuple(
    tuple(listed(words) for words in contrast)
    for contrast in (
        ("standard normal regular normale regulär", "express instant priority eilversand sofort echtzeit"),
        ("daily day tag täglich tages", "weekly week woche wöchentlich", "monthly month monat monatlich kalendermonat", "yearly annual annually year jahr jährlich"),
        ("online app in-app internet website web", "branch branches counter filiale schalter", "phone telephone telefon telefonisch", "post letter mail brief"),
        ("weekday weekdays werktags wochentags", "weekend weekends saturday sunday saturdays sundays wochenende samstag sonntag", "holiday holidays feiertag feiertage"),
        ("domestic inland euro-area euroraum home", "abroad foreign international overseas ausland fremdwährung"),
        ("private personal privat", "business company corporate geschäftlich firmen gewerblich"),
        ("adult adults erwachsene", "child children youth student students kinder jugend jugendkarte studenten"),
        ("debit debitkarte", "credit kreditkarte", "prepaid", "virtual virtuelle"),
        ("minimum least mindestens", "maximum most höchstens maximal"),
        ("basic free-plan", "premium plus gold voyager"),
        ("cash bargeld", "purchase payments zahlungen"),
    )
)  # fmt: skip
_CONDITION: Final = listed("if unless except provided wenn falls sofern außer ausgenommen")
_SUPERSEDED: Final = re.compile(
    r"\b(?:formerly|previously|used to|no longer (?:valid|applies)|superseded|replaced by|outdated|archived|discontinued|until the end of"
    r"|früher|vormals|bisher|gilt nicht mehr|nicht mehr gültig|ersetzt durch|veraltet|abgelöst)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a value as one. ``key`` is alike for what is written alike."""

    key: str
    value: Value | None
    content: bool
    capital: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence of a document. ``ordinal`` counts the sentences of the document from 0."""

    document: int
    ordinal: int
    text: str

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of its content words."""
        return stems(self.text)

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Amounts, dates, durations and other values in it, in order."""
        return values(self.text)

    @cached_property
    def negated(self) -> bool:
        """It says that something is not so."""
        return negated(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """All of its words, in small letters."""
        return frozenset(words(self.text))

    @cached_property
    def years(self) -> frozenset[str]:
        """The years it speaks of: the same thing has other values in another year."""
        dated = {each[:4] for value in self.values if value.kind == "date" for each in value.meanings}
        return frozenset(dated - {"*-"}) | {
            each for value in self.values if value.kind == "year" for each in value.meanings
        }

    @cached_property
    def conditional(self) -> bool:
        """It holds under a condition."""
        return bool(self.words & _CONDITION)

    @cached_property
    def superseded(self) -> bool:
        """It says itself that it speaks of what was."""
        return bool(_SUPERSEDED.search(self.text))

    @cached_property
    def scopes(self) -> tuple[frozenset[int], ...]:
        """Of each contrast the sides that it names."""
        return tuple(
            frozenset(side for side, names in enumerate(contrast) if names & self.words)
            for contrast in _SCOPES
        )

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Its words and values in order, as two sentences are laid beside each other."""
        found: list[Token] = []
        plain, place = normal(self.text), 0
        first = opening(self.text)
        for value in self.values:
            if value.start >= place:
                found += _tokens(plain[place : value.start], first)
                key = f"={value.kind}:{'|'.join(sorted(value.meanings))}"
                found.append(Token(key, value, True, False))
                place = value.end
        return (*found, *_tokens(plain[place:], first))


def statements(document: Document, number: int) -> Iterator[Sentence]:
    """The sentences of a document that state something: two content words at least. Headings and code do not."""
    ordinal = 0
    for block in document.blocks:
        for text in sentences(block.text):
            sentence = Sentence(number, ordinal, text)
            ordinal += 1
            if block.kind in {"heading", "code"} or len(text) > LONGEST or text.endswith("?"):
                continue
            if len(sentence.stems) >= _FEWEST_STEMS:
                yield sentence


def other_scope(one: Sentence, other: Sentence) -> bool:
    """Each speaks of another side of one contrast, such as standard and express, a month and a year."""
    return any(
        left and right and not left & right for left, right in zip(one.scopes, other.scopes, strict=True)
    )


def _tokens(text: str, first: str) -> Iterator[Token]:
    for match in _WORD.finditer(text):
        word = match[0].replace("’", "'").casefold().removesuffix("'s")
        if word == "s":  # of a possessive that is written apart
            continue
        content = word not in STOPWORDS and word not in NEGATIONS
        yield Token(word, None, content, match[0][:1].isupper() and word != first)


def alike(one: str, other: str) -> bool:
    """Two words of one stem."""
    return stem(one) == stem(other)
