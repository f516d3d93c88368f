"""What the benchmarks search: texts, questions with their answers, and embeddings kept between runs."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402
import report  # noqa: E402, F401 - starts again with the Python that has Roadworthy

DATA = ROOT.parent / "shared" / "data"
KEPT = HERE.parent / ".peers" / "knowledge-embeddings"


@dataclass(frozen=True)
class Labelled:
    """Texts, and questions with the numbers of the texts that answer them."""

    name: str
    texts: list[str]
    questions: list[tuple[str, frozenset[int]]]
    about: str


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def ramdocs(quick: bool) -> Labelled:
    rows = lines(DATA / "ramdocs" / "RAMDocs_test.jsonl")[: 120 if quick else 500]
    number: dict[str, int] = {}
    questions = []
    for row in rows:
        right = set()
        for document in row["documents"]:
            place = number.setdefault(document["text"], len(number))
            if document["type"] == "correct":
                right.add(place)
        questions.append((row["question"], frozenset(right)))
    return Labelled(
        "ramdocs", list(number), questions, "question -> its correct documents among those of all"
    )


def bipia(quick: bool) -> Labelled:
    rows = [row for part in ("train", "test") for row in lines(DATA / "bipia" / "email" / f"{part}.jsonl")]
    number: dict[str, int] = {}
    asked: dict[str, set[int]] = {}
    for row in rows:
        place = number.setdefault(row["context"], len(number))
        # An answer of "unknown" says that the message does not hold what is asked for.
        if row["ideal"] != "unknown":
            asked.setdefault(row["question"].removeprefix("Q: "), set()).add(place)
    questions = [(text, frozenset(right)) for text, right in asked.items()]
    return Labelled("bipia", list(number), questions, "question -> the e-mails that answer it")


def banking77(quick: bool) -> Labelled:
    rng = random.Random(7)
    read = {}
    for part in ("train", "test"):
        with (DATA / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
            read[part] = list(csv.DictReader(file))
    train = rng.sample(read["train"], 800 if quick else 3_000)
    test = rng.sample(read["test"], 150 if quick else 500)
    same: dict[str, set[int]] = {}
    for place, row in enumerate(train):
        same.setdefault(row["category"], set()).add(place)
    questions = [(row["text"], frozenset(same.get(row["category"], ()))) for row in test]
    return Labelled(
        "banking77", [row["text"] for row in train], questions, "question -> texts of its intent"
    )


def helpcentre(quick: bool) -> Labelled:
    home = ROOT / "src" / "roadworthy" / "example" / "support"
    texts, topics = [], []
    for file in sorted((home / "knowledge").glob("*.md")):
        _, head, text = file.read_text(encoding="utf-8").split("---\n", 2)
        fields = dict(line.split(":", 1) for line in head.splitlines() if ":" in line)
        if fields.get("status", "").strip() != "archived":
            texts.append(f"{fields['title'].strip()}\n{text.strip()}")
            topics.append(fields.get("topic", "").strip())
    questions = [
        (row["input"]["text"], frozenset(n for n, topic in enumerate(topics) if topic == row["expected"]))
        for row in lines(home / "evals" / "desk.jsonl")
        if "expected" in row
    ]
    return Labelled("help centre", texts, questions, "message (English, German) -> articles of its topic")


SETS = (ramdocs, bipia, banking77, helpcentre)


def labelled(quick: bool) -> list[Labelled]:
    found = [read(quick) for read in SETS if (read is helpcentre or DATA.is_dir())]
    return [
        Labelled(one.name, one.texts, [(text, right) for text, right in one.questions if right], one.about)
        for one in found
    ]


def many_texts(count: int) -> list[str]:
    """Passages of a few hundred characters: all that there are, then sentences of them in new mixtures."""
    kept = [text for one in (ramdocs(False), bipia(False), banking77(False)) for text in one.texts]
    sentences = [part for text in kept for part in re.split(r"(?<=[.!?])\s+", text) if len(part) > 20]
    rng = random.Random(1)
    while len(kept) < count:
        kept.append(" ".join(rng.sample(sentences, rng.randint(2, 6))))
    return kept[:count]


def questions(count: int) -> list[str]:
    asked = [text for one in (ramdocs(False), banking77(False)) for text, _ in one.questions]
    return random.Random(3).sample(asked, min(count, len(asked)))


def embedded(model: Any, texts: Sequence[str]) -> np.ndarray:
    """Vectors of texts, kept by model and text below a folder that git ignores."""
    KEPT.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256("\0".join((model.digest, *texts)).encode("utf-8", "replace")).hexdigest()
    file = KEPT / f"{name[:24]}.npy"
    if not file.exists():
        parts = []
        for start in range(0, len(texts), 200):
            parts.append(model.embed(texts[start : start + 200]))
            print(
                f"  embedding by {model.name}: {start + len(parts[-1]):,} of {len(texts):,}",
                file=sys.stderr,
            )
        np.save(file, np.concatenate(parts))
    return np.load(file)


def clustered(real: np.ndarray, count: int) -> np.ndarray:
    """Real vectors, then synthetic ones: each near a real one, as near as a paraphrase (cosine about 0.8)."""
    rng = np.random.default_rng(5)
    centres = real[rng.integers(0, len(real), count - len(real))]
    noise = rng.normal(size=centres.shape).astype(np.float32)
    noise *= 0.75 / np.linalg.norm(noise, axis=1, keepdims=True)
    rows = np.concatenate([real, centres + noise])
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
