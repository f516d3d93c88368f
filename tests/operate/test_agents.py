"""An agent in a workflow: a model chooses among tools, every choice is a step, and a person's word unwinds nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operate.flows import Reply
from tests.operate.office import VERA
from tests.operate.test_generating import Desk, says

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.review import Verdict
from roadworthy.operate.reviewing import decide_review
from roadworthy.prompting import ChatPrompt

PROMPT = b"""---
variables: {about: text, tools: list, steps: list}
max_tokens: 300
---
Work on {about} with {tools}. So far: {steps}
"""
PROMPT_WITHOUT = b"---\nvariables: {about: text}\n---\nWork on {about}.\n"


def calls(tool: str, **arguments: object) -> Any:
    return says({"move": "call", "tool": tool, "arguments": arguments, "answer": None})


def finishes(text: str = "done") -> Any:
    return says({"move": "finish", "tool": "", "arguments": {}, "answer": {"text": text}})


GIVES_UP = says({"move": "give_up", "tool": "", "arguments": {}, "answer": None})


def worker(**settings: Any) -> Any:
    async def agent(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        found = await run.agent(
            "answer",
            Reply,
            tools=["books.look", "mail.reply", "ask"],
            about=case.data.text,
            **settings,
        )
        return rw.Decision(found, because=[found.text])

    return agent


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def worked(desk: Desk, *lines: Any, prompt: bytes = PROMPT, **settings: Any) -> None:
    desk.chat(*lines, prompt=ChatPrompt.parse(prompt, place="prompts/answer.md"))
    desk.release(worker(**settings))
    desk.submit("K-1", "refund 0.9")
    desk.work()


def steps(desk: Desk) -> list[str]:
    case = desk.case("K-1")
    with desk.store.read() as tx:
        return [step.name for step in desk.store.cases.steps(tx, case.id, run=case.run)]


def test_what_a_tool_answered_is_shown_to_the_model_that_asked(desk: Desk) -> None:
    worked(desk, calls("books.look", email="ada@example.com"), finishes())
    assert steps(desk) == ["generate:answer", "call:books.look", "generate:answer"]
    last = desk.small.asked[-1]
    assert "books.look" in last.user
    assert "ada@example.com" in last.user


def test_a_write_waits_for_a_person_and_the_loop_goes_on_from_the_record(desk: Desk) -> None:
    worked(desk, calls("mail.reply", to="ada@example.com", body="hello"), finishes())
    assert desk.case("K-1").state is State.WAITING
    assert len(desk.small.asked) == 1
    (review,) = [one for one in desk.reviews("K-1") if one.state == "open"]
    decide_review(desk.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    desk.work()
    assert steps(desk) == ["generate:answer", "act:mail.reply", "generate:answer"]
    assert len(desk.small.asked) == 2, "what was recorded is not asked again"
    assert len(desk.tools["mail.reply"].felt) == 1


def test_a_rejected_write_is_told_to_the_model(desk: Desk) -> None:
    worked(desk, calls("mail.reply", to="ada@example.com", body="hello"), finishes())
    (review,) = [one for one in desk.reviews("K-1") if one.state == "open"]
    decide_review(desk.deployment, VERA, review.id, Verdict.REJECT, seen=review.proposal, reason="no")
    desk.work()
    assert "refused" in desk.small.asked[-1].user
    assert not desk.tools["mail.reply"].felt


def test_arguments_that_fit_no_tool_are_told_and_nothing_is_asked(desk: Desk) -> None:
    worked(desk, calls("books.look", email="a\x00b"), finishes())
    assert steps(desk) == ["generate:answer", "generate:answer"]
    assert "problem" in desk.small.asked[-1].user


def test_a_number_that_no_journal_can_hold_goes_to_a_person_and_is_asked_of_no_tool(desk: Desk) -> None:
    worked(desk, calls("books.look", amount=10**300), finishes())
    assert steps(desk) == []
    assert [one.kind for one in desk.reviews("K-1") if one.state == "open"] == ["work"]


@pytest.mark.parametrize(
    ("lines", "settings", "code"),
    [
        ([GIVES_UP], {}, "RW-AGENT-005"),
        ([calls("books.look", email="ada@example.com")] * 3, {}, "RW-AGENT-004"),
        (
            [calls("books.look", email=f"{n}@example.com") for n in range(4)],
            {"max_steps": 3},
            "RW-AGENT-002",
        ),
        (
            [calls("books.look", email=f"{n}@example.com") for n in range(4)],
            {"budget": "0.000000001 EUR"},
            "RW-AGENT-003",
        ),
    ],
)
def test_an_agent_that_does_not_come_to_an_end_is_stopped_and_a_person_does_the_case(
    desk: Desk, lines: list[Any], settings: dict[str, Any], code: str
) -> None:
    worked(desk, *lines, **settings)
    (review,) = [one for one in desk.reviews("K-1") if one.state == "open"]
    assert code in " ".join(review.reasons)
    assert not desk.tools["mail.reply"].felt


def test_a_prompt_without_room_for_tools_and_steps_is_refused_with_both_named(desk: Desk) -> None:
    worked(desk, finishes(), prompt=PROMPT_WITHOUT)
    (review,) = [one for one in desk.reviews("K-1") if one.state == "open"]
    assert "RW-AGENT-001" in " ".join(review.reasons)


def test_an_answer_of_another_form_is_told_and_may_be_mended(desk: Desk) -> None:
    empty = says({"move": "finish", "tool": "", "arguments": {}, "answer": None})
    worked(desk, empty, finishes("better"))
    assert steps(desk) == ["generate:answer", "generate:answer"]


def test_a_question_to_a_person_ends_the_segment_and_the_answer_is_shown(desk: Desk) -> None:
    worked(desk, calls("ask", question="which account?"), finishes())
    (review,) = [one for one in desk.reviews("K-1") if one.state == "open"]
    decide_review(
        desk.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="the blue one"
    )
    desk.work()
    assert "the blue one" in desk.small.asked[-1].user


def test_a_recipient_that_only_the_model_names_never_leaves_alone(desk: Desk) -> None:
    worked(desk, calls("mail.reply", to="eve@evil.example", body="hi"), finishes(), confidence=1.0)
    (review,) = [one for one in desk.reviews("K-1") if one.state == "open"]
    with desk.store.read() as tx:
        (effect,) = desk.store.effects.of_case(tx, desk.case("K-1").id)
    assert effect.untrusted == ("to",)
    assert review.effect == effect.id
