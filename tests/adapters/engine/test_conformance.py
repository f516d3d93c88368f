"""What every engine does, in memory and durable."""

from __future__ import annotations

from contextlib import suppress

import pytest

from roadworthy.ports import EngineHealth, Job


class Oops(Exception):
    pass


def rolled_back(bench, job):
    with suppress(Oops), bench.write() as tx:
        bench.engine.enqueue(tx, job)
        raise Oops


def enqueue(bench, *jobs):
    with bench.write() as tx:
        for job in jobs:
            bench.engine.enqueue(tx, job)


def test_a_committed_job_runs_with_its_reference(bench):
    seen = []
    bench.engine.start({"segment": seen.append})
    enqueue(bench, Job("segment", "segment:1", "case-1"))
    bench.settle()
    assert seen == ["case-1"]


def test_each_kind_of_job_goes_to_its_handler(bench):
    seen = []
    bench.engine.start({"a": lambda it: seen.append(("a", it)), "b": lambda it: seen.append(("b", it))})
    enqueue(bench, Job("b", "1", "x"), Job("a", "2", "y"))
    bench.settle()
    assert sorted(seen) == [("a", "y"), ("b", "x")]


def test_a_job_of_a_transaction_that_was_rolled_back_never_runs(bench):
    seen = []
    bench.engine.start({"segment": seen.append})
    rolled_back(bench, Job("segment", "lost", "lost"))
    enqueue(bench, Job("segment", "kept", "kept"))
    bench.settle()
    assert seen == ["kept"]


def test_a_key_that_was_rolled_back_is_free(bench):
    seen = []
    bench.engine.start({"segment": seen.append})
    rolled_back(bench, Job("segment", "again", "first"))
    enqueue(bench, Job("segment", "again", "second"))
    bench.settle()
    assert seen == ["second"]


def test_nothing_is_visible_before_the_commit(bench):
    with bench.write() as tx:
        bench.engine.enqueue(tx, Job("segment", "1", "x"))
        assert bench.engine.health().waiting == 0
    assert bench.engine.health().waiting == 1


def test_the_same_key_is_one_job_within_a_transaction_later_and_after_it_ran(bench):
    seen = []
    enqueue(bench, Job("segment", "one", "x"), Job("segment", "one", "x"))
    enqueue(bench, Job("segment", "one", "x"))
    bench.engine.start({"segment": seen.append})
    bench.settle()
    enqueue(bench, Job("segment", "one", "x"))
    bench.settle()
    assert seen == ["x"]


def test_a_delayed_job_waits_for_its_time_and_does_not_count_as_waiting(bench):
    seen = {}
    bench.engine.start({"due": lambda reference: seen.update({reference: bench.now()})})
    begun = bench.now()
    enqueue(bench, Job("due", "later", "later", delay_s=1.5), Job("due", "now", "now"))
    bench.settle()
    assert list(seen) == ["now"]
    assert bench.engine.health().waiting == 0
    bench.until(lambda: "later" in seen)
    assert seen["later"] - begun >= 1.5


def test_the_lowest_priority_number_runs_first_and_equals_in_their_order(bench):
    seen = []
    for number, priority in enumerate([5, 0, 5, 0, 1]):
        enqueue(bench, Job("segment", str(number), f"{priority}/{number}", priority=priority))
        bench.pass_time(0.002)
    bench.engine.start({"segment": seen.append})
    bench.settle()
    assert seen == ["0/1", "0/3", "1/4", "5/0", "5/2"]


def test_a_handler_that_fails_is_called_again_until_it_returns(bench):
    seen = []

    def handler(reference):
        seen.append(reference)
        if len(seen) < 3:
            raise Oops("what a person wrote")

    bench.engine.start({"segment": handler})
    enqueue(bench, Job("segment", "s", "x"))
    bench.until(lambda: len(seen) == 3)
    bench.settle()
    assert seen == ["x", "x", "x"]
    assert bench.engine.health().dead_letters == 0


def test_a_handler_that_always_fails_leaves_a_dead_letter_after_five_attempts(bench):
    seen = []

    def handler(reference):
        seen.append(reference)
        raise Oops

    bench.engine.start({"segment": handler})
    enqueue(bench, Job("segment", "s", "x"))
    bench.until(lambda: bench.engine.health().dead_letters == 1)
    bench.settle()
    assert seen == ["x"] * 5
    assert bench.engine.health() == EngineHealth(0, 0, 1, 0.0, executors=1)


def test_a_job_that_nobody_can_handle_becomes_a_dead_letter(bench):
    bench.engine.start({})
    enqueue(bench, Job("unheard-of", "s", "x"))
    bench.until(lambda: bench.engine.health().dead_letters == 1)


def test_a_handler_may_enqueue_what_follows_in_its_own_transaction(bench):
    seen = []

    def handler(reference):
        seen.append(reference)
        if len(reference) < 4:
            enqueue(bench, Job("segment", reference + "x", reference + "x"))

    bench.engine.start({"segment": handler})
    enqueue(bench, Job("segment", "x", "x"))
    bench.settle()
    assert seen == ["x", "xx", "xxx", "xxxx"]


def test_jobs_wait_while_nobody_runs_them_and_health_says_so(bench):
    enqueue(bench, Job("segment", "1", "x"), Job("segment", "2", "y"))
    health = bench.engine.health()
    assert (health.waiting, health.running, health.executors) == (2, 0, 0)
    assert 0.0 <= health.oldest_waiting_s < 60.0
    seen = []
    bench.engine.start({"segment": seen.append})
    assert bench.engine.health().executors == 1
    bench.settle()
    assert seen == ["x", "y"]
    assert bench.engine.health().oldest_waiting_s == 0.0


def test_an_engine_that_was_stopped_can_be_started_again(bench):
    seen = []
    for turn in "ab":
        bench.engine.start({"segment": seen.append})
        enqueue(bench, Job("segment", turn, turn))
        bench.settle()
        bench.engine.stop(grace_s=10.0)
        bench.engine.stop(grace_s=10.0)
    assert seen == ["a", "b"]
    assert bench.engine.health().executors == 0


def test_an_engine_is_started_once(bench):
    bench.engine.start({})
    with pytest.raises(RuntimeError, match="already"):
        bench.engine.start({})


def test_a_job_without_a_key_is_refused(bench):
    with pytest.raises(ValueError, match="key"), bench.write() as tx:
        bench.engine.enqueue(tx, Job("segment", " ", "x"))
