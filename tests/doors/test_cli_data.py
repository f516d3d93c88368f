"""The commands about data as a user meets them: on files, on databases, on bad input."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest
from tests.doors.saying import Say

CITIES = {"10115": "Berlin", "20095": "Hamburg", "50667": "Köln", "80331": "München"}


def table(rows: int = 400) -> list[dict[str, str]]:
    codes = list(CITIES)
    return [
        {
            "id": f"C-{number:05}",
            "name": f"{['Anna', 'Bernd', 'Clara', 'David', 'Emma'][number % 5]} {['Adler', 'Brandt', 'Conrad', 'Drechsler', 'Ebert', 'Fuchs', 'Graf'][number % 7]}",
            "email": f"customer{number}@example.org",
            "postcode": codes[number % 4],
            "city": CITIES[codes[number % 4]],
            "since": f"20{number % 20 + 5:02}-{number % 12 + 1:02}-{number % 27 + 1:02}",
            "status": "active" if number % 5 else "closed",
        }
        for number in range(rows)
    ]


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, fieldnames=list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return path


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    return written(tmp_path / "customers.csv", table())


@pytest.fixture
def contract(say: Say, customers: Path, tmp_path: Path) -> Path:
    file = tmp_path / "customers.odcs.yaml"
    drafted = say("data", "contract", "draft", customers, "--output", file, "--owner", "mara")
    assert drafted.code == 0, drafted.err
    return file


def test_a_profile_says_how_the_file_was_read_and_masks_what_is_personal(say: Say, customers: Path) -> None:
    found = say("data", "profile", customers, "--json")
    assert found.code == 0, found.err
    assert found.json["rows"] == 400
    assert found.json["guess"]["delimiter"] == ","
    columns = {one["name"]: one for one in found.json["columns"]}
    assert "email" in columns["email"]["personal"]
    assert "example.org" not in json.dumps(columns["email"])
    assert columns["status"]["distinct"] == 2


def test_a_drafted_contract_holds_for_the_data_it_came_from(
    say: Say, customers: Path, contract: Path
) -> None:
    assert say("data", "contract", "lint", contract).code == 0
    held = say("data", "check", customers, "--contract", contract, "--json")
    assert held.code == 0, held.out + held.err
    assert held.json["holds"] is True
    assert held.json["summary"]["fail"] == held.json["summary"]["not_evaluated"] == 0


def test_a_broken_promise_ends_with_code_3_and_names_the_rows(
    say: Say, customers: Path, contract: Path, tmp_path: Path
) -> None:
    rows = table()
    rows[7]["email"] = ""
    rows[8]["status"] = "=cmd|'/C calc'!A0"
    written(customers, rows)
    failing = tmp_path / "failing.csv"
    held = say("data", "check", customers, "--contract", contract, "--failing", failing, "--json")
    assert held.code == 3
    broken = {one["column"] for one in held.json["checks"] if one["verdict"] == "fail"}
    assert {"email", "status"} <= broken
    text = failing.read_text(encoding="utf-8")
    assert "'=cmd" in text  # no spreadsheet takes it for a formula
    assert failing.stat().st_mode & 0o077 == 0


def test_a_contract_about_a_column_that_is_missing_never_passes(
    say: Say, customers: Path, contract: Path
) -> None:
    rows = [{name: value for name, value in row.items() if name != "email"} for row in table()]
    written(customers, rows)
    held = say("data", "check", customers, "--contract", contract, "--json")
    assert held.code == 3
    about = [one for one in held.json["checks"] if one["column"] == "email"]
    assert about
    assert all(one["verdict"] != "pass" for one in about)


def test_a_contract_that_is_wrong_tells_every_place(say: Say, contract: Path) -> None:
    contract.write_text(
        contract.read_text(encoding="utf-8")
        .replace("logicalType: string", "logicalType: strnig", 1)
        .replace("kind: DataContract", "kind: Whatever"),
        encoding="utf-8",
    )
    told = say("data", "contract", "lint", contract, "--json")
    assert told.code == 2
    assert len(json.loads(told.err)["error"]["problems"]) >= 2


def test_a_planted_typo_is_found_with_its_repair(say: Say, customers: Path) -> None:
    rows = table()
    rows[11]["city"] = "Mümchen"
    rows[11]["postcode"] = "80331"
    written(customers, rows)
    found = say("data", "errors", customers, "--json")
    assert found.code == 0
    assert found.json["schema_version"] == 1
    about = [one for one in found.json["cells"] if (one["row"], one["column"]) == (11, "city")]
    assert [one["repair"] for one in about] == ["München"]
    assert 0.5 <= about[0]["confidence"] <= 1


def test_duplicates_are_found_within_and_across_files(say: Say, customers: Path, tmp_path: Path) -> None:
    rows = table(200)
    for number in range(200):
        rows[number]["name"] = f"{rows[number]['name']} {number:03}"
    rows.append({**rows[3], "id": "C-90001", "name": rows[3]["name"].upper()})
    written(customers, rows)
    within = say("data", "match", customers, "--json")
    assert within.code == 0, within.err
    assert [[0, 3], [0, 200]] in within.json["clusters"]
    other = written(
        tmp_path / "billing.csv",
        [{**rows[5], "id": "B-1"}, {**rows[6], "id": "B-2"}]
        + [
            {
                **row,
                "id": f"B-{number}",
                "email": f"other{number}@example.net",
                "name": f"Zoe Zander {number}",
            }
            for number, row in enumerate(table(60), start=3)
        ],
    )
    across = say("data", "match", customers, other, "--json", "--golden", tmp_path / "golden.csv")
    assert across.code == 0, across.err
    pairs = {(tuple(one["left"]), tuple(one["right"])) for one in across.json["pairs"]}
    assert ((0, 5), (1, 0)) in pairs
    golden = list(csv.DictReader((tmp_path / "golden.csv").read_text(encoding="utf-8").splitlines()))
    assert "customers.csv:5" in next(row for row in golden if row["__rows"].count(":") == 2)["__rows"]


def test_places_of_personal_data_are_told_line_by_line(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    texts = ["write to jo@example.org 😀", "nothing here", "IBAN DE89 3704 0044 0532 0130 00"]
    file.write_text("\n".join(json.dumps({"body": text}) for text in texts), encoding="utf-8")
    said = say("data", "classify", "--jsonl", file, "--text", "body", "--json")
    assert said.code == 0, said.err
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [len(line["spans"]) for line in lines] == [1, 0, 1]
    span = lines[0]["spans"][0]
    assert texts[0][span["start"] : span["end"]] == "jo@example.org"
    assert span["class"] == "email"


@pytest.mark.parametrize("line", ["no json", "[]", '{"other": "x"}', '{"body": 5}'])
def test_a_line_without_a_text_is_named(say: Say, tmp_path: Path, line: str) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(f'{{"body": "x"}}\n{line}\n', encoding="utf-8")
    said = say("data", "classify", "--jsonl", file, "--text", "body", "--json")
    assert said.code == 2
    assert json.loads(said.err)["error"]["problems"][0]["line"] == 2


def test_the_report_is_one_file_that_masks_what_is_personal(
    say: Say, customers: Path, contract: Path, tmp_path: Path
) -> None:
    page = tmp_path / "readiness.html"
    made = say("data", "report", customers, "--contract", contract, "--output", page)
    assert made.code == 0, made.out + made.err
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "customer17@example.org" not in text
    twin = say("data", "report", customers, "--contract", contract, "--json")
    assert twin.json["schema_version"] == 1


def test_a_database_is_a_source_by_address_or_file(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "crm.sqlite"
    with sqlite3.connect(file) as crm:
        crm.execute("create table customer (id text primary key, name text, email text)")
        crm.executemany(
            "insert into customer values (?, ?, ?)",
            [(row["id"], row["name"], row["email"]) for row in table(50)],
        )
        crm.execute("create table other (id integer)")
    crm.close()
    told = say("data", "profile", file)
    assert told.code == 2
    assert "customer, other" in told.err
    found = say("data", "profile", f"sqlite:///{file}", "--table", "customer", "--json")
    assert (found.code, found.json["rows"]) == (0, 50)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["profile", "nothing.csv"], 1),
        (["errors", "${ROADWORTHY_NO_SUCH}/x.csv"], 2),
        (["check", "x.csv", "--contract", "nothing.yaml"], 2),
        (["classify"], 2),
        (["report"], 2),
        (["profile", "postgresql://u:geheim@127.0.0.1:1/db", "--table", "t"], 5),
    ],
)
def test_what_cannot_be_read_says_so_without_a_secret(say: Say, words: list[str], code: int) -> None:
    said = say("data", *words)
    assert said.code == code
    assert "geheim" not in said.out + said.err


def test_nothing_is_left_behind_in_the_workspace(say: Say, customers: Path, tmp_path: Path) -> None:
    say("data", "errors", customers)
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert [path for path in left if "workbench" in path.parts and path.stat().st_size] == []
