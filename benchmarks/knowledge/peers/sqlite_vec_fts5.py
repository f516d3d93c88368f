"""sqlite-vec beside FTS5 in one file, fused by reciprocal rank; the filter is a metadata column of the vector table."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import apsw
import numpy as np
import sqlite_vec

rows_file, texts_file, folder = sys.argv[1:4]
kept = np.load(rows_file)
told = json.loads(Path(texts_file).read_text())
rows, asked, allowed = kept["rows"], kept["asked"], kept["allowed"]
path = Path(folder) / "peer.sqlite"
base = apsw.Connection(str(path))
base.enable_load_extension(True)
base.load_extension(sqlite_vec.loadable_path())
base.execute("PRAGMA journal_mode=WAL")
began = time.process_time()
base.execute("CREATE VIRTUAL TABLE v USING vec0(row float[384] distance_metric=cosine, allowed integer)")
base.execute("CREATE TABLE chunk (id INTEGER PRIMARY KEY, allowed INTEGER, text TEXT)")
base.execute(
    "CREATE VIRTUAL TABLE w USING fts5(text, content='chunk', content_rowid='id', tokenize='porter unicode61')"
)
with base:
    for number, text in enumerate(told["texts"]):
        base.execute("INSERT INTO chunk VALUES (?, ?, ?)", (number, int(allowed[number]), text))
        base.execute("INSERT INTO w (rowid, text) VALUES (?, ?)", (number, text))
        base.execute(
            "INSERT INTO v (rowid, row, allowed) VALUES (?, ?, ?)",
            (number, rows[number].tobytes(), int(allowed[number])),
        )
built = time.process_time() - began
times: dict[str, list[float]] = {"vectors": [], "words": [], "both": []}
wall = []
for text, vector in zip(told["questions"], asked, strict=True):
    start, clock = time.process_time(), time.perf_counter()
    near = base.execute(
        "SELECT rowid FROM v WHERE row MATCH ? AND k = 100 AND allowed = 1", (vector.tobytes(),)
    ).fetchall()
    middle = time.process_time()
    query = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", text.lower())))
    words = base.execute(
        "SELECT w.rowid FROM w JOIN chunk ON chunk.id = w.rowid WHERE w MATCH ? AND allowed = 1 ORDER BY bm25(w) LIMIT 100",
        (query,),
    ).fetchall()
    points: dict[int, float] = {}
    for order in (near, words):
        for rank, (number,) in enumerate(order, 1):
            points[number] = points.get(number, 0.0) + 1 / (60 + rank)
    best = sorted(points, key=lambda number: -points[number])[:4]
    base.execute(
        "SELECT text FROM chunk WHERE id IN (?, ?, ?, ?)", best + [-1] * (4 - len(best))
    ).fetchall()
    end = time.process_time()
    wall.append((time.perf_counter() - clock) * 1e3)
    for name, seconds in (("vectors", middle - start), ("words", end - middle), ("both", end - start)):
        times[name].append(seconds * 1e3)
found: dict[str, object] = {}
for name, values in times.items():
    found[f"query ms without embedding, CPU, {name}, p50"] = round(float(np.median(values[20:])), 2)
    found[f"query ms without embedding, CPU, {name}, p95"] = round(float(np.quantile(values[20:], 0.95)), 2)
found["query ms without embedding, wall, both, p50"] = round(float(np.median(wall[20:])), 2)
found["query ms without embedding, wall, both, p95"] = round(float(np.quantile(wall[20:], 0.95)), 2)
found["index MB"] = round(path.stat().st_size / 1e6, 1)
found["built, passages a second of CPU"] = round(len(rows) / built)
print(json.dumps(found))
