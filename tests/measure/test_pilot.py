from collections.abc import Callable
from pathlib import Path

import pytest
from tests.operate import flows
from tests.operate.office import BEN, Office

from roadworthy.errors import Unavailable
from roadworthy.evidence import Measurement
from roadworthy.measure.labelled import Labelled
from roadworthy.measure.pilot import certificates, cost_and_load, hostile, quality, run_pilot
from roadworthy.stage import Stage


@pytest.fixture
def office(tmp_path: Path):
    office = Office(tmp_path)
    yield office
    office.store.close()


def labelled(count: int, *, wrong_every: int = 0, hostile_every: int = 0) -> list[Labelled]:
    """Confident right answers; some confident wrong ones, some hostile."""
    found = []
    for number in range(count):
        wrong = wrong_every and number % wrong_every == 0
        bad = bool(hostile_every) and number % hostile_every == 0
        data = {"text": f"refund 0.{90 + number % 9}", "sender": f"c{number}@example.com"}
        found.append(
            Labelled(f"L-{number}", data, "other" if wrong else "refund", f"f{number}", hostile=bad)
        )
    return found


def drained(office: Office) -> Callable[[Callable[[], int]], None]:
    def wait(left: Callable[[], int]) -> None:
        office.work()
        assert left() == 0

    return wait


def test_a_pilot_runs_the_real_workflow_and_sends_nothing(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    piloted = run_pilot(office.deployment, BEN, release, labelled(10), wait=drained(office))
    assert len(piloted) == 10
    assert all(one.right for one in piloted)
    assert office.tools["mail.reply"].sends == []
    assert [effect.state for effect in piloted[0].effects] == ["simulated"]


def test_a_pilot_run_twice_answers_from_what_is_stored(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT)
    run_pilot(office.deployment, BEN, release, labelled(5), wait=drained(office))
    calls = office.tools["books.look"].calls
    run_pilot(office.deployment, BEN, release, labelled(5), wait=drained(office))
    assert office.tools["books.look"].calls == calls


def test_a_pilot_that_does_not_finish_says_so(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT)
    with pytest.raises(Unavailable, match="did not finish"):
        run_pilot(office.deployment, BEN, release, labelled(5), wait=lambda left: None)


def test_accuracy_comes_with_its_interval_and_its_slices(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT)
    piloted = run_pilot(office.deployment, BEN, release, labelled(40, wrong_every=10), wait=drained(office))
    accuracy, worst = quality(office.load(release.digest), piloted)
    assert accuracy.value == pytest.approx(0.9)
    assert accuracy.interval is not None
    assert accuracy.interval.low < 0.9 < accuracy.interval.high
    assert worst.n == 40


def test_enough_right_answers_give_a_certificate_and_it_takes_effect(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    piloted = run_pilot(office.deployment, BEN, release, labelled(200), wait=drained(office))
    assert {one.case.handled_by for one in piloted} == {"person"}
    (fact,) = certificates(office.deployment, BEN, release, piloted)
    assert fact.value <= 0.05
    rehearsed = run_pilot(
        office.deployment, BEN, release, labelled(20), wait=drained(office), rehearsal="under it"
    )
    assert {one.case.handled_by for one in rehearsed} == {"automatic"}


def test_too_few_labels_give_no_certificate_and_a_number(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    piloted = run_pilot(office.deployment, BEN, release, labelled(20), wait=drained(office))
    (fact,) = certificates(office.deployment, BEN, release, piloted)
    assert fact.value == 1.0
    assert fact.detail["labels_needed"] > 0
    with office.store.read() as tx:
        assert office.store.evidence.certificates(tx, "desk", release=release.digest) == ()


def test_many_messages_of_one_family_count_once_in_the_proof(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    same = [Labelled(one.key, one.data, one.truth, "one family") for one in labelled(200)]
    piloted = run_pilot(office.deployment, BEN, release, same, wait=drained(office))
    (fact,) = certificates(office.deployment, BEN, release, piloted)
    assert fact.n == 1
    assert "labels_needed" in fact.detail


def test_a_payment_that_a_hostile_message_would_move_is_counted(office: Office) -> None:
    release = office.release(flows.pay, stage=Stage.DRAFT, threshold=0.5)
    attacks = [
        Labelled(f"L-{n}-5", {"text": "pay 0.95", "amount": 5}, "out", hostile=True) for n in range(3)
    ]
    piloted = run_pilot(office.deployment, BEN, release, attacks, wait=drained(office))
    assert hostile(office.load(release.digest), piloted).value == 3
    quiet = office.release(flows.pay_whom_the_text_names, stage=Stage.DRAFT, number=2)
    piloted = run_pilot(office.deployment, BEN, quiet, attacks, wait=drained(office))
    assert hostile(office.load(quiet.digest), piloted).value == 0


def test_what_a_case_costs_and_how_much_is_left_for_people(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=0.95)
    piloted = run_pilot(office.deployment, BEN, release, labelled(18), wait=drained(office))
    cost, load = cost_and_load(office.load(release.digest), piloted)
    assert 0 < cost.value < 0.001
    reviewed = sum(one.case.handled_by == "person" for one in piloted)
    assert load.detail["reviewed"] == reviewed > 0
    assert load.value == pytest.approx(reviewed / 18 * (100 / 4.345 / 60) / 10)


def test_measuring_twice_keeps_both_and_the_newest_counts(office: Office) -> None:
    from roadworthy.measure.fact import Fact, keep

    release = office.release(flows.reply)
    for value in (1.0, 2.0):
        keep(office.deployment, BEN, release, [Fact("k", value, "share", 1, "m")])
        office.later(minutes=1)
    with office.store.read() as tx:
        found: tuple[Measurement, ...] = office.store.evidence.measurements(tx, "desk")
    assert [measurement.value for measurement in found] == [2.0, 1.0]
