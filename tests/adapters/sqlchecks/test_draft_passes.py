"""A drafted contract is kept by the data that it was drafted from, and broken by data of another kind."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.adapters.odcs import read, write
from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.data.check import Verdict
from roadworthy.data.drafting import draft

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def written(
    path: Path, *, rows: int, prefix: str = "C", states: tuple[str, ...] = ("open", "paid", "late")
) -> Path:
    random = Random(5)
    lines = ["id,customer,state,amount,mail,note,updated_at,zip"]
    for number in range(rows):
        at = NOW - timedelta(hours=random.randrange(2, 5000))
        note = random.choice(["", '"said ""no"""', "é x", "a,b".join('""'), "'; drop table x; --"])
        mail = f"p{random.randrange(900)}@example.org" if random.random() < 0.9 else ""
        lines.append(
            f"{number},{prefix}-{random.randrange(10**6)},{random.choice(states)},{random.uniform(-5, 900):.2f},{mail},{note},"
            f"{at:%Y-%m-%d %H:%M:%S},{random.randrange(1, 99999):05d}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_data_keep_the_contract_that_was_drafted_from_them(tmp_path: Path) -> None:
    with closing(DuckWorkbench(tmp_path / "bench")) as bench:
        dataset = bench.open(str(written(tmp_path / "orders.csv", rows=400)))
        drafted = draft(bench.profile(dataset), {"mail": ("email",)}, NOW, owner="ada")
        contract = read(write(drafted), file="orders.odcs.yaml")
        assert contract.document == drafted.document
        assert contract.findings == ()
        results = SqlChecker().check(dataset, contract.tables[0], now=NOW)
        assert [one for one in results if one.verdict is not Verdict.PASS] == []
        kinds = {one.kind for one in results}
        assert {
            "primaryKey",
            "required",
            "pattern",
            "invalidValues",
            "minimum",
            "freshness",
            "rowCount",
        } <= kinds
        other = bench.open(
            str(written(tmp_path / "other.csv", rows=150, prefix="X1", states=("open", "gone")))
        )
        broken = {
            one.id
            for one in SqlChecker().check(other, contract.tables[0], now=NOW)
            if one.verdict is Verdict.FAIL
        }
        assert {"orders.rowCount", "orders.customer.pattern", "orders.state.invalidValues"} <= broken


@pytest.mark.parametrize(
    "name",
    ["raha/hospital/dirty.csv", "raha/rayyan/clean.csv", "raha/rayyan/dirty.csv", "raha/toy/clean.csv"],
)
def test_public_tables_keep_their_own_drafts(name: str, tmp_path: Path) -> None:
    file = DATA / name
    if not file.exists():
        pytest.skip(f"the public data set {name} is not beside this checkout (../shared/data)")
    with closing(DuckWorkbench(tmp_path / "bench")) as bench:
        dataset = bench.open(str(file))
        contract = draft(bench.profile(dataset), {}, NOW)
        assert read(write(contract), file="a.yaml").document == contract.document
        results = SqlChecker().check(dataset, contract.tables[0], now=NOW)
        assert [(one.id, one.reason, one.value) for one in results if one.verdict is not Verdict.PASS] == []
