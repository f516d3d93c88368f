"""A break parks the effects of one tool of one release, and a person sets it going again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operate import flows
from tests.operate.office import BEN, OLGA, RITA, Office

from roadworthy.adapters.jsonschemars import compiled
from roadworthy.casework.case import State
from roadworthy.casework.toolstate import Hold, Look
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused
from roadworthy.measure.tools import tool_facts
from roadworthy.operate.tools.contracts import Contracted
from roadworthy.operate.tools.keeping import chosen, keep_looking, let_go, note, told
from roadworthy.operate.watching.alarms import Alarms

PROMISED = """
  books.look: {use: sql.query, source: books, trusted: [account], answer: {required: [balance]}, options: {probe: {}}}
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def promised(office: Office) -> Any:
    """A release whose `books.look` promises its answers, and is looked at."""
    from tests.operate.office import CHARTER

    line = next(one for one in CHARTER.splitlines() if "books.look:" in one)
    release = office.release(flows.reply, charter=CHARTER.replace(line, PROMISED.strip("\n")))
    tool = office.tools["books.look"]
    declared = office.deployment.loader.charter(release.digest).tools["books.look"]
    office.tools["books.look"] = Contracted(  # type: ignore[assignment]
        "books.look",
        declared,
        tool,
        check=compiled(declared.answer, place="x"),
        note=lambda look: note(
            office.store, release.digest, "desk", "books.look", look, at=office.deployment.now()
        ),
    )
    return release, tool


def hold(office: Office, release: Any, tool: str) -> None:
    look = Look(Hold.BROKEN, "`id` is no string")
    note(office.store, release.digest, "desk", tool, look, at=office.deployment.now())
    office.deployment.clearance.forget()


def test_a_break_parks_the_effects_of_that_tool_until_a_person_lets_it_go(office: Office) -> None:
    release = office.release(flows.reply)
    hold(office, release, "mail.reply")
    office.submit("K-1")
    office.work()
    assert office.case("K-1").state is State.PARKED
    assert office.tools["mail.reply"].sends == []
    with pytest.raises(Refused):
        let_go(office.deployment, BEN, release, "mail.reply", reason="it looks well")
    with pytest.raises(InputProblem):
        let_go(office.deployment, OLGA, release, "mail.reply", reason=" ")
    let_go(office.deployment, OLGA, release, "mail.reply", reason="the desk mended it")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert len(office.tools["mail.reply"].sends) == 1
    with pytest.raises(Conflict):
        let_go(office.deployment, OLGA, release, "mail.reply", reason="again")
    assert {"tool.held", "tool.released"} <= set(office.events())


def test_other_tools_and_other_releases_go_on(office: Office) -> None:
    release = office.release(flows.reply)
    hold(office, release, "bank.pay")
    office.submit("K-1")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    scopes = (f"release:{release.digest}", "tool:bank.pay")
    assert "held back" in office.deployment.clearance.why_not("use_case:desk", *scopes)
    assert not office.deployment.clearance.why_not("use_case:desk", "release:sha256:other", "tool:bank.pay")


def test_a_tool_that_can_be_looked_at_is_let_go_after_a_good_look_alone(office: Office) -> None:
    release, desk = promised(office)
    desk.answer = {"other": 1}
    keep_looking(office.deployment)
    with office.store.read() as tx:
        (state,) = office.store.tool_states.held(tx)
    assert (state.tool, state.reason) == ("books.look", "the answer lacks `balance`")
    loaded = office.deployment.loader.load(release.digest)
    (fact,) = tool_facts(office.deployment, loaded)
    assert (fact.kind, fact.subject, fact.value, fact.n) == ("tool.contract", "books.look", 1.0, 1)
    with pytest.raises(Refused) as still:
        let_go(office.deployment, OLGA, release, "books.look", reason="surely")
    assert still.value.code == "RW-TOOL-012"
    desk.answer = {"balance": 5}
    (fact,) = tool_facts(office.deployment, loaded)
    assert fact.value == 1.0  # a good look does not end a hold
    let_go(office.deployment, OLGA, release, "books.look", reason="mended")
    (fact,) = tool_facts(office.deployment, loaded)
    assert fact.value == 0.0
    assert told("books.look", loaded.charter.tools["books.look"], state, approved=None)["state"] == "broken"


def test_a_look_is_not_repeated_before_its_time_and_silence_measures_nothing(office: Office) -> None:
    from roadworthy.errors import Unavailable

    release, desk = promised(office)
    keep_looking(office.deployment)
    keep_looking(office.deployment)
    assert desk.calls == 1
    office.later(minutes=6)
    keep_looking(office.deployment)
    assert desk.calls == 2

    def away() -> None:
        raise Unavailable("RW-TOOL-004", "no answer", retry_is_safe=True)

    desk.before = away
    assert list(tool_facts(office.deployment, office.deployment.loader.load(release.digest))) == []
    with office.store.read() as tx:
        assert office.store.tool_states.held(tx) == ()


def test_a_held_tool_is_an_alert_until_it_is_let_go(office: Office) -> None:
    release = office.release(flows.reply)
    hold(office, release, "mail.reply")
    alarms = Alarms([])
    alarms.look(office.deployment)
    with office.store.read() as tx:
        (alert,) = [one for one in office.store.alerts.firing(tx) if one.rule == "tool.held"]
    assert "the tool `mail.reply` is held back, broken since" in alert.summary
    let_go(office.deployment, RITA, release, "mail.reply", reason="mended")
    for _ in range(3):
        office.later(hours=1)
        alarms.look(office.deployment)
    with office.store.read() as tx:
        assert [one for one in office.store.alerts.firing(tx) if one.rule == "tool.held"] == []


def test_the_release_that_is_meant_is_the_one_that_works(office: Office) -> None:
    release = office.release(flows.reply)
    assert chosen(office.deployment, "desk").digest == release.digest
    with pytest.raises(NotFound):
        chosen(office.deployment, "nowhere")
