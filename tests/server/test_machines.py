"""What every operation has in common: versions, pages, repeated requests, hostile words, secrets."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema_rs import validator_for
from tests.operate.office import OLGA, RITA, SHOP, START, VERA
from tests.server.desk import PEOPLE, Desk, Machine, reply

from roadworthy.errors import Unavailable
from roadworthy.ledger import SigningKey, check_inclusion, leaf_hash, open_note
from roadworthy.ports import Credential
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import digest
from roadworthy.server import idempotency
from roadworthy.server.api import OPERATIONS
from roadworthy.server.openapi import document
from roadworthy.server.paging import cursor, read_cursor

API = "/api/v1"
STOP = {"scope": "use_case:desk", "reason": "wrong articles"}
ADMIN, OWNER = PEOPLE[Role.ADMIN], PEOPLE[Role.OWNER]


@pytest.fixture
def waiting(desk: Desk) -> Any:
    """A desk with one open review."""
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    return desk.open_review("T-1")


def test_the_document_is_openapi_by_its_own_schema() -> None:
    """The schema of the OpenAPI Initiative for 3.1 (spec.openapis.org/oas/3.1/schema/2022-10-07)."""
    schema = json.loads((Path(__file__).parent / "openapi-3.1.json").read_text(encoding="utf-8"))
    described = document(OPERATIONS, title="Test")
    assert not [error.message for error in validator_for(schema).iter_errors(described)]
    for part in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(part)


def test_what_did_not_change_is_not_sent_again(desk: Desk, waiting: Any) -> None:
    vera = desk.machine(VERA)
    shown = vera.get(f"{API}/reviews/{waiting.id}")
    tag = shown.headers["etag"]
    again = vera.client.get(f"{API}/reviews/{waiting.id}", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    vera.post(f"{API}/reviews/{waiting.id}/claim", {})
    newer = vera.client.get(f"{API}/reviews/{waiting.id}", headers={"If-None-Match": tag})
    assert newer.status_code == 200
    assert newer.headers["etag"] != tag


def test_a_change_for_an_older_version_is_not_made(desk: Desk, waiting: Any) -> None:
    vera = desk.machine(VERA)
    tag = vera.get(f"{API}/reviews/{waiting.id}").headers["etag"]
    path = f"{API}/reviews/{waiting.id}/claim"
    assert vera.post(path, {}, if_match=f"W/{tag}").status_code == 412
    assert vera.post(path, {}, if_match=tag).status_code == 200
    stale = vera.post(f"{API}/reviews/{waiting.id}/release", {}, if_match=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "RW-SERVER-019")
    assert vera.post(f"{API}/reviews/{waiting.id}/release", {}, if_match="*").status_code == 200
    assert vera.post(f"{API}/stop", STOP, if_match=tag).status_code == 422


def test_a_version_is_looked_at_again_where_the_change_is_written(desk: Desk, waiting: Any) -> None:
    """Somebody changes it after the first look: the look within the transaction sees it."""
    vera = desk.machine(VERA)
    tag = vera.get(f"{API}/reviews/{waiting.id}").headers["etag"]
    store, before = desk.office.store, []

    def write() -> Any:
        if not before:
            before.append(True)
            desk.machine(VERA).post(f"{API}/reviews/{waiting.id}/claim", {})
        return type(store).write(store)

    store.write = write  # type: ignore[method-assign]
    stale = vera.post(f"{API}/reviews/{waiting.id}/release", {}, if_match=tag)
    assert (stale.status_code, before) == (412, [True])
    assert desk.open_review("T-1").claimed_by == "vera"


def test_a_list_leads_to_its_next_page(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(5):
        desk.office.submit(f"T-{number}")
    desk.work()
    owner = desk.machine(OWNER)
    for path, rows in ((f"{API}/cases?use_case=desk", "cases"), (f"{API}/effects?tool=mail.reply", "effects"),
                       (f"{API}/ledger/entries?", "entries"), (f"{API}/use-cases/desk/tools?", "tools")):  # fmt: skip
        everything = owner.get(f"{path}&limit=200").json()[rows]
        found, address = [], f"{path}&limit=2"
        while address:
            page = owner.get(address)
            found += page.json()[rows]
            link = page.headers.get("link", "")
            assert bool(link) is bool(page.json()["after"])
            address = link.partition(">")[0].removeprefix("<")
        assert found == everything
        assert len(found) >= 5


def test_a_row_that_comes_between_two_pages_moves_no_other(desk: Desk) -> None:
    admin = desk.machine(ADMIN)
    first = admin.get(f"{API}/accounts?limit=3").json()
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, Principal("aaron", "Aaron", Kind.PERSON, frozenset()))
    second = admin.get(f"{API}/accounts?limit=3&after={first['after']}").json()
    ids = [one["id"] for one in [*first["accounts"], *second["accounts"]]]
    assert ids == sorted(set(ids))
    assert "aaron" not in ids


@given(name=st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable()))
@settings(max_examples=60)
def test_a_cursor_gives_back_its_name_and_nothing_else_is_one(name: str) -> None:
    made = cursor(name)
    assert read_cursor(made) == name
    with pytest.raises(Exception, match="no cursor"):
        read_cursor(made[:-1] + ("A" if made[-1] != "A" else "B") + "A")


HOSTILE = [
    "%00",
    "..%2f..%2fetc",
    "%ff%fe",
    "'%20OR%201=1--",
    "%F0%9F%92%A9",
    "a" * 3_000,
    "%0d%0aSet-Cookie:x",
    "{}",
    "*",
]


@pytest.mark.parametrize("name", [one.name for one in OPERATIONS if "{" in one.path])
def test_hostile_names_get_a_problem_and_never_a_fault(hostile: Machine, name: str) -> None:
    operation = next(one for one in OPERATIONS if one.name == name)
    for word in HOSTILE:
        parts = [word if "{" in part else part for part in operation.path.split("/")]
        query = "&".join(f"{key}=2026-01-01T00:00:00Z" for key in operation.required)
        address = f"{API}{'/'.join(parts)}?{query}"
        answer = hostile.get(address) if operation.body is None else hostile.post(address, {})
        assert answer.status_code < 500, (word, answer.text)
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", [one.name for one in OPERATIONS if one.query])
def test_wrong_queries_get_a_problem_and_never_a_fault(hostile: Machine, name: str) -> None:
    operation = next(one for one in OPERATIONS if one.name == name)
    path = API + operation.path.replace("{name}", "desk").replace("{base}", "x").replace("{kind}", "model")
    path = path.replace("{name:path}", "T-1").replace("{key:path}", "T-1")
    words = ["-1", "0", "9" * 400, "1e9", "NaN", "%00", "٣", "x" * 5_000]
    for word in words:
        query = "&".join(f"{key}={word}" for key in operation.query)
        answer = (
            hostile.get(f"{path}?{query}")
            if operation.body is None
            else hostile.post(f"{path}?{query}", {})
        )
        assert answer.status_code < 500, (word, answer.text)
        assert answer.status_code >= 400 or "limit" not in operation.query, (word, answer.text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Any:
    desk = Desk(tmp_path_factory.mktemp("hostile"))
    desk.office.release(reply)
    everything = Principal("all", "All", Kind.PERSON, frozenset(Role))
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, everything)
    yield desk.machine(everything)
    desk.office.store.close()


@given(body=st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
                         lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)))  # fmt: skip
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_bodies_of_the_wrong_type_get_a_problem(hostile: Machine, body: Any) -> None:
    for operation in OPERATIONS:
        if (
            operation.body is None
            or operation.name in {"stop", "resume"}
            or not operation.body.model_fields
        ):
            continue
        fields = dict.fromkeys(operation.body.model_fields, body)
        path = API + operation.path.replace(":path", "").replace("{", "").replace("}", "")
        answer = hostile.post(f"{path}?{'&'.join(f'{one}=x' for one in operation.required)}", fields)
        assert 400 <= answer.status_code < 500, (operation.name, answer.text)


def test_a_problem_says_what_every_door_says_and_what_the_standard_asks_for(desk: Desk) -> None:
    answer = desk.machine(SHOP).post(f"{API}/cases", {})
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["status"], body["code"], body["kind"]) == (422, "RW-SERVER-005", "input")
    assert body["type"] == "urn:roadworthy:problem:RW-SERVER-005"
    assert body["problems"] == body["error"]["problems"]
    assert body["detail"] == body["error"]["message"]


def test_another_process_with_the_same_key_is_told_to_come_back(desk: Desk) -> None:
    desk.office.release(reply)
    olga, store = desk.machine(OLGA), desk.office.store
    raw = b"\n\n" + json.dumps(STOP, separators=(",", ":")).encode()
    scope = f"{OLGA.id}/ POST {API}/stop"
    with store.write() as tx:
        claimed = store.replies.claim(tx, scope, "k", digest(raw), "elsewhere", START, dead_before=START)
    assert claimed is None
    told = olga.post(f"{API}/stop", STOP, idempotency_key="k")
    assert (told.status_code, told.json()["code"], told.headers["retry-after"]) == (
        409,
        "RW-SERVER-017",
        "1",
    )
    assert olga.get(f"{API}/stop").json()["stops"] == []
    desk.office.clock.advance(idempotency.LEASE + timedelta(seconds=1))
    assert olga.post(f"{API}/stop", STOP, idempotency_key="k").status_code == 200
    assert olga.post(f"{API}/stop", STOP, idempotency_key="k").headers["idempotent-replayed"] == "true"
    assert len(olga.get(f"{API}/stop").json()["stops"]) == 1


def test_processes_that_race_with_one_key_act_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock of one process, the database alone decides."""
    desk.office.release(reply)
    monkeypatch.setattr(idempotency, "_lock", lambda scope, key: threading.Lock())
    machines = [desk.machine(OLGA) for _ in range(6)]
    answers: list[Any] = []

    def throw(machine: Machine) -> None:
        answers.append(machine.post(f"{API}/stop", STOP, idempotency_key="s"))

    threads = [threading.Thread(target=throw, args=(machine,)) for machine in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(machines[0].get(f"{API}/stop").json()["stops"]) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1


def test_a_stop_is_thrown_where_its_key_cannot_be_noted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.office.release(reply)
    olga = desk.machine(OLGA)

    def full(*_: object) -> None:
        raise Unavailable("RW-STORE-010", "the disk is full", retry_is_safe=True)

    monkeypatch.setattr(idempotency, "_claim", full)
    assert olga.post(f"{API}/stop", STOP, idempotency_key="k").status_code == 200
    assert olga.post(f"{API}/cases", {}, idempotency_key="k").status_code == 503


def test_a_key_is_told_once_and_never_stored(desk: Desk) -> None:
    admin, store = desk.machine(ADMIN), desk.office.store
    with store.write() as tx:
        store.people.add(tx, Principal("crm", "CRM", Kind.SERVICE, frozenset({Role.CLIENT})))
    body = {"principal": "crm", "use_case": "desk"}
    made = admin.post(f"{API}/keys", body, idempotency_key="k").json()
    crm = Machine(desk.app, made["key"])
    me = crm.get(f"{API}/me").json()
    assert (me["id"], me["use_case"]) == ("crm", "desk")
    assert "case.submit" in me["verbs"]
    again = admin.post(f"{API}/keys", body, idempotency_key="k").json()
    assert again == {"id": made["id"], "key": None}
    for file in desk.folder.glob("office.sqlite*"):
        assert made["key"].split("_")[3].encode() not in file.read_bytes()
    assert made["id"] in {one["id"] for one in admin.get(f"{API}/keys").json()["keys"]}
    assert admin.post(f"{API}/keys/{made['id']}/revoke", {}).status_code == 200
    assert crm.get(f"{API}/me").status_code == 401
    assert admin.post(f"{API}/keys/{made['id']}/revoke", {}).json()["code"] == "RW-ACCESS-016"


def test_nobody_makes_a_key_of_another_person_or_a_wider_one(desk: Desk) -> None:
    admin = desk.machine(ADMIN)
    foreign = admin.post(f"{API}/keys", {"principal": "the-reviewer"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "RW-ACCESS-017")
    assert (
        desk.machine(ADMIN, use_case="desk").post(f"{API}/keys", {"principal": "the-admin"}).status_code
        == 403
    )
    assert desk.machine(OWNER).post(f"{API}/keys", {"principal": "the-owner"}).status_code == 403


def test_whoever_holds_a_key_may_take_it_back(desk: Desk) -> None:
    owner = desk.machine(OWNER)
    with desk.office.store.read() as tx:
        mine: list[Credential] = [
            one for one in desk.office.store.people.credentials(tx, "key").rows if one.principal == OWNER.id
        ]
    assert owner.post(f"{API}/keys/{mine[0].id}/revoke", {}).status_code == 200
    assert owner.get(f"{API}/me").status_code == 401


def test_a_proof_is_checked_without_this_server(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(4):
        desk.office.submit(f"T-{number}")
    desk.work()
    rita = desk.machine(RITA)
    key: SigningKey = desk.deployment.ledger_key
    for seq in (0, 3):
        proof = rita.get(f"{API}/ledger/entries/{seq}/proof").json()
        head = open_note(proof["note"], key.verifier)
        leaf = leaf_hash(b64decode(proof["event"]))
        assert (leaf.hex(), head.size, head.root.hex()) == (proof["leaf"], proof["size"], proof["root"])
        path = [bytes.fromhex(one) for one in proof["path"]]
        assert check_inclusion(leaf, path, index=seq, size=head.size, root=head.root)
    for seq in ("99999", "-1", "x", "9" * 30):
        assert rita.get(f"{API}/ledger/entries/{seq}/proof").json()["code"] == "RW-LEDGER-022"
