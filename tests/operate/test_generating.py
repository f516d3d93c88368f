"""What a workflow has written by language models: one step, every question on the bill, recorded once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.measure.grading.spoken import Spoken
from tests.operate.flows import Reply
from tests.operate.flows import reply as templated
from tests.operate.office import BEN, CHARTER, VERA, Office

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.review import Verdict
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.operate.modelcalls.stepping import question_for
from roadworthy.operate.modelcalls.writing import form_of, prepare
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.stopping import stop
from roadworthy.ports import Chat, Completion, LoadedRelease, Unanswered
from roadworthy.prompting import ChatPrompt
from roadworthy.quantities import Cost
from roadworthy.routing import Candidate
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import a_case
from roadworthy.usage import Call, Ending, Price, Tokens, case_reference

PROMPT = b"---\nvariables: {about: text, balance: integer}\nmax_tokens: 100\n---\nAnswer {about} with {balance}.\n"
SMALL, BIG = Price(1_000_000, 4_000_000), Price(10_000_000, 40_000_000)
MODELS = """
models:
  small: {url: "http://127.0.0.1:1/v1", model: s, read_price: 0.02 EUR, written_price: 0.08 EUR}
  big: {url: "http://127.0.0.1:1/v1", model: b, read_price: 0.20 EUR, written_price: 0.80 EUR}
