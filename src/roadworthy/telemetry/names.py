"""The one place where our records get their OpenTelemetry names.

Pinned to the semantic conventions for generative AI as of November 2026: repository
``open-telemetry/semantic-conventions-genai``, text of commit 024a4f9 (``docs/gen-ai/``). All of it is in
development and nothing is tagged, so that no schema address is sent: backends would look for one that does
not exist. What the conventions have no word for stands under ``roadworthy.*``. A golden test holds these
names; a new version of the conventions is a change of this file and of that test.

Amounts are integers in nano-units, named with their currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.journal import Step
from roadworthy.casework.review import Review
from roadworthy.stage import SIMULATED, Stage
from roadworthy.telemetry.span import Value
from roadworthy.usage import Call, Ending

CONVENTIONS: Final = "semantic-conventions-genai@024a4f9"

OPERATION: Final = "gen_ai.operation.name"
WORKFLOW_NAME: Final = "gen_ai.workflow.name"
CONVERSATION: Final = "gen_ai.conversation.id"
DATA_SOURCE: Final = "gen_ai.data_source.id"
TOOL_NAME: Final = "gen_ai.tool.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
EVALUATION: Final = "gen_ai.evaluation.result"
EVALUATION_NAME: Final = "gen_ai.evaluation.name"
EVALUATION_SCORE: Final = "gen_ai.evaluation.score.value"
ERROR_TYPE: Final = "error.type"

INVOKE_WORKFLOW: Final = "invoke_workflow"
RETRIEVAL: Final = "retrieval"
CHAT: Final = "chat"
EXECUTE_TOOL: Final = "execute_tool"

CASE: Final = "roadworthy.case.id"
DOC_REFS: Final = "roadworthy.doc.refs"


def of_case(case: CaseRecord, run: int) -> dict[str, Value]:
    """What a case tells of itself. Not its key: clients choose it, and some choose an e-mail address."""
    told: dict[str, Value] = {
        OPERATION: INVOKE_WORKFLOW,
        WORKFLOW_NAME: case.use_case,
        CONVERSATION: case.id,
        CASE: case.id,
        "roadworthy.case.run": run,
        "roadworthy.case.state": case.state.value,
        "roadworthy.case.handled_by": case.handled_by or "nobody",
        "roadworthy.use_case": case.use_case,
        "roadworthy.release": case.release or "people",
        "roadworthy.stage": case.stage.value,
        "roadworthy.mode": mode_of(case),
    }
    if run == case.run:
        told |= cost(case.cost.nano, case.cost.currency)
    return told


def mode_of(case: CaseRecord) -> str:
    """``shadow``, ``canary``, ``live``, ``rehearsal`` or ``people``: what the case's effects do in the world."""
    if not case.release:
        return "people"
    if case.stage is Stage.SHADOW:
        return "shadow"
    if case.stage in SIMULATED:
        return "rehearsal"
    return "canary" if case.stage is Stage.CANARY else "live"


def cost(nano: int, currency: str) -> dict[str, Value]:
    """The conventions know no cost."""
    return {"roadworthy.cost.nano": nano, "roadworthy.cost.currency": currency}


def of_step(step: Step) -> tuple[str, dict[str, Value]]:
    """The name of a step's span, and what it tells without the calls behind it."""
    kind, _, what = step.name.partition(":")
    told: dict[str, Value] = {
        "roadworthy.step.kind": kind,
        "roadworthy.step.ordinal": step.ordinal,
        "roadworthy.step.attempts": step.attempts,
        "roadworthy.step.arguments": step.arguments,
        **cost(step.cost.nano, step.cost.currency),
    }
    if kind == "retrieve":
        return f"{RETRIEVAL} {what}", {OPERATION: RETRIEVAL, DATA_SOURCE: what, **told}
    if kind in {"call", "act"}:
        return f"{EXECUTE_TOOL} {what}", {OPERATION: EXECUTE_TOOL, TOOL_NAME: what, **told}
    if what:
        told["roadworthy.task"] = what
    return f"{kind} {what}".rstrip(), told


