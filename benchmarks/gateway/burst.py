"""Two hundred calls at once, each worth a twentieth of what may be spent: how far beyond the limit does it go?

The model answers after 300 ms, so that every call is admitted or refused before any other is settled. Bursts
are repeated until one of them gets nothing through, at most five times: what a budget holds back too much in one
burst it may give in the next. Spent is what the model answered, at its price; nobody's own books are asked.
"""

from __future__ import annotations

import asyncio
import json
import math
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import ours
import targets
from machine import GATEWAY_CORE, LOAD_CORE, Hall, Server, free_port
from peers import measured
from streams import WRITTEN
from targets import Target

HERE = Path(__file__).resolve().parent
OURS = "roadworthy"
CALLS, PARTS, MOST_BURSTS = 200, 20, 5
# Of one written token, where the limit is 1 and an answer has forty of them; what is read costs nothing.
PRICE = 1 / PARTS / WRITTEN
SETTLES_WITHIN_S = 2.0

Row = dict[str, object]


WHOLE, PART = 1.0, 0.975  # a limit of twenty calls, and one of nineteen and a half


def burst(hall: Hall, *, peers: bool, quick: bool) -> dict[str, Row]:
    """A row for each way to keep a budget; what could not be run says why."""
    model = hall.program("slow", str(HERE / "streams.py"), "serve", core=LOAD_CORE)
    ways: dict[str, Callable[[], Row]] = {
        "a check, then an addition": lambda: _spent([_check_then_add(model.port)], WHOLE),
        OURS: lambda: _bursts(_ours(hall, model, WHOLE), WHOLE),
        f"{OURS}, a limit of 19.5 calls": lambda: _bursts(_ours(hall, model, PART), PART),
        f"{OURS}, an answer's bound stated too high": lambda: _bursts(
            _ours(hall, model, WHOLE), WHOLE, most=64
        ),
    }
    if peers:
        ways["litellm proxy"] = lambda: _bursts(_litellm(hall, model, WHOLE), WHOLE)
        ways["litellm SDK, BudgetManager"] = lambda: _sdk(model)
    if peers and not quick:
        ways |= {
            "litellm proxy, a limit of 19.5 calls": lambda: _bursts(_litellm(hall, model, PART), PART),
            "litellm proxy, an answer's bound stated too high": lambda: _bursts(
                _litellm(hall, model, WHOLE), WHOLE, most=64
            ),
            "litellm proxy, two workers without Redis": lambda: _bursts(
                _litellm(hall, model, WHOLE, "--num_workers", "2"), WHOLE
            ),
        }
    rows = {}
    for name, way in ways.items():
        try:
            rows[name] = way()
        except (RuntimeError, OSError) as reason:
            rows[name] = {"not_measured": str(reason)[-600:]}
    return rows


def _sdk(model: Server) -> Row:
    url = f"http://127.0.0.1:{model.port}/slow/v1"
    found = measured(HERE / "peers" / "litellm.py", "burst", url, str(CALLS), str(PRICE))
    return _spent([found["admitted"]], WHOLE)


def _spent(admitted: list[int], limit: float) -> Row:
    spent = sum(admitted) / PARTS
    return {
        "admitted_in_each_burst": admitted,
        "spent": round(spent, 4),
        "limit": limit,
        "overshoot_percent": round(max(0.0, spent / limit - 1) * 100, 2),
    }


def _bursts(target: Target, limit: float, *, most: int = WRITTEN) -> Row:
    admitted: list[int] = []
    answers: Counter[int] = Counter()
    while len(admitted) < MOST_BURSTS and (not admitted or admitted[-1]):
        found = asyncio.run(_at_once(target, most))
        admitted.append(found[200])
        answers += found
    if not sum(admitted):
        raise RuntimeError(f"nothing was admitted: {dict(answers)}")
    statuses = {str(status): count for status, count in sorted(answers.items())}
    return {**_spent(admitted, limit), "statuses": statuses}


async def _at_once(target: Target, most: int) -> Counter[int]:
    """Statuses of two hundred calls that all begin before the first one ends; then time to settle."""
    messages = [{"role": "user", "content": "good day"}]
    body = json.dumps({"model": "small", "max_tokens": most, "messages": messages}).encode()
    lines = [f"POST {target.path} HTTP/1.1", f"host: 127.0.0.1:{target.port}", "connection: close",
             "content-type: application/json", f"content-length: {len(body)}",
             *(f"{name}: {value}" for name, value in target.headers.items()), "", ""]  # fmt: skip
    request = "\r\n".join(lines).encode() + body
    links = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(CALLS)]

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 120)
        writer.close()
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0

    statuses = Counter(await asyncio.gather(*(one(*link) for link in links)))
    await asyncio.sleep(SETTLES_WITHIN_S)
    return statuses


def _check_then_add(port: int) -> int:
    """Calls admitted where spent is compared before a call and raised after it, as replicas of a gateway do."""

    async def every() -> int:
        spent, admitted = 0.0, 0

        async def one() -> None:
            nonlocal spent, admitted
            if spent >= 1.0 or math.isclose(spent, 1.0):
                return
            admitted += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /slow HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            spent += 1 / PARTS

        await asyncio.gather(*(one() for _ in range(CALLS)))
        return admitted

    return asyncio.run(every())


def _ours(hall: Hall, model: Server, limit: float) -> Target:
    port = free_port()
    ready = ours.prepared(
        hall.folder / f"ours-{port}",
        f"http://127.0.0.1:{model.port}/slow/v1",
        port=port,
        read_price="0 EUR",
        written_price=f"{PRICE * 1_000_000:g} EUR",
        per_key=f"{limit:g} EUR",
    )
    server = hall.start(
        f"ours-{port}", ready.command, port, core=GATEWAY_CORE, environment=ready.environment
    )
    headers = {"authorization": f"Bearer {ready.key}", targets.CASE: "C-1"}
    return Target(OURS, port, server, headers)


def _litellm(hall: Hall, model: Server, limit: float, *words: str) -> Target:
    """Its proxy with a key that has a budget. Keys of its own need Postgres; its hook for custom keys does not."""
    port = free_port()
    place = hall.folder / f"litellm-{port}"
    place.mkdir()
    shutil.copy(HERE / "peers" / "litellm_key.py", place)
    known = {
        "model": "openai/small",
        "api_base": f"http://127.0.0.1:{model.port}/slow/v1",
        "api_key": "sk-upstream",
        "input_cost_per_token": 0.0,
        "output_cost_per_token": PRICE,
    }
    plan = {
        "model_list": [{"model_name": "small", "litellm_params": known}],
        "general_settings": {
            "master_key": targets.MASTER_KEY,
            "custom_auth": "litellm_key.user_api_key_auth",
            "custom_auth_run_common_checks": True,
        },
        "litellm_settings": {"enable_post_custom_auth_checks": True, "num_retries": 0},
    }
    config = place / "config.yaml"
    config.write_text(json.dumps(plan), encoding="utf-8")
    peer = measured(HERE / "peers" / "litellm.py")
    command = [
        *peer["command"],
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *words,
    ]
    environment = {**targets.litellm_environment(), "BUDGET_OF_THE_KEY": str(limit)}
    server = hall.start(f"litellm-{port}", command, port, core=GATEWAY_CORE, environment=environment)
    return Target("litellm", port, server, {"authorization": "Bearer sk-of-the-burst"})
