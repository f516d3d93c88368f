"""From labels to a draft that is proven better, and nothing where nothing is proven."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest
from tests.measure.improving.shop import DESK, LABELS, Shop, flipped, messages
from tests.operate.office import BEN, CHARTER, OLGA, SHOP

from roadworthy.casework.prediction import Prediction
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.ledger import decode
from roadworthy.measure.improving import Improvement, improve, offering
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.rollout import abort_release, archive_of, build
from roadworthy.quantities import Cost, digest, digest_of
from roadworthy.release import Release

FEW = messages(60, seed=1)
CASES = messages(330, seed=2)


def stored(shop: Shop) -> tuple[int, int, int]:
    """Releases, measurements and proposals on the ledger."""
    sequence_all(shop.deployment)
    with shop.store.read() as tx:
        releases = len(shop.store.releases.rollout(tx, "desk").releases)
        measurements = len(shop.store.evidence.measurements(tx, "desk"))
    kinds = [decode(entry.event).kind for entry in shop.store.ledger.entries()]
    return releases, measurements, kinds.count("release.proposed")


class Story(NamedTuple):
    """One use case from its first labels on: what every run of improve found, and what was stored after it."""

    running: Release
    looked: Improvement
    stored_after_looking: tuple[int, int, int]
    stored_after_crash: tuple[int, int, int]
    offered: Improvement
    stored_after_offer: tuple[int, int, int]
    again: Improvement
    stored_after_again: tuple[int, int, int]
    halted: Improvement
    accuracy: dict[str, float]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    shop = Shop(tmp_path_factory.mktemp("story"))
    running = shop.run(FEW)
    shop.take(CASES)
    looked = shop.improve(FEW, offer=False)
    after_looking = stored(shop)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(offering, "keep", crash)
        with pytest.raises(KeyboardInterrupt):
            shop.improve(FEW)
    after_crash = stored(shop)
    offered = shop.improve(FEW)
    after_offer = stored(shop)
    again = shop.improve(FEW)
    after_again = stored(shop)
    fresh = messages(400, seed=9)
    accuracy = {}
    for named in (running.digest, offered.digest):
        said = shop.load(named).models["intent"].predict_many([text for text, _ in fresh])  # type: ignore[attr-defined]
        accuracy[named] = sum(
            one.label == truth for one, (_, truth) in zip(said, fresh, strict=True)
        ) / len(fresh)
    abort_release(shop.deployment, OLGA, "desk", offered.release, reason="too rude")
    halted = shop.improve(FEW)
    shop.store.close()
    return Story(
        running,
        looked,
        after_looking,
        after_crash,
        offered,
        after_offer,
        again,
        after_again,
        halted,
        accuracy,
    )


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_is_proven_better_is_offered_as_a_draft_with_its_measurements(story: Story) -> None:
    assert story.offered.release == "r2", story.offered.why_not
    assert story.stored_after_offer == (2, 2, 1)
    assert story.offered.compared[0].comparison.interval.low > 0  # type: ignore[union-attr]
    assert story.offered.expected[0].after.share >= story.offered.expected[0].before.share
    text = json.dumps(story.offered.as_json())
    assert CASES[0][0] not in text
    assert "learned from" in text


def test_what_was_offered_really_is_better_on_messages_nobody_has_seen(story: Story) -> None:
    gained = story.accuracy[story.offered.digest] - story.accuracy[story.running.digest]
    interval = story.offered.compared[0].comparison.interval
    assert interval is not None
    assert gained > 0.05
    assert interval.low - 0.06 < gained < interval.high + 0.06


def test_without_offer_nothing_is_stored(story: Story) -> None:
    assert (story.looked.winner, story.looked.release) == ("refit", "")
    assert story.stored_after_looking == (1, 0, 0)
    rows = story.looked.labels.rows
    assert replace(story.looked.labels, rows=rows[::-1]).digest == story.looked.labels.digest


def test_a_crash_after_building_is_made_good_by_the_next_run(story: Story) -> None:
    assert story.stored_after_crash == (2, 0, 0)
    assert story.stored_after_offer == (2, 2, 1)


def test_the_same_labels_lead_to_the_same_release_once(story: Story) -> None:
    assert (story.again.release, story.again.digest) == (story.offered.release, story.offered.digest)
    assert story.again.again
    assert story.stored_after_again == (2, 2, 1)


def test_what_was_offered_and_halted_is_not_offered_again(story: Story) -> None:
    assert story.halted.release == ""
    assert "too rude" in story.halted.why_not


def test_labels_that_add_nothing_lead_to_no_offer_and_a_number(shop: Shop) -> None:
    many = messages(400, seed=3)
    shop.run(many)
    shop.take(messages(260, seed=4))
    found = shop.improve(many)
    assert found.release == ""
    (one,) = found.compared
    assert one.comparison.verdict in {"cannot tell yet", "not worse"}
    if one.comparison.verdict == "cannot tell yet":
        assert one.more_labels
        assert f"about {one.more_labels} more labels" in found.why_not


def test_too_few_labels_are_refused_with_the_number_missing(shop: Shop) -> None:
    shop.run(FEW)
    shop.take(CASES[:30])
    with pytest.raises(InputProblem, match="more labels in all") as caught:
        shop.improve(FEW)
    assert caught.value.code == "RW-IMPROVE-003"
    assert {problem.place for problem in caught.value.problems} == {"fit", "compare", "certify"}


def test_neither_unknown_labels_nor_personal_data_are_learned(shop: Shop) -> None:
    shop.run(FEW)
    rows = [(f"{text} write to eve.adams@example.org", truth) for text, truth in CASES]
    shop.take(rows)
    shop.take([(text, "DROP TABLE") for text, _ in messages(40, seed=7)])
    found = shop.improve(FEW)
    assert found.release
    assert "DROP TABLE" not in shop.load(found.digest).models["intent"].labels  # type: ignore[attr-defined]
    assert any("none of the task's" in reason for reason in found.parts.aside)
    assert "DROP TABLE" in {row.truth for row in found.parts.compare}
    with shop.store.read() as tx:
        archive = shop.store.releases.archive(tx, found.digest)
    blob = shop.models.get(json.loads(archive.files["models.json"])["intent"])
    assert b"eve.adams" not in blob
    assert b"[EMAIL_1]" in blob


def test_without_the_original_texts_the_model_gives_those_it_kept(shop: Shop) -> None:
    shop.run(FEW)
    shop.take(messages(220, seed=2))
    kept, given = shop.improve([], offer=False), shop.improve(FEW, offer=False)
    assert [one.name for one in kept.compared] == [one.name for one in given.compared]
    assert kept.winner == given.winner


def test_errors_name_what_is_missing(shop: Shop) -> None:
    with pytest.raises(NotFound) as none:
        shop.improve(FEW)
    assert none.value.code == "RW-IMPROVE-001"
    shop.run(FEW)
    with pytest.raises(InputProblem) as unknown:
        shop.improve(FEW, task="colour")
    assert unknown.value.code == "RW-IMPROVE-002"
    with pytest.raises(Refused):
        improve(shop.deployment, SHOP, "desk")


def test_a_release_without_a_model_for_the_task_says_so(shop: Shop) -> None:
    files = {"charter.yaml": DESK.encode(), "workflow.py": b"#\n"}
    build(shop.deployment, BEN, archive_of(files, {}))
    with pytest.raises(InputProblem) as caught:
        shop.improve(FEW)
    assert caught.value.code == "RW-IMPROVE-005"


PROMPT = b"Sort the message.\n\n{labels}\n\nExamples: {examples}\n\nThe message: {text}\n"


class Prompted:
    """Knows the truth by heart, and is wrong about four in ten texts unless its prompt asks it to weigh."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        named = {name: digest(content) for name, content in files.items()}
        self.digest = digest_of(named)
        self._wrong = 1 if b"weigh the two labels" in files["prompts/intent.txt"] else 4

    def predict_priced(self, text: str) -> tuple[Prediction, Cost]:
        truth = dict(CASES)[text]
        said = flipped(truth) if int(digest(text.encode())[-4:], 16) % 10 < self._wrong else truth
        return Prediction("intent", said, 0.8, "", 0.0, (), self.digest), Cost(2_000)

    def predict(self, text: str) -> Prediction:
        return self.predict_priced(text)[0]


