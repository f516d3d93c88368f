"""An alert begins once, reaches every receiver, and ends when what it found is gone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from tests.operate.office import BEN, RITA, SHOP, VERA, Office
from tests.operate.watching.cases import SECRET, answer
from tests.operate.watching.receivers import Ear, listening

from roadworthy.adapters.posting import HttpPost
from roadworthy.adapters.webhooks import Webhook
from roadworthy.alerting import Alert, Finding
from roadworthy.casework.review import Verdict
from roadworthy.errors import InputProblem, NotFound, Refused, Unavailable
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.stopping import stop
from roadworthy.operate.watching.alarms import Alarms, acknowledge_alert, list_alerts
from roadworthy.operate.watching.incidents import incident
from roadworthy.ports.watching import Notice

KEY = b"k" * 32


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


def hook(ear: Ear, name: str = "ops") -> Webhook:
    return Webhook(name, HttpPost(), f"{ear.address}/hook", secret=KEY)


def overdue(office: Office) -> None:
    """A review that nobody answered in time."""
    office.release(answer, threshold=None)
    office.submit("C-1", text=f"{SECRET} 0.9")
    office.work()
    office.later(hours=2)


def answered(office: Office) -> None:
    for review in office.reviews("C-1"):
        if review.state == "open":
            decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()


def bodies(ear: Ear) -> list[dict[str, object]]:
    return [json.loads(body) for _, _, body in ear.heard]


def test_an_alert_is_told_once_and_once_more_when_it_is_over(office: Office, ear: Ear) -> None:
    duty = Alarms([hook(ear)])
    overdue(office)
    assert duty(office.deployment) == 1
    assert duty(office.deployment) == 0
    (told,) = bodies(ear)
    assert told["type"] == "alert.firing"
    data = told["data"]
    assert isinstance(data, dict)
    assert (data["rule"], data["use_case"], data["owner"]) == ("review.overdue", "desk", "ben")
    assert data["action"] == "roadworthy review list --use-case desk"
    assert data["cases"] == [office.case("C-1").id]
    answered(office)
    assert duty(office.deployment) == 0
    office.later(minutes=3)
    assert duty(office.deployment) == 1
    assert bodies(ear)[-1]["type"] == "alert.resolved"
    assert duty(office.deployment) == 0
    sequence_all(office.deployment)
    assert [kind for kind in office.events() if kind.startswith("alert.")] == [
        "alert.fired",
        "alert.resolved",
    ]


def test_a_webhook_is_signed_over_id_time_and_body(office: Office, ear: Ear) -> None:
    overdue(office)
    Alarms([hook(ear)])(office.deployment)
    path, headers, body = ear.heard[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert path == "/hook"
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert SECRET.encode() not in body
    assert b"C-1" not in body
    assert b"example.com" not in body


def test_a_receiver_that_is_down_gets_it_later_under_the_same_id(office: Office, ear: Ear) -> None:
    ear.answers = [500, 503, 200]
    with listening() as other:
        duty = Alarms([hook(ear), hook(other, "mates")])
        overdue(office)
        assert duty(office.deployment) == 1
        assert len(other.heard) == 1
        (alert,) = list_alerts(office.deployment, RITA)["alerts"]
        assert {one["channel"]: one["problem"] for one in alert["notices"]} == {
            "ops": "RW-ALERT-010",
            "mates": "",
        }
        assert duty(office.deployment) == 0
        office.later(seconds=6)
        assert duty(office.deployment) == 0
        office.later(seconds=11)
        assert duty(office.deployment) == 1
        assert len({headers["webhook-id"] for _, headers, _ in ear.heard}) == 1
        assert len(ear.heard) == 3
        assert len(other.heard) == 1


def test_two_workers_that_look_at_once_tell_it_once(office: Office, ear: Ear) -> None:
    first, second = Alarms([hook(ear)]), Alarms([hook(ear)])
    overdue(office)
    first.look(office.deployment)
    second.look(office.deployment)
    assert first.send(office.deployment) + second.send(office.deployment) == 1
    assert len(list_alerts(office.deployment, RITA)["alerts"]) == 1


def test_a_worker_that_dies_while_sending_loses_nothing(office: Office, ear: Ear) -> None:
    class Dying:
        name, refresh_s = "ops", 0.0

        def send(self, notice: Notice, alert: Alert, *, at: datetime) -> None:
            raise RuntimeError("killed")

    overdue(office)
    with pytest.raises(RuntimeError):
        Alarms([Dying()])(office.deployment)
    assert Alarms([hook(ear)])(office.deployment) == 0
    office.later(seconds=61)
    assert Alarms([hook(ear)])(office.deployment) == 1


def test_what_comes_and_goes_within_two_minutes_is_one_alert(office: Office, ear: Ear) -> None:
    class Flapping:
        on = True

        def __call__(self, deployment: Deployment, now: datetime) -> list[Finding]:
            return [Finding("drift.alarm", "desk", "inputs", "inputs drift", now)] if self.on else []

    office.release(answer)
    watcher = Flapping()
    duty = Alarms([hook(ear)], [watcher])
    for _ in range(4):
        duty(office.deployment)
        watcher.on = not watcher.on
        office.later(seconds=45)
    assert [told["type"] for told in bodies(ear)] == ["alert.firing"]


def test_a_watcher_that_cannot_look_stops_nobody_else(office: Office, ear: Ear) -> None:
    def broken(deployment: Deployment, now: datetime) -> list[Finding]:
        raise Unavailable("RW-STORE-010", "away", retry_is_safe=True)

    overdue(office)
    assert Alarms([hook(ear)], [broken])(office.deployment) == 2
    assert {told["data"]["rule"] for told in bodies(ear)} == {"review.overdue", "data.missing"}


def test_a_receiver_that_forgets_is_told_again(office: Office, ear: Ear) -> None:
    channel = hook(ear)
    channel.refresh_s = 600.0
    duty = Alarms([channel])
    overdue(office)
    assert duty(office.deployment) == 1
    office.later(minutes=5)
    assert duty(office.deployment) == 0
    office.later(minutes=6)
    assert duty(office.deployment) == 1


def test_silence_of_all_workers_is_an_alert_of_its_own(office: Office, ear: Ear) -> None:
    office.release(answer)
    office.submit("C-1")
    office.later(minutes=5)
    Alarms([hook(ear)])(office.deployment)
    rules = {alert["rule"] for alert in list_alerts(office.deployment, RITA)["alerts"]}
    assert rules == {"worker.none"}
    with office.store.write() as tx:
        office.store.switches.acknowledge(tx, "w1", seen="", at=office.deployment.now())
    office.later(minutes=2)
    Alarms([hook(ear)])(office.deployment)
    rules = {alert["rule"] for alert in list_alerts(office.deployment, RITA)["alerts"]}
    assert rules == {"worker.none", "worker.silent"}


def test_a_suspended_certificate_and_a_spent_budget_page(office: Office, ear: Ear) -> None:
    release = office.release(answer)
    with office.store.write() as tx:
        (certificate,) = office.store.evidence.certificates(tx, "desk", release=release.digest)
        office.store.evidence.suspend(tx, certificate.id, at=office.deployment.now(), reason="drift")
        month = office.deployment.now().date().replace(day=1)
        office.store.effects.reserve_spend(tx, "desk", "usage", month, 850 * 10**9)
    duty = Alarms([hook(ear)])
    duty(office.deployment)
    alerts = {alert["rule"]: alert for alert in list_alerts(office.deployment, RITA)["alerts"]}
    assert set(alerts) == {"certificate.suspended", "budget.almost"}
    assert alerts["certificate.suspended"]["severity"] == "page"
    assert alerts["certificate.suspended"]["owner"] == "rita"
    assert alerts["budget.almost"]["summary"] == "85 % of the budget of cases are used"


def test_who_acknowledges_is_on_record_and_it_fires_on(office: Office, ear: Ear) -> None:
    duty = Alarms([hook(ear)])
    overdue(office)
    duty(office.deployment)
    (alert,) = list_alerts(office.deployment, RITA)["alerts"]
    acknowledge_alert(office.deployment, BEN, alert["id"], why="calling Vera")
    duty(office.deployment)
    (seen,) = list_alerts(office.deployment, RITA)["alerts"]
    assert (seen["state"], seen["acknowledged_by"], seen["acknowledged_why"]) == (
        "firing",
        "ben",
        "calling Vera",
    )
    with pytest.raises(NotFound):
        acknowledge_alert(office.deployment, BEN, "none", why="x")
    with pytest.raises(Refused):
        acknowledge_alert(office.deployment, SHOP, alert["id"], why="x")


def test_a_test_alert_reaches_everybody_and_is_over_at_once(office: Office, ear: Ear) -> None:
    with pytest.raises(InputProblem):
        Alarms([]).raise_test(office.deployment, BEN)
    ended = Alarms([hook(ear)]).raise_test(office.deployment, BEN)
    assert [told["type"] for told in bodies(ear)] == ["alert.firing", "alert.resolved"]
    with office.store.read() as tx:
        assert office.store.alerts.firing(tx) == ()
    assert ended.rule == "test"


def test_an_incident_tells_what_happened_and_whom_it_touched(office: Office, ear: Ear) -> None:
    start = office.deployment.now()
    overdue(office)
    Alarms([hook(ear)])(office.deployment)
    stop(office.deployment, RITA, "use_case:desk", reason="looks wrong")
    office.submit("C-2")
    office.work()
    sequence_all(office.deployment)
    end = office.deployment.now() + timedelta(seconds=1)
    told = incident(office.deployment, RITA, start=start, end=end)
    events = [entry["event"] for entry in told["timeline"]]
    assert events[-2:] == ["alert.fired", "stop.thrown"]
    assert [alert["rule"] for alert in told["alerts"]] == ["review.overdue"]
    assert {case["key"]: case["what"] for case in told["cases"]} == {
        "C-1": {"escalated": 1, "example of review.overdue": 1},
        "C-2": {"parked": 1},
    }
    later = incident(office.deployment, RITA, start=end, end=end + timedelta(hours=1))
    assert later["timeline"] == []
    assert later["cases_touched"] == 1, "the alert still fires"
    with pytest.raises(InputProblem):
        incident(office.deployment, RITA, start=end, end=start)
    with pytest.raises(Refused):
        incident(office.deployment, SHOP, start=start, end=end)
