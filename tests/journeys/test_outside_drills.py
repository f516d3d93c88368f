"""Drills of what lies outside: it goes away, it changes, it does not listen; and nobody real is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.adapters.openai.scripted import Scripted, Server, says
from tests.journeys.drilled import Desk, variant

from roadworthy.cli.session import opened
from roadworthy.cli.waiting import worker_of
from roadworthy.operate.work import wait_for

WRITES = """
from dataclasses import dataclass

import roadworthy as rw


@dataclass(frozen=True)
class Input:
    text: str


@dataclass(frozen=True)
class Reply:
    text: str


@rw.workflow("plain")
async def handle(case: rw.Case[Input], run: rw.Run) -> rw.Decision:
    await run.call("probe.look", case=case.key, step=1)
    await run.generate("reply", Reply, message=case.data.text)
    return rw.Decision("done", confidence=1.0, effects=[rw.effect("target.write", case=case.key)])
"""
PROMPT = "---\nvariables: {message: text}\n---\nAnswer {message}\n"
SORTS = """
from dataclasses import dataclass

import roadworthy as rw


@dataclass(frozen=True)
class Input:
    text: str


@rw.workflow("plain")
async def handle(case: rw.Case[Input], run: rw.Run) -> rw.Decision:
    found = await run.predict("sort", case.data.text)
    return rw.Decision("done", confidence=found.confidence, because=[found])
"""


def answering(_body: object) -> Scripted:
    return says('{"text": "fine"}')


def sorting(body: dict[str, Any]) -> Scripted:
    return says('{"label": "odd"}' if "odd one" in str(body["messages"]) else '{"label": "plain"}')


def work_all() -> None:
    """Let a worker of this process decide every recorded case."""
    with opened() as (deployment, _, _), worker_of(deployment):

        def left() -> int:
            with deployment.store.read() as tx:
                rows = deployment.store.cases.list(tx, "plain", limit=100).rows
            return sum(case.state not in {"closed", "waiting"} for case in rows)

        wait_for(left)


def test_a_model_that_goes_away_is_replaced_by_the_next_and_tools_that_do_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(answering) as server:
        priced = "read_price: 0.0{0} EUR, written_price: 0.0{0} EUR"
        models = "".join(
            f'  {name}: {{url: "{server.url}", model: {name}-1, timeout: 1s, {priced.format(price)}}}\n'
            for name, price in (("small", 1), ("big", 2))
        )
        folder = variant(
            tmp_path / "plain",
            workflow=WRITES,
            charter=[
                ("tasks:\n", f"models:\n{models}tasks:\n"),
                ("certificates:\n", "  reply: {kind: chat, models: [small, big], prompt: prompts/reply.md, floor: 0.5}\ncertificates:\n"),
            ],
        )  # fmt: skip
        (folder / "prompts").mkdir()
        (folder / "prompts" / "reply.md").write_text(PROMPT)
        desk = Desk(tmp_path / "home", monkeypatch, capsys, folder=folder)
        work_all()
        asked = len(server.asked)
        code, told = desk.say(
            "drill", "outage", "plain", "--seconds", "0.4", "--rate", "8", "--workers", "1"
        )
        assert len(server.asked) == asked, "the real server was not asked"
    faults, fallback, recovery = told["facts"]
    assert faults["value"] == 0, faults
    assert code in {0, 3}, "3 where too few cases met it"
    assert faults["detail"]["went_away"] == ["model:small", "tool:probe.look", "tool:target.write"]
    assert faults["detail"]["by_another_route"] > 0, "the second model answered"
    assert faults["detail"]["waited_until_it_was_back"] > 0, "tools have no second"
    assert 0 < fallback["value"] < 30
    assert recovery["value"] < 30
    assert "servers of language models, stand-ins on this machine" in faults["simulated"]


def test_strange_cases_are_noticed_and_the_copys_certificate_is_suspended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(sorting) as server:
        models = f'models:\n  small: {{url: "{server.url}", model: s, read_price: 0.01 EUR, written_price: 0.01 EUR}}\n'
        sort = "{kind: classify, text: text, floor: 0.5, model: small, prompt: prompts/sort.txt, labels: [plain, other], abstain: [odd]}"
        folder = variant(
            tmp_path / "plain",
            workflow=SORTS,
            charter=[("tasks:\n", f"{models}tasks:\n"), ("certificates:\n", f"  sort: {sort}\ncertificates:\n")],
        )  # fmt: skip
        (folder / "prompts").mkdir()
        (folder / "prompts" / "sort.txt").write_text("Sort {text} into {labels}.")
        texts = [f"an odd one {n}" for n in range(8)] + [f"a usual one {n}" for n in range(32)]
        desk = Desk(tmp_path / "home", monkeypatch, capsys, folder=folder, texts=texts)
        work_all()
        code, told = desk.say(
            "drill", "drift", "plain", "--usual", "100", "--clean", "25", "--most", "150", "--added", "0.8", "--workers", "1"
        )  # fmt: skip
    faults, cases = told["facts"]
    assert code == 0, told
    assert faults["detail"]["strange"] == "answered as out of scope"
    assert faults["detail"]["noticed"] is True
    assert faults["detail"]["false_alarms"] == 0
    assert faults["detail"]["certificates_suspended"] == 1
    assert "class of sort" in faults["detail"]["alarm"]
    assert 0 < cases["value"] <= 150
    with opened() as (deployment, _, _), deployment.store.read() as tx:
        (release,) = deployment.store.releases.rollout(tx, "plain").releases
        (given,) = deployment.store.evidence.certificates(tx, "plain", release=release.digest)
    assert given.suspended_at is None, "the real one stands"


def test_an_alert_reaches_every_receiver_that_was_down_and_nobody_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path / "home", monkeypatch, capsys)
    code, told = desk.say("drill", "alert", "plain")
    assert (code, told["error"]["code"]) == (2, "RW-ALERT-003")
    monkeypatch.setenv("OPS_SECRET", "whsec_" + "A" * 43 + "=")
    (desk.home / "alerts.yaml").write_text(
        "receivers:\n"
        '  - {name: ops, kind: webhook, url: "https://ops.invalid/hook", secret: "${OPS_SECRET}"}\n'
        '  - {name: oncall, kind: alertmanager, url: "http://127.0.0.1:1"}\n'
        '  - {name: mail, kind: smtp, url: "smtps://mail.invalid", from: a@example.com, to: [b@example.com]}\n'
    )
    code, told = desk.say("drill", "alert", "plain", "--down", "0.5", "--failing", "0", "--every", "0.2")
    faults, seconds = told["facts"]
    assert code == 0, told
    assert (faults["value"], faults["n"]) == (0, 3)
    assert faults["detail"]["attempts"] == 12, "each was told twice of two states, in vain at first"
    assert faults["detail"]["messages_taken_twice"] == 0
    assert 0.5 < seconds["value"] < 20
