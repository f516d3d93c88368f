"""Personal data: how much of it is found, how often it is seen where there is none, and what a kilobyte costs."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers import measured
from benchmarks.report import Bar, at_least, at_most

from roadworthy.data.personal import Classifier, PersonalClass

ROOT = Path(__file__).resolve().parents[2]
SHARED = (ROOT / "../shared/data").resolve()
SETS = ("synth_dataset_v2", "generated_small")
CLASSES = {
    "CREDIT_CARD": PersonalClass.CREDIT_CARD,
    "EMAIL_ADDRESS": PersonalClass.EMAIL,
    "IBAN_CODE": PersonalClass.IBAN,
    "US_SSN": PersonalClass.US_SSN,
    "IP_ADDRESS": PersonalClass.IP_ADDRESS,
    "PHONE_NUMBER": PersonalClass.PHONE,
}
F1_AT_LEAST, MICROSECONDS_AT_MOST = 0.92, 200.0
_OVERLAP = 0.5
_PEER = Path(__file__).with_name("peers") / "presidio.py"

Place = tuple[int, int, str]


class Example(NamedTuple):
    """A text, and where its structured personal data stand."""

    text: str
    places: list[Place]


class Score(NamedTuple):
    """Findings that were right, that were wrong, and what was missed."""

    right: int
    wrong: int
    missed: int

    def as_json(self) -> dict[str, object]:
        """Counts with precision, recall and F1."""
        right, wrong, missed = self
        return {
            "right": right,
            "wrong": wrong,
            "missed": missed,
            "precision": round(right / (right + wrong), 4) if right + wrong else None,
            "recall": round(right / (right + missed), 4) if right + missed else None,
            "f1": round(2 * right / (2 * right + wrong + missed), 4) if right + wrong + missed else None,
        }


def measure(*, quick: bool, peers: bool, say: Callable[[str], None]) -> tuple[dict[str, object], list[Bar]]:
    """F1 on both public sets, microseconds of CPU per kilobyte, false alarms on text without personal data.

    Counted as in the published comparison: six structured classes, a finding is right where it overlaps
    a marked place of its class by half of the longer of the two. CPU time is that of this process.
    """
    examples = {name: _examples(name) for name in SETS}
    classifier = Classifier()
    figures: dict[str, object] = {"loading": _loading()}
    say(f"loading: {figures['loading']}")
    scores: dict[str, dict[str, object]] = {}
    for name, several in examples.items():
        found = [
            [(span.start, span.end, str(span.cls)) for span in classifier.spans(each.text)]
            for each in several
        ]
        scores[name] = _scored(several, found)
        say(f"{name}: {scores[name]['all']}")
    figures["sets"] = scores
    costs = {name: _cost(classifier, several, quick=quick) for name, several in examples.items()}
    costs["banking77"] = _cost(classifier, [Example(text, []) for text in _messages()], quick=quick)
    figures["cpu"] = costs
    say(f"microseconds of CPU: {costs}")
    figures["false_alarms_per_10000_characters"] = _alarms(classifier, say)
    if peers:
        figures["presidio"] = _presidio(examples, quick=quick)
        say(f"presidio: {figures['presidio']}")
    everything: Any = scores
    bars = [
        *(at_least(f"F1 on {name}", everything[name]["all"]["f1"], F1_AT_LEAST) for name in SETS),
        at_most(f"µs of CPU per KB of {SETS[0]}", costs[SETS[0]]["per_kb"], MICROSECONDS_AT_MOST),
    ]
    return figures, bars


def _examples(name: str) -> list[Example]:
    rows = json.loads((SHARED / "presidio-research" / f"{name}.json").read_text(encoding="utf-8"))
    return [
        Example(
            row["full_text"],
            [
                (span["start_position"], span["end_position"], str(CLASSES[span["entity_type"]]))
                for span in row["spans"]
                if span["entity_type"] in CLASSES
            ],
        )
        for row in rows
    ]


def _scored(examples: Sequence[Example], found: Sequence[Sequence[Place]]) -> dict[str, object]:
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    counted = {str(cls) for cls in CLASSES.values()}
    for example, places in zip(examples, found, strict=True):
        open_places = list(example.places)
        for place in places:
            if place[2] not in counted:
                continue
            match = next((marked for marked in open_places if _overlaps(marked, place)), None)
            if match is None:
                wrong[place[2]] += 1
            else:
                right[place[2]] += 1
                open_places.remove(match)
        missed.update(marked[2] for marked in open_places)
    total = Score(right.total(), wrong.total(), missed.total())
    return {
        "all": total.as_json(),
        **{cls: Score(right[cls], wrong[cls], missed[cls]).as_json() for cls in sorted(counted)},
    }


def _overlaps(marked: Place, found: Place) -> bool:
    common = min(marked[1], found[1]) - max(marked[0], found[0])
    longer = max(marked[1] - marked[0], found[1] - found[0])
    return marked[2] == found[2] and common >= _OVERLAP * longer


def _kilobytes(examples: Sequence[Example]) -> list[str]:
    joined = " ".join(example.text for example in examples)
    return [joined[at : at + 1024] for at in range(0, len(joined), 1024)]


def _cost(classifier: Classifier, examples: Sequence[Example], *, quick: bool) -> dict[str, float]:
    """Microseconds of CPU per 1,024 characters and per single text.

    Of every text the best of several rounds counts: what other programs on the machine do to its caches
    is no part of what the search costs.
    """
    kilobytes, single = _kilobytes(examples), [example.text for example in examples]
    rounds = 8 if quick else 30
    characters = sum(map(len, kilobytes))
    per_kb = _spent(classifier, kilobytes, rounds) / characters * 1024
    per_text = _spent(classifier, single, rounds) / len(single)
    return {"per_kb": round(per_kb / 1e3, 1), "per_text": round(per_text / 1e3, 1)}


def _spent(classifier: Classifier, texts: Sequence[str], rounds: int) -> int:
    """Nanoseconds of CPU for all texts, each in its best round."""
    best = [2**62] * len(texts)
    for _ in range(rounds):
        for at, text in enumerate(texts):
            begun = time.process_time_ns()
            classifier.spans(text)
            best[at] = min(best[at], time.process_time_ns() - begun)
    return sum(best)


def _messages() -> list[str]:
    with (SHARED / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def _alarms(classifier: Classifier, say: Callable[[str], None]) -> dict[str, object]:
    """Findings in text without personal data: customers' messages, this product's code and documentation."""
    own = [path for path in sorted((ROOT / "src").rglob("*.py")) if "personal" not in path.parts]
    texts = {
        "customers' messages (banking77)": _messages(),
        "source code": [path.read_text(encoding="utf-8") for path in own],
        "documentation": [
            path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))
        ],
        "log lines": [_log_line(number) for number in range(5000)],
    }
    figures: dict[str, object] = {}
    for name, several in texts.items():
        kinds = Counter(str(span.cls) for text in several for span in classifier.spans(text))
        characters = sum(map(len, several))
        figures[name] = {
            "characters": characters,
            "rate": round(kinds.total() / characters * 10_000, 3),
            "kinds": dict(kinds.most_common()),
        }
        say(f"false alarms in {name}: {figures[name]}")
    return figures


def _log_line(number: int) -> str:
    """A line of a log with numbers of every length, none of them about a person."""
    # Knuth's multiplicative hash: varied digits, the same in every run.
    varied = number * 2654435761 % 2**32
    when = f"2026-{varied % 12 + 1:02d}-{varied % 28 + 1:02d}T{varied % 24:02d}:{varied % 60:02d}:00.{varied % 10**6:06d}Z"
    return (
        f"{when} INFO order {varied} of batch {varied * 31} shipped in {varied % 9999} ms, trace "
        f"{varied:08x}-{varied % 65536:04x}-4{varied % 4096:03x}-8{varied % 4096:03x}-{varied * 65537 % 2**48:012x}, "
        f"total {varied / 100:,.2f} EUR, build {varied % 20}.{varied % 40}.{varied % 300}.{varied % 90}, "
        f"seq={varied * 40503} offset={varied % 10**7} id={varied * 7919}"
    )


def _loading() -> dict[str, float]:
    """Milliseconds of CPU in a fresh process: importing the package, and building the classifier.

    With compiled modules, as they are after an installation; the first run compiles and is not counted.
    """
    code = (
        "import time; a = time.process_time(); import roadworthy.data.personal; b = time.process_time(); "
        "roadworthy.data.personal.Classifier(); c = time.process_time(); print((b - a) * 1e3, (c - b) * 1e3)"
    )
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(5):
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
            )
            runs.append([float(word) for word in done.stdout.split()])
    return {
        "import_ms": round(min(run[0] for run in runs[1:]), 1),
        "classifier_ms": round(min(run[1] for run in runs[1:]), 1),
    }


def _presidio(examples: dict[str, list[Example]], *, quick: bool) -> dict[str, object]:
    """The same texts through Presidio with spaCy's small English model, asked for the same six classes."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.json"
        asked.write_text(
            json.dumps(
                {
                    "sets": {name: [each.text for each in several] for name, several in examples.items()},
                    "kilobytes": _kilobytes(examples[SETS[0]])[: 15 if quick else 60],
                }
            ),
            encoding="utf-8",
        )
        answer = measured(_PEER, str(asked))
    scores = {}
    for name, several in examples.items():
        found = [
            [(start, end, str(CLASSES[entity])) for start, end, entity, _ in places]
            for places in answer["found"][name]
        ]
        scores[name] = _scored(several, found)
    return {"version": "2.2.366", "sets": scores, "us_per_kb": round(answer["us_per_kb"], 1)}
