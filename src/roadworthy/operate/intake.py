"""Intake: a message becomes a case, once per external key, or a reject with its reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.review import ReviewKind
from roadworthy.charter import Charter, Field_
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import open_review, segment_job
from roadworthy.operate.lots import lots_fall
from roadworthy.ports import Reject, Transaction
from roadworthy.principal import Kind, Principal, require
from roadworthy.quantities import Cost, Id, digest_of, natural_name
from roadworthy.release import Release, assign
from roadworthy.stage import Stage

MAX_KEY = 200
MOST_PROBLEMS = 20
"""Problems kept on record with a reject, and unknown fields named one by one: the rest is counted."""

_LONGEST_WORDS, _LONGEST_NAME = 300, 100
_WORKING = frozenset({Stage.CANARY, Stage.PRODUCTION})
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@dataclass(frozen=True, slots=True)
class Lot:
    """The lot that a case drew where its charter keeps some with people. ``share`` of them stay there."""

    share: float
    stays: bool

    @property
    def words(self) -> str:
        """Why people have the case, as they read it."""
        return f"stays with people by lot, {self.share:.1%} of the cases do: it shows what the release is worth"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message. ``again``: this key was taken in before, nothing new began."""

    case: CaseRecord
    again: bool


def submit(
    deployment: Deployment, principal: Principal, use_case: str, key: str, data: Mapping[str, object]
) -> Receipt:
    """Take in one case. Run twice with the same key: the second finds the first.

    Errors: ``InputProblem`` RW-CASE-020 with all breaches of the input contract (the message is
    kept among the rejects), ``Conflict`` RW-CASE-021 if the key was taken in with other content,
    ``NotFound`` RW-CASE-022 for a use case without a release.
    """
    require(principal, "case.submit", use_case=use_case)
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
    if not rollout.releases:
        raise NotFound(
            "RW-CASE-022", f"no use case `{use_case}` here", hint="`roadworthy release start` begins one"
        )
    newest = max(rollout.releases, key=lambda release: release.number)
    assignment = assign(rollout, key)
    charter = deployment.loader.charter((assignment.worker or assignment.shadow or newest).digest)
    problems = check_key(key) + check_input(charter, data)
    if problems:
        keep_reject(deployment, use_case, key, data, problems)
        raise InputProblem(
            "RW-CASE-020", problems, hint="the message is kept: `roadworthy cases list --rejected`"
        )
    with deployment.store.write() as tx:
        before = deployment.store.cases.by_key(tx, use_case, key)
        if before is not None:
            return _again(deployment, tx, before, data)
        # Locked for reading: the assignment holds for the case's whole life.
        assignment = assign(deployment.store.releases.rollout(tx, use_case), key)
        subject = subject_of(deployment, charter, data)
        lot = draw_lot(deployment, assignment.worker, key)
        case = begin(
            deployment,
            tx,
            charter,
            key=key,
            data=data,
            subject=subject,
            release=assignment.worker,
            probability=assignment.probability,
            actor=principal.id,
            lot=lot,
        )
        if case is None:
            raise Conflict("RW-CASE-021", f"the key `{key}` was taken in this moment", hint="ask again")
        if principal.kind is Kind.PERSON:
            deployment.store.inbox.note_initiator(tx, case.id, principal.id)
        if assignment.shadow is not None:
            begin(
                deployment,
                tx,
                charter,
                key=key,
                data=data,
                subject=subject,
                release=assignment.shadow,
                probability=1.0,
                actor=principal.id,
                twin=assignment.shadow.digest,
            )
    return Receipt(case, again=False)


def begin(
    deployment: Deployment,
    tx: Transaction,
    charter: Charter,
    *,
    key: str,
    data: Mapping[str, object],
    subject: str,
    release: Release | None,
    probability: float,
    actor: str,
    twin: str = "",
    stage: Stage | None = None,
    lot: Lot | None = None,
) -> CaseRecord | None:
    """Store a case and start its first segment (or hand it to people). None if the key is taken.

    A case that stays with people by ``lot`` has no release, the stage of the one that would have worked
    on it, and the lot's share as its probability. None of that ever changes: it says for good to which
    part the case belongs.
    """
    now = deployment.now()
    why, drawn = "no release works on it", {"holdout": f"{lot.share:.12g}"} if lot else {}
    if lot and lot.stays and release:
        stage, release, probability, why = release.stage, None, lot.share, lot.words
    sealed = deployment.vault.seal(tx, subject, dict(data))
    case = CaseRecord(
        id=deployment.new_id(),
        use_case=charter.use_case,
        key=key,
        twin=twin,
        subject=subject,
        input=sealed.id,
        release=release.digest if release else "",
        stage=stage or (release.stage if release else Stage.DRAFT),
        probability=probability,
        state=State.OPEN if release else State.WAITING,
        version=1,
        run=1,
        segment=1,
        handled_by="" if release else "person",
        confidence=float("nan"),
        answer="",
        reason=why if lot and lot.stays else "",
        slice=slice_of(charter, data),
        cost=Cost(0),
        created_at=now,
        updated_at=now,
    )
    if not deployment.store.cases.add(tx, case):
        return None
    if release is None:
        open_review(deployment, tx, case, charter, ReviewKind.WORK, reasons=(why,))
    else:
        deployment.engine.enqueue(tx, segment_job(case))
    deployment.record(
        tx,
        "case.accepted",
        actor,
        {"case": case.id, "use_case": case.use_case},
        {
            "key": key,
            "twin": twin,
            "release": case.release,
            "stage": case.stage,
            "input": sealed.digest,
            **drawn,
        },
    )
    return case


