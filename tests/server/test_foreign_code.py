"""Looking at a release never runs it: only a worker that was given a case of it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.operate.office import BEN, CHARTER, SHOP, VERA
from tests.server.desk import PEOPLE, Browser, Desk, Machine, reply

from roadworthy.adapters.folders import FolderLoader
from roadworthy.operate.intake import submit
from roadworthy.operate.verdicts import verdict
from roadworthy.principal import Role
from roadworthy.quantities import Share
from roadworthy.release import Archive, Release
from roadworthy.server.app import application
from roadworthy.stage import Stage

PAGES = (
    "/portfolio",
    "/use-cases/desk",
    "/inbox",
    "/cases",
    "/portfolio.json",
    "/use-cases/desk.json?release=r2",
)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "was-imported"


@pytest.fixture
def strange(desk: Desk, tmp_path: Path, trace: Path) -> Desk:
    """A desk with a draft whose code leaves a trace when it is imported, behind a real loader."""
    office = desk.office
    office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    workflow = f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n"
    archive = Archive({"charter.yaml": CHARTER.encode(), "workflow.py": workflow.encode()})
    now = office.clock.now()
    with office.store.write() as tx:
        office.store.releases.add(
            tx,
            Release(archive.digest, "desk", 2, "ben", "", Stage.DRAFT, Share(0.0), now, now),
            archive,
        )

    def stored(digest: str) -> Archive:
        with office.store.read() as tx:
            return office.store.releases.archive(tx, digest)

    def assemble(*_: object) -> object:
        raise AssertionError("nothing is put together for looking")

    loader = FolderLoader(stored, tmp_path / "releases", assemble)  # type: ignore[arg-type]
    desk.deployment = replace(desk.deployment, loader=loader)
    desk.app = application(desk.deployment)
    return desk


def test_pages_and_verdicts_do_not_import_a_release(strange: Desk, trace: Path) -> None:
    owner: Browser = strange.browser(PEOPLE[Role.OWNER])
    review = strange.open_review("T-1")
    for path in (*PAGES, f"/reviews/{review.id}", f"/cases/{review.case}"):
        assert owner.get(path).status_code == 200, path
        assert not trace.exists(), path
    ben: Machine = strange.machine(BEN)
    for path in ("verdict?release=r2", "verdict", "releases"):
        assert ben.get(f"/api/v1/use-cases/desk/{path}").status_code == 200, path
    verdict(strange.deployment, BEN, "desk", "r2", Stage.PILOT)
    assert strange.machine(VERA).get("/api/v1/reviews").status_code == 200
    assert not trace.exists()


def test_the_page_shows_the_charter_of_the_draft(strange: Desk) -> None:
    html = strange.browser(PEOPLE[Role.OWNER]).get("/use-cases/desk?release=r2").text
    assert "Test desk" in html


def test_taking_in_a_case_does_not_import_a_release(strange: Desk, trace: Path) -> None:
    data = {"text": "refund 0.9", "sender": "ada@example.com"}
    assert not submit(strange.deployment, SHOP, "desk", "T-9", data).again
    assert not trace.exists()
