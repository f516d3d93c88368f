"""Planting: cases whose true answer is known are put before reviewers as if they had been drawn."""

from __future__ import annotations

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.review import Review
from roadworthy.charter import SpotCheckPlan
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.lots import lots_fall
from roadworthy.operate.spotchecks.asking import SOURCE, ask_reviewer, choices_for
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.ports.spotchecks import Part
from roadworthy.principal import Principal, require


def plant(
    deployment: Deployment, principal: Principal, use_case: str, key: str, *, truth: str = ""
) -> Review:
    """Put a case with a known answer before the reviewers. What they say tells of them, not of the release.

    ``truth`` is the label that is known to be right; without it, the one on which two sources of two
    principals agree. Whoever plants a case cannot answer for it.

    Errors: ``NotFound`` RW-SPOT-010 for an unknown key; ``Conflict`` RW-SPOT-011 where a person had seen
    the case before it left or is asked about it already, RW-SPOT-003 where it was erased;
    ``InputProblem`` RW-SPOT-012 where the truth is no label, is not known or is contradicted.
    """
    require(principal, "measure", use_case=use_case)
    with deployment.store.read() as tx:
        case = deployment.store.cases.by_key(tx, use_case, key)
    if case is None:
        raise NotFound("RW-SPOT-010", f"no case `{key}` of `{use_case}`")
    with deployment.store.read() as tx:
        left_alone = deployment.store.spot_checks.get(tx, case.id) is not None
    if not left_alone:
        raise Conflict(
            "RW-SPOT-011",
            Problem(f"case `{key}` did not leave without a person"),
            hint="choose one that did: reviewers would know this one from a drawn one",
        )
    release = deployment.loader.load(case.release)
    with deployment.store.write() as tx:
        if deployment.store.spot_checks.answers(tx, case.id):
            raise Conflict(
                "RW-SPOT-011",
                Problem(f"somebody was asked about case `{key}` already"),
                hint="choose another case",
            )
        if not _can_be_read(deployment, tx, case):
            raise Conflict("RW-SPOT-003", Problem("the content of this case was erased"))
        known = _known_truth(deployment, tx, case, truth, choices_for(release, case))
        return _plant(deployment, tx, case, release, known, principal.id)


def plant_beside(
    deployment: Deployment, tx: Transaction, drawn_case: CaseRecord, plan: SpotCheckPlan
) -> None:
    """With each drawn case, now and then, one whose answer two sources know; nothing where there is none."""
    odds = min(1.0, plan.planted / (1 - plan.planted)) if plan.planted < 1 else 1.0
    if not lots_fall(deployment, odds, f"SPOT CHECK PLANTED {drawn_case.id}"):
        return
    for id_, truth in deployment.store.spot_checks.known(tx, drawn_case.use_case):
        case = deployment.store.cases.get(tx, id_)
        if case is None or not _can_be_read(deployment, tx, case):
            continue
        try:
            release = deployment.loader.load(case.release)
        except RoadworthyError:
            continue  # a release that no longer loads can offer no choices
        if truth in choices_for(release, case):
            _plant(deployment, tx, case, release, truth, "system")
            return


def _plant(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    known: str,
    by: str,
) -> Review:
    return ask_reviewer(
        deployment,
        tx,
        case,
        release.charter,
        Part.PLANTED,
        choices_for(release, case),
        known=known,
        planted_by=by,
    )


def _known_truth(
    deployment: Deployment, tx: Transaction, case: CaseRecord, truth: str, choices: tuple[str, ...]
) -> str:
    told = [
        outcome
        for outcome in deployment.store.cases.outcomes(tx, case.id)
        if not outcome.source.startswith(SOURCE)
    ]
    labels = {outcome.truth for outcome in told} | ({truth} if truth else set())
    # One client under two names is one witness.
    witnesses = min(len({outcome.source for outcome in told}), len({one.principal for one in told}))
    found = ""
    if len(labels) > 1:
        found = f"the sources contradict each other: `{'`, `'.join(sorted(labels))}`"
    elif not truth and witnesses < 2:
        found = f"expected two sources recorded by two principals that agree, found {witnesses}"
    elif labels and not labels <= set(choices):
        found = f"`{next(iter(labels))}` is no label"
    if found:
        hint = f"name the true one: {', '.join(choices)}"
        raise InputProblem("RW-SPOT-012", Problem(found, place="truth", hint=hint))
    return labels.pop()


def _can_be_read(deployment: Deployment, tx: Transaction, case: CaseRecord) -> bool:
    try:
        deployment.vault.open(tx, case.input)
    except Refused:
        return False
    return True
