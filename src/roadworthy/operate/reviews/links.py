"""Links in mails: each opens one review for one person, once, for a while, and decides nothing by being opened.

What is stored is a digest over secret, person, review and proposal. So a link of which any of these changed opens
nothing, and nobody who reads the database can make one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from roadworthy.casework.review import Review, ReviewState
from roadworthy.errors import InputProblem, Problem, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.reviews.teams import team_now
from roadworthy.ports import Credential, Transaction
from roadworthy.principal import Principal

LINK: Final = "review-link"
LINK_LASTS: Final = timedelta(hours=24)
_TOKEN = re.compile(r"rv_([0-9A-Z]{26})_([a-z2-7]{12})_([a-z2-7]{52})", re.ASCII)


def make_link(deployment: Deployment, tx: Transaction, review: Review, person: str) -> str:
    """A link's token for one person and one review as it is now. The secret is told here and never again.

    Errors: ``InputProblem`` RW-REVIEW-014 for somebody who may not answer it.
    """
    why = team_now(deployment, tx).why_unqualified(person, review)
    if why:
        raise InputProblem("RW-REVIEW-014", Problem(f"`{person}` cannot take this review: {why}"))
    id_ = _base32(deployment.entropy.bytes(10))[:12]
    secret = _base32(deployment.entropy.bytes(32))
    now = deployment.now()
    proof = _proof(secret, person, review)
    credential = Credential(id_, LINK, person, proof, review.use_case, now, now + LINK_LASTS)
    deployment.store.people.add_credential(tx, credential)
    return f"rv_{review.id}_{id_}_{secret}"


def look_at_link(deployment: Deployment, token: str) -> tuple[Review, Principal]:
    """Which review a link would open, and for whom. Nothing is spent: mail programs open links ahead of people.

    Errors: ``Refused`` RW-REVIEW-026, the same for every cause.
    """
    with deployment.store.read() as tx:
        review, person, _ = _proven(deployment, tx, token)
    return review, person


@contextmanager
def spent_link(deployment: Deployment, token: str) -> Iterator[tuple[Review, Principal]]:
    """Spend a link, for the answer that is given within the block. It works again only where that answer did not fit
    (``InputProblem``); whatever else happens, it is spent.

    Errors: ``Refused`` RW-REVIEW-026 where it was used, is too old, or the proposal changed.
    """
    with deployment.store.write() as tx:
        review, person, credential = _proven(deployment, tx, token)
        if not deployment.store.people.spend_credential(tx, LINK, credential.id):
            raise _refused()
        deployment.record(
            tx,
            "review.link_used",
            person.id,
            {"review": review.id, "case": review.case, "use_case": review.use_case},
            {"proposal": review.proposal},
        )
    try:
        yield review, person
    except InputProblem:
        with deployment.store.write() as tx:
            deployment.store.people.add_credential(tx, credential)
        raise


def _proven(deployment: Deployment, tx: Transaction, token: str) -> tuple[Review, Principal, Credential]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise _refused()
    review_id, id_, secret = match.groups()
    review = deployment.store.reviews.get(tx, review_id)
    credential = deployment.store.people.credential(tx, LINK, id_)
    person = deployment.store.people.get(tx, credential.principal) if credential else None
    if review is None or credential is None or person is None or person.disabled:
        raise _refused()
    if not hmac.compare_digest(credential.proof, _proof(secret, person.id, review)):
        raise _refused()
    in_time = credential.created_at <= deployment.now() < credential.expires_at
    if not in_time or review.state is not ReviewState.OPEN:
        raise _refused()
    return review, person, credential


def _proof(secret: str, person: str, review: Review) -> str:
    bound = f"{LINK}\n{secret}\n{person}\n{review.id}\n{review.proposal}"
    return hashlib.sha256(bound.encode()).hexdigest()


def _refused() -> Refused:
    return Refused(
        "RW-REVIEW-026",
        "this link opens nothing any more",
        reasons=["it was used, is too old, or what it was about was answered or changed"],
        hint="open the inbox",
    )


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


__all__ = ["look_at_link", "make_link", "spent_link"]
