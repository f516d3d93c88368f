"""A receiver that duplicates, answers late, commits late, reorders, refuses with 429 and 500, and may be killed.

``receiver.py PORT LOG SEED`` listens on loopback and writes each thing it felt as a line of LOG before it answers;
what it wrote survives SIGKILL, and a new process reads which keys are known from there.

- ``POST /native/KEY``: a known key is not felt again. A request may be handled twice, as if the net had repeated it.
- ``POST /lookup/KEY`` and ``POST /none/KEY``: felt each time it is handled, known or not.
- ``GET /KEY``: whether the key was felt.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

MUTE_S = 5.0
"""Longer than any client waits."""


class Receiver:
    def __init__(self, log: Path, seed: int) -> None:
        self._known = {line.split()[1] for line in log.read_text().splitlines()} if log.exists() else set()
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._chance = random.Random(seed)

    def feel(self, kind: str, key: str) -> None:
        if kind == "native" and key in self._known:
            return
        self._known.add(key)
        os.write(self._log, f"{kind} {key}\n".encode())

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                method, path, _ = line.decode().split(" ", 2)
                if method == "GET":
                    self.say(writer, 200 if path[1:] in self._known else 404)
                else:
                    kind, key = path[1:].split("/", 1)
                    await self.take(writer, kind, key)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def take(self, writer: asyncio.StreamWriter, kind: str, key: str) -> None:
        fate = self._chance.random()
        await asyncio.sleep(self._chance.random() * 0.01)  # what came first is not handled first
        if fate < 0.04:
            self.say(writer, 429, "Retry-After: 0\r\n")
        elif fate < 0.06:
            self.say(writer, 500)
        elif fate < 0.09:
            self.feel(kind, key)  # felt, and nobody is told
            await asyncio.sleep(MUTE_S)
        elif fate < 0.11:
            asyncio.get_running_loop().call_later(0.5 + self._chance.random(), self.feel, kind, key)
            await asyncio.sleep(MUTE_S)  # felt after whoever asked has gone
        elif fate < 0.12:
            self.feel(kind, key)
            self.say(writer, 500)  # felt, and said to have failed
        elif fate < 0.13:
            writer.close()
        else:
            self.feel(kind, key)
            if kind == "native" and fate > 0.95:
                self.feel(kind, key)
            self.say(writer, 200)

    def say(self, writer: asyncio.StreamWriter, status: int, more: str = "") -> None:
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n{more}\r\n".encode())


async def main(port: int, log: Path, seed: int) -> None:
    receiver = Receiver(log, seed)
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
