#!/usr/bin/env python3
"""Does a search ever show what its reader may not see, and does anything stay of a person who is erased?

    benchmarks/knowledge/rights.py [--quick] [--json]

Leaks: documents with random demands (class, groups, region, purpose, people), readers with random rights, questions by words,
meaning and both, asked for everything there is; every pair of reader and document is looked at against ``may_read``: nothing
outside it may be shown, and with a question that fits all of them nothing inside it may be missing.
Erasure: one person is erased from a file in which their letters lie between others, some replaced or removed before. What
is looked for in the bytes of the file and its log: the name, owner and pseudonym, every vector, and of each passage a word of
its own of twenty letters, by its last sixteen, since full text keeps only the end of a word that begins as its neighbour does.
None of these stands anywhere by chance; those of other people must all still be there, so the search would have found them.
"""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import date
from pathlib import Path

import material as m  # noqa: F401 - finds the package and the report
import numpy as np
from report import Bar, arguments, at_least, report

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.adapters.fts5.vectors import quantized
from roadworthy.knowledge import KEEPER, Access, Block, Chunk, Document, Reader, may_read
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import Query
from roadworthy.quantities import digest_of

TODAY = date(2026, 3, 1)
MODEL = digest_of("random rows")
GROUPS, PEOPLE = ("staff", "board", "claims", "legal"), tuple(f"person{n}" for n in range(12))


def some(rng: random.Random, names: tuple[str, ...], most: int) -> frozenset[str]:
    return frozenset(rng.sample(names, rng.randint(0, most)))


def demands(rng: random.Random) -> Access:
    groups = None if rng.random() < 0.4 else some(rng, GROUPS, 2)
    purpose = frozenset({rng.choice(("support", "sales"))})
    region = rng.choice(("any", "any", "eu", "us"))
    people = some(rng, PEOPLE, 2) if rng.random() < 0.3 else frozenset()
    return Access(Marking("untrusted", rng.randint(0, 3), region, purpose, people), groups)


def a_reader(rng: random.Random) -> Reader:
    region, purpose = rng.choice(("", "eu", "us")), rng.choice(("", "support", "sales"))
    return Reader(some(rng, GROUPS, 3), rng.randint(0, 3), region, purpose, some(rng, PEOPLE, 3))


def a_letter(rng: random.Random, person: str) -> tuple[Document, str, list[Chunk]]:
    """A document about a person, of three passages with a word of its own each."""
    name = own_word(rng)
    texts = [f"a letter {own_word(rng)} about an account, passage {part}" for part in range(3)]
    access = Access(Marking("untrusted", 1, "any", frozenset({"support"}), frozenset({person})))
    blocks = tuple(Block("paragraph", text) for text in texts)
    passages = [Chunk(f"{name}-{n}", name, n, (), text, 0, 1) for n, text in enumerate(texts)]
    return Document(name, name, blocks, access, owner=own_word(rng)), "1", passages


def own_word(rng: random.Random) -> str:
    # No vowels: the stemmer of English takes no ending off.
    return "".join(rng.choices("bdfgkmnpqrtvxz", k=20))


def left(home: Path, marks: list[bytes]) -> int:
    content = b"".join(file.read_bytes() for file in home.iterdir())
    return sum(mark in content for mark in marks)


