"""Better, not worse, worse, inconclusive: states over several kinds of metric, and what is stored."""

import math

import numpy as np
import pytest

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust.releases import Metric, ReleaseWatch

FIVE = Share(0.05)


def cases(seed, n, new, old, name="errors"):
    random = np.random.default_rng(seed)
    return [
        (arm, {name: float(random.random() < rate)})
        for _ in range(n)
        for arm, rate in (("candidate", new), ("baseline", old))
    ]


def test_a_release_with_more_errors_is_worse():
    watch = ReleaseWatch((Metric("errors"),)).after(cases(1, 400, 0.3, 0.05))
    look = watch.look()
    assert look.state == "worse"
    assert look.metrics[0].difference == pytest.approx(0.25, abs=0.06)
    assert look.metrics[0].interval.low > 0
    assert look.metrics[0].cases == (400, 400)


def test_a_release_with_fewer_errors_is_better():
    assert ReleaseWatch((Metric("errors"),)).after(cases(1, 400, 0.05, 0.3)).look().state == "better"


def test_equal_releases_are_not_worse_once_the_tolerance_is_proven():
    metric = Metric("errors", margin=0.0, tolerance=0.1)
    early = ReleaseWatch((metric,)).after(cases(1, 20, 0.05, 0.05)).look()
    assert early.state == "inconclusive"
    assert early.pause == "not enough cases yet: errors"
    assert ReleaseWatch((metric,)).after(cases(1, 500, 0.05, 0.05)).look().state == "not worse"


def test_where_the_horizon_has_passed_nothing_is_promoted():
    watch = ReleaseWatch((Metric("errors", tolerance=0.01),), horizon=100).after(cases(1, 60, 0.05, 0.05))
    look = watch.look()
    assert look.state == "inconclusive"
    assert look.pause == "the horizon of 100 cases has passed: errors"


def test_before_the_least_cases_only_harm_is_said():
    metric = Metric("errors", tolerance=0.5)
    watch = ReleaseWatch((metric,), least=100)
    assert watch.after(cases(1, 60, 0.0, 0.9)).look().state == "inconclusive"
    assert watch.after(cases(1, 60, 0.9, 0.0)).look().state == "worse"


def test_one_metric_that_is_worse_makes_the_release_worse():
    both = (Metric("errors", tolerance=0.2), Metric("reviewed", kind="share", tolerance=0.2))
    values = [
        (arm, {**one, "reviewed": float(arm == "candidate")}) for arm, one in cases(1, 200, 0.05, 0.05)
    ]
    look = ReleaseWatch(both).after(values).look()
    assert look.state == "worse"
    assert [each.state for each in look.metrics] == ["not worse", "worse"]


def test_a_metric_without_values_keeps_the_release_inconclusive():
    both = (Metric("errors", tolerance=0.2), Metric("cost", kind="mean", high=2.0, tolerance=0.4))
    look = ReleaseWatch(both).after(cases(1, 300, 0.05, 0.05)).look()
    assert look.state == "inconclusive"
    assert look.pause.endswith(": cost")


def test_a_cost_above_the_cap_counts_as_the_cap_and_is_told():
    metric = Metric("cost", kind="mean", high=2.0, tolerance=1.0)
    values = [("candidate", {"cost": 50.0 if n % 4 == 0 else 0.5}) for n in range(100)]
    values += [("baseline", {"cost": 0.5})] * 100
    look = ReleaseWatch((metric,)).after(values).look().metrics[0]
    assert look.capped == (0.25, 0.0)
    assert look.candidate == pytest.approx(0.25 * 2 + 0.75 * 0.5)
    assert look.baseline == pytest.approx(0.5)


def test_a_kpi_that_should_rise_is_worse_where_it_falls():
    metric = Metric("kpi", kind="mean", low=10, high=20, higher_is_better=True)
    random = np.random.default_rng(2)
    values = [("candidate", {"kpi": v}) for v in random.uniform(11, 13, 100)]
    values += [("baseline", {"kpi": v}) for v in random.uniform(15, 17, 100)]
    look = ReleaseWatch((metric,)).after(values).look()
    assert look.state == "worse"
    found = look.metrics[0]
    assert found.difference == pytest.approx(-4, abs=0.2)
    assert found.interval.low <= found.difference <= found.interval.high < 0


