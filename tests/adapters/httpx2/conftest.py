"""A server of this machine that answers as it is told, and a client behind the guard."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from roadworthy.adapters.httpx2 import EventLoop, GuardedHttp
from roadworthy.ports.tooling import Http

Answering = Callable[[BaseHTTPRequestHandler], None]


class Desk:
    """What it is asked stands in ``asked``; ``answer`` is what it does with a request."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Answering = lambda handler: reply(handler, 200, b"{}")
        desk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                desk.asked.append((self.command, self.path, headers, body))
                desk.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                """Tests read their own output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_address[1]}"


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """A whole answer; underscores in names of headers stand for dashes."""
    handler.send_response(status)
    for name, value in {"content_type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    thread = threading.Thread(target=desk.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield desk
    desk.server.shutdown()
    desk.server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def http() -> Iterator[Http]:
    loop = EventLoop("tests")
    client = GuardedHttp(loop)
    yield client
    client.close()
    loop.close()
