"""A real MariaDB server for the tests: one per session, a fresh database for each test.

The server listens on a socket in a folder of its own and on a free port of this machine's loopback. Its
binaries are those of Debian's package ``mariadb-server``.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pymysql
from tests.postgres import NoServer

STARTS_WITHIN_S = 60.0
USER, PASSWORD = "tester", "pw-of-the-tests"


@dataclass
class MariaDB:
    """A running server."""

    folder: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def socket(self) -> str:
        return str(self.folder / "s")

    def address(self, database: str, *, user: str = USER, password: str = PASSWORD) -> str:
        return f"mysql://{user}:{quote(password)}@localhost/{database}?unix_socket={quote(self.socket)}"

    def network_address(self, database: str, *, user: str = USER, password: str = PASSWORD) -> str:
        return f"mysql://{user}:{quote(password)}@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """The name of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.do(f"create database `{name}` character set utf8mb4")
        return name

    def do(
        self,
        *statements: str,
        database: str | None = None,
        rows: tuple[str, Sequence[object]] | None = None,
    ) -> list[tuple[object, ...]]:
        """Carry statements out, then one for each of some rows; the answer to the last one."""
        connection = pymysql.connect(
            unix_socket=self.socket,
            user=USER,
            password=PASSWORD,
            database=database,
            autocommit=True,
            ssl_disabled=True,
        )
        with closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            if rows is not None:
                cursor.executemany(*rows)
            return list(cursor.fetchall())


@contextmanager
def running_mariadb() -> Iterator[MariaDB]:
    """A server for as long as the context lasts. Errors: ``NoServer``."""
    install, server = _binary("mariadb-install-db"), _binary("mariadbd")
    # Directly below /tmp: the path of a Unix socket has room for about a hundred characters.
    home = Path(tempfile.mkdtemp(prefix="roadworthy-my-", dir="/tmp" if Path("/tmp").is_dir() else None))
    identity: dict[str, object] = {}
    try:
        if os.geteuid() == 0:
            owner = _unprivileged()
            os.chown(home, owner.pw_uid, owner.pw_gid)
            identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = home / "data"
        subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--skip-name-resolve"],
            check=True, capture_output=True, cwd=home, **identity,
        )  # fmt: skip
        start = home / "start.sql"
        start.write_text(
            "".join(
                f"create user '{USER}'@'{host}' identified by '{PASSWORD}';\ngrant all on *.* to '{USER}'@'{host}';\n"
                for host in ("localhost", "127.0.0.1")
            )
        )
        start.chmod(0o644)
        port = _free_port()
        options = [
            "--no-defaults", f"--datadir={data}", f"--socket={home / 's'}", "--bind-address=127.0.0.1",
            f"--port={port}", "--skip-name-resolve",
            f"--pid-file={home / 'pid'}", f"--init-file={start}", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M", "--sql-mode=", "--skip-log-bin",
        ]  # fmt: skip
        with (home / "log").open("wb") as log:
            process = subprocess.Popen([server, *options], cwd=home, stdout=log, stderr=log, **identity)
        try:
            found = MariaDB(home, port)
            _await(found, process, home / "log")
            yield found
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _await(server: MariaDB, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            # Asked by hand first: the driver leaves its socket open where nobody listens yet.
            with closing(socket.socket(socket.AF_UNIX)) as probe:
                probe.connect(server.socket)
            server.do("select 1")
            return
        except (OSError, pymysql.err.OperationalError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MariaDB did not start:\n{log.read_text()[-4000:]}") from None
            time.sleep(0.02)


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _binary(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NoServer("no MariaDB server was found: install Debian's `mariadb-server`")
    return found


def _unprivileged() -> pwd.struct_passwd:
    for name in ("mysql", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("no user `mysql` or `nobody` to run MariaDB as")
