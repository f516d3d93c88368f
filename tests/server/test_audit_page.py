"""The audit explorer: what is proven, what is found, what is taken along, and who may ask."""

from __future__ import annotations

import html as markup
import io
import json
import zipfile
from pathlib import Path

import pytest
from tests.operate.office import SHOP
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.cli.packs import check
from roadworthy.ledger import VerifyKey
from roadworthy.operate import errands
from roadworthy.operate.erasing import erase_person
from roadworthy.operate.flagging import flag_case
from roadworthy.operate.packs import check_pack
from roadworthy.ports.knowledge import Forgotten
from roadworthy.principal import Role

AUDITOR = PEOPLE[Role.AUDITOR]
MAY = {Role.RISK_OFFICER, Role.AUDITOR, Role.OPERATOR, Role.ADMIN, Role.OWNER}


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """Three cases: two left alone, one waits for a person."""
    desk.office.release(reply)
    for key in ("T-1", "T-2"):
        desk.office.submit(key)
    desk.office.submit("T-3", "refund 0.2")
    desk.work()
    return desk


def test_an_empty_ledger_says_so(desk: Desk) -> None:
    page = desk.browser(AUDITOR).get("/audit")
    assert page.status_code == 200
    assert "Nobody has verified the 0 entries yet" in text_of(page.text)
    assert "The ledger is empty" in page.text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CLIENT}))
def test_who_may_verify_may_look(worked: Desk, role: Role) -> None:
    browser = worked.browser(PEOPLE[role])
    page, entry, pack = browser.get("/audit"), browser.get("/audit/0"), browser.get("/audit/pack")
    wanted = 200 if role in MAY else 403
    assert {page.status_code, entry.status_code, pack.status_code} == {wanted}
    assert ('href="/audit"' in page.text) == (role in MAY)


def test_verifying_is_noted_and_shown(worked: Desk) -> None:
    browser = worked.browser(AUDITOR)
    answer = browser.submit(browser.get("/audit"), "/audit/verify")
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit")
    told = text_of(browser.get("/audit").text)
    assert "entries verified, none altered, dropped or reordered by the-auditor" in told
    assert "1 came since" in told
    noted = worked.browser(AUDITOR).get("/audit.json?kind=ledger.verified").json()["entries"]
    assert [one["actor"] for one in noted] == ["the-auditor"]
    assert noted[0]["data"]["holds"] is True


def test_an_altered_entry_is_found_and_the_page_says_how_far_the_rest_is_intact(worked: Desk) -> None:
    import sqlite3

    with sqlite3.connect(worked.folder / "office.sqlite") as connection:
        connection.execute("UPDATE ledger_entry SET event = CAST('{\"v\":1}' AS BLOB) WHERE seq = 2")
    browser = worked.browser(AUDITOR)
    browser.submit(browser.get("/audit"), "/audit/verify")
    told = text_of(browser.get("/audit").text)
    assert "1 faults; intact are the first 2 of" in told
    assert "unreadable" in told
    assert "Unreadable" in browser.get("/audit/2").text
    assert browser.get("/audit/2.json").json()["entry"]["proof"]["holds"] is False
    assert browser.get("/audit/3.json").json()["entry"]["proof"]["holds"] is True


