"""The bar of the full data set is held by ``benchmarks/taskmodel``; this is the same on a part of it."""

import csv
from pathlib import Path

import pytest

from roadworthy.adapters.localmodels import MiniLM, TaskModel

pytest.importorskip("sklearn", reason="the extra `local` is not installed")

DATA = Path(__file__).resolve().parents[3] / "../shared/data/banking77"
LEARNED, ASKED = 77 * 20, 500


def _every(file: str, wanted: int) -> list[tuple[str, str]]:
    """So many rows, evenly spread over the file, which is sorted by label."""
    with (DATA / file).open(encoding="utf-8", newline="") as stream:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    return [rows[place * len(rows) // wanted] for place in range(wanted)]


@pytest.fixture(scope="module")
def banking() -> TaskModel:
    if not DATA.is_dir():
        pytest.skip("needs BANKING77 in ../shared/data/banking77 beside the repository")
    texts, labels = zip(*_every("train.csv", LEARNED), strict=True)
    return TaskModel.train("intent", texts, labels, seed=1, embedder=MiniLM(threads=2))


def test_of_77_intents_learned_from_some_twenty_texts_each_most_are_told_apart(banking: TaskModel) -> None:
    asked = _every("test.csv", ASKED)
    found = banking.predict_many([text for text, _ in asked])
    right = sum(prediction.label == label for prediction, (_, label) in zip(found, asked, strict=True))
    assert right / ASKED >= 0.85  # measured: 0.868


def test_wrong_predictions_are_less_sure_than_right_ones(banking: TaskModel) -> None:
    asked = _every("test.csv", 300)
    sure: dict[bool, list[float]] = {True: [], False: []}
    for prediction, (_, label) in zip(
        banking.predict_many([text for text, _ in asked]), asked, strict=True
    ):
        sure[prediction.label == label].append(prediction.confidence)
    pairs = [(right, wrong) for right in sure[True] for wrong in sure[False]]
    assert sum(right > wrong for right, wrong in pairs) / len(pairs) >= 0.80  # measured: 0.870
