"""llama.cpp's server as a child process that never outlives its parent."""

from __future__ import annotations

import http.client
import importlib.util
import json
import queue
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.placed import fit

LONGEST_LOAD_S = 600.0
_HEALTHY_S = 30.0
_PACKAGE = "xllamacpp"
_HEAD = struct.Struct("<4sIQQ")
_NEWEST = 3


def check_model_file(file: Path) -> None:
    """Whether a file begins like a GGUF model (magic, version, at least one tensor).

    Source: the GGUF specification of ggml, versions 2 and 3. Errors: ``InputProblem`` RW-UPSTREAM-010.
    """
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD.size)
    except IsADirectoryError:
        raise _no_model(file, "it is a folder") from None
    except OSError as problem:
        raise _no_model(file, problem.strerror or "it cannot be read") from None
    if head[:4] != b"GGUF":
        raise _no_model(file, "it does not begin with `GGUF`")
    if len(head) < _HEAD.size:
        raise _no_model(file, "it ends within its head")
    _, version, tensors, _ = _HEAD.unpack(head)
    if not 2 <= version <= _NEWEST:
        raise _no_model(file, f"it is GGUF of version {version}, expected 2 or {_NEWEST}")
    if tensors == 0:
        raise _no_model(file, "it holds no weights")


class LocalServer:
    """Serves one model on 127.0.0.1 while its context is open.

    ``port`` 0 takes a free one; ``context`` is in tokens for each of ``parallel`` requests, 0 as the model
    was trained; ``threads`` 0 leaves the number to the engine. ``name`` is what the server calls the model.

    Errors: ``InputProblem`` RW-UPSTREAM-001 without the package, RW-UPSTREAM-010 for a file that is no
    model, RW-UPSTREAM-011 for a port that is taken; on entering, ``Unavailable`` RW-UPSTREAM-012 where the
    engine cannot load it.
    """

    def __init__(
        self,
        file: Path,
        *,
        port: int = 0,
        context: int = 4_096,
        threads: int = 0,
        parallel: int = 1,
        embeddings: bool = False,
        name: str = "",
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        if importlib.util.find_spec(_PACKAGE) is None:
            raise InputProblem(
                "RW-UPSTREAM-001",
                f"local language models are served with `{_PACKAGE}`, which is not installed",
                hint="pip install 'roadworthy[gguf]'",
            )
        check_model_file(file)
        self.name = name or file.stem
        self.address = ""
        self._port = _free_port(port)
        self._settings = {
            "file": str(file.absolute()),
            "name": self.name,
            "port": self._port,
            "context": context * parallel,
            "threads": threads or -1,
            "parallel": parallel,
            "embeddings": embeddings,
            "cache_mib": 256,
            "origin": f"http://127.0.0.1:{self._port}",
        }
        self._on_wait = on_wait
        self._process: subprocess.Popen[str] | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`

    @property
    def base(self) -> str:
        """The ``url`` of a charter's model."""
        return f"{self.address}/v1"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait(self) -> None:
        """Until the server ends by itself, which it should not.

        Errors: ``Unavailable`` RW-UPSTREAM-013 when it did.
        """
        if self._process is not None:
            ended = self._process.wait()
            raise Unavailable(
                "RW-UPSTREAM-013",
                f"the server of `{self.name}` ended by itself ({_how(ended)}){self._complaint()}",
                retry_is_safe=True,
                hint="a smaller `--context` takes less memory",
            )

    def stop(self) -> None:
        """End the server. Again: nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for end in (process.stdin, process.stdout):
                if end is not None:
                    end.close()
            process.wait()
        self._complaints.close()

    def _start(self) -> None:
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "roadworthy.adapters.llamacpp.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(self._settings) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self._not_loaded("it ended at once") from None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True).start()
        self.address = self._listening(lines)
        self._check_health()

    def _listening(self, lines: queue.Queue[str]) -> str:
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < LONGEST_LOAD_S:
            try:
                line = lines.get(timeout=1.0)
            except queue.Empty:
                self._on_wait(waited + 1.0)
                continue
            if line.startswith("listening "):
                return line.split()[1]
            if not line:
                assert self._process is not None
                raise self._not_loaded(_how(self._process.wait()))
        raise self._not_loaded(f"it was not ready after {LONGEST_LOAD_S:.0f} s")

    def _check_health(self) -> None:
        parts = urlsplit(self.address)
        until = time.monotonic() + _HEALTHY_S
        while time.monotonic() < until:
            asking = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=5.0)
            try:
                asking.request("GET", "/health")
                if asking.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                asking.close()
            time.sleep(0.1)
        raise self._not_loaded("it does not answer")

    def _not_loaded(self, why: str) -> Unavailable:
        return Unavailable(
            "RW-UPSTREAM-012",
            f"llama.cpp cannot serve `{self.name}`: {why}{self._complaint()}",
            retry_is_safe=True,
            hint="the file may be cut off or of a kind this engine does not know, or memory may be short",
        )

    def _complaint(self) -> str:
        """The first line by which the engine says what is wrong: those that follow say less."""
        self._complaints.seek(0)
        lines = self._complaints.read(100_000).decode("utf-8", "replace").splitlines()
        said = next((line for line in lines if "error" in line.lower() and ":" in line), "")
        return f"; it says: {fit(said.strip())}" if said else ""


def _read_lines(stream: IO[str], lines: queue.Queue[str]) -> None:
    try:
        for line in stream:
            lines.put(line)
    except ValueError:  # closed by `stop`
        pass
    lines.put("")


def _free_port(port: int) -> int:
    """The port, or a free one for 0. Errors: ``InputProblem`` RW-UPSTREAM-011 where it is taken."""
    try:
        with socket.create_server(("127.0.0.1", port)) as taken:
            found: int = taken.getsockname()[1]
            return found
    except OSError as problem:
        raise InputProblem(
            "RW-UPSTREAM-011",
            Problem(f"port {port} cannot be used: {problem.strerror}", place="--port"),
            hint="name another one, or 0 for any that is free",
        ) from None


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _no_model(file: Path, why: str) -> InputProblem:
    return InputProblem(
        "RW-UPSTREAM-010",
        Problem(f"expected a language model in a GGUF file: {why}", place=str(file)),
        hint="models of this form end in `.gguf`; a model of several files is named by its first",
    )
