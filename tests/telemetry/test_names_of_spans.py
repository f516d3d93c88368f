"""Names of spans, attributes and metrics are pinned: whoever built a dashboard on them finds them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import ReviewState
from roadworthy.operate.watching.catalogue import FAMILIES, TALLIES
from roadworthy.stage import Stage
from roadworthy.telemetry import (
    CaseFacts,
    Edge,
    Relation,
    case_trace,
    sampled,
    span_of_review,
    spans_of_case,
)
from roadworthy.telemetry.names import CONVENTIONS, REASONS, reason_of
from roadworthy.telemetry.tree import code_of
from roadworthy.testing.conformance.examples import AT, a_case, a_review, a_step, an_effect, id_at
from roadworthy.usage import Call, Ending, Tokens, Wire

GOLDEN = {
    "invoke_workflow support": {
        "gen_ai.conversation.id", "gen_ai.operation.name", "gen_ai.workflow.name", "roadworthy.case.handled_by",
        "roadworthy.case.id", "roadworthy.case.run", "roadworthy.case.state", "roadworthy.cost.currency",
        "roadworthy.cost.nano", "roadworthy.mode", "roadworthy.release", "roadworthy.stage", "roadworthy.use_case",
    },
    "retrieval kb": {
        "gen_ai.data_source.id", "gen_ai.operation.name", "roadworthy.cost.currency", "roadworthy.cost.nano",
        "roadworthy.doc.refs", "roadworthy.step.arguments", "roadworthy.step.attempts", "roadworthy.step.kind",
        "roadworthy.step.ordinal",
    },
    "predict intent": {
        "roadworthy.cost.currency", "roadworthy.cost.nano", "roadworthy.step.arguments", "roadworthy.step.attempts",
        "roadworthy.step.kind", "roadworthy.step.ordinal", "roadworthy.task",
    },
    "chat small": {
        "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "roadworthy.call.attempts",
        "roadworthy.call.ending", "roadworthy.call.estimated", "roadworthy.call.id", "roadworthy.cost.currency",
        "roadworthy.cost.nano", "roadworthy.route.reason", "roadworthy.task",
    },
    "ask": {
        "roadworthy.cost.currency", "roadworthy.cost.nano", "roadworthy.span.start", "roadworthy.step.arguments",
        "roadworthy.step.attempts", "roadworthy.step.kind", "roadworthy.step.ordinal",
    },
    "policy helpdesk.reply": {
        "gen_ai.tool.name", "roadworthy.effect.id", "roadworthy.policy.certificate", "roadworthy.policy.reason",
        "roadworthy.policy.verdict",
    },
    "execute_tool helpdesk.reply": {
        "gen_ai.operation.name", "gen_ai.tool.name", "roadworthy.effect.approved", "roadworthy.effect.arguments",
        "roadworthy.effect.attempts", "roadworthy.effect.id", "roadworthy.effect.simulated",
        "roadworthy.effect.state",
    },
    "review effect": {
        "roadworthy.case.id", "roadworthy.review.id", "roadworthy.review.kind", "roadworthy.review.proposal",
        "roadworthy.review.role", "roadworthy.review.state", "roadworthy.review.verdict", "roadworthy.use_case",
    },
}  # fmt: skip
METRICS = [
    "roadworthy_cases_accepted_total",
    "roadworthy_cases_rejected_total",
    "roadworthy_cases_total",
    "roadworthy_cases_troubled_total",
    "roadworthy_case_duration_seconds",
    "roadworthy_step_duration_seconds",
    "roadworthy_step_attempts_total",
    "roadworthy_policy_decisions_total",
    "roadworthy_tool_effects_total",
    "roadworthy_reviews_total",
    "roadworthy_review_wait_seconds",
    "roadworthy_case_cost_total",
    "roadworthy_model_calls_total",
    "roadworthy_model_tokens_total",
    "roadworthy_model_cost_total",
    "roadworthy_cases_open",
    "roadworthy_case_oldest_seconds",
    "roadworthy_review_backlog",
    "roadworthy_review_oldest_seconds",
    "roadworthy_review_overdue",
    "roadworthy_effects_unsettled",
    "roadworthy_budget_limit_eur",
    "roadworthy_budget_remaining_eur",
    "roadworthy_certificate_remaining_days",
    "roadworthy_certificate_suspended",
    "roadworthy_requirement_findings",
    "roadworthy_stop_switch",
    "roadworthy_acknowledgement_oldest_seconds",
    "roadworthy_workers",
    "roadworthy_alert_firing",
    "roadworthy_figures_behind_entries",
]


def a_call(**changes: object) -> Call:
    call = Call(
        id_at(50), AT + timedelta(seconds=2), "support", "r", "canary", "", "ref", "predict:intent", Wire.CHAT,
        "intent", "small", Ending.ANSWERED, 200, Tokens(10, 5, 2, 0, 0), False, 9, 7, 1, 0, 800, "p", "cheapest",
    )  # fmt: skip
    return call._replace(**changes)


def the_facts(**changes: object) -> CaseFacts:
    second = timedelta(seconds=1)
    facts = CaseFacts(
        a_case(1, updated_at=AT + 9 * second, confidence=0.9),
        steps=(
            a_step(0, name="retrieve:kb", recorded_at=AT + second, began_at=AT),
            a_step(1, name="predict:intent", recorded_at=AT + 2 * second, began_at=AT + second),
            a_step(2, name="ask", recorded_at=AT + 5 * second),
        ),
        effects=(an_effect(5, attempts=1, state=EffectState.CONFIRMED),),
        reviews=(a_review(6, state=ReviewState.DECIDED, verdict="approve", decided_at=AT + 4 * second),),
        calls=(a_call(),),
        edges=(Edge(id_at(1), 1, 0, 0, Relation.USED, "document:d.md", "step:0", "sha256:d", AT),),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def test_names_of_spans_and_their_attributes_are_these() -> None:
    facts = the_facts()
    spans = [*spans_of_case(facts), span_of_review(facts.reviews[0], 1)]
    assert {span.name: set(span.attributes) for span in spans} == GOLDEN
    assert CONVENTIONS == "semantic-conventions-genai@024a4f9"


def test_names_of_metrics_are_these_and_every_figure_is_shown() -> None:
    assert [family.name for family in FAMILIES] == METRICS
    assert {family for family, _ in TALLIES.values()} <= set(FAMILIES)
    assert not {label for family in FAMILIES for label in family.labels} & {
        "case",
        "key",
        "subject",
        "user",
    }


def test_a_question_to_a_model_hangs_below_its_step_and_lies_within_it() -> None:
    spans = {span.name: span for span in spans_of_case(the_facts())}
    call, step = spans["chat small"], spans["predict intent"]
    assert call.parent == step.id
    assert step.start <= call.start <= call.end <= step.end


def test_two_steps_of_one_name_keep_their_calls_apart() -> None:
    second = timedelta(seconds=1)
    steps = tuple(
        a_step(n, recorded_at=AT + (2 * n + 1) * second, began_at=AT + 2 * n * second) for n in range(2)
    )
    calls = tuple(a_call(id=id_at(50 + n), at=AT + (2 * n + 1) * second) for n in range(2))
    spans = spans_of_case(the_facts(steps=steps, calls=calls))
    below = [span for span in spans if span.name.startswith("chat")]
    assert len(below) == 2
    assert len({span.parent for span in below}) == 2


def test_a_case_that_began_again_has_a_trace_for_each_run() -> None:
    steps = (a_step(0, run=1), a_step(0, run=2))
    spans = spans_of_case(the_facts(case=a_case(1, run=2), steps=steps))
    roots = [span for span in spans if not span.parent]
    assert [root.trace for root in roots] == [case_trace(id_at(1), 1), case_trace(id_at(1), 2)]
    assert roots[1].links[0].trace == roots[0].trace
    assert {span.trace for span in spans if span.name.startswith("policy")} == {roots[1].trace}


@given(st.integers(1, 3), st.integers(0, 6), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_every_span_has_its_own_id_and_a_parent_in_its_trace(runs: int, steps: int, effects: int) -> None:
    facts = CaseFacts(
        a_case(1, run=runs),
        steps=tuple(a_step(n, run=run) for run in range(1, runs + 1) for n in range(steps)),
        effects=tuple(an_effect(10 + n, attempts=1) for n in range(effects)),
    )
    spans = spans_of_case(facts)
    assert len({(span.trace, span.id) for span in spans}) == len(spans)
    ids = {(span.trace, span.id) for span in spans}
    assert all(not span.parent or (span.trace, span.parent) in ids for span in spans)
    assert all(span.start <= span.end for span in spans)
    assert spans_of_case(facts) == spans


def test_the_words_of_a_person_never_stand_for_a_code() -> None:
    assert code_of(the_facts(case=a_case(1, reason="RW-RUN-010: the workflow failed"))) == "RW-RUN-010"
    assert code_of(the_facts(case=a_case(1, reason="RW-my secret: x"))) == ""
    assert code_of(the_facts(case=a_case(1, reason="RW-RUN-0101"))) == ""


def test_every_reason_is_one_of_a_few_classes() -> None:
    cases = {
        ("execute", ("a certificate covers it and policies allow it",), "c"): "covered",
        ("execute", ("approved by a person",), ""): "approved",
        ("refuse", ("the stop switch is on",), ""): "stop",
        ("refuse", ("a release in halted has no effects",), ""): "stage",
        ("refuse", ("Ada may not have money",), "c"): "policy",
        ("review", ("no certificate for errors of kind `x`",), ""): "uncovered",
        ("review", ("the budget is spent",), "c"): "budget",
        ("review", ("a large payment",), "c"): "policy",
    }
    for (disposition, reasons, certificate), expected in cases.items():
        found = reason_of(an_effect(1, disposition=disposition, reasons=reasons, certificate=certificate))
        assert found == expected
        assert found in REASONS


def test_canaries_are_always_sent_and_the_rest_by_a_lot_that_everybody_draws_alike() -> None:
    calm = {"effects": (), "reviews": (), "calls": (), "steps": ()}
    assert sampled(the_facts(case=a_case(1, stage=Stage.CANARY), **calm), 0.0)
    cases = [the_facts(case=a_case(n, stage=Stage.PRODUCTION), **calm) for n in range(1, 1001)]
    drawn = [facts.case.id for facts in cases if sampled(facts, 0.3)]
    assert 250 < len(drawn) < 350
    assert [facts.case.id for facts in cases if sampled(facts, 0.3)] == drawn
    assert not any(sampled(facts, 0.0) for facts in cases)
    assert all(sampled(facts, 1.0) for facts in cases)
