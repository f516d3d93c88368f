"""CPU of cases that go the whole way: ``case.py HOME URL COUNT``. The last line is JSON.

``parts_ms`` names where the time goes, by thread CPU time of the calls that the handler makes, in a
second pass (timing costs a little itself, so the total comes from the first).
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_case import USE_CASE, WrappedLoader, set_up

from roadworthy.casework.case import State
from roadworthy.casework.effect import Idempotency
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import submit
from roadworthy.operate.work import Worker
from roadworthy.principal import Principal
from roadworthy.wiring import open_deployment, workspace


class Nothing:
    """A connector that does nothing: what is measured is the way there and back."""

    idempotency = Idempotency.NATIVE

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return {"step": arguments["step"]}

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return {"id": key}

    def lookup(self, key: str) -> None:
        return None


class Timed:
    """Passes every call through and adds up its thread CPU time under a name."""

    def __init__(
        self, inner: Any, name: str, spent: dict[str, float], only: frozenset[str] = frozenset()
    ) -> None:
        self._inner, self._name, self._spent, self._only = inner, name, spent, only

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value) or name.startswith("_") or (self._only and name not in self._only):
            return value

        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = time.thread_time()
            try:
                return value(*args, **kwargs)
            finally:
                self._spent[self._name] += time.thread_time() - begun

        return timed


class TimedStore:
    """A store whose repositories and commits are timed."""

    def __init__(self, inner: Any, spent: dict[str, float]) -> None:
        self._inner, self._spent = inner, spent
        for name in (
            "cases",
            "effects",
            "reviews",
            "releases",
            "evidence",
            "people",
            "switches",
            "replies",
            "ledger",
        ):
            setattr(self, name, Timed(getattr(inner, name), f"rows: {name}", spent))

    def read(self) -> AbstractContextManager[Any]:
        return self._timed(self._inner.read)

    def write(self) -> AbstractContextManager[Any]:
        return self._timed(self._inner.write)

    @contextmanager
    def _timed(self, begin: Callable[[], Any]) -> Any:
        begun = time.thread_time()
        with begin() as tx:
            self._spent["begin and commit"] += time.thread_time() - begun
            yield tx
            begun = time.thread_time()
        self._spent["begin and commit"] += time.thread_time() - begun

    def close(self) -> None:
        self._inner.close()


def drive(deployment: Deployment, who: Principal, *, prefix: str, count: int) -> float:
    """CPU milliseconds a case, intake to ledger, everything of this process counted."""
    worker = Worker(deployment, name=f"bench-{prefix}")
    worker.start()
    time.sleep(1.0)
    begun = _cpu()
    for number in range(count):
        submit(deployment, who, USE_CASE, f"{prefix}-{number}", {"text": "hello"})
    while True:
        with deployment.store.read() as tx:
            counts = deployment.store.cases.counts(tx, USE_CASE)
        if all(state == State.CLOSED for _, state, _ in counts):
            break
        time.sleep(0.05)
    sequence_all(deployment)
    spent = _cpu() - begun
    worker.stop(grace_s=10)
    return spent / count * 1000


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(home: str, url: str, count: str) -> None:
    logging.disable(logging.CRITICAL)
    place = workspace(Path(home), database_url=url)
    deployment = open_deployment(place, workers=2)
    who, _ = set_up(deployment, place)
    spent: dict[str, float] = defaultdict(float)
    deployment = replace(
        deployment, loader=WrappedLoader(deployment.loader, lambda _name, _tool: Nothing())
    )
    cpu_ms = drive(deployment, who, prefix="plain", count=int(count))
    timed = replace(
        deployment,
        store=TimedStore(deployment.store, spent),  # type: ignore[arg-type]
        vault=Timed(deployment.vault, "vault (encryption, payload rows)", spent),
        engine=Timed(deployment.engine, "engine: enqueue", spent, frozenset({"enqueue"})),
    )
    part_count = max(50, int(count) // 4)
    total = drive(timed, who, prefix="timed", count=part_count)
    parts = {name: round(seconds / part_count * 1000, 3) for name, seconds in sorted(spent.items())}
    parts["the rest: queue, hand-over, policies, builder's code"] = round(total - sum(parts.values()), 3)
    deployment.store.close()
    print(json.dumps({"cpu_ms": cpu_ms, "parts_ms": parts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
