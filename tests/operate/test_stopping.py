import pytest
from tests.operate import flows
from tests.operate.office import BEN, OLGA, VERA, Office

from roadworthy.casework.case import State
from roadworthy.errors import Conflict, InputProblem, Refused, Unavailable
from roadworthy.operate.stopping import resume, stop


@pytest.mark.parametrize("scope", ["all", "use_case:desk", "release", "tool:books.look", "model:intent"])
def test_a_stop_lets_no_step_run_and_a_second_person_sets_everything_going_again(
    office: Office, scope
) -> None:
    release = office.release(flows.reply)
    scope = f"release:{release.digest}" if scope == "release" else scope
    thrown = stop(office.deployment, BEN, scope, reason="smoke")
    office.submit("K-1")
    office.work()
    assert office.case("K-1").state is State.PARKED
    assert office.tools["books.look"].calls == 0
    with pytest.raises(Refused, match="not allowed"):
        resume(office.deployment, BEN, thrown.id, reason="")
    resume(office.deployment, OLGA, thrown.id, reason="cleared")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert len(office.tools["mail.reply"].sends) == 1


def test_nobody_lifts_his_own_stop(office: Office) -> None:
    thrown = stop(office.deployment, OLGA, "all", reason="smoke")
    with pytest.raises(Refused, match="second person"):
        resume(office.deployment, OLGA, thrown.id, reason="")


def test_a_stop_of_a_tool_parks_its_effects_and_keeps_the_steps(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.tools["books.look"].before = lambda: (
        stop(office.deployment, BEN, "tool:mail.reply", reason="x") and None
    )
    office.work()
    office.tools["books.look"].before = lambda: None
    case = office.case("K-1")
    assert office.tools["mail.reply"].sends == []
    assert case.state in {State.PARKED, State.WAITING}


def test_a_stop_while_an_effect_is_ready_parks_it(office: Office) -> None:
    office.release(flows.act_then_reply)
    office.submit("K-1")
    thrown: list = []

    def throw() -> None:
        if not thrown:
            thrown.append(stop(office.deployment, BEN, "use_case:desk", reason="x"))

    office.tools["mail.reply"].after = throw
    office.work()
    assert office.case("K-1").state is State.PARKED
    office.tools["mail.reply"].after = lambda: None
    resume(office.deployment, OLGA, thrown[0].id, reason="")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert sorted(office.tools["mail.reply"].sends) == ["desk:K-1:first", "desk:K-1:second"]


def test_lifting_twice_is_a_conflict(office: Office) -> None:
    thrown = stop(office.deployment, BEN, "all", reason="smoke")
    resume(office.deployment, OLGA, thrown.id, reason="")
    with pytest.raises(Conflict):
        resume(office.deployment, OLGA, thrown.id, reason="")


@pytest.mark.parametrize("scope", ["", "desk", "use_case:", "planet:earth"])
def test_an_unknown_scope_is_an_input_problem(office: Office, scope) -> None:
    with pytest.raises(InputProblem):
        stop(office.deployment, BEN, scope, reason="x")


def test_a_stop_needs_a_reason_and_a_role(office: Office) -> None:
    with pytest.raises(InputProblem):
        stop(office.deployment, BEN, "all", reason=" ")
    with pytest.raises(Refused):
        stop(office.deployment, VERA, "all", reason="x")


def test_where_the_switch_cannot_be_read_there_is_no_clearance(office: Office) -> None:
    from roadworthy.operate.clearance import Clearance, Stopped

    answers = [Stopped({}), Unavailable("RW-STORE-002", "locked", retry_is_safe=True)]

    def read() -> Stopped:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clearance = Clearance(read, office.clock)
    assert clearance.why_not("use_case:desk") == ""
    office.later(milliseconds=400)
    assert clearance.why_not("use_case:desk") == "", "an answer is believed for half a second"
    office.later(milliseconds=200)
    assert "no clearance" in clearance.why_not("use_case:desk")
