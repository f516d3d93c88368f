"""A real installation with one use case whose programs call models: what the tests of the gateway stand on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from roadworthy.cli.session import signed_in
from roadworthy.gateway.door import Door
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.callers import issue_key
from roadworthy.ports.metering import CallTotal, Standing
from roadworthy.principal import Principal
from roadworthy.release import Release
from roadworthy.stage import Stage
from roadworthy.wiring import open_deployment, workspace
from roadworthy.wiring.gateway import calling
from roadworthy.wiring.upstream import close_upstreams

ASKED: dict[str, Any] = {"model": "small", "messages": [{"role": "user", "content": "Where is my parcel?"}]}
CHARTER = """
use_case: desk
title: Answers for the desk
objective: Programs of the desk ask models.
purpose: customer-service
owners: {business: mara, technical: jonas, risk: ines, support: jonas}
kpi:
  name: answered
  unit: share
  direction: up
  target: 0.9
  baseline: {source: crm, sql: select 1}
value: {cases_per_month: 1000, minutes_per_case: 5, cost_per_hour: 40.00 EUR, cost_of_error: 10.00 EUR}
risk: {tier: minimal, worst_case: an answer comes late}
budget: {per_case: %(per_case)s, per_month: %(per_month)s}
input:
  text: {type: text}
data:
  crm: {url: "sqlite:///{data}/crm.sqlite", owner: mara, steward: lena}
review: {hours_per_week: 10, minutes_per_review: 2}
%(more)s
"""
MODELS = """
models:
  small:
    url: %(url)s
    model: small-1
    read_price: 1.00 EUR
    written_price: 2.00 EUR
    cached_price: 0.10 EUR
    able: [chat, tools, json_schema, images, embeddings, streaming]
    timeout: 5s
%(models)s
gateway: {%(gateway)s}
"""


def charter(
    url: str,
    *,
    per_case: str = "100.00 EUR",
    per_month: str = "1000.00 EUR",
    gateway: str = "attempts: 3",
    models: str = "",
    more: str = "",
) -> str:
    """A charter whose model ``small`` is at this address."""
    told = MODELS % {"url": url, "models": models, "gateway": gateway}
    return CHARTER % {"per_case": per_case, "per_month": per_month, "more": told + more}


@dataclass
class Sent:
    """What a client got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: list[bytes] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found

    @property
    def events(self) -> list[Any]:
        """The data of every event, without the last word."""
        found = []
        for event in self.body.split(b"\n\n"):
            lines = [line[5:] for line in event.split(b"\n") if line.startswith(b"data:")]
            if lines and b"[DONE]" not in lines[0]:
                found.append(json.loads(b"\n".join(lines)))
        return found

    @property
    def text(self) -> str:
        """What a stream of chat said."""
        said = [one["choices"][0]["delta"].get("content") for one in self.events if one.get("choices")]
        return "".join(each for each in said if each)


class _Scope:
    proto = "http"

    def __init__(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        self.method, self.path, self.headers = method, path, dict(headers)


class _Transport:
    def __init__(self, sent: Sent, leaves_after: int) -> None:
        self._sent, self._left = sent, leaves_after

    async def send_bytes(self, data: bytes) -> None:
        if self._left == 0:
            raise ConnectionError("the client is gone")
        self._left -= 1
        self._sent.pieces.append(data)
        self._sent.body += data


class _Protocol:
    def __init__(self, body: bytes, leaves_after: int) -> None:
        self._body, self._leaves_after = body, leaves_after
        self.sent = Sent()

    async def __call__(self) -> bytes:
        return self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 1 << 16):
            yield self._body[start : start + (1 << 16)]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        assert not self.sent.status, "one answer for one request"
        self.sent.status, self.sent.headers, self.sent.body = status, dict(headers), body

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> _Transport:
        assert not self.sent.status, "one answer for one request"
        self.sent.status, self.sent.headers = status, dict(headers)
        return _Transport(self.sent, self._leaves_after)


class Desk:
    """An installation in a folder, its one release, and a door whose client is the test."""

    def __init__(self, folder: Path, told: str) -> None:
        self.place = workspace(folder)
        self.deployment: Deployment = open_deployment(self.place)
        self.person: Principal = signed_in(self.deployment, self.place)
        self.release = self.build(told)
        self.door: Door

    def build(self, told: str) -> Release:
        files = {"charter.yaml": told.encode()}
        return build_from_folder(self.deployment, self.person, files)

    def put(self, stage: Stage, release: Release | None = None) -> None:
        """Put a release at a stage, past every gate."""
        one = release or self.release
        with self.deployment.store.write() as tx:
            self.deployment.store.releases.save(tx, replace(one, stage=stage))

    def key(self, stage: Stage = Stage.PRODUCTION, release: Release | None = None) -> str:
        named = (release or self.release).digest
        return issue_key(self.deployment, self.person, "desk", release=named, stage=stage)

    @contextmanager
    def open(self) -> Iterator[Desk]:
        with calling(self.place, self.deployment) as (admission, meter):
            self.admission, self.meter = admission, meter
            self.door = Door(self.deployment, admission, meter)
            yield self

    async def post(
        self,
        key: str,
        body: Mapping[str, Any] | bytes,
        *,
        path: str = "/v1/chat/completions",
        leaves_after: int = -1,
        **headers: str,
    ) -> Sent:
        """One request, by header names with `_` for `-`."""
        told = {"authorization": f"Bearer {key}"} if key else {}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        protocol = _Protocol(raw, leaves_after)
        told.setdefault("content-length", str(len(raw)))
        await self.door.__rsgi__(_Scope("POST", path, told), protocol)
        return protocol.sent

    async def get(self, key: str, path: str) -> Sent:
        protocol = _Protocol(b"", -1)
        await self.door.__rsgi__(_Scope("GET", path, {"authorization": f"Bearer {key}"}), protocol)
        return protocol.sent

    async def close(self) -> None:
        """Give back the connections to models, which belong to this event loop."""
        await close_upstreams()

    # ── what was kept ──

    def totals(self) -> tuple[CallTotal, ...]:
        """Everything that was settled."""
        now = datetime.now(UTC)
        with self.deployment.store.read() as tx:
            return self.deployment.store.metering.totals(
                tx, ["desk"], now - timedelta(days=1), now + timedelta(days=1)
            )

    def budget(self, level: str = "use_case:") -> Standing:
        with self.deployment.store.read() as tx:
            rows = self.deployment.store.metering.budgets(tx).rows
        return next(one for one in rows if one.id.startswith(level))
