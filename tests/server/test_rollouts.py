"""Releases over the API: which one a case gets, what one is, and how it moves."""

from __future__ import annotations

from dataclasses import replace

from tests.operate.office import BEN, SHOP, VERA
from tests.server.desk import Desk, reply

from roadworthy.stage import Stage


def test_other_programs_ask_which_release_a_case_gets(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.release(reply, number=2, stage=Stage.CANARY, share=0.5)
    shop = desk.machine(SHOP)
    answers = [
        shop.get(f"/api/v1/use-cases/desk/assignment?case=T-{number}").json() for number in range(20)
    ]
    assert {answer["release"] for answer in answers} == {"r1", "r2"}
    again = shop.get("/api/v1/use-cases/desk/assignment?case=T-3").json()
    assert again == answers[3]
    assert set(again) == {
        "use_case", "case", "release", "digest", "stage", "shadow", "share", "taken", "why", "stopped",
    }  # fmt: skip
    missing = shop.get("/api/v1/use-cases/desk/assignment")
    assert (missing.status_code, missing.json()["error"]["code"]) == (422, "RW-SERVER-005")
    assert shop.get("/api/v1/use-cases/none/assignment?case=T-1").status_code == 404


def test_a_key_of_one_use_case_learns_nothing_of_another(desk: Desk) -> None:
    desk.office.release(reply)
    bound = desk.machine(SHOP, use_case="other")
    assert bound.get("/api/v1/use-cases/desk/assignment?case=T-1").status_code == 403


def test_a_release_is_aborted_and_the_way_back_is_refused_without_one(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.release(reply, number=2, stage=Stage.CANARY, share=0.5)
    ben = desk.machine(BEN)
    halted = ben.post("/api/v1/use-cases/desk/releases/r2/abort", {"reason": "bad"})
    assert [(one["release"], one["from"], one["stage"]) for one in halted.json()["moved"]] == [
        ("r2", "canary", "halted")
    ]
    assert ben.post("/api/v1/use-cases/desk/releases/r2/abort", {"reason": "bad"}).json() == {"moved": []}
    back = ben.post("/api/v1/use-cases/desk/rollback", {"reason": "bad"})
    assert (back.status_code, back.json()["error"]["code"]) == (403, "RW-RELEASE-012")
    assert (
        desk.machine(VERA)
        .post("/api/v1/use-cases/desk/rollback", {"reason": "bad"})
        .json()["error"]["code"]
        == "RW-ACCESS-001"
    )


def test_a_promotion_says_what_is_missing(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.PILOT, share=0.0)
    ben = desk.machine(BEN)
    held = ben.post("/api/v1/use-cases/desk/releases/r1/promote", {"to": "shadow"})
    assert (held.status_code, held.json()["error"]["code"]) == (403, "RW-GATE-010")
    wrong = ben.post("/api/v1/use-cases/desk/releases/r1/promote", {"to": "moon"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "RW-SERVER-005")


def test_an_unsigned_release_is_not_shown_as_if_it_were_sound(desk: Desk) -> None:
    release = desk.office.release(reply)
    shown = desk.machine(BEN).get("/api/v1/use-cases/desk/releases/r1").json()
    assert (shown["stage"], sorted(shown["files"])) == ("production", ["charter.yaml", "workflow.py"])
    with desk.office.store.write() as tx:
        desk.office.store.releases.save(tx, replace(release, signature="", key=""))
    answer = desk.machine(BEN).get("/api/v1/use-cases/desk/releases/r1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "RW-RELEASE-010")


def test_two_releases_are_compared_in_words(desk: Desk) -> None:
    from tests.operate.office import CHARTER

    from roadworthy.operate.rollout import archive_of, build

    for text in ("", "\nretention: 30d\n"):
        archive = archive_of({"charter.yaml": (CHARTER + text).encode()}, {})
        desk.office.workflows[archive.digest] = reply
        desk.office.charters[archive.digest] = None  # type: ignore[assignment]
        build(desk.deployment, BEN, archive)
    found = desk.machine(BEN).get("/api/v1/use-cases/desk/difference?before=r1&after=r2").json()
    assert [one["sentence"] for one in found["differences"]] == [
        "the charter's `retention` was `365d`, is now `30d`"
    ]
