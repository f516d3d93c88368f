"""A model's server on loopback that speaks the OpenAI wire, and misbehaves in every way a test asks for.

    with Upstream() as upstream:
        upstream.then(Reply(status=429, retry_after="2"), Reply(text="at last"))
        ... call upstream.url ...
        assert upstream.seen[0].body["model"] == "small"

Replies are given in the order they were queued, then ``upstream.always``. Nothing here waits for a clock
unless a reply says so: a test waits for what happened (``until``), and lets go what hangs (``release``).
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, Self

from tests.gateway import answers
from tests.gateway.answers import Counting
from tests.gateway.framing import Lines, cut, halves, written

BLOCK = 1 << 16
PATIENCE_S = 20.0

Breaks = Literal["", "hang", "reset", "close", "error"]
When = Literal["before", "headers", "within"]
Ended = Literal["", "whole", "broken", "dropped"]


@dataclass(frozen=True)
class Reply:
    """How one request is answered. As it stands: well, with whatever was asked for.

    ``breaks`` happens once: ``hang`` waits for ``release`` and then goes on, ``reset`` and ``close`` end the
    connection, ``error`` is an event that tells of a failure. ``when``: before the headers, after them, or after so
    many pieces of the body (``after``). ``together``: no answer before so many of these were asked for.
    ``counts`` replaces what is said of tokens, single names or (None) all.
    """

    text: str | Callable[[Mapping[str, Any]], str] = answers.TEXT
    finish: str = ""
    status: int = 200
    retry_after: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    kind: str = ""
    counting: Counting = "asked"
    counts: Mapping[str, object] | None = field(default_factory=dict)
    lines: Lines = "plain"
    breaks: Breaks = ""
    when: When = "within"
    after: int = 2
    piece: int = 0
    wait_s: float = 0.0
    gap_s: float = 0.0
    together: int = 0
    chunked: bool = False


@dataclass
class Seen:
    """A request as it came, and what became of its answer: whole, broken as asked, or dropped by the client."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    ended: Ended = ""
    connection: int = 0
    pieces: int = 0

    @property
    def body(self) -> dict[str, Any]:
        found = json.loads(self.raw)
        assert isinstance(found, dict)
        return found


Answer = Reply | Callable[[Seen], Reply]


class _Dropped(Exception):
    pass


class _Broke(Exception):
    pass


