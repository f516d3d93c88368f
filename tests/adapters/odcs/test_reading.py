"""Every problem of a contract's file, at its place."""

import pytest

from roadworthy.adapters.odcs import read, write, yamltext
from roadworthy.adapters.odcs.yamltext import MAX_BYTES
from roadworthy.data.check import Asks
from roadworthy.data.contract import Contract
from roadworthy.data.declared import checks_of
from roadworthy.errors import InputProblem

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: orders\nversion: '1'\n"


def contract(text: str) -> Contract:
    return read(HEAD + text, file="c.yaml")


def problems(text: str, *, head: str = HEAD) -> list[tuple[int, int, str]]:
    with pytest.raises(InputProblem) as caught:
        read(head + text, file="c.yaml")
    assert caught.value.code in ("RW-DATA-201", "RW-DATA-202")
    assert all(one.place == "c.yaml" for one in caught.value.problems)
    return [(one.line, one.column, one.message) for one in caught.value.problems]


def test_what_the_standard_says_of_a_table_is_read() -> None:
    found = contract("""
team:
  members:
  - {username: ada, role: Data Owner}
  - {username: bob, role: steward}
  - {username: eve, role: owner, dateOut: 2024-01-01}
roles: [{role: reader, access: read}]
servers: [{server: prod, type: postgres, host: db, port: 5432}]
customProperties: [{property: roadworthy.note, value: x}, {property: other, value: y}]
slaDefaultElement: orders.at
slaProperties: [{property: freshness, value: 4, unit: h}]
schema:
- name: orders
  physicalName: tbl_orders
  customProperties: [{property: roadworthy.systemOfRecord, value: erp}]
  relationships: [{from: [orders.a, orders.b], to: [parts.a, parts.b]}]
  properties:
  - {name: id, physicalName: ID, logicalType: integer, primaryKey: true, primaryKeyPosition: 2}
  - {name: site, logicalType: string, primaryKey: true, primaryKeyPosition: 1, criticalDataElement: true}
  - name: mail
    logicalType: string
    classification: restricted
    customProperties: [{property: roadworthy.personal, value: [email]}]
    relationships: [{to: /schema/people/properties/mail}]
  - {name: at, logicalType: timestamp}
  - name: address
    logicalType: object
    properties: [{name: zip, logicalType: string, required: true}]
""")
    assert found.owner is not None
    assert found.steward is not None
    assert (found.owner.username, found.steward.username) == ("ada", "bob")
    assert found.own == {"roadworthy.note": "x"}
    table = found.tables[0]
    assert found.table("tbl_orders") is found.table("orders") is table
    assert table.key == ("site", "id")
    assert table.system_of_record == "erp"
    assert table.relations[0].columns == ("a", "b")
    assert (table.relations[0].table, table.relations[0].targets) == ("parts", ("a", "b"))
    mail = table.column("mail")
    assert mail is not None
    assert (mail.personal, mail.classification) == (("email",), "restricted")
    assert (mail.relations[0].table, mail.relations[0].targets) == ("people", ("mail",))
    assert table.promises[0].element == ("orders", "at")
    assert [one.name for one in table.columns[4].nested] == ["address.zip"]
    assert found.servers[0]["port"] == 5432


def test_all_problems_of_a_file_are_told_at_once_with_their_places() -> None:
    found = problems("""schema:
- name: a
  properties:
  - {name: x, logicalType: strng}
  - {name: x, required: 'yes'}
  quality:
  - {metric: rowCount, mustBeLessThan: many}
""")
    assert found == [
        (9, 15, "`schema.0.properties.1.required`: expected true or false, found `yes`"),
        (11, 24, "`schema.0.quality.0.mustBeLessThan`: expected a number, found `many`"),
    ]


def test_sense_is_looked_for_once_the_form_is_right() -> None:
    found = problems("""schema:
- name: a
  properties:
  - name: x
    logicalType: strng
    logicalTypeOptions: {minLength: 9, maxLength: 2}
    relationships: [{to: nowhere}]
    customProperties: [{property: roadworthy.atMost, value: {pattern: 200}}]
  - {name: x}
  - {logicalType: string}
  quality:
  - {metric: rowCount, mustBe: 1, mustNotBe: 2}
  - {metric: rowCount, mustBeBetween: [9, 1]}
  - {type: sql, mustBe: 0}
  - {type: wordy}
  - {dimension: beauty, metric: rowCount, mustBe: 1}
  relationships: [{from: [a.x, a.y], to: [b.x]}]
slaProperties: [{property: freshness, value: 1, unit: d, element: zzz.at}]
""")
    said = "\n".join(message for _, _, message in found)
    for expected in (
        "there is no logical type `strng`", "`minLength` 9 is above `maxLength` 2", "`nowhere` names no table",
        "percentages from 0 to 100", "the name `x` stands twice", "`name` is missing",
        "`mustBe` and `mustNotBe` stand in one rule", "begins with 9, which is above 1", "the rule has no `query`",
        "there is no type of rule `wordy`", "there is no dimension `beauty`", "name different numbers of columns",
        "`zzz.at`, which is no table of this contract",
    ):  # fmt: skip
        assert expected in said
    assert found == sorted(found, key=lambda one: one[:2])


