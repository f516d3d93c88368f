"""LanceDB's own hybrid search (its full-text index, its reciprocal rank fusion), exact vectors, with a filter applied first."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.rerankers import RRFReranker

rows_file, texts_file, folder = sys.argv[1:4]
kept = np.load(rows_file)
told = json.loads(Path(texts_file).read_text())
rows, asked, allowed = kept["rows"], kept["asked"], kept["allowed"]
home = Path(folder) / "lance"
began = time.process_time()
base = lancedb.connect(str(home))
data = pa.table(
    {
        "id": pa.array(range(len(rows))),
        "text": pa.array(told["texts"]),
        "allowed": pa.array(allowed.tolist()),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), 384),
    }
)
table = base.create_table("t", data)
table.create_fts_index("text")
built = time.process_time() - began
times, wall = [], []
for text, vector in zip(told["questions"], asked, strict=True):
    start, clock = time.process_time(), time.perf_counter()
    words = "".join(letter if letter.isalnum() else " " for letter in text)
    search = table.search(query_type="hybrid").vector(vector).text(words).distance_type("cosine")
    search.where("allowed = true", prefilter=True).rerank(RRFReranker()).limit(100).to_list()[:4]
    times.append((time.process_time() - start) * 1e3)
    wall.append((time.perf_counter() - clock) * 1e3)
print(
    json.dumps(
        {
            "query ms without embedding, CPU, both, p50": round(float(np.median(times[20:])), 2),
            "query ms without embedding, CPU, both, p95": round(float(np.quantile(times[20:], 0.95)), 2),
            "query ms without embedding, wall, both, p50": round(float(np.median(wall[20:])), 2),
            "query ms without embedding, wall, both, p95": round(float(np.quantile(wall[20:], 0.95)), 2),
            "index MB": round(
                sum(file.stat().st_size for file in home.rglob("*") if file.is_file()) / 1e6, 1
            ),
            "built, passages a second of CPU": round(len(rows) / built),
        }
    )
)
