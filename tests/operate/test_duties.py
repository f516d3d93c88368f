"""What a worker does beside its jobs."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.operate.office import Office

from roadworthy.errors import Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.work import Duty, Worker
from roadworthy.testing.engine import MemoryEngine


class Times:
    """Counts how often it was asked, says when it was often enough, and fails as told."""

    def __init__(self, enough: int, fault: Exception | None = None) -> None:
        self.enough, self.fault = enough, fault
        self.seen: list[Deployment] = []
        self.reached = threading.Event()

    def __call__(self, deployment: Deployment) -> None:
        self.seen.append(deployment)
        if len(self.seen) >= self.enough:
            self.reached.set()
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def office(tmp_path: Path):
    office = Office(tmp_path)
    # A worker starts an engine of its own.
    office.deployment = replace(office.deployment, engine=MemoryEngine(office.clock))
    yield office
    office.store.close()


def test_a_duty_is_done_at_once_and_again_and_no_more_after_the_end(office: Office) -> None:
    often, once = Times(3), Times(1)
    duties = [Duty("often", 0.01, often), Duty("once", 3_600.0, once)]
    worker = Worker(office.deployment, name="w", duties=duties)
    worker.start()
    assert often.reached.wait(20)
    assert once.reached.wait(20)
    worker.stop(grace_s=20)
    done = len(often.seen)
    assert once.seen == [office.deployment]
    assert done >= 3
    assert not any(thread.name.startswith("duty ") for thread in threading.enumerate())
    worker.stop()
    assert len(often.seen) == done


def test_a_duty_that_fails_is_told_by_its_code_and_done_again(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    away = Times(2, Unavailable("RW-TEST-001", "gone", retry_is_safe=True))
    broken = Times(2, ValueError("a secret"))
    with caplog.at_level(logging.WARNING, "roadworthy.worker"):
        worker = Worker(
            office.deployment, name="w", duties=[Duty("away", 0.01, away), Duty("broken", 0.01, broken)]
        )
        worker.start()
        assert away.reached.wait(20)
        assert broken.reached.wait(20)
        worker.stop(grace_s=20)
    assert "away waits: RW-TEST-001" in caplog.text
    assert "broken failed: ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_a_duty_that_takes_long_does_not_keep_the_books_waiting(office: Office) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(deployment: Deployment) -> None:
        began.set()
        go_on.wait(20)

    kept = threading.Event()
    clearance = office.deployment.clearance

    class Heard:
        """Clearance that tells when the books ask it to read anew."""

        def renew(self) -> None:
            kept.set()

        def __getattr__(self, name: str) -> object:
            return getattr(clearance, name)

    deployment = replace(office.deployment, clearance=Heard())  # type: ignore[arg-type]
    worker = Worker(deployment, name="w", duties=[Duty("slow", 3_600.0, slow)])
    worker.start()
    try:
        assert began.wait(20)
        kept.clear()
        office.later(seconds=6)
        assert kept.wait(20)
    finally:
        go_on.set()
        worker.stop(grace_s=20)
