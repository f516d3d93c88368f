"""Other programs ask which release a case gets, and are told what intake would do."""

from __future__ import annotations

import pytest
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, SHOP, VERA, Office

from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.operate.assigning import assigned
from roadworthy.operate.stopping import stop
from roadworthy.principal import Kind, Principal
from roadworthy.stage import Stage


@pytest.mark.parametrize("holdout", [0.0, 0.4])
def test_it_tells_beforehand_what_intake_does(office: Office, holdout: float) -> None:
    charter = CHARTER.replace("unit: share,", f"unit: share, holdout: {holdout},")
    office.release(flows.reply, number=1, charter=charter)
    office.release(flows.reply, number=2, stage=Stage.CANARY, share=0.4, charter=charter + "\n# 2")
    doers = set()
    for number in range(40):
        key = f"K-{number}"
        before = assigned(office.deployment, SHOP, "desk", key)
        case = office.submit(key)
        after = assigned(office.deployment, SHOP, "desk", key)
        digest = before.release.digest if before.release else ""
        assert (case.release, case.probability) == (digest, before.share)
        assert (before.taken, after.taken) == (False, True)
        assert (after.release, after.share) == (before.release, before.share)
        doers.add(before.release.name if before.release else "people")
    assert doers == ({"r1", "r2"} if not holdout else {"r1", "r2", "people"})


def test_a_case_keeps_its_release_when_the_canary_ends(office: Office) -> None:
    from roadworthy.operate.rollout import abort_release

    office.release(flows.reply, number=1)
    office.release(flows.reply, number=2, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.95")
    office.work()
    abort_release(office.deployment, BEN, "desk", "r2", reason="bad")
    assert assigned(office.deployment, BEN, "desk", "K-1").as_json()["release"] == "r2"
    assert assigned(office.deployment, BEN, "desk", "K-2").as_json()["release"] == "r1"


def test_people_shadow_and_stops_are_told(office: Office) -> None:
    office.release(flows.reply, stage=Stage.SHADOW, share=0.0)
    found = assigned(office.deployment, VERA, "desk", "K-1")
    assert (found.release, found.why) == (None, "no release works on it")
    assert found.as_json()["shadow"] == "r1"
    stop(office.deployment, BEN, "use_case:desk", reason="smoke")
    assert assigned(office.deployment, VERA, "desk", "K-1").stopped == "smoke"


def test_asking_needs_a_role_a_key_and_a_use_case(office: Office) -> None:
    nobody = Principal("n", "N", Kind.SERVICE, frozenset())
    with pytest.raises(Refused):
        assigned(office.deployment, nobody, "desk", "K-1")
    with pytest.raises(NotFound):
        assigned(office.deployment, BEN, "desk", "K-1")
    office.release(flows.reply)
    with pytest.raises(InputProblem):
        assigned(office.deployment, BEN, "desk", " ")
