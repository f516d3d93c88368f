"""Figures are for whoever holds a key that may read them; lineage, alerts and incidents are asked for like cases."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from tests.server.desk import PEOPLE, Desk, reply

from roadworthy.operate.watching.alarms import Alarms
from roadworthy.operate.watching.counting import count_round
from roadworthy.principal import Role


def test_a_key_that_may_read_the_gate_gets_a_page_that_prometheus_reads(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    desk.work()
    count_round(desk.deployment)
    answer = desk.machine(PEOPLE[Role.AUDITOR]).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["roadworthy_cases"].samples[0].value == 1
    assert families["process_cpu_seconds"].samples[0].value > 0


def test_without_a_key_or_with_one_of_a_client_or_of_one_use_case_there_is_no_page(desk: Desk) -> None:
    nobody = desk.machine(PEOPLE[Role.OWNER])
    nobody.client.headers.pop("authorization")
    assert nobody.get("/metrics").status_code == 401
    assert desk.machine(PEOPLE[Role.CLIENT]).get("/metrics").status_code == 403
    assert desk.machine(PEOPLE[Role.OPERATOR], use_case="desk").get("/metrics").status_code == 403
    browser = desk.browser(PEOPLE[Role.OWNER])
    assert browser.get("/metrics").status_code == 401


def test_lineage_has_a_twin_in_the_api(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    desk.work()
    machine = desk.machine(PEOPLE[Role.AUDITOR])
    told = machine.get("/api/v1/lineage/cases/C-1?use_case=desk").json()
    assert {edge["relation"] for edge in told["edges"]} >= {"used", "generated", "decided", "caused"}
    assert "entity" in machine.get("/api/v1/lineage/cases/C-1?form=prov").json()
    uses = machine.get("/api/v1/lineage/model/intent?limit=5").json()["uses"]
    assert [use["case"]["key"] for use in uses] == ["C-1"]
    assert machine.get("/api/v1/lineage/document/none.md").status_code == 404
    assert machine.get("/api/v1/lineage/shoe/x").status_code == 422
    assert machine.get("/api/v1/lineage/cases/C-1?form=xml").status_code == 422
    assert desk.machine(PEOPLE[Role.CLIENT]).get("/api/v1/lineage/model/intent").status_code == 403


def test_alerts_are_listed_and_acknowledged_and_an_incident_is_told(desk: Desk) -> None:
    desk.office.release(reply, threshold=None)
    desk.office.submit("C-1")
    desk.office.work()
    desk.office.later(hours=2)
    Alarms([])(desk.deployment)
    desk.work()
    machine = desk.machine(PEOPLE[Role.OPERATOR])
    (alert,) = machine.get("/api/v1/alerts?use_case=desk").json()["alerts"]
    assert alert["rule"] == "review.overdue"
    seen = machine.post(f"/api/v1/alerts/{alert['id']}/acknowledge", {"reason": "on it"}).json()["alert"]
    assert seen["acknowledged_by"] == "the-operator"
    assert machine.post("/api/v1/alerts/none/acknowledge", {"reason": "x"}).status_code == 404
    told = machine.get("/api/v1/incident?from=2026-05-04T08:00:00Z&to=2026-05-04T12:00:00Z").json()
    assert [one["rule"] for one in told["alerts"]] == ["review.overdue"]
    assert machine.get("/api/v1/incident?from=2026-05-04T08:00:00%2B00:00").status_code == 200
    assert machine.get("/api/v1/incident?from=yesterday").status_code == 422
    assert machine.get("/api/v1/incident").status_code == 422
