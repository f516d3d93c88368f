"""Figures by day count every event once, in any order of rounds, and agree with the cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operate.office import OLGA, RITA, SHOP, START, VERA, Office
from tests.operate.watching.cases import SECRET, answer, troubled_answer

import roadworthy as rw
from roadworthy.casework.review import Verdict
from roadworthy.errors import Refused
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.rating import rate_case
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.reviews.holding import claim_review
from roadworthy.operate.watching import rollup
from roadworthy.operate.watching.feed import Reader
from roadworthy.operate.watching.rollup import behind, days, hours, rebuild, roll_round
from roadworthy.stage import Stage
from roadworthy.telemetry.rollup import (
    OUTCOME_SECONDS,
    Count,
    Grain,
    Rolled,
    bucket_label,
    days_between,
    quantile,
    reason_of_review,
    spans_of,
)

DAY = START.date()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def rolled(office: Office, *, last: date = DAY) -> Rolled:
    sequence_all(office.deployment)
    roll_round(office.deployment)
    return days(office.deployment, ["desk"], first=DAY, last=last)


def decide(office: Office, key: str, verdict: Verdict = Verdict.APPROVE, **more: Any) -> None:
    review = next(one for one in office.reviews(key) if one.state == "open")
    reason = "as the desk does it" if verdict is Verdict.REJECT else ""
    decide_review(office.deployment, VERA, review.id, verdict, seen=review.proposal, reason=reason, **more)
    office.work()


def test_a_day_tells_what_came_in_what_ended_and_who_handled_it(office: Office) -> None:
    office.release(answer)
    for number, confidence in enumerate((0.9, 0.9, 0.3)):
        office.submit(f"C-{number}", f"refund {confidence}")
    office.work()
    found = rolled(office)
    assert found.total("accepted") == 3
    assert found.labels("closed") == {"automatic": 2}
    assert found.labels("review") == {"effect/confidence": 1}
    office.later(days=1)
    decide(office, "C-2")
    found = rolled(office, last=DAY + timedelta(days=1))
    assert found.by_slot("closed", "automatic") == [2, 0]
    assert found.by_slot("closed", "person") == [0, 1]
    assert found.labels("answered") == {"effect/approve": 1}
    assert found.total("cost") > 0
    assert found.quantile(1.0) == 86_400.0


def test_looking_again_counts_nothing_twice_and_one_of_two_counts(office: Office) -> None:
    office.release(answer)
    office.submit("C-1")
    office.work()
    before = rolled(office)
    assert rolled(office) == before
    assert roll_round(office.deployment) == 0
    assert behind(office.deployment) == 0
    office.submit("C-2")
    sequence_all(office.deployment)
    late = Reader(office.deployment, edges=False)
    with office.store.read() as tx:
        late.batch(office.store.observed.position(tx, rollup.FEED)[0])  # type: ignore[index]
    roll_round(office.deployment)
    assert not rollup.roll_step(office.deployment, late)
    assert rolled(office).total("accepted") == 2


def test_what_went_wrong_is_told_by_code_with_the_newest_case(office: Office) -> None:
    office.release(troubled_answer)
    office.submit("C-1", f"refund {SECRET}"[:20])
    office.submit("C-2")
    office.work()
    found = rolled(office)
    ((code, count),) = found.labels("error").items()
    assert code.startswith("RW-")
    assert count == 2
    assert found.examples("error", code) == (office.case("C-2").id,)
    assert found.labels("review") == {"work/error": 2}
    assert all(SECRET not in str(row) for row in found.rows)


def test_outcomes_count_a_case_once_by_the_first_word_on_it(office: Office) -> None:
    office.release(answer)
    for key in ("C-1", "C-2"):
        office.submit(key)
    office.work()
    record_outcome(office.deployment, SHOP, "desk", "C-1", truth="refund", source="books")
    record_outcome(office.deployment, SHOP, "desk", "C-2", truth="something else", source="books")
    office.later(minutes=1)
    record_outcome(office.deployment, SHOP, "desk", "C-2", truth="refund", source="desk")
    found = rolled(office)
    assert found.total("outcome", "") == 2
    assert found.total("outcome", "wrong") == sum(
        1 for key in ("C-1", "C-2") for one in _outcomes(office, key)[:1] if one.judgement == "wrong"
    )


def _outcomes(office: Office, key: str) -> list[Any]:
    with office.store.read() as tx:
        return sorted(office.store.cases.outcomes(tx, office.case(key).id), key=lambda one: one.at)


def test_whoever_rates_again_counts_once_also_on_another_day(office: Office) -> None:
    office.release(answer)
    office.submit("C-1")
    office.work()
    rate_case(office.deployment, SHOP, "desk", "C-1", stars=2)
    rate_case(office.deployment, OLGA, "desk", "C-1", stars=5)
    assert rolled(office).labels("rating") == {"2": 1, "5": 1}
    office.later(days=1)
    rate_case(office.deployment, SHOP, "desk", "C-1", stars=4)
    found = rolled(office, last=DAY + timedelta(days=1))
    assert found.labels("rating") == {"4": 1, "5": 1}
    assert rolled(office).labels("rating") == {"5": 1}


def test_pilot_runs_are_counted_and_left_out_of_what_is_live(office: Office) -> None:
    office.release(answer, stage=Stage.PILOT)
    office.submit("C-1")
    office.work()
    found = rolled(office)
    assert found.total("accepted") + found.total("accepted", live=False) > found.total("accepted")
    assert all(one.stage == "pilot" or one.is_live for one in found.rows)


def test_the_time_people_worked_is_told_by_kind(office: Office) -> None:
    office.release(answer)
    office.submit("C-1", "refund 0.3")
    office.work()
    review = next(one for one in office.reviews("C-1") if one.state == "open")
    claim_review(office.deployment, VERA, review.id)
    office.later(seconds=40)
    decide(office, "C-1", active_ms=30_000)
    assert rolled(office).labels("review_s") == {"effect": 30}


def test_hours_are_kept_for_two_days_and_days_for_good(office: Office) -> None:
    office.release(answer)
    office.submit("C-1")
    office.work()
    rolled(office)
    assert hours(office.deployment, ["desk"]).by_slot("accepted")[-1] == 1
    office.later(hours=3)
    assert hours(office.deployment, ["desk"]).by_slot("accepted")[-4] == 1
    office.later(days=3)
    office.submit("C-2")
    found = rolled(office, last=DAY + timedelta(days=3))
    assert found.by_slot("accepted") == [1, 0, 0, 1]
    assert hours(office.deployment, ["desk"], hours=500).total("accepted") == 1


def test_a_week_is_whole_however_late_in_it_something_happens(office: Office) -> None:
    office.release(answer)
    office.later(days=5)
    office.submit("C-1", "refund 0.9")
    office.work()
    found = rolled(office, last=DAY + timedelta(days=6))
    assert found.total("accepted") == 1
    assert sum(found.by_slot("accepted")) == 1


def test_counting_all_over_again_gives_the_same_and_takes_a_right(office: Office) -> None:
    office.release(answer)
    office.submit("C-1", "refund 0.3")
    office.work()
    decide(office, "C-1", Verdict.REJECT)
    before = rolled(office)
    assert rebuild(office.deployment, RITA) > 0
    assert rolled(office) == before
    with pytest.raises(Refused):
        rebuild(office.deployment, SHOP)


def test_nothing_is_told_of_use_cases_that_were_not_asked_about(office: Office) -> None:
    office.release(answer)
    office.submit("C-1")
    rolled(office)
    assert days(office.deployment, [], first=DAY, last=DAY).rows == ()
    assert days(office.deployment, ["other"], first=DAY, last=DAY).total("accepted") == 0
    assert days(office.deployment, ["desk"], first=DAY, last=DAY - timedelta(days=1)).slots == ()
    other = days(office.deployment, ["desk"], first=DAY, last=DAY, release="sha256:other")
    assert other.total("accepted") == 0


@pytest.mark.parametrize(
    ("kind", "reasons", "told"),
    [
        ("effect", ["confidence 0.4 is below the certified 0.8"], "effect/confidence"),
        ("effect", ["the charter's autonomy is `assisted`"], "effect/autonomy"),
        ("effect", ["`pay` names no kind of error that a certificate could cover"], "effect/certificate"),
        ("effect", ["the budget is spent"], "effect/budget"),
        ("effect", ["a large payment is approved by risk"], "effect/policy"),
        ("work", ["RW-RUN-011: the workflow returned None"], "work/error"),
        ("work", ["stays with people by lot, 5.0% of the cases do"], "work/holdout"),
        ("work", [], "work/refused"),
        ("spot_check", ["<script>"], "spot_check/spot check"),
        ("<script>", ["x"], "other/other"),
    ],
)  # fmt: skip
def test_reasons_for_reviews_are_words_of_ours(kind: str, reasons: list[str], told: str) -> None:
    assert reason_of_review(kind, reasons) == told


@given(st.lists(st.floats(0, 2_000_000), min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_lies_in_the_bucket_of_the_value_it_stands_for(times: list[float], q: float) -> None:
    counted = Counter(bucket_label(each) for each in times)
    found = quantile(counted, q)
    assert found is not None
    ordered = sorted(times)
    exact = next(value for place, value in enumerate(ordered, 1) if place >= q * len(ordered))
    place = int(bucket_label(exact))
    low = OUTCOME_SECONDS[place - 1] if place else 0.0
    assert low <= found <= (OUTCOME_SECONDS[place] if place < len(OUTCOME_SECONDS) else low)
    assert quantile({}, q) is None


STEPS = st.lists(
    st.sampled_from(["case", "doubtful", "people", "decide", "reject", "outcome", "rate", "day", "roll"]),
    min_size=4, max_size=22,
)  # fmt: skip


async def sure(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    reply = rw.effect("mail.reply", to=case.data.sender, body="x")
    return rw.Decision("answered", confidence=intent.confidence, because=[intent], effects=[reply])


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_figures_that_were_counted_on_the_way_equal_a_recount(steps: list[str]) -> None:
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        try:
            _lived(office, steps)
        finally:
            office.store.close()


def _lived(office: Office, steps: list[str]) -> None:
    office.release(sure)
    keys: list[str] = []
    for number, step in enumerate(steps):
        if step in {"case", "doubtful"}:
            keys.append(f"K-{number}")
            office.submit(keys[-1], "refund 0.9" if step == "case" else "refund 0.2")
            office.work()
        elif step in {"decide", "reject"}:
            _answer_one(office, keys, step)
        elif step == "outcome" and keys:
            truth = "refund" if number % 2 else "other"
            record_outcome(office.deployment, SHOP, "desk", keys[-1], truth=truth, source=f"s{number % 2}")
        elif step == "rate" and keys and office.case(keys[0]).state == "closed":
            rate_case(office.deployment, SHOP, "desk", keys[0], stars=1 + number % 5)
        elif step == "day":
            office.later(hours=20)
        elif step == "roll":
            sequence_all(office.deployment)
            roll_round(office.deployment)
    last = office.clock.now().date()
    on_the_way = rolled(office, last=last)
    _agrees_with_the_cases(office, on_the_way, keys)
    rebuild(office.deployment, RITA)
    assert _values(rolled(office, last=last)) == _values(on_the_way)


def _answer_one(office: Office, keys: list[str], step: str) -> None:
    waiting = [key for key in keys if any(one.state == "open" for one in office.reviews(key))]
    if waiting:
        decide(office, waiting[0], Verdict.APPROVE if step == "decide" else Verdict.REJECT)


def _values(found: Rolled) -> set[Count]:
    return {one for one in (*found.rows, *found.slotted) if one.value}


def _agrees_with_the_cases(office: Office, found: Rolled, keys: list[str]) -> None:
    """Counted a second time, from the tables."""
    cases = [office.case(key) for key in keys]
    assert found.total("accepted") == len(cases)
    closed = Counter(case.handled_by or "nobody" for case in cases if case.state == "closed")
    assert found.labels("closed") == closed
    by_day = Counter(case.created_at.date().isoformat() for case in cases)
    assert found.by_slot("accepted") == [by_day[slot] for slot in found.slots]
    assert found.total("seconds") == sum(closed.values())
    with office.store.read() as tx:
        stars = Counter(
            str(one.stars) for one in office.store.cases.ratings(tx, [case.id for case in cases])
        )
    assert found.labels("rating") == stars
    assert found.total("outcome", "") == sum(1 for key in keys if _outcomes(office, key))
    assert found.total("review") == sum(len(office.reviews(key)) for key in keys)


@given(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(0, 200))
def test_weeks_and_days_make_up_a_period_once(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    covered = Counter[str]()
    for grain, begin, end in spans_of(first, last):
        for day in days_between(date.fromisoformat(begin), date.fromisoformat(end)):
            if grain is Grain.DAY:
                covered[day] += 1
            elif date.fromisoformat(day).weekday() == 0:
                monday = date.fromisoformat(day)
                covered.update(days_between(monday, monday + timedelta(days=6)))
    assert covered == Counter(days_between(first, last))
