"""Answers: what only a person can say of a use case, dated, attributed, and believed for a time.

An answer is a measurement like any other: it enters the gate as evidence and runs out. It counts as long
as the account that gave it is the owner whom the charter in question names, and holds a role for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Final

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, NotFound, Problem, Refused
from roadworthy.evidence import Measurement
from roadworthy.gate import Requirement, RequirementSet
from roadworthy.gate.requirement import ANSWER
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.principal import Kind, Principal, Role, require, require_person
from roadworthy.quantities import digest_of

ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "business": frozenset({Role.OWNER}),
    "technical": frozenset({Role.BUILDER, Role.OPERATOR}),
    "risk": frozenset({Role.RISK_OFFICER}),
    "support": frozenset({Role.OPERATOR, Role.BUILDER}),
}
"""Roles of which an owner needs one for the answer to count."""

_SHORTEST_NOTE: Final = 3


def answer(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    release_name: str,
    row_id: str,
    *,
    yes: bool | None,
    note: str,
    until: date | None = None,
) -> Measurement:
    """Keep an owner's yes or no to a row that nothing measures. Answered twice, both stay; the newest counts.

    ``note`` says where the proof lies or what is missing, without personal data; it is sealed. ``until``
    is the last day (UTC) on which the answer is believed, at most as long as the row allows, which is
    also what holds without it.

    Errors: ``NotFound`` RW-ROADMAP-001 for a row that people do not answer, ``InputProblem``
    RW-ROADMAP-002 with everything wrong with the answer, RW-WORDS-001 for a note that is no text to
    keep, ``Refused`` RW-ROADMAP-003 for anybody but the owner named by the charter.
    """
    require(principal, "measure", use_case=use_case)
    require_person(principal, "an answer")
    row = answered_row(deployment.requirements, row_id)
    check_words(note=note)
    now = deployment.now()
    problems = list(_problems(row, yes, note, until, now))
    if problems:
        raise InputProblem("RW-ROADMAP-002", problems)
    with deployment.store.write() as tx:
        release = deployment.store.releases.rollout(tx, use_case).named(release_name)
        charter = deployment.loader.charter(release.digest)
        _require_owner(principal, row, charter)
        sealed = deployment.vault.seal(
            tx, deployment.vault.pseudonym(f"account {principal.id}"), {"note": note.strip()}
        )
        given = Measurement(
            id=deployment.new_id(),
            use_case=use_case,
            kind=row.measured_by,
            subject="",
            value=float(bool(yes)),
            unit="yes",
            n=1,
            method=f"answered by {principal.id}",
            inputs=sealed.digest,
            at=now,
            valid_for=_believed(row, until, now),
            detail={
                "by": principal.id,
                "demo": principal.demo,
                "note": sealed.id,
                "question": digest_of(row.question),
            },
        )
        deployment.store.evidence.add(tx, given)
        deployment.record(
            tx,
            "measurement.recorded",
            principal.id,
            {"use_case": use_case, "measurement": given.id, "release": release.digest},
            {
                "kind": given.kind,
                "subject": "",
                "value": repr(given.value),
                "unit": "yes",
                "n": 1,
                "inputs": given.inputs,
                "simulated": [],
                "demo": principal.demo,
                "until": given.valid_until.isoformat(),
                "question": digest_of(row.question),
            },
        )
    return given


def answered_row(requirements: RequirementSet, row_id: str) -> Requirement:
    """The row of this id that people answer. Errors: ``NotFound`` RW-ROADMAP-001, with what was meant."""
    rows = {row.id: row for row in requirements.requirements}
    row = rows.get(row_id)
    if row is not None and row.question:
        return row
    answered = [name for name, one in rows.items() if one.question]
    if row is not None:
        told = f"`{row_id}` is measured by `{row.measured_by}`, nobody's answer replaces that"
        raise NotFound(
            "RW-ROADMAP-001", Problem(told, place="row"), hint=row.next_step.replace("{subject}", "it")
        )
    near = get_close_matches(row_id, answered, n=1)
    hint = (
        f"did you mean `{near[0]}`?" if near else f"rows that are answered: {', '.join(answered) or 'none'}"
    )
    raise NotFound("RW-ROADMAP-001", Problem(f"no row `{row_id}`", place="row"), hint=hint)


def standing(
    deployment: Deployment,
    tx: Transaction,
    charter: Charter,
    measurements: Iterable[Measurement],
) -> tuple[tuple[Measurement, ...], tuple[str, ...]]:
    """Measurements without the answers that do not count for this charter, and what has to be shown of the others.

    Answers of accounts that are gone, disabled, not the owner any more or without a role for it do not
    count, nor do those to a question in other words; an older one by whom the charter names may. Those
    of demo accounts count and are shown.
    """
    rows = {row.measured_by: row for row in deployment.requirements.requirements if row.question}
    kept: list[Measurement] = []
    shown: set[str] = set()
    accounts: dict[str, Principal | None] = {}
    now = deployment.now()
    for measured in measurements:
        if not measured.kind.startswith(ANSWER):
            kept.append(measured)
            continue
        row, by = rows.get(measured.kind), str(measured.detail.get("by", ""))
        if row is None or not by or measured.detail.get("question") != digest_of(row.question):
            continue
        if by not in accounts:
            accounts[by] = deployment.store.people.get(tx, by)
        account = accounts[by]
        if account is None or _why_not(account, row, charter):
            continue
        kept.append(measured)
        asked = not row.tiers or charter.risk.tier in row.tiers
        if (account.demo or measured.detail.get("demo")) and asked and now < measured.valid_until:
            shown.add(f"answer given by demo account {by}")
    return tuple(kept), tuple(sorted(shown))


def notes(
    deployment: Deployment, tx: Transaction, measurements: Sequence[Measurement]
) -> Mapping[str, str]:
    """The notes of answers by the id of their measurement; those that were erased say so."""
    return dict(_opened(deployment, tx, measurements))


def _opened(
    deployment: Deployment, tx: Transaction, measurements: Sequence[Measurement]
) -> Iterator[tuple[str, str]]:
    for measured in measurements:
        sealed = measured.detail.get("note")
        if not measured.kind.startswith(ANSWER) or not isinstance(sealed, str):
            continue
        try:
            content = deployment.vault.open(tx, sealed)
        except Refused:
            yield measured.id, "(erased)"
            continue
        yield measured.id, str(content.get("note", "")) if isinstance(content, dict) else ""


def _require_owner(principal: Principal, row: Requirement, charter: Charter) -> None:
    why_not = _why_not(principal, row, charter)
    if why_not:
        raise Refused(
            "RW-ROADMAP-003",
            f"{principal.name or principal.id} does not answer for `{row.id}`: {why_not}",
            reasons=[f"the charter names {getattr(charter.owners, row.owner)} as its {row.owner} owner"],
            may_overrule="admin",
            hint="ask that person, or name another owner in the charter of the next release",
        )


def _why_not(account: Principal, row: Requirement, charter: Charter) -> str:
    if account.kind is not Kind.PERSON:
        return f"an answer needs a person, found a {account.kind}"
    if account.disabled:
        return "the account is disabled"
    if account.id != getattr(charter.owners, row.owner):
        return f"is not its {row.owner} owner"
    needed = ROLES[row.owner]
    if not account.roles & needed:
        return f"holds none of the roles {', '.join(sorted(needed))}"
    return ""


def _problems(
    row: Requirement, yes: bool | None, note: str, until: date | None, now: datetime
) -> Iterator[Problem]:
    if yes is None:
        yield Problem("expected a yes or a no", place="yes", hint=row.question)
    if len(note.strip()) < _SHORTEST_NOTE:
        yield Problem("found no note", place="note", hint="say where the proof lies, or what is missing")
    if until is None:
        return
    if until < now.date():
        yield Problem(f"{until} is over", place="until", hint="name a day from today on")
    last = (now + timedelta(days=row.valid_days)).date()
    if until > last:
        told = f"found {until}, an answer to `{row.id}` is believed for {row.valid_days} days at most"
        yield Problem(told, place="until", hint=f"the last day possible is {last}")


def _believed(row: Requirement, until: date | None, now: datetime) -> timedelta:
    longest = timedelta(days=row.valid_days)
    if until is None:
        return longest
    return min(longest, datetime.combine(until + timedelta(days=1), time(), tzinfo=UTC) - now)
