"""Ratings: how content people were with what they got. Never taken for what was right."""

from __future__ import annotations

from roadworthy.casework.case import State
from roadworthy.casework.rating import STARS, Rating
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require


def rate_case(
    deployment: Deployment, principal: Principal, use_case: str, key: str, *, stars: int
) -> Rating:
    """Keep a rating of a case. Whoever rates again has changed their mind: the newest one counts.

    It decides nothing: no certificate, no watch and no spot check reads it, since people who are pleased may be
    wrong and people who are angry may have got what was right.

    Errors: ``InputProblem`` RW-RATING-001 for anything but 1 to 5 stars; ``NotFound`` RW-RATING-002 for an
            unknown key; ``Conflict`` RW-RATING-003 while nobody can have got an answer yet.
    """
    require(principal, "case.rate", use_case=use_case)
    if isinstance(stars, bool) or stars not in STARS:
        raise InputProblem(
            "RW-RATING-001",
            Problem(f"expected {STARS[0]} to {STARS[-1]} stars, found {stars}", place="stars"),
        )
    with deployment.store.write() as tx:
        case = deployment.store.cases.by_key(tx, use_case, key)
        if case is None:
            raise NotFound("RW-RATING-002", f"no case `{key[:200]}` of `{use_case}`")
        if case.state is not State.CLOSED:
            raise Conflict(
                "RW-RATING-003", f"case `{key[:200]}` is not closed yet", hint="rate it when it is"
            )
        rating = Rating(case.id, use_case, stars, principal.id, deployment.now())
        before = next(
            (one for one in deployment.store.cases.ratings(tx, [case.id]) if one.principal == principal.id),
            None,
        )
        deployment.store.cases.rate(tx, rating)
        # What no longer counts is told too: figures of its day are put right.
        was = {"was": {"stars": before.stars, "at": before.at.isoformat()}} if before else {}
        deployment.record(
            tx, "case.rated", principal.id, {"case": case.id, "use_case": use_case}, {"stars": stars, **was}
        )
    return rating
