"""Spot checks: who is drawn, what it says of all automatic cases, when the alarm rings."""

import hashlib
import hmac
import json
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust import (
    Alarm,
    Checked,
    SpotCheckRule,
    SpotCheckWatch,
    affordable_share,
    drawn,
    hajek,
    horvitz_thompson,
    inclusion,
)
from roadworthy.trust.spotcheck import ring

FIVE = Share(0.05)
RULE = SpotCheckRule(share=0.05, least=0.01, near_threshold=3.0)
THRESHOLD = 0.8
SHARES = st.floats(0.001, 1)


def begin(*, promised=FIVE, least=0.01, patience=1000):
    return SpotCheckWatch.begin(promised=promised, least=least, patience=patience)


def population(random, cases, rate, *, share_now=0.05):
    """Automatic cases whose error and whose probability to be drawn both rise towards the threshold."""
    confidence = random.uniform(THRESHOLD, 1, cases)
    height = (confidence - THRESHOLD) / (1 - THRESHOLD)
    wrong = random.random(cases) < rate * 2 * (1 - height)
    nearness = np.clip(1 - height / 0.25, 0, 1)
    return share_now * (1 + (RULE.near_threshold - 1) * nearness), wrong


def checked(random, checks, rate):
    """The first drawn cases of such a population: their probability, and whether they were wrong."""
    q, wrong = population(random, 40 * checks, rate)
    picked = np.flatnonzero(random.random(q.size) < q)[:checks]
    assert picked.size == checks
    return list(zip(q[picked].tolist(), wrong[picked].tolist(), strict=True))


def test_a_case_just_above_the_threshold_is_likelier_to_be_drawn_and_a_sure_one_as_likely_as_usual():
    def q(confidence):
        return inclusion(RULE, confidence=confidence, threshold=THRESHOLD, share_now=0.05)

    assert q(0.8) == pytest.approx(0.15)
    assert q(0.825) == pytest.approx(0.10)
    assert q(0.86) == q(0.99) == 0.05
    assert q(0.5) == q(0.8)


@settings(max_examples=200, deadline=None)
@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 1), SHARES, SHARES, st.floats(1, 20))
def test_every_case_can_be_drawn(confidence, threshold, share_now, one, two, near):
    rule = SpotCheckRule(max(one, two), min(one, two), near)
    q = inclusion(rule, confidence=confidence, threshold=threshold, share_now=share_now)
    assert rule.least <= rule.floor(share_now) <= q <= 1
    assert drawn(q, bytes(8))


def test_the_draw_is_uniform_and_always_the_same():
    keys = [hmac.digest(b"secret", str(case).encode(), hashlib.sha256) for case in range(20_000)]
    for q in (0.01, 0.3, 0.9):
        found = sum(drawn(q, key) for key in keys)
        assert stats.binomtest(found, len(keys), q).pvalue > 0.001
        assert found == sum(drawn(q, key) for key in keys)
    places = [int.from_bytes(key[:8]) / 2**64 for key in keys]
    assert stats.kstest(places, "uniform").pvalue > 0.001
    assert all(drawn(1.0, key) for key in (*keys[:100], b"\xff" * 8))


def test_reviewers_hours_decide_how_many_are_drawn_and_the_least_is_drawn_nevertheless():
    def share(hours, *, cases=2000.0):
        return affordable_share(
            RULE, cases_per_week=cases, minutes_per_check=3, hours_per_week=hours, double=0.2, mean_factor=1
        )

    assert share(100).share == 0.05
    assert share(100).hours == pytest.approx(2000 * 0.05 * 3 * 1.2 / 60)
    some = share(3)
    assert (some.fits, some.hours) == (True, pytest.approx(3))
    assert some.share == pytest.approx(3 * 60 / (2000 * 3 * 1.2))
    none = share(0.5)
    assert (none.share, none.fits) == (0.01, False)
    assert none.hours > 0.5
    assert (share(0, cases=0).share, share(0, cases=0).fits) == (0.05, True)


def test_planted_cases_and_cases_near_the_threshold_take_hours_too():
    given_hours = {"cases_per_week": 2000, "minutes_per_check": 3, "hours_per_week": 3, "double": 0.0}
    plain = affordable_share(RULE, **given_hours, mean_factor=1)
    assert affordable_share(RULE, **given_hours).share == pytest.approx(plain.share / 1.25)
    planted = affordable_share(RULE, **given_hours, planted=0.1, mean_factor=1)
    assert planted.share == pytest.approx(plain.share * 0.9)


