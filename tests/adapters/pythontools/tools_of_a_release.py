"""Functions of a use case's folder, as a builder writes them."""

import asyncio
import dataclasses
import threading
from datetime import date

from roadworthy.errors import Unavailable

FELT: set[str] = set()
GATE = threading.Event()


@dataclasses.dataclass
class Order:
    id: str
    due: date


def find_order(id: str) -> Order:
    return Order(id, date(2026, 11, 2))


async def find_slowly(id: str, wait: float = 0.0) -> dict[str, str]:
    await asyncio.sleep(wait)
    return {"id": id}


def issue(id: str, key: str) -> dict[str, str]:
    FELT.add(key)
    return {"id": id}


def typed(on: date, cents: int, tags: list[str]) -> dict[str, object]:
    return {"year": on.year, "cents": cents, "tags": len(tags)}


def hang(id: str) -> None:
    GATE.wait(30)


def fail(id: str) -> None:
    raise KeyError(f"{id} of Ada")


def away(id: str) -> None:
    raise ConnectionResetError(id)


def ours(id: str) -> None:
    raise Unavailable("RW-TOOL-004", "the desk is closed", retry_is_safe=True)


def huge(size: int) -> str:
    return "x" * size


def number(id: str) -> int:
    return 7


def nothing(id: str) -> None:
    return None


def strange(id: str) -> object:
    return object()


def infinite(id: str) -> float:
    return float("inf")


def round_and_round(id: str) -> dict[str, object]:
    ring: dict[str, object] = {}
    ring["ring"] = ring
    return ring


def leaving(id: str) -> None:
    raise SystemExit(3)


def secretive(id: str, credential: str) -> dict[str, str]:
    return {"id": id, "length": str(len(credential)), "echo": f"token {credential}"}


def loose(*ids: str) -> None:
    return None
