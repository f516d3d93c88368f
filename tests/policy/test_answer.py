"""Answers contradict themselves in no way, and are ordered by what they let through."""

from itertools import product

import pytest

from roadworthy.policy import Answer, Obligation, Outcome, more_permissive
from roadworthy.quantities import digest

POLICY = digest(b"policy")
REVIEWER = Obligation("spend.large", "reviewer")
OFFICER = Obligation("spend.huge", "risk_officer", quorum=2, ttl_s=3600)


def answer(outcome: Outcome, *obligations: Obligation) -> Answer:
    return Answer(outcome, ("x",), ("because",), obligations, POLICY)


ALLOW = answer(Outcome.ALLOW)
DENY = answer(Outcome.DENY)
ONE = answer(Outcome.REVIEW, REVIEWER)
OTHER = answer(Outcome.REVIEW, OFFICER)
BOTH = answer(Outcome.REVIEW, REVIEWER, OFFICER)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ALLOW, ONE, True),
        (ALLOW, DENY, True),
        (ONE, DENY, True),
        (ONE, BOTH, True),
        (ONE, OTHER, True),
        (BOTH, ONE, False),
        (ONE, ALLOW, False),
        (DENY, ONE, False),
        (DENY, ALLOW, False),
    ],
)
def test_an_answer_is_more_permissive_if_it_holds_back_less(
    one: Answer, other: Answer, expected: bool
) -> None:
    assert more_permissive(one, other) is expected


def test_no_answer_is_more_permissive_than_itself() -> None:
    assert not any(more_permissive(each, each) for each in (ALLOW, DENY, ONE, BOTH))


def test_what_holds_back_more_than_something_held_back_holds_back_more() -> None:
    answers = (ALLOW, DENY, ONE, OTHER, BOTH)
    for a, b, c in product(answers, repeat=3):
        if not more_permissive(a, b) and not more_permissive(b, c):
            assert not more_permissive(a, c)


@pytest.mark.parametrize("outcome", [Outcome.ALLOW, Outcome.REVIEW])
def test_an_answer_with_errors_can_only_deny(outcome: Outcome) -> None:
    obligations = (REVIEWER,) if outcome is Outcome.REVIEW else ()
    with pytest.raises(ValueError, match="errors denies"):
        Answer(outcome, (), (), obligations, POLICY, ("integer overflow",))


@pytest.mark.parametrize(
    ("outcome", "obligations"),
    [(Outcome.REVIEW, ()), (Outcome.ALLOW, (REVIEWER,)), (Outcome.DENY, (REVIEWER,))],
)
def test_exactly_a_review_has_obligations(outcome: Outcome, obligations: tuple[Obligation, ...]) -> None:
    with pytest.raises(ValueError, match="asks for"):
        Answer(outcome, (), (), obligations, POLICY)


def test_an_answer_is_told_in_json() -> None:
    assert BOTH.as_json() == {
        "outcome": "review",
        "reasons": ["x"],
        "sentences": ["because"],
        "obligations": [
            {"id": "spend.large", "role": "reviewer", "quorum": 1, "ttl_s": 86400},
            {"id": "spend.huge", "role": "risk_officer", "quorum": 2, "ttl_s": 3600},
        ],
        "policy_digest": POLICY,
        "errors": [],
    }
