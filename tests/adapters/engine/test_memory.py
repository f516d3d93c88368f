"""What only the engine in memory does: it runs when it is told, and moves the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.adapters.engine.bench import Tx

from roadworthy.ports import Job
from roadworthy.testing.engine import MemoryEngine
from roadworthy.testing.fixed import FixedClock

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def clock():
    return FixedClock(START)


@pytest.fixture
def engine(clock):
    return MemoryEngine(clock)


def enqueue(engine, *jobs):
    tx = Tx()
    for job in jobs:
        engine.enqueue(tx, job)
    for callback in tx.callbacks:
        callback()


def test_nothing_runs_by_itself_and_draining_says_how_much_ran(engine):
    seen = []
    engine.start({"segment": seen.append})
    enqueue(engine, Job("segment", "1", "x"), Job("segment", "2", "y"))
    assert seen == []
    assert engine.drain() == 2
    assert engine.drain() == 0
    assert seen == ["x", "y"]


def test_draining_until_a_time_shows_each_handler_the_time_at_which_its_job_is_due(engine, clock):
    seen = []
    engine.start({"due": lambda reference: seen.append((reference, clock.now() - START))})
    enqueue(engine, Job("due", "1", "late", delay_s=90), Job("due", "2", "soon", delay_s=30))
    enqueue(engine, Job("due", "3", "beyond", delay_s=121))
    assert engine.drain(START + timedelta(minutes=2)) == 2
    assert seen == [("soon", timedelta(seconds=30)), ("late", timedelta(seconds=90))]
    assert clock.now() == START + timedelta(minutes=2)
    assert engine.drain() == 0


def test_pauses_between_attempts_are_those_of_the_durable_engine(engine, clock):
    attempts = []

    def handler(reference):
        attempts.append(clock.now() - START)
        raise ValueError

    engine.start({"segment": handler})
    enqueue(engine, Job("segment", "1", "x"))
    engine.drain(START + timedelta(hours=1))
    assert [attempt.total_seconds() for attempt in attempts] == [0, 1, 6, 36, 156]
    assert [job.reference for job in engine.dead] == ["x"]


def test_draining_an_engine_that_was_not_started_is_a_mistake(engine):
    with pytest.raises(RuntimeError, match="not started"):
        engine.drain()
