"""Prometheus and Alertmanager of Debian's packages on loopback, and a door that Prometheus can reach."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

from tests.operate.watching.loopback import listening

T = TypeVar("T")
PROMETHEUS = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
MISSING = "needs Debian's packages prometheus and prometheus-alertmanager (`make services`)"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> Any:
    with urlopen(url, timeout=5) as answer:
        return json.load(answer)


def until(ask: Callable[[], T | None], *, patience_s: float = 40.0) -> T:
    """The first answer that says something; what does not answer yet is asked again."""
    waiting, end = threading.Event(), time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            found = ask()
        except OSError:
            found = None
        if found:
            return found
        waiting.wait(0.2)
    raise AssertionError(f"nothing within {patience_s} s")


@contextmanager
def program(*command: str, folder: Path) -> Iterator[None]:
    """A program while the block runs; what it said is in the folder if it failed."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


@contextmanager
def served(answer: Callable[[str, str], tuple[int, str]]) -> Iterator[int]:
    """A port whose GETs are answered by ``answer(path, authorization)``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = answer(self.path, self.headers.get("authorization", ""))
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as port:
        yield port


@contextmanager
def alertmanager(folder: Path, *, hook: str) -> Iterator[str]:
    """Alertmanager that passes everything on to a webhook at once."""
    assert ALERTMANAGER is not None
    port = free_port()
    (folder / "alertmanager.yml").write_text(
        json.dumps(
            {
                "route": {
                    "receiver": "hook",
                    "group_wait": "0s",
                    "group_interval": "1s",
                    "group_by": ["..."],
                },
                "receivers": [{"name": "hook", "webhook_configs": [{"url": hook, "send_resolved": True}]}],
            }
        )
    )
    command = [
        ALERTMANAGER, "--config.file=alertmanager.yml", "--storage.path=alertmanager",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with program(*command, folder=folder):
        url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{url}/api/v2/status"))
        yield url


@contextmanager
def prometheus(folder: Path, *, target: int, key: str, rules: Path, alerts_to: str) -> Iterator[str]:
    """Prometheus that looks every second."""
    assert PROMETHEUS is not None
    port = free_port()
    (folder / "key").write_text(key)
    (folder / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(rules)],
                "alerting": {
                    "alertmanagers": [
                        {"static_configs": [{"targets": [alerts_to.removeprefix("http://")]}]}
                    ]
                },
                "scrape_configs": [
                    {
                        "job_name": "roadworthy",
                        "authorization": {"credentials_file": "key"},
                        "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
                    }
                ],
            }
        )
    )
    command = [
        PROMETHEUS, "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"
    ]  # fmt: skip
    with program(*command, folder=folder):
        url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{url}/api/v1/status/buildinfo"))
        yield url
