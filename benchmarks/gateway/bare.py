"""The least that our parts can cost: the same server and the same client, and nothing between the two.

``bare.py URL PORT`` passes POST on to URL and the answer back, without a look at either.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import report  # noqa: F401  # finds the environment that has Roadworthy, before it is imported
from pyreqwest.client import Client, ClientBuilder

from roadworthy.wiring.serving import serve_application


class Bare:
    """Passes calls on, whole ones and streams."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Client | None = None

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if self._client is None:
            self._client = ClientBuilder().build()
        body = await protocol()
        request = self._client.post(self._url + scope.path).body_bytes(body)
        request = request.header("content-type", "application/json").streamed_read_buffer_limit(0)
        async with request.build_streamed() as answer:
            kind = answer.headers["content-type"]
            if not kind.startswith("text/event-stream"):
                whole = await answer.bytes()
                protocol.response_bytes(answer.status, [("content-type", kind)], whole.to_bytes())
                return
            sink = protocol.response_stream(answer.status, [("content-type", kind)])
            while (chunk := await answer.body_reader.read_chunk()) is not None:
                await sink.send_bytes(chunk.to_bytes())


async def _at_once() -> None:
    """Nothing is kept until the end."""


if __name__ == "__main__":
    serve_application(
        Bare(sys.argv[1]),
        interface="rsgi",
        host="127.0.0.1",
        port=int(sys.argv[2]),
        on_ready=lambda _: None,
        on_end=_at_once,
    )
