"""Repeated requests get the stored answer; nothing happens twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.operate.office import OLGA, SHOP, VERA
from tests.server.desk import Desk, reply

from roadworthy.errors import Corrupt, InputProblem, Unavailable

CASE = {"use_case": "desk", "key": "T-1", "data": {"text": "refund 0.9"}}
REPLAYED = "idempotent-replayed"


def test_the_same_key_and_request_get_the_stored_answer(desk: Desk) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    first = shop.post("/api/v1/cases", CASE, idempotency_key="a")
    desk.work()
    again = shop.post("/api/v1/cases", CASE, idempotency_key="a")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.text == first.text
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"


def test_the_same_key_with_another_request_is_refused(desk: Desk) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    shop.post("/api/v1/cases", CASE, idempotency_key="a")
    other = shop.post("/api/v1/cases", {**CASE, "key": "T-2"}, idempotency_key="a")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "RW-SERVER-008")
    assert shop.post("/api/v1/cases", CASE, idempotency_key="a").headers[REPLAYED] == "true"


def test_the_query_is_part_of_the_request(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1")
    desk.work()
    shop = desk.machine(SHOP)
    body = {"truth": "refund", "source": "crm"}
    shop.post("/api/v1/cases/T-1/outcome?use_case=desk", body, idempotency_key="a")
    assert shop.post("/api/v1/cases/T-1/outcome?use_case=no", body, idempotency_key="a").status_code == 422


def test_keys_of_different_people_and_paths_do_not_meet(desk: Desk) -> None:
    desk.office.release(reply)
    shop, olga = desk.machine(SHOP), desk.machine(OLGA)
    shop.post("/api/v1/cases", CASE, idempotency_key="a")
    assert REPLAYED not in olga.post("/api/v1/cases", CASE, idempotency_key="a").headers
    assert (
        REPLAYED
        not in olga.post("/api/v1/stop", {"scope": "all", "reason": "x"}, idempotency_key="a").headers
    )


def test_a_stop_with_a_key_is_thrown_once(desk: Desk) -> None:
    desk.office.release(reply)
    olga = desk.machine(OLGA)
    body = {"scope": "use_case:desk", "reason": "wrong articles"}
    answers = [olga.post("/api/v1/stop", body, idempotency_key="s").text for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(olga.get("/api/v1/stop").json()["stops"]) == 1


def test_two_requests_at_once_with_one_key_act_once(desk: Desk) -> None:
    desk.office.release(reply)
    body = {"scope": "use_case:desk", "reason": "wrong articles"}
    machines = [desk.machine(OLGA) for _ in range(6)]
    answers: list[str] = []

    def throw(number: int) -> None:
        answers.append(machines[number].post("/api/v1/stop", body, idempotency_key="s").text)

    threads = [threading.Thread(target=throw, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert len(machines[0].get("/api/v1/stop").json()["stops"]) == 1


def test_a_decision_is_replayed_not_repeated(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    review = desk.open_review("T-1")
    vera = desk.machine(VERA)
    path, body = f"/api/v1/reviews/{review.id}/decide", {"verdict": "approve", "seen": review.proposal}
    first = vera.post(path, body, idempotency_key="d")
    assert vera.post(path, body, idempotency_key="d").text == first.text
    assert vera.post(path, body).status_code == 409
    desk.work()
    assert len(desk.office.tools["mail.reply"].sends) == 1


def test_a_refusal_is_not_kept_so_that_it_can_end_differently_later(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    review = desk.open_review("T-1")
    olga = desk.machine(OLGA)
    path, body = f"/api/v1/reviews/{review.id}/decide", {"verdict": "approve", "seen": review.proposal}
    assert olga.post(path, body, idempotency_key="d").status_code == 403
    again = olga.post(path, body, idempotency_key="d")
    assert again.status_code == 403
    assert REPLAYED not in again.headers


def test_a_rejected_message_is_kept_once(desk: Desk) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    bad = {**CASE, "data": {"colour": "red"}}
    first, again = (shop.post("/api/v1/cases", bad, idempotency_key="b") for _ in range(2))
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.text == first.text
    with desk.office.store.read() as tx:
        assert len(desk.office.store.cases.rejects(tx, "desk").rows) == 1


def test_after_a_crash_between_the_change_and_its_answer_the_repeated_request_finds_the_change(
    desk: Desk,
) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    shop.post("/api/v1/cases", CASE)  # carried out; the answer under the key was never stored
    again = shop.post("/api/v1/cases", CASE, idempotency_key="a")
    assert (again.status_code, again.json()["again"]) == (200, True)


def test_a_faulty_key_is_named(desk: Desk) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    for key in ("", "k" * 201):
        answer = shop.post("/api/v1/cases", CASE, idempotency_key=key)
        assert answer.status_code == 422
        assert answer.json()["error"]["problems"][0]["place"] == "Idempotency-Key"


SERVER_FAULTS = [
    Corrupt("RW-MODEL-001", "a model is not here"),
    Unavailable("RW-STORE-002", "the database is locked", retry_is_safe=True),
    InputProblem("RW-LOADER-004", "workflow.py: cannot be imported"),
    InputProblem("RW-MODEL-003", "local models need `onnxruntime`"),
]


@pytest.mark.parametrize("fault", SERVER_FAULTS, ids=lambda fault: str(fault.code))
def test_a_fault_of_the_server_is_never_the_final_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)

    def fail(_digest: str) -> Any:
        raise fault

    with monkeypatch.context() as broken:
        broken.setattr(desk.office, "charter", fail)
        assert shop.post("/api/v1/cases", CASE, idempotency_key="a").status_code >= 422
    mended = shop.post("/api/v1/cases", CASE, idempotency_key="a")
    assert mended.status_code == 202
    assert REPLAYED not in mended.headers
    assert shop.post("/api/v1/cases", CASE, idempotency_key="a").headers[REPLAYED] == "true"


def test_a_request_of_a_wrong_shape_is_answered_once_for_all(desk: Desk) -> None:
    shop = desk.machine(SHOP)
    first, again = (shop.post("/api/v1/cases", {"use_case": "desk"}, idempotency_key="c") for _ in range(2))
    assert first.json()["error"]["code"] == "RW-SERVER-005"
    assert again.headers[REPLAYED] == "true"
    assert again.text == first.text