def prompted_model(_: Charter, __: str, files: Mapping[str, bytes]) -> Prompted:
    return Prompted(files)


def test_the_variant_of_a_prompt_that_is_proven_better_is_offered_with_its_file(shop: Shop) -> None:
    listed = ", ".join(LABELS)
    task = f"floor: 0.5, model: small, prompt: prompts/intent.txt, labels: [{listed}]"
    models = 'models:\n  small: {url: "https://host/v1", model: m, read_price: 0.10 EUR, written_price: 0.20 EUR}\n'
    charter = CHARTER.replace("floor: 0.5", task) + models
    shop.prompted = prompted_model
    files = {"charter.yaml": charter.encode(), "workflow.py": b"#\n", "prompts/intent.txt": PROMPT}
    build(shop.deployment, BEN, archive_of(files, {}))
    shop.take(CASES)
    with pytest.raises(InputProblem) as caught:
        shop.improve([])
    assert caught.value.code == "RW-IMPROVE-005"
    found = shop.improve([], prompted_models=prompted_model)
    assert found.winner == "weigh the two nearest", found.why_not
    with shop.store.read() as tx:
        archive = shop.store.releases.archive(tx, found.digest)
    assert b"weigh the two labels" in archive.files["prompts/intent.txt"]
    assert {one.name: one.comparison.verdict for one in found.compared if one.kind == "prompt"}[
        "labels last"
    ] != "better"
    assert "0.000002" in found.words[-1]
    with pytest.raises(InputProblem, match="r1, r2 are all in draft") as several:
        shop.improve([], prompted_models=prompted_model)
    assert several.value.code == "RW-IMPROVE-006"
    assert shop.improve([], prompted_models=prompted_model, release="r1").again
