"""The two orders of a search, both of nothing but what the reader may read."""

# ruff: noqa: S608 - names of tables and columns are those of this package; every value is bound
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from roadworthy.adapters.pgvector.database import Session
from roadworthy.adapters.pgvector.writing import models, vector_table, words_of
from roadworthy.ports.knowledge import Vectors
from roadworthy.quantities import Digest

QUERY_CHARS = 10_000
QUERY_WORDS = 64
"""Of a question: characters looked at, and different words looked up, the first ones."""
EXACT_UP_TO = 20_000
"""Readable vectors up to which all are compared, where a graph might stop before it finds enough of them."""

# Robertson and Zaragoza 2009, with k1 = 1.2 and b = 0.75. How often a word stands in a passage is read off `ts_rank`
# of that one word: 0.0608 for once, growing with the sum of 1, 1/4, 1/9 …, which is as soon sated as k1 makes it.
_BY_WORDS = """
WITH asked AS (
  SELECT DISTINCT q FROM unnest(%s::text[]) AS word, plainto_tsquery('knowledge.words', word) AS q WHERE numnode(q) > 0
), readable AS (
  SELECT count(*)::float8 AS size, coalesce(avg(length(words)), 1)::float8 AS mean
  FROM knowledge.chunk WHERE home = %s AND access = ANY(%s)
), found AS (
  SELECT chunk.id, chunk.document, chunk.ordinal, length(chunk.words)::float8 AS length, asked.q::text AS q,
    ts_rank(chunk.words, asked.q)::float8 / 0.06079271 AS times
  FROM asked JOIN knowledge.chunk ON chunk.words @@ asked.q WHERE home = %s AND access = ANY(%s)
), told AS (
  SELECT found.*, ln(1 + (size - frequency + 0.5) / (frequency + 0.5)) AS telling, mean
  FROM found JOIN (SELECT q, count(*)::float8 AS frequency FROM found GROUP BY q) AS f USING (q), readable
)
SELECT id, score FROM (
  SELECT id, score, row_number() OVER (ORDER BY score DESC, name, ordinal) AS place FROM (
    SELECT told.id, name, told.ordinal,
      sum(telling * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / mean)) ORDER BY q) AS score
    FROM told JOIN knowledge.document ON document.id = told.document GROUP BY told.id, name, told.ordinal
  ) AS scored
) AS ranked WHERE place <= %s OR id = ANY(%s)
"""


def by_words(
    session: Session, home: int, readable: list[int], text: str, count: int, *, also: list[int]
) -> dict[int, float]:
    """BM25 of the best chunks, and of others that hold a word of the question."""
    words = list(dict.fromkeys(words_of(text[:QUERY_CHARS])))[:QUERY_WORDS]
    if not words:
        return {}
    rows = session.rows(_BY_WORDS, words, home, readable, home, readable, count, also)
    return {row[0]: float(row[1]) for row in rows}


def by_meaning(
    session: Session,
    home: int,
    readable: list[int],
    vectors: Sequence[tuple[Digest, Vectors]],
    count: int,
) -> list[int]:
    """The chunks that each model finds nearest, of those that no better model has."""
    known = models(session, home)
    better: list[str] = []
    nearest: list[int] = []
    for model, vector in vectors:
        if model not in known or not np.isfinite(vector).all() or not vector.any():
            continue
        table = vector_table(home, known[model][0])
        lacking = "".join(
            f" AND NOT EXISTS (SELECT 1 FROM {one} b WHERE b.chunk = v.chunk)" for one in better
        )
        source = (
            f"FROM {table} v JOIN knowledge.chunk ON chunk.id = v.chunk WHERE access = ANY(%s){lacking}"
        )
        compared = session.one(f"SELECT count(*) {source}", readable)
        size = int(compared[0]) if compared else 0
        # Below the bound the graph is passed by: it could stop before it has met enough that may be read.
        session.run(f"SET LOCAL enable_indexscan = {'on' if size > EXACT_UP_TO else 'off'}")
        session.run("SET LOCAL hnsw.iterative_scan = strict_order")
        session.run(f"SET LOCAL hnsw.ef_search = {min(max(count, 40), 1_000):d}")
        if size > EXACT_UP_TO:
            rows = session.rows(
                f"SELECT v.chunk {source} ORDER BY v.row <=> %s::halfvec LIMIT %s",
                readable, written(vector), count,
            )  # fmt: skip
        else:
            rows = session.rows(
                f"SELECT v.chunk FROM (SELECT v.chunk, chunk.document, chunk.ordinal, v.row <=> %s::halfvec AS away"
                f" {source} AND l2_norm(v.row) > 0) v JOIN knowledge.document ON document.id = v.document"
                " ORDER BY away, name, ordinal LIMIT %s",
                written(vector), readable, count,
            )  # fmt: skip
        better.append(table)
        nearest += [row[0] for row in rows]
    session.run("SET LOCAL enable_indexscan = on")
    return nearest


def similarities(
    session: Session, home: int, chunks: Sequence[int], vectors: Sequence[tuple[Digest, Vectors]]
) -> dict[int, float]:
    """The cosine of each chunk to the question, by the best model that has it; a blank text is close to nothing."""
    known = models(session, home)
    found: dict[int, float | None] = {}
    for model, vector in vectors:
        if model in known and np.isfinite(vector).all() and vector.any():
            rows = session.rows(
                "SELECT chunk, CASE WHEN l2_norm(row) > 0 THEN 1 - (row <=> %s::halfvec) END"
                f" FROM {vector_table(home, known[model][0])} WHERE chunk = ANY(%s)",
                written(vector), [chunk for chunk in chunks if chunk not in found],
            )  # fmt: skip
            found.update((row[0], row[1]) for row in rows)
    return {chunk: float(cosine) for chunk, cosine in found.items() if cosine is not None}


def written(row: Vectors) -> str:
    """The row as pgvector reads it."""
    return "[" + ",".join(f"{number:.6g}" for number in row.tolist()) + "]"
