from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, OLGA, SHOP, VERA, Office, Tool, person

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.review import Verdict
from roadworthy.casework.vocabulary import Handler
from roadworthy.errors import InputProblem, NotFound, Refused, Unavailable
from roadworthy.measure.mirror import Mirrored, mirror, mirror_fact
from roadworthy.measure.recorded import Selection
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.stopping import resume, stop
from roadworthy.principal import Role
from roadworthy.release import Release
from roadworthy.stage import Stage

NOBODY = person("nora", Role.OPERATOR)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def live(office: Office, handler: Handler = flows.reply, *texts: str, **more: Any) -> Release:
    """Cases that a release decided in production, one per text."""
    release = office.release(handler, **more)
    for number, text in enumerate(texts or ("refund 0.9",)):
        office.submit(f"K-{number}", text, sender=f"c{number}@example.com")
    office.work()
    return release


def candidate(office: Office, handler: Handler, **more: Any) -> Release:
    return office.release(handler, stage=Stage.DRAFT, number=2, **more)


def mirrored(office: Office, release: Release, **more: Any) -> Mirrored:
    return mirror(office.deployment, BEN, "desk", release, workers=1, **more)


def outcome(office: Office, key: str, truth: str, source: str = "crm") -> None:
    record_outcome(office.deployment, SHOP, "desk", key, truth=truth, source=source)


async def other_words(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    account = await run.call("books.look", about=intent.label)
    written = await run.generate("reply", flows.Reply, about=f"your {intent.label}")
    return rw.Decision(
        account["balance"],
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=written.text)],
    )


async def other_order(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    written = await run.generate("reply", flows.Reply, about=intent.label, balance=5)
    await run.call("books.look", about=intent.label)
    return rw.Decision(
        written,
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=written.text)],
    )


async def asks_more(case: rw.Case, run: rw.Run) -> rw.Decision:
    await run.call("books.look", about="something else")
    return await flows.reply(case, run)


