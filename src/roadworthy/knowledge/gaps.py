"""What people ask and nothing answers: the questions gathered by what they are about, the most urgent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.knowledge.sentences import NEGATIONS, STOPWORDS, words

TOGETHER: Final = 0.65
"""Cosine from which two questions are about one thing."""
WEEKS: Final = 8
_HALF_LIFE_DAYS = 28.0
_TELLING = 6
_SEVERAL = 3  # cases that use a word before it is told: what only one person wrote is not shown

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """A question that somebody asked. ``case`` leads back to who asked.

    ``score`` orders questions by how likely something answers them: the similarity of the nearest passage, or
    another sign of it; NaN where it is not known.
    """

    case: str
    text: str
    day: date
    score: float
    nearest: str = ""
    """The document of the nearest passage."""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions about one thing that nothing answers.

    ``size``: how often it was asked; ``share`` of all questions, answered ones included. ``medoid``: place of the
    question in the middle. ``words``: those that at least three cases use and others do not. ``weeks``: how often
    it was asked in each of the last eight weeks, the oldest first. ``urgency``: its questions, halved for every
    four weeks they are old.
    """

    size: int
    share: float
    medoid: int
    members: tuple[int, ...]
    words: tuple[str, ...]
    nearest: str
    score: float
    first: date
    last: date
    weeks: tuple[int, ...]
    urgency: float

    @property
    def trend(self) -> float:
        """Questions a week in the last four weeks beside the four before: 2 is twice as many; infinite: new."""
        half = len(self.weeks) // 2
        before, after = sum(self.weeks[:half]), sum(self.weeks[half:])
        return after / before if before else (float("inf") if after else 1.0)


@dataclass(frozen=True, slots=True)
class Gaps:
    """``asked`` questions, ``unanswered`` among them; ``unread`` of these have no vector and stand in no gap."""

    gaps: tuple[Gap, ...]
    asked: int
    unanswered: int
    unread: int


def gaps(
    questions: Sequence[Question],
    vectors: Vectors,
    *,
    below: float,
    today: date,
    together: float = TOGETHER,
    smallest: int = 1,
) -> Gaps:
    """Unanswered questions gathered by what they are about, the most urgent first.

    Unanswered is a question whose score lies below ``below`` or is not known. Each question joins the first one that is near enough, then the nearest
    middle of a group; groups whose middles are near are one. The same questions in the same order make the same groups.

    Shape:   ``vectors``: one row of length 1 a question; a row of zeros or one that is not finite is unread.
    Errors:  ``ValueError`` where there is not one row a question.
    """
    if len(vectors) != len(questions):
        raise ValueError("one row of vectors a question is expected")
    asked = sum(question.count for question in questions)
    open_ = [place for place, question in enumerate(questions) if not question.score >= below]
    finite = np.logical_and.reduce(np.isfinite(vectors), axis=1) if len(questions) else np.zeros(0, bool)
    read = [place for place in open_ if finite[place] and bool(vectors[place].any())]
    # The question asked most leads; of equal ones the first.
    read.sort(key=lambda place: (-questions[place].count, place))
    rows = np.ascontiguousarray(vectors[read], dtype=np.float32)
    groups = [[read[member] for member in group] for group in _grouped(rows, together)]
    spread = Counter(word for place in open_ for word in _words(questions[place].text))
    found = [_gap(group, questions, vectors, asked, spread, len(open_), today) for group in groups]
    found = [gap for gap in found if gap.size >= smallest]
    found.sort(key=lambda gap: (-gap.urgency, -gap.size, gap.medoid))
    unanswered = sum(questions[place].count for place in open_)
    unread = unanswered - sum(questions[place].count for place in read)
    return Gaps(tuple(found), asked, unanswered, unread)


def _grouped(rows: Vectors, together: float) -> list[list[int]]:
    """Places of rows, those that are near one another together."""
    if not len(rows):
        return []
    leaders = np.empty_like(rows)
    number = 0
    belongs = np.zeros(len(rows), dtype=np.int64)
    for place, row in enumerate(rows):
        near = leaders[:number] @ row
        best = int(near.argmax()) if number else -1
        if best < 0 or near[best] < together:
            leaders[number] = row
            best, number = number, number + 1
        belongs[place] = best
    middles = _merged(rows, belongs, together)
    nearest = np.concatenate(
        [(rows[at : at + 4096] @ rows[middles].T).argmax(axis=1) for at in range(0, len(rows), 4096)]
    )
    groups: dict[int, list[int]] = {}
    for place, group in enumerate(nearest.tolist()):
        groups.setdefault(group, []).append(place)
    return list(groups.values())


def _merged(rows: Vectors, belongs: NDArray[np.int64], together: float) -> list[int]:
    """The question in the middle of each group, of groups with near middles that of the largest."""
    sizes = np.bincount(belongs)
    kept: list[int] = []
    for group in np.argsort(-sizes, kind="stable").tolist():
        middle = _middle(rows, np.flatnonzero(belongs == group))
        if not kept or float((rows[kept] @ rows[middle]).max()) < together:
            kept.append(middle)
    return kept


def _middle(rows: Vectors, members: NDArray[np.int64]) -> int:
    """The medoid: of unit rows the one with the largest sum of cosines is the one nearest to their sum."""
    return int(members[int((rows[members] @ rows[members].sum(axis=0)).argmax())])


def _gap(
    group: Sequence[int],
    questions: Sequence[Question],
    vectors: Vectors,
    asked: int,
    spread: Counter[str],
    unanswered: int,
    today: date,
) -> Gap:
    members = [questions[place] for place in group]
    size = sum(member.count for member in members)
    weeks = [0] * WEEKS
    for member in members:
        age = max(0, (today - member.day).days) // 7
        if age < WEEKS:
            weeks[WEEKS - 1 - age] += member.count
    known = [member for member in members if member.nearest and np.isfinite(member.score)]
    documents = Counter(member.nearest for member in known)
    nearest = min(documents, key=lambda name: (-documents[name], name)) if documents else ""
    beside = [member.score for member in known if member.nearest == nearest]
    return Gap(
        size=size,
        share=size / asked if asked else 0.0,
        medoid=group[_middle(vectors[list(group)], np.arange(len(group)))],
        members=tuple(sorted(group)),
        words=_telling(members, spread, unanswered),
        nearest=nearest,
        score=float(np.median(beside)) if beside else float("nan"),
        first=min(member.day for member in members),
        last=max(member.day for member in members),
        weeks=tuple(weeks),
        urgency=sum(
            member.count * 0.5 ** (max(0, (today - member.day).days) / _HALF_LIFE_DAYS)
            for member in members
        ),
    )


def _telling(members: Sequence[Question], spread: Counter[str], unanswered: int) -> tuple[str, ...]:
    """Words that several cases of this gap use, and other questions do not."""
    cases: dict[str, set[str]] = {}
    used: Counter[str] = Counter()
    for member in members:
        for word in _words(member.text):
            cases.setdefault(word, set()).add(member.case)
            used[word] += 1
    rank = {
        word: used[word] * float(np.log1p(unanswered / spread[word]))
        for word, who in cases.items()
        if len(who) >= _SEVERAL
    }
    return tuple(sorted(rank, key=lambda word: (-rank[word], word))[:_TELLING])


def _words(text: str) -> frozenset[str]:
    return frozenset(
        each
        for each in words(text[:2_000])
        if len(each) > 2 and each not in STOPWORDS and each not in NEGATIONS and not each[0].isdigit()
    )
