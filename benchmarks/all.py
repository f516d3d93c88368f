"""Run every benchmark, one after the other, and write RESULTS.md.

``python benchmarks/all.py [--quick] [--peers] [CLAIM ...]``. With ``--peers`` benchmarks that know a peer measure it
beside ours, in an environment of its own. What was measured is kept in ``results.json`` until it is measured again:
with claims named, the others stay as they were, each with its date. Exit code 3 where a bar falls short.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
KEPT = HERE / "results.json"
TOGETHER = "release"
"""Runs others of these: left out where all are run."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("only", nargs="*", help="claims to run; default: all")
    options = parser.parse_args()
    found = []
    for program in sorted(HERE.glob("*/run")):
        if options.only and program.parent.name not in options.only:
            continue
        if not options.only and program.parent.name == TOGETHER:
            continue
        print(f"── {program.parent.name}", flush=True)
        words = ["--quick"] if options.quick else []
        if options.peers and "--peers" in program.read_text(encoding="utf-8"):
            words.append("--peers")
        done = subprocess.run(
            [sys.executable, str(program), *words], stdout=subprocess.PIPE, text=True, check=False
        )
        line = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
        try:
            found.append(json.loads(line))
        except ValueError:
            found.append(
                {
                    "claim": program.parent.name,
                    "figures": {},
                    "bars": [],
                    "holds": False,
                    "failed": done.returncode,
                }
            )
        print(f"   {'holds' if found[-1]['holds'] else 'FALLS SHORT'}", flush=True)
    keep(found, quick=options.quick)
    return 0 if all(one["holds"] for one in found) else 3


def keep(found: list[dict], *, quick: bool) -> None:  # type: ignore[type-arg]
    """Put what was measured now in the place of what was measured before, and write the page of all of it."""
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    measured = {one["claim"]: one for one in known}
    for one in found:
        measured[one["claim"]] = {**one, "measured": f"{datetime.now(UTC):%Y-%m-%d}", "quick": quick}
    rows = [measured[name] for name in sorted(measured)]
    KEPT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    RESULTS.write_text(_page(rows), encoding="utf-8")


def _page(found: list[dict]) -> str:  # type: ignore[type-arg]
    lines = [
        "# Results",
        "",
        (
            "Written by `make bench` and `python benchmarks/all.py CLAIM`, on 2 shared cores; absolute times move with the machine's "
            "neighbours, ratios hold better. *Quick* passes are shorter than the bar asks for."
        ),
        "",
        "| claim | bar | figure | asked | | measured |",
        "|---|---|---|---|---|---|",
    ]
    for one in found:
        when = f"{one['measured']}{', quick' if one['quick'] else ''}"
        for bar in one["bars"]:
            figure = bar["figure"] if bar["figure"] is None else f"{bar['figure']:.4g}"
            mark = "holds" if bar["holds"] else "**falls short**"
            lines.append(
                f"| {one['claim']} | {bar['name']} | {figure} | {bar['bar']:g} | {mark} | {when} |"
            )
        if not one["bars"]:
            lines.append(f"| {one['claim']} | could not be measured | | | **falls short** | {when} |")
    lines += ["", "All figures behind them: [results.json](results.json).", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