def erased(letters: int, *, runs: int) -> tuple[int, int, int, int]:
    """(what was found of a person before, documents erased, found after, what of others was lost), added up."""
    told = [0, 0, 0, 0]
    for run in range(runs):
        rng, noise = random.Random(run), np.random.default_rng(run)
        marks: dict[str, list[bytes]] = {"hers": [], "others": []}
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            index = Fts5Index(home / "knowledge.sqlite", use_case="b", source="s", version="1")
            person = own_word(rng)
            marks["hers"].append(person.encode())
            for start in range(0, letters, 20):
                put = [a_letter(rng, person if n % 3 == 0 else own_word(rng)) for n in range(20)]
                index.put(put)
                waiting = {one.chunk: place for place, one in enumerate(index.waiting(MODEL, limit=10_000))}
                rows = noise.normal(size=(len(waiting), 64)).astype(np.float32)
                index.keep_vectors(MODEL, list(waiting), rows)
                small = quantized(rows)
                for document, _, passages in put:
                    whose = marks["hers" if person in document.access.marking.subjects else "others"]
                    whose += [document.name.encode(), document.owner.encode()]
                    for one in passages:
                        whose += [one.text.split()[2][4:].encode(), small[waiting[one.id]].tobytes()]
                if start % 60 == 0:
                    # Removed and replaced before: what they said is to be gone from the file, too.
                    index.remove([put[0][0].name])
                    index.put([(put[3][0], "2", put[3][2][:1])])
            hers, others = left(home, marks["hers"]), left(home, marks["others"])
            told[0] += hers
            told[1] += len(index.erase(person).documents)
            told[2] += left(home, marks["hers"]) + len(index.search(Query(person, KEEPER, TODAY, 10)))
            told[3] += others - left(home, marks["others"])
            index.close()
    return told[0], told[1], told[2], told[3]


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    documents, readers = (200, 60) if options.quick else (500, 220)
    rng, noise = random.Random(11), np.random.default_rng(11)
    leaks = missing = pairs = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        index = Fts5Index(home / "knowledge.sqlite", use_case="b", source="s", version="1")
        held = {f"letter{number:04}": demands(rng) for number in range(documents)}
        texts = {
            name: [f"account {name} passage {part} " + " ".join(some(rng, PEOPLE, 4)) for part in range(2)]
            for name in held
        }
        index.put(
            [
                (
                    Document(name, name, tuple(Block("paragraph", text) for text in texts[name]), access),
                    "1",
                    [Chunk(f"{name}-{n}", name, n, (), text, 0, 1) for n, text in enumerate(texts[name])],
                )
                for name, access in held.items()
            ]
        )
        waiting = index.waiting(MODEL, limit=10_000)
        rows = noise.normal(size=(len(waiting), 64)).astype(np.float32)
        index.keep_vectors(MODEL, [one.chunk for one in waiting], rows)
        for _ in range(readers):
            reader = a_reader(rng)
            vectors = ((MODEL, noise.normal(size=64).astype(np.float32)),)
            shown: set[str] = set()
            for means in ("words", "meaning", "both"):
                for top_k in (1, 4, 10_000):
                    hits = index.search(Query("account passage", reader, TODAY, top_k, vectors, means))
                    shown |= {hit.chunk.document for hit in hits}
            listed = {one.name for one in index.documents(reader, limit=10_000)[0]}
            for name, access in held.items():
                pairs += 1
                allowed = may_read(reader, access)
                leaks += (name in shown or name in listed) and not allowed
                missing += allowed and not (name in shown and name in listed)
        index.close()
    before, forgotten, after, others = erased(60 if options.quick else 400, runs=1 if options.quick else 4)
    figures: dict[str, object] = {
        "reader-document pairs": pairs,
        "leaks": leaks,
        "readable and not shown": missing,
        "documents erased": forgotten,
        "words and vectors of them found in the files before": before,
        "and after": after,
        "of others lost by it": others,
    }
    if not options.json:
        for name, value in figures.items():
            print(f"  {name}: {value}")
    bars = [
        Bar("leaks", leaks, 0, leaks == 0),
        Bar("readable and not shown", missing, 0, missing == 0),
        at_least("reader-document pairs", pairs, 10_000 if options.quick else 100_000),
        Bar("words and vectors left after an erasure", after, 0, after == 0 < before),
        Bar("words and vectors of others lost by it", others, 0, others == 0),
    ]
    return report("knowledge: rights", figures, bars)


if __name__ == "__main__":
    sys.exit(main())
