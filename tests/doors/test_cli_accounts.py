"""`user`, `waiver`, `alerts mute` and `ledger recount` as people type them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.doors.saying import USE_CASE, Say, plain_data

from roadworthy.alerting import Finding
from roadworthy.cli.session import keep_session
from roadworthy.operate.access import KEY, issue
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.keys import list_accounts
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.principal import Kind, Principal, Role
from roadworthy.wiring import open_deployment, workspace

ADMIN = Principal("tester", "tester", Kind.PERSON, frozenset({Role.ADMIN}))


def test_roles_are_given_taken_and_an_account_is_disabled(say: Say) -> None:
    assert say("user", "add", "vera", "--role", "reviewer").code == 0
    assert say("user", "roles", "vera", "--role", "auditor", "--role", "owner").code == 0
    [vera] = [one for one in say("user", "list", "--json").json["users"] if one["id"] == "vera"]
    assert (vera["roles"], vera["disabled"]) == (["auditor", "owner"], False)
    assert say("user", "disable", "vera").code == 0
    assert "disabled" in say("user", "list").out
    useless = say("login", "vera", "--link")
    assert (useless.code, "RW-ACCESS-022" in useless.err) == (1, True)
    assert say("user", "enable", "vera").code == 0
    assert say("login", "vera", "--link").code == 0
    missing = say("user", "roles", "nobody", "--role", "owner")
    assert (missing.code, "RW-ACCESS-011" in missing.err) == (1, True)
    unknown = say("user", "roles", "vera", "--role", "king")
    assert (unknown.code, "RW-ACCESS-003" in unknown.err) == (2, True)


def test_nobody_gives_themselves_a_role_and_the_last_administrator_stays(say: Say) -> None:
    say("user", "list")
    mine = say("user", "roles", "tester", "--role", "admin", "--role", "risk_officer")
    assert (mine.code, "RW-ACCESS-019" in mine.err) == (4, True)
    own = say("user", "disable", "tester")
    assert (own.code, "RW-ACCESS-019" in own.err) == (4, True)
    last = say("user", "roles", "tester", "--role", "owner")
    assert (last.code, "RW-ACCESS-021" in last.err) == (1, True)
    assert say("user", "add", "ada", "--role", "admin").code == 0
    assert say("user", "roles", "tester", "--role", "owner").code == 0
    gone = say("user", "add", "eve")
    assert (gone.code, "RW-ACCESS-001" in gone.err) == (4, True)


def test_a_waiver_is_asked_granted_and_withdrawn(say: Say, tmp_path: Path) -> None:
    plain_data(tmp_path / "home")
    assert say("release", "start", str(USE_CASE)).code == 0
    assert "no waiver was asked for" in say("waiver", "list", "plain").out
    words = ["waiver", "ask", "plain", "business.kpi_baseline", "--reason", "closes in June", "--days", "9"]
    assert say(*words).code == 0
    [asked] = say("waiver", "list", "plain", "--json").json["waivers"]
    alone = say("waiver", "grant", "plain", asked["id"])
    assert (alone.code, "RW-ACCESS-004" in alone.err) == (4, True)
    assert say("user", "add", "rita", "--role", "risk_officer").code == 0
    deployment = open_deployment(workspace(None))
    rita = next(one for one in list_accounts(deployment, ADMIN) if one.id == "rita")
    keep_session(workspace(None), issue(deployment, rita, "rita", KEY))
    deployment.store.close()
    assert say("waiver", "grant", "plain", asked["id"]).code == 0
    assert [one["state"] for one in say("waiver", "list", "plain", "--json").json["waivers"]] == [
        "in force"
    ]
    assert say("waiver", "withdraw", "plain", "business.kpi_baseline", "--reason", "known").code == 0
    assert "ended" in say("waiver", "list", "plain").out
    again = say("waiver", "withdraw", "plain", "business.kpi_baseline", "--reason", "known")
    assert (again.code, "RW-GATE-016" in again.err) == (1, True)
    assert say(*words).code == 0
    [asked, _] = say("waiver", "list", "plain", "--json").json["waivers"]
    assert say("waiver", "decline", "plain", asked["id"]).code == 0


def burning(_deployment: Deployment, now: datetime) -> tuple[Finding, ...]:
    return (Finding("drift.alarm", "", "texts", "texts look different", now),)


def test_an_alert_is_muted_for_a_while_and_told_of_again(say: Say) -> None:
    say("user", "list")
    deployment = open_deployment(workspace(None))
    Alarms([], [burning]).look(deployment)
    deployment.store.close()
    [alert] = say("alerts", "list", "--json").json["alerts"]
    assert say("alerts", "mute", alert["id"], "--reason", "known", "--hours", "2").code == 0
    assert "told of again" in say("alerts", "unmute", alert["id"]).out
    assert "was not muted" in say("alerts", "unmute", alert["id"]).out
    wordless = say("alerts", "mute", alert["id"], "--reason", " ")
    assert (wordless.code, "RW-ALERT-005" in wordless.err) == (2, True)


def test_the_ledger_is_counted_anew(say: Say, tmp_path: Path) -> None:
    plain_data(tmp_path / "home")
    assert say("release", "start", str(USE_CASE)).code == 0
    assert say("ledger", "verify").code == 0
    first = say("ledger", "recount", "--json")
    assert (first.code, first.json["entries"] > 0) == (0, True)
    assert "counted anew" in say("ledger", "recount").out
