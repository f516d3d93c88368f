"""A small use case in production with recorded cases, for tests of drills, and the program that is asked about it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from roadworthy.cli.app import run
from roadworthy.cli.session import opened
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.intake import submit
from roadworthy.quantities import Share, digest_of
from roadworthy.stage import Stage
from roadworthy.trust import Certificate
from roadworthy.wiring import folder_files

USE_CASE = Path(__file__).resolve().parents[2] / "benchmarks" / "bench_case" / "usecase"


class Desk:
    """The use case of a folder in production, with some cases on record that no worker has touched."""

    def __init__(
        self,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *,
        folder: Path = USE_CASE,
        texts: Sequence[str] = tuple(f"message {number}" for number in range(10)),
    ) -> None:
        self.home, self.monkeypatch, self._capsys = home, monkeypatch, capsys
        monkeypatch.setenv("ROADWORTHY_HOME", str(home))
        monkeypatch.setenv("ROADWORTHY_PRINCIPAL", "tester")
        data = home / "data" / "plain"
        data.mkdir(parents=True)
        self.target = data / "target.sqlite"
        with sqlite3.connect(self.target) as target:
            target.execute("create table felt (idempotency_key text primary key, case_key text not null)")
        with opened() as (deployment, who, _):
            built = build_from_folder(deployment, who, folder_files(folder))
            now = deployment.now()
            with deployment.store.write() as tx:
                deployment.store.releases.save(
                    tx, replace(built, stage=Stage.PRODUCTION, share=Share(1.0), stage_since=now)
                )
                deployment.store.evidence.add_certificate(
                    tx,
                    Certificate(
                        id=deployment.new_id(), use_case="plain", release=built.digest, error_kind="any",
                        alpha=Share(0.05), delta=Share(0.05), threshold=0.5, n=100, accepted=100, wrong=0,
                        upper=0.03, automation=1.0, data_digest=digest_of([]),
                        certified_at=now - timedelta(seconds=1), expires_at=now + timedelta(days=1),
                        effects=("target.write",),
                    ),
                )  # fmt: skip
            for number, text in enumerate(texts):
                submit(deployment, who, "plain", f"C-{number}", {"text": text})

    def say(self, *words: str) -> tuple[int, Any]:
        """Exit code and what is told as JSON, errors too."""
        self.monkeypatch.setattr(sys, "argv", ["roadworthy", *words, "--json"])
        self._capsys.readouterr()
        code = run()
        out, err = self._capsys.readouterr()
        return code, json.loads(out or err)


def variant(folder: Path, *, workflow: str, charter: Sequence[tuple[str, str]] = ()) -> Path:
    """The plain use case with another workflow, and words of its charter replaced."""
    shutil.copytree(USE_CASE, folder)
    text = (folder / "charter.yaml").read_text()
    for old, new in charter:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "charter.yaml").write_text(text)
    (folder / "workflow.py").write_text(workflow)
    return folder
