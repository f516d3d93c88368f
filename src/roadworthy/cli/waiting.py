"""Working and waiting in a command: a worker in this process, and progress until nothing is left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress

from roadworthy.cli.output import Output
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.work import Worker, wait_for


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
    """Wait until the count is 0, with progress on a terminal."""
    with Progress(console=out.err, disable=not sys.stderr.isatty(), transient=True) as progress:
        bar = progress.add_task("cases", total=None)
        wait_for(left, progress=lambda done, total: progress.update(bar, completed=done, total=total))
