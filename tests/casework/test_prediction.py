from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.casework.prediction import Neighbour, Prediction
from roadworthy.errors import Corrupt
from roadworthy.quantities import canonical, digest

MODEL = digest(b"model")
PREDICTION = Prediction(
    "intent", "refund", 0.8, "delivery", 0.1, (Neighbour("Money back, please", "refund", 0.9),), MODEL
)

shares = st.floats(0, 1)
neighbours = st.builds(Neighbour, st.text(max_size=20), st.text(max_size=5), shares)


@settings(max_examples=60)
@given(st.tuples(shares, shares), st.lists(neighbours, max_size=5))
def test_what_was_written_is_read_again(confidences: tuple[float, float], nearest: list[Neighbour]) -> None:
    least, most = sorted(confidences)
    prediction = Prediction("intent", "refund", most, "delivery", least, tuple(nearest), MODEL)
    assert Prediction.from_json(prediction.as_json()) == prediction


def test_a_prediction_is_plain_json() -> None:
    assert canonical(PREDICTION.as_json()).startswith(b'{"confidence":0.8,')


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"label": 3}, "`label` is no text"),
        ({"model": None}, "`model` is no text"),
        ({"confidence": 1.2}, "`confidence` is no number between 0 and 1"),
        ({"confidence": float("nan")}, "`confidence` is no number between 0 and 1"),
        ({"confidence": True}, "`confidence` is no number between 0 and 1"),
        ({"nearest": "none"}, "`nearest` is no list"),
        ({"nearest": ["a text"]}, "an object was expected"),
        ({"nearest": [{"text": "a", "label": "b"}]}, "`similarity` is no number between 0 and 1"),
        ({"runner_up_confidence": 0.9}, "a runner-up is never surer than the label itself"),
    ],
)
def test_a_stored_prediction_that_is_something_else_says_what_is_wrong(
    changes: dict[str, Any], broken: str
) -> None:
    with pytest.raises(Corrupt) as caught:
        Prediction.from_json(PREDICTION.as_json() | changes)
    assert caught.value.code == "RW-PREDICTION-001"
    assert caught.value.broken == (broken,)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_confidence_lies_between_0_and_1(confidence: float) -> None:
    with pytest.raises(ValueError, match="`confidence` lies between 0 and 1"):
        Prediction("intent", "refund", confidence, "delivery", 0.0, (), MODEL)
