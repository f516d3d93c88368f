"""The benchmarks of safety, on samples: AgentDojo, a shop and an airline in front of the product's own decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[3] / "benchmarks" / "governance"
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (SHARED / "tau2-bench").is_dir(), reason="needs ../shared/data/tau2-bench, which a clone lacks"
)
needs_agentdojo = pytest.mark.skipif(
    find_spec("agentdojo") is None, reason="needs agentdojo: pip install roadworthy[injection]"
)


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.syspath_prepend(str(HERE.parent))
    yield
    # Their names are short ones: nobody else should find them under these.
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(HERE.parent)):
            del sys.modules[name]


@needs_data
def test_a_shops_gold_calls_pass_and_nothing_of_another_customer_does() -> None:
    _, bars = import_module("retail").measure(quick=True)
    assert [bar.name for bar in bars if not bar.holds] == []


@needs_data
def test_an_airlines_gold_calls_pass_and_nothing_of_another_customer_does() -> None:
    airline = import_module("airline")
    desk = airline.Desk()
    _, bars = airline.gold(desk)
    assert [bar.name for bar in bars if not bar.holds] == []
    if (SHARED / "tau-bench-runs").is_dir():
        runs = airline.recorded(desk)
        assert runs["runs: harmful: no change was wanted"]["stopped"] == 1
        blocked = runs["runs: legitimate"]["stopped"]
        assert runs["runs: legitimate, by a reference that tau2-bench corrected"]["stopped"] == blocked


@needs_agentdojo
@pytest.mark.filterwarnings("ignore")
def test_a_hijacked_assistant_with_a_bank_account_moves_no_money_of_the_attackers() -> None:
    dojo = import_module("dojo")
    suite = dojo.Suite("banking")
    sample = {
        "users": ["user_task_0", "user_task_15"],
        "injections": ["injection_task_0", "injection_task_5"],
    }
    assert suite.measure(dojo.Reviewer.NO_GUARD, **sample).attacks > 0
    for reviewer in (dojo.Reviewer.PERFECT, dojo.Reviewer.ABSENT):
        assert suite.measure(reviewer, **sample).attacks == 0
    assert suite.measure(dojo.Reviewer.PERFECT, **sample).useful == 2
