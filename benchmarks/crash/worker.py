"""A worker that is made to be killed: works cases and writes down every step that really runs.

``worker.py HOME URL LOG SEED`` runs until all cases are closed, or until somebody kills it.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_case import USE_CASE, WrappedLoader

from roadworthy.casework.case import State
from roadworthy.casework.effect import Idempotency
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.work import Worker
from roadworthy.ports import Connector
from roadworthy.wiring import open_deployment, workspace


class Watched:
    """A connector that takes a moment, and writes down when it runs and whether it should not have."""

    def __init__(
        self, name: str, inner: Connector, deployment: Deployment, log: int, moments: random.Random
    ) -> None:
        self._name, self._inner, self._deployment, self._log, self._moments = (
            name,
            inner,
            deployment,
            log,
            moments,
        )

    @property
    def idempotency(self) -> Idempotency:
        return self._inner.idempotency

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        key, ordinal = str(arguments["case"]), int(str(arguments["step"]))
        with self._deployment.store.read() as tx:
            case = self._deployment.store.cases.by_key(tx, USE_CASE, key)
            assert case is not None
            recorded = {
                step.ordinal for step in self._deployment.store.cases.steps(tx, case.id, run=case.run)
            }
        word = "AGAIN" if ordinal in recorded else "ran"
        os.write(self._log, f"{word} {key} {ordinal}\n".encode())
        time.sleep(self._moments.uniform(0.01, 0.08))
        return self._inner.call(arguments)

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        os.write(self._log, f"sent {key}\n".encode())
        time.sleep(self._moments.uniform(0.005, 0.03))
        answer = self._inner.send(key, arguments)
        time.sleep(self._moments.uniform(0.005, 0.03))
        return answer

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return self._inner.lookup(key)


def main(home: str, url: str, log_path: str, seed: str) -> None:
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    moments = random.Random(int(seed))
    deployment = open_deployment(workspace(Path(home), database_url=url), workers=4, lease_ttl_s=1.5)
    plain = deployment
    deployment = replace(
        deployment,
        loader=WrappedLoader(plain.loader, lambda name, tool: Watched(name, tool, plain, log, moments)),
    )
    worker = Worker(deployment, name=f"crash-{os.getpid()}")
    worker.start()
    while True:
        with deployment.store.read() as tx:
            counts = deployment.store.cases.counts(tx, USE_CASE)
        if all(state == State.CLOSED for _, state, _ in counts):
            break
        time.sleep(0.1)
    worker.stop(grace_s=10)
    deployment.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
