"""A stop thrown by a command that cannot reach the database is obeyed by what runs beside it, and written down there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.gateway.clients import served
from tests.gateway.upstream import Upstream

COMMAND = [sys.executable, "-m", "roadworthy"]
NOWHERE = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"


def said(home: Path, *words: str, database: str = "") -> tuple[int, dict[str, object]]:
    environment = {**os.environ, "ROADWORTHY_HOME": str(home)}
    environment.pop("ROADWORTHY_DATABASE_URL", None)
    if database:
        environment["ROADWORTHY_DATABASE_URL"] = database
    done = subprocess.run(
        [*COMMAND, *words, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def call(address: str, key: str, model: str) -> int:
    request = urllib.request.Request(
        f"{address}/chat/completions",
        json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode(),
        {"authorization": f"Bearer {key}", "content-type": "application/json", "x-roadworthy-case": "C-1"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return int(refused.code)


def test_a_gateway_obeys_a_stop_that_no_database_took(tmp_path: Path) -> None:
    with Upstream() as upstream, served(tmp_path, upstream) as gateway:
        door = gateway.door
        assert call(door.url, door.key, door.models[0]) == 200
        code, told = said(tmp_path, "stop", "desk", "--reason", "smoke", "--wait", "0", database=NOWHERE)
        left = time.monotonic()
        assert (code, told["scope"]) == (3, "use_case:desk")
        assert str(told["because"]).startswith("RW-STORE-008")
        assert str(told["left"]).startswith(str(tmp_path / "stops"))
        answers = []
        while time.monotonic() - left < 5 and (not answers or answers[-1] == 200):
            answers.append(call(door.url, door.key, door.models[0]))
        assert answers[-1] == 503
        assert time.monotonic() - left < 3, "half a second on a machine that does nothing else"
        while time.monotonic() - left < 20 and Path(str(told["left"])).exists():
            time.sleep(0.05)
        stops = said(tmp_path, "stops")[1]["stops"]
        assert isinstance(stops, list)
        (stop,) = stops
        assert (stop["id"], stop["left"]) == (told["id"], False)
        assert stop["by"] != "", "whose key it was"
        assert call(door.url, door.key, door.models[0]) == 503


def test_in_a_workspace_that_is_not_there_nothing_could_obey(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "stop", "all", "--reason", "smoke", "--home", str(tmp_path / "no" / "such")],
        env={**os.environ, "ROADWORTHY_DATABASE_URL": "sqlite:////proc/none/x.sqlite"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stdout
    assert "Traceback" not in done.stderr