def test_a_verification_on_its_way_is_shown_and_called_off(
    worked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr("roadworthy.server.audit_forms._WAIT_S", 0.01)
    go = threading.Event()

    def slow(tell: errands.Progress) -> None:
        tell(4_000, 9_000)
        go.wait(5)
        tell(5_000, 9_000)

    running = errands.begin(worked.deployment, "ledger", "rita", slow)
    browser = worked.browser(AUDITOR)
    page = browser.get("/audit")
    assert "rita verifies: 4,000 of 9,000 entries" in text_of(page.text)
    assert browser.submit(page, "/audit/call-off").status_code == 303
    go.set()
    assert running.wait(5)
    again = browser.get("/audit")
    assert "was called off" in again.text
    assert 'action="/audit/verify"' in again.text


def test_entries_are_filtered_and_paged_by_their_address(worked: Desk) -> None:
    browser = worked.browser(AUDITOR)
    case = worked.office.case("T-1").id

    def kinds(query: str) -> list[str]:
        return [one["kind"] for one in browser.get(f"/audit.json?{query}").json()["entries"]]

    assert set(kinds("kind=case.accepted")) == {"case.accepted"}
    assert len(kinds("kind=case.accepted&by=shop&use_case=desk")) == 3
    assert set(kinds("kind=case.")) >= {"case.accepted", "case.decided", "case.closed"}
    assert kinds("case=T-1&use_case=desk") == kinds(f"case={case}")
    assert kinds("since=2026-05-04&until=2026-05-04") == kinds("")
    assert kinds("since=2026-05-05") == kinds("until=2026-05-03") == kinds("kind=no.such") == []
    seen, after = [], ""
    while True:
        page = browser.get(f"/audit.json?limit=4&after={after}").json()
        seen += [one["seq"] for one in page["entries"]]
        after = page["after"]
        if not after:
            break
    assert seen == list(range(len(seen) - 1, -1, -1))
    assert len(seen) == len(kinds(""))


def test_an_entry_shows_its_bytes_and_its_proof(worked: Desk) -> None:
    browser = worked.browser(AUDITOR)
    found = browser.get("/audit/0.json").json()["entry"]
    assert found["proof"]["holds"] is True
    assert found["kind"] == json.loads(found["canonical"])["kind"]
    page = browser.get("/audit/0")
    assert "The leaf lies under the signed head" in text_of(page.text)
    assert found["leaf"] in page.text
    newest = browser.get("/audit.json").json()["entries"][0]["seq"]
    assert f'href="/audit/{newest}"' in browser.get(f"/audit/{newest - 1}").text
    assert f'href="/audit/{newest + 1}"' not in browser.get(f"/audit/{newest}").text
    assert browser.get("/audit/999").status_code == 404
    assert browser.get("/audit/no").status_code == 404


def test_what_was_erased_is_shown_as_erased_and_stays_proven(worked: Desk) -> None:
    erase_person(
        worked.deployment, PEOPLE[Role.OWNER], "ada@example.com", indexes=lambda _: Forgotten((), 0, None)
    )
    worked.work()
    browser = worked.browser(AUDITOR)
    first = browser.get("/audit.json?kind=case.accepted").json()["entries"][0]["seq"]
    erased = browser.get(f"/audit/{first}.json").json()["entry"]
    assert erased["erased"]["by"] == "the-owner"
    assert erased["proof"]["holds"] is True
    said = browser.get(f"/audit/{erased['erased']['entry']}.json").json()["entry"]
    assert said["kind"] == "subject.erased"
    assert "content erased" in browser.get(f"/audit/{first}").text


def test_every_saved_question_has_an_answer(worked: Desk) -> None:
    worked.office.submit("T-500", "refund 0.9")
    worked.work()
    flag_case(worked.deployment, PEOPLE[Role.OWNER], worked.office.case("T-1").id, reason="why?")
    worked.work()
    browser = worked.browser(AUDITOR)
    for question in browser.get("/audit.json").json()["questions"]:
        assert browser.get(question["href"]).status_code == 200, question
    flagged = browser.get("/audit.json?kind=case.flagged,case.unflagged").json()["entries"]
    assert [one["data"] for one in flagged] == [{"reason": "why?"}]


def test_a_period_is_taken_along_and_checked_elsewhere(
    worked: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worked.office.later(days=1)
    worked.office.submit("T-9")
    worked.work()
    worked.office.later(days=1)
    worked.office.submit("T-10")
    worked.work()
    browser = worked.browser(AUDITOR)
    answer = browser.get("/audit/pack?since=2026-05-05&until=2026-05-05")
    assert answer.headers["content-type"] == "application/zip"
    file = tmp_path / "pack.zip"
    file.write_bytes(answer.content)
    key = worked.deployment.ledger_key.verifier
    found = check_pack(file, key)
    assert found.holds
    assert 0 < found.entries < found.size
    with zipfile.ZipFile(file) as packed:
        lines = packed.read("entries.jsonl").splitlines()
        others = {name: packed.read(name) for name in ("pack.json", "README.txt")}
    assert {json.loads(line)["at"][:10] for line in lines} == {"2026-05-05"}
    assert check(file, key=str(key)) == 0
    assert f"✓ {found.entries} entries" in capsys.readouterr().out
    altered = io.BytesIO()
    with zipfile.ZipFile(altered, "w") as packed:
        for name, content in others.items():
            packed.writestr(name, content)
        packed.writestr("entries.jsonl", b"\n".join(lines).replace(b"shop", b"slop") + b"\n")
    file.write_bytes(altered.getvalue())
    assert not check_pack(file, key).holds
    assert check(file, key=str(key)) == 3
    file.write_bytes(b"no zip")
    with pytest.raises(Exception, match="no pack of a ledger"):
        check_pack(file, VerifyKey.parse(str(key)))


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("since=yesterday", "since"), ("since=2026-13-01&until=x", "until"), ("case=nothing", "case"),
        ("question=who", "question"), ("question=alone&above=-1", "above"), ("after=x", "after"), ("limit=0", "limit"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(worked: Desk, query: str, place: str) -> None:
    answer = worked.browser(AUDITOR).get(f"/audit?{query}")
    assert answer.status_code == 422
    assert f"<code>{place}</code>" in answer.text


def test_an_empty_period_is_no_download(worked: Desk) -> None:
    browser = worked.browser(AUDITOR)
    assert browser.get("/audit/pack?since=2020-01-01&until=2020-01-02").status_code == 404
    assert browser.get("/audit/pack?since=2026-05-05&until=2026-05-04").status_code == 422


def test_hostile_text_stays_text(worked: Desk) -> None:
    hostile = '<script>alert(1)</script>"\'=HYPERLINK("http://x")![x](http://y)'
    flag_case(worked.deployment, PEOPLE[Role.OWNER], worked.office.case("T-1").id, reason=hostile)
    worked.work()
    browser = worked.browser(AUDITOR)
    seq = browser.get("/audit.json?kind=case.flagged").json()["entries"][0]["seq"]
    for page in (browser.get(f"/audit/{seq}"), browser.get("/audit?by=%3Cscript%3Ealert(1)%3C/script%3E")):
        assert "<script>alert" not in page.text
    assert hostile in markup.unescape(browser.get(f"/audit/{seq}").text)


def test_a_key_bound_to_one_use_case_is_refused(worked: Desk) -> None:
    assert worked.machine(AUDITOR, use_case="desk").get("/audit.json").status_code == 403
    assert worked.machine(AUDITOR).get("/audit.json").status_code == 200
    assert worked.machine(SHOP).get("/audit.json").status_code == 403
