"""A real Dovecot for the tests: IMAP on a free port of this machine's loopback, one user, folders of its own.

Its binaries are those of Debian's package ``dovecot-imapd``. Started by root, mails belong to another user, as
Dovecot demands.
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import make_certificate

STARTS_WITHIN_S = 30.0
USER, PASSWORD = "desk", "pw-of-the-tests"


class NoDovecot(Exception):
    """There is none here; the sentence says why."""


@dataclass(frozen=True)
class Dovecot:
    """A running server."""

    port: int
    secure_port: int = 0
    certificate: Path = Path()

    @contextlib.contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """A plain client of the standard library, let in."""
        client = imaplib.IMAP4("127.0.0.1", self.port, 10)
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        """Lay a mail into a folder."""
        with self.client() as client:
            client.create(folder)
            client.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)

    def lying(self, folder: str) -> list[bytes]:
        """The mails in a folder; none where there is no such folder."""
        with self.client() as client:
            if client.select(folder, readonly=True)[0] != "OK":
                return []
            numbers = client.search(None, "UNDELETED")[1][0].split()
            return [client.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index]

    def empty(self) -> None:
        """Take all mails away, of every folder."""
        with self.client() as client:
            for folder in ("INBOX", "Done", "Rejected", "Sent"):
                status, told = client.select(folder)
                if status == "OK" and told != [b"0"]:
                    client.store("1:*", "+FLAGS", r"(\Deleted)")
                    client.expunge()


@contextlib.contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """A server for as long as the block runs. Errors: ``NoDovecot``."""
    program = shutil.which("dovecot") or (
        "/usr/sbin/dovecot" if Path("/usr/sbin/dovecot").exists() else None
    )
    if program is None:
        raise NoDovecot(
            "no Dovecot: `make services` installs the package dovecot-imapd where that is possible"
        )
    with (
        tempfile.TemporaryDirectory(prefix="rw-dovecot-") as name,
        socket.create_server(("127.0.0.1", 0)) as free,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        folder, port, secure = Path(name), free.getsockname()[1], other.getsockname()[1]
        certificate, key = make_certificate(folder)
        folder.chmod(0o755)
        file = folder / "dovecot.conf"
        file.write_text(_settings(folder, port, secure, certificate, key))
        free.close()
        other.close()
        process = subprocess.Popen(
            [program, "-F", "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _answers(process, port, folder)
            yield Dovecot(port, secure, certificate)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


def _settings(folder: Path, port: int, secure: int, certificate: Path, key: Path) -> str:
    root = os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid()).pw_name
    owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    (folder / "mail").mkdir()
    if root:
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    inner, login = ("dovecot", "dovenull") if root else (me, me)
    return f"""
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
default_internal_user = {inner}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {secure}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail
}}
"""


def _answers(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, imaplib.IMAP4.error), Dovecot(port).client():
            return
        time.sleep(0.05)
    log = folder / "log"
    told = log.read_text(errors="replace")[-500:] if log.exists() else ""
    raise NoDovecot(f"Dovecot does not start here: {told}")
