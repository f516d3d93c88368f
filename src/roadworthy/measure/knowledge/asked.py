"""What people asked a knowledge source lately, read from the records of cases; nothing of it is copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from roadworthy.casework.case import CaseRecord
from roadworthy.errors import Corrupt, NotFound, Refused
from roadworthy.knowledge.answerable import LOOKED_AT, answerable
from roadworthy.knowledge.gaps import Gaps, Question, gaps
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.asked import asked_of
from roadworthy.operate.knowledge.retrieving import find
from roadworthy.ports.knowledge import KnowledgeSource, Vectors
from roadworthy.principal import Principal, require
from roadworthy.stage import LIVE

MOST_QUESTIONS: Final = 5_000
UNCALIBRATED: Final = 0.4
"""Score below which a question counts as unanswered, where no labelled questions drew the line."""
_PAGE: Final = 200
_EMBEDDED: Final = 256


@dataclass(frozen=True, slots=True)
class Heard:
    """A question of a case: the words only as long as this lives."""

    case: str
    at: datetime
    text: str
    found: tuple[str, ...]
    """The documents that were found then, best first."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Questions, the newest first. ``erased``: cases whose data subject was erased; ``unreadable``: whose record
    cannot be read; ``more``: there are older ones in the window that were not looked at."""

    questions: tuple[Heard, ...]
    cases: int
    erased: int
    unreadable: int
    more: bool

    @property
    def touched(self) -> Counter[str]:
        """How many questions found a document."""
        return Counter(name for one in self.questions for name in set(one.found))


def questions_asked(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    source: str,
    *,
    since: datetime,
    most: int = MOST_QUESTIONS,
) -> Collected:
    """The questions that live cases taken in since then asked a source, each case's once.

    What is read in a shadow beside a case counts with that case. The records are read in pages, so that the store
    is not held; cases that come meanwhile may be missing.

    Errors: ``Refused`` without the right `case.read_content`.
    """
    require(principal, "case.read_content", use_case=use_case)
    heard: dict[tuple[str, str], Heard] = {}
    cases = erased = unreadable = 0
    for case in _live(deployment, use_case, since):
        if len(heard) >= most:
            return Collected(tuple(heard.values()), cases, erased, unreadable, more=True)
        cases += 1
        try:
            with deployment.store.read() as tx:
                asked = list(asked_of(deployment, tx, case, source))
        except Refused:
            erased += 1
            continue
        except (Corrupt, NotFound):
            unreadable += 1
            continue
        for one in asked:
            heard.setdefault(
                (case.key, one.query), Heard(case.key, case.created_at, one.query, tuple(one.found))
            )
    return Collected(tuple(heard.values()), cases, erased, unreadable, more=False)


def gaps_of(
    base: KnowledgeSource, collected: Collected, *, now: datetime, below: float = UNCALIBRATED
) -> tuple[Gaps, tuple[Question, ...]]:
    """Which of the questions nothing answers now, gathered; and the questions that they point to.

    Each is asked again with the rights of the release: what was written since closes its gap. The score is that of
    ``answerable``; ``below`` comes from labelled questions where there are any. Without an embedding model nothing can be
    gathered: every unanswered question is unread.

    Errors: ``Unavailable`` where a server that embeds questions does not answer.
    """
    counted = Counter(" ".join(one.text.split()) for one in collected.questions)
    first = {" ".join(one.text.split()): one for one in reversed(collected.questions)}
    questions = []
    for text, count in counted.items():
        hits = find(base, text, reader=base.reader, today=now.date(), top_k=LOOKED_AT)
        questions.append(
            Question(
                case=first[text].case,
                text=text,
                day=first[text].at.date(),
                score=answerable(hits, text),
                nearest=hits[0].chunk.document if hits else "",
                count=count,
            )
        )
    rows = _rows(base, [question.text for question in questions])
    return gaps(questions, rows, below=below, today=now.date()), tuple(questions)


def _rows(base: KnowledgeSource, texts: list[str]) -> Vectors:
    if not base.embedders or not texts:
        return np.zeros((len(texts), 1), dtype=np.float32)
    model = base.embedders[0]
    return np.vstack([model.embed(texts[at : at + _EMBEDDED]) for at in range(0, len(texts), _EMBEDDED)])


def _live(deployment: Deployment, use_case: str, since: datetime) -> Iterator[CaseRecord]:
    """Cases of people, not rehearsals, the newest first."""
    after, more = "", True
    while more:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, after=after, limit=_PAGE)
        for case in page.rows:
            if case.created_at < since:
                return
            if case.stage in LIVE:
                yield case
        after, more = page.after, bool(page.after)