def test_an_estimate_weighs_each_check_by_how_unlikely_it_was():
    seen = [Checked(0.5, True), Checked(0.5, False), Checked(0.1, True), Checked(0.1, False)]
    whole = horvitz_thompson(seen, cases=24)
    assert whole.error == pytest.approx((2 + 10) / 24)
    assert whole.standard_error == pytest.approx(math.sqrt((104 / 24 - 0.25) / 24))
    part = hajek(seen)
    assert part.error == pytest.approx(12 / 24)
    assert part.standard_error == pytest.approx(math.sqrt(0.25 * 208) / 24)
    assert part.effective == pytest.approx(24**2 / 208)


def test_the_estimate_has_no_bias_where_errors_gather_where_people_look_more():
    random = np.random.default_rng(5)
    raw, whole, part, errors = [], [], [], []
    for _ in range(150):
        q, wrong = population(random, 4000, 0.06)
        picked = random.random(q.size) < q
        seen = [Checked(a, b) for a, b in zip(q[picked].tolist(), wrong[picked].tolist(), strict=True)]
        raw.append(wrong[picked].mean())
        whole.append(horvitz_thompson(seen, cases=q.size).error)
        part.append(hajek(seen).error)
        errors.append(hajek(seen).standard_error)
    assert statistics.mean(raw) > 0.068
    assert statistics.mean(whole) == pytest.approx(0.06, abs=0.003)
    assert statistics.mean(part) == pytest.approx(0.06, abs=0.003)
    assert statistics.mean(errors) == pytest.approx(statistics.stdev(part), rel=0.15)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.1, 1), SHARES, st.floats(0.02, 1), st.booleans()), min_size=1, max_size=6
    ),
    st.lists(st.tuples(st.booleans(), st.floats(0.02, 1)), max_size=5),
)
def test_the_alarm_and_the_interval_bet_fairly_whatever_q_and_error_have_to_do_with_one_another(
    kinds, before
):
    # Kinds of cases with a frequency, an error rate and a q of their own; R is the error of all of them.
    total = sum(often for often, _, _, _ in kinds)
    rate = sum(often * error for often, error, _, _ in kinds) / total
    hit = sum(often * q for often, _, q, _ in kinds) / total
    watch = begin(promised=Share(rate), least=0.02) if 0 < rate < 1 else None
    if watch is None:
        return
    for wrong, q in before:
        watch = watch.update(wrong, q=q, floor=0.02)
    grown = 0.0
    for often, error, q, by_least in kinds:
        for wrong, part in ((True, error), (False, 1 - error)):
            floor = None if by_least else 0.02
            after = watch.update(wrong, q=q, floor=floor)
            likely = often / total * q / hit * part
            grown += likely * after.alarm.evidence
    if not watch.fires:
        assert grown == pytest.approx(watch.alarm.evidence + 1, rel=1e-6)


def test_the_interval_holds_at_all_looks_where_errors_gather_where_people_look_more():
    random, streams, delta, broken = np.random.default_rng(11), 40, 0.2, 0
    for _ in range(streams):
        watch = SpotCheckWatch.begin(promised=FIVE, least=0.01, patience=1e9, delta=Share(delta))
        for number, (q, wrong) in enumerate(checked(random, 200, 0.05)):
            watch = watch.update(wrong, q=q, floor=0.05)
            if number % 5 == 0 and 0.05 not in watch.interval:
                broken += 1
                break
    assert broken / streams <= delta + 2 * math.sqrt(delta * (1 - delta) / streams)


def test_at_what_was_promised_the_alarm_rings_as_rarely_as_promised():
    # P(rings within n checks) is at most n / patience.
    random, streams, patience, checks = np.random.default_rng(12), 100, 400, 120
    rang = 0
    for _ in range(streams):
        alarm = Alarm(FIVE, patience)
        for q, wrong in checked(random, checks, 0.05):
            alarm = ring(alarm, wrong=wrong, weight=0.05 / q, scale=1.2)
        rang += alarm.fires
    most = checks / patience
    assert rang / streams <= most + 2 * math.sqrt(most * (1 - most) / streams)


def test_a_rise_from_3_to_10_percent_is_found_within_120_checks():
    found = []
    for seed in range(24):
        random = np.random.default_rng(seed)
        watch = begin()
        for q, wrong in checked(random, 100, 0.03):
            watch = watch.update(wrong, q=q, floor=0.05)
        if watch.fires:
            continue
        for q, wrong in checked(random, 800, 0.10):
            watch = watch.update(wrong, q=q, floor=0.05)
            if watch.fires:
                break
        found.append(watch.alarm.rang_at - 100)
    assert len(found) >= 21
    assert statistics.median(found) <= 120


