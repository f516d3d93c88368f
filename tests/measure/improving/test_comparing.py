"""Proposals against the running release: noise is not offered, liars are noticed, no slice is sacrificed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.improving.shop import LABELS, Texts, Training, flipped, label, messages

from roadworthy.casework.label import Label, Labels, SourcePair
from roadworthy.casework.prediction import Prediction
from roadworthy.measure.improving.answering import Answered, answer
from roadworthy.measure.improving.automation import automation, gain, one_per_cluster
from roadworthy.measure.improving.comparing import Candidate, Compared, best, compare_all, holm
from roadworthy.measure.improving.sources import noticed
from roadworthy.operate.deployment import Prices
from roadworthy.ports import TaskModel
from roadworthy.quantities import Cost, Share, digest_of
from roadworthy.trust.paired import Paired

PRICES = Prices(Cost(12_000))


def trained(texts: Texts) -> TaskModel:
    return Training().train("intent", *zip(*texts, strict=True), features="tfidf", seed=1)[0]


def labels_of(texts: Texts, **more: object) -> list[Label]:
    start = cast("int", more.pop("start", 0))
    return [label(start + number, text, truth, **more) for number, (text, truth) in enumerate(texts)]  # type: ignore[arg-type]


def answered(model: TaskModel, rows: Sequence[Label], abstain: frozenset[str] = frozenset()) -> Answered:
    return answer(model, rows, abstain=abstain, prices=PRICES)


def against(running: TaskModel, proposal: TaskModel, rows: Sequence[Label]) -> Compared:
    candidate = Candidate("refit", "refit", (), answered(proposal, rows))
    (found,) = compare_all(answered(running, rows), [candidate], margin=0.03)
    return found


def test_labels_that_are_only_noise_give_no_better_model() -> None:
    """The labels of the part to learn from are shuffled among its texts: 40 times nothing was learned."""
    two = [one for one in messages(400, seed=100) if one[1] in LABELS[:2]]
    before, new, rows = two[:30], two[30:45], labels_of(two[45:95])
    running = answered(trained(before), rows)
    false = 0
    for seed in range(40):
        shuffled = np.random.default_rng(seed).permutation([truth for _, truth in new]).tolist()
        noise = [(text, truth) for (text, _), truth in zip(new, shuffled, strict=True)]
        candidate = Candidate("refit", "refit", (), answered(trained(before + noise), rows))
        (found,) = compare_all(running, [candidate], margin=0.03)
        false += found.comparison.verdict == "better"
    # At most 5 %, and two standard errors of 40 samples: 0.05 + 2 · √(0.05 · 0.95 / 40) = 0.119.
    assert false / 40 <= 0.119


def test_two_models_that_are_equally_good_are_told_apart_in_few_samples() -> None:
    """Right answers drawn alike for both, cases of a customer alike: better is said in 2.5 % of samples."""
    samples, false = 400, 0
    for seed in range(samples):
        random = np.random.default_rng(seed)
        clusters = random.integers(0, 60, 120)
        easy = np.clip(0.7 + 0.3 * random.normal(size=60), 0.05, 0.95)[clusters]
        rows = [label(n, f"t{n}", "a", cluster=f"k{k}") for n, k in enumerate(clusters.tolist())]
        one, other = (scored((random.random(120) > easy).tolist(), [0.5] * 120, rows) for _ in range(2))
        (found,) = compare_all(one, [Candidate("same", "refit", (), other)], margin=0.03)
        false += found.comparison.verdict == "better"
    assert false / samples <= 0.025 + 2 * (0.025 * 0.975 / samples) ** 0.5


def test_what_is_really_better_is_found_and_really_worse_too() -> None:
    rows = labels_of(messages(200, seed=5))
    few, many = trained(messages(60, seed=1)), trained(messages(400, seed=2))
    assert against(few, many, rows).comparison.verdict == "better"
    assert against(many, few, rows).comparison.verdict == "worse"
    assert "points" in against(few, many, rows).sentence


def test_a_source_that_lies_makes_its_model_worse_for_the_others_and_that_holds_it_back() -> None:
    lies = [(text, flipped(truth)) for text, truth in messages(500, seed=2)]
    before = messages(120, seed=1)
    running, poisoned = trained(before), trained(before + lies)
    rows = labels_of(messages(70, seed=3)) + labels_of(
        [(text, flipped(truth)) for text, truth in messages(150, seed=4)], start=1000, sources=("bot",)
    )
    found = against(running, poisoned, rows)
    assert found.comparison.verdict == "better", "the lies are believed where liars are asked"
    assert any("proven worse for labels of `crm`" in reason for reason in found.against)
    assert any("better only by the word of `bot`" in reason for reason in found.against)
    assert best([found], accepts=lambda one: True) is None
    assert "proven worse" in found.sentence


def test_a_slice_that_is_proven_worse_holds_a_proposal_back_and_thin_ones_are_named() -> None:
    before = messages(250, seed=1)
    other = [(text, flipped(truth)) for text, truth in messages(500, seed=2)]
    rows = [
        *labels_of([(text, flipped(truth)) for text, truth in messages(150, seed=3)], slice="de"),
        *labels_of(messages(60, seed=4), start=1000, slice="en"),
        *labels_of(messages(5, seed=5), start=2000, slice="fr"),
    ]
    found = against(trained(before), trained(before + other), rows)
    assert found.comparison.verdict == "better"
    assert any("proven worse for slice `en`" in reason for reason in found.against)
    assert found.thin == ("slice `fr`",)
    assert found.as_json()["slices_too_thin"] == ["slice `fr`"]


def known(name: str, cases: Texts, *, released: int, start: int) -> list[Label]:
    """Labels of a source; the release answered the first ``released`` as the source says."""
    made = []
    for number, (text, truth) in enumerate(cases):
        said = truth if number < released else flipped(truth)
        made.append(label(start + number, text, truth, sources=(name,), answer=said))
    return made


def test_a_source_that_says_otherwise_than_the_release_far_more_often_is_noticed() -> None:
    texts = messages(60, seed=1)
    rows = known("crm", texts, released=55, start=0) + known("bot", texts, released=20, start=100)
    (one,) = noticed(Labels("desk", "intent", tuple(rows), {}))
    assert (one.source, one.alone) == ("bot", True)
    assert "40 of 60 cases, the other sources on 5 of 60" in one.sentence
    like = known("crm", texts, released=55, start=0) + known("bot", texts, released=50, start=100)
    assert noticed(Labels("desk", "intent", tuple(like), {})) == ()


def test_sources_that_contradict_each_other_are_noticed_and_with_a_third_it_is_known_which() -> None:
    two = (SourcePair("bot", "crm", 40, 30),)
    assert [(one.source, one.alone) for one in noticed(Labels("d", "t", (), {}, (), two))] == [
        ("bot", False), ("crm", False),
    ]  # fmt: skip
    three = (*two, SourcePair("agent", "bot", 40, 29), SourcePair("agent", "crm", 200, 3))
    assert [(one.source, one.alone) for one in noticed(Labels("d", "t", (), {}, (), three))] == [
        ("bot", True)
    ]
    assert noticed(Labels("d", "t", (), {}, (), (SourcePair("bot", "crm", 5, 5),))) == ()


def pairs(gained: int, lost: int, n: int) -> Paired:
    names = tuple(f"c{number}" for number in range(n))
    a = np.array([1.0] * gained + [0.0] * (n - gained))
    b = np.array([0.0] * gained + [1.0] * lost + [0.0] * (n - gained - lost))
    return Paired(names, names, a, b)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=5))
def test_holm_on_ranges_agrees_with_holm_on_p_values(counts: list[tuple[int, int]]) -> None:
    """The independent side: p of each as the highest confidence that still says better, stepped down by hand."""
    from roadworthy.trust.comparison import compare_paired

    named = {f"p{number}": pairs(gained, lost, 100) for number, (gained, lost) in enumerate(counts)}

    def better_at(name: str, level: float) -> bool:
        return compare_paired(named[name], margin=0.0, confidence=Share(1 - level)).verdict == "better"

    expected: set[str] = set()
    for _ in named:
        level = 0.05 / (len(named) - len(expected))
        expected |= {name for name in set(named) - expected if better_at(name, level)}
        if len(expected) == len(named):
            break
    found = holm(named, margin=0.03)
    assert {name for name, one in found.items() if one.verdict == "better"} == expected
    assert set(found) == set(named)


def test_of_many_proposals_that_are_the_same_as_before_none_is_called_better_by_number() -> None:
    random = np.random.default_rng(11)
    false = 0
    for _ in range(60):
        gained = random.binomial(20, 0.5, 6).tolist()
        drawn = {f"p{number}": pairs(up, 20 - up, 100) for number, up in enumerate(gained)}
        false += any(one.verdict == "better" for one in holm(drawn, margin=0.03).values())
    assert false / 60 <= 0.05 + 2 * (0.05 * 0.95 / 60) ** 0.5


class Fixed:
    """Answers what it was told to, one text after the other; paid for."""

    digest = digest_of("fixed")

    def __init__(self, said: dict[str, tuple[str, float]]) -> None:
        self._said = said

    def predict(self, text: str) -> Prediction:
        return self.predict_priced(text)[0]

    def predict_priced(self, text: str) -> tuple[Prediction, Cost]:
        said, confidence = self._said[text]
        return Prediction("intent", said, confidence, "", 0.0, (), self.digest), Cost(500)


def test_nobodys_case_is_right_where_the_model_abstains_and_prices_are_added() -> None:
    rows = [label(n, f"t{n}", truth) for n, truth in enumerate(("a", "none", "none", "none", "a"))]
    model = Fixed(
        {"t0": ("a", 0.9), "t1": ("none", 0.9), "t2": ("", 0.0), "t3": ("a", 0.9), "t4": ("", 0.0)}
    )
    found = answered(model, rows, frozenset({"none"}))
    assert found.right.tolist() == [True, True, True, False, False]
    assert found.proposes.tolist() == [True, False, False, True, False]
    assert found.cost.nano >= 2500
    assert found.cost_each.nano >= 500


def scored(wrong: list[bool], scores: list[float], rows: Sequence[Label] = ()) -> Answered:
    named = tuple(rows) or tuple(label(n, f"t{n}", LABELS[0]) for n in range(len(wrong)))
    n = len(named)
    return Answered(named, ~np.array(wrong), np.array(scores), np.ones(n, bool), 0.0, Cost(0))


def test_a_promise_is_proven_or_says_how_many_labels_it_lacks() -> None:
    random = np.random.default_rng(1)
    scores = random.random(300)
    sound = scored((random.random(300) < 0.02).tolist(), scores.tolist())
    proven = automation("label", sound, alpha=Share(0.1), delta=Share(0.05))
    assert proven.threshold is not None
    assert proven.upper <= 0.1
    assert proven.share > 0.5
    few = automation("label", scored([False] * 20, [0.5] * 20), alpha=Share(0.05), delta=Share(0.05))
    assert (few.share, few.threshold) == (0.0, None)
    assert few.labels_needed is not None
    assert few.labels_needed > 0


def test_the_same_model_gains_nothing_and_a_better_one_does() -> None:
    random = np.random.default_rng(2)
    scores = random.random(400)
    poor = scored((random.random(400) < 0.4 * (1 - scores)).tolist(), scores.tolist())
    good = scored((random.random(400) < 0.01).tolist(), scores.tolist())
    alpha, delta = Share(0.05), Share(0.05)
    same = gain(poor, poor, alpha=alpha, delta=delta, seed=1, resamples=60)
    assert (same.low, same.high) == (0.0, 0.0)
    assert gain(poor, good, alpha=alpha, delta=delta, seed=1, resamples=60).low > 0.1
    again = gain(poor, good, alpha=alpha, delta=delta, seed=1, resamples=60)
    assert again == gain(poor, good, alpha=alpha, delta=delta, seed=1, resamples=60)


def test_models_alike_do_not_gain_automation_by_the_luck_of_a_threshold() -> None:
    """Two models of the same quality whose scores differ by noise: a gain is called in few of 40 samples."""
    false = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        hard = random.random(150)
        wrong = (random.random(150) < 0.3 * hard).tolist()
        one, other = (scored(wrong, (1 - hard + random.normal(0, 0.1, 150)).tolist()) for _ in range(2))
        found = gain(one, other, alpha=Share(0.1), delta=Share(0.05), seed=seed, resamples=60)
        false += found.low > 0
    assert false / 40 <= 0.025 + 2 * (0.05 * 0.95 / 40) ** 0.5


def test_the_proof_takes_one_case_of_a_cluster() -> None:
    rows = [label(n, f"t{n}", "a", cluster=f"k{n % 3}") for n in range(9)]
    assert [row.case for row in one_per_cluster(rows[::-1])] == ["000000", "000001", "000002"]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_best_where_nothing_is_accepted(count: int) -> None:
    assert best([], accepts=lambda one: bool(count)) is None
