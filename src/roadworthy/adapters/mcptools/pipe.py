"""An MCP server as a child of this process, spoken to line by line.

The library's own transport gathers a line of any length in memory; here a line is bounded, and a server that
goes beyond loses its connection. The child stands in a session of its own that is ended as a whole; on Linux
the kernel ends it with this process, however that dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import anyio
import mcp_types
from mcp.shared.message import SessionMessage

_PATIENCE_S: Final = 1.0
_LOOK_S: Final = 0.01
# 1 is PR_SET_PDEATHSIG: what it asks for outlives the exec. Where there is no prctl, the end of stdin has to do.
_LEASH: Final = """
import ctypes, os, signal, sys
try:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
except Exception:
    pass
if os.getppid() != int(sys.argv[1]):
    raise SystemExit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


@contextlib.asynccontextmanager
async def piped(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str | None,
    most_bytes: int,
    too_long: Callable[[], None],
) -> AsyncIterator[Any]:
    """The streams that a session of the library reads and writes. ``too_long`` is told of a line beyond the bound.

    Errors: ``OSError`` where it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What it says there may hold what it was sent.
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
        limit=most_bytes,
    )  # fmt: skip
    try:
        arrived, to_session = _stream()
        leaving, from_session = _stream()
        async with arrived, to_session, leaving, from_session, anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, arrived, too_long)
            tasks.start_soon(_write, process, from_session, arrived)
            try:
                yield to_session, leaving
            finally:
                tasks.cancel_scope.cancel()
    finally:
        await asyncio.shield(_end(process))


def _stream() -> Any:
    return anyio.create_memory_object_stream[Any](0)


async def _read(process: asyncio.subprocess.Process, arrived: Any, too_long: Callable[[], None]) -> None:
    assert process.stdout is not None
    async with arrived:
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                too_long()
                return
            if not line:
                return
            try:
                message: Any = SessionMessage(
                    mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                )
            except ValueError:
                continue  # a line of its log, which does not belong there
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await arrived.send(message)


async def _write(process: asyncio.subprocess.Process, leaving: Any, arrived: Any) -> None:
    assert process.stdin is not None
    try:
        async with leaving:
            async for message in leaving:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()
    except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        # Nobody reads any more: the session learns it by the end of what arrives.
        await arrived.aclose()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, wait a little, then end everything in its session; every wait is bounded."""
    if process.stdin is not None:
        process.stdin.close()
    if not await _ended(process):
        _signal(process, signal.SIGTERM)
        await _ended(process)
    # Also where it ended by itself: what it started may live on.
    _signal(process, signal.SIGKILL)
    await _ended(process)
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


async def _ended(process: asyncio.subprocess.Process) -> bool:
    # Not `wait`: that waits for the end of its output too, which a grandchild may hold open.
    for _ in range(round(_PATIENCE_S / _LOOK_S)):
        if process.returncode is not None:
            return True
        await asyncio.sleep(_LOOK_S)
    return process.returncode is not None


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
