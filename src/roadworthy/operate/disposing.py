"""Weighing a proposed effect: gather the grounds, ask the one pure door, write down what it said."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState, effect_key
from roadworthy.casework.inbox import met
from roadworthy.casework.vocabulary import Effect
from roadworthy.charter import Charter, Tool, scalars
from roadworthy.disposition import Disposition, Grounds, Kind, dispose
from roadworthy.errors import Corrupt, InputProblem, Problem, Unavailable
from roadworthy.flow import Judged
from roadworthy.operate.clearance import is_lost
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import lane_of, scopes
from roadworthy.operate.reading import input_marking
from roadworthy.policy import Answer, Marking, Obligation, Request
from roadworthy.policy import Tool as ToolFacts
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.principal import Approval
from roadworthy.quantities import NANO, Cost, Digest, Money
from roadworthy.stage import SIMULATED


@dataclass(frozen=True, slots=True)
class Weighed:
    """An effect with its disposition; ``answer`` is what the policies said."""

    effect: EffectRecord
    disposition: Disposition
    answer: Answer


@dataclass(frozen=True, slots=True)
class Again:
    """What follows from approvals: the disposition, and what the policies had asked for."""

    disposition: Disposition
    obligations: tuple[Obligation, ...]


def weigh(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: Effect,
    *,
    slot: str,
    confidence: float,
    judged: Judged,
    marking: Marking,
    spent: Cost,
) -> Weighed:
    """Dispose of one proposed effect and build its outbox row (not stored yet).

    Money is reserved against the day's cap in this transaction and given back unless the effect
    may leave or waits for a person. ``judged`` tells of its arguments, ``marking`` of all that was read.
    """
    charter = release.charter
    tool = charter.tools[effect.tool]
    arguments = dict(effect.arguments)
    amount = _amount(effect.tool, tool, arguments)
    now = deployment.now()
    simulated = case.stage in SIMULATED
    reserved = amount and not simulated
    before = (
        deployment.store.effects.reserve_spend(tx, case.use_case, effect.tool, now.date(), amount)
        if reserved
        else 0
    )
    given, none = scalars(tool, arguments), frozenset[str]()
    asked = (charter, case, effect.tool, amount, before, confidence, judged.untrusted, none)
    answer = release.policies.decide(_request(*asked, marking=marking, arguments=given))
    stopped = _why_stopped(
        deployment, (f"use_case:{case.use_case}", f"release:{case.release}", f"tool:{effect.tool}")
    )
    certificate, uncovered = _cover(deployment, tx, case, charter, tool, effect.tool, confidence)
    disposition = dispose(
        Grounds(
            stage=case.stage,
            stopped=bool(stopped),
            policy=answer,
            uncovered=uncovered,
            budget_left=_budget_left(deployment, tx, case, charter, spent),
        )
    )
    if reserved and disposition.kind is Kind.REFUSE:
        deployment.store.effects.reserve_spend(tx, case.use_case, effect.tool, now.date(), -amount)
    return Weighed(
        _row(
            deployment,
            tx,
            case,
            effect,
            slot=slot,
            amount=amount,
            confidence=confidence,
            certificate=certificate,
            judged=judged,
            marking=marking,
            lane=lane_of(deployment, case, effect.tool, tool, arguments),
            disposition=disposition,
            stopped=stopped,
        ),
        disposition,
        answer,
    )


def _row(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    effect: Effect,
    *,
    slot: str,
    amount: int,
    confidence: float,
    certificate: str,
    judged: Judged,
    marking: Marking,
    lane: str,
    disposition: Disposition,
    stopped: str,
) -> EffectRecord:
    arguments, now = dict(effect.arguments), deployment.now()
    sealed = deployment.vault.seal(tx, case.subject, arguments)
    key = effect_key(case.use_case, case.key, slot)
    return EffectRecord(
        id=deployment.new_id(),
        case=case.id,
        use_case=case.use_case,
        slot=slot,
        key=f"{key}:{case.twin}" if case.twin else key,
        tool=effect.tool,
        arguments=sealed.id,
        arguments_digest=Digest(deployment.vault.digest(tx, case.subject, arguments)),
        amount=amount,
        state=_state(disposition),
        version=1,
        stage=case.stage,
        release=case.release,
        confidence=confidence,
        certificate=certificate,
        approved_by="",
        disposition=disposition.kind,
        reasons=((stopped,) if stopped else ()) + disposition.reasons,
        untrusted=judged.untrusted,
        attempts=0,
        response="",
        created_at=now,
        updated_at=now,
        origins=judged.origins,
        marking=marking,
        lane=lane,
    )


def _why_stopped(deployment: Deployment, scopes: Iterable[str]) -> str:
    """Why nothing may leave, or empty.

    Errors: ``Unavailable`` RW-EFFECT-015 where nobody can tell: a refusal would be for good, so it is asked again.
    """
    stopped = deployment.clearance.why_not(*scopes)
    if is_lost(stopped):
        raise Unavailable(
            "RW-EFFECT-015",
            f"nobody can tell whether effects are stopped: {stopped}",
            retry_is_safe=True,
            hint="it is weighed again as soon as the switches can be read",
        )
    return stopped


def weigh_again(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: EffectRecord,
    *,
    approvals: Collection[Approval],
) -> Again:
    """The disposition once people approved exactly these arguments.

    The policies are asked anew with what these approvals meet: a role, a quorum of different people, each
    for as long as the policy says. A rule that no approval meets still refuses.
    """
    asked = _asked(deployment, tx, case, release, effect).obligations
    granted = met(asked, approvals, now=deployment.now())
    before = 0
    if effect.amount and case.stage not in SIMULATED:
        before = deployment.store.effects.reserve_spend(
            tx, case.use_case, effect.tool, deployment.now().date(), 0
        )
        # The effect's own amount was reserved when it was proposed.
        before = max(0, before - effect.amount)
    answer = _asked(deployment, tx, case, release, effect, spent_today=before, granted=granted)
    stopped = _why_stopped(deployment, scopes(case, effect))
    disposition = dispose(
        Grounds(
            stage=case.stage,
            stopped=bool(stopped),
            policy=answer,
            uncovered="",
            budget_left=True,
            approved=True,
        )
    )
    return Again(disposition, asked)


def obligations_of(
    deployment: Deployment, tx: Transaction, case: CaseRecord, release: LoadedRelease, effect: EffectRecord
) -> tuple[Obligation, ...]:
    """What the policies ask of people before this effect leaves, with nothing approved yet.

    Errors: as the vault, where its arguments are gone.
    """
    return _asked(deployment, tx, case, release, effect).obligations


def _asked(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: EffectRecord,
    *,
    spent_today: int = 0,
    granted: frozenset[str] = frozenset(),
) -> Answer:
    request = _request(
        release.charter,
        case,
        effect.tool,
        effect.amount,
        spent_today,
        effect.confidence,
        effect.untrusted,
        granted,
        marking=effect.marking or input_marking(release.charter, case),
        arguments=scalars(release.charter.tools[effect.tool], deployment.vault.open(tx, effect.arguments)),
    )
    return release.policies.decide(request)


def weighed_arguments(
    deployment: Deployment, tx: Transaction, case: CaseRecord, tool: Tool, effect: EffectRecord
) -> Mapping[str, object]:
    """The very arguments that were weighed, opened.

    Errors: ``Corrupt`` RW-EFFECT-006 where the row and its payload no longer say the same.
    """
    arguments: Mapping[str, object] = deployment.vault.open(tx, effect.arguments)
    same = deployment.vault.digest(tx, case.subject, arguments) == effect.arguments_digest
    if not same or (tool.amount and arguments.get(tool.amount) != effect.amount):
        raise Corrupt(
            "RW-EFFECT-006",
            "the arguments of the effect are not those that were weighed",
            broken=[f"effect {effect.id}"],
            intact="other effects carry digests of their own",
            hint="find out who changed the database; a person does this case",
        )
    return arguments


def why_not_leave(
    deployment: Deployment, tx: Transaction, case: CaseRecord, charter: Charter, effect: EffectRecord
) -> str:
    """Why an effect that was to leave may not leave now, or empty.

    Time passed since it was weighed: a stop, a full queue, a dead machine. What a person approved
    needs that approval to stand, anything else a certificate that covers it now.
    """
    if effect.approved_by:
        given = deployment.store.evidence.approvals(tx, effect.use_case, digest=effect.arguments_digest)
        now = deployment.now()
        if any(one.kind == f"effect:{effect.id}" and now < one.expires_at for one in given):
            return ""
        return "its approval no longer stands"
    if effect.disposition != Kind.EXECUTE:
        return "nobody approved it"
    tool = charter.tools[effect.tool]
    return _cover(deployment, tx, case, charter, tool, effect.tool, effect.confidence)[1]


def tool_facts(charter: Charter, name: str) -> ToolFacts:
    """What the policies need to know of a tool."""
    tool = charter.tools[name]
    return ToolFacts(
        name=name, sink=tool.sink, clearance=tool.clearance, region=tool.region or charter.region
    )


def may_read(
    release: LoadedRelease,
    case: CaseRecord,
    tool: str,
    *,
    judged: Judged,
    marking: Marking,
    arguments: Mapping[str, object],
) -> Answer:
    """The policies' answer to a read call: what a tool is asked with leaves the run."""
    return release.policies.decide(
        _request(
            release.charter,
            case,
            tool,
            0,
            0,
            float("nan"),
            judged.untrusted,
            frozenset(),
            marking=marking,
            arguments=arguments,
        )
    )