def test_what_every_contract_needs_is_asked_for() -> None:
    messages = [message for _, _, message in problems("name: x\nkind: Recipe\napiVersion: v2\n", head="")]
    assert messages[:2] == ["`id` is missing", "`version` is missing"]
    assert any("expected `DataContract`" in one for one in messages)
    assert any("expected `v3.1.0`" in one for one in messages)


def test_a_team_of_the_older_form_is_read_and_its_problems_are_told_once() -> None:
    assert contract("team: [{username: ada, role: owner}]").owner is not None
    assert problems("team: [{username: 3}]") == [
        (5, 9, "`team.0.username`: expected text, found `3`"),
    ]
    assert problems("team: {members: [{username: 3}]}") == [
        (5, 19, "`team.members.0.username`: expected text, found `3`"),
    ]


def test_an_unknown_field_is_kept_and_told() -> None:
    found = contract("schema: [{name: a, properties: [{name: x, requird: true}]}]\nzzqqxx: {a: 1}\n")
    assert [(one.code, one.hint) for one in found.findings] == [
        ("RW-DATA-203", "did you mean `required`?"),
        ("RW-DATA-203", "what is your own goes to `customProperties`"),
    ]
    assert "c.yaml:5:" in found.findings[0].place
    assert "requird: true" in write(found)
    misspelt = contract("schema: [{name: a, customProperties: [{property: roadworthy.atmost, value: 1}]}]")
    assert misspelt.findings[0].hint == "did you mean `roadworthy.atMost`?"


def test_a_key_that_stands_twice_is_a_problem() -> None:
    assert problems("name: a\nname: b\n") == [(6, 1, "`name` stands twice")]


def test_an_alias_is_read_as_what_it_stands_for() -> None:
    found = contract("schema:\n- &a {name: one, tags: [x]}\n- {<<: *a, name: two}\n")
    assert [one.name for one in found.tables] == ["one", "two"]
    assert found.document["schema"][1] == {"name": "two", "tags": ["x"]}
    assert "&" not in write(found)


def test_a_text_that_grows_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltext, "MOST_NODES", 5_000)
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(8)
    )
    assert "with all aliases" in problems(bomb)[0][2]
    assert "nested deeper" in problems("a: &a [*a]\n")[0][2]
    assert "nested deeper" in problems("a: " + "[" * 4_000 + "\n")[0][2]
    assert "a contract has at most" in problems("#" * MAX_BYTES)[0][2]
    assert "a second document" in problems("---\na: 1\n")[0][2]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object:os.system x",
        "a: !mine x",
        "a: !!int x",
        "a: '\\",
        "a: [",
        "- 1",
        '"a": "\\ud800"',
    ],
)
def test_what_is_no_plain_yaml_is_refused_at_its_place(text: str) -> None:
    assert problems(text)[0][0] >= 1


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputProblem, match="not UTF-8"):
        read(b"id: \xff", file="c.yaml")
    assert read(b"\xef\xbb\xbf" + HEAD.encode(), file="c.yaml").id == "orders"


def test_norway_and_dates_are_texts_and_numbers_are_not() -> None:
    found = contract("tags: [NO, on, 2024-01-01]\nname: NO\n")
    assert found.document["tags"] == ["NO", "on", "2024-01-01"]
    assert "put it in quotes" in _hints("tags: [1.0]")


def _hints(text: str) -> str:
    with pytest.raises(InputProblem) as caught:
        contract(text)
    return " ".join(one.hint for one in caught.value.problems)


def test_rules_of_version_3_0_are_understood() -> None:
    found = contract("""schema:
- name: a
  properties:
  - name: x
    quality:
    - {rule: duplicateCount, mustBe: 0}
    - {rule: validValues, validValues: [a, b], mustBe: 0}
""")
    asked = [check.asks for check in checks_of(found.tables[0])]
    assert asked == [Asks.COLUMN, Asks.REPEATS, Asks.FLAWS, Asks.UNDECLARED]
