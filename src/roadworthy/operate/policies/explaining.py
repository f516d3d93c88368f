"""Why policies say what they say: of the effects of a case, and of a request that somebody makes up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.errors import NotFound, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.explain import find_case
from roadworthy.operate.policies.situations import on_record, request_for
from roadworthy.policy import Answer, Outcome, Request
from roadworthy.ports import Policies
from roadworthy.principal import Principal, require


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that decided: what it tells people, where it stands, and what it asks for."""

    rule: str
    sentence: str
    place: str
    asks: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer with its grounds.

    ``remaining``: by rule, what it still asks of the situation of this tool, found by partial evaluation.
    It is advice; only ``answer`` decides. ``recorded`` is what was said at the time, for an effect of a case.
    """

    tool: str
    answer: Answer
    reasons: tuple[Reason, ...]
    remaining: Mapping[str, str]
    effect: str = ""
    recorded: str = ""
    recorded_reasons: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The explanation as plain JSON values."""
        return {
            "tool": self.tool,
            "answer": self.answer.as_json(),
            "reasons": [
                {"rule": one.rule, "sentence": one.sentence, "place": one.place, "asks": one.asks}
                for one in self.reasons
            ],
            "advice": {"remaining": dict(self.remaining)},
            "effect": self.effect,
            "recorded": self.recorded,
            "recorded_reasons": list(self.recorded_reasons),
        }


def explain_request(policies: Policies, request: Request) -> Explained:
    """The answer to a request, the rules that gave it, and for a tool that is not allowed what is left to meet."""
    answer = policies.decide(request)
    asked = {one.id: one for one in answer.obligations}
    reasons = tuple(
        Reason(
            rule,
            sentence,
            policies.place_of(rule),
            f"{one.quorum} × {one.role}, within {_span(one.ttl_s)}" if (one := asked.get(rule)) else "",
        )
        for rule, sentence in _paired(answer)
    )
    left = policies.remaining(request) if answer.outcome is not Outcome.ALLOW and not answer.errors else {}
    return Explained(request.tool.name, answer, reasons, left)


def explain_effects(
    deployment: Deployment, principal: Principal, name: str, *, use_case: str = ""
) -> tuple[Explained, ...]:
    """For every effect of a case: what its policies said, and what they say of it now, with nothing spent that day.

    Errors: ``NotFound`` RW-CASE-023, RW-POLICY-003 for a case that people worked.
    """
    with deployment.store.read() as tx:
        case = find_case(deployment, tx, name, use_case=use_case)
        require(principal, "case.read", use_case=case.use_case)
        effects = deployment.store.effects.of_case(tx, case.id)
        if not case.release:
            raise NotFound("RW-POLICY-003", "people worked this case: no policy was asked")
        release = deployment.loader.load(case.release)
        found = []
        for effect in effects:
            try:
                arguments = dict(deployment.vault.open(tx, effect.arguments))
            except RoadworthyError:
                arguments = {}
            situation = on_record(release.charter, case, effect, arguments)
            now = explain_request(release.policies, request_for(release.charter, situation))
            found.append(
                Explained(
                    tool=now.tool,
                    answer=now.answer,
                    reasons=now.reasons,
                    remaining=now.remaining,
                    effect=effect.id,
                    recorded=effect.disposition,
                    recorded_reasons=effect.reasons,
                )
            )
    return tuple(found)


def _paired(answer: Answer) -> list[tuple[str, str]]:
    """Rules with their sentences; what the engine says has one id for several sentences."""
    if len(answer.reasons) == len(answer.sentences):
        return list(zip(answer.reasons, answer.sentences, strict=True))
    return [(answer.reasons[0] if answer.reasons else "", "; ".join(answer.sentences))]


def _span(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
