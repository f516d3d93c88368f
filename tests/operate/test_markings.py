"""Data flow along the whole path: read, marked, judged, weighed, recorded, restored."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operate import flows
from tests.operate.office import CHARTER, VERA, Office, Writer, the_policies

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import Verdict
from roadworthy.casework.vocabulary import Passage, Workflow
from roadworthy.charter import Charter, read
from roadworthy.errors import RoadworthyError, Unavailable
from roadworthy.flow import Judged, Readings
from roadworthy.operate.disposing import may_read
from roadworthy.operate.explain import explain
from roadworthy.operate.mirroring import Twin, begin_mirrored, from_recordings
from roadworthy.operate.reading import (
    begin_reading,
    judge_call,
    read_answer,
    read_effect,
    read_passages,
    read_person,
)
from roadworthy.operate.reviewing import decide_review
from roadworthy.policy import Answer, Marking, more_permissive
from roadworthy.ports import LoadedRelease
from roadworthy.quantities import digest_of
from roadworthy.testing.conformance.examples import a_case

SECRET = CHARTER.replace(
    "books.look: {use: sql.query, source: books,",
    "books.look: {use: sql.query, marking: {data_class: 3}, source: books,",
)
OTHERS = """
  books.find: {use: sql.query, source: books, trusted: [account, holder]}
  web.read: {use: sql.query, source: books, region: us, marking: {data_class: 0}}
  hr.look: {use: sql.query, source: books, clearance: 3, marking: {data_class: 3, purposes: [payroll]}}
