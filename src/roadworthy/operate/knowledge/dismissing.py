"""Contradictions and repeats that an owner has looked at: what was decided holds until a sentence changes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from roadworthy.errors import InputProblem, Problem
from roadworthy.ledger import decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.principal import Principal, require

DISMISSED: Final = "knowledge.dismissed"
_LONGEST_REASON: Final = 500
_PAIR: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Who said of a pair that it is no fault, when and why."""

    pair: str
    by: str
    at: datetime
    reason: str


def dismiss(
    deployment: Deployment, principal: Principal, use_case: str, source: str, pair: str, *, reason: str
) -> bool:
    """Note that a pair is no contradiction, or that two documents may say the same; False where that is noted already.

    A pair is named by what its two sides say: once one of them says something else, it is another pair and comes back.

    Errors: ``InputProblem`` RW-KNOWLEDGE-070 for what is no id of a pair or gives no reason, RW-WORDS-001;
    ``Refused`` without the right `review.decide`.
    """
    require(principal, "review.decide", use_case=use_case)
    check_words(_LONGEST_REASON, reason=reason)
    problems = []
    if not _PAIR.fullmatch(pair):
        problems.append(
            Problem(
                "expected the id of a pair, `sha256:` and 64 digits",
                place="pair",
                hint="`roadworthy knowledge health --json` lists them",
            )
        )
    if not reason.strip():
        problems.append(Problem("expected why it is none", place="reason"))
    if problems:
        raise InputProblem("RW-KNOWLEDGE-070", problems)
    if dismissals(deployment, use_case, source, [pair]):
        return False
    with deployment.store.write() as tx:
        deployment.record(
            tx,
            DISMISSED,
            principal.id,
            {"use_case": use_case, "pair": pair},
            {"source": source, "reason": reason.strip()},
        )
    return True


def dismissals(
    deployment: Deployment, use_case: str, source: str, pairs: Collection[str]
) -> dict[str, Dismissed]:
    """What was noted of these pairs of a source, by pair."""
    found: dict[str, Dismissed] = {}
    if not pairs:
        return found
    sequence_all(deployment)
    with deployment.store.read() as tx:
        for pair in pairs:
            for entry in deployment.store.ledger.about(tx, pair):
                event = decode(entry.event)
                if (
                    event.kind == DISMISSED
                    and event.about.get("use_case") == use_case
                    and event.data.get("source") == source
                ):
                    found[pair] = Dismissed(pair, event.actor, event.at, str(event.data.get("reason", "")))
    return found
