"""How content people were: kept, changed, and taken for nothing else."""

from __future__ import annotations

import pytest
from tests.operate.flows import reply
from tests.operate.office import OLGA, SHOP, VERA, Office
from tests.operate.spot import office_in_memory

from roadworthy.casework.rating import Rating
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.rating import rate_case


@pytest.fixture
def office() -> Office:
    made = office_in_memory()
    made.release(reply)
    made.submit("K-1", "refund 0.9")
    made.submit("K-2", "refund 0.3")
    made.work()
    return made


def kept(office: Office, key: str = "K-1") -> tuple[Rating, ...]:
    with office.store.read() as tx:
        return office.store.cases.ratings(tx, [office.case(key).id])


def test_whoever_rates_again_has_changed_their_mind(office: Office) -> None:
    for stars in (1, 4):
        rate_case(office.deployment, SHOP, "desk", "K-1", stars=stars)
    assert [(one.stars, one.principal) for one in kept(office)] == [(4, SHOP.id)]
    rate_case(office.deployment, OLGA, "desk", "K-1", stars=2)
    assert sorted(one.stars for one in kept(office)) == [2, 4]


def test_every_rating_stands_on_record(office: Office) -> None:
    for stars in (1, 4):
        rate_case(office.deployment, SHOP, "desk", "K-1", stars=stars)
    sequence_all(office.deployment)
    with office.store.read() as tx:
        told = [one.event for one in office.store.ledger.about(tx, office.case("K-1").id)]
    assert sum(b"case.rated" in one for one in told) == 2


def test_a_rating_is_no_outcome(office: Office) -> None:
    rate_case(office.deployment, SHOP, "desk", "K-1", stars=1)
    with office.store.read() as tx:
        assert office.store.cases.outcomes(tx, office.case("K-1").id) == ()


@pytest.mark.parametrize("stars", [0, 6, -1, True, 10**30])
def test_anything_but_one_to_five_stars_is_refused(office: Office, stars: int) -> None:
    with pytest.raises(InputProblem) as told:
        rate_case(office.deployment, SHOP, "desk", "K-1", stars=stars)
    assert told.value.code == "RW-RATING-001"
    assert kept(office) == ()


def test_a_case_that_is_not_known_or_not_closed_is_not_rated(office: Office) -> None:
    with pytest.raises(NotFound):
        rate_case(office.deployment, SHOP, "desk", "K-9", stars=5)
    with pytest.raises(Conflict) as told:
        rate_case(office.deployment, SHOP, "desk", "K-2", stars=5)
    assert told.value.code == "RW-RATING-003"


def test_who_reviews_it_does_not_rate_it(office: Office) -> None:
    with pytest.raises(Refused):
        rate_case(office.deployment, VERA, "desk", "K-1", stars=5)
