"""The builder's words."""

import math

import pytest

from roadworthy.casework.vocabulary import Act, Case, Decision, Passage, Workflow, effect, workflow


def test_an_effect_keeps_what_was_proposed() -> None:
    arguments = {"to": "a@example.com", "amount": 5}
    proposed = effect("refunds.issue", slot="first", **arguments)
    arguments["amount"] = 500
    assert proposed.tool == "refunds.issue"
    assert proposed.slot == "first"
    assert dict(proposed.arguments) == {"to": "a@example.com", "amount": 5}
    with pytest.raises(TypeError):
        proposed.arguments["amount"] = 7  # type: ignore[index]


def test_a_decision_without_a_confidence_is_never_sure() -> None:
    assert math.isnan(Decision("answer").confidence)


def test_an_act_is_done_once_it_was_felt_or_simulated() -> None:
    assert [
        state for state in ("confirmed", "simulated", "refused", "unknown", "parked") if Act(state).done
    ] == [
        "confirmed",
        "simulated",
    ]


def test_a_workflow_is_declared_for_its_use_case() -> None:
    @workflow("support")
    async def handle(case: Case[str], run: object) -> Decision:
        return Decision(case.data)

    assert isinstance(handle, Workflow)
    assert handle.use_case == "support"


def test_a_passage_says_everything_about_itself_in_json() -> None:
    passage = Passage("fees.md", "Fees", "A fee is …", 0.5, "sha256:1", "2026-05-01")
    assert Passage.from_json(passage.as_json()) == passage
