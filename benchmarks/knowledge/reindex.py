#!/usr/bin/env python3
"""How long does it take to bring an index up to date after one document in a hundred changed?

    benchmarks/knowledge/reindex.py [--quick] [--json]

Markdown files in folders, each of a few hundred words made of sentences of RAMDocs, BIPIA and BANKING77. The whole road is
measured: listing, reading, cutting, full text, vectors. First everything with the instant model (static), then a smaller share
of the files with MiniLM above it, as passages are embedded where nothing else is said. Between builds one paragraph of every
hundredth document is written anew; then nothing changes; then every hundredth document is deleted. Each build opens source
and index anew, as another process would; the models are loaded before the clock runs. CPU counts all threads.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import material as m
from report import Bar, arguments, at_most, report

from roadworthy.knowledge import KEEPER, Access
from roadworthy.operate.knowledge.building import Built, build
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import Embedder, KnowledgeSource, Query
from roadworthy.wiring.knowledge_index import embedders, open_index
from roadworthy.wiring.knowledge_sources import open_folder

TODAY = date(2026, 3, 1)
PUBLIC = Access(Marking("trusted", 0, "any", frozenset({"any"}), frozenset()))
CHUNK_CHARS = 1_200
SHARE, EXTRA_S = 0.02, 1.0
NEW_WORD, STEPS = "quokkatransfer", ("full", "1 % changed", "nothing changed", "1 % deleted")


def written(folder: Path, count: int) -> list[Path]:
    """So many documents below a folder, in subfolders of a hundred."""
    texts = m.many_texts(count * 4)
    # Real texts first: shuffled, so that every part of the documents is made alike.
    random.Random(2).shuffle(texts)
    files = []
    for number in range(count):
        file = folder / f"{number // 100:03}" / f"document-{number:05}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        parts = texts[number * 4 : number * 4 + 4]
        body = "\n\n".join(f"## Part {place}\n\n{text}" for place, text in enumerate(parts, 1))
        file.write_text(f"# Document {number}\n\n{body}\n", encoding="utf-8")
        files.append(file)
    return files


class Builds:
    """Builds of one folder, with what each took."""

    def __init__(self, name: str, home: Path, models: tuple[Embedder, ...], *, quiet: bool) -> None:
        self._name, self._home, self._models, self._quiet = name, home, models, quiet
        self.figures: dict[str, object] = {}
        self.took: dict[str, tuple[float, float]] = {}

    def run(self, step: str) -> Built:
        print(f"  {self._name}: {step}", file=sys.stderr, flush=True)
        base = self._opened()
        wall, process = time.perf_counter(), time.process_time()
        done = build(base)
        self.took[step] = time.perf_counter() - wall, time.process_time() - process
        self.figures[f"{self._name}, {step}: seconds, wall and CPU"] = [
            round(each, 2) for each in self.took[step]
        ]
        if not self._quiet:
            spent = "wall {:.2f} s, CPU {:.2f} s".format(*self.took[step])
            print(f"  {self._name}, {step}: {spent}; {done.in_words}", flush=True)
        return done

    def found(self, text: str) -> set[str]:
        hits = self._opened().index.search(Query(text, KEEPER, TODAY, 10_000, means="words"))
        return {hit.chunk.document for hit in hits}

    def _opened(self) -> KnowledgeSource:
        index = open_index(
            f"sqlite:///{self._home / 'knowledge.sqlite'}", use_case="b", source="s", version="1"
        )
        source = open_folder(self._home / "documents", access=PUBLIC, pseudonym=str)
        return KnowledgeSource("s", source, index, self._models, CHUNK_CHARS, KEEPER)


def measured(name: str, models: tuple[Embedder, ...], count: int, *, quiet: bool) -> tuple[dict[str, object], list[Bar]]:  # fmt: skip
    for model in models:
        model.embed(["loaded before the clock runs"])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        files = written(home / "documents", count)
        builds = Builds(name, home, models, quiet=quiet)
        full = builds.run("full")
        changed = files[7::100]
        for file in changed:
            text = file.read_text(encoding="utf-8").rsplit("\n\n", 1)[0]
            file.write_text(f"{text}\n\nThis part is new: {NEW_WORD}.\n", encoding="utf-8")
        after_change = builds.run("1 % changed")
        right = [
            (full.added, count), (full.embedded, full.chunks * len(models)), (full.waiting, 0),
            (after_change.changed, len(changed)), (after_change.unchanged, count - len(changed)),
            (after_change.waiting, 0), (builds.found(NEW_WORD), _names(home, changed)),
        ]  # fmt: skip
        idle = builds.run("nothing changed")
        right += [(idle.unchanged, count), (idle.chunks, 0), (idle.embedded, 0)]
        deleted = files[13::100]
        for file in deleted:
            file.unlink()
        after_deletion = builds.run("1 % deleted")
        gone = _names(home, deleted)
        right += [
            (after_deletion.removed, len(deleted)), (after_deletion.embedded, 0),
            (builds.found("document") & gone, set()),
        ]  # fmt: skip
    figures: dict[str, object] = {
        f"{name}: documents": count,
        f"{name}: passages": full.chunks,
        f"{name}: vectors made by the full build": full.embedded,
        f"{name}: vectors made after the change": after_change.embedded,
        **builds.figures,
    }
    bars = [Bar(f"{name}: builds that did not do what they should", wrong := sum(a != b for a, b in right), 0, wrong == 0)]  # fmt: skip
    for place, clock in enumerate(("wall", "CPU")):
        most = round(SHARE * builds.took["full"][place] + EXTRA_S, 2)
        bars += [
            at_most(f"{name}: {step}, seconds of {clock}", round(builds.took[step][place], 2), most)
            for step in STEPS[1:]
        ]
    return figures, bars


def _names(home: Path, files: list[Path]) -> set[str]:
    return {file.relative_to(home / "documents").as_posix() for file in files}


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    if not m.DATA.is_dir():
        return report("knowledge: reindex", {}, [Bar("measured at all", None, 1, False)])
    opened: tuple[tuple[str, Callable[[], tuple[Embedder, ...]], int], ...] = (
        ("static", lambda: embedders(None, "static"), 500 if options.quick else 3_000),  # type: ignore[arg-type]
        ("minilm", lambda: embedders(None, "minilm"), 40 if options.quick else 150),  # type: ignore[arg-type]
    )
    figures: dict[str, object] = {}
    bars: list[Bar] = []
    for name, models, count in opened:
        found, promised = measured(name, models(), count, quiet=options.json)
        figures.update(found)
        bars += promised
    return report("knowledge: reindex", figures, bars, packages=("usearch", "wordllama", "onnxruntime"))


if __name__ == "__main__":
    sys.exit(main())
