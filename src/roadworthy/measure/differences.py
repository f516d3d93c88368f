"""Two runs of one case side by side: what differs, and for better or for worse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.journal import Step
from roadworthy.casework.review import Verdict
from roadworthy.measure.transcripts import failure_of
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.quantities import Cost, digest_of

_ASKING = ("call", "retrieve", "ask")


class Judged(StrEnum):
    """What a difference means, the worst first."""

    REGRESSION = "regression"  # was right, now is not
    NEWLY_WRONG = "newly automatic and wrong"  # a person had it before
    CHANGED = "changed"  # for better or worse, nobody knows
    IMPROVED = "improved"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class EffectChange:
    """An effect that only one of the runs proposed, or that differs in arguments or disposition.

    ``before`` and ``after`` are dispositions, empty where the effect was not proposed. ``arguments``
    names what differs; ``values`` holds both values of each, where whoever asks may see content.
    """

    tool: str
    before: str
    after: str
    arguments: tuple[str, ...] = ()
    values: Mapping[str, tuple[object, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One run of a case, without content. ``right`` is None where no outcome is known."""

    answer: str
    confidence: float | None
    automatic: bool
    covered: bool
    """A certificate covers at least one of its effects."""
    steps: tuple[str, ...]
    cost: Cost
    right: bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One case on two releases. ``cluster`` is the pseudonym of its data subject.

    ``failed`` tells what ended the mirrored run before it was decided. ``otherwise`` says what differs
    beside label, effects and coverage: steps, questions asked, texts written. ``anew`` names what was
    asked of others than the recordings.
    """

    key: str
    case: str
    mirrored: str
    cluster: str
    judged: Judged
    before: Side
    after: Side
    effects: tuple[EffectChange, ...] = ()
    otherwise: tuple[str, ...] = ()
    failed: str = ""
    anew: tuple[str, ...] = ()

    def as_json(self, *, content: bool = False) -> dict[str, Any]:
        """The difference as every door shows it; values of arguments only with ``content``."""
        return {
            "key": self.key,
            "case": self.case,
            "mirrored": self.mirrored,
            "judged": self.judged,
            "before": _side_json(self.before),
            "after": _side_json(self.after),
            "effects": [
                {
                    "tool": one.tool,
                    "before": one.before,
                    "after": one.after,
                    "arguments": list(one.arguments),
                    **(
                        {"values": {name: list(both) for name, both in one.values.items()}}
                        if content
                        else {}
                    ),
                }
                for one in self.effects
            ],
            "otherwise": list(self.otherwise),
            "failed": self.failed,
            "anew": list(self.anew),
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a run left behind. ``proposed`` holds argument digests from before a person edited them."""

    case: CaseRecord
    effects: tuple[EffectRecord, ...]
    steps: tuple[Step, ...]
    written: tuple[str, ...]
    proposed: Mapping[str, str]


def compare_runs(
    deployment: Deployment,
    tx: Transaction,
    original: CaseRecord,
    mirrored: CaseRecord,
    *,
    truth: str | None,
    abstain: AbstractSet[str],
    content: bool,
) -> Difference:
    """What differs between a case and its mirror, judged by the true answer where it is known.

    A run without an answer is not right, unless ``truth`` is a label on which to abstain. Cost is told and
    never judged: the same work does not take the same time twice.

    Errors: ``Refused`` RW-VAULT-001 once the subject was erased.
    """
    before, after = _seen(deployment, tx, original), _seen(deployment, tx, mirrored)
    sides = _side(before, truth, abstain), _side(after, truth, abstain)
    effects = _effect_changes(deployment, tx, before, after, content=content)
    otherwise = _otherwise(before, after)
    failed = failure_of(mirrored)
    recorded = {(step.name, step.arguments) for step in before.steps}
    anew = [
        step.name.partition(":")[2]
        for step in after.steps
        if step.name.startswith(("call:", "retrieve:")) and (step.name, step.arguments) not in recorded
    ]
    differs = bool(effects or otherwise or failed) or (
        (sides[0].answer, sides[0].automatic, sides[0].covered)
        != (sides[1].answer, sides[1].automatic, sides[1].covered)
    )
    same_effects = all(change.before and change.after and not change.arguments for change in effects)
    return Difference(
        key=original.key,
        case=original.id,
        mirrored=mirrored.id,
        cluster=original.subject,
        judged=_judged(*sides, same_effects=same_effects, failed=bool(failed)) if differs else Judged.EQUAL,
        before=sides[0],
        after=sides[1],
        effects=effects,
        otherwise=otherwise,
        failed=failed,
        anew=tuple(dict.fromkeys(anew)),
    )


