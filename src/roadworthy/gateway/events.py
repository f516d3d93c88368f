"""Server-sent events as they pass: whole ones are told apart, usage is read, nothing else is touched.

Source: WHATWG HTML, server-sent events.
"""

from __future__ import annotations

from roadworthy.gateway.answers import read_event
from roadworthy.usage import Tokens, Wire

LARGEST = 8_000_000
"""Bytes of one event that are held while its end is awaited."""
_DONE = b"[DONE]"
_MARK = b"\xef\xbb\xbf"


class Malformed(Exception):
    """What came is no stream of events."""


class Events:
    """Follows one stream. ``tokens`` is what it last said about usage; ``done``: it came to its end.

    ``hide_usage``: an event with nothing but usage is taken out, because the client did not ask for it.
    """

    __slots__ = (
        "_begun",
        "_hide",
        "_pending",
        "_read",
        "_wire",
        "_written",
        "done",
        "ended",
        "tokens",
        "tool_calls",
    )

    def __init__(self, wire: Wire, *, read: int, written: int, hide_usage: bool) -> None:
        self._wire, self._read, self._written, self._hide = wire, read, written, hide_usage
        self._pending = b""
        self.tokens: Tokens | None = None
        self.tool_calls = 0
        self._begun = False
        self.done = False
        self.ended = b""

    def feed(self, chunk: bytes) -> bytes:
        """What of the stream is to be sent on now, whole events only.

        ``[DONE]`` is kept back in ``ended``, so that something may be said before it. Errors: ``Malformed``.
        """
        if not self._pending and self._passes(chunk):
            return chunk
        data = self._pending + chunk
        if not self._begun:
            # A mark of the byte order may stand before the first line, and means nothing.
            if len(data) < len(_MARK) and _MARK.startswith(data):
                self._pending = data
                return b""
            self._begun, data = True, data.removeprefix(_MARK)
        if b"\r" in data:
            data = _plain_ends(data)
        *events, self._pending = data.split(b"\n\n")
        if len(self._pending) > LARGEST:
            raise Malformed("an event does not end")
        kept = [_without_number(event) for event in events if self._keep(event)]
        return b"".join(event + b"\n\n" for event in kept)

    def finish(self) -> bytes:
        """The stream is over: what was still pending, if it is an event. Errors: ``Malformed``."""
        rest, self._pending = self._pending.strip(b"\r\n"), b""
        if not rest:
            return b""
        return rest + b"\n\n" if self._keep(rest) else b""

    def _passes(self, chunk: bytes) -> bool:
        """Whole events without usage, as nearly all are: they need no closer look."""
        return (
            chunk.startswith(b"data: {")
            and chunk.endswith(b"}\n\n")
            and (b'"usage"' not in chunk or _tells_no_usage(chunk))
            and b'"tool_calls"' not in chunk
            and b"\r" not in chunk
            and b"\nid:" not in chunk
            and b"[DONE]" not in chunk
            and chunk.count(b"\n\n") == chunk.count(b"data: {")
        )

    def _keep(self, event: bytes) -> bool:
        payload = _payload(event)
        if payload is None:
            return bool(event.strip())  # a comment, or a name alone
        if payload == _DONE:
            self.done, self.ended = True, event + b"\n\n"
            return False
        if not (payload.startswith(b"{") and payload.endswith(b"}")):
            raise Malformed("an event holds no JSON object")
        if b'"tool_calls"' in payload:
            self.tool_calls += payload.count(b'"name"')  # of the piece that begins a call
        elif b'.output_item.added"' in payload and b'_call"' in payload:
            self.tool_calls += 1
        if _tells_no_usage(payload):
            return True
        spoken = read_event(self._wire, payload, read=self._read, written=self._written)
        if spoken is None:
            raise Malformed("an event holds no JSON object")
        if spoken.tokens is not None:
            self.tokens = spoken.tokens
        return not (spoken.bare and self._hide)


def _tells_no_usage(data: bytes) -> bool:
    """Servers that were asked for usage say `null` until the last event, some with a blank before it."""
    return data.count(b'"usage"') == data.count(b'"usage":null') + data.count(b'"usage": null')


def data_of(event: bytes) -> bytes | None:
    """The data of an event, its lines joined; None where it has none."""
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines).strip() if lines else None


def _payload(event: bytes) -> bytes | None:
    """The same. Errors: ``Malformed`` where a line is none of an event."""
    data = data_of(event)
    if data is None and not all(
        line.startswith((b":", b"event:", b"id:", b"retry:")) for line in event.strip().split(b"\n") if line
    ):
        raise Malformed("a line is none of an event")
    return data


def _without_number(event: bytes) -> bytes:
    """An event without its number: nobody can go on from it here, and clients stumble over a comment after one."""
    if not event.startswith(b"id:") and b"\nid:" not in event:
        return event
    return b"\n".join(line for line in event.split(b"\n") if not line.startswith(b"id:"))


def _plain_ends(data: bytes) -> bytes:
    """All line ends as one kind. A carriage return at the very end may be half of one: it is kept as it is."""
    tail = b"\r" if data.endswith(b"\r") else b""
    body = data[:-1] if tail else data
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + tail
