"""Repeated requests: the same ``Idempotency-Key`` gets the stored answer, and no model is asked again.

Answers are sealed like every content. Two equal requests at the same moment in one process share one call; in two
processes both may be made, and both are on the bill. Streams are not kept: they are asked for again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from roadworthy.errors import Conflict, InputProblem, Problem
from roadworthy.gateway.asking import Answered, Asking
from roadworthy.operate.deployment import Deployment
from roadworthy.quantities import Digest, digest

LONGEST: Final = 200


class Repeats:
    """Answers by the key of the caller and the key of the request."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._under_way: dict[tuple[str, str], tuple[Digest, asyncio.Future[Answered]]] = {}

    async def once(
        self, asking: Asking, key: str, act: Callable[[], Awaitable[Answered]]
    ) -> tuple[Answered, bool]:
        """The answer, and whether it was given before.

        Errors: ``InputProblem`` RW-CALL-015 for a key that is none, ``Conflict`` RW-CALL-014 where the key came
        with another request; those of ``act``, which are not kept.
        """
        if not (1 <= len(key) <= LONGEST and key.isascii() and key.isprintable()):
            raise InputProblem(
                "RW-CALL-015",
                Problem(f"expected 1 to {LONGEST} printable ASCII characters", place="idempotency-key"),
            )
        told = [
            asking.asked.wire,
            asking.case,
            {name: bytes(raw) for name, raw in asking.asked.fields.items()},
        ]
        seen = digest(hashlib.sha256(msgspec.json.encode(told, order="sorted")).digest())
        place = (asking.caller.key, key)
        if (busy := self._under_way.get(place)) is not None:
            _check_same(busy[0], seen)
            return await asyncio.shield(busy[1]), True
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._under_way[place] = (seen, future)
        try:
            kept = await asyncio.to_thread(self._recall, place, seen)
            if kept is not None:
                future.set_result(kept)
                return kept, True
            answered = await act()
            if answered.status == 200:
                await asyncio.to_thread(self._remember, asking, place, seen, answered)
            future.set_result(answered)
            return answered, False
        except BaseException as problem:
            future.set_exception(problem)
            future.exception()  # it is raised here: others who wait for it get it too, and nobody has to
            raise
        finally:
            del self._under_way[place]

    def _recall(self, place: tuple[str, str], seen: Digest) -> Answered | None:
        store = self._deployment.store
        with store.read() as tx:
            found = store.replies.recall(tx, _scope(place[0]), place[1])
            if found is None:
                return None
            before, status, payload = found
            _check_same(Digest(before), seen)
            value = self._deployment.vault.open(tx, payload)
        return Answered(status, base64.b64decode(value["body"]), value["kind"])

    def _remember(self, asking: Asking, place: tuple[str, str], seen: Digest, answered: Answered) -> None:
        store, kept = (
            self._deployment.store,
            {"body": base64.b64encode(answered.body).decode(), "kind": answered.kind},
        )
        with store.write() as tx:
            if store.replies.recall(tx, _scope(place[0]), place[1]) is None:
                subject = f"case:{asking.case}" if asking.case else f"key:{asking.caller.key}"
                sealed = self._deployment.vault.seal(tx, subject, kept)
                store.replies.remember(
                    tx, _scope(place[0]), place[1], seen, answered.status, sealed.id, self._deployment.now()
                )


def _scope(key: str) -> str:
    return f"gateway:{key}"


def _check_same(before: Digest, seen: Digest) -> None:
    if before != seen:
        raise Conflict(
            "RW-CALL-014",
            Problem(
                "this key came with another request before",
                place="idempotency-key",
                hint="use a new key for a new request",
            ),
        )
