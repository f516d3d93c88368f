"""What a task model answers to labelled cases, and what that takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from roadworthy.casework.label import Label
from roadworthy.casework.prediction import Prediction
from roadworthy.operate.deployment import Prices
from roadworthy.ports import PricedTaskModel, Progress, TaskModel
from roadworthy.quantities import Cost

_BATCH: Final = 256


@runtime_checkable
class AnswersMany(Protocol):
    """A task model that answers several texts in less time than one by one."""

    def predict_many(self, texts: Sequence[str]) -> Sequence[Prediction]:
        """A prediction for each text, in order."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of one model to labelled cases.

    ``right`` per case, as the pilot counts: a case that is nobody's to answer is right where the model
    abstains. ``scores`` are confidences, ``proposes`` says where the model gives an answer at all.
    ``cpu_s`` is processor time for all of them, ``cost`` what they cost with it.
    """

    rows: tuple[Label, ...]
    right: NDArray[np.bool_]
    scores: NDArray[np.float64]
    proposes: NDArray[np.bool_]
    cpu_s: float
    cost: Cost

    @property
    def accuracy(self) -> float:
        return float(self.right.mean()) if len(self.rows) else 0.0

    @property
    def cpu_ms_each(self) -> float:
        return 1_000 * self.cpu_s / max(1, len(self.rows))

    @property
    def cost_each(self) -> Cost:
        return Cost(self.cost.nano // max(1, len(self.rows)), self.cost.currency)


def answer(
    model: TaskModel,
    rows: Sequence[Label],
    *,
    abstain: AbstractSet[str],
    prices: Prices,
    progress: Progress = lambda part, doing: None,
) -> Answered:
    """Ask the model about every case.

    Errors: whatever the model raises: a comparison without all of its answers would be another one.
    """
    predictions: list[Prediction] = []
    paid = Cost(0)
    begun = time.process_time()
    for start in range(0, len(rows), _BATCH):
        texts = [row.text for row in rows[start : start + _BATCH]]
        if isinstance(model, AnswersMany):
            predictions += model.predict_many(texts)
        elif isinstance(model, PricedTaskModel):
            for text in texts:
                prediction, cost = model.predict_priced(text)
                predictions.append(prediction)
                paid += cost
        else:
            predictions += [model.predict(text) for text in texts]
        progress(min(1.0, (start + _BATCH) / len(rows)), "asking")
    cpu_s = time.process_time() - begun
    work = Cost(round(prices.cpu_second.nano * cpu_s), prices.cpu_second.currency)
    proposes = np.array([bool(one.label) and one.label not in abstain for one in predictions], dtype=bool)
    return Answered(
        rows=tuple(rows),
        right=np.array(
            [_is_right(one.label, row.truth, abstain) for one, row in zip(predictions, rows, strict=True)],
            dtype=bool,
        ),
        scores=np.array([one.confidence for one in predictions], dtype=np.float64),
        proposes=proposes,
        cpu_s=cpu_s,
        cost=paid + work,
    )


def _is_right(label: str, truth: str, abstain: AbstractSet[str]) -> bool:
    return label == truth or (truth in abstain and (not label or label in abstain))
