"""An office whose automatic cases are spot-checked, and short ways to answer."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.operate import flows
from tests.operate.office import BEN, CHARTER, OLGA, RITA, SHOP, START, VERA, Office, Tool, person

from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.spotchecks.status import SpotCheckStatus, spot_check_status
from roadworthy.operate.stopping import read_stopped
from roadworthy.operate.work import handlers
from roadworthy.ports import Transaction
from roadworthy.ports.spotchecks import Part, SpotAnswer, SpotCheck
from roadworthy.principal import Principal, Role
from roadworthy.testing.engine import MemoryEngine
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.testing.memory import MemoryStore, MemoryVault

EVERY = "{share: 1.0, least: 1.0, near_threshold: 1, double: 0, planted: 0, hours_per_week: 100}"
TWICE = EVERY.replace("double: 0", "double: 1")
WILL = person("will", Role.REVIEWER)


@cache
def _built_once() -> Office:
    """An office whose database is gone: making one takes longer than what most tests do with it."""
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        office.store.close()
    return office


def office_in_memory(seed: int = 3) -> Office:
    """The same office without a database."""
    office = copy(_built_once())
    office.clock, office.workflows, office.charters = FixedClock(START), {}, {}
    office.tools = {name: Tool(tool.idempotency) for name, tool in office.tools.items()}
    store, entropy = MemoryStore(), SeededEntropy(seed)
    office.store = store  # type: ignore[assignment]
    office.engine = MemoryEngine(office.clock)
    office.deployment = replace(
        office.deployment,
        store=store,
        engine=office.engine,
        loader=office,
        clock=office.clock,
        entropy=entropy,
        vault=MemoryVault(office.clock, entropy),
        clearance=Clearance(lambda: read_stopped(store), office.clock),
    )
    office.engine.start(handlers(office.deployment))
    with store.write() as tx:
        for who in (OLGA, RITA, BEN, VERA, SHOP):
            store.people.add(tx, who)
    return office


def charter(plan: str = EVERY, **more: str) -> str:
    text = CHARTER.replace("review: {", f"spot_checks: {plan}\nreview: {{")
    for before, after in more.items():
        text = text.replace(before, after)
    return text


def checked_office(office: Office, plan: str = EVERY, flow=flows.reply, **more):
    release = office.release(flow, charter=charter(plan), **more)
    # Reading its policies anew for every case would be most of the time that these tests take.
    office.load = cache(Office.load.__get__(office))  # type: ignore[method-assign]
    return release


def run(office: Office, *keys: str, text: str = "refund 0.9") -> None:
    for key in keys:
        office.submit(key, text)
    office.work()


def row(office: Office, key: str) -> SpotCheck | None:
    with office.store.read() as tx:
        return office.store.spot_checks.get(tx, office.case(key).id)


def asked(office: Office, key: str) -> list[Review]:
    """Open reviews that spot checks opened for a case, the first look before the second."""
    with office.store.read() as tx:
        parts = {one.review: list(Part).index(one.part) for one in _answers(office, tx, key)}
    found = [
        review
        for review in office.reviews(key)
        if review.kind is ReviewKind.SPOT_CHECK and review.state is ReviewState.OPEN
    ]
    return sorted(found, key=lambda review: parts.get(review.id, 0))


def _answers(office: Office, tx: Transaction, key: str) -> tuple[SpotAnswer, ...]:
    return office.store.spot_checks.answers(tx, office.case(key).id)


def say(office: Office, review: Review, answer: str, who: Principal = VERA) -> Review:
    return decide_review(
        office.deployment, who, review.id, Verdict.ANSWER, seen=review.proposal, answer=answer
    )


def status(office: Office) -> SpotCheckStatus:
    return spot_check_status(office.deployment, "desk")