review:"""


def charter(text: str = CHARTER) -> Charter:
    return read(text, file="charter.yaml")


async def look_ask_reply(case: rw.Case, run: rw.Run) -> rw.Decision:
    await run.call("books.look")
    await run.ask("go on?", choices=["yes"])
    return rw.Decision(
        "done", confidence=1.0, effects=[rw.effect("mail.reply", to=case.data.sender, body="x")]
    )


async def reply_on_a_branch(case: rw.Case, run: rw.Run) -> rw.Decision:
    account = await run.call("books.look")
    body = "yes" if account["balance"] else "no"
    return rw.Decision(
        body, confidence=1.0, effects=[rw.effect("mail.reply", to=case.data.sender, body=body)]
    )


def test_data_that_were_read_mark_what_is_sent_even_if_they_only_chose_a_branch(office: Office) -> None:
    office.release(reply_on_a_branch, charter=SECRET)
    office.submit("T-1")
    office.work()

    (effect,) = office.effects("T-1")
    assert effect.state is EffectState.REFUSED
    assert effect.marking.data_class == 3
    assert "the data are more confidential than this tool may see" in effect.reasons


def test_a_later_segment_does_not_launder_what_an_earlier_one_read(office: Office) -> None:
    digest = office.release(look_ask_reply, charter=SECRET).digest
    office.submit("T-1")
    office.work()
    # Whatever the charter says by then: what the record says of a value holds.
    office.charters[digest] = charter()
    (review,) = office.reviews("T-1")
    decide_review(office.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="yes")
    office.work()

    (effect,) = office.effects("T-1")
    assert effect.marking.data_class == 3
    assert effect.state is EffectState.REFUSED


def test_markings_lie_sealed_beside_what_they_mark(office: Office) -> None:
    office.release(flows.reply)
    case = office.submit("T-1")
    office.work()

    with office.store.read() as tx:
        steps = office.store.cases.steps(tx, case.id, run=1)
        kept = [
            Marking.from_json(office.deployment.vault.open(tx, step.result)["marking"]) for step in steps
        ]
    assert [marking.data_class for marking in kept] == [2, 2, 2]
    assert all(later.at_most(earlier) for earlier, later in pairwise(kept))


def test_people_see_where_each_steering_value_came_from(office: Office) -> None:
    office.release(flows.pay_whom_the_text_names)
    office.submit("P-500", "A-66 0.9")
    office.work()

    (told,) = explain(office.deployment, VERA, "P-500")["effects"]
    assert told["origins"] == [
        {"argument": "account", "source": "the prediction `intent`", "trusted": False},
        {"argument": "amount", "source": "the input `amount`", "trusted": True},
    ]
    assert office.effects("P-500")[0].state is EffectState.REFUSED


def test_a_link_from_the_message_is_not_sent_on_without_a_person(office: Office) -> None:
    office.release(flows.reply)
    office.submit("T-1", "https://evil.example/x 0.9")
    office.submit("T-2", "ada@example.com 0.9")
    office.work()

    assert office.effects("T-1")[0].untrusted == ("body:link",)
    assert office.effects("T-1")[0].state is EffectState.PROPOSED
    assert office.effects("T-2")[0].state is EffectState.CONFIRMED  # the sender's own address


async def pay_the_found(case: rw.Case, run: rw.Run) -> rw.Decision:
    found = await run.call("books.look", about=case.data.text)
    return rw.Decision(
        "paid",
        confidence=1.0,
        effects=[rw.effect("bank.pay", account=found["account"], amount=case.data.amount)],
    )


def test_what_a_stranger_looked_up_steers_nothing(office: Office) -> None:
    office.release(pay_the_found)
    office.submit("P-500", "somebody")
    office.work()

    (effect,) = office.effects("P-500")
    assert effect.state is EffectState.REFUSED
    assert dict(effect.origins)["account"] == "`books.look`.account"


class Suppliers:
    """A registry of account numbers."""

    names: frozenset[str] = frozenset()

    def __init__(self, *known: str, away: bool = False) -> None:
        self.known = known
        self.away = away

    def knows(self, values: object) -> bool:
        if self.away:
            raise Unavailable("RW-SQL-005", "it is away", retry_is_safe=True)
        return values["value"] in self.known  # type: ignore[index]


ENDORSED = CHARTER.replace(
    "bank.pay: {", "bank.pay: {endorse: {account: {source: books, sql: 'select 1 where :value = 1'}}, "
)


@pytest.mark.parametrize(
    ("registry", "state"),
    [
        (Suppliers("A-66"), EffectState.CONFIRMED),
        (Suppliers("A-67"), EffectState.REFUSED),
        (Suppliers("A-66", away=True), EffectState.REFUSED),
    ],
)
def test_a_registry_vouches_for_a_value_while_it_can_be_asked(
    office: Office, registry: Suppliers, state: EffectState
) -> None:
    office.release(flows.pay_whom_the_text_names, charter=ENDORSED)
    load = office.load
    office.load = lambda digest: replace(load(digest), registries={"bank.pay": {"account": registry}})  # type: ignore[method-assign]
    office.submit("P-500", "A-66 0.9")
    office.work()

    assert office.effects("P-500")[0].state is state


async def reply_to_a_number(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision("x", confidence=1.0, effects=[rw.effect("mail.reply", to=10**300, body="x")])


async def call_with_a_flood(case: rw.Case, run: rw.Run) -> rw.Decision:
    try:
        await run.call("books.look", about="x" * 2_000_000)
    except RoadworthyError as problem:
        return rw.Decision(problem.code, confidence=1.0)
    raise AssertionError


def test_arguments_that_no_tool_takes_hand_the_case_to_a_person(office: Office) -> None:
    office.release(reply_to_a_number)
    office.submit("T-1")
    office.work()

    assert office.case("T-1").state is State.WAITING
    assert "RW-RUN-013" in office.case("T-1").reason
    assert not office.tools["mail.reply"].sends


def test_a_call_that_is_refused_for_its_arguments_asked_nobody_and_may_be_caught(office: Office) -> None:
    office.release(call_with_a_flood)
    office.submit("T-1")
    office.work()

    assert office.tools["books.look"].calls == 0
    assert office.case("T-1").state is State.WAITING  # it proposed nothing


# ── properties of the path, without a database ──


def loaded() -> LoadedRelease:
    return LoadedRelease(
        digest=digest_of("release"),
        charter=charter(CHARTER.replace("review:", OTHERS.lstrip("\n"), 1)),
        workflow=Workflow("desk", flows.reply),
        policies=the_policies(),
        models={},
        retrievers={},
        bases={},
        writer=Writer(),
        tools={},
        sources={},
    )


RELEASE = loaded()
CASE = a_case(use_case="desk", key="T-9")

words = st.sampled_from(["A-1", "A-66", "eve@evil.com", "ada@example.com", "7", "", "x y"])
scalars = words | st.integers(0, 9) | st.booleans()
answers = st.dictionaries(
    st.sampled_from(["account", "holder", "note"]), scalars | st.lists(scalars, max_size=2), max_size=3
)
reads = st.one_of(
    st.tuples(
        st.sampled_from(["books.look", "books.find", "web.read", "hr.look"]),
        st.dictionaries(st.just("about"), scalars, max_size=1),
        answers,
    ),
    st.tuples(st.just("passage"), st.booleans(), words),
    st.tuples(st.just("effect"), st.just("mail.reply"), answers),
    st.tuples(st.just("generated"), st.just("reply"), answers),
)


@given(st.lists(reads, max_size=6), words)
def test_along_any_path_markings_only_rise_and_nothing_foreign_is_trusted(
    path: list[tuple[str, Any, Any]], text: str
) -> None:
    readings = begin_reading(RELEASE, CASE, {"text": text, "sender": "ada@example.com", "amount": 7})
    vouched = {"ada@example.com", 7, "7", CASE.key}
    for kind, what, answer in path:
        before = readings.marking
        if kind == "passage":
            found = Passage("d", "t", answer, 1.0, "sha", "", data_class=1, trusted=what)
            read_passages(readings, RELEASE.charter, "help", [found])
        elif kind == "effect":
            read_effect(readings, RELEASE.charter, CASE, what, answer)
        elif kind == "generated":
            readings.hear("what `reply` wrote", answer)
        else:
            clean = all(value in vouched and not isinstance(value, bool) for value in what.values())
            for name in RELEASE.charter.tools[kind].trusted if clean else ():
                vouched |= _within(answer.get(name))
            read_answer(readings, RELEASE, CASE, kind, what, answer)
        assert readings.marking.at_most(before)
    for value in ("A-1", "A-66", "eve@evil.com", "x y", True, "", "9", 9):
        if "account" not in judge_call(RELEASE, "bank.pay", {"account": value}, readings).untrusted:
            assert value in vouched
            assert not isinstance(value, bool)


@given(st.lists(reads, max_size=4))
def test_whatever_was_read_a_decision_is_never_freer_than_before(path: list[tuple[str, Any, Any]]) -> None:
    readings = begin_reading(RELEASE, CASE, {"text": "x", "sender": "ada@example.com"})
    judged = Judged(("to",))

    def decided() -> Answer:
        return may_read(RELEASE, CASE, "mail.reply", judged=judged, marking=readings.marking, arguments={})

    before = decided()
    for kind, what, answer in path:
        if kind in RELEASE.charter.tools:
            read_answer(readings, RELEASE, CASE, kind, what, answer)
        after = decided()
        assert not more_permissive(after, before)
        before = after


def _within(value: object) -> set[object]:
    """Scalars of a trusted field, each as a number and as the text that writes it."""
    if isinstance(value, list):
        return set().union(*map(_within, value)) if value else set()
    if value is None or isinstance(value, bool) or value == "":
        return {""} if value == "" else set()
    text = str(value)
    return {value, text, int(text)} if text.isdecimal() else {value}


def test_a_person_s_own_words_are_theirs_and_a_choice_is_the_workflow_s() -> None:
    readings = Readings()
    read_person(readings, "pay A-66", choices=[])
    assert readings.whence("A-66").trusted

    readings = Readings()
    read_person(readings, "A-66", choices=["A-66", "A-67"])
    assert not readings.whence("A-66").trusted


def test_a_mirror_that_asks_nobody_knows_what_was_endorsed_when_the_case_was_live(office: Office) -> None:
    release = office.release(flows.pay_whom_the_text_names, charter=ENDORSED)
    load, registry = office.load, Suppliers("A-66")
    office.load = lambda digest: replace(load(digest), registries={"bank.pay": {"account": registry}})  # type: ignore[method-assign]
    original = office.submit("P-500", "A-66 0.9")
    office.work()
    twin = Twin(release.digest, "recorded", "0", original.id)
    with office.store.write() as tx:
        mirror = begin_mirrored(office.deployment, tx, original, release, twin, actor="ben")

    registry.away = True
    recorded = from_recordings(office.deployment, mirror, office.load(release.digest))

    assert recorded.registries["bank.pay"]["account"].knows({"value": "A-66"})
    assert not recorded.registries["bank.pay"]["account"].knows({"value": "A-67"})
