"""A worker whose tools call the receiver: ``worker.py HOME URL PORT`` runs until SIGTERM, or until it is killed."""

from __future__ import annotations

import http.client
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_case import WrappedLoader

from roadworthy.casework.effect import Idempotency
from roadworthy.errors import Unavailable
from roadworthy.operate.tending import tend_effects
from roadworthy.operate.work import Duty, Worker
from roadworthy.routing import retry_after
from roadworthy.wiring import open_deployment, workspace

PATIENCE_S = 0.4
_here = threading.local()


class Client:
    """The port ``Connector`` for one kind of the receiver's promises, over one connection a thread."""

    def __init__(self, kind: str, port: int) -> None:
        self.idempotency = Idempotency(kind)
        self._kind, self._port = kind, port

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return {}

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self._ask("POST", f"/{self._kind}/{key}")
        return {"id": key}

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return {"id": key} if self._ask("GET", f"/{key}") == 200 else None

    def _ask(self, method: str, path: str) -> int:
        connection = getattr(_here, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
            try:
                connection.connect()
            except OSError as fault:
                raise Unavailable("RW-BENCH-001", "nobody listens", retry_is_safe=True) from fault
            _here.connection = connection
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            _here.connection = None
            # Also where a connection that was kept had died: nobody knows how far the request came.
            raise Unavailable("RW-BENCH-002", "no answer", retry_is_safe=False) from fault
        if answer.status == 429:
            asked = retry_after(answer.headers["Retry-After"], datetime.now(UTC))
            raise Unavailable("RW-BENCH-003", "too many", retry_is_safe=True, asked_s=asked)
        if answer.status >= 500:
            raise Unavailable("RW-BENCH-004", "status 500", retry_is_safe=False)
        return answer.status


def main(home: str, url: str, port: str) -> None:
    plain = open_deployment(workspace(Path(home), database_url=url), workers=8, lease_ttl_s=10.0)
    clients = {f"target.{kind}": Client(kind, int(port)) for kind in Idempotency}
    loader = WrappedLoader(plain.loader, lambda name, _tool: clients[name])
    deployment = replace(plain, loader=loader)
    worker = Worker(deployment, name=f"hostile-{os.getpid()}", duties=(Duty("effects", 5.0, tend_effects),))
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    worker.start()
    ending.wait()
    worker.stop(grace_s=10)
    deployment.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
