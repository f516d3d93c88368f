from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.evidence import Evidence, Measurement
from roadworthy.quantities import Id, digest_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def measured(
    value: float = 1.0, *, hours_ago: float = 1, days: float = 1, release: str = "", kind: str = "k"
) -> Measurement:
    at = NOW - timedelta(hours=hours_ago)
    return Measurement(
        Id("i"),
        "support",
        kind,
        "",
        value,
        "share",
        1,
        "m",
        digest_of([]),
        at,
        timedelta(days=days),
        release=release,
    )


def test_the_newest_that_holds_counts() -> None:
    evidence = Evidence.gather(
        [measured(1, hours_ago=3), measured(2, hours_ago=1), measured(3, hours_ago=2)], now=NOW, release="r"
    )
    found = evidence.find("k")
    assert found is not None
    assert found.value == 2


def test_what_expired_is_remembered_as_expired() -> None:
    evidence = Evidence.gather([measured(hours_ago=48)], now=NOW, release="r")
    assert evidence.find("k") is None
    assert evidence.outlived("k") is not None


def test_what_was_measured_on_another_release_does_not_hold() -> None:
    assert Evidence.gather([measured(release="other")], now=NOW, release="r").find("k") is None
    assert Evidence.gather([measured(release="r")], now=NOW, release="r").find("k") is not None


def test_a_measurement_from_the_future_is_not_believed() -> None:
    assert Evidence.gather([measured(hours_ago=-1)], now=NOW, release="").find("k") is None


@given(
    st.lists(
        st.tuples(st.floats(0.1, 100), st.floats(0.01, 3), st.sampled_from(["", "r", "s"])), max_size=12
    )
)
def test_more_time_never_brings_evidence_back(rows) -> None:
    measurements = [measured(hours_ago=ago, days=days, release=release) for ago, days, release in rows]
    now_there = Evidence.gather(measurements, now=NOW, release="r").find("k")
    later_there = Evidence.gather(measurements, now=NOW + timedelta(days=1), release="r").find("k")
    assert now_there is not None or later_there is None


def test_what_was_superseded_does_not_come_back_when_its_successor_expires() -> None:
    old, new = measured(1, hours_ago=60, days=90), measured(2, hours_ago=30, days=1)
    evidence = Evidence.gather([old, new], now=NOW, release="r")
    assert evidence.find("k") is None
    assert evidence.outlived("k") == new


def test_a_measurement_of_another_release_supersedes_nothing() -> None:
    own, foreign = measured(1, hours_ago=3, release="r"), measured(2, hours_ago=1, release="s")
    assert Evidence.gather([own, foreign], now=NOW, release="r").find("k") == own


def test_what_is_believed_is_not_remembered_as_expired_too() -> None:
    evidence = Evidence.gather([measured(1, hours_ago=60), measured(2)], now=NOW, release="r")
    assert evidence.find("k") is not None
    assert evidence.outlived("k") is None
