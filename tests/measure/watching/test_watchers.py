"""The watchers of a running installation: what they keep of cases, what they find, and what follows by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.operate import flows
from tests.operate.office import START, Office

from roadworthy.errors import Unavailable
from roadworthy.measure.watching import inputs, objectives
from roadworthy.measure.watching.duty import Watchers, suspend
from roadworthy.measure.watching.inputs import Inputs
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.operate.watching.feed import Follow, Reader
from roadworthy.quantities import Share
from roadworthy.release import Release
from roadworthy.trust.spotcheck import SpotCheckWatch

NAMES = ("class of intent", "confidence of intent", "likeness for intent")


class NoCosts:
    """Books in which nothing stands."""

    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: ()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds for one false alarm in 20,000 rows are known sooner."""
    monkeypatch.setattr(inputs, "ROWS_PER_FALSE_ALARM", 20_000)


def watchers() -> Watchers:
    return Watchers(NoCosts())  # type: ignore[arg-type]


def rows(number: int, *, strange: float, seed: int, start: datetime = START) -> list[tuple[str, ...]]:
    """Cases a minute apart; ``strange`` is the part that no model was taught."""
    chance = random.Random(seed)
    made = []
    for place in range(number):
        odd = chance.random() < strange
        sure = chance.betavariate(2, 5) if odd else chance.betavariate(9, 2)
        alike = chance.uniform(0.1, 0.4) if odd else chance.uniform(0.5, 0.95)
        at = start + timedelta(minutes=place)
        made.append((at.isoformat(), chance.choice("abcd"), repr(sure), repr(alike)))
    return made


def given(office: Office, release: Release, later: list[tuple[str, ...]]) -> Inputs:
    """What is usual, and then these."""
    with office.store.write() as tx:
        since = inputs.certified_since(office.deployment, tx, "desk", release.digest)
        state = Inputs(since, NAMES).with_rows(rows(inputs.USUAL, strange=0.05, seed=1)).with_rows(later)
        inputs.save_inputs(office.deployment, tx, "desk", release.digest, state)
    return state


def in_force(office: Office, release: Release) -> int:
    with office.store.read() as tx:
        found = office.store.evidence.certificates(tx, "desk", release=release.digest)
    return sum(one.suspended_at is None for one in found)


def test_of_a_case_the_watch_keeps_what_was_predicted_and_no_content(office: Office) -> None:
    release = office.release(flows.reply)
    for number in range(5):
        office.submit(f"C-{number}")
    office.work()
    sequence_all(office.deployment)
    watching = watchers()
    Follow((watching.step,), edges=False)(office.deployment)
    with office.store.read() as tx:
        state = inputs.read_inputs(office.deployment, tx, "desk", release.digest)
        minutes = objectives.read_minutes(office.deployment, tx, "desk")
    assert state is not None
    assert (len(state.usual), state.seen, state.names) == (5, 0, NAMES)
    assert all(len(row) == 4 for row in state.usual)
    assert sum(counts[0] for counts in minutes.values()) == 5
    Follow((watching.step, watchers().step), edges=False)(office.deployment)
    with office.store.read() as tx:
        again = inputs.read_inputs(office.deployment, tx, "desk", release.digest)
    assert again == state, "each case once, whoever looks"


def test_a_drift_of_inputs_is_found_told_once_and_suspends_the_certificate(office: Office) -> None:
    release = office.release(flows.reply)
    given(office, release, rows(400, strange=0.4, seed=2))
    alarms = Alarms([], (watchers(),))
    alarms.look(office.deployment)
    alarms.look(office.deployment)
    with office.store.read() as tx:
        firing = [one for one in office.store.alerts.firing(tx) if one.rule == "drift.alarm"]
        (certificate,) = office.store.evidence.certificates(tx, "desk", release=release.digest)
    assert firing
    assert len({one.key for one in firing}) == len(firing)
    assert all(
        (one.owner, one.runbook, one.use_case) == ("rita", "docs/operations.md#drift-alarm", "desk")
        for one in firing
    )
    assert any("likeness for intent" in one.summary for one in firing)
    assert certificate.suspended_because.startswith("not what was certified: ")
    assert list(office.events()).count("certificate.suspended") == 1


def test_clean_inputs_raise_nothing_and_a_drift_that_is_over_resolves(office: Office) -> None:
    release = office.release(flows.reply)
    state = given(office, release, rows(300, strange=0.4, seed=2))
    alarms = Alarms([], (watchers(),))
    alarms.look(office.deployment)
    with office.store.write() as tx:
        later = state.with_rows(rows(inputs.RECENT + 25, strange=0.05, seed=3))
        inputs.save_inputs(office.deployment, tx, "desk", release.digest, later)
    office.later(minutes=2)
    alarms.look(office.deployment)
    office.later(minutes=2)
    alarms.look(office.deployment)
    with office.store.read() as tx:
        assert [one.rule for one in office.store.alerts.firing(tx) if one.rule == "drift.alarm"] == []
    assert in_force(office, release) == 0, "the certificate stays suspended: labels decide"


