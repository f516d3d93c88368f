"""A stop that the database cannot take: every door leaves it in a slip, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.errors import Unavailable
from roadworthy.operate import slips
from roadworthy.operate.slips import in_force
from roadworthy.principal import Role

OWNER, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.REVIEWER]


@pytest.fixture
def full(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose database is read and cannot be written any more."""
    desk.office.release(reply)

    def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable("RW-STORE-004", "the disk is full", retry_is_safe=True)

    monkeypatch.setattr(slips, "stop", refuse)
    return desk


def stopped(desk: Desk) -> list[tuple[str, str]]:
    with desk.office.store.read() as tx:
        return [(one.scope, one.stopped_by) for one in in_force(desk.deployment, tx)]


@pytest.mark.parametrize("target", ["/stops", "/stop"])
def test_a_form_leaves_the_stop_beside_the_database_and_shows_it(full: Desk, target: str) -> None:
    browser = full.browser(OWNER)
    page = browser.get("/portfolio" if target == "/stops" else "/stop")
    sent = browser.submit(page, target, scope="all", reason="wrong fees")
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/stop?thrown=")
    assert stopped(full) == [("all", OWNER.id)]
    assert "wrong fees" in text_of(browser.get(sent.headers["location"]).text)


def test_a_program_is_told_where_its_stop_lies(full: Desk) -> None:
    sent = full.machine(OWNER).post(
        "/api/v1/stop", {"scope": "use_case:desk", "reason": "wrong fees"}, idempotency_key="s1"
    )
    assert sent.status_code == 200
    assert sent.json()["left"]
    assert stopped(full) == [("use_case:desk", OWNER.id)]
