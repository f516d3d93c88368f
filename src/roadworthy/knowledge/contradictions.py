"""Sentences of two documents that cannot both be right."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.knowledge.document import Document
from roadworthy.knowledge.literals import names
from roadworthy.knowledge.parallel import aligned, swap
from roadworthy.knowledge.sentences import sentences, stems
from roadworthy.knowledge.statements import LONGEST, Sentence, other_scope, statements
from roadworthy.knowledge.values import Value, values
from roadworthy.quantities import Digest, digest_of

LIKELY: Final = 0.5
"""Confidence from which a pair is listed."""
MOST_PAIRS: Final = 20_000
"""Pairs of sentences that are looked at closely."""

_HOLDERS = 20  # sentences that one word leads to
_RARE = 5  # words of a sentence that lead to others
_SAME_SUBJECT = (
    0.5  # part of their words, by weight, and of their names that two documents about one thing share
)
_FEWEST_NAMES = 3  # in both documents, for names to tell
_CLOSE = 0.8  # cosine of two documents about one thing
_MOST_DECLARED = 2_000
_LOOKED_THROUGH = 20_000  # characters of a document that tell what it is about

# Without the same words around it, a bare number, a year or a code says nothing of what it is about.
_LOOSE: Final = frozenset({"number", "year", "date", "code"})
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence and where it stands. ``place`` counts the sentences of the document from 1; 0: a declared fact
    whose sentence was not found."""

    document: str
    title: str
    place: int
    text: str
    owner: str
    updated: date | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements that cannot both be right. Both are shown; which one is right, their owners decide.

    ``kind``: `declared` for facts in the heads of documents, else what differs: a kind of value, `negation`,
    `term`. ``newer`` is the document that was updated later, empty where that is not known. ``id`` names
    the two sentences: another wording has another.
    """

    id: Digest
    kind: str
    one: Statement
    other: Statement
    why: str
    confidence: float
    newer: str
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Contradictions:
    """What was found, surest first; how many pairs of sentences were looked at, and how many were not."""

    found: tuple[Contradiction, ...]
    looked_at: int
    left_out: int


def contradictions(
    documents: Sequence[Document],
    *,
    today: date,
    vectors: Vectors | None = None,
    likely: float = LIKELY,
    most: int = MOST_PAIRS,
) -> Contradictions:
    """Facts that heads of documents state differently, and pairs of sentences that do, surest first.

    Two sentences are held against each other where they share rare words and their documents speak of one
    thing: the same topic, words that weigh much in both, or a cosine of 0.8. ``vectors`` has a row of length 1
    a document; rows that are not finite count for nothing. Documents that are past their validity, or whose
    validity does not overlap, are left out, and sentences that speak of what was. At most ``most`` pairs,
    those that share most, are looked at.

    Edge: documents of two declared languages are only compared by their declared facts.
    Errors: ``ValueError`` where there is not one row a document.
    """
    if vectors is not None and len(vectors) != len(documents):
        raise ValueError("one row of vectors a document is expected")
    found = list(declared(documents))
    known = {frozenset((each.one.document, each.other.document)) for each in found}
    lines = [
        sentence
        for number, document in enumerate(documents)
        if not document.is_stale(today)
        for sentence in statements(document, number)
        if not sentence.superseded
    ]
    pairs, weight, left_out = _candidates(lines, most)
    subjects = _Subjects(documents, weight, vectors)
    best: dict[tuple[int, int, str], Contradiction] = {}
    for one, other in pairs:
        if not subjects.comparable(one.document, other.document):
            continue
        a, b = documents[one.document], documents[other.document]
        made = _between(one, other, a, b, subjects, weight)
        if made is None or made.confidence < likely:
            continue
        if made.kind != "term" and frozenset((a.name, b.name)) in known and _said_by(found, made):
            continue
        key = (one.document, other.document, made.why)
        if key not in best or made.confidence > best[key].confidence:
            best[key] = made
    found += _of_one_thing(best.values(), lines, documents)
    found.sort(key=lambda each: (-each.confidence, each.one.document, each.other.document, each.why))
    return Contradictions(tuple(found), len(pairs), left_out)


def declared(documents: Sequence[Document]) -> Iterator[Contradiction]:
    """Pairs of documents whose heads state another value for the same fact; at most 2,000."""
    stated: dict[str, list[tuple[Document, object]]] = defaultdict(list)
    for document in documents:
        for fact, value in document.facts.items():
            stated[fact].append((document, value))
    told = 0
    for fact, places in sorted(stated.items()):
        if len({str(value) for _, value in places}) == 1:
            continue
        for (one, first), (other, second) in combinations(places, 2):
            if first == second or told == _MOST_DECLARED:
                continue
            told += 1
            why = f"`{fact}` is {first} in one and {second} in the other"
            left, right = _stating(one, first), _stating(other, second)
            yield _made("declared", left, right, one, other, why, 1.0, fact=fact)


class _Subjects:
    """Whether two documents speak of one thing."""

    def __init__(
        self, documents: Sequence[Document], weight: Mapping[str, float], vectors: Vectors | None
    ) -> None:
        self._documents, self._weight = documents, weight
        self._vectors: Vectors | None = None
        if vectors is not None:
            finite = np.logical_and.reduce(np.isfinite(vectors), axis=1)
            self._vectors = np.where(finite[:, np.newaxis], vectors, np.float32(0))
        self._stems: dict[int, frozenset[str]] = {}
        self._named: dict[int, frozenset[str]] = {}
        self._values: dict[int, list[tuple[str, tuple[Value, ...]]]] = {}
        self._known: dict[tuple[int, int], float] = {}

    def comparable(self, one: int, other: int) -> bool:
        a, b = self._documents[one], self._documents[other]
        if a.language and b.language and a.language != b.language:
            return False
        if (a.valid_until and b.valid_from and a.valid_until < b.valid_from) or (
            b.valid_until and a.valid_from and b.valid_until < a.valid_from
        ):
            return False
        return self.nearness(one, other) >= _SAME_SUBJECT

    def nearness(self, one: int, other: int) -> float:
        """0 to 1: the same topic is 1, otherwise the weighted part of words or the cosine."""
        key = (one, other)
        if key not in self._known:
            self._known[key] = self._near(one, other)
        return self._known[key]

    def _near(self, one: int, other: int) -> float:
        a, b = self._documents[one], self._documents[other]
        if a.topic and b.topic:
            return 1.0 if a.topic == b.topic else 0.0
        left, right = self._of(one), self._of(other)
        shared = sum(self._weight.get(each, 0.0) for each in left & right)
        least = min(sum(self._weight.get(each, 0.0) for each in side) for side in (left, right))
        words = shared / least if least else 0.0
        # Pages of one form share most words; what they are about differs by the names.
        ours, theirs = self._names(one), self._names(other)
        if min(len(ours), len(theirs)) >= _FEWEST_NAMES:
            words = min(words, len(ours & theirs) / min(len(ours), len(theirs)))
        if self._vectors is not None and float(self._vectors[one] @ self._vectors[other]) >= _CLOSE:
            return max(words, _SAME_SUBJECT)
        return words

    def knows(self, value: Value, beside: Sentence) -> bool:
        """The document of a sentence has the value elsewhere: it knows both, for different things."""
        number = beside.document
        if number not in self._values:
            text = self._documents[number].text[:_LOOKED_THROUGH]
            self._values[number] = [(each, values(each[:LONGEST])) for each in sentences(text)]
        return any(
            value.kind == each.kind and value.agrees(each)
            for text, found in self._values[number]
            if text != beside.text
            for each in found
        )

    def _names(self, number: int) -> frozenset[str]:
        if number not in self._named:
            text = self._documents[number].text[:_LOOKED_THROUGH]
            self._named[number] = frozenset().union(*(names(each[:LONGEST]) for each in sentences(text)))
        return self._named[number]

    def _of(self, number: int) -> frozenset[str]:
        if number not in self._stems:
            document = self._documents[number]
            self._stems[number] = stems(f"{document.title}\n{document.text[:_LOOKED_THROUGH]}")
        return self._stems[number]


def _of_one_thing(
    found: Iterable[Contradiction], lines: Sequence[Sentence], documents: Sequence[Document]
) -> Iterator[Contradiction]:
    """Without those of documents that differ in more than they agree in: pages of one form about two things."""
    known: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        known[documents[line.document].name].update(
            f"{each.kind} {min(each.meanings)}" for each in line.values
        )
        known[documents[line.document].name].add(" ".join(sorted(line.words)))
    between: dict[tuple[str, str], list[Contradiction]] = defaultdict(list)
    for each in found:
        between[each.one.document, each.other.document].append(each)
    for (one, other), pairs in between.items():
        agreed = len(known[one] & known[other])
        yield from pairs if len(pairs) == 1 or len(pairs) <= agreed else ()


def _candidates(
    lines: Sequence[Sentence], most: int
) -> tuple[list[tuple[Sentence, Sentence]], dict[str, float], int]:
    """Pairs of sentences of two documents that share rare words, what each word weighs, and how many were left out."""
    holders: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for each in line.stems:
            holders[each].append(number)
    weight = {each: float(np.log(1 + len(lines) / len(places))) for each, places in holders.items()}
    ones, others, shares = [], [], []
    for number, line in enumerate(lines):
        rare = sorted(
            (each for each in line.stems if len(holders[each]) > 1), key=lambda each: (-weight[each], each)
        )
        for each in rare[:_RARE]:
            places = holders[each]
            # A common word leads to its neighbours in order, not always to the same first sentences.
            start = 0 if len(places) <= _HOLDERS else max(0, bisect_left(places, number) - _HOLDERS // 2)
            for other in places[start : start + _HOLDERS]:
                if lines[other].document != line.document:
                    ones.append(min(number, other))
                    others.append(max(number, other))
                    shares.append(weight[each])
    codes = np.array(ones, dtype=np.int64) * len(lines) + np.array(others, dtype=np.int64)
    pairs, place = np.unique(codes, return_inverse=True)
    score = np.bincount(place, weights=shares, minlength=len(pairs))
    best = np.argsort(-score, kind="stable")[: 2 * most]
    near = [(lines[code // len(lines)], lines[code % len(lines)]) for code in pairs[best].tolist()]
    ranked = [
        (sum(sorted(weight[each] for each in shared)), place)
        for place, (one, other) in enumerate(near)
        if len(shared := one.stems & other.stems) >= 2
    ]
    ranked.sort(key=lambda each: (-each[0], each[1]))
    left_out = max(0, len(ranked) - most) + len(pairs) - len(best)
    return [near[place] for _, place in ranked[:most]], weight, left_out


def _between(
    one: Sentence,
    other: Sentence,
    a: Document,
    b: Document,
    subjects: _Subjects,
    weight: Mapping[str, float],
) -> Contradiction | None:
    if one.text == other.text or other_scope(one, other):
        return None
    nearness = min(1.0, subjects.nearness(one.document, other.document))
    edits = aligned(one, other)
    if edits is not None:
        found = swap(edits)
        if found is None:
            return None
        sure = found.sure * (0.6 + 0.4 * nearness)
        why = f"`{found.one}` stands against `{found.other}`"
        if found.kind == "negation":
            why = "one negates what the other says"
        return _made(found.kind, _at(one, a), _at(other, b), a, b, why, sure)
    return _values_apart(one, other, a, b, subjects, weight)


def _values_apart(
    one: Sentence,
    other: Sentence,
    a: Document,
    b: Document,
    subjects: _Subjects,
    weight: Mapping[str, float],
) -> Contradiction | None:
    """Another value of one kind, said in other words of the same thing."""
    shared = one.stems & other.stems
    if len(shared) < 2 or not one.values or not other.values:
        return None
    if one.years and other.years and not one.years & other.years:
        return None
    least = min(sum(weight[each] for each in side.stems) for side in (one, other))
    overlap = sum(weight[each] for each in shared) / least if least else 0.0
    nearness = min(1.0, subjects.nearness(one.document, other.document))
    for left, right in _apart(one.values, other.values):
        if subjects.knows(left, other) or subjects.knows(right, one):
            continue
        sure = 0.1 + 0.8 * overlap + 0.2 * nearness - (0.2 if one.conditional != other.conditional else 0.0)
        why = f"`{left.written}` stands against `{right.written}`"
        return _made(left.kind, _at(one, a), _at(other, b), a, b, why, min(0.85, sure))
    return None


def _apart(left: Sequence[Value], right: Sequence[Value]) -> Iterator[tuple[Value, Value]]:
    """The only value of a kind on each side, where they do not agree."""
    for kind in sorted({each.kind for each in left} & {each.kind for each in right}):
        ours = [each for each in left if each.kind == kind]
        theirs = [each for each in right if each.kind == kind]
        if kind not in _LOOSE and len(ours) == len(theirs) == 1 and not ours[0].agrees(theirs[0]):
            yield ours[0], theirs[0]


def _at(sentence: Sentence, document: Document) -> Statement:
    return Statement(
        document.name, document.title, sentence.ordinal + 1, sentence.text, document.owner, document.updated
    )


def _stating(document: Document, value: object) -> Statement:
    """The first sentence that holds a declared value."""
    written = str(value)
    try:
        wanted = {format(float(written), "g")}
    except ValueError:
        wanted = {written.casefold()}
    place = 0
    for block in document.blocks:
        for text in sentences(block.text):
            place += 1
            meant = {
                number for each in values(text) for number in each.meanings | {each.written.casefold()}
            }
            if (
                wanted & (meant | {_plain(each.written) for each in values(text)})
                or written.casefold() in text.casefold().split()
            ):
                return Statement(
                    document.name, document.title, place, text, document.owner, document.updated
                )
    return Statement(document.name, document.title, 0, "", document.owner, document.updated)


def _plain(written: str) -> str:
    """The number of a value as written, without its unit."""
    number = written.split()[0].strip("€$£%").replace(",", ".") if written.split() else ""
    try:
        return format(float(number), "g")
    except ValueError:
        return number


def _made(
    kind: str,
    one: Statement,
    other: Statement,
    a: Document,
    b: Document,
    why: str,
    confidence: float,
    *,
    fact: str = "",
) -> Contradiction:
    newer = ""
    if a.updated is not None and b.updated is not None and a.updated != b.updated:
        newer = a.name if a.updated > b.updated else b.name
    sides = sorted([[one.document, one.text], [other.document, other.text]])
    return Contradiction(
        digest_of({"statements": sides, "fact": fact, "why": why if not one.text else ""}),
        kind,
        one,
        other,
        why,
        round(confidence, 3),
        newer,
        fact,
    )


def _said_by(found: Sequence[Contradiction], made: Contradiction) -> bool:
    """A declared fact of the two documents says it already, by the same sentence."""
    return any(
        {(each.one.document, each.one.place), (each.other.document, each.other.place)}
        & {(made.one.document, made.one.place), (made.other.document, made.other.place)}
        and {each.one.document, each.other.document} == {made.one.document, made.other.document}
        for each in found
    )