"""


async def reply(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    written = await run.generate("answer", Reply, about=case.data.text, balance=5)
    return rw.Decision(
        written,
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=written.text)],
    )


def says(
    text: object, *, read: int = 50, written: int = 10, cached: int = 0, price: Price = SMALL, **more: Any
) -> Completion:
    tokens = Tokens(read, written, cached=cached)
    told = text if isinstance(text, str) else json.dumps(text)
    return Completion(told, tokens, price.cost(tokens), "served", **more)


class Desk(Office):
    """An office whose releases have a chat task."""

    def chat(
        self, *lines: Any, big: Any = "{}", escalate_below: float | None = None, **changes: Any
    ) -> Chat:
        self.small, self.big = (
            Spoken(*lines, name="s"),
            Spoken(*(big if isinstance(big, list) else [big]), name="b"),
        )
        able = frozenset({"chat"})
        chat = Chat(
            task="answer",
            prompt=ChatPrompt.parse(PROMPT, place="prompts/answer.md"),
            candidates=(
                Candidate("big", "big-1", "eu", able, BIG),
                Candidate("small", "small-1", "eu", able, SMALL),
            ),
            models={"small": self.small, "big": self.big},
            prices={"small": "p1", "big": "p2"},
            region="eu",
            floor=None,
            escalate_below=escalate_below,
        )
        self.chats = {"answer": replace(chat, **changes)}
        return self.chats["answer"]

    def load(self, digest: str) -> LoadedRelease:
        return replace(super().load(digest), chats=self.chats)

    def calls(self, key: str) -> tuple[Call, ...]:
        with self.store.read() as tx:
            return self.store.metering.of_case(tx, "desk", self.deployment.case_reference("desk", key)).rows


@pytest.fixture
def desk(tmp_path: Any) -> Any:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def worked(desk: Desk, key: str = "K-1") -> None:
    desk.release(reply)
    desk.submit(key, "refund 0.9")
    desk.work()


def test_the_cheapest_model_writes_and_its_tokens_are_recorded_with_the_step(desk: Desk) -> None:
    desk.chat(says({"text": "hello"}, read=100, written=20, cached=40))
    worked(desk)
    (sent,) = desk.tools["mail.reply"].felt.values()
    assert sent["body"] == "hello"
    (call,) = desk.calls("K-1")
    assert (call.step, call.task, call.model, call.version) == (
        "generate:answer", "answer", "small", desk.case("K-1").release,
    )  # fmt: skip
    assert call.tokens == Tokens(100, 20, cached=40)
    assert (call.cost, call.attempts, call.price, call.ending) == (180, 1, "p1", Ending.ANSWERED)
    assert call.case == desk.deployment.case_reference("desk", "K-1")
    assert "K-1" not in call.case
    assert desk.big.asked == []


def test_facts_are_fenced_and_the_form_of_the_answer_is_asked_for(desk: Desk) -> None:
    desk.chat(says({"text": "hello"}))
    worked(desk)
    (question,) = desk.small.asked
    assert "refund 0.9" not in question.system
    assert "refund 0.9" in question.user
    assert "with 5." in question.system
    assert '"required": ["text"]' in question.system


@pytest.mark.parametrize(
    "line",
    ["no JSON", says({"txt": "x"}), says({"text": 3}), says({"text": "x"}, ended=False), says({"text": "x"}, refused=True)],
)  # fmt: skip
def test_an_answer_of_another_form_is_asked_of_the_next_model_and_both_are_billed(
    desk: Desk, line: Any
) -> None:
    desk.chat(line, big=says({"text": "better"}, price=BIG))
    worked(desk)
    (sent,) = desk.tools["mail.reply"].felt.values()
    assert sent["body"] == "better"
    calls = desk.calls("K-1")
    assert [one.model for one in calls] == ["small", "big"]
    assert "after `small`" in calls[1].route
    with desk.store.read() as tx:
        step = desk.store.cases.steps(tx, desk.case("K-1").id, run=1)[1]
    assert sum(one.cost for one in calls) <= step.cost.nano < sum(one.cost for one in calls) + 10_000_000


def test_an_answer_that_is_not_sure_enough_is_asked_of_the_next_model(desk: Desk) -> None:
    desk.chat(
        says({"text": "maybe", "confidence": 0.4}),
        big=says({"text": "surely", "confidence": 0.95}),
        escalate_below=0.8,
    )
    worked(desk)
    (sent,) = desk.tools["mail.reply"].felt.values()
    assert sent["body"] == "surely"
    assert len(desk.calls("K-1")) == 2


def test_where_nobody_is_sure_the_surest_answer_that_fits_is_given(desk: Desk) -> None:
    desk.chat(
        says({"text": "rather", "confidence": 0.6}),
        big=says({"text": "hardly", "confidence": 0.1}),
        escalate_below=0.8,
    )
    worked(desk)
    (sent,) = desk.tools["mail.reply"].felt.values()
    assert sent["body"] == "rather"


def test_a_model_that_does_not_answer_is_followed_by_the_next(desk: Desk) -> None:
    gone = Unanswered(
        Unavailable("RW-LLM-006", "busy", retry_is_safe=True), tokens=Tokens(7, 0), cost=Cost(7), requests=4
    )
    desk.chat(gone, big=says({"text": "here"}, price=BIG))
    worked(desk)
    first, second = desk.calls("K-1")
    assert (first.ending, first.cost, first.attempts, first.tokens.read) == (Ending.FAILED, 7, 4, 7)
    assert second.ending is Ending.ANSWERED


def test_no_answer_of_the_form_hands_the_case_to_a_person_at_its_true_cost(desk: Desk) -> None:
    desk.chat("nothing", big="nothing either")
    worked(desk)
    case = desk.case("K-1")
    assert case.state is State.WAITING
    assert case.reason.startswith("RW-PROMPT-006")
    with desk.store.read() as tx:
        spent = desk.store.cases.spent(tx, case.id)
    # Two questions at 1,000 each and a few milliseconds of this machine, not the reserve of both models.
    assert 2_000 <= spent.nano < 20_000_000
    assert len(desk.calls("K-1")) == 2


def test_models_that_are_away_are_asked_again_later_and_nothing_is_charged_for_silence(desk: Desk) -> None:
    away = Unavailable("RW-LLM-006", "no connection", retry_is_safe=True)
    desk.chat(away, says({"text": "back"}), big=[away, "never"])
    worked(desk)
    assert desk.case("K-1").state is State.OPEN
    desk.later(seconds=10)
    desk.work()
    assert desk.case("K-1").state is State.CLOSED
    assert [one.ending for one in desk.calls("K-1")] == [Ending.FAILED, Ending.FAILED, Ending.ANSWERED]
    with desk.store.read() as tx:
        step = desk.store.cases.steps(tx, desk.case("K-1").id, run=1)[1]
    assert step.attempts == 2
    assert step.cost.nano < 20_000_000


def test_a_recorded_step_is_not_asked_for_again(desk: Desk) -> None:
    async def ask_after(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        written = await run.generate("answer", Reply, about=case.data.text, balance=5)
        colour = await run.ask("which?", choices=["red"])
        return rw.Decision(written.text + colour, confidence=1.0)

    desk.chat(says({"text": "once"}))
    desk.release(ask_after)
    desk.submit("K-1", "refund 0.9")
    desk.work()
    assert desk.case("K-1").state is State.WAITING
    (review,) = desk.reviews("K-1")
    decide_review(desk.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="red")
    desk.work()
    assert len(desk.small.asked) == 1
    assert len(desk.calls("K-1")) == 1


def test_facts_that_do_not_fit_the_prompt_ask_nobody(desk: Desk) -> None:
    async def wrong(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        await run.generate("answer", Reply, about=3)
        return rw.Decision("x")

    desk.chat(says({"text": "x"}))
    desk.release(wrong)
    desk.submit("K-1")
    desk.work()
    assert desk.case("K-1").reason.startswith("RW-PROMPT-003")
    assert desk.small.asked == []


def test_a_stopped_model_is_left_out_and_where_all_are_stopped_the_case_waits(desk: Desk) -> None:
    desk.chat(says({"text": "x"}), big=says({"text": "from big"}))
    desk.release(reply, charter=CHARTER + MODELS)
    stop(desk.deployment, BEN, "model:small", reason="leaks")
    desk.submit("K-1", "refund 0.9")
    desk.work()
    assert [one.model for one in desk.calls("K-1")] == ["big"]
    stop(desk.deployment, BEN, "model:big", reason="leaks")
    desk.submit("K-2", "refund 0.9")
    desk.work()
    assert desk.case("K-2").state is State.PARKED
    assert desk.calls("K-2") == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"region": "us"}, "it runs in eu"),
        ({"floor": 0.9}, "its quality was never measured"),
    ],
)
def test_no_model_that_may_be_asked_is_told_for_each_of_them(
    desk: Desk, changes: dict[str, Any], why: str
) -> None:
    desk.chat(says({"text": "x"}), **changes)
    worked(desk)
    case = desk.case("K-1")
    assert case.reason.startswith("RW-PROMPT-004")
    assert case.reason.count(why) == 2
    assert desk.small.asked == []


def test_before_any_model_was_measured_a_rehearsal_may_ask(desk: Desk) -> None:
    desk.chat(says({"text": "x"}), floor=0.9)
    desk.release(reply, stage=Stage.PILOT)
    case = replace(a_case_of(desk), stage=Stage.PILOT)
    found = question_for(desk.deployment, case, desk.chats["answer"], Reply, {"about": "x", "balance": 1})
    assert not isinstance(found, str)
    assert [one.name for one in found.route.order] == ["small", "big"]


def a_case_of(desk: Desk) -> Any:
    return a_case(1, use_case="desk")


def test_a_retired_model_is_not_asked(desk: Desk) -> None:
    chat = desk.chat(says({"text": "x"}), big=says({"text": "y"}))
    old = desk.clock.now().date() - timedelta(days=1)
    first, second = chat.candidates
    desk.chats = {"answer": replace(chat, candidates=(first, replace(second, retires=old)))}
    worked(desk)
    assert [one.model for one in desk.calls("K-1")] == ["big"]


def test_the_reserve_covers_every_model_of_the_route(desk: Desk) -> None:
    chat = desk.chat("x")
    question = prepare(
        chat, {"about": "x" * 1_000, "balance": 1}, Reply, today=date(2026, 5, 4), resting={}
    )
    least = sum(price.most(1_000, 100) for price in (SMALL, BIG))
    assert question.reserve.nano > least


def test_two_installations_name_a_case_differently(desk: Desk) -> None:
    assert desk.deployment.case_reference("desk", "K-1") != desk.deployment.case_reference("desk", "K-2")
    assert desk.deployment.case_reference("desk", "K-1") != case_reference(b"", "desk", "K-1")


@dataclass(frozen=True)
class Inner:
    title: str
    default: int = 3


@dataclass(frozen=True)
class Outer:
    inner: Inner
    lines: list[str]
    note: str | None = None


def test_a_shape_becomes_a_schema_with_every_field_required() -> None:
    schema = form_of(Outer)
    assert schema["required"] == ["inner", "lines", "note"]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Inner"]["required"] == ["title", "default"]
    assert "default" not in schema["properties"]["note"]


@pytest.mark.parametrize("shape", [str, int, list[int], object, dict])
def test_a_shape_without_fields_is_no_answer(shape: Any) -> None:
    with pytest.raises(InputProblem) as raised:
        form_of(shape)
    assert raised.value.code == "RW-PROMPT-005"


def test_other_tasks_are_still_filled_in_from_templates(desk: Desk) -> None:
    desk.chat("x")
    desk.release(templated)
    desk.submit("K-1", "refund 0.9")
    desk.work()
    (sent,) = desk.tools["mail.reply"].felt.values()
    assert sent["body"] == "about refund"
    assert desk.calls("K-1") == ()
