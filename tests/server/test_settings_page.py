"""The settings: who sees what, what is still missing, keys that are shown once, models and receivers that are tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.operate.office import CHARTER
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.ledger import decode
from roadworthy.operate import access, stopping
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.app import application
from roadworthy.wiring.place import Workspace

ADMIN, REVIEWER, BUILDER = PEOPLE[Role.ADMIN], PEOPLE[Role.REVIEWER], PEOPLE[Role.BUILDER]
BOTH = Principal("both", "Both", Kind.PERSON, frozenset({Role.ADMIN, Role.OWNER}))
ROBOT = Principal("robot", "Robot", Kind.SERVICE, frozenset({Role.CLIENT}))
HOSTILE = "<script>alert(1)</script> =HYPERLINK(1)"
MODELS = """
models:
  big:
    url: http://127.0.0.1:9/v1
    model: big-1
    secret: BIG_KEY_OF_A_TEST
    listed_as: openai/no-such-model
"""


@pytest.fixture
def place(desk: Desk, tmp_path: Path) -> Workspace:
    """The desk behind a door that knows its workspace."""
    home = tmp_path / "home"
    home.mkdir()
    place = Workspace(home, f"sqlite:///{home / 'roadworthy.sqlite'}")
    desk.app = application(desk.deployment, place=place)
    with desk.office.store.write() as tx:
        for one in (BOTH, ROBOT):
            desk.office.store.people.add(tx, one)
    return place


def kinds(desk: Desk) -> list[str]:
    sequence_all(desk.deployment)
    with desk.office.store.read() as tx:
        newest = desk.office.store.observed.newest(tx)
        found = [desk.office.store.observed.entry(tx, seq) for seq in range(newest + 1)]
    return [decode(event).kind for event in found if event]


def test_an_empty_installation_says_which_of_the_six_steps_are_missing(
    desk: Desk, place: Workspace
) -> None:
    page = desk.browser(ADMIN).get("/settings.json").json()
    steps = {step["title"]: step["done"] for step in page["steps"]}
    assert steps == {
        "Two people to say yes": True,
        "A use case": False,
        "Language models can be asked": True,
        "A worker is at work": False,
        "Alerts reach somebody": False,
        "A restore was proven": False,
    }
    assert page["missing"] == 4
    said = text_of(desk.browser(ADMIN).get("/settings").text)
    assert "2 of 6 steps" in said
    assert "Nobody is told." in said
    assert "No charter names a language model" in said
    assert {"Python", "disk", "keys", "database", "jobs"} <= {one["what"] for one in page["checks"]}


def test_each_role_sees_what_it_may_and_why_not_the_rest(desk: Desk, place: Workspace) -> None:
    desk.office.release(reply)
    for role, api, gateway, checks in (
        (Role.ADMIN, True, True, True),
        (Role.BUILDER, False, True, False),
        (Role.REVIEWER, False, False, False),
        (Role.AUDITOR, False, False, False),
    ):
        page = desk.browser(PEOPLE[role]).get("/settings.json").json()
        seen = (page["keys"] is not None, page["gateway_keys"] is not None, page["checks"] is not None)
        assert seen == (api, gateway, checks), role
    browser = desk.browser(REVIEWER)
    said = text_of(browser.get("/settings").text)
    assert "You cannot add or change accounts" in said
    assert "Add an account" not in said
    assert desk.browser(PEOPLE[Role.CLIENT]).get("/settings").status_code == 403


TARGETS = {
    "accounts": "admin", "accounts/robot/roles": "admin", "accounts/robot/disable": "admin",
    "accounts/robot/enable": "admin", "mail": "admin", "keys": "admin", "keys/abcdefghijkl/revoke": "admin",
    "models/try": "admin", "receivers/try": "nobody with one role",
    "gateway-keys": "builder operator owner admin",
}  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_each_action_is_refused_to_every_other_role(desk: Desk, place: Workspace, role: Role) -> None:
    desk.office.release(reply)
    browser, before = desk.browser(PEOPLE[role]), kinds(desk)
    # Every page of somebody who is signed in holds the token, those that refuse the role, too.
    token = re.search(r'name="form_token" value="([^"]+)"', browser.get("/settings").text)
    assert token is not None
    fields = {
        "id": "eve", "kind": "person", "account": "robot", "use_case": "desk", "stage": "pilot", "model": "none",
        "form_token": token[1],
    }  # fmt: skip
    refused = {
        target
        for number, target in enumerate(TARGETS)
        if browser.client.post(
            f"/settings/{target}",
            data={**fields, "once": f"{number:032d}", "for": "" if target == "gateway-keys" else "robot"},
            headers={"sec-fetch-site": "same-origin"},
        ).status_code
        == 403
    }
    assert refused == {target for target, roles in TARGETS.items() if role not in roles.split()}
    if not any(role in roles.split() for roles in TARGETS.values()):
        assert kinds(desk) == before


def test_roles_are_changed_by_somebody_else_and_the_newest_word_is_not_overruled(
    desk: Desk, place: Workspace
) -> None:
    browser, target = desk.browser(ADMIN), f"/settings/accounts/{REVIEWER.id}/roles"
    page = browser.get(f"/settings?account={REVIEWER.id}")
    assert "Keep these roles" in page.text
    done = browser.submit(page, target, **{"role-auditor": "yes"})
    assert done.status_code == 303
    assert browser.submit(page, target, **{"role-auditor": "yes"}).status_code == 303  # sent twice
    stale = browser.submit(page, target, **{"role-owner": "yes"})
    assert stale.status_code == 409
    assert "RW-ACCESS-020" in stale.text
    with desk.office.store.read() as tx:
        found = desk.office.store.people.get(tx, REVIEWER.id)
    assert found is not None
    assert found.roles == {Role.AUDITOR}
    assert kinds(desk).count("account.roles_changed") == 1
    mine = f"/settings/accounts/{ADMIN.id}/roles"
    own = browser.get(f"/settings?account={ADMIN.id}")
    taken = browser.submit(own, mine, **{"role-admin": "yes", "role-owner": "yes"})
    assert taken.status_code == 403
    assert "nobody gives a role to themselves" in text_of(taken.text)
    assert browser.get("/settings?account=nobody").status_code == 404


def test_who_is_disabled_is_recognised_no_more_until_enabled(desk: Desk, place: Workspace) -> None:
    theirs, browser = desk.browser(REVIEWER), desk.browser(ADMIN)
    assert theirs.get("/inbox").status_code == 200
    page = browser.get(f"/settings?account={REVIEWER.id}")
    target = f"/settings/accounts/{REVIEWER.id}"
    assert browser.submit(page, f"{target}/disable").status_code == 303
    assert browser.submit(page, f"{target}/disable").status_code == 303  # again: nothing happens
    assert theirs.get("/inbox").status_code == 303  # to the sign-in
    shut = browser.get(f"/settings?account={REVIEWER.id}")
    assert "disabled" in text_of(shut.text)
    assert browser.submit(shut, f"{target}/enable").status_code == 303
    assert theirs.get("/inbox").status_code == 200
    assert [kind for kind in kinds(desk) if kind.startswith("account.") and "able" in kind] == [
        "account.disabled",
        "account.enabled",
    ]
    own = browser.get(f"/settings?account={ADMIN.id}")
    assert f"/settings/accounts/{ADMIN.id}/disable" not in own.text


def test_accounts_are_paged(desk: Desk, place: Workspace) -> None:
    browser = desk.browser(ADMIN)
    first = browser.get("/settings.json?limit=2").json()
    rest = browser.get(f"/settings.json?limit=200&after={first['after']}").json()
    names = [one["id"] for one in (*first["people"], *rest["people"])]
    assert names == sorted(names)
    assert len(names) == first["known_people"]


def test_an_account_is_added_and_what_was_typed_stays_where_it_was_wrong(
    desk: Desk, place: Workspace
) -> None:
    browser = desk.browser(ADMIN)
    page = browser.get("/settings")
    wrong = browser.submit(page, "/settings/accounts", id="V E R A", name=HOSTILE, kind="person")
    assert wrong.status_code == 422
    assert "<script>alert" not in wrong.text
    assert "&lt;script&gt;alert(1)" in wrong.text
    fields = {
        "id": "vesna",
        "name": HOSTILE,
        "kind": "person",
        "email": "vesna@example.com",
        "role-owner": "yes",
    }
    done = browser.submit(page, "/settings/accounts", **fields)
    assert done.status_code == 303, text_of(done.text)
    assert done.headers["location"] == "/settings#people"
    assert browser.submit(page, "/settings/accounts", **fields).status_code == 409
    shown = browser.get("/settings")
    assert "<script>alert" not in shown.text
    assert "vesna@example.com" not in shown.text
    [vesna] = [one for one in browser.get("/settings.json").json()["people"] if one["id"] == "vesna"]
    assert (vesna["roles"], vesna["mail"]) == (["owner"], True)
    assert (
        "'<script>" in browser.get("/settings.csv").text or "<script>" in browser.get("/settings.csv").text
    )


def test_mail_is_ones_own_or_the_administrators_business(desk: Desk, place: Workspace) -> None:
    browser = desk.browser(REVIEWER)
    page = browser.get(f"/settings?account={REVIEWER.id}")
    mine = browser.submit(page, "/settings/mail", account=REVIEWER.id, email="r@example.com")
    assert mine.status_code == 303
    theirs = browser.submit(page, "/settings/mail", account=ADMIN.id, email="r@example.com")
    assert theirs.status_code == 403
    assert browser.submit(page, "/settings/mail", account=REVIEWER.id, email="no").status_code == 422


def test_a_new_key_is_shown_once_and_stands_nowhere_else(
    desk: Desk, place: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    browser = desk.browser(ADMIN)
    page = browser.get("/settings")
    shown = browser.submit(page, "/settings/keys", **{"for": ROBOT.id})
    [secret] = re.findall(r"rw_key_[a-z0-9_]+", shown.text)
    assert shown.headers["cache-control"] == "no-store"
    assert access.recognise(desk.deployment, secret, kind=access.KEY).id == ROBOT.id
    again = browser.submit(page, "/settings/keys", **{"for": ROBOT.id})
    assert again.status_code == 409
    assert secret not in again.text
    listed = browser.get("/settings")
    [key] = [
        one for one in browser.get("/settings.json").json()["keys"]["rows"] if one["principal"] == ROBOT.id
    ]
    assert secret not in listed.text
    assert secret not in caplog.text
    assert browser.submit(listed, f"/settings/keys/{key['id']}/revoke").status_code == 303
    assert browser.submit(listed, f"/settings/keys/{key['id']}/revoke").status_code == 404
    assert {"key.issued", "key.revoked"} <= set(kinds(desk))
    back = browser.get("/settings/keys")  # the address at which the secret stood
    assert (back.status_code, back.headers["location"]) == (303, "/settings")


def test_nobody_makes_a_key_in_another_persons_name(desk: Desk, place: Workspace) -> None:
    browser = desk.browser(ADMIN)
    refused = browser.submit(browser.get("/settings"), "/settings/keys", **{"for": REVIEWER.id})
    assert refused.status_code == 403
    assert "a person's key is made by that person" in text_of(refused.text)
    assert "rw_key_" not in refused.text


def test_a_gateway_key_is_bound_to_the_newest_release(desk: Desk, place: Workspace) -> None:
    desk.office.release(reply)
    browser = desk.browser(BUILDER)
    page = browser.get("/settings")
    shown = browser.submit(page, "/settings/gateway-keys", use_case="desk", stage="canary")
    assert "rw_gateway_" in shown.text
    [key] = browser.get("/settings.json").json()["gateway_keys"]["rows"]
    assert (key["use_case"], key["release"], key["stage"]) == ("desk", "r1", "canary")
    bad = browser.submit(browser.get("/settings"), "/settings/gateway-keys", use_case="desk", stage="moon")
    assert bad.status_code == 422
    listed = browser.get("/settings")
    assert browser.submit(listed, f"/settings/gateway-keys/{key['id']}/revoke").status_code == 303
    assert browser.get("/settings.json").json()["gateway_keys"]["rows"] == []


def test_a_model_without_secret_is_missing_by_name_and_its_test_says_so(
    desk: Desk, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BIG_KEY_OF_A_TEST", raising=False)
    desk.office.release(reply, charter=CHARTER + MODELS)
    browser = desk.browser(ADMIN)
    page = browser.get("/settings")
    assert "BIG_KEY_OF_A_TEST" in page.text
    [model] = browser.get("/settings.json").json()["models"]
    assert (model["secret_set"], model["priced"], model["where"]) == (False, False, "127.0.0.1:9")
    assert browser.submit(page, "/settings/models/try", use_case="desk", model="big").status_code == 303
    [model] = browser.get("/settings.json").json()["models"]
    assert "`BIG_KEY_OF_A_TEST` is not set" in model["tried"]["said"]
    monkeypatch.setenv("BIG_KEY_OF_A_TEST", "sk-very-secret")
    browser.submit(page, "/settings/models/try", use_case="desk", model="big")
    [model] = browser.get("/settings.json").json()["models"]
    assert (model["secret_set"], model["tried"]["answered"]) == (True, False)
    assert "not reached" in model["tried"]["said"]
    assert "sk-very-secret" not in browser.get("/settings").text
    assert kinds(desk).count("model.tried") == 2
    assert browser.submit(page, "/settings/models/try", use_case="desk", model="none").status_code == 404


def test_no_model_is_asked_while_a_stop_reaches_it(desk: Desk, place: Workspace) -> None:
    desk.office.release(reply, charter=CHARTER + MODELS)
    stopping.stop(desk.deployment, PEOPLE[Role.OWNER], "use_case:desk", reason="a test")
    browser = desk.browser(ADMIN)
    said = browser.submit(browser.get("/settings"), "/settings/models/try", use_case="desk", model="big")
    assert said.status_code == 403
    assert "RW-SETTINGS-002" in said.text
    assert "model.tried" not in kinds(desk)


def test_receivers_are_named_without_their_secrets_and_a_broken_file_says_so(
    desk: Desk, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_OF_A_TEST", "whsec_" + "A" * 44)
    file = place.home / "alerts.yaml"
    file.write_text(
        'receivers: [{name: ops, kind: webhook, url: "http://127.0.0.1:9/hook", secret: "${HOOK_OF_A_TEST}"}]'
    )
    browser = desk.browser(BOTH)
    page = browser.get("/settings")
    assert [one["name"] for one in browser.get("/settings.json").json()["receivers"]["rows"]] == ["ops"]
    assert browser.submit(page, "/settings/receivers/try").status_code == 303
    tried = browser.get("/settings.json").json()["receivers"]["tried"]
    assert tried["result"]["ops"]
    assert "AAAA" not in browser.get("/settings").text
    file.write_text("receivers: 3")
    broken = browser.get("/settings.json").json()
    assert broken["receivers"]["problem"]
    assert "alerts.yaml cannot be used" in browser.get("/settings").text