def _request(
    charter: Charter,
    case: CaseRecord,
    name: str,
    amount: int,
    spent_today: int,
    confidence: float,
    untrusted: tuple[str, ...],
    approvals: frozenset[str],
    *,
    marking: Marking,
    arguments: Mapping[str, object],
) -> Request:
    return Request(
        use_case=case.use_case,
        stage=case.stage,
        tool=tool_facts(charter, name),
        autonomy=charter.autonomy,
        purpose=charter.purpose,
        amount_minor=amount,
        spent_today_minor=spent_today,
        confidence_bp=0 if math.isnan(confidence) else round(max(0.0, min(1.0, confidence)) * 10_000),
        marking=marking,
        untrusted_control=frozenset(untrusted),
        approvals=approvals,
        stopped=False,
        arguments=arguments,
    )


def _amount(name: str, tool: Tool, arguments: Mapping[str, object]) -> int:
    if not tool.amount:
        return 0
    value = arguments.get(tool.amount)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputProblem(
            "RW-EFFECT-002",
            Problem("expected a whole number of minor units, 0 or more", place=f"{name}: {tool.amount}"),
        )
    return value


def _cover(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    tool: Tool,
    name: str,
    confidence: float,
) -> tuple[str, str]:
    """(certificate id, "") if one covers the effect, else ("", why none does)."""
    if charter.autonomy != "automatic":
        return "", f"the charter's autonomy is `{charter.autonomy}`"
    if not tool.error:
        return "", f"`{name}` names no kind of error that a certificate could cover"
    certificates = deployment.store.evidence.certificates(tx, case.use_case, release=case.release)
    reasons = []
    # The reason of a proof for the case's own slice says more than that of another slice's.
    for certificate in sorted(certificates, key=lambda one: one.slice not in ("", case.slice)):
        if certificate.error_kind != tool.error:
            continue
        why = certificate.why_not(
            error_kind=tool.error,
            effect=name,
            slice=case.slice,
            release=case.digest,
            score=confidence,
            now=deployment.now(),
        )
        if not why:
            return certificate.id, ""
        reasons.append(why)
    return "", reasons[0] if reasons else f"no certificate for errors of kind `{tool.error}`"


def _budget_left(
    deployment: Deployment, tx: Transaction, case: CaseRecord, charter: Charter, spent: Cost
) -> bool:
    if spent.nano > Cost.parse(charter.budget.per_case).nano:
        return False
    if case.stage in SIMULATED:
        return True
    month = deployment.now().date().replace(day=1)
    used = deployment.store.effects.reserve_spend(tx, case.use_case, "usage", month, 0)
    return used <= Money.parse(charter.budget.per_month).minor * (NANO // 100)


def _state(disposition: Disposition) -> EffectState:
    if disposition.kind is Kind.REFUSE:
        return EffectState.REFUSED
    if disposition.simulated:
        return EffectState.SIMULATED
    return EffectState.READY if disposition.kind is Kind.EXECUTE else EffectState.PROPOSED
