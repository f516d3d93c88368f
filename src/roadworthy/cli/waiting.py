"""Working and waiting in a command: a worker in this process, and progress until nothing is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress

from roadworthy.cli.output import Output
from roadworthy.errors import Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.work import Worker

PATIENCE_S = 120.0
"""How long nothing may move before a command gives up."""


@contextmanager
def worker_of(deployment: Deployment) -> Iterator[None]:
    """A worker in this process while the command runs; others may run beside it."""
    worker = Worker(deployment, name=f"command-{deployment.new_id()}")
    worker.start()
    try:
        yield
    finally:
        worker.stop(grace_s=20)


def waited(left: Callable[[], int], out: Output) -> None:
    """Wait until the count is 0, with progress on a terminal.

    Errors: ``Unavailable`` RW-CLI-012 if it does not change for two minutes.
    """
    total = before = left()
    moved_at = time.monotonic()
    with Progress(console=out.err, disable=not sys.stderr.isatty(), transient=True) as progress:
        bar = progress.add_task("cases", total=total)
        while before:
            time.sleep(0.05)
            now = left()
            progress.update(bar, completed=total - now)
            if now != before:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > PATIENCE_S:
                raise Unavailable(
                    "RW-CLI-012",
                    f"{now} cases no longer move",
                    retry_is_safe=True,
                    hint="`roadworthy doctor`",
                )
            before = now