async def another_label(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", f"other {case.data.text.split()[1]}")
    await run.call("books.look", about="refund")
    return rw.Decision("x", confidence=intent.confidence, because=[intent])


async def unsure(case: rw.Case, run: rw.Run) -> rw.Decision:
    decided = await flows.reply(case, run)
    return rw.Decision(decided.answer, 0.1, decided.because, decided.effects)


async def surer(case: rw.Case, run: rw.Run) -> rw.Decision:
    decided = await flows.reply(case, run)
    return rw.Decision(decided.answer, 0.99, decided.because, decided.effects)


def test_the_same_workflow_comes_out_equal_and_asks_nobody(office: Office) -> None:
    live(office, flows.reply, "refund 0.9", "refund 0.5")
    asked, sent = office.tools["books.look"].calls, list(office.tools["mail.reply"].sends)
    reviews = len(office.reviews("K-1"))
    found = mirrored(office, candidate(office, flows.reply))
    assert (found.counts["cases"], found.counts["equal"]) == (2, 2)
    assert office.tools["books.look"].calls == asked
    assert office.tools["mail.reply"].sends == sent
    assert len(office.reviews("K-1")) == reviews
    fact = mirror_fact(found)
    assert (fact.value, fact.n) == (1.0, 2)
    assert "effects" in fact.simulated
    assert fact.interval is not None
    assert fact.interval.low < 0.5


def test_another_text_is_a_change_with_the_argument_that_differs(office: Office) -> None:
    live(office)
    found = mirrored(office, candidate(office, other_words))
    (one,) = found.differences
    assert one.judged == "changed"
    assert one.effects[0].arguments == ("body",)
    assert one.effects[0].values == {"body": ("about refund", "about your refund")}
    assert "another text" in one.otherwise
    assert "values" not in json.dumps(found.as_json())
    assert (
        found.as_json(content=True)["differences"][0]["effects"][0]["values"]["body"][0] == "about refund"
    )


def test_who_may_not_read_content_gets_the_names_alone(office: Office) -> None:
    live(office)
    found = mirror(office.deployment, NOBODY, "desk", candidate(office, other_words), workers=1)
    assert found.differences[0].effects[0].arguments == ("body",)
    assert found.differences[0].effects[0].values == {}


def test_another_order_of_steps_is_a_change(office: Office) -> None:
    live(office)
    (one,) = mirrored(office, candidate(office, other_order)).differences
    assert one.judged == "changed"
    assert "other steps" in one.otherwise
    assert one.before.steps == ("predict:intent", "call:books.look", "generate:reply")
    assert one.after.steps == ("predict:intent", "generate:reply", "call:books.look")


def test_what_was_not_recorded_is_not_comparable_and_never_equal(office: Office) -> None:
    live(office)
    calls = office.tools["books.look"].calls
    found = mirrored(office, candidate(office, asks_more))
    assert found.differences == ()
    assert "`books.look` something that was not recorded" in found.not_comparable[0].reason
    assert office.tools["books.look"].calls == calls
    assert mirror_fact(found).value == 0.0
    assert mirror_fact(found).n == 1


def test_live_reads_ask_only_what_was_not_recorded_and_say_so(office: Office) -> None:
    live(office)
    calls = office.tools["books.look"].calls
    found = mirrored(office, candidate(office, asks_more), live_reads=True)
    assert office.tools["books.look"].calls == calls + 1
    assert found.differences[0].anew == ("books.look",)
    assert found.as_json()["simulated"][-1].endswith("others live")


def test_a_sandbox_is_asked_instead_of_the_systems(office: Office, tmp_path: Path) -> None:
    live(office)
    release = candidate(office, asks_more)
    (tmp_path / "copy").mkdir()
    copy = Office(tmp_path / "copy")
    copy.workflows, copy.charters = office.workflows, office.charters
    calls = office.tools["books.look"].calls
    found = mirrored(office, release, sandbox=copy)
    copy.store.close()
    assert office.tools["books.look"].calls == calls
    assert copy.tools["books.look"].calls == 1
    assert found.differences[0].anew == ("books.look",)


def test_a_source_that_no_copy_stands_in_for_is_never_asked_in_its_place(office: Office) -> None:
    live(office)
    server = CHARTER.replace("sqlite:///none", "postgresql://db/books")
    calls = office.tools["books.look"].calls
    with pytest.raises(InputProblem, match="it is a server"):
        mirrored(office, candidate(office, asks_more, charter=server), sandbox=office)
    assert office.tools["books.look"].calls == calls


def test_a_case_meant_for_a_sandbox_asks_nothing_where_there_is_none(office: Office) -> None:
    """Another process may go on with it: its tools are the real ones."""
    from roadworthy.operate.mirroring import Twin, begin_mirrored
    from roadworthy.operate.segments import run_segment

    live(office)
    release, calls = candidate(office, asks_more), office.tools["books.look"].calls
    with office.store.write() as tx:
        twin = Twin(release.digest, "sandbox", "0", office.case("K-0").id)
        case = begin_mirrored(office.deployment, tx, office.case("K-0"), release, twin, actor="ben")
    run_segment(office.deployment, f"{case.id}/1/1")
    assert office.tools["books.look"].calls == calls
    assert office.case("K-0", twin=str(twin)).reason.startswith("RW-MIRROR-001")


def test_regressions_stand_first_then_what_is_newly_automatic_and_wrong(office: Office) -> None:
    live(office, flows.reply, "refund 0.9", "other 0.5", "refund 0.9", "refund 0.9")
    for key, truth in (("K-0", "refund"), ("K-1", "refund"), ("K-2", "other")):
        outcome(office, key, truth)

    async def flips(case: rw.Case, run: rw.Run) -> rw.Decision:
        decided = await flows.reply(case, run)
        if case.key == "K-1":
            return rw.Decision(decided.answer, 0.99, decided.because, decided.effects)
        if case.key == "K-3":
            return rw.Decision(decided.answer, 0.1, decided.because, decided.effects)
        label = "refund" if case.data.text.startswith("other") else "other"
        return rw.Decision("x", 0.9, [await run.predict("intent", f"{label} 0.9")], decided.effects)

    found = mirrored(office, candidate(office, flips))
    assert [(one.key, one.judged) for one in found.differences] == [
        ("K-0", "regression"),
        ("K-1", "newly automatic and wrong"),
        ("K-3", "changed"),
        ("K-2", "improved"),
    ]
    assert [(pair.before, pair.after) for pair in found.pairs] == [(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)]
    assert len({pair.cluster for pair in found.pairs}) == 3
    after, before = found.scored
    assert list(after.values - before.values) == [-1.0, 0.0, 1.0]
    assert found.counts["judged by an outcome"] == 3


def test_confidence_across_the_threshold_is_told(office: Office) -> None:
    live(office)
    outcome(office, "K-0", "refund")
    (one,) = mirrored(office, candidate(office, unsure)).differences
    assert (one.before.covered, one.after.covered) == (True, False)
    assert (one.effects[0].before, one.effects[0].after) == ("execute", "review")
    assert one.judged == "changed"


def test_a_right_answer_that_no_longer_needs_a_person_is_better(office: Office) -> None:
    live(office, flows.reply, "refund 0.5")
    outcome(office, "K-0", "refund")
    (one,) = mirrored(office, candidate(office, surer)).differences
    assert one.judged == "improved"


def test_a_workflow_that_fails_is_no_answer_and_a_regression(office: Office) -> None:
    live(office)
    outcome(office, "K-0", "refund")
    found = mirrored(office, candidate(office, flows.broken))
    # It asks its tool without arguments, which was never recorded.
    assert found.not_comparable

    async def fails(case: rw.Case, run: rw.Run) -> rw.Decision:
        raise ZeroDivisionError

    found = mirrored(office, office.release(fails, stage=Stage.DRAFT, number=3))
    (one,) = found.differences
    assert one.failed.startswith("RW-RUN-010")
    assert one.judged == "regression"
    assert found.counts["failed"] == 1
    assert [review for review in office.reviews("K-0") if review.kind == "work"] == []


def test_people_answer_as_they_did_then(office: Office) -> None:
    live(office, flows.ask, "refund 0.9")
    (review,) = office.reviews("K-0")
    decide_review(office.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="blue")
    office.work()
    found = mirrored(office, candidate(office, flows.ask))
    assert found.counts["equal"] == 1

    async def asks_otherwise(case: rw.Case, run: rw.Run) -> rw.Decision:
        await run.ask("which size?")
        return rw.Decision("x")

    found = mirrored(office, office.release(asks_otherwise, stage=Stage.DRAFT, number=3))
    assert "asked a person" in found.not_comparable[0].reason
    assert len(office.reviews("K-0")) == 1


def test_an_effect_that_was_waited_for_answers_as_it_did_then(office: Office) -> None:
    live(office, flows.act_then_reply)
    found = mirrored(office, candidate(office, flows.act_then_reply))
    assert found.counts["equal"] == 1
    assert office.tools["mail.reply"].sends == ["desk:K-0:first", "desk:K-0:second"]


def test_what_a_person_edited_is_compared_with_what_was_proposed(office: Office) -> None:
    live(office, flows.reply, "refund 0.5")
    (review,) = office.reviews("K-0")
    decide_review(
        office.deployment, VERA, review.id, Verdict.EDIT, seen=review.proposal, edits={"body": "mine"}
    )
    office.work()
    assert mirrored(office, candidate(office, flows.reply)).counts["equal"] == 1


def test_an_erased_case_is_told_and_left_out_of_the_count(office: Office) -> None:
    live(office, flows.reply, "refund 0.9", "refund 0.9")
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-0").subject, at=office.clock.now())
    found = mirrored(office, candidate(office, flows.reply))
    assert (found.counts["erased"], found.counts["equal"], mirror_fact(found).n) == (1, 1, 1)


def test_a_case_erased_after_it_was_mirrored_drops_out(office: Office) -> None:
    live(office)
    release = candidate(office, flows.reply)
    mirrored(office, release)
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-0").subject, at=office.clock.now())
    found = mirrored(office, release)
    assert (found.differences, found.counts["erased"]) == ((), 1)


def test_mirrored_twice_nothing_runs_again(office: Office) -> None:
    live(office)
    ran = []

    async def counted(case: rw.Case, run: rw.Run) -> rw.Decision:
        ran.append(case.key)
        return await flows.reply(case, run)

    release = candidate(office, counted)
    first = mirrored(office, release)
    assert mirrored(office, release) == first
    assert ran == ["K-0"]


def test_a_certificate_that_came_since_is_another_mirror(office: Office) -> None:
    live(office)
    release = candidate(office, flows.reply, threshold=None)
    assert mirrored(office, release).differences[0].after.automatic is False
    office.release(flows.reply, stage=Stage.DRAFT, number=2, threshold=0.8)
    assert mirrored(office, release).counts["equal"] == 1


def test_a_mirror_that_was_killed_goes_on_where_it_was(office: Office) -> None:
    live(office, flows.reply, "refund 0.9", "refund 0.9", "refund 0.9")
    release, saved = candidate(office, flows.reply), []

    class Killed(BaseException):
        """What a process that ends in the middle of a case leaves behind."""

    real = office.store.cases.save

    def dies(tx: Any, case: Any, *, expected: int) -> None:
        saved.append(case.key)
        if len(saved) == 2:
            raise Killed
        real(tx, case, expected=expected)

    office.store.cases.save = dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        mirrored(office, release)
    office.store.cases.save = real  # type: ignore[method-assign]
    ran, good = [], office.workflows[release.digest]

    async def again(case: rw.Case, run: rw.Run) -> rw.Decision:
        ran.append(case.key)
        return await good(case, run)

    office.workflows[release.digest] = again
    found = mirrored(office, release)
    assert found.counts["equal"] == 3
    assert saved[0] not in ran
    assert saved[1] in ran
    with office.store.read() as tx:
        (page,) = [office.store.cases.list(tx, "desk", release=release.digest).rows]
    assert {case.state for case in page} == {State.CLOSED}
    assert len(page) == 3


def test_while_the_switch_is_on_nothing_is_mirrored_and_afterwards_it_goes_on(office: Office) -> None:
    live(office)
    release = candidate(office, flows.reply)

    async def stops(case: rw.Case, run: rw.Run) -> rw.Decision:
        await run.predict("intent", case.data.text)
        if not thrown:
            thrown.append(stop(office.deployment, OLGA, "use_case:desk", reason="look"))
        return await flows.reply(case, run)

    thrown: list[Any] = []
    office.workflows[release.digest] = stops
    with pytest.raises(Unavailable, match="could not be mirrored to their end"):
        mirrored(office, release)
    with pytest.raises(Refused, match="cannot be mirrored now"):
        mirrored(office, release)
    resume(office.deployment, person("rita", Role.RISK_OFFICER), thrown[0].id, reason="looked")
    found = mirrored(office, release)
    assert found.counts["compared"] == 1


def test_outcomes_that_contradict_judge_nothing_and_are_counted(office: Office) -> None:
    live(office)
    outcome(office, "K-0", "refund", "crm")
    outcome(office, "K-0", "other", "agent")
    found = mirrored(office, candidate(office, another_label))
    assert found.counts["contradicting outcomes"] == 1
    assert found.differences[0].judged == "changed"
    assert found.pairs == ()


def test_cases_are_chosen_by_number_key_stage_and_time(office: Office) -> None:
    live(office, flows.reply, *["refund 0.9"] * 4)
    release = candidate(office, flows.reply)
    assert mirrored(office, release, cases=Selection(last=2)).counts["cases"] == 2
    assert mirrored(office, release, cases=Selection(keys=("K-3",))).differences[0].key == "K-3"
    assert mirrored(office, release, cases=Selection(stage=Stage.CANARY)).counts["cases"] == 0
    office.later(minutes=1)
    assert mirrored(office, release, cases=Selection(since=office.clock.now())).counts["cases"] == 0


def test_everything_wrong_with_the_choice_is_said_at_once(office: Office) -> None:
    live(office)
    release = candidate(office, flows.reply)
    with pytest.raises(NotFound) as missing:
        mirrored(office, release, cases=Selection(keys=("K-0", "no", "none")))
    assert len(missing.value.problems) == 2
    with pytest.raises(InputProblem) as wrong:
        mirrored(
            office,
            release,
            cases=Selection(last=0, stage=Stage.PILOT, since=office.clock.now().replace(tzinfo=None)),
            live_reads=True,
            sandbox=office,
        )
    assert len(wrong.value.problems) == 4


def test_in_shadow_the_shadow_run_is_what_was_recorded(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.SHADOW)
    office.submit("K-1")
    office.work()
    found = mirrored(office, candidate(office, flows.reply))
    assert [one.key for one in found.differences] == ["K-1"]
    assert (
        mirrored(office, candidate(office, flows.reply), cases=Selection(keys=("K-1",))).counts["equal"]
        == 1
    )
    assert office.case("K-1", twin=release.digest).handled_by == "automatic"


def test_who_may_not_measure_mirrors_nothing(office: Office) -> None:
    live(office)
    with pytest.raises(Refused, match="measure"):
        mirror(office.deployment, VERA, "desk", candidate(office, flows.reply))


def test_an_input_that_the_new_release_does_not_take_is_not_comparable(office: Office) -> None:
    live(office)
    strict = CHARTER.replace("text: {type: text, max_length: 200}", "text: {type: text, max_length: 3}")
    found = mirrored(office, candidate(office, flows.reply, charter=strict))
    assert found.not_comparable[0].reason == "breaks the input contract of the release: `text`"


def test_the_same_question_asked_twice_is_answered_in_order(office: Office) -> None:
    async def twice(case: rw.Case, run: rw.Run) -> rw.Decision:
        first = await run.call("books.look", about="x")
        second = await run.call("books.look", about="x")
        body = f"{first['balance']} {second['balance']}"
        return rw.Decision("x", 0.9, effects=[rw.effect("mail.reply", to=case.data.sender, body=body)])

    class Counting(Tool):
        def call(self, arguments: Any) -> Any:
            self.calls += 1
            return {"account": "A", "balance": self.calls}

    office.tools["books.look"] = Counting()
    live(office, twice)
    assert mirrored(office, candidate(office, twice)).counts["equal"] == 1


def test_what_does_not_answer_is_asked_again_another_time(office: Office) -> None:
    live(office)
    release = candidate(office, asks_more)

    def fails() -> None:
        raise Unavailable("RW-SQL-005", "gone", retry_is_safe=True)

    office.tools["books.look"].before = fails
    with pytest.raises(Unavailable, match="1 of 1 cases could not be mirrored"):
        mirrored(office, release, live_reads=True)
    office.tools["books.look"].before = lambda: None
    assert mirrored(office, release, live_reads=True).counts["compared"] == 1


def test_several_threads_mirror_what_one_would(office: Office) -> None:
    live(office, flows.reply, *[f"refund 0.{number}" for number in range(40, 99, 5)])
    release, told = candidate(office, flows.reply), []
    found = mirror(
        office.deployment,
        BEN,
        "desk",
        release,
        workers=4,
        progress=lambda done, total: told.append((done, total)),
    )
    assert found.counts["equal"] == 12
    assert told[0] == (0, 12)
    assert told[-1] == (12, 12)


ARGUMENTS = st.sampled_from(["a", "b"])
STEPS = st.one_of(
    st.tuples(st.just("call"), ARGUMENTS),
    st.tuples(st.just("ask"), ARGUMENTS),
    st.tuples(st.just("generate"), ARGUMENTS),
    st.tuples(st.just("act"), ARGUMENTS),
    st.tuples(st.just("predict"), st.sampled_from(["refund 0.9", "other 0.4"])),
)


ROUNDS = itertools.count()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs=st.lists(st.lists(STEPS, max_size=6), min_size=1, max_size=4))
def test_any_workflow_comes_out_equal_to_itself(office: Office, programs: list[Any]) -> None:
    async def program(case: rw.Case, run: rw.Run) -> rw.Decision:
        seen, confidence = "", 0.5
        for number, (step, with_) in enumerate(programs[int(case.data.text)]):
            if step == "call":
                seen += str(await run.call("books.look", about=with_))
            elif step == "ask":
                seen += await run.ask(f"which {with_}?")
            elif step == "generate":
                seen += (await run.generate("reply", flows.Reply, about=with_ + seen)).text
            elif step == "predict":
                confidence = (await run.predict("intent", with_)).confidence
            else:
                proposed = rw.effect(
                    "mail.reply", slot=f"n{number}", to=case.data.sender, body=with_ + seen
                )
                seen += str(await run.act(proposed, confidence=0.9))
        effects = [rw.effect("post.send", to=case.data.sender, body=seen)] if seen else []
        return rw.Decision(seen, confidence, effects=effects)

    office.release(program)
    # A key names one case for ever, and examples share an office.
    now = next(ROUNDS)
    keys = [f"{now}-{number}k" for number in range(len(programs))]
    for number, key in enumerate(keys):
        office.submit(key, str(number), sender=f"{key}@example.com")
    office.work()
    while waiting := [
        one for key in keys for one in office.reviews(key) if one.ordinal >= 0 and not one.verdict
    ]:
        for one in waiting:
            decide_review(office.deployment, VERA, one.id, Verdict.ANSWER, seen=one.proposal, answer="blue")
        office.work()
    found = mirrored(office, candidate(office, program), cases=Selection(keys=tuple(keys)))
    assert found.counts["equal"] == len(keys)
    assert found.not_comparable == ()