def draw_lot(deployment: Deployment, worker: Release | None, key: str) -> Lot | None:
    """Whether a live case stays with people by lot; None where no lot is drawn for it.

    Sticky: the same key of a use case draws the same for ever, and a larger share keeps all that a smaller
    one kept. Without the vault's key nobody can tell beforehand how it falls. It is drawn apart from who
    gets a canary: both lots together are fair.
    """
    if worker is None or worker.stage not in _WORKING:
        return None
    share = deployment.loader.charter(worker.digest).kpi.holdout
    if not share:
        return None
    return Lot(share, lots_fall(deployment, share, f"HOLD-OUT {worker.use_case} {key}"))


def held_out(case: CaseRecord) -> bool:
    """It is live and stays with people by lot, although a release would have worked on it."""
    return not case.twin and not case.release and case.stage in _WORKING


def subject_of(deployment: Deployment, charter: Charter, data: Mapping[str, object]) -> str:
    """The pseudonym under whose key the case is encrypted. Without a declared subject: one for all."""
    for name, field in charter.input.items():
        if field.subject and data.get(name):
            return deployment.vault.pseudonym(natural_name(str(data[name])))
    return deployment.vault.pseudonym(f"use case {charter.use_case}")


def slice_of(charter: Charter, data: Mapping[str, object]) -> str:
    """The values of the slice fields, such as ``en``."""
    values = [str(data.get(name, "")) for name, field in charter.input.items() if field.slice]
    return "/".join(values)[:64]


def check_key(key: str) -> list[Problem]:
    """What is wrong with an external key, if anything."""
    if not key or len(key) > MAX_KEY or not key.isprintable() or key != key.strip():
        return [Problem(f"expected 1 to {MAX_KEY} printable characters, found {len(key)}", place="key")]
    return []


def check_input(charter: Charter, data: Mapping[str, object]) -> list[Problem]:
    """Every breach of the input contract. Values are never repeated: they may be personal."""
    unknown = [name for name in data if name not in charter.input]
    known = f"known: {', '.join(charter.input)}"
    problems = [
        Problem("unknown field", place=_keepable(name)[:_LONGEST_NAME], hint=known)
        for name in unknown[:MOST_PROBLEMS]
    ]
    if len(unknown) > MOST_PROBLEMS:
        problems.append(Problem(f"and {len(unknown) - MOST_PROBLEMS} more unknown fields"))
    for name, field in charter.input.items():
        value = data.get(name)
        if value is None or value == "":
            if field.required:
                problems.append(Problem("is missing", place=name))
            continue
        problems.extend(Problem(message, place=name) for message in _breaches(field, value))
    return problems


def _breaches(field: Field_, value: object) -> list[str]:
    if field.type == "integer":
        return [] if isinstance(value, int) and not isinstance(value, bool) else ["expected a whole number"]
    if not isinstance(value, str):
        return [f"expected text, found {type(value).__name__}"]
    if len(value) > field.max_length:
        return [f"found {len(value)} characters, at most {field.max_length} are taken"]
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value) or "\x00" in value:
        return ["is not valid text"]
    if field.type == "email" and not _EMAIL.fullmatch(value):
        return ["expected an e-mail address"]
    if field.type == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            return ["expected a date such as 2026-03-31"]
    return []


def _again(
    deployment: Deployment, tx: Transaction, before: CaseRecord, data: Mapping[str, object]
) -> Receipt:
    stored = deployment.vault.open(tx, before.input)
    if digest_of(stored) != digest_of(dict(data)):
        raise Conflict(
            "RW-CASE-021",
            f"the key `{before.key}` was taken in with other content",
            hint="the same key names the same case for ever; use a new key for a new case",
        )
    return Receipt(before, again=True)


def keep_reject(
    deployment: Deployment, use_case: str, key: str, data: Mapping[str, object], problems: Sequence[Problem]
) -> None:
    """Keep a message that became no case, with its reasons. What a sender repeats at once is kept once."""
    words = tuple(_keepable(str(problem))[:_LONGEST_WORDS] for problem in problems[:MOST_PROBLEMS])
    if len(problems) > MOST_PROBLEMS:
        words += (f"and {len(problems) - MOST_PROBLEMS} more",)
    shown = "".join(letter for letter in key[:MAX_KEY] if letter.isprintable())
    with deployment.store.write() as tx:
        newest = deployment.store.cases.rejects(tx, use_case).rows
        alike = (one for one in newest if one.key == shown and tuple(one.problems) == words)
        if shown and any(_holds(deployment, tx, one, data) for one in alike):
            return
        id_: Id = deployment.new_id()
        sealed = deployment.vault.seal(tx, deployment.vault.pseudonym(f"reject {id_}"), _kept(data))
        deployment.store.cases.reject(tx, Reject(id_, use_case, shown, sealed.id, words, deployment.now()))
        deployment.record(
            tx, "case.rejected", "system", {"reject": id_, "use_case": use_case}, {"problems": list(words)}
        )


def _holds(deployment: Deployment, tx: Transaction, reject: Reject, data: Mapping[str, object]) -> bool:
    try:
        held: bool = deployment.vault.open(tx, reject.input) == _kept(data)
    except RoadworthyError:  # it was erased
        return False
    return held


def _kept(data: Mapping[str, object]) -> dict[str, str]:
    return {_keepable(name): _keepable(value) for name, value in data.items()}


def _keepable(value: object) -> str:
    """What of a bad value can be kept: text is made valid and cut, the rest becomes text."""
    text = value if isinstance(value, str) else repr(value)
    return text[:100_000].encode("utf-8", "replace").decode().replace("\x00", "�")
