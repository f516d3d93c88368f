"""A running canary as every look shows it."""

from roadworthy.measure.watching.live import standing, standing_fields
from roadworthy.quantities import Share
from roadworthy.trust import CanaryWatch, HarmTest, NotWorseTest

FIVE = Share(0.05)


def watched(new, old):
    watch = CanaryWatch(HarmTest(0.0, FIVE), NotWorseTest(0.1, FIVE))
    for arm, losses in (("candidate", new), ("baseline", old)):
        for loss in losses:
            watch = watch.update(arm, loss=loss, candidate_share=Share(0.5))
    return watch


def test_before_both_arms_have_an_outcome_nothing_is_known():
    assert standing(watched([], [])) is None
    assert standing(watched([1.0], [])) is None
    assert standing_fields(None) == {"state": "inconclusive", "difference": None, "interval": [-1.0, 1.0]}


def test_a_canary_is_shown_with_its_counts_and_the_range_of_the_difference():
    found = standing(watched([1.0] * 6 + [0.0] * 14, [0.0] * 20))
    assert found is not None
    assert (found.cases, found.means) == ((20, 20), (0.3, 0.0))
    assert found.interval.low < 0.3 < found.interval.high
    assert standing_fields(found)["cases"] == {"new": 20, "old": 20}


def test_what_the_watch_has_not_proven_is_inconclusive():
    found = standing(watched([0.0] * 3, [0.0] * 3))
    assert found is not None
    assert (found.state, found.pause) == ("inconclusive", "not enough outcomes yet")
