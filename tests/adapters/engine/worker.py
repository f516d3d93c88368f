"""A worker in a process of its own, to be killed: ``worker.py URL LEASE_TTL_S [HOLD]``.

Its handlers note each run in the table ``run``; while the file HOLD exists they do not return.
It says ``ready`` once it takes jobs, and stops when its input ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import begin_write, open_engine


def main(url: str, lease_ttl_s: float, hold: Path | None) -> None:
    database = open_engine(url)
    mark = "?" if database.dialect.name == "sqlite" else "%s"

    def note(statement: str, *values: object) -> None:
        with begin_write(database) as connection:
            connection.exec_driver_sql(statement.replace("?", mark), values)

    def handler(reference: str) -> None:
        begun = time.time()
        note("INSERT INTO run (reference, pid, begun) VALUES (?, ?, ?)", reference, os.getpid(), begun)
        while hold is not None and hold.exists():
            threading.Event().wait(0.01)
        note(
            "UPDATE run SET ended = ? WHERE reference = ? AND pid = ?", time.time(), reference, os.getpid()
        )

    engine = DbosEngine(
        database,
        lambda tx: tx.connection,
        workers=4,
        lease_ttl_s=lease_ttl_s,
        poll_s=0.02,
        retry_after_s=(0.1,),
    )
    engine.start({"note": handler})
    print("ready", flush=True)
    sys.stdin.read()
    engine.stop(grace_s=30.0)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
