"""The quick form of benchmarks/governance/effects: real processes, a receiver that does everything wrong."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_every_effect_is_felt_once_or_before_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ROOT / "benchmarks" / "governance"
    monkeypatch.setattr(sys, "path", [str(folder.parent), *sys.path])
    spec = importlib.util.spec_from_file_location("bench_effects", folder / "effects.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_effects", module)
    spec.loader.exec_module(module)
    figures, bars = module.measure(200, workers=1, deaths=1, kill_worker=False, deadline_s=90.0)
    assert figures["receiver"] == 1, "the receiver died and came back"
    assert [bar for bar in bars if not bar.holds] == []