def of_call(call: Call) -> tuple[str, dict[str, Value]]:
    """The name of the span of one call to a model, and what it tells."""
    tokens = call.tokens
    told: dict[str, Value] = {
        OPERATION: CHAT,
        REQUEST_MODEL: call.model,
        INPUT_TOKENS: tokens.read,
        OUTPUT_TOKENS: tokens.written,
        "roadworthy.task": call.task,
        "roadworthy.call.id": call.id,
        "roadworthy.call.attempts": call.attempts,
        "roadworthy.call.ending": call.ending.value,
        "roadworthy.call.estimated": call.estimated,
        **cost(call.cost, "EUR"),
    }
    for name, count in (
        (CACHE_READ_TOKENS, tokens.cached),
        (CACHE_WRITE_TOKENS, tokens.stored),
        (REASONING_TOKENS, tokens.reasoning),
    ):
        if count:
            told[name] = count
    if call.route:
        told["roadworthy.route.reason"] = call.route
    return f"{CHAT} {call.model}", told


def call_failed(call: Call) -> str:
    """The class of error of a call that no model answered; empty for any other."""
    return (str(call.status) if call.status else "no_answer") if call.ending is Ending.FAILED else ""


def of_verdict(effect: EffectRecord) -> dict[str, Value]:
    """What was said of a proposed effect: the conventions know no policy and no approval.

    The reason is a class. The sentence is a person's, and stays in the store.
    """
    return {
        "roadworthy.policy.verdict": effect.disposition,
        "roadworthy.policy.reason": reason_of(effect),
        "roadworthy.policy.certificate": effect.certificate,
        "roadworthy.effect.id": effect.id,
        TOOL_NAME: effect.tool,
    }


def of_effect(effect: EffectRecord) -> dict[str, Value]:
    """An effect on its way: no arguments, no answer, and not its key, in which the case's key stands."""
    return {
        OPERATION: EXECUTE_TOOL,
        TOOL_NAME: effect.tool,
        "roadworthy.effect.id": effect.id,
        "roadworthy.effect.state": effect.state.value,
        "roadworthy.effect.arguments": effect.arguments_digest,
        "roadworthy.effect.attempts": effect.attempts,
        "roadworthy.effect.simulated": effect.stage in SIMULATED,
        "roadworthy.effect.approved": bool(effect.approved_by),
    }


def of_review(review: Review) -> dict[str, Value]:
    """A person's task. Not who did it, and not what they wrote."""
    return {
        CASE: review.case,
        "roadworthy.use_case": review.use_case,
        "roadworthy.review.id": review.id,
        "roadworthy.review.kind": review.kind.value,
        "roadworthy.review.role": review.role,
        "roadworthy.review.state": review.state.value,
        "roadworthy.review.verdict": review.verdict,
        "roadworthy.review.proposal": review.proposal,
    }


REASONS: Final = ("covered", "approved", "uncovered", "budget", "policy", "stop", "stage")


def reason_of(effect: EffectRecord) -> str:
    """Why an effect was disposed of as it was, in one of ``REASONS``: the first that holds of

    ``stop``, ``stage``, ``policy`` for a refusal; ``uncovered`` (no certificate), ``budget``, ``policy``
    for a review; ``approved``, ``covered`` for an execution.
    """
    reasons = effect.reasons
    if effect.disposition == "execute":
        return "approved" if effect.approved_by or "approved by a person" in reasons else "covered"
    if effect.disposition == "refuse":
        if "the stop switch is on" in reasons:
            return "stop"
        return "stage" if any(one.startswith("a release in ") for one in reasons) else "policy"
    if not effect.certificate:
        return "uncovered"
    return "budget" if "the budget is spent" in reasons else "policy"


def document_refs(documents: Iterable[tuple[str, str]]) -> Mapping[str, Value]:
    """Documents as ``name@digest``, without repeats."""
    refs = tuple(dict.fromkeys(f"{name}@{digest}" for name, digest in documents))
    return {DOC_REFS: refs} if refs else {}
