"""The loop that improves, on real messages: few labels, production, outcomes, and a draft that really is better."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.measure.improving.shop import Shop, Texts
from tests.operate.office import OLGA, SHOP

from roadworthy.operate.intake import submit
from roadworthy.operate.outcomes import record_outcome
from roadworthy.stage import Stage

BANKING77 = (Path(__file__).resolve().parents[2] / "../shared/data/banking77").resolve()
QUEUES, LEARNED, CASES, HELD_OUT = 12, 6, 560, 15
"""Queues, texts a queue that the first release learned from, cases in production, texts a queue kept apart."""


def texts_of(name: str) -> dict[str, list[str]]:
    with (BANKING77 / name).open(encoding="utf-8", newline="") as file:
        found: dict[str, list[str]] = defaultdict(list)
        for row in csv.DictReader(file):
            if len(row["text"]) <= 200:
                found[row["category"]].append(row["text"])
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    if not BANKING77.is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI runs with ../shared/data/banking77 beside the checkout, and it is not there")
        pytest.skip("BANKING77 is not at hand: it lies in ../shared/data beside the checkout")
    shop = Shop(tmp_path)
    yield shop
    shop.store.close()


def test_what_production_taught_is_offered_and_is_better_on_messages_kept_apart(shop: Shop) -> None:
    train, test = texts_of("train.csv"), texts_of("test.csv")
    queues = sorted(train, key=lambda queue: -len(train[queue]))[:QUEUES]
    first: Texts = [(text, queue) for queue in queues for text in train[queue][:LEARNED]]
    rest = [[(text, queue) for text in train[queue][LEARNED:]] for queue in queues]
    traffic: Texts = [row for turn in zip(*rest, strict=False) for row in turn][:CASES]
    held_out: Texts = [(text, queue) for queue in queues for text in test[queue][:HELD_OUT]]

    running = shop.run(first)
    for number, (text, _) in enumerate(traffic):
        data = {"text": text, "sender": f"customer-{number}@example.com"}
        submit(shop.deployment, SHOP, "desk", f"M-{number}", data)
    shop.work()
    for number, (_, queue) in enumerate(traffic):
        record_outcome(shop.deployment, OLGA, "desk", f"M-{number}", truth=queue, source="crm")

    found = shop.improve(first)
    assert found.release == "r2", found.why_not
    assert (
        shop.load(running.digest).models["intent"].digest != shop.load(found.digest).models["intent"].digest
    )

    def accuracy(digest: str) -> float:
        said = shop.load(digest).models["intent"].predict_many([text for text, _ in held_out])  # type: ignore[attr-defined]
        return sum(one.label == queue for one, (_, queue) in zip(said, held_out, strict=True)) / len(
            held_out
        )

    before, after = accuracy(running.digest), accuracy(found.digest)
    assert after > before + 0.05
    interval = found.compared[0].comparison.interval
    assert interval is not None
    assert interval.low - 0.08 < after - before < interval.high + 0.08
    with shop.store.read() as tx:
        rollout = shop.store.releases.rollout(tx, "desk")
    assert rollout.named("r2").stage is Stage.DRAFT
    assert rollout.at(Stage.PRODUCTION) is not None
    told = json.dumps(found.as_json())
    assert not any(text in told for text, _ in traffic)