def test_a_new_certificate_begins_a_new_watch(office: Office) -> None:
    release = office.release(flows.reply)
    given(office, release, rows(400, strange=0.4, seed=2))
    office.later(days=1)
    with office.store.write() as tx:
        (given_first,) = office.store.evidence.certificates(tx, "desk", release=release.digest)
        newer = replace(given_first, id="newer", certified_at=office.clock.now())
        office.store.evidence.add_certificate(tx, newer)
    assert watchers()(office.deployment, office.clock.now()) == (), "its cases were not watched yet"
    office.submit("C-1")
    office.work()
    sequence_all(office.deployment)
    Follow((watchers().step,), edges=False)(office.deployment)
    with office.store.read() as tx:
        state = inputs.read_inputs(office.deployment, tx, "desk", release.digest)
    assert state is not None
    assert (len(state.usual), state.recent) == (1, ())
    assert in_force(office, release) == 2


def test_the_same_looks_are_taken_however_often_the_newest_cases_are_looked_at() -> None:
    state = Inputs("", NAMES).with_rows(rows(inputs.USUAL, strange=0.05, seed=1))
    later = rows(1_000, strange=0.05, seed=5)
    one_by_one = state
    for row in later:
        one_by_one = one_by_one.with_rows([row])
    assert one_by_one.recent == state.with_rows(later).recent[-len(one_by_one.recent) :]
    dropped = one_by_one.seen - len(one_by_one.recent)
    assert dropped % inputs.STEP == 0
    assert len(one_by_one.recent) <= inputs.RECENT


def test_a_budget_of_errors_that_burns_is_told_and_few_events_are_not(office: Office) -> None:
    office.release(flows.reply)
    now = office.clock.now()
    minute = objectives.minute_of(now)
    with office.store.write() as tx:
        few = {minute - place: [1, 1, 0, 0] for place in range(2)}
        objectives.add_minutes(office.deployment, tx, "desk", few, now)
    assert [one for one in watchers()(office.deployment, now) if one.rule.startswith("burn_rate")] == []
    with office.store.write() as tx:
        slow = {minute - place: [4, 4, 0, 1] for place in range(90)}
        objectives.add_minutes(office.deployment, tx, "desk", slow, now)
    found = {(one.rule, one.subject) for one in watchers()(office.deployment, now)}
    assert ("burn_rate.page", "speed") in found
    assert ("burn_rate.page", "cost") in found
    assert not any(subject == "trouble" for _, subject in found)
    with office.store.write() as tx:
        objectives.add_minutes(office.deployment, tx, "desk", {}, now + timedelta(days=4))
        assert objectives.read_minutes(office.deployment, tx, "desk") == {}, "nothing is kept for ever"


def test_silence_after_steady_arrivals_is_an_alarm_of_its_own(office: Office) -> None:
    release = office.release(flows.reply)
    given(office, release, [])
    office.submit("C-1")
    assert watchers()(office.deployment, office.clock.now()) == ()
    office.later(hours=6)
    (found,) = watchers()(office.deployment, office.clock.now())
    assert (found.rule, found.subject) == ("data.missing", "cases")
    assert found.summary.startswith("no case has arrived for 6:00:00; usual are 0:01:00")


def test_spot_checks_that_rang_are_told(office: Office) -> None:
    import json

    release = office.release(flows.reply)
    watch = SpotCheckWatch.begin(promised=Share(0.05), least=0.01, patience=1000)
    for _ in range(60):
        watch = watch.update(True, q=0.2, floor=0.2)
    assert watch.fires
    with office.store.write() as tx:
        state = json.dumps({"since": START.isoformat(), "watch": watch.as_json()})
        office.store.evidence.save_watch(tx, "desk", release.digest, "spot:intent", state)
    found = watchers()(office.deployment, office.clock.now())
    assert [(one.rule, one.subject) for one in found] == [("drift.alarm", "r1 outcomes intent")]


def test_a_watcher_that_cannot_look_is_an_alarm_too(office: Office) -> None:
    def blind(_deployment: object, _now: datetime) -> tuple[()]:
        raise Unavailable("RW-STORE-008", "away", retry_is_safe=True)

    alarms = Alarms([], (blind,))  # type: ignore[list-item]
    alarms.look(office.deployment)
    with office.store.read() as tx:
        (alert,) = office.store.alerts.firing(tx)
    assert (alert.rule, alert.owner) == ("data.missing", "technical")


def test_what_is_suspended_already_is_not_suspended_again(office: Office) -> None:
    release = office.release(flows.reply)
    assert (suspend(office.deployment, release, "x"), suspend(office.deployment, release, "y")) == (1, 0)


def test_one_who_follows_the_ledger_and_fails_holds_up_nobody(office: Office) -> None:
    office.release(flows.reply)
    office.submit("C-1")
    office.work()
    sequence_all(office.deployment)
    done: list[int] = []

    def failing(_deployment: object, _reader: Reader) -> bool:
        raise Unavailable("RW-TELEMETRY-001", "away", retry_is_safe=True)

    def counting(_deployment: object, reader: Reader) -> bool:
        done.append(len(reader.batch(0).events))
        return len(done) < 3

    with pytest.raises(Unavailable):
        Follow((failing, counting), edges=False)(office.deployment)
    assert len(done) == 3
    assert len(set(done)) == 1
