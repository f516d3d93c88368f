"""Personal data on its way to a model and back: hidden in the request, restored in the answer, streams included."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec

from roadworthy.data.personal.disguise import Disguise
from roadworthy.data.personal.events import EventRestorer
from roadworthy.data.personal.wire import hide_body, restore_body
from roadworthy.gateway.events import data_of
from roadworthy.gateway.requests import LARGEST
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.usage import Wire


class _Named(msgspec.Struct):
    type: str = ""


_named = msgspec.json.Decoder(_Named)


class Hidden:
    """What one request hid. A case keeps its stand-ins from call to call, so that a provider's cache of what it
    read before still serves; calls without a case share nothing."""

    @classmethod
    def of(cls, caller: Caller, case: str, reference: Callable[[str, str], str]) -> Hidden | None:
        """None where the charter lets personal data pass. ``reference``: that of a case of this use case."""
        how = caller.plan.personal
        if how == "pass":
            return None
        # No case is called so: what clients send as one is printable.
        seed = reference(caller.use_case, f"\0{case}") if case else secrets.token_hex(16)
        return cls(Disguise(how, seed.encode()))

    def __init__(self, disguise: Disguise) -> None:
        self._disguise = disguise

    def hide(self, body: bytes) -> bytes:
        """The request as a model may read it. Errors: ``InputProblem`` RW-HIDE-002 to 006; nothing is sent then."""
        return hide_body(self._disguise, body, most_bytes=LARGEST)

    def restored(self, body: bytes) -> bytes:
        """A whole answer as the client may read it."""
        return restore_body(self._disguise, body)

    def events(self, wire: Wire) -> Restored:
        """What restores a stream."""
        return Restored(EventRestorer(self._disguise), wire)


class Restored:
    """Restores whole events one after another."""

    def __init__(self, restorer: EventRestorer, wire: Wire) -> None:
        self._restorer = restorer
        self._wire = wire

    def feed(self, events: bytes) -> bytes:
        """The same events with their texts restored; comments are left out."""
        told = []
        for event in events.split(b"\n\n"):
            if (data := data_of(event)) is not None:
                told += self._restorer.feed(data)
        return self._written(told)

    def end(self) -> bytes:
        """What was still held back."""
        return self._written(self._restorer.end())

    def _written(self, payloads: list[bytes]) -> bytes:
        return b"".join(self._name(payload) + b"data: " + payload + b"\n\n" for payload in payloads)

    def _name(self, payload: bytes) -> bytes:
        """The responses wire names each event by its type as well."""
        if self._wire is not Wire.RESPONSES:
            return b""
        try:
            return b"event: " + _named.decode(payload).type.encode() + b"\n"
        except msgspec.MsgspecError:
            return b""
