"""Servers on cores of their own, what they use, and the tools that a Debian machine brings for it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from peers import ENVIRONMENTS

GATEWAY_CORE, LOAD_CORE = "0", "1"
STARTS_WITHIN_S = 90.0
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE = os.sysconf("SC_PAGESIZE") if hasattr(os, "sysconf") else 4096

# What wrk and nginx are made of, beyond what every Debian has.
PACKAGES = ("nginx", "wrk", "libluajit-5.1-2", "libluajit-5.1-common")


class Missing(Exception):
    """A tool that this machine neither has nor can fetch; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where nginx and wrk are, and the environment that they start in."""

    nginx: str
    wrk: str
    environment: dict[str, str]


def tools() -> Tools:
    """nginx and wrk of this machine; else those of Debian's packages, unpacked beside the peers, not installed.

    Nothing is configured or started on the machine. Errors: ``Missing``.
    """
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    nginx, wrk = shutil.which("nginx", path=path), shutil.which("wrk", path=path)
    if nginx and wrk:
        return Tools(nginx, wrk, dict(os.environ))
    place = ENVIRONMENTS / "debian"
    if not (place / "usr" / "bin" / "wrk").exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise Missing("nginx and wrk are not installed, and there is no apt-get to fetch them")
        place.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            _call(["apt-get", "update", "-qq"], place)
        _call(["apt-get", "download", "-qq", *PACKAGES], place)
        for package in place.glob("*.deb"):
            _call(["dpkg-deb", "-x", str(package), "."], place)
    libraries = next(place.glob("usr/lib/*/libluajit-5.1.so.2"), None)
    if libraries is None:
        raise Missing("the packages of wrk hold no library of LuaJIT for this machine")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries.parent)}
    return Tools(str(place / "usr/sbin/nginx"), str(place / "usr/bin/wrk"), environment)


def _call(words: Sequence[str], place: Path) -> None:
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"`{' '.join(words[:3])}` failed: {done.stderr.strip()[-500:]}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Server:
    """A process and its children, on one core."""

    process: subprocess.Popen[bytes]
    port: int

    def tree(self) -> list[int]:
        """Its process and all that descend from it."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _stat(int(entry.name))):
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
        found, waiting = [], [self.process.pid]
        while waiting:
            found.append(one := waiting.pop())
            waiting += parents.get(one, [])
        return found

    def cpu_s(self) -> float:
        """User and system seconds of the tree so far."""
        stats = [_stat(one) for one in self.tree()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats if fields) / _TICK

    def rss_mb(self) -> float:
        """Resident memory of the tree; pages that its processes share count for each."""
        stats = [_stat(one) for one in self.tree()]
        return sum(int(fields[21]) * _PAGE for fields in stats if fields) / 1e6


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat after the name, which may hold spaces; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


class Hall:
    """Starts servers, each on a core, and ends them all when the context does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        *,
        core: str,
        environment: dict[str, str] | None = None,
    ) -> Server:
        """Until it answers on its port. Errors: ``RuntimeError`` with the end of what it wrote."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["taskset", "-c", core, *command],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=environment,
            )
        self._stack.callback(_end, process)
        until = time.monotonic() + STARTS_WITHIN_S
        while process.poll() is None and time.monotonic() < until:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    return Server(process, port)
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not start: {log.read_text(errors='replace')[-1500:]}")

    def nginx(self, name: str, tools: Tools, location: str, *, core: str, upstream: int = 0) -> Server:
        """An nginx of one worker with a configuration of its own; ``upstream`` is what it may forward to."""
        place = self.folder / name
        place.mkdir()
        port = free_port()
        pool = (
            f"upstream model {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}"
        )
        (place / "nginx.conf").write_text(
            f"""daemon off; worker_processes 1; pid {place}/pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; tcp_nodelay on;
  client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place}; uwsgi_temp_path {place}; scgi_temp_path {place};
  {pool if upstream else ""}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ {location} }} }}
}}
""",
            encoding="utf-8",
        )
        command = [tools.nginx, "-p", str(place), "-e", "stderr", "-c", str(place / "nginx.conf")]
        return self.start(name, command, port, core=core, environment=tools.environment)

    def program(self, name: str, *words: str, core: str) -> Server:
        """A Python program of this folder that takes its port as its last word."""
        port = free_port()
        return self.start(name, [sys.executable, *words, str(port)], port, core=core)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
