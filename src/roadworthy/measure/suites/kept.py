"""What earlier evaluations left: answers and grades, opened when they are asked for."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from roadworthy.errors import NotFound, Refused
from roadworthy.evaluation import Grade, Grader
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.evaluating import AnswerKey, Placed

MOST_OPEN: Final = 64
"""Opened payloads that stay in memory: results are asked for in about the order they were kept in."""


class KeptWords:
    """Answers that need not be asked for again, and the texts that lie sealed at a place."""

    def __init__(self, deployment: Deployment, answers: Mapping[AnswerKey, Placed]) -> None:
        self.answers = answers
        self._deployment = deployment
        self._open: OrderedDict[tuple[str, str], list[str] | None] = OrderedDict()
        self._lock = threading.Lock()

    def text(self, placed: Placed) -> str | None:
        """The answer at a place; None once it was erased."""
        return self._at(placed, "answers")

    def words(self, placed: Placed) -> str | None:
        """The graders' words at a place; None once they were erased."""
        return self._at(placed, "words")

    def grade(self, key: str, grader: Grader) -> Grade | None:
        """A grade that was given before, with its words; None where there is none, or it was erased."""
        with self._deployment.store.read() as tx:
            known = self._deployment.store.evaluations.kept_grade(tx, key)
        if known is None:
            return None
        words = self.words(known.words)
        if words is None:
            return None
        for name, reason, detail in json.loads(words):
            if name == known.grade.grader:
                return replace(known.grade, grader=grader.name, reason=reason, detail=detail)
        return None

    def _at(self, placed: Placed, what: str) -> str | None:
        named = (placed.payload, what)
        with self._lock:
            if named in self._open:
                self._open.move_to_end(named)
                texts = self._open[named]
                return None if texts is None else texts[placed.place]
        with self._deployment.store.read() as tx:
            opened = opened_payload(self._deployment, tx, placed.payload)
        with self._lock:
            for part in ("answers", "words"):
                self._open[placed.payload, part] = None if opened is None else opened[part]
            while len(self._open) > 2 * MOST_OPEN:
                self._open.popitem(last=False)
        return None if opened is None else opened[what][placed.place]


def opened_payload(deployment: Deployment, tx: Transaction, payload: str) -> Mapping[str, list[str]] | None:
    """A batch as it was sealed; None where it was erased, or is gone with an older backup."""
    try:
        opened: Mapping[str, list[str]] = deployment.vault.open(tx, payload)
    except (Refused, NotFound):
        return None
    return opened
