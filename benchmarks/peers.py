"""Peers run in environments of their own, so that what they need never meets what Roadworthy needs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ENVIRONMENTS = Path(__file__).resolve().parent / ".peers"


def measured(
    peer: Path, *arguments: str, timeout_s: float = 900, environment: dict[str, str] | None = None
) -> Any:
    """What a peer's script prints as its last line, a JSON document.

    ``peer`` is ``NAME.py`` beside ``NAME.txt``, the exact versions that it needs. They are installed when
    first asked for and again after the file changed. Errors: ``RuntimeError`` with the end of its output
    where it cannot be installed or fails.
    """
    done = subprocess.run(
        [str(_python(peer)), str(peer), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise RuntimeError(f"{peer.name} failed: {(done.stderr or done.stdout)[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _python(peer: Path) -> Path:
    asked = peer.with_suffix(".txt")
    wanted = hashlib.sha256(asked.read_bytes()).hexdigest()
    home = ENVIRONMENTS / peer.stem
    python, stamp = home / "bin" / "python", home / "stamp"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        _call([sys.executable, "-m", "venv", "--clear", str(home)])
        _call(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                str(asked),
            ]
        )
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _call(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words[:4])} … failed: {(done.stderr or done.stdout)[-2000:]}")
