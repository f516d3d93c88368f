"""Outcomes: what turned out to be right, and the watch over a canary that they feed."""

from __future__ import annotations

import json
import unicodedata

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import Outcome, TrueOutcome
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.canaries import ERROR, WATCH, observe
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.rollout import look_at_canary
from roadworthy.operate.spotchecks.asking import SOURCE
from roadworthy.operate.words import check_words
from roadworthy.principal import Principal, require
from roadworthy.release import Release
from roadworthy.trust import CanaryWatch


def record_outcome(
    deployment: Deployment, principal: Principal, use_case: str, key: str, *, truth: str, source: str
) -> tuple[Outcome, ...]:
    """Note what the right answer was, for the case and every shadow run of it.

    ``truth`` is a label of the task, ``source`` says who knows (``crm``, ``agent``). The same
    source twice changes nothing. If a canary is proven worse by it, the canary is halted.

    Errors: ``InputProblem`` RW-OUTCOME-002 without a label or a source, RW-WORDS-001 where they are no
    text to keep, RW-SPOT-005 for a source that belongs to spot checks; ``NotFound`` RW-OUTCOME-001 for an unknown key, ``Conflict`` RW-OUTCOME-003 while
    the case is still being worked.
    """
    require(principal, "outcome.record", use_case=use_case)
    check_words(truth=truth, source=source)
    if not truth or len(truth) > 200 or not source:
        raise InputProblem("RW-OUTCOME-002", Problem("expected a label and a source"))
    if _reads_like(source, SOURCE):
        raise InputProblem(
            "RW-SPOT-005",
            Problem(f"`{source}` is kept for what spot checks find", place="source"),
            hint="answer the spot check in the inbox, or name another source",
        )
    recorded: list[Outcome] = []
    worse = False
    with deployment.store.write() as tx:
        case = deployment.store.cases.by_key(tx, use_case, key)
        if case is None:
            raise NotFound("RW-OUTCOME-001", f"no case `{key}` of `{use_case}`")
        rollout = deployment.store.releases.rollout(tx, use_case)
        twins = [
            deployment.store.cases.by_key(tx, use_case, key, twin=release.digest)
            for release in rollout.releases
        ]
        followed = (case, *(twin for twin in twins if twin))
        if any(one.state is State.OPEN for one in followed):
            raise Conflict(
                "RW-OUTCOME-003", f"case `{key}` is not decided yet", hint="file the outcome later"
            )
        for one in followed:
            outcome = Outcome(
                id=deployment.new_id(),
                case=one.id,
                use_case=use_case,
                truth=truth,
                judgement=_judge(one, truth),
                source=source,
                principal=principal.id,
                at=deployment.now(),
            )
            before = [
                known
                for known in deployment.store.cases.outcomes(tx, one.id)
                if not _reads_like(known.source, SOURCE)
            ]
            if not deployment.store.cases.add_outcome(tx, outcome):
                continue
            recorded.append(outcome)
            deployment.record(
                tx,
                "outcome.recorded",
                principal.id,
                {"case": one.id, "use_case": use_case, "release": one.release or "people"},
                {
                    "judgement": outcome.judgement,
                    "source": source,
                    "handled_by": one.handled_by,
                    **({"contradicts": sorted({known.source for known in before if known.truth != truth})}
                       if any(known.truth != truth for known in before) else {}),
                },
            )  # fmt: skip
            if one is case and not before:
                # A case counts once, by the first word on it: a second one may say otherwise, and is on record.
                worse = observe(deployment, tx, one, {ERROR: _loss(one, outcome)})
    if worse:
        # The job of the transaction would find it too; whoever brought the news need not wait for it.
        look_at_canary(deployment, use_case)
    return tuple(recorded)


def canary_watch(deployment: Deployment, use_case: str, canary: Release) -> CanaryWatch | None:
    """What is known so far about a canary against the cases beside it; None before the first outcome."""
    with deployment.store.read() as tx:
        stored = deployment.store.evidence.watch(tx, use_case, canary.digest, WATCH)
    return CanaryWatch.from_json(json.loads(stored)) if stored else None


def _reads_like(source: str, kept: str) -> bool:
    """A name that people take for the one kept: capitals, spaces and the kind of hyphen tell nothing apart."""
    plain, begins = (
        "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())
        for name in (source, kept)
    )
    return plain.startswith(begins)


def _judge(case: CaseRecord, truth: str) -> TrueOutcome:
    if not case.answer:
        return TrueOutcome.UNCLEAR
    return TrueOutcome.RIGHT if case.answer == truth else TrueOutcome.WRONG


def _loss(case: CaseRecord, outcome: Outcome) -> float:
    """A wrong automatic answer. What a person saw first counts as no loss on either arm, so that the
    comparison speaks of harm done and not of how often people were asked."""
    return float(outcome.judgement is TrueOutcome.WRONG and case.handled_by == "automatic")
