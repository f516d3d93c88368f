"""Clusters of dedupe 3.0.3 for the early-childhood sites, trained with 30 matching and 30 other pairs of the truth.

Arguments: the CSV with ``True Id``, a seed. The four fields and their cleaning are those of dedupe's own example for
these data. Last line: the clusters as lists of row numbers, and the CPU seconds.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sys
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path

# This file is called like the library that it measures.
sys.path = [one for one in sys.path if Path(one or ".").resolve() != Path(__file__).resolve().parent]
import dedupe  # noqa: E402 - see above

FIELDS = ("Site name", "Address", "Zip", "Phone")
LABELS = 30


def clean(text: str) -> str | None:
    text = re.sub(r"  +", " ", text.replace("\n", " "))
    return text.strip().strip('"').strip("'").lower().strip() or None


def main(path: str, seed: int) -> None:
    chance = random.Random(seed)
    random.seed(seed)
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth = [row["True Id"] for row in rows]
    data = {at: {name: clean(row[name]) for name in FIELDS} for at, row in enumerate(rows)}
    of = defaultdict(list)
    for at, one in enumerate(truth):
        of[one].append(at)
    same = [pair for members in of.values() for pair in combinations(members, 2)]
    same = chance.sample(same, LABELS)
    different: list[tuple[int, int]] = []
    while len(different) < LABELS:
        # Half of them share a word of the name, as the pairs do that dedupe asks a person about.
        a, b = chance.sample(range(len(rows)), 2)
        words = [set((data[one]["Site name"] or "").split()) for one in (a, b)]
        if truth[a] != truth[b] and (len(different) % 2 or words[0] & words[1]):
            different.append((a, b))
    training = {
        "match": [[data[a], data[b]] for a, b in same],
        "distinct": [[data[a], data[b]] for a, b in different],
    }
    begun = time.process_time()
    deduper = dedupe.Dedupe(
        [
            dedupe.variables.String("Site name"),
            dedupe.variables.String("Address"),
            dedupe.variables.Exact("Zip", has_missing=True),
            dedupe.variables.String("Phone", has_missing=True),
        ],
        num_cores=0,
    )
    deduper.prepare_training(data, training_file=io.StringIO(json.dumps(training)))
    deduper.train()
    clusters = [[int(one) for one in members] for members, _ in deduper.partition(data, 0.5)]
    print(json.dumps({"clusters": clusters, "cpu_s": round(time.process_time() - begun, 2)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
