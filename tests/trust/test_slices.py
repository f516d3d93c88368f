"""One proof for every slice: all of them hold at once, thin ones have none and say what they lack."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import Calibration, InsufficientEvidence, Threshold, certify, certify_slices

FIVE = Share(0.05)
TRAFFIC = np.linspace(0, 1, 501)


def sample(n, error, seed=1):
    random = np.random.default_rng(seed)
    scores = random.random(n)
    return Calibration(scores, random.random(n) < error * 2 * (1 - scores))


def test_every_slice_has_a_proof_of_its_own_with_its_part_of_delta():
    samples = {"de": sample(600, 0.02), "en": sample(500, 0.3, seed=2)}
    found = certify_slices(samples, traffic_scores={"de": TRAFFIC, "en": TRAFFIC}, alpha=FIVE, delta=FIVE)
    good, bad = found.slices
    assert found.each == Share(0.025)
    assert good.outcome == certify(samples["de"], traffic_scores=TRAFFIC, alpha=FIVE, delta=Share(0.025))
    assert good.threshold.delta == Share(0.025)
    assert (bad.tried, bad.threshold) == (True, None)
    assert isinstance(bad.outcome, InsufficientEvidence)
    assert found.automation.value == pytest.approx(good.threshold.automation.value / 2)


def test_thin_and_empty_slices_have_none_and_say_what_they_lack():
    found = certify_slices(
        {"de": sample(900, 0.02), "fr": sample(40, 0.0)},
        traffic_scores={"de": TRAFFIC, "fr": TRAFFIC, "it": TRAFFIC[:50], "pt": []},
        alpha=FIVE,
        delta=FIVE,
    )
    proofs = {proof.name: proof for proof in found.slices}
    assert found.each == FIVE, "slices that are not tried take no part of delta"
    assert proofs["de"].threshold is not None
    for name in ("fr", "it", "pt"):
        assert not proofs[name].tried
        assert proofs[name].threshold is None
    # 290 accepted cases have the power at half of delta and 0.4 alpha; a starting share of 35 %.
    assert proofs["it"].outcome.labels_needed == pytest.approx(290 / 0.35, rel=0.1)
    assert proofs["fr"].outcome.labels_needed < proofs["it"].outcome.labels_needed
    assert "at least 72 are needed even without an error" in proofs["fr"].outcome.reason
    assert "slice `pt` is empty" in proofs["pt"].outcome.reason
    assert proofs["pt"].outcome.labels_needed is None


@settings(max_examples=10, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 400), min_size=1),
    st.integers(0, 2**32 - 1),
)
def test_which_slices_are_tried_does_not_depend_on_the_labels(sizes, seed):
    random = np.random.default_rng(seed)
    traffic = dict.fromkeys(sizes, TRAFFIC)
    settings_ = {"traffic_scores": traffic, "alpha": Share(0.1), "delta": FIVE}
    scores = {name: np.linspace(0, 1, n) for name, n in sizes.items()}
    one, other = (
        certify_slices(
            {name: Calibration(at, random.random(at.size) < rate) for name, at in scores.items()},
            **settings_,
        )
        for rate in (0.0, 0.7)
    )
    assert [(proof.name, proof.tried) for proof in one.slices] == [
        (proof.name, proof.tried) for proof in other.slices
    ]
    assert one.each == other.each


def test_all_slices_keep_their_promise_at_once():
    # The hardest slices: a hair above the promise at every threshold, so that any proof breaks it.
    random = np.random.default_rng(3)
    rounds, broken, names = 80, 0, "abcd"
    for _ in range(rounds):
        samples = {
            name: Calibration(random.random(size), random.random(size) < 0.0501)
            for name, size in zip(names, (500, 400, 300, 60), strict=True)
        }
        found = certify_slices(
            samples, traffic_scores=dict.fromkeys(names, TRAFFIC), alpha=FIVE, delta=Share(0.2), steps=60
        )
        broken += any(isinstance(proof.outcome, Threshold) for proof in found.slices)
    assert 0 < broken / rounds <= 0.2 + 2 * np.sqrt(0.2 * 0.8 / rounds)


def test_labels_without_traffic_are_refused():
    with pytest.raises(InputProblem) as caught:
        certify_slices(
            {"de": sample(50, 0.1), "fr": sample(50, 0.1)},
            traffic_scores={"fr": []},
            alpha=FIVE,
            delta=FIVE,
        )
    assert caught.value.code == "RW-TRUST-015"
    assert len(caught.value.problems) == 3
    assert "slice `de` has labelled cases and no traffic" in str(caught.value)
