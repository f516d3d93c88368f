#!/usr/bin/env python3
"""Are documents that contradict each other found, and how often is one raised where none is? RAMDocs, and the example's help centre.

    benchmarks/knowledge/conflicts.py [--quick] [--json] [--half held-out|tuning] [--misses 5]

RAMDocs (arXiv 2504.13079) has 500 questions with documents of the types `correct`, `misinfo` and `noise`, each with the
answer it gives; misinfo is a correct document whose answer was replaced. Ground truth of a pair of documents of one
question, from the fields `type`, `answer`, `disambig_entity` alone:

* conflict: one is `correct`, one `misinfo`, their answers differ (case, blanks and punctuation aside), and the question has
  one entity: both speak of that one.
* undetermined: the same where the question has several entities of one name. The data do not say of which entity a misinfo
  document speaks, so the pair may be two answers about two things. Reported apart, and in no figure beside it.
* no conflict: two `correct` documents, also with different answers (they are about different entities of one name: the hard
  part); two `misinfo` documents with one answer; every pair with `noise`.
  Two `misinfo` documents with different answers are undetermined, too.

A share of `correct` and `noise` documents were altered too (`Devata is a 1941 Telugu …` beside `Devata is a 1941 Hindi …`, both
`correct`): contradictions raised there count as false alarms, so that precision is rather higher than it says.

The documents of a question together hold a conflict where one is `correct` and one `misinfo`: that is known for all questions.

Nothing was chosen on the held-out half: a question belongs to it where the SHA-256 of its text is odd.
Data sets are read from ../shared/data, which a clone alone does not have.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from report import Bar, arguments, at_least, at_most, report  # noqa: E402

DATA = HERE.parents[2] / "shared" / "data" / "ramdocs" / "RAMDocs_test.jsonl"
EXAMPLE_DAY = date(2026, 6, 1)
PLANTED = 4
CONFLICT, UNDETERMINED, NONE = "conflict", "undetermined", "none"


def truth(question: dict[str, object], one: dict[str, str], other: dict[str, str]) -> str:
    """What the fields of RAMDocs say of two documents of one question."""
    types = {one["type"], other["type"]}
    if "noise" in types or types == {"correct"} or _plain(one["answer"]) == _plain(other["answer"]):
        return NONE
    if types == {"correct", "misinfo"} and len(question["disambig_entity"]) == 1:
        return CONFLICT
    return UNDETERMINED


def held_out(question: str) -> bool:
    return hashlib.sha256(question.encode()).digest()[-1] % 2 == 1


def ramdocs(*, held: bool) -> Iterator[dict[str, object]]:
    for line in DATA.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if held_out(question["question"]) is held:
            yield question


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def documents(question: dict[str, object]) -> list[object]:
    """As a source would hand them over: text alone, no topic, no title, no type."""
    from roadworthy.knowledge import Access, Block, Document
    from roadworthy.policy.marking import NEUTRAL

    return [
        Document(f"{place:02d}", "", (Block("paragraph", one["text"]),), Access(NEUTRAL))
        for place, one in enumerate(question["documents"])
    ]


class Tally:
    """Pairs by truth and by whether a contradiction was raised."""

    def __init__(self) -> None:
        self.pairs: Counter[tuple[str, bool]] = Counter()
        self.hard: Counter[bool] = Counter()
        self.sets: Counter[tuple[bool, bool]] = Counter()
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.misses: list[tuple[str, str, str]] = []
        self.alarms: list[tuple[str, str, str]] = []

    def add(self, question: dict[str, object], raised: dict[tuple[int, int], object]) -> None:
        said = set()
        for one, other in combinations(range(len(question["documents"])), 2):
            a, b = question["documents"][one], question["documents"][other]
            true, found = truth(question, a, b), raised.get((one, other))
            said.add(true)
            self.pairs[true, found is not None] += 1
            if {a["type"], b["type"]} == {"correct"} and _plain(a["answer"]) != _plain(b["answer"]):
                self.hard[found is not None] += 1
            if found is not None:
                self.kinds[true, found.kind] += 1
            if true == CONFLICT and found is None:
                self.misses.append((question["question"], a["text"], b["text"]))
            if true == NONE and found is not None:
                self.alarms.append(
                    (
                        f"{question['question']} [{a['type']}/{b['type']}] {found.why} {found.confidence}",
                        found.one.text,
                        found.other.text,
                    )
                )
        types = {one["type"] for one in question["documents"]}
        self.sets[{"correct", "misinfo"} <= types, bool(raised)] += 1

    @property
    def precision(self) -> float | None:
        raised = self.pairs[CONFLICT, True] + self.pairs[NONE, True]
        return self.pairs[CONFLICT, True] / raised if raised else None

    @property
    def recall(self) -> float | None:
        real = self.pairs[CONFLICT, True] + self.pairs[CONFLICT, False]
        return self.pairs[CONFLICT, True] / real if real else None


def measure(*, held: bool, quick: bool, likely: float) -> Tally:
    from roadworthy.knowledge.contradictions import contradictions

    tally = Tally()
    for place, question in enumerate(ramdocs(held=held)):
        if quick and place == 60:
            break
        found = contradictions(documents(question), today=EXAMPLE_DAY, likely=likely)
        raised = {}
        for each in found.found:
            key = tuple(sorted((int(each.one.document), int(each.other.document))))
            raised.setdefault(key, each)
        tally.add(question, raised)
    return tally


def help_centre() -> tuple[int, int, int]:
    """(planted contradictions found by sentences alone, other pairs raised, pairs by declared facts)."""
    from dataclasses import replace

    from roadworthy.example import company
    from roadworthy.example.repairs import read_article
    from roadworthy.knowledge import Access, Block, Document
    from roadworthy.knowledge.contradictions import contradictions
    from roadworthy.policy.marking import NEUTRAL

    articles = []
    for path in sorted((Path(company.__file__).parent / "support" / "knowledge").glob("*.md")):
        head, body = read_article(path)
        blocks = tuple(
            Block("paragraph", part)
            for part in body.replace("\n\n", "\0").replace("\n", " ").split("\0")
            if part.strip()
        )
        facts = {
            key: head[key] for key in ("topic", "language", "owner", "updated", "valid_until", "facts")
        }
        articles.append(Document(path.name, head["title"], blocks, Access(NEUTRAL), **facts))
    with_facts = contradictions(articles, today=EXAMPLE_DAY)
    planted = {
        frozenset((each.one.document, each.other.document)) for each in with_facts.found if each.fact
    }
    alone = contradictions([replace(one, facts={}) for one in articles], today=EXAMPLE_DAY)
    pairs = {frozenset((each.one.document, each.other.document)) for each in alone.found}
    english = {pair for pair in planted if not any(".de." in name for name in pair)}
    others = sum(not each.fact for each in with_facts.found)
    return len(pairs & english), len(pairs - planted) + others, len({frozenset(p) for p in english})


def interval(part: int, whole: int) -> list[float]:
    """Wilson's, as if pairs were independent: those of one question are not, so the true one is wider."""
    from roadworthy.quantities import Share
    from roadworthy.trust import wilson

    if not whole:
        return [0.0, 1.0]
    span = wilson(part, whole, confidence=Share(0.95))
    return [round(span.low, 3), round(span.high, 3)]


