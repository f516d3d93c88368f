"""``/in/USE_CASE/NAME``: only what is signed is taken, once, and nobody else learns anything."""

import base64
import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.operate.conftest import office
from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office
from tests.server.desk import BASE

from roadworthy.errors import InputProblem
from roadworthy.server.app import application
from roadworthy.webhooks import secret_of, signed

__all__ = ["office"]
SECRETS = {f"env:{name}": f"whsec_{base64.b64encode(name.encode() * 30).decode()}" for name in "ABC"}
HOOKS = """
intake:
  webhooks:
    shop: {secrets: ["env:A", "env:B"], fields: {text: data.text, sender: data.customer.email, amount: data.lines.0.cents}, max_bytes: 5000}
    keyed: {secrets: ["env:A"], key: data.id, fields: {text: data.text}}
    crm: {secrets: ["env:A", "env:GONE"], to: outcome, key: data.id, truth: data.label}
"""
DATA = {"text": "refund 0.9", "customer": {"email": "ada@example.com"}, "lines": [{"cents": 5}], "id": 7}


def read_secret(reference: str) -> str:
    if reference not in SECRETS:
        raise InputProblem("RW-TOOL-007", "holds no secret")
    return SECRETS[reference]


class Shop:
    """Another system that signs what it sends."""

    def __init__(self, office: Office) -> None:
        self.office = office
        office.release(reply, charter=CHARTER + HOOKS)
        self.client = TestClient(application(office.deployment, secret=read_secret), base_url=BASE)

    def send(
        self, value: Any, *, name: str = "shop", id_: str = "msg_1", secret: str = "env:A", **changed: str
    ) -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        headers = signed([secret_of(SECRETS[secret])], id_, self.office.clock.now(), body)
        return self.client.post(f"/in/desk/{name}", content=body, headers={**headers, **changed})

    def contents(self) -> dict[str, Any]:
        office = self.office
        with office.store.read() as tx:
            rows = office.store.cases.list(tx, "desk").rows
            return {case.key: office.deployment.vault.open(tx, case.input) for case in rows}

    def rejects(self) -> list[str]:
        with self.office.store.read() as tx:
            return [one.key for one in self.office.store.cases.rejects(tx, "desk").rows]


@pytest.fixture
def shop(office: Office) -> Shop:
    return Shop(office)


def test_a_signed_message_is_a_case_and_the_same_again_is_the_same(shop: Shop) -> None:
    first = shop.send({"data": DATA})
    assert (first.status_code, first.json()) == (202, {"taken": "case", "again": False})
    again = shop.send({"data": DATA}, secret="env:B")
    assert (again.status_code, again.json()) == (200, {"taken": "case", "again": True})
    assert shop.contents() == {"msg_1": {"text": "refund 0.9", "sender": "ada@example.com", "amount": 5}}


def test_the_key_may_stand_in_the_message(shop: Shop) -> None:
    assert shop.send({"data": DATA}, name="keyed").status_code == 202
    assert shop.send({"data": DATA}, name="keyed", id_="msg_2").status_code == 200
    assert shop.contents() == {"7": {"text": "refund 0.9"}}


def test_whatever_is_not_proven_is_not_recognised_and_tells_nothing(shop: Shop) -> None:
    answers = [
        shop.send({"data": DATA}, secret="env:C"),
        shop.send({"data": DATA}, name="nobody"),
        shop.send({"data": DATA}, name="keyed", secret="env:B"),
        shop.send({"data": DATA}, **{"webhook-signature": "nonsense"}),
        shop.send({"data": DATA}, **{"webhook-signature": b"v1,\xe9"}),  # type: ignore[arg-type]
        shop.send({"data": DATA}, **{"webhook-timestamp": "1"}),
        shop.send({"data": {**DATA, "text": "x" * 6_000}}),
        shop.client.post("/in/desk/shop", content=b"{}"),
        shop.client.post("/in/no%20such/shop", content=b"{}"),
        shop.client.post("/in/other/shop", content=b"{}"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert shop.contents() == {}
    assert shop.rejects() == []
    assert shop.client.get("/in/desk/shop").status_code == 405


def test_an_old_message_is_not_taken(shop: Shop) -> None:
    body = json.dumps({"data": DATA}).encode()
    headers = signed([secret_of(SECRETS["env:A"])], "msg_1", shop.office.clock.now(), body)
    shop.office.later(minutes=6)
    assert shop.client.post("/in/desk/shop", content=body, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b"[1]", 400),
        (b"{", 400),
        (b"{" * 4_000, 400),
        ({"data": {"text": "x" * 300}}, 422),
        ({"data": {"text": ["a"]}}, 422),
        ({"data": {}}, 422),
        ({"data": {**DATA, "lines": [{"cents": 10**300}]}}, 400),
    ],
)
def test_a_proven_message_that_is_no_case_is_kept(shop: Shop, value: Any, status: int) -> None:
    for _ in range(2):
        assert shop.send(value).status_code == status
    assert shop.contents() == {}
    assert shop.rejects() == ["msg_1"]


def test_the_same_id_with_another_body_is_kept_and_changes_nothing(shop: Shop) -> None:
    shop.send({"data": DATA})
    assert shop.send({"data": {**DATA, "text": "other 0.9"}}).status_code == 422
    assert shop.rejects() == ["msg_1"]


def test_an_outcome_is_noted_once_also_where_one_of_two_secrets_is_gone(shop: Shop) -> None:
    shop.send({"data": DATA}, name="keyed")
    known = {"data": {"id": 7, "label": "refund"}}
    early = shop.send(known, name="crm", id_="msg_9")
    assert early.status_code == 409
    shop.office.work()
    first, again = (shop.send(known, name="crm", id_="msg_9") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert shop.send({"data": {"id": 8, "label": "x"}}, name="crm").status_code == 404
    assert shop.send({"data": {"id": 7}}, name="crm").status_code == 422


def test_without_secrets_there_is_no_such_page(office: Office) -> None:
    assert (
        TestClient(application(office.deployment), base_url=BASE).post("/in/desk/shop").status_code == 404
    )
