#!/usr/bin/env python3
"""Is it noticed that nothing in a knowledge base answers a question? BANKING77, BIPIA and RAMDocs.

    benchmarks/knowledge/answerable.py [--quick] [--json] [--only banking77 --only bipia --only ramdocs] [--embedding minilm|static|none]

Half of what could answer is indexed, told by a digest of its name: questions about that half are answerable, those about
the other half are not.

* banking77: a document a category, made of its first twenty training sentences; questions are test sentences. What is not
  indexed lies next to what is (77 kinds of questions to one bank): the hard case.
* bipia: a document an e-mail; questions are those written for each e-mail. Many are alike but for a name.
* ramdocs: the documents of encyclopaedic questions, all types but noise taken as an answer.

Two kinds of unanswerable questions are measured on each set: those about the half that is not indexed, and answerable ones
with the documents that answer them taken out of what was found (what `knowledge evaluate` does without unanswerable ones).
The line is set on one half of the questions for 10 % false alarms and checked on the other half. Nothing of the score was
fitted to these sets. Data sets are read from ../shared/data, which a clone alone does not have.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date

import material as m
from report import Bar, arguments, at_least, at_most, report

DATA = m.DATA
SETS = ("banking77", "bipia", "ramdocs")
TODAY = date(2026, 6, 1)
WANTED = 0.1
Material = tuple[dict[str, str], list[tuple[str, frozenset[str]]]]
"""Documents by name; questions with the documents that answer them, indexed or not."""


def indexed(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0


def banking77(quick: bool) -> Material:
    sentences: dict[str, list[str]] = defaultdict(list)
    with (DATA / "banking77" / "train.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            sentences[row["category"]].append(row["text"].strip())
    documents = {name: "\n\n".join(texts[:20]) for name, texts in sentences.items()}
    with (DATA / "banking77" / "test.csv").open(encoding="utf-8", newline="") as stream:
        rows = [(row["text"].strip(), frozenset({row["category"]})) for row in csv.DictReader(stream)]
    return documents, rows[:: 10 if quick else 2]


def bipia(quick: bool) -> Material:
    documents, questions = {}, []
    for part in ("train", "test"):
        lines = (DATA / "bipia" / "email" / f"{part}.jsonl").read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(line for line in lines if line):
            read, name = json.loads(line), f"{part}-{number}"
            documents[name] = read["context"].replace("|", "\n\n")
            questions.append((read["question"].removeprefix("Q: "), frozenset({name})))
    return documents, questions


def ramdocs(quick: bool) -> Material:
    documents, questions = {}, []
    lines = (DATA / "ramdocs" / "RAMDocs_test.jsonl").read_text(encoding="utf-8").split("\n")
    for number, line in enumerate([line for line in lines if line][:: 3 if quick else 1]):
        read = json.loads(line)
        answers = set()
        for place, one in enumerate(read["documents"]):
            name = f"{number}/{place}"
            documents[name] = one["text"]
            if one["type"] != "noise":
                answers.add(name)
        questions.append((read["question"], frozenset(answers)))
    return documents, questions


def measured(name: str, quick: bool, embedding: str) -> tuple[dict[str, object], list[Bar]]:
    from roadworthy.knowledge import Access, Block, Document, Reader
    from roadworthy.knowledge.answerable import signs
    from roadworthy.knowledge.chunking import chunks
    from roadworthy.knowledge.question import Question
    from roadworthy.measure.knowledge.evaluating import Searching, evaluate
    from roadworthy.measure.knowledge.unanswerable import Scored, detection, separation
    from roadworthy.policy import Marking
    from roadworthy.ports.knowledge import KnowledgeSource
    from roadworthy.wiring.knowledge_index import embedders, open_index

    documents, asked = {"banking77": banking77, "bipia": bipia, "ramdocs": ramdocs}[name](quick)
    # The documents of one RAMDocs question stand or fall together.
    there = {one for one in documents if indexed(one.partition("/")[0])}
    everybody = Access(Marking("trusted", 0, "any", frozenset({"any"}), frozenset()))
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(f"sqlite:///{folder}/k.sqlite", use_case="bench", source=name, version="1")
        base = KnowledgeSource(
            name=name, source=None, index=index, embedders=embedders(None, embedding),
            chunk_chars=1200, reader=Reader(), keeper=Reader(keeper=True),
        )  # fmt: skip
        for one in sorted(there):
            document = Document(one, "", (Block("paragraph", documents[one]),), everybody)
            index.put([(document, "1", chunks(document, size=base.chunk_chars))])
        for model in base.embedders:
            while waiting := index.waiting(model.digest, limit=256):
                rows = m.embedded(model, [each.text for each in waiting])
                index.keep_vectors(model.digest, [each.chunk for each in waiting], rows)
        questions = [
            Question(f"q{number}", text, dict.fromkeys(sorted(right & there), 1.0), "suite", f"q{number}")
            for number, (text, right) in enumerate(asked)
        ]
        kept: dict[str, object] = {}
        search = Searching(base, today=TODAY)

        def remembered(text: str, k: int) -> object:
            kept[text] = search(text, k)
            return kept[text]

        begun = time.process_time()
        found = evaluate(remembered, questions, source=name, k=4)
        took = (time.process_time() - begun) / len(questions)
    own = [Scored(one.question.cluster, one.score, one.question.answerable) for one in found.outcomes]
    held = [one for one in own if one.answerable] + [
        Scored(one.question.cluster, one.score_without, False)
        for one in found.outcomes
        if one.score_without is not None
    ]
    figures: dict[str, object] = {
        "documents": len(there),
        "questions": len(questions),
        "recall at 4": round(found.hit.value, 4),
        "milliseconds a question": round(1000 * took, 1),
    }
    bars: list[Bar] = []
    for kind, scored in (("not indexed", own), ("held out", held)):
        judged = detection(scored, held_out=kind == "held out", false_alarms=WANTED)
        apart = judged.separation
        figures[f"{kind}: AUROC"] = round(apart.auroc, 4)
        figures[f"{kind}: AUROC interval"] = [round(apart.interval.low, 4), round(apart.interval.high, 4)]
        figures[f"{kind}: questions"] = [apart.answerable, apart.unanswerable]
        if judged.threshold is None or judged.noticed is None or judged.false_alarms is None:
            bars.append(Bar(f"{kind}: a line was set", None, 1, False))
            continue
        figures[f"{kind}: line"] = round(judged.threshold, 4)
        figures[f"{kind}: noticed"] = _told(judged.noticed)
        figures[f"{kind}: false alarms"] = _told(judged.false_alarms)
        bars.append(at_most(f"{kind}: false alarms, lower end", judged.false_alarms.interval.low, WANTED))
        bars.append(at_least(f"{kind}: AUROC, lower end", apart.interval.low, 0.5))
    seen = {one.id: signs(kept[one.text], one.text) for one in questions}
    for sign in ("similarity", "margin", "coverage", "agreement"):
        alone = separation(
            [
                Scored(
                    one.id,
                    0.0 if (value := getattr(seen[one.id], sign)) != value else value,
                    one.answerable,
                )
                for one in questions
            ]
        )
        figures[f"not indexed: AUROC of {sign} alone"] = round(alone.auroc, 4)
    return figures, bars


def _told(figure: object) -> list[float]:
    return [round(value, 4) for value in (figure.value, figure.interval.low, figure.interval.high)]


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", action="append", choices=SETS, help="this set; may stand several times")
    parser.add_argument("--embedding", default="minilm", choices=("minilm", "static", "none"))
    options = parser.parse_args()
    figures: dict[str, object] = {"embedding": options.embedding}
    bars: list[Bar] = []
    for name in options.only or SETS:
        if not (DATA / name).is_dir():
            bars.append(Bar(f"{name}: measured at all", None, 1, False))
            continue
        found, promised = measured(name, options.quick, options.embedding)
        figures.update({f"{name}: {what}": figure for what, figure in found.items()})
        bars += [Bar(f"{name}: {one.name}", one.figure, one.bar, one.holds) for one in promised]
        if not options.json:
            print(f"── {name}")
            for what, figure in found.items():
                print(f"  {what:40} {figure}", flush=True)
    return report("knowledge: unanswerable", figures, bars, packages=("numpy", "usearch"))


if __name__ == "__main__":
    sys.exit(main())
