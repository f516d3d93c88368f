"""The spans of a case, read from what was recorded of it. Nothing is measured while a case runs.

::

    invoke_workflow support
     |- retrieval kb                 the documents it found, as name and digest
     |- predict intent               with `chat model` below it for every question to a language model
     |- policy helpdesk.reply        what was said of an effect, and why
     '- execute_tool helpdesk.reply  the effect on its way
    review effect                    a trace of its own, linked: a person may take hours

A step begins when its last attempt was opened. For steps that wait for a person, and those recorded before
that was noted, it is where the step before ended, and ``roadworthy.span.start`` says ``inferred``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.journal import Step
from roadworthy.casework.review import Review, ReviewState
from roadworthy.telemetry import names
from roadworthy.telemetry.lineage import Edge, documents_of
from roadworthy.telemetry.span import Happening, Kind, Link, Span, Value, span_id, trace_id
from roadworthy.usage import Call

_TROUBLED = {EffectState.UNKNOWN: "effect_unknown", EffectState.DEAD: "effect_dead"}
_MOMENT = timedelta(microseconds=1)
_CODE = re.compile(r"RW-[A-Z]{2,20}-[0-9]{3}(?![0-9])")


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Everything on record about a case that its spans and figures are made of. ``steps`` are of all runs."""

    case: CaseRecord
    steps: tuple[Step, ...] = ()
    effects: tuple[EffectRecord, ...] = ()
    reviews: tuple[Review, ...] = ()
    calls: tuple[Call, ...] = ()
    edges: tuple[Edge, ...] = ()


def case_trace(case: str, run: int) -> str:
    """The trace of one run of a case."""
    return trace_id("case", case, run)


def root_of(trace: str) -> str:
    """The span at the root of a case's trace."""
    return span_id(trace, "root")


def spans_of_case(facts: CaseFacts) -> tuple[Span, ...]:
    """The trace of every run of a case, the root first; a later run is linked to the one before."""
    return tuple(span for run in range(1, facts.case.run + 1) for span in _of_run(facts, run))


def span_of_review(review: Review, run: int) -> Span:
    """A review that was answered or cancelled, linked to the run of the case that it is about."""
    about = case_trace(review.case, run)
    trace = trace_id("review", review.id)
    ended = review.decided_at or review.created_at
    return Span(
        trace=trace,
        id=root_of(trace),
        parent="",
        name=f"review {review.kind}",
        kind=Kind.INTERNAL,
        start=review.created_at,
        end=ended,
        attributes=names.of_review(review),
        links=(Link(about, root_of(about), {names.CASE: review.case}),),
    )


def troubled(facts: CaseFacts) -> bool:
    """Something went wrong on the way: such a trace is always kept."""
    return (
        bool(code_of(facts))
        or any(effect.state in _TROUBLED for effect in facts.effects)
        or any(names.call_failed(call) for call in facts.calls)
        or any(step.attempts > 1 for step in facts.steps)
    )


def reviewed(facts: CaseFacts) -> bool:
    """A person was asked about it."""
    return any(review.state is not ReviewState.CANCELLED for review in facts.reviews)


def _of_run(facts: CaseFacts, run: int) -> Iterator[Span]:
    case, last = facts.case, run == facts.case.run
    steps = [step for step in facts.steps if step.run == run]
    if not last and not steps:
        return
    trace = case_trace(case.id, run)
    root = root_of(trace)
    below = [span for step, start in _starts(case, steps) for span in _of_step(facts, trace, step, start)]
    if last:
        below += [span for effect in facts.effects for span in _of_effect(trace, root, effect)]
    attributes = names.of_case(case, run)
    before = case_trace(case.id, run - 1)
    ends = [span.end for span in below]
    yield Span(
        trace=trace,
        id=root,
        parent="",
        name=f"{names.INVOKE_WORKFLOW} {case.use_case}",
        kind=Kind.INTERNAL,
        start=case.created_at if run == 1 else min((span.start for span in below), default=case.created_at),
        end=max([case.updated_at, *ends]) if last else max(ends),
        attributes=attributes,
        links=(Link(before, root_of(before), {names.CASE: case.id}),) if run > 1 else (),
        happenings=_scores(case) if last else (),
        failed=code_of(facts) if last else "",
    )
    yield from below


def code_of(facts: CaseFacts) -> str:
    """The code with which a case was handed to a person, never the words behind it; empty where none was."""
    told = (facts.case.reason, *(reason for review in facts.reviews for reason in review.reasons))
    return next((found[0] for reason in told if (found := _CODE.match(reason))), "")


def _scores(case: CaseRecord) -> tuple[Happening, ...]:
    if math.isnan(case.confidence):
        return ()
    told: dict[str, Value] = {names.EVALUATION_NAME: "confidence", names.EVALUATION_SCORE: case.confidence}
    return (Happening(names.EVALUATION, case.updated_at, told),)


def _starts(case: CaseRecord, steps: Sequence[Step]) -> Iterator[tuple[Step, datetime]]:
    before = case.created_at
    for step in steps:
        # A step that ran again after a crash may have been opened before the one before was recorded.
        yield step, step.began_at or min(before, step.recorded_at)
        before = step.recorded_at


def _of_step(facts: CaseFacts, trace: str, step: Step, start: datetime) -> Iterator[Span]:
    name, told = names.of_step(step)
    id_ = span_id(trace, "step", step.ordinal)
    if step.began_at is None:
        told["roadworthy.span.start"] = "inferred"
    told |= names.document_refs(documents_of(facts.edges, step.run, step.ordinal))
    yield Span(trace, id_, root_of(trace), name, Kind.INTERNAL, start, step.recorded_at, told)
    for call in facts.calls:
        # Calls name their step and not its ordinal: the moment tells two steps of one name apart.
        if call.step != step.name or not start - _MOMENT <= call.at <= step.recorded_at + _MOMENT:
            continue
        asked, of_call = names.of_call(call)
        yield Span(
            trace, span_id(trace, "call", call.id), id_, asked, Kind.CLIENT,
            max(start, call.at - timedelta(milliseconds=call.millis)), call.at, of_call,
            failed=names.call_failed(call),
        )  # fmt: skip


def _of_effect(trace: str, root: str, effect: EffectRecord) -> Iterator[Span]:
    yield Span(
        trace, span_id(trace, "policy", effect.id), root, f"policy {effect.tool}", Kind.INTERNAL,
        effect.created_at, effect.created_at, names.of_verdict(effect),
    )  # fmt: skip
    if effect.attempts or effect.state in {EffectState.SIMULATED, *_TROUBLED}:
        yield Span(
            trace, span_id(trace, "effect", effect.id), root, f"{names.EXECUTE_TOOL} {effect.tool}", Kind.CLIENT,
            effect.created_at, effect.updated_at, names.of_effect(effect),
            failed=_TROUBLED.get(effect.state, ""),
        )  # fmt: skip
