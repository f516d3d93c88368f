"""The page is what Prometheus' own parser reads, whatever the labels hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from roadworthy.telemetry.exposition import Family, Histogram, Series, bucket_of, exposed

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=20)


@given(st.dictionaries(st.tuples(TEXT, TEXT), st.floats(-1e12, 1e12), max_size=5))
@settings(max_examples=100, deadline=None)
def test_labels_and_values_come_back_as_they_were(values: dict[tuple[str, str], float]) -> None:
    page = exposed([Series(Family("a_b", "gauge", "Says \\ what\nit is.", ("x", "y")), values)])
    (family,) = text_string_to_metric_families(page)
    assert {(s.labels["x"], s.labels["y"]): s.value for s in family.samples} == values


@given(st.lists(st.floats(0, 200), max_size=30))
@settings(max_examples=50, deadline=None)
def test_buckets_are_cumulative_and_end_with_the_count(seconds: list[float]) -> None:
    bounds = (1.0, 10.0, 100.0)
    histogram = Histogram([0] * 4, sum(seconds))
    for value in seconds:
        histogram.counts[bucket_of(value, bounds)] += 1
    page = exposed([Series(Family("h", "histogram", "H.", (), bounds), {(): histogram})])
    (family,) = text_string_to_metric_families(page)
    found = {s.labels.get("le", s.name): s.value for s in family.samples}
    for bound in bounds:
        assert found[str(bound) if str(bound) in found else str(int(bound))] == sum(
            1 for v in seconds if v <= bound
        )
    assert found["+Inf"] == found["h_count"] == len(seconds)


def test_a_family_with_too_many_series_says_so() -> None:
    values: dict[tuple[str, ...], float | Histogram] = {(str(n),): 1.0 for n in range(5_003)}
    page = exposed([Series(Family("a", "gauge", "A.", ("x",)), values)])
    assert "# 3 series of a are left out" in page
    assert sum(1 for _ in next(iter(text_string_to_metric_families(page))).samples) == 5_000
