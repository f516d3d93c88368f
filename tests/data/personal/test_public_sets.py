"""The two public sets of Presidio's authors, counted as the published comparison counts."""

import csv
import json
from pathlib import Path

import pytest

from roadworthy.data.personal import Classifier

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
CLASSIFIER = Classifier()
CLASSES = {
    "CREDIT_CARD": "credit_card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "us_ssn",
    "IP_ADDRESS": "ip_address",
    "PHONE_NUMBER": "phone",
}


def shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{parts[0]} is not at hand: it lies in ../shared/data beside the checkout")
    return path


@pytest.mark.parametrize("name", ["synth_dataset_v2", "generated_small"])
def test_structured_data_are_found_and_little_else(name: str) -> None:
    right = wrong = missed = 0
    for row in json.loads(shared("presidio-research", f"{name}.json").read_text(encoding="utf-8")):
        marked = [
            (span["start_position"], span["end_position"], CLASSES[span["entity_type"]])
            for span in row["spans"]
            if span["entity_type"] in CLASSES
        ]
        for span in CLASSIFIER.spans(row["full_text"]):
            if span.cls not in CLASSES.values():
                continue
            match = next(
                (
                    place
                    for place in marked
                    if place[2] == span.cls
                    and min(place[1], span.end) - max(place[0], span.start)
                    >= max(place[1] - place[0], span.end - span.start) / 2
                ),
                None,
            )
            if match is None:
                wrong += 1
            else:
                right += 1
                marked.remove(match)
        missed += len(marked)
    assert right / (right + wrong) >= 0.97
    assert right / (right + missed) >= 0.97


def test_customers_questions_without_personal_data_raise_no_alarm() -> None:
    with shared("banking77", "train.csv").open(encoding="utf-8", newline="") as file:
        alarms = [span for row in csv.DictReader(file) for span in CLASSIFIER.spans(row["text"])]
    assert alarms == []
