"""A server on loopback that speaks the OpenAI wire and answers by script: also wrongly, slowly or not at all."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from roadworthy.charter import LanguageModelPlan
from roadworthy.quantities import Cost
from roadworthy.usage import Price


@dataclass(frozen=True)
class Scripted:
    """One reply. ``how``: whole, short (less than promised), reset, hang, endless."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = "whole"


def price_of(plan: LanguageModelPlan) -> Price:
    """What the plan states."""
    read, written = Cost.parse(plan.read_price or "").nano, Cost.parse(plan.written_price or "").nano
    return Price(read, written, Cost.parse(plan.cached_price).nano if plan.cached_price else -1)


def says(
    text: object, *, read: object = 11, written: object = 7, finish: str = "stop", **details: object
) -> Scripted:
    body: dict[str, object] = {
        "model": "scripted-1",
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, **details},
    }
    return Scripted(json.dumps(body).encode())


def refuses(status: int, **error: object) -> Scripted:
    return Scripted(json.dumps({"error": error}).encode(), status)


Answer = Callable[[dict[str, Any]], Scripted]


class Server:
    """Answers requests in the order of a script, its last line again and again; keeps what it was asked."""

    def __init__(self, *script: Scripted | Answer) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._script = list(script)
        self._lock = threading.Lock()
        self._released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reply = server._next(self.path, dict(self.headers), json.loads(body))
                server._send(self, reply)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def plan(self, **changes: Any) -> LanguageModelPlan:
        fields = {
            "url": self.url,
            "model": "small",
            "read_price": "0.50 EUR",
            "written_price": "1.50 EUR",
            "timeout": "20s",
            "secret": "MODEL_KEY",
        }
        return LanguageModelPlan(**{**fields, **changes})

    def _next(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Scripted:
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
            self.asked.append(body)
            step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return step if isinstance(step, Scripted) else step(body)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Scripted) -> None:
        handler.close_connection = reply.how != "whole"
        if reply.how == "hang":
            self._released.wait(30)
            return
        if reply.how == "reset":
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        promised = {"short": len(reply.body) + 50, "endless": 10**9}.get(reply.how, len(reply.body))
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(reply.body)
        if reply.how == "endless":
            try:
                while not self._released.is_set():
                    handler.wfile.write(b" " * 100_000)
            except OSError:
                return
