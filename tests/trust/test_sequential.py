"""Tests that may be watched: false alarms under continuous looking, delay, storage, edges."""

import json
import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import Alarm, CanaryWatch, HarmTest, NotWorseTest

FIVE = Share(0.05)


def stream(candidate, baseline, *, share, cases, seed):
    """Cases assigned by chance, wrong with the rate of their arm."""
    chance = random.Random(seed)
    for _ in range(cases):
        arm, rate = ("candidate", candidate) if chance.random() < share else ("baseline", baseline)
        yield arm, float(chance.random() < rate)


def watch(test, losses, *, share):
    """Look after every case; the state when it fires, or at the end."""
    for arm, loss in losses:
        test = test.update(arm, loss=loss, candidate_share=Share(share))
        if test.fires:
            break
    return test


def seen(test):
    return test.candidate.cases + test.baseline.cases


@pytest.mark.parametrize("share", [0.5, 0.25])
@pytest.mark.parametrize("test", [HarmTest(0.0, FIVE), NotWorseTest(0.0, FIVE)], ids=["harm", "not worse"])
def test_equal_arms_raise_false_alarms_in_at_most_delta_of_the_streams(test, share):
    streams = 200
    alarms = sum(
        watch(test, stream(0.2, 0.2, share=share, cases=1200, seed=seed), share=share).fires
        for seed in range(streams)
    )
    assert alarms / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_a_difference_at_the_margin_raises_false_alarms_in_at_most_delta_of_the_streams():
    streams = 200
    for test in (HarmTest(0.03, FIVE), NotWorseTest(0.03, FIVE)):
        alarms = sum(
            watch(test, stream(0.08, 0.05, share=0.5, cases=1000, seed=seed), share=0.5).fires
            for seed in range(streams)
        )
        assert alarms / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_three_times_the_errors_are_found_within_150_labelled_cases_per_arm():
    found = [
        watch(HarmTest(0.0, FIVE), stream(0.15, 0.05, share=0.5, cases=3000, seed=seed), share=0.5)
        for seed in range(200)
    ]
    assert all(test.fires for test in found)
    assert statistics.median(test.candidate.cases for test in found) <= 150
    assert statistics.median(test.baseline.cases for test in found) <= 150


def test_a_small_candidate_share_finds_them_with_fewer_candidate_cases():
    found = [
        watch(HarmTest(0.0, FIVE), stream(0.15, 0.05, share=0.25, cases=4000, seed=seed), share=0.25)
        for seed in range(150)
    ]
    assert statistics.median(test.candidate.cases for test in found) <= 110
    assert statistics.median(seen(test) for test in found) <= 420


def test_the_share_may_change_on_the_way():
    test = HarmTest(0.0, FIVE)
    for share in (0.05, 0.25, 0.5):
        test = watch(test, stream(0.3, 0.05, share=share, cases=150, seed=3), share=share)
    assert test.fires


def test_losses_between_right_and_wrong_count_as_what_they_are():
    chance = random.Random(5)
    test = HarmTest(0.0, FIVE)
    for _ in range(600):
        arm = "candidate" if chance.random() < 0.5 else "baseline"
        loss = chance.uniform(0.2, 0.6) if arm == "candidate" else chance.uniform(0.0, 0.4)
        test = test.update(arm, loss=loss, candidate_share=Share(0.5))
    assert test.fires
    assert test.candidate.mean - test.baseline.mean == pytest.approx(0.2, abs=0.03)


def test_before_the_first_case_an_arm_has_no_mean():
    assert HarmTest(0.0, FIVE).candidate.mean is None


def test_what_fired_stays_fired():
    test = watch(HarmTest(0.0, FIVE), stream(0.5, 0.0, share=0.5, cases=500, seed=1), share=0.5)
    assert test.fires
    for arm, loss in stream(0.0, 0.5, share=0.5, cases=300, seed=2):
        test = test.update(arm, loss=loss, candidate_share=Share(0.5))
    assert test.log_e < math.log(20)
    assert test.fires


