"""Stand-ins on this machine for what lies outside: they answer, or are away in the way a drill wants.

They are asked over the network, so that clients, their time limits and their further tries are the real ones.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

from roadworthy.ports.rehearsing import Gone

_MOST_BYTES = 4_000_000
_MOST_S = 300.0
_LOOK_S = 0.05


class Door(socketserver.ThreadingTCPServer):
    """One address on this machine that can be closed and opened again."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked went away meanwhile: that is what a drill makes them do."""


class StandIn(ABC):
    """Something that answers on this machine until it is sent away."""

    def __init__(self) -> None:
        self._gone: Gone | None = None
        self._lock = threading.Lock()
        self._door: Door | None = None
        self._port = 0
        self._open()

    @property
    def port(self) -> int:
        """Where it listens; the same for all of its life."""
        return self._port

    def away(self, how: Gone | None) -> None:
        """In which way it is away from now on; None: it answers."""
        with self._lock:
            self._gone = how
            if how is Gone.REFUSING:
                self._close()
            elif self._door is None:
                self._open()

    def close(self) -> None:
        """It listens no more."""
        with self._lock:
            self._gone = Gone.REFUSING
            self._close()

    @abstractmethod
    def handler(self) -> type[socketserver.BaseRequestHandler]:
        """What speaks with whoever comes."""

    def _open(self) -> None:
        self._door = Door(("127.0.0.1", self._port), self.handler())
        self._port = int(self._door.server_address[1])
        threading.Thread(
            target=self._door.serve_forever, kwargs={"poll_interval": _LOOK_S}, daemon=True
        ).start()

    def _close(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            door.shutdown()
            door.server_close()

    def met(self) -> Gone | None:
        """How whoever comes now is met. A silent one keeps them until it is back, and says nothing then either."""
        until = time.monotonic() + _MOST_S
        how = self._gone
        while self._gone is Gone.SILENT and time.monotonic() < until:
            time.sleep(_LOOK_S)
        return how


class PostStandIn(StandIn):
    """One that is asked by posts over HTTP."""

    @abstractmethod
    def answer(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """What is answered to a post, with status 200. Errors: ``ValueError`` for status 400."""

    def handler(self) -> type[socketserver.BaseRequestHandler]:
        """Speaks HTTP."""
        return _posts_to(self)

    def served(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes] | None:
        """Status and answer to a post; None: none at all, and the line is cut."""
        how = self.met()
        if how is Gone.FAILING:
            return 500, b'{"error": {"message": "a drill"}}'
        if how is not None:
            return None
        try:
            return 200, self.answer(headers, body)
        except (ValueError, KeyError, TypeError):
            return 400, b'{"error": {"message": "not in the form that was expected"}}'


class ModelStandIn(PostStandIn):
    """One model of a provider. The last message says what to answer: ``{"text": …, "seconds": …}``."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    @property
    def address(self) -> str:
        """The ``url`` by which it is asked."""
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """A chat completion."""
        wanted = json.loads(json.loads(body)["messages"][-1]["content"])
        time.sleep(min(_MOST_S, float(wanted["seconds"])))
        message = {"role": "assistant", "content": str(wanted["text"])}
        told = {
            "object": "chat.completion",
            "model": self._name,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        return json.dumps(told).encode()


def _posts_to(stand_in: PostStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # One request a connection: a server that goes away takes no open line with it.
        def do_POST(self) -> None:
            length = min(_MOST_BYTES, int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            served = stand_in.served(headers, self.rfile.read(length))
            if served is None:
                return
            status, answer = served
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing of it belongs into a log."""

    return Handler