def test_latency_is_judged_by_the_share_above_its_limit():
    metric = Metric("seconds", kind="above", limit=2.0)
    values = [("candidate", {"seconds": 3.0 if n % 2 else 1e9 if n % 4 else 1.0}) for n in range(120)]
    values += [("baseline", {"seconds": 1.9})] * 120
    look = ReleaseWatch((metric,)).after(values).look()
    assert look.state == "worse"
    assert look.metrics[0].baseline == 0


def test_several_metrics_share_the_risk_of_a_false_rollback():
    metrics = tuple(Metric(f"m{n}") for n in range(4))
    streams, false = 40, 0
    for seed in range(streams):
        random = np.random.default_rng(seed)
        watch = ReleaseWatch(metrics)
        for _ in range(6):
            watch = watch.after([
                (arm, {each.name: float(random.random() < 0.2) for each in metrics})
                for _ in range(40)
                for arm in ("candidate", "baseline")
            ])  # fmt: skip
        false += watch.look().state == "worse"
    assert false / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_what_was_proven_stays_so_and_harm_wins():
    metric = Metric("errors", tolerance=0.1)
    watch = ReleaseWatch((metric,)).after(cases(1, 400, 0.05, 0.05))
    assert watch.look().state == "not worse"
    for seed in range(6):
        watch = watch.after(cases(seed, 100, 0.6, 0.05))
    assert watch.look().state == "worse"
    for seed in range(6):
        watch = watch.after(cases(seed, 300, 0.0, 0.3))
    assert watch.look().state == "worse"


def test_the_order_within_one_look_makes_no_difference():
    values = cases(4, 150, 0.2, 0.1)
    one = ReleaseWatch((Metric("errors"),)).after(values).look().metrics[0]
    other = ReleaseWatch((Metric("errors"),)).after(values[::-1]).look().metrics[0]
    assert one.interval == other.interval
    assert one.evidence == pytest.approx(other.evidence)


def test_values_that_cannot_be_are_refused_all_at_once():
    watch = ReleaseWatch((Metric("errors"),))
    with pytest.raises(InputProblem) as found:
        watch.after([("candidate", {"errors": math.nan}), ("baseline", {"errors": 0.5})])
    assert found.value.code == "RW-WATCH-003"
    assert len(found.value.problems) == 2
    with pytest.raises(InputProblem, match="no such metric"):
        watch.after([("candidate", {"cost": 1.0})])


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "odd"},
        {"margin": -0.1},
        {"margin": 1.0},
        {"tolerance": math.nan},
        {"kind": "mean", "low": 2.0, "high": 1.0},
        {"high": 5.0},
        {"kind": "above"},
        {"limit": 2.0},
        {"kind": "above", "limit": math.inf},
    ],
)
def test_a_metric_that_cannot_be_is_refused(settings):
    with pytest.raises(InputProblem) as found:
        Metric("errors", **settings)
    assert found.value.code == "RW-WATCH-002"


def test_a_watch_needs_metrics_of_different_names():
    for metrics in ((), (Metric("a"), Metric("a"))):
        with pytest.raises(InputProblem, match="at least one metric"):
            ReleaseWatch(metrics)
    with pytest.raises(InputProblem, match="count cases from 1"):
        ReleaseWatch((Metric("a"),), horizon=0)


def test_counts_from_elsewhere_say_the_same_as_cases():
    from roadworthy.trust.arms import Stratum, Values

    watch = ReleaseWatch((Metric("errors"),))
    one = watch.counted((Stratum(Values.counted(30, 200), Values.counted(10, 200)),)).look()
    values = [("candidate", {"errors": float(n < 30)}) for n in range(200)]
    values += [("baseline", {"errors": float(n < 10)}) for n in range(200)]
    assert one.metrics[0].interval == watch.after(values).look().metrics[0].interval