def share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--half", choices=("held-out", "tuning"), default="held-out")
    parser.add_argument(
        "--likely", type=float, default=0.5, help="confidence from which a pair counts as raised"
    )
    parser.add_argument(
        "--misses", type=int, default=0, help="show so many conflicts missed and false alarms"
    )
    options = parser.parse_args()
    alone, others, planted = help_centre()
    figures: dict[str, object] = {
        "example: planted contradictions found by declared facts": planted,
        "example: planted contradictions found by sentences alone": alone,
        "example: other pairs raised": others,
    }
    bars: list[Bar] = [
        at_least("example: planted contradictions found", planted, PLANTED),
        at_most("example: other pairs raised", others, 0),
    ]
    if not DATA.is_file():
        print(f"RAMDocs is not at {DATA}: not measured", file=sys.stderr)
        bars.append(Bar("ramdocs: precision", None, 0.0, False))
        return report("knowledge: conflicts", figures, bars)
    begun = time.process_time()
    tally = measure(held=options.half == "held-out", quick=options.quick, likely=options.likely)
    seconds = time.process_time() - begun
    pairs, sets = tally.pairs, tally.sets
    figures |= {
        "ramdocs: half": options.half,
        "ramdocs: pairs": sum(pairs.values()),
        "ramdocs: conflicts": pairs[CONFLICT, True] + pairs[CONFLICT, False],
        "ramdocs: precision": tally.precision,
        "ramdocs: precision, 95 % interval": interval(
            pairs[CONFLICT, True], pairs[CONFLICT, True] + pairs[NONE, True]
        ),
        "ramdocs: recall": tally.recall,
        "ramdocs: recall, 95 % interval": interval(
            pairs[CONFLICT, True], pairs[CONFLICT, True] + pairs[CONFLICT, False]
        ),
        "ramdocs: raised among pairs without conflict": share(
            pairs[NONE, True], pairs[NONE, True] + pairs[NONE, False]
        ),
        "ramdocs: raised among correct answers about different entities": share(
            tally.hard[True], sum(tally.hard.values())
        ),
        "ramdocs: pairs of correct answers about different entities": sum(tally.hard.values()),
        "ramdocs: undetermined pairs": pairs[UNDETERMINED, True] + pairs[UNDETERMINED, False],
        "ramdocs: raised among undetermined pairs": pairs[UNDETERMINED, True],
        "ramdocs: precision if undetermined pairs are conflicts": share(
            pairs[CONFLICT, True] + pairs[UNDETERMINED, True],
            sum(count for (_, found), count in pairs.items() if found),
        ),
        "ramdocs: recall if undetermined pairs are conflicts": share(
            pairs[CONFLICT, True] + pairs[UNDETERMINED, True],
            sum(count for (true, _), count in pairs.items() if true != NONE),
        ),
        "ramdocs: precision by question": share(sets[True, True], sets[True, True] + sets[False, True]),
        "ramdocs: recall by question": share(sets[True, True], sets[True, True] + sets[True, False]),
        "ramdocs: question sets with a conflict": sets[True, True] + sets[True, False],
        "ramdocs: found among them": sets[True, True],
        "ramdocs: question sets without": sets[False, True] + sets[False, False],
        "ramdocs: raised among them": sets[False, True],
        "ramdocs: CPU seconds": round(seconds, 2),
    }
    if not options.json:
        for name, figure in figures.items():
            print(f"{name:70} {figure if not isinstance(figure, float) else round(figure, 3)}")
        print("by kind:", {f"{true}/{kind}": count for (true, kind), count in tally.kinds.most_common()})
        for title, examples in (("missed", tally.misses), ("false alarm", tally.alarms)):
            for example in examples[: options.misses]:
                print(f"\n{title}: ", *example, sep="\n   ")
    bars += [
        Bar("ramdocs: precision reported", tally.precision, 0.0, tally.precision is not None),
        Bar("ramdocs: recall reported", tally.recall, 0.0, tally.recall is not None),
    ]
    return report("knowledge: conflicts", figures, bars, packages=("numpy",))


if __name__ == "__main__":
    sys.exit(main())
