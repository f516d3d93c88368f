"""Where official clients knock: at the scripted model itself, which proves the tests right, and at our door."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.gateway.desk import charter
from tests.gateway.upstream import Upstream

from roadworthy.cli.session import signed_in
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.modelcalls.callers import issue_key
from roadworthy.stage import Stage
from roadworthy.wiring import open_deployment, workspace

MODELS = 80

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


@dataclass(frozen=True)
class Door:
    """An address of the OpenAI wire with what a caller shows there. ``upstream`` is the model behind it."""

    url: str
    upstream: Upstream
    key: str = "sk-scripted"
    headers: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ("small",)
    """All the same model, by names that a gateway tells apart."""
    passes_on: Callable[[int], int] = lambda status: status
    """Which status a caller sees where the model refuses with this one."""

    @property
    def model(self) -> str:
        return self.models[0]


def straight(upstream: Upstream) -> Door:
    """No door at all: the model's own address."""
    return Door(upstream.url, upstream)


def _judged(status: int) -> int:
    """What is wrong with the request passes; that the model refuses the gateway, or fails, is no caller's doing."""
    return status if status in {400, 422, 429} else 502


@dataclass
class Gateway:
    """A gateway in a process of its own, before one model that the charter names many times."""

    door: Door
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_door(self) -> Door:
        """As nobody used it yet: another model, so that what failed before is not held against it; another case."""
        self.door.upstream.until(lambda: self.door.upstream.ended() == len(self.door.upstream.seen))
        self.door.upstream.forget()
        number = next(self._numbers)
        headers = {"x-roadworthy-case": f"C-{number}"}
        return replace(self.door, models=self.door.models[number:], headers=headers)


@contextmanager
def served(folder: Path, upstream: Upstream) -> Iterator[Gateway]:
    """`roadworthy gateway` as its users start it, with a key in production. One attempt for each call: whoever
    tries again here is the client."""
    able = "[chat, tools, json_schema, images, embeddings, streaming]"
    prices = "read_price: 1.00 EUR, written_price: 2.00 EUR"
    models = "\n".join(
        f"  m{number:03}: {{url: '{upstream.url}', model: small-{number:03}, {prices}, timeout: 5s, able: {able}}}"
        for number in range(1, MODELS + 1)
    )
    files = {"charter.yaml": charter(upstream.url, models=models, gateway="attempts: 1").encode()}
    place = workspace(folder)
    deployment = open_deployment(place)
    who = signed_in(deployment, place)
    built = build_from_folder(deployment, who, files)
    with deployment.store.write() as tx:
        deployment.store.releases.save(tx, replace(built, stage=Stage.PRODUCTION))
    key = issue_key(deployment, who, "desk", release=built.digest, stage=Stage.PRODUCTION)
    deployment.store.close()
    command = [
        str(Path(sys.executable).with_name("roadworthy")),
        "gateway",
        "--port",
        "0",
        "--home",
        str(folder),
    ]
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        line = next((each for each in process.stdout if "base URL" in each), "")
        assert line, (folder / "gateway.log").read_text()
        names = tuple(f"m{number:03}" for number in range(1, MODELS + 1))
        yield Gateway(Door(line.split()[-1], upstream, key, {"x-roadworthy-case": "C-0"}, names, _judged))
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