def _judged(before: Side, after: Side, *, same_effects: bool, failed: bool) -> Judged:
    if before.right is None or after.right is None:
        return Judged.CHANGED
    if before.right and not after.right:
        return Judged.REGRESSION
    if not after.right and after.automatic and not before.automatic:
        return Judged.NEWLY_WRONG
    caught = not after.right and before.automatic and not after.automatic and not failed
    alone = before.right and after.right and same_effects and after.automatic and not before.automatic
    if (after.right and not before.right) or caught or alone:
        return Judged.IMPROVED
    return Judged.CHANGED


def _seen(deployment: Deployment, tx: Transaction, case: CaseRecord) -> _Seen:
    steps = deployment.store.cases.steps(tx, case.id, run=case.run)
    proposed: dict[str, str] = {}
    for review in deployment.store.reviews.of_case(tx, case.id):
        if review.verdict == Verdict.EDIT and review.effect:
            proposed.setdefault(review.effect, review.proposal)
    written = [
        digest_of(deployment.vault.open(tx, step.result)["value"])
        for step in steps
        if step.name.startswith("generate:")
    ]
    return _Seen(case, deployment.store.effects.of_case(tx, case.id), steps, tuple(written), proposed)


def _side(seen: _Seen, truth: str | None, abstain: AbstractSet[str]) -> Side:
    case = seen.case
    right = None
    if truth is not None:
        right = case.answer == truth or (truth in abstain and (not case.answer or case.answer in abstain))
        right = right and not failure_of(case)
    return Side(
        answer=case.answer,
        confidence=None if math.isnan(case.confidence) else case.confidence,
        automatic=case.handled_by == "automatic",
        covered=any(effect.certificate for effect in seen.effects),
        steps=tuple(step.name for step in seen.steps),
        cost=case.cost,
        right=right,
    )


def _effect_changes(
    deployment: Deployment, tx: Transaction, before: _Seen, after: _Seen, *, content: bool
) -> tuple[EffectChange, ...]:
    """Effects are matched by tool and slot; those that are left, by tool alone."""
    changes = []
    for one, other in _matched(before.effects, after.effects):
        known = one or other
        if known is None:
            continue
        was, now = one.disposition if one else "", other.disposition if other else ""
        values = {}
        if one is not None and other is not None:
            proposed = {one.arguments_digest, before.proposed.get(one.id)}
            if other.arguments_digest not in proposed:
                values = _values(deployment, tx, one, other)
            elif was == now:
                continue
        changes.append(EffectChange(known.tool, was, now, tuple(sorted(values)), values if content else {}))
    return tuple(changes)


def _matched(
    before: Sequence[EffectRecord], after: Sequence[EffectRecord]
) -> list[tuple[EffectRecord | None, EffectRecord | None]]:
    left = {(effect.tool, effect.slot): effect for effect in before}
    pairs: list[tuple[EffectRecord | None, EffectRecord | None]] = []
    without = []
    for effect in sorted(after, key=lambda one: (one.tool, one.slot)):
        same = left.pop((effect.tool, effect.slot), None)
        if same is not None:
            pairs.append((same, effect))
        else:
            without.append(effect)
    for effect in without:
        near = next((place for place in sorted(left) if place[0] == effect.tool), None)
        pairs.append((left.pop(near) if near else None, effect))
    pairs += [(effect, None) for _, effect in sorted(left.items())]
    return sorted(pairs, key=lambda pair: (pair[0] or pair[1]).tool)  # type: ignore[union-attr]


def _values(
    deployment: Deployment, tx: Transaction, one: EffectRecord, other: EffectRecord
) -> dict[str, tuple[object, object]]:
    was, now = deployment.vault.open(tx, one.arguments), deployment.vault.open(tx, other.arguments)
    return {
        name: (was.get(name), now.get(name))
        for name in {*was, *now}
        # By digest: 1 and true are one to Python and two to whoever receives them.
        if name not in was or name not in now or digest_of(was[name]) != digest_of(now[name])
    }


def _otherwise(before: _Seen, after: _Seen) -> tuple[str, ...]:
    found = []
    if [step.name for step in before.steps] != [step.name for step in after.steps]:
        found.append("other steps")
    elif _asked(before.steps) != _asked(after.steps):
        found.append("asked with other arguments")
    if before.written != after.written:
        found.append("another text")
    return tuple(found)


def _asked(steps: Sequence[Step]) -> list[tuple[str, str]]:
    return [(step.name, step.arguments) for step in steps if step.name.startswith(_ASKING)]


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "answer": side.answer,
        "confidence": None if side.confidence is None else round(side.confidence, 4),
        "automatic": side.automatic,
        "covered": side.covered,
        "steps": list(side.steps),
        "cost": str(side.cost),
        "right": side.right,
    }
