#!/usr/bin/env python3
"""How long does a hybrid question take over 50,000 passages of 384 numbers, asked by a reader of a third of them?

    benchmarks/knowledge/speed.py [--quick] [--json] [--peers]

One core. The clock runs over embedding the question by MiniLM (each question once: no memory of earlier ones helps), both
orders under the reader's rights, and reading the four best. Texts: RAMDocs, BIPIA and BANKING77 whole, then mixtures of their
sentences. Vectors: MiniLM's own for the first part, then synthetic ones around them. Peers get the same texts, vectors,
questions and filter, and the same words rule of their makers (OR of the words of the question).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import material as m
import numpy as np
from peers import measured
from report import arguments, at_most, report

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.adapters.localmodels.embedding import MiniLM
from roadworthy.knowledge import Access, Chunk, Document, Reader
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import Query

GROUPS = 30
MINE = frozenset(f"g{number}" for number in range(0, GROUPS, 3))
TODAY = date(2026, 3, 1)


def access(number: int) -> Access:
    marking = Marking("trusted", 0, "any", frozenset({"any"}), frozenset())
    return Access(marking, frozenset({f"g{number % GROUPS}"}))


def quantiles(seconds: list[float]) -> list[float]:
    return [round(float(value), 2) for value in np.quantile(np.array(seconds) * 1e3, [0.1, 0.5, 0.95])]


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--peers", action="store_true", help="measure sqlite-vec and LanceDB beside ours")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    count, asked = (10_000, 60) if options.quick else (50_000, 300)
    model = MiniLM()
    texts = m.many_texts(count)
    # Both sets are embedded for the quality part, too, and kept.
    real = np.concatenate([m.embedded(model, one.texts) for one in (m.ramdocs(False), m.bipia(False))])
    rows = m.clustered(real, count).astype(np.float32)
    questions = m.questions(asked + 20)
    figures: dict[str, object] = {
        "passages": count,
        "MiniLM vectors": len(real),
        "synthetic vectors": count - len(real),
    }
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        index = Fts5Index(Path(folder) / "knowledge.sqlite", use_case="b", source="s", version="1")
        names = [f"t{place:06}" for place in range(count)]
        for start in range(0, count, 500):
            index.put(
                [
                    (
                        Document(name, name, (), access(start + n)),
                        "1",
                        [Chunk(name, name, 0, (), text, 0, len(text))],
                    )
                    for n, (name, text) in enumerate(
                        zip(names[start : start + 500], texts[start : start + 500], strict=True)
                    )
                ]
            )
        for start in range(0, count, 1_000):
            index.keep_vectors(model.digest, names[start : start + 1_000], rows[start : start + 1_000])
        figures["built, passages a second of CPU, embedding aside"] = round(
            count / (time.process_time() - began)
        )
        figures["index MB"] = round(index.state().bytes / 1e6, 1)
        reader = Reader(groups=MINE)
        cpu: list[float] = []
        wall: list[float] = []
        embedding: list[float] = []
        for text in questions:
            clock, process = time.perf_counter(), time.process_time()
            row = model.embed([text])[0]
            embedding.append(time.process_time() - process)
            index.search(Query(text, reader, TODAY, 4, ((model.digest, row),)))
            cpu.append(time.process_time() - process)
            wall.append(time.perf_counter() - clock)
        figures["first question ms, rows read into memory"] = round(cpu[0] * 1e3)
        searching = [whole - part for whole, part in zip(cpu, embedding, strict=True)]
        told = {
            "CPU": cpu,
            "wall": wall,
            "of it embedding, CPU": embedding,
            "of it searching, CPU": searching,
        }
        for name, values in told.items():
            # The first tenth tells what a machine that does nothing else would take.
            for quantile, value in zip(("p10", "p50", "p95"), quantiles(values[20:]), strict=True):
                figures[f"query ms, {name}, {quantile}"] = value
        index.close()
        if options.peers:
            file = Path(folder) / "material.npz"
            allowed = np.array([f"g{n % GROUPS}" in MINE for n in range(count)])
            np.savez(
                file,
                rows=rows,
                asked=np.array([model.embed([text])[0] for text in questions]),
                allowed=allowed,
            )
            written = Path(folder) / "texts.json"
            written.write_text(json.dumps({"texts": texts, "questions": questions}))
            for peer in ("sqlite_vec_fts5", "lancedb_hybrid"):
                try:
                    found = measured(
                        m.HERE / "peers" / f"{peer}.py", str(file), str(written), folder, timeout_s=1_800
                    )
                except RuntimeError as fault:
                    figures[f"{peer}: failed"] = str(fault)[-300:]
                    continue
                figures.update({f"{peer}: {name}": value for name, value in found.items()})
    if not options.json:
        for name, value in figures.items():
            print(f"  {name}: {value}")
    bar = at_most("hybrid query p50, ms of CPU, MiniLM included", figures["query ms, CPU, p50"], 15)
    return report("knowledge: speed", figures, [bar], packages=("numkong", "onnxruntime"))


if __name__ == "__main__":
    sys.exit(main())
