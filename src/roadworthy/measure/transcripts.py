"""Transcripts of recorded cases: what graders, mirrors and spot checks read of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from roadworthy.casework.case import CaseRecord, State
from roadworthy.evaluation import Called, Cited, Proposed, Transcript
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.mirroring import rehearsed
from roadworthy.ports import Transaction

MOST_TEXT = 200_000
"""Characters of one passage that a transcript carries."""


def transcript_of(deployment: Deployment, tx: Transaction, case: CaseRecord) -> Transcript:
    """One recorded case as graders read it: answer, read calls, effects, passages, cost and time.

    ``output`` is what was generated last: its text where it has no other field. Where nothing was
    generated it is the label. Calls recorded before their arguments were kept have none. Effects
    stand as they are now, with what a person edited.

    Units:   seconds from intake to the last change of the case; for a case that waited for people
             the time of their answers is in it. Tokens are not recorded per case: 0.
    Errors:  ``Refused`` RW-VAULT-001 once the subject was erased, ``Corrupt`` for an altered payload.
    """
    store, vault = deployment.store, deployment.vault
    calls: list[Called] = []
    passages: list[Cited] = []
    written: object = None
    for step in store.cases.steps(tx, case.id, run=case.run):
        kind, _, name = step.name.partition(":")
        if kind not in {"call", "retrieve", "generate"}:
            continue
        kept = vault.open(tx, step.result)
        value = kept["value"]
        if kind == "call":
            asked = kept.get("asked")
            calls.append(Called(name, dict(asked) if isinstance(asked, Mapping) else {}, value))
        elif kind == "generate":
            written = value
        else:
            passages += [_cited(item) for item in value if isinstance(item, Mapping)]
    effects = tuple(
        Proposed(effect.tool, vault.open(tx, effect.arguments), effect.disposition, effect.reasons)
        for effect in store.effects.of_case(tx, case.id)
    )
    error = failure_of(case)
    return Transcript(
        output=None if error else _output(written, case.answer),
        label="" if error else case.answer,
        confidence=None if error or math.isnan(case.confidence) else case.confidence,
        calls=tuple(calls),
        effects=effects,
        passages=tuple(passages),
        cost=store.cases.spent(tx, case.id),
        seconds=max(0.0, (case.updated_at - case.created_at).total_seconds()),
        error=error,
    )


def failure_of(case: CaseRecord) -> str:
    """Code and message of what ended a rehearsed case before it was decided; empty where it was decided.

    A live case that failed went to a person: its page tells why.
    """
    if rehearsed(case) and case.state is State.CLOSED and not case.handled_by:
        return case.reason
    return ""


def _output(written: object, label: str) -> object:
    if isinstance(written, Mapping):
        return written["text"] if set(written) == {"text"} else dict(written)
    return written if written is not None else label or None


def _cited(passage: Mapping[str, object]) -> Cited:
    score = passage.get("score")
    return Cited(
        document=str(passage.get("document", "")),
        text=str(passage.get("text", ""))[:MOST_TEXT],
        score=float(score) if isinstance(score, int | float) else 0.0,
    )