OBSERVED = st.lists(
    st.tuples(
        st.sampled_from(["candidate", "baseline"]),
        st.floats(0, 1),
        st.floats(0.01, 0.99).map(Share),
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None)
@given(OBSERVED, st.floats(-0.9, 0.9), st.sampled_from([HarmTest, NotWorseTest]))
def test_no_stream_can_take_more_than_was_bet(cases, margin, kind):
    test = kind(margin, FIVE)
    for arm, loss, share in cases:
        after = test.update(arm, loss=loss, candidate_share=share)
        # At most half is ever at stake.
        assert after.log_e - test.log_e >= math.log(0.5) - 1e-9
        test = after


@settings(max_examples=80, deadline=None)
@given(OBSERVED, st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_the_next_bet_is_fair_where_the_arms_differ_by_the_margin(cases, share, baseline, certain, part):
    # Losses of three values whose means differ by exactly the margin: the expected growth is 1.
    margin = part * (1 - baseline)
    rates = (("candidate", share, baseline + margin), ("baseline", 1 - share, baseline))
    for kind in (HarmTest, NotWorseTest):
        test = kind(margin, FIVE)
        for arm, loss, earlier in cases:
            test = test.update(arm, loss=loss, candidate_share=earlier)
        growth = 0.0
        for arm, weight, rate in rates:
            losses = ((rate, certain), (1.0, rate * (1 - certain)), (0.0, (1 - rate) * (1 - certain)))
            for loss, chance in losses:
                after = test.update(arm, loss=loss, candidate_share=Share(share))
                growth += weight * chance * math.exp(after.log_e - test.log_e)
        assert growth == pytest.approx(1.0, abs=1e-6)


def test_a_test_killed_between_two_cases_goes_on_from_storage():
    losses = list(stream(0.2, 0.1, share=0.5, cases=200, seed=9))
    for kind in (HarmTest, NotWorseTest):
        through = stored = kind(0.02, FIVE)
        for arm, loss in losses:
            through = through.update(arm, loss=loss, candidate_share=Share(0.5))
            stored = kind.from_json(json.loads(json.dumps(stored.as_json())))
            stored = stored.update(arm, loss=loss, candidate_share=Share(0.5))
        assert stored == through


def pair(margin=0.03):
    return CanaryWatch(HarmTest(0.0, FIVE), NotWorseTest(margin, FIVE))


def state_after(candidate, baseline, *, cases, seed=4):
    now = pair()
    for arm, loss in stream(candidate, baseline, share=0.5, cases=cases, seed=seed):
        now = now.update(arm, loss=loss, candidate_share=Share(0.5))
    return now


def test_a_canary_is_worse_or_not_worse_or_cannot_be_told_yet():
    assert pair().state == "cannot tell yet"
    assert state_after(0.05, 0.05, cases=100).state == "cannot tell yet"
    assert state_after(0.05, 0.05, cases=3000).state == "not worse"
    assert state_after(0.2, 0.05, cases=600).state == "worse"


def test_proof_of_harm_wins_over_an_earlier_proof_of_the_contrary():
    now = state_after(0.01, 0.1, cases=600)
    assert now.state == "not worse"
    for arm, loss in stream(0.9, 0.05, share=0.5, cases=600, seed=6):
        now = now.update(arm, loss=loss, candidate_share=Share(0.5))
    assert now.state == "worse"


def test_a_canary_survives_storage():
    now = state_after(0.1, 0.05, cases=50)
    assert CanaryWatch.from_json(json.loads(json.dumps(now.as_json()))) == now


def rings_after(rate, *, patience, seed, clean=500):
    chance = random.Random(seed)
    alarm = Alarm(FIVE, patience)
    for check in range(clean + 3000):
        alarm = alarm.update(float(chance.random() < (0.03 if check < clean else rate)))
        if alarm.fires:
            return alarm.rang_at - clean
    return math.inf


@pytest.mark.parametrize(
    ("rate", "published"), [(0.10, 113), (0.15, 36), (0.25, 21)], ids=["10 %", "15 %", "25 %"]
)
def test_the_alarm_rings_as_soon_as_it_was_measured_to(rate, published):
    delays = [rings_after(rate, patience=1000, seed=seed) for seed in range(120)]
    late = [delay for delay in delays if delay > 0]
    assert len(late) >= 0.9 * len(delays)
    assert statistics.median(late) == pytest.approx(published, rel=0.35)


def test_at_the_tolerated_rate_the_alarm_rings_falsely_at_most_once_in_patience_checks():
    lengths = []
    for seed in range(60):
        chance, alarm = random.Random(seed), Alarm(Share(0.1), 200)
        while not alarm.fires and alarm.checks < 4000:
            alarm = alarm.update(float(chance.random() < 0.1))
        lengths.append(alarm.checks)
    spread = statistics.stdev(lengths) / math.sqrt(len(lengths))
    assert statistics.mean(lengths) >= 200 - 2 * spread


def test_an_alarm_that_rang_goes_on_ringing():
    alarm = Alarm(FIVE, 100)
    for _ in range(400):
        alarm = alarm.update(1.0)
    assert alarm.fires
    assert alarm.rang_at < 10
    assert alarm.checks == 400
    assert math.isfinite(alarm.evidence)


def test_a_tolerance_above_one_eighth_clips_the_boldest_bets():
    alarm = Alarm(Share(0.4), 50)
    for _ in range(100):
        alarm = alarm.update(0.0)
    assert all(part >= 0 for part in alarm.sums)


def test_an_alarm_survives_storage():
    alarm = Alarm(FIVE, 1000.0)
    for loss in (0.0, 1.0, 0.5):
        alarm = alarm.update(loss)
    assert Alarm.from_json(json.loads(json.dumps(alarm.as_json()))) == alarm


def test_what_cannot_be_observed_is_refused():
    test = HarmTest(0.0, FIVE)
    for arm, loss, share in (
        ("control", 0.0, 0.5),
        ("candidate", 1.5, 0.5),
        ("candidate", float("nan"), 0.5),
        ("baseline", 0.0, 1.0),
        ("candidate", 0.0, 0.0),
    ):
        with pytest.raises(InputProblem) as caught:
            test.update(arm, loss=loss, candidate_share=Share(share))
        assert caught.value.code == "RW-TRUST-007"
    with pytest.raises(InputProblem, match="a loss lies between 0 and 1"):
        Alarm(FIVE, 100).update(float("nan"))
    with pytest.raises(InputProblem, match="a margin lies between"):
        HarmTest(1.0, FIVE)
    with pytest.raises(InputProblem, match="patience is at least one"):
        Alarm(FIVE, 0.0)
    with pytest.raises(InputProblem, match="strictly between"):
        NotWorseTest(0.0, Share(0.0))


@pytest.mark.parametrize(
    "damage", [{"log_e": None}, {"candidate": 3}, {"delta": 7.0}, {"margin": float("nan")}]
)
def test_a_damaged_state_is_not_read(damage):
    with pytest.raises(Corrupt) as caught:
        HarmTest.from_json({**HarmTest(0.0, FIVE).as_json(), **damage})
    assert caught.value.code == "RW-TRUST-008"
    with pytest.raises(Corrupt):
        CanaryWatch.from_json({"harm": HarmTest(0.0, FIVE).as_json()})
    with pytest.raises(Corrupt):
        Alarm.from_json({**Alarm(FIVE, 10).as_json(), "sums": "many"})


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 100)), max_size=30), st.floats(0.001, 0.999))
def test_however_boldly_an_alarm_bets_it_loses_no_more_than_it_has(checks, tolerated):
    alarm = Alarm(Share(tolerated), 1e300)
    for loss, scale in checks:
        alarm = alarm.update(loss, scale=scale)
        assert all(part >= -1e-9 for part in alarm.sums)


def test_a_scale_that_is_none_is_refused():
    with pytest.raises(InputProblem) as caught:
        Alarm(FIVE, 100).update(0.0, scale=0.0)
    assert caught.value.code == "RW-TRUST-007"