def test_where_the_floor_is_not_known_the_least_stands_in_and_says_less():
    sure, unsure = begin(), begin()
    for number in range(150):
        wrong = number % 25 == 0
        sure, unsure = sure.update(wrong, q=0.05, floor=0.05), unsure.update(wrong, q=0.05)
    assert sure.error == unsure.error == pytest.approx(0.04)
    assert sure.interval.high < unsure.interval.high < 1


def test_a_watch_says_in_a_sentence_what_is_known():
    watch = begin()
    assert watch.sentence == "no spot check has a result yet; at most 5.0 % was promised"
    assert (watch.error, watch.standard_error, watch.interval) == (None, None, Interval(0, 1))
    watch = watch.update(True, q=0.05, floor=0.05)
    assert watch.sentence.startswith(
        "1 of 1 spot check found an error: of all automatic cases 100.0 % are wrong"
    )
    for _ in range(60):
        watch = watch.update(True, q=0.05, floor=0.05)
    assert watch.fires
    assert watch.sentence.startswith(f"the alarm rang at spot check {watch.alarm.rang_at}; 61 of 61")
    assert watch.sentence.endswith("(95 %, however often one looks); at most 5.0 % was promised")
    assert (watch.checks, watch.wrong, watch.error) == (61, 61, 1.0)
    patient = begin(patience=1e30)
    for _ in range(20):
        patient = patient.update(True, q=0.05, floor=0.05)
    assert patient.sentence.endswith("which is refuted")
    assert patient.upper == 1.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 1)), max_size=15))
def test_a_watch_survives_storage(results):
    watch = begin()
    for wrong, q in results:
        stored = json.dumps(watch.as_json())
        assert len(stored) < 7000
        assert SpotCheckWatch.from_json(json.loads(stored)) == watch
        watch = watch.update(wrong, q=q)


@pytest.mark.parametrize(
    "change",
    [
        {"alarm": None},
        {"alarm": {}},
        {"sequence": 3},
        {"sums": [1, 2]},
        {"sums": [3, 1.0, 1.0, 1.0, 1.0]},
        {"wrong": 1},
        {"promised": "much"},
    ],
)
def test_a_watch_that_was_not_written_by_us_is_corrupt(change):
    with pytest.raises(Corrupt) as caught:
        SpotCheckWatch.from_json(begin().as_json() | change)
    assert caught.value.code == "RW-TRUST-032"
    assert caught.value.hint


def test_a_rule_that_cannot_be_tells_everything_at_once():
    with pytest.raises(InputProblem) as caught:
        SpotCheckRule(share=0.0, least=0.0, near_threshold=0.5)
    assert caught.value.code == "RW-TRUST-030"
    assert [problem.place for problem in caught.value.problems] == ["share", "least", "near_threshold"]
    with pytest.raises(InputProblem, match="at most `share`"):
        SpotCheckRule(share=0.1, least=0.2)
    with pytest.raises(InputProblem) as caught:
        affordable_share(
            RULE, cases_per_week=-1, minutes_per_check=0, hours_per_week=1, double=2, planted=1
        )
    assert len(caught.value.problems) == 4
    with pytest.raises(InputProblem, match="`least`"):
        begin(least=0.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: inclusion(RULE, confidence=math.nan, threshold=0.8, share_now=0.05),
        lambda: drawn(0.0, bytes(8)),
        lambda: drawn(math.nan, bytes(8)),
        lambda: drawn(0.5, bytes(7)),
        lambda: horvitz_thompson([Checked(0.5, True)], cases=0),
        lambda: horvitz_thompson([Checked(0.0, True)], cases=5),
        lambda: hajek([]),
        lambda: hajek([Checked(0.5, None)]),
        lambda: begin().update(True, q=0.0),
        lambda: begin().update(True, q=0.04, floor=0.05),
        lambda: begin().update(True, q=0.04, floor=0.001),
    ],
)
def test_what_cannot_have_been_drawn_is_refused(ask):
    with pytest.raises(InputProblem) as caught:
        ask()
    assert caught.value.code == "RW-TRUST-031"


def test_a_floor_missed_by_rounding_only_is_taken():
    assert begin().update(False, q=0.05, floor=math.nextafter(0.05, 1)).checks == 1
