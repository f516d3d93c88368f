"""What a person may answer, and when it is too late."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from roadworthy.casework.review import ALLOWED, Review, ReviewKind, ReviewState, Verdict, check_decision
from roadworthy.errors import Conflict, InputProblem
from roadworthy.quantities import Id, digest_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SHOWN = digest_of("the proposal")
OPEN = Review(
    id=Id("r"), case=Id("c"), use_case="support", kind=ReviewKind.EFFECT, effect="e", ordinal=-1, question="", reasons=(),
    role="reviewer", proposal=SHOWN, state=ReviewState.OPEN, version=1, due_at=NOW, verdict="", decided_by="", decided_at=None,
    reason="", created_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize("kind", ReviewKind)
@pytest.mark.parametrize("verdict", Verdict)
def test_each_kind_of_review_takes_its_own_answers_and_no_others(
    kind: ReviewKind, verdict: Verdict
) -> None:
    review = replace(OPEN, kind=kind)
    if verdict in ALLOWED[kind]:
        check_decision(review, verdict, seen=SHOWN, reason="because")
    else:
        with pytest.raises(InputProblem) as refused:
            check_decision(review, verdict, seen=SHOWN, reason="because")
        assert refused.value.code == "RW-REVIEW-003"
        assert refused.value.hint == f"possible: {', '.join(sorted(ALLOWED[kind]))}"


@pytest.mark.parametrize("kind", ReviewKind)
def test_whatever_is_asked_can_be_passed_on(kind: ReviewKind) -> None:
    assert Verdict.ESCALATE in ALLOWED[kind]


@pytest.mark.parametrize("state", [ReviewState.DECIDED, ReviewState.CANCELLED])
def test_who_comes_second_learns_who_was_first(state: ReviewState) -> None:
    taken = replace(OPEN, state=state, verdict=Verdict.REJECT, decided_by="lena")
    with pytest.raises(Conflict) as refused:
        check_decision(taken, Verdict.APPROVE, seen=SHOWN, reason="")
    assert refused.value.code == "RW-REVIEW-001"
    assert refused.value.message == f"this review is {state} already: reject by lena"


def test_an_approval_is_for_what_was_seen_and_for_nothing_else() -> None:
    with pytest.raises(Conflict) as refused:
        check_decision(OPEN, Verdict.APPROVE, seen=digest_of("another proposal"), reason="")
    assert refused.value.code == "RW-REVIEW-002"


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.ESCALATE])
def test_a_no_and_a_passing_on_need_a_reason(verdict: Verdict, reason: str) -> None:
    with pytest.raises(InputProblem) as refused:
        check_decision(OPEN, verdict, seen=SHOWN, reason=reason)
    assert refused.value.code == "RW-REVIEW-004"


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.EDIT])
def test_a_yes_needs_no_reason(verdict: Verdict) -> None:
    check_decision(OPEN, verdict, seen=SHOWN, reason="")
