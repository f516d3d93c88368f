"""Bulk: one answer to many reviews that ask the same thing. The server says what is the same, not the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.charter import Charter
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.reviews.deciding import decide_review
from roadworthy.ports import Transaction
from roadworthy.ports.inbox import Wanted
from roadworthy.principal import Principal, require
from roadworthy.quantities import digest_of

MOST: Final = 100
LOOKED_AT: Final = 1_000
_RISKY: Final = frozenset({"money", "identity", "delete", "egress"})
_SUBJECT: Final = "\0the subject of the case"


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What became of each review: decided, or why not."""

    decided: tuple[Review, ...]
    problems: Mapping[str, str]


def alike(deployment: Deployment, principal: Principal, review_id: str) -> tuple[Review, ...]:
    """Open reviews that ask the same as this one, itself first: at most 100, of the 1,000 that come first.

    The same release, tool and role, and the same arguments except for what names the case's own subject. Never where
    money moves, where a value that steers comes from no trusted source, or above low risk.

    Errors: ``NotFound`` RW-REVIEW-005; ``Refused`` RW-REVIEW-024 for a review that is answered alone.
    """
    with deployment.store.read() as tx:
        first = deployment.store.reviews.get(tx, review_id)
        if first is None:
            raise NotFound("RW-REVIEW-005", f"no review `{review_id}`")
        require(principal, "review.decide", use_case=first.use_case)
        wanted = likeness(deployment, tx, first)
        if not wanted:
            raise Refused(
                "RW-REVIEW-024",
                "this review is answered alone",
                reasons=[
                    "together go only open reviews of effects of low risk, without money and untrusted values"
                ],
            )
        found, after, seen = [first], "", 0
        while len(found) < MOST and seen < LOOKED_AT:
            page = deployment.store.inbox.list(
                tx,
                Wanted(use_case=first.use_case, queue=first.queue),
                now=deployment.now(),
                after=after,
                limit=200,
            )
            for other in page.rows:
                if other.id != first.id and likeness(deployment, tx, other) == wanted:
                    found.append(other)
            seen, after = seen + len(page.rows), page.after
            if not after:
                break
    return tuple(found[:MOST])


def decide_bulk(
    deployment: Deployment,
    principal: Principal,
    seen: Mapping[str, str],
    verdict: Verdict,
    *,
    reason: str = "",
) -> BulkAnswer:
    """Approve or reject reviews that are the same, each with an entry of its own in the ledger.

    ``seen``: the digest of the proposal by review, as they were shown. Each is decided as if it stood alone: by the
    same rules, and one that somebody else answered meanwhile is left out and named.

    Errors: ``InputProblem`` RW-REVIEW-025 with every review that is not the same as the first; nothing is decided then.
    """
    if verdict not in {Verdict.APPROVE, Verdict.REJECT} or not 1 <= len(seen) <= MOST:
        raise InputProblem(
            "RW-REVIEW-025",
            Problem(f"1 to {MOST} reviews are approved or rejected together, found {len(seen)}"),
        )
    with deployment.store.read() as tx:
        reviews = {id_: deployment.store.reviews.get(tx, id_) for id_ in seen}
        likes = {id_: likeness(deployment, tx, found) if found else "" for id_, found in reviews.items()}
    first = next(iter(likes.values()))
    gone = {
        id_ for id_, found in reviews.items() if found is not None and found.state is not ReviewState.OPEN
    }
    problems = [
        Problem("does not ask the same as the first", place=id_, hint="decide it alone")
        for id_, like in likes.items()
        if id_ not in gone and (not like or (first and like != first))
    ]
    if problems:
        raise InputProblem("RW-REVIEW-025", problems)
    decided, failed = [], {}
    for id_, digest in seen.items():
        try:
            decided.append(decide_review(deployment, principal, id_, verdict, seen=digest, reason=reason))
        except (Conflict, Refused) as problem:
            failed[id_] = f"{problem.code}: {problem.message}"
    return BulkAnswer(tuple(decided), failed)


def likeness(deployment: Deployment, tx: Transaction, review: Review) -> str:
    """A digest that two reviews share where they ask the same; empty where a review is answered alone."""
    if review.kind is not ReviewKind.EFFECT or review.state is not ReviewState.OPEN or review.blind:
        return ""
    effect = deployment.store.effects.get(tx, review.effect)
    case = deployment.store.cases.get(tx, review.case)
    if effect is None or case is None or effect.amount or effect.untrusted:
        return ""
    try:
        charter = deployment.loader.charter(effect.release)
        tool = charter.tools[effect.tool]
        arguments = deployment.vault.open(tx, effect.arguments)
        subject = _subject(deployment, tx, charter, case)
    except (RoadworthyError, KeyError):
        return ""
    if charter.risk.tier == "high" or tool.amount or tool.sink in _RISKY:
        return ""
    same = {name: _SUBJECT if subject and value == subject else value for name, value in arguments.items()}
    return str(digest_of([effect.release, effect.tool, review.role, review.skill, case.stage, same]))


def _subject(deployment: Deployment, tx: Transaction, charter: Charter, case: CaseRecord) -> object:
    """The value of the input that names the person whose case it is."""
    field = next((name for name, one in charter.input.items() if one.subject), "")
    return deployment.vault.open(tx, case.input).get(field) if field else ""
