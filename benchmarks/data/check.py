"""Checks of a data contract: one of twenty checks beside two peers, then a hundred million rows in bounded memory."""

from __future__ import annotations

import time

BEGUN = time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).with_name("peers")
ROWS = 1_000_000
COUNTRIES = ["AT", "BE", "CH", "DE", "DK", "FR", "IT", "NL", "NO", "PL"]
CHECKS: list[tuple[str, str, Any, float]] = [
    ("required", "id", None, 0),
    ("unique", "id", None, 0),
    ("required", "customer", None, 0),
    ("pattern", "customer", "^C-[0-9]{6}$", 0),
    ("required", "country", None, 0),
    ("among", "country", COUNTRIES, 0),
    ("among", "status", ["open", "paid", "sent", "done"], 0),
    ("pattern", "email", r"^[a-z0-9.]+@[a-z]+\.[a-z]{2,3}$", 0),
    ("required", "email", None, 0.05),
    ("minLength", "sku", 8, 0),
    ("maxLength", "sku", 8, 0),
    ("minimum", "quantity", 1, 0),
    ("maximum", "quantity", 100, 0),
    ("minimum", "amount", 0, 0),
    ("maximum", "amount", 10000, 0),
    ("minimum", "score", 0, 0),
    ("maximum", "score", 1, 0),
    ("required", "created_at", None, 0),
    ("required", "note", None, 0.6),
    ("rowCount", "", [ROWS // 2, ROWS * 2], 0),
]
"""Kind, column, argument, share of rows that may fail."""
TYPES = {"id": "integer", "customer": "string", "country": "string", "status": "string", "email": "string",
         "sku": "string", "quantity": "integer", "amount": "number", "score": "number",
         "created_at": "timestamp", "shipped_on": "date", "note": "string"}  # fmt: skip
WALL_S_AT_MOST, OVER_CLI, OVER_POINTBLANK, RSS_MB_AT_MOST, LINEAR = 2.0, 10.0, 2.0, 2048.0, 1.5


def measure(*, quick: bool, peers: bool, say: Callable[[str], None]) -> tuple[dict[str, object], list[Any]]:
    """Wall, CPU and peak memory of fresh processes, from the first import on, beside peers on the same file.

    Ours is the median of three runs (one where ``quick``) through the shipped reader of contracts and
    adapter of files. Then the same contract over 10 and 100 million rows in files of a million (quick:
    1 and 10), and uniqueness of as many distinct keys, whole numbers and texts.
    """
    from benchmarks.report import at_least, at_most

    with tempfile.TemporaryDirectory(prefix="roadworthy-bench-") as folder:
        home = Path(folder)
        data, contract = home / "orders.parquet", home / "orders.odcs.yaml"
        _write_rows(data)
        contract.write_text(_contract(data), encoding="utf-8")
        runs = [_ours(contract, data, home) for _ in range(1 if quick else 3)]
        ours = sorted(runs, key=lambda one: one["cpu_s"])[len(runs) // 2]
        ours["wall_s"] = sorted(one["wall_s"] for one in runs)[len(runs) // 2]
        say(f"ours, {ROWS:,} rows, {len(CHECKS)} checks: {_told(ours)}")
        figures: dict[str, object] = {"rows": ROWS, "checks": len(CHECKS), "ours": ours}
        bars = [at_most("seconds for a million rows and twenty checks", ours["wall_s"], WALL_S_AT_MOST)]
        if peers:
            theirs = _peers(contract, data, say)
            figures["datacontract_cli"], figures["pointblank"] = theirs
            cli, pointblank = theirs
            bars += [
                at_least("times faster than datacontract-cli, CPU", cli["cpu_s"] / ours["cpu_s"], OVER_CLI),
                at_least(
                    "times faster than datacontract-cli, wall", cli["wall_s"] / ours["wall_s"], OVER_CLI
                ),
                at_least(
                    "times faster than Pointblank, CPU",
                    pointblank["cpu_s"] / ours["cpu_s"],
                    OVER_POINTBLANK,
                ),
                at_least(
                    "times faster than Pointblank, wall",
                    pointblank["wall_s"] / ours["wall_s"],
                    OVER_POINTBLANK,
                ),
            ]
        scale = _scale(home, data, contract, parts=(1, 10) if quick else (10, 100), say=say)
        figures["scale"] = scale
        most = max(one["rss_mb"] for sizes in scale.values() for one in sizes.values())
        bars.append(at_most("MB of memory at the largest size", most, RSS_MB_AT_MOST))
        for name, sizes in scale.items():
            # CPU, because a machine that is shared stretches the wall and not the work.
            small, large = (one["cpu_s_per_million"] for one in sizes.values())
            bars.append(at_most(f"time per row at ten times the rows, {name}", large / small, LINEAR))
    return figures, bars


def _peers(contract: Path, data: Path, say: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, Any]]:
    from benchmarks.peers import measured

    # One thread of ours and theirs may use what the machine has; nobody may ask the network.
    cli = measured(
        PEERS / "datacontract.py", str(contract), environment={"DATACONTRACT_TELEMETRY": "false"}
    )
    say(f"datacontract-cli: {_told(cli)}")
    pointblank = measured(PEERS / "pointblank.py", str(data), json.dumps(CHECKS))
    say(f"Pointblank: {_told(pointblank)}")
    return cli, pointblank


def _scale(
    home: Path, data: Path, contract: Path, *, parts: tuple[int, int], say: Callable[[str], None]
) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {"checks": {}, "unique numbers": {}, "unique texts": {}}
    # A hundred million keys are about a gigabyte, and as much may be spilled.
    needed, free = parts[1] * 60_000_000, shutil.disk_usage(home).free
    if free < needed:
        raise RuntimeError(f"{free >> 20} MB are free in {home}, {needed >> 20} MB are needed")
    for count in parts:
        folder = home / f"parts{count}"
        folder.mkdir()
        for number in range(count):
            os.link(data, folder / f"part-{number:03}.parquet")
        several = home / f"several{count}.yaml"
        # The same file again and again has no unique ids and another number of rows.
        several.write_text(
            contract.read_text(encoding="utf-8").replace("unique: true", "unique: false"), encoding="utf-8"
        )
        size = f"{count} million rows"
        found["checks"][size] = _per_row(_ours(several, folder, home), count)
        say(f"{size}, all checks but uniqueness: {_told(found['checks'][size])}")
        shutil.rmtree(folder)
        for name, column, kind in (("unique numbers", "n", "integer"), ("unique texts", "s", "string")):
            keys = home / "keys.parquet"
            _write_keys(keys, count * ROWS, column)
            asked = home / "keys.yaml"
            asked.write_text(
                _document("keys", [f"  - {{name: {column}, logicalType: {kind}, unique: true}}"], keys)
            )
            found[name][size] = _per_row(_ours(asked, keys, home), count)
            say(f"{size}, {name}: {_told(found[name][size])}")
            keys.unlink()
    return found


def _per_row(one: dict[str, Any], millions: int) -> dict[str, Any]:
    return {**one, "cpu_s_per_million": one["cpu_s"] / millions}


def _told(one: dict[str, Any]) -> str:
    rest = {name: value for name, value in one.items() if not name.endswith(("_s", "_mb", "_million"))}
    return f"{one['wall_s']:.2f} s wall ({one['loading_s']:.2f} of it loading), {one['cpu_s']:.2f} s CPU, {one['rss_mb']:.0f} MB, {rest}"


def _ours(contract: Path, data: Path, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, str(contract), str(data), str(home / "work")],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the check failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _check(contract: Path, data: Path, work: Path) -> None:
    """One run in this process; the last line is what it took."""
    from datetime import UTC, datetime

    from roadworthy.adapters.duckdb import DuckWorkbench
    from roadworthy.adapters.odcs import read
    from roadworthy.adapters.sqlchecks import SqlChecker

    loaded = time.perf_counter() - BEGUN
    bench = DuckWorkbench(work, memory_limit="1GB", question_s=3600)
    try:
        table = read(contract.read_bytes(), file=contract.name).tables[0]
        results = SqlChecker().check(bench.open(str(data)), table, now=datetime.now(UTC), workbench=bench)
    finally:
        bench.close()
    line = {
        "wall_s": time.perf_counter() - BEGUN,
        "loading_s": loaded,
        "cpu_s": time.process_time(),
        "rss_mb": peak_mb(),
        "verdicts": Counter(one.verdict.value for one in results),
        "failed": {one.id: one.failing for one in results if one.verdict.value != "pass"},
    }
    print(json.dumps(line))


def peak_mb() -> float:
    """The most memory this process held. The kernel's other figure still holds that of the parent."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the peak of a process's memory")


def _write_rows(file: Path) -> None:
    """A million seeded orders; a few customers, amounts and states are wrong."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(20261101)
    n = ROWS
    customer = np.char.add("C-", np.char.zfill(random.integers(0, 10**6, n).astype(str), 6))
    customer[:20] = "C-12"
    state = random.choice(["open", "paid", "sent", "done"], n)
    state[:1000] = "lost"
    amount = np.round(random.gamma(2, 120, n), 2).clip(0, 9999)
    amount[:50] = -1.0
    mail = np.char.add(np.char.add("u", random.integers(0, 500_000, n).astype(str)), "@example.org")
    at = np.datetime64("2025-01-01", "us") + random.integers(0, 3 * 10**13, n)
    table = pa.table({
        "id": random.permutation(n),
        "customer": customer,
        "country": random.choice(COUNTRIES, n),
        "status": state,
        "email": pa.array(mail, mask=random.random(n) < 0.03),
        "sku": np.char.add("SKU", np.char.zfill(random.integers(0, 20_000, n).astype(str), 5)),
        "quantity": random.integers(1, 101, n),
        "amount": amount,
        "score": random.random(n),
        "created_at": at,
        "shipped_on": pa.array(at.astype("datetime64[D]"), mask=random.random(n) < 0.2),
        "note": pa.array(random.choice(["call first", "gift", "leave at the door"], n), mask=random.random(n) < 0.5),
    })  # fmt: skip
    pq.write_table(table, file)


def _write_keys(file: Path, rows: int, column: str) -> None:
    """As many distinct keys, mixed: multiples of a prime, modulo a larger one."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    prime = {10**6: 1_000_003, 10**7: 10_000_019, 10**8: 100_000_007}[rows]
    kind = pa.int64() if column == "n" else pa.string()
    with pq.ParquetWriter(file, pa.schema([(column, kind)]), use_dictionary=False) as writer:
        for start in range(0, rows, ROWS):
            keys = np.arange(start, start + ROWS, dtype=np.int64) * 7919 % prime
            values = pa.array(keys) if column == "n" else pa.array(np.char.add("K", keys.astype(str)))
            writer.write_table(pa.table({column: values.cast(kind)}))


def _contract(data: Path) -> str:
    lines = []
    for name, kind in TYPES.items():
        mine = [(what, value, share) for what, column, value, share in CHECKS if column == name]
        options = {what: value for what, value, _ in mine if what not in ("required", "unique", "among")}
        lines += [f"  - name: {name}", f"    logicalType: {kind}"]
        lines += ["    required: true" for what, _, share in mine if what == "required" and not share]
        lines += ["    unique: true" for what, _, _ in mine if what == "unique"]
        lines += [f"    logicalTypeOptions: {json.dumps(options)}"] if options else []
        rules: list[dict[str, Any]] = [
            {"metric": "invalidValues", "arguments": {"validValues": value}, "mustBe": 0}
            for what, value, _ in mine
            if what == "among"
        ]
        rules += [
            {"metric": "nullValues", "mustBeLessOrEqualTo": 100 * share, "unit": "percent"}
            for what, _, share in mine
            if share
        ]
        lines += [f"    quality: {json.dumps(rules)}"] if rules else []
    return _document(
        "orders", lines, data, f"  quality: [{{metric: rowCount, mustBeGreaterThan: {CHECKS[-1][2][0]}}}]"
    )


def _document(name: str, properties: list[str], data: Path, *more: str) -> str:
    head = [
        "apiVersion: v3.1.0", "kind: DataContract", f"id: {name}", "name: benchmark", "version: 1.0.0", "status: active",
        "servers:", "- server: here", "  type: local", f"  path: {json.dumps(str(data))}", "  format: parquet",
        "schema:", f"- name: {name}", "  logicalType: object", "  physicalType: file", *more, "  properties:",
    ]  # fmt: skip
    return "\n".join([*head, *properties]) + "\n"


if __name__ == "__main__":
    _check(*(Path(one) for one in sys.argv[1:4]))