class Upstream:
    """The server, on a thread of its own. ``always`` may be exchanged at any time."""

    def __init__(self, always: Answer | None = None, *, models: tuple[str, ...] = ("scripted-1",)) -> None:
        self.always: Answer = always or Reply()
        self.models = models
        self.seen: list[Seen] = []
        self.connections = 0
        self.peak = 0
        self.port = 0
        self._under_way = 0
        self._gathered = 0
        self._queued: deque[Answer] = deque()
        self._happened = threading.Condition()
        self._released = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self.until(lambda: self.port > 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def then(self, *replies: Answer) -> None:
        """Answer the next requests so, one each. Lists of models are answered beside them."""
        with self._happened:
            self._queued.extend(replies)

    def forget(self) -> None:
        """Stand as if new, for the next test on the same server: nothing seen, nothing queued, everything well."""
        with self._happened:
            assert self._under_way == 0
            self._queued.clear()
            self.seen.clear()
            self.always, self.peak, self._gathered = Reply(), 0, 0
        self._loop.call_soon_threadsafe(self._released.clear)

    def release(self) -> None:
        """Let go on what hangs, now and from now on."""
        self._loop.call_soon_threadsafe(self._released.set)

    def until(self, true: Callable[[], bool]) -> bool:
        """Wait until something is true of this server; False after a long while."""
        with self._happened:
            return self._happened.wait_for(true, PATIENCE_S)

    def ended(self, *ends: Ended) -> int:
        """How many answers ended so; without a word, all that ended."""
        return sum(one.ended in (ends or ("whole", "broken", "dropped")) for one in self.seen)

    # ── from here on in its own thread ──

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 20, backlog=512)
        self._tell(port=server.sockets[0].getsockname()[1])
        await self._stopped.wait()
        server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(self, **changes: object) -> None:
        with self._happened:
            for name, value in changes.items():
                setattr(self, name, value)
            self._happened.notify_all()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request, until one side ends it."""
        self._tell(connections=self.connections + 1)
        number = self.connections
        try:
            while (seen := await _request(reader)) is not None:
                seen.connection = number
                with self._happened:
                    reply = self._next(seen)
                    self.seen.append(seen)
                    order = len(self.seen)
                    self._happened.notify_all()
                await self._answer(seen, reply, order, reader, writer)
                if seen.ended != "whole" or seen.headers.get("connection", "").lower() == "close":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _next(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            return Reply()
        chosen = self._queued.popleft() if self._queued else self.always
        return chosen if isinstance(chosen, Reply) else chosen(seen)

    async def _answer(
        self,
        seen: Seen,
        reply: Reply,
        order: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._tell(_under_way=self._under_way + 1, peak=max(self.peak, self._under_way + 1))
        ended: Ended = "whole"
        try:
            await self._play(seen, reply, order, _Line(seen, reader, writer, self._released))
        except _Broke:
            ended = "broken"
        except (_Dropped, ConnectionError):
            ended = "dropped"
        finally:
            with self._happened:
                self._under_way -= 1
                seen.ended = ended
                self._happened.notify_all()

    async def _play(self, seen: Seen, reply: Reply, order: int, line: _Line) -> None:
        async with self._arrived:
            self._gathered += reply.together > 0
            self._arrived.notify_all()
            await self._arrived.wait_for(lambda: self._gathered >= reply.together)
        if reply.wait_s:
            await line.pause(reply.wait_s)
        if reply.when == "before":
            await line.break_off(reply.breaks)
        status, kind, parts, streamed = answered(seen, reply, order, self.models)
        if reply.piece:
            parts = cut(parts, reply.piece)
        if streamed or reply.chunked or reply.piece:
            framing = {"transfer-encoding": "chunked"}
        else:
            parts = iter([b"".join(parts)])
            whole = next(parts)
            framing = {"content-length": str(len(whole))}
            parts = (whole[at : at + BLOCK] for at in range(0, len(whole), BLOCK))
            if reply.breaks and reply.when == "within":
                parts = halves(whole, reply.after)
        headers = {"content-type": kind, "x-request-id": f"req_{order}", **framing, **reply.headers}
        if reply.retry_after:
            headers["retry-after"] = reply.retry_after
        await line.head(status, headers)
        if reply.when == "headers":
            await line.break_off(reply.breaks)
        chunked = "transfer-encoding" in framing
        for part in parts:
            if seen.pieces == reply.after and reply.when == "within":
                await line.break_off(reply.breaks)
            await line.body(part, chunked=chunked)
            if reply.gap_s:
                await line.pause(reply.gap_s)
        if chunked:
            await line.raw(b"0\r\n\r\n")


@dataclass
class _Line:
    """The connection of one request: everything is written through it, and a client that left is noticed."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    released: asyncio.Event

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def body(self, part: bytes, *, chunked: bool) -> None:
        if not part:
            return
        await self.raw(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        self.seen.pieces += 1

    async def raw(self, data: bytes) -> None:
        if self.reader.at_eof() or self.writer.is_closing():
            raise _Dropped
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # so that the end of the client is seen between two writes

    async def pause(self, seconds: float | None) -> None:
        """Until so much time has passed, or (None) until released; a client that leaves ends it."""
        gone = asyncio.ensure_future(self.reader.read(1))
        ready = asyncio.ensure_future(
            self.released.wait() if seconds is None else asyncio.sleep(seconds, result=True)
        )
        try:
            await asyncio.wait({gone, ready}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                raise _Dropped
        finally:
            for task in (gone, ready):
                task.cancel()
            await asyncio.gather(gone, ready, return_exceptions=True)

    async def break_off(self, how: Breaks) -> None:
        if how == "hang":
            await self.pause(None)
        elif how == "reset":
            connection: socket.socket = self.writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
            raise _Broke
        elif how == "close":
            raise _Broke
        elif how == "error":
            failure = json.dumps(answers.error(500))
            await self.body(f"data: {failure}\n\n".encode(), chunked=True)
            await self.raw(b"0\r\n\r\n")
            raise _Broke


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (each.partition(":") for each in rest if each)
    }
    raw = b""
    if "chunked" in headers.get("transfer-encoding", ""):
        while size := int((await reader.readline()).split(b";")[0], 16):
            raw += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length := int(headers.get("content-length", "0")):
        raw = await reader.readexactly(length)
    return Seen(method, path, headers, raw)


def answered(
    seen: Seen, reply: Reply, order: int, models: tuple[str, ...]
) -> tuple[int, str, Iterator[bytes], bool]:
    """Status, kind, body in pieces, and whether it is a stream."""
    plain, flow = "application/json", "text/event-stream; charset=utf-8"
    if reply.body is not None:
        streamed = reply.kind.startswith("text/event-stream")
        return reply.status, reply.kind or plain, iter([reply.body]), streamed
    if reply.status >= 400:
        return reply.status, reply.kind or plain, _json(answers.error(reply.status)), False
    path = seen.path.split("?")[0].removeprefix("/v1").strip("/").split("/")
    if path[0] == "models":
        data = [answers.model(name) for name in models if name in path[1:] or len(path) == 1]
        if len(path) == 1:
            return 200, plain, _json({"object": "list", "data": data}), False
        return (
            (200, plain, _json(data[0]), False) if data else (404, plain, _json(answers.error(404)), False)
        )
    if path == ["embeddings"]:
        found = answers.embeddings(seen.body, _counted(reply, answers.embedding_counts(seen.body)))
        return reply.status, plain, _json(found), False
    if path not in (["chat", "completions"], ["responses"]):
        return 404, plain, _json(answers.error(404)), False
    asked, zero = seen.body, reply.counting == "zero"
    text = reply.text(asked) if callable(reply.text) else reply.text
    one = answers.said(asked, text, reply.finish)
    told = answers.chat_counts if path[0] == "chat" else answers.response_counts
    counts = None if reply.counting == "never" else _counted(reply, told(asked, one, zero=zero))
    if not asked.get("stream"):
        whole = answers.chat if path[0] == "chat" else answers.response
        return reply.status, reply.kind or plain, _json(whole(asked, one, order, counts)), False
    if path[0] == "chat":
        events = answers.chat_events(asked, one, order, counts, reply.counting)
    else:
        events = answers.response_events(asked, one, order, counts)
    return reply.status, reply.kind or flow, written(events, reply.lines), True


def _counted(reply: Reply, counts: Mapping[str, object]) -> Mapping[str, object] | None:
    return None if reply.counts is None else {**counts, **reply.counts}


def _json(document: Mapping[str, object]) -> Iterator[bytes]:
    yield json.dumps(document, ensure_ascii=False).encode()
