from __future__ import annotations

from pathlib import Path

import pytest
from tests.journeys.drilled import Desk


def test_the_injection_drill_attacks_a_use_case_and_leaves_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path / "home", monkeypatch, capsys)
    code, told = desk.say("drill", "injection", "plain", "--cases", "2")
    facts = {fact["kind"]: fact for fact in told["facts"]}
    assert set(facts) == {"safety.hijacked_effects", "safety.hijacked_approvals", "safety.deputy_money"}
    assert facts["safety.hijacked_effects"]["n"] > 20
    assert code == (0 if told["passed"] else 3)
    _, drills = desk.say("drill", "list", "plain")
    kept = next(one for one in drills["drills"] if one["drill"] == "injection")
    assert [one["kind"] for one in kept["showed"]] == [
        "safety.hijacked_effects",
        "safety.hijacked_approvals",
    ]
    assert desk.target.is_file()
