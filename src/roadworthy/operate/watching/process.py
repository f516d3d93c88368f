"""Figures of the process that answers, beside those of the installation."""

from __future__ import annotations

import time
from pathlib import Path

from roadworthy.telemetry.exposition import Family, Series

_STARTED = time.time()
_PROCESS = Path("/proc/self")


def process_figures() -> list[Series]:
    """What Prometheus clients tell of their process, as far as the machine tells it."""
    found = [
        Series(Family("process_cpu_seconds_total", "counter", "CPU time of this process."), {(): time.process_time()}),
        Series(
            Family("process_start_time_seconds", "gauge", "When this process began, in Unix time."), {(): _STARTED}
        ),
    ]  # fmt: skip
    try:
        pages = int((_PROCESS / "statm").read_text(encoding="ascii").split()[1])
        memory = Family("process_resident_memory_bytes", "gauge", "Memory of this process.")
        found.append(Series(memory, {(): pages * 4096.0}))
        open_files = Family("process_open_fds", "gauge", "Open files of this process.")
        found.append(Series(open_files, {(): float(sum(1 for _ in (_PROCESS / "fd").iterdir()))}))
    except (OSError, ValueError, IndexError):
        pass  # not every system tells
    return found
