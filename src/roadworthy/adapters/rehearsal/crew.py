"""Workers as processes that hang on the drill: when it ends, in whatever way, they end too."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from roadworthy.errors import Unavailable
from roadworthy.ports.rehearsing import Used

READY = "ready"
"""What a worker writes on its output once it takes jobs."""
START_S = 120.0
END_S = 30.0


class ProcessWorker:
    """One of them. Its input is a pipe: the worker ends when that is closed."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self._name = name
        self._process = process
        self._over = False

    @property
    def name(self) -> str:
        """As it acknowledges stops."""
        return self._name

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def await_ready(self) -> bool:
        """Whether it takes jobs; False if it ended or took longer than ``START_S``."""
        impatient = threading.Timer(START_S, self._process.kill)
        impatient.start()
        try:
            assert self._process.stdout is not None
            return self._process.stdout.readline().strip() == READY
        finally:
            impatient.cancel()

    def kill(self) -> None:
        """At once, with SIGKILL."""
        if not self._over:
            self._over = True
            self._process.kill()
            self._process.communicate()

    def end(self) -> Used | None:
        """In good order: its input is closed, and its last word is what it took."""
        if self._over:
            return None
        try:
            said, _ = self._process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        self._over = True
        try:
            cpu_s, peak_mb = json.loads(said.strip().rpartition("\n")[2])
        except ValueError:
            return None
        return Used(float(cpu_s), float(peak_mb))


class ProcessCrew:
    """Starts the workers of one mirrored workspace with one fixed command; leaving it ends all of them.

    ``environment`` is theirs; without one they have that of this process.
    """

    def __init__(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = tuple(command)
        self._log = log
        self._environment = environment
        self._started: list[ProcessWorker] = []

    def start(self) -> ProcessWorker:
        """One more; returns when it takes jobs. Errors: ``Unavailable`` RW-DRILL-003 if it does not."""
        name = f"drill-{len(self._started) + 1}"
        with self._log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 - no shell, fixed words
                [*self._command, "--name", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env=self._environment,
            )
        worker = ProcessWorker(name, process)
        self._started.append(worker)
        if not worker.await_ready():
            worker.kill()
            raise Unavailable(
                "RW-DRILL-003",
                f"a worker of the mirrored environment did not start within {START_S:g} s: {self._last_words()}",
                retry_is_safe=True,
                hint="`roadworthy doctor`",
            )
        return worker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._started:
            worker.kill()

    def _last_words(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace").strip()
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("next:")]
        return lines[-1][:200] if lines else "it said nothing"
