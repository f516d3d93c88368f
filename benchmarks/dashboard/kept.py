"""A Postgres server whose data stay: the binaries that the tests use, on a folder that is not thrown away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests import postgres


@contextmanager
def kept_server(folder: Path) -> Iterator[postgres.Server]:
    """A server on the data in ``folder``, made where there are none. Errors: ``NoServer`` without binaries."""
    binaries = postgres._binaries(with_pgvector=False)
    # The socket lies directly below /tmp: its path has room for about a hundred characters.
    home = Path(tempfile.mkdtemp(prefix="roadworthy-pg-", dir="/tmp"))
    identity: dict[str, object] = {}
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            owner = postgres._unprivileged()
            binaries = postgres._readable(binaries, home)
            os.chown(home, owner.pw_uid, owner.pw_gid)
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        if not (data / "PG_VERSION").exists():
            subprocess.run(
                [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
                check=True, capture_output=True, cwd=home, **identity,
            )  # fmt: skip
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(home), "fsync": "off", "max_wal_size": "512MB",
            "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "256MB", "wal_level": "minimal",
            "max_wal_senders": "0", "maintenance_work_mem": "256MB",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *options], cwd=home, stdout=log, stderr=log, **identity
            )
        try:
            server = postgres.Server(home)
            postgres._await(server, process, home / "log")
            with (
                psycopg.connect(server.address("postgres"), autocommit=True) as connection,
                suppress(psycopg.errors.DuplicateDatabase),
            ):
                connection.execute("CREATE DATABASE dashboard")
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    finally:
        shutil.rmtree(home, ignore_errors=True)
