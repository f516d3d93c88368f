from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.operate import flows
from tests.operate.office import BEN, VERA, Office

import roadworthy as rw
from roadworthy.errors import InputProblem, Refused, Unavailable
from roadworthy.evaluation import Test, Transcript
from roadworthy.measure.release_target import ReleaseTarget
from roadworthy.stage import Stage


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def a_test(number: int = 1, text: str = "refund 0.9", **more: Any) -> Test:
    return Test(f"t-{number}", {"text": text, "sender": f"t{number}@example.com"}, **more)


def target(
    office: Office, handler: Any = flows.reply, evaluation: str = "e1", **more: Any
) -> ReleaseTarget:
    release = more.pop("release", None) or office.release(handler, stage=Stage.DRAFT)
    more.setdefault("rest", lambda _: office.work())
    return ReleaseTarget(office.deployment, BEN, release, evaluation_id=evaluation, **more)


def ask(one: ReleaseTarget, test: Test, attempt: int = 1) -> Transcript:
    return one.answer(test, attempt=attempt, seed=1)


def test_a_release_answers_a_test_with_everything_a_grader_reads(office: Office) -> None:
    said = ask(target(office), a_test())
    assert (said.output, said.label, said.confidence, said.error) == ("about refund", "refund", 0.9, "")
    assert [(one.tool, one.arguments) for one in said.calls] == [("books.look", {"about": "refund"})]
    assert said.calls[0].answer == {"account": "A-1", "balance": 5}
    assert [(one.tool, one.disposition) for one in said.effects] == [("mail.reply", "execute")]
    assert said.effects[0].arguments["body"] == "about refund"
    assert said.cost.nano > 500
    assert office.tools["mail.reply"].sends == []


def test_what_many_threads_ask_begins_together(office: Office) -> None:
    began: list[object] = []
    real = office.store.cases.add

    def counted(tx: Any, case: Any) -> bool:
        began.append(tx)
        return real(tx, case)

    together, asked = threading.Barrier(16), threading.Event()

    def rest(_: float) -> None:
        asked.wait(timeout=20)
        office.work()

    one = target(office, rest=rest)
    office.store.cases.add = counted  # type: ignore[method-assign]

    def each(number: int) -> Transcript:
        if together.wait(timeout=20) == 0:
            threading.Timer(0.2, asked.set).start()
        return ask(one, a_test(number))

    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(each, range(16)))
    assert [one.output for one in said] == ["about refund"] * 16
    assert len(began) == 16
    assert len(set(map(id, began))) < 8


def test_another_attempt_is_another_case_and_the_same_one_answers_again(office: Office) -> None:
    ran = []

    async def counted(case: rw.Case, run: rw.Run) -> rw.Decision:
        ran.append(case.key)
        return await flows.reply(case, run)

    one = target(office, counted)
    first = ask(one, a_test())
    assert ask(one, a_test()) == first
    ask(one, a_test(), attempt=2)
    assert len(ran) == 2


def test_an_input_that_breaks_the_contract_is_an_error_without_its_values(office: Office) -> None:
    said = ask(target(office), Test("t", {"text": "x" * 300, "colour": "secret"}))
    assert said.error == "RW-MIRROR-021: the input breaks the contract of the release: `colour`, `text`"
    assert said.output is None


def test_a_workflow_that_fails_is_an_error_and_nobody_is_asked(office: Office) -> None:
    said = ask(target(office, flows.broken), a_test())
    assert "the workflow failed with ZeroDivisionError" in said.error
    with office.store.read() as tx:
        assert office.store.reviews.count_open(tx) == 0


def test_a_workflow_that_asks_a_person_is_an_error_in_an_evaluation(office: Office) -> None:
    said = ask(target(office, flows.ask), a_test())
    assert said.error.startswith("RW-MIRROR-002")
    assert [one.tool for one in said.calls] == ["books.look"]
    with office.store.read() as tx:
        assert office.store.reviews.count_open(tx) == 0


def test_a_case_that_nobody_works_on_ends_at_the_limit(office: Office) -> None:
    said = ask(target(office, rest=lambda _: None, limit_s=0.05), a_test())
    assert said.error == "RW-MIRROR-023: not decided within 0.05 seconds"


def test_a_test_of_the_same_id_with_another_input_is_refused(office: Office) -> None:
    one = target(office)
    ask(one, a_test(1, "refund 0.9"))
    with pytest.raises(InputProblem, match="another input"):
        ask(one, a_test(1, "other 0.9"))


def test_what_breaks_the_one_who_looks_reaches_everybody(office: Office) -> None:
    def rest(_: float) -> None:
        raise Unavailable("RW-STORE-001", "gone", retry_is_safe=True)

    one = target(office, rest=rest)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, one, a_test(number)) for number in range(4)]
        assert all(isinstance(each.exception(timeout=20), Unavailable) for each in asked)


def test_a_recorded_case_stays_under_the_key_of_its_subject(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    case = office.case("K-1")
    one = target(office, flows.pay_whom_the_text_names)
    data = {"text": "refund 0.9", "sender": "ada@example.com", "amount": 1}
    assert ask(one, Test("r", data, reference=case.id)).label == "refund"
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, case.subject, at=office.clock.now())
    assert ask(one, Test("r", data, reference=case.id)).error.startswith("RW-VAULT-001")
    assert ask(one, Test("r2", data, reference=case.id)).error.startswith("RW-VAULT-001")


def test_the_digest_names_what_decides_the_answers(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    one = target(office, release=release)
    assert one.digest == target(office, release=release).digest
    assert one.digest != target(office, release=release, evaluation="e2").digest
    office.release(flows.reply, stage=Stage.DRAFT)
    assert one.digest != target(office, release=release).digest
    assert one.name == "desk r1"


def test_who_may_not_measure_asks_nothing(office: Office) -> None:
    with pytest.raises(Refused):
        ReleaseTarget(office.deployment, VERA, office.release(flows.reply), evaluation_id="e")


def test_the_durable_engine_answers_many_threads(office: Office) -> None:
    from roadworthy.adapters.dbos import DbosEngine
    from roadworthy.adapters.files import SystemClock
    from roadworthy.adapters.sql import open_engine
    from roadworthy.operate.clearance import Clearance
    from roadworthy.operate.stopping import read_stopped
    from roadworthy.operate.work import Worker

    database = open_engine(office.address)
    DbosEngine.migrate(database)
    clock = SystemClock()
    engine = DbosEngine(database, lambda tx: tx.connection, workers=2, lease_ttl_s=10.0)
    deployment = replace(
        office.deployment,
        engine=engine,
        clock=clock,
        clearance=Clearance(lambda: read_stopped(office.store), clock),
    )
    release = office.release(flows.reply, stage=Stage.DRAFT)
    worker = Worker(deployment, name="target")
    worker.start()
    try:
        one = ReleaseTarget(deployment, BEN, release, evaluation_id="e1")
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda number: ask(one, a_test(number)), range(16)))
    finally:
        worker.stop(grace_s=20)
        database.dispose()
    assert [one.output for one in said] == ["about refund"] * 16
