"""What an installation still lacks: the doctor's checks, and the six steps to one that is set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from roadworthy.errors import RoadworthyError
from roadworthy.operate.clearance import ALIVE
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.asking import Ask

_MARKS: Final = {"ok": "good", "warn": "wait", "bad": "bad"}
_YES: Final = (Role.OWNER, Role.RISK_OFFICER)


def checks(ask: Ask) -> list[dict[str, str]]:
    """What `roadworthy doctor` looks at, as far as it is quick; the ledger is verified on its own page."""
    from roadworthy.wiring.checkup import keys_finding, machine_findings, work_findings

    found = []
    if ask.place is not None:
        found += [*machine_findings(ask.place), keys_finding(ask.place)]
    told = [
        {"what": one.what, "mark": _MARKS[one.mark], "found": one.found, "next": one.next_step}
        for one in found
    ]
    try:
        told += [
            {"what": one.what, "mark": _MARKS[one.mark], "found": one.found, "next": one.next_step}
            for one in work_findings(ask.deployment)
        ]
    except RoadworthyError as problem:
        told.append({"what": "installation", "mark": "bad", "found": problem.message, "next": problem.hint})
    return told


def steps(
    ask: Ask,
    *,
    people: Sequence[Principal],
    releases: Sequence[str],
    models: Sequence[Mapping[str, Any]],
    receivers: Mapping[str, Any],
    restored: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Six steps, each ticked by what is there at this moment."""
    return [
        _people(people),
        _step(
            "A use case", bool(releases), f"{len(releases)} with a release" if releases else "none has a release",
            "`roadworthy release start FOLDER`",
        ),
        _models(models),
        _worker(ask),
        _step(
            "Alerts reach somebody", bool(receivers["rows"]),
            ", ".join(one["name"] for one in receivers["rows"]) or receivers["problem"] or "nobody is told",
            "write `alerts.yaml` in the workspace, then test it below",
        ),
        _step(
            "A restore was proven", restored is not None,
            f"for {restored['use_case']}, on {restored['at'][:10]}" if restored else "none is recorded",
            "restore a backup into an empty place, verify the ledger there, answer the question of the roadmap",
        ),
    ]  # fmt: skip


def _step(title: str, done: bool, found: str, next_step: str) -> dict[str, Any]:
    return {"title": title, "done": done, "found": found, "next": "" if done else next_step}


def _people(people: Sequence[Principal]) -> dict[str, Any]:
    """What needs a second yes needs two real people who may give it."""
    real = [one for one in people if one.kind is Kind.PERSON and not one.demo and not one.disabled]
    may = [one for one in real if one.roles.intersection(_YES)]
    roles = {role for one in may for role in one.roles.intersection(_YES)}
    done = len(may) >= 2 and len(roles) == len(_YES)
    demo = sum(one.demo for one in people)
    found = (
        f"{len(real)} real {_many(len(real), 'person', 'people')}, {len(may)} of them owner or risk officer"
    )
    if demo:
        found += f"; {demo} demo {_many(demo, 'account proves', 'accounts prove')} nothing"
    return _step("Two people to say yes", done, found, "add an owner and a risk officer who are two people")


def _models(models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    lacking = [one for one in models if not (one["priced"] and one["secret_set"])]
    found = (
        f"{len(models)} named, all with price and secret"
        if models
        else "no charter names one: nothing to set"
    )
    if lacking:
        names = ", ".join(sorted({str(one["model"]) for one in lacking})[:5])
        found = f"{len(lacking)} of {len(models)} without price or secret: {names}"
    return _step(
        "Language models can be asked",
        not lacking,
        found,
        "set the variable that holds the key, and a price",
    )


def _worker(ask: Ask) -> dict[str, Any]:
    now = ask.deployment.now()
    with ask.deployment.store.read() as tx:
        beats = ask.deployment.store.switches.acknowledgements(tx)
    alive = sum(now - at < ALIVE for _, at in beats.values())
    told = _many(alive, "worker or gateway is", "workers and gateways are")
    found = f"{alive} {told} alive" if alive else "nobody has spoken in the last 15 s"
    return _step("A worker is at work", bool(alive), found, "`roadworthy up`")


def _many(count: int, one: str, more: str) -> str:
    return one if count == 1 else more
