"""A desk where everybody who could write something wrote an attack."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.operate.office import SHOP, VERA
from tests.server.desk import PEOPLE, Desk

import roadworthy as rw
from roadworthy.alerting import Finding
from roadworthy.casework.prediction import Neighbour, Prediction
from roadworthy.casework.review import Verdict
from roadworthy.casework.vocabulary import Passage, Workflow
from roadworthy.gate import Waiver
from roadworthy.operate import outcomes, stopping
from roadworthy.operate.flagging import flag_case
from roadworthy.operate.ideas import begin_idea
from roadworthy.operate.rating import rate_case
from roadworthy.operate.reviews.deciding import decide_review
from roadworthy.operate.waivers import ask_waiver
from roadworthy.operate.watching import rollup
from roadworthy.operate.watching.alarms import Alarms, acknowledge_alert
from roadworthy.principal import Approval, Kind, Principal, Role, Stop
from roadworthy.quantities import digest_of

EVIL = (
    '=HYPERLINK("http://evil.example/c")"><script>alert(1)</script><img src=//evil.example/a onerror=alert(1)>'
    "![x](http://evil.example/b)[y](javascript:alert(1))\u202egnp\u2066"
)
"""A formula, markup with handlers, a picture and a link as Markdown writes them, and turned writing; no more than 200 letters."""
KEY = "".join(letter for letter in EVIL if letter.isprintable())
PLACES = ("http://evil.example", "javascript:")
OWNER, BUILDER, RISK = PEOPLE[Role.OWNER], PEOPLE[Role.BUILDER], PEOPLE[Role.RISK_OFFICER]


class _Model:
    digest = digest_of("model")

    def predict(self, _text: str) -> Prediction:
        return Prediction("intent", EVIL, 0.3, EVIL, 0.2, (Neighbour(EVIL, EVIL, 0.5),), self.digest)


class _Shelf:
    def search(self, _query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return (Passage(EVIL, EVIL, EVIL, 0.5, EVIL, EVIL),)


async def _handle(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    await run.retrieve("help", case.data.text)
    await run.call("books.look", name=EVIL)
    await run.ask(EVIL, choices=[EVIL, "other"])
    effects = [rw.effect("mail.reply", to=EVIL, body=EVIL)]
    return rw.Decision(EVIL, confidence=0.3, because=[intent], effects=effects)


def poison(desk: Desk) -> list[str]:
    """Write the attack wherever outside text goes; answers the addresses where it is shown besides the screens' own."""
    office, deployment = desk.office, desk.deployment
    load = office.load
    office.tools["books.look"].answer = {"account": EVIL}

    def poisoned(digest: str) -> Any:
        workflow = Workflow("desk", _handle)
        return replace(
            load(digest), workflow=workflow, models={"intent": _Model()}, retrievers={"help": _Shelf()}
        )

    office.load = poisoned  # type: ignore[method-assign]
    office.submit(KEY, EVIL)
    office.submit("E-2", EVIL)
    desk.work()
    first = desk.open_review(KEY)
    decide_review(deployment, VERA, first.id, Verdict.ANSWER, seen=first.proposal, answer=EVIL, reason=EVIL)
    desk.work()
    proposal = desk.open_review(KEY)
    outcomes.record_outcome(deployment, OWNER, "desk", KEY, truth=EVIL, source=EVIL)
    case = office.case(KEY)
    flag_case(deployment, OWNER, case.id, reason=EVIL)
    rate_case(deployment, SHOP, "desk", "T-1", stars=1)
    begin_idea(deployment, OWNER, "an-attack", EVIL[:120])
    ask_waiver(deployment, BUILDER, "desk", "business.kpi_baseline", "", reason=EVIL, days=9)
    _on_record(desk)
    _alert(desk, case.id)
    desk.work()
    rollup.roll_round(deployment)
    return [f"/reviews/{proposal.id}", f"/reviews/{desk.open_review('E-2').id}", f"/cases/{case.id}"]


def _on_record(desk: Desk) -> None:
    """What a verb would refuse or shorten may still stand on record, from an earlier program."""
    store, now = desk.office.store, desk.office.clock.now()
    with desk.office.store.write() as tx:
        newest = store.releases.rollout(tx, "desk").named("r2")
        store.releases.save(tx, replace(newest, note=EVIL, reason=EVIL))
        store.people.add(tx, Principal("eve", EVIL, Kind.PERSON, frozenset({Role.OWNER, Role.REVIEWER})))
        later = now + timedelta(days=1)
        approval = Approval(
            "A-2", "desk", "release", newest.digest, Role.OWNER, EVIL, True, EVIL, now, later
        )
        store.evidence.add_approval(tx, approval)
        store.evidence.add_waiver(tx, "desk", Waiver(EVIL, EVIL, EVIL, EVIL, "rita", True, later))
        store.switches.add(tx, Stop(desk.deployment.new_id(), f"tool:{EVIL}", EVIL, BUILDER.id, now))
    ended = stopping.stop(desk.deployment, BUILDER, "tool:post.send", reason=EVIL)
    stopping.resume(desk.deployment, RISK, ended.id, reason=EVIL)


def _alert(desk: Desk, case: str) -> None:
    found = [
        Finding("drift.alarm", "desk", subject, EVIL, desk.deployment.now(), (case,))
        for subject in ("x", EVIL)
    ]
    Alarms((), (lambda _deployment, _now: found,))(desk.deployment)
    with desk.office.store.read() as tx:
        firing = list(desk.office.store.alerts.firing(tx))
    acknowledge_alert(desk.deployment, OWNER, firing[0].id, why=EVIL)
