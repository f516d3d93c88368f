"""What of injected instructions is found in documents, and how often people's sentences are taken for such.

    benchmarks/knowledge/suspicion.py [--quick] [--json]

The patterns were written to what such texts say in general, not to these files: the figures are what they are. BIPIA
injects plain tasks ("what is the capital of Brazil?") that no pattern can tell from a person's sentence. AGT's benign
texts are mostly about attacks and quote them: those are flagged on purpose, since quotation marks cost an attacker
nothing. Bars are set on texts of ordinary work alone.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import Bar, arguments, at_most, report

import roadworthy.example
from roadworthy.knowledge.suspicion import instructions

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SURE_TO_FIND_NOTHING = 0


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    figures: dict[str, object] = {}
    bars: list[Bar] = []
    people: dict[str, list[str]] = {"help centre": _articles()}
    if DATA.is_dir():
        people["BANKING77"] = _messages()
        people["e-mails of BIPIA"] = [line["context"] for line in _lines("bipia/email/train.jsonl")]
        figures |= _agt()
        figures |= _bipia()
    for name, texts in people.items():
        began = time.process_time()
        alarms = [text for text in texts if instructions(text)]
        seconds = time.process_time() - began
        figures[f"{name}: false alarms of {len(texts)}"] = len(alarms)
        figures[f"{name}: ms of CPU a text"] = round(1000 * seconds / max(len(texts), 1), 3)
        if name != "e-mails of BIPIA":
            bars.append(at_most(f"{name}: false alarms", float(len(alarms)), SURE_TO_FIND_NOTHING))
    if not options.json:
        for name, figure in figures.items():
            print(f"{name:60} {figure}")
    return report("knowledge: suspicion", figures, bars, packages=("google-re2",))


def _articles() -> list[str]:
    folder = Path(str(roadworthy.example.__file__)).parent / "support" / "knowledge"
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))]


def _messages() -> list[str]:
    found = []
    for half in ("train", "test"):
        with (DATA / "banking77" / f"{half}.csv").open(encoding="utf-8", newline="") as file:
            found += [row[0] for row in csv.reader(file)][1:]
    return found


def _lines(name: str) -> list[dict[str, str]]:
    return [
        json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def _agt() -> dict[str, object]:
    rows = _lines("agt-injection-smoke/injection-smoke.jsonl")
    asked: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for row in rows:
        attack = row["attack_class"] != "benign"
        names = ["attacks" if attack else "benign"]
        names.append(f"attacks, {row['bypass_class']}" if attack else f"benign, {row['benign_subclass']}")
        hit = bool(instructions(row["text"]))
        for name in names:
            asked[name] += 1
            found[name] += hit
    summary = json.loads((DATA / "agt-injection-smoke" / "rules-baseline-smoke-summary.json").read_text())[
        "overall"
    ]
    told = {f"AGT: {name}, found of {asked[name]}": found[name] for name in sorted(asked)}
    told["AGT: its own detector, attacks found"] = summary["attacks_caught"]
    told["AGT: its own detector, benign flagged"] = summary["benign_flagged"]
    return told


def _bipia() -> dict[str, object]:
    contexts = [line["context"] for line in _lines("bipia/email/train.jsonl")]
    told: dict[str, object] = {}
    for name in ("text", "code"):
        kinds = json.loads((DATA / "bipia" / f"{name}_attack_train.json").read_text(encoding="utf-8"))
        attacks = [attack for group in kinds.values() for attack in group]
        hits = sum(
            bool(instructions(f"{contexts[number % len(contexts)]}\n{attack}"))
            for number, attack in enumerate(attacks)
        )
        told[f"BIPIA: {name} attacks at the end of e-mails, found of {len(attacks)}"] = hits
    return told


if __name__ == "__main__":
    sys.exit(main())
