"""Run every benchmark, one after the other, and write RESULTS.md.

``python benchmarks/all.py [--quick] [--peers]``. With ``--peers`` benchmarks that know a peer measure it
beside ours, in an environment of its own. Exit code 3 where a bar falls short.
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
    if not options.only:
        RESULTS.write_text(_page(found, quick=options.quick), encoding="utf-8")
    return 0 if all(one["holds"] for one in found) else 3


def _page(found: list[dict], *, quick: bool) -> str:  # type: ignore[type-arg]
    machine = next((one["machine"] for one in found if one.get("machine")), {})
    versions = next((one["versions"] for one in found if one.get("versions")), {})
    lines = [
        "# Results",
        "",
        (
            f"Measured {datetime.now(UTC):%Y-%m-%d} with Roadworthy {versions.get('roadworthy', '')} on {machine.get('cores')} shared cores, "
            f"Python {machine.get('python')}{', quick passes' if quick else ''}. Written by `make bench`; absolute times move with the "
            "machine's neighbours, ratios hold better."
        ),
        "",
        "| claim | bar | figure | asked | |",
        "|---|---|---|---|---|",
    ]
    for one in found:
        for bar in one["bars"]:
            figure = bar["figure"] if bar["figure"] is None else f"{bar['figure']:.4g}"
            mark = "holds" if bar["holds"] else "**falls short**"
            lines.append(f"| {one['claim']} | {bar['name']} | {figure} | {bar['bar']:g} | {mark} |")
        if not one["bars"]:
            lines.append(f"| {one['claim']} | could not be measured | | | **falls short** |")
    lines += ["", "## All figures", ""]
    for one in found:
        lines += [
            f"### {one['claim']}",
            "",
            "```json",
            json.dumps(one["figures"], indent=1, ensure_ascii=False),
            "```",
            "",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
