"""What the judge said in an evaluation, compared with people, and kept for the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation import Result
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.grading import NOT_CALIBRATED, Standing
from roadworthy.measure.judging import Calibrated, Label, agreement_facts, calibrate, conduct_facts
from roadworthy.measure.suites.recording import every_shown, read_evaluation
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require
from roadworthy.quantities import Digest, digest_of

_WORDS = {"kept": True, "broken": False}


@dataclass(frozen=True, slots=True)
class JudgeResult:
    """The judge against people, what was kept of it, and what could not be said."""

    calibrated: Calibrated
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]


def calibrate_judge(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    evaluation: str,
    labels: Sequence[Label],
    *,
    grader: str = "",
    statement: str = "",
) -> JudgeResult:
    """Compare the verdicts of one evaluation with people's, and keep the agreement as a measurement.

    ``labels`` name answers by the ids of their tests. With a ``statement`` of the charter's conduct they
    say whether the answer kept it, and its share of answers that do is kept too, corrected by people.

    Errors: ``InputProblem`` RW-EVAL-090 where the evaluation is of no release of the use case, the charter
    names no judge, or no single grader was judged; RW-EVAL-082 where no answer is in common.
    """
    require(principal, "measure", use_case=use_case)
    with deployment.store.read() as tx:
        found = read_evaluation(deployment, tx, evaluation)
        rollout = deployment.store.releases.rollout(tx, use_case)
    if not found.release or found.use_case != use_case:
        raise InputProblem("RW-EVAL-090", Problem("this is no evaluation of a release of the use case"))
    release = rollout.find(found.release)
    charter = deployment.loader.charter(release.digest)
    if charter.judge is None:
        raise InputProblem("RW-EVAL-090", Problem("the charter names no judge", place="judge"))
    results = [one for one in every_shown(deployment, principal, found) if not one.transcript.error]
    verdicts = _of_statement(results, grader, statement) if statement else _of_grader(results, grader)
    judge = judge_digest(charter)
    result = calibrate(
        labels,
        verdicts,
        judge=judge,
        kappa_min=charter.judge.kappa_min,
        min_labels=charter.judge.min_labels,
    )
    (subject,) = charter.subjects("judged")
    facts = [replace(fact, subject=subject) for fact in agreement_facts(result)]
    notes: list[str] = []
    if statement:
        conduct, missing = conduct_facts({statement: labels}, {statement: verdicts}, judge=judge)
        facts += conduct
        notes += [f"{name}: {why}" for name, why in missing.items()]
    keep(deployment, principal, release, facts)
    if not facts:
        notes.append("nothing was measured that the gate could compare")
    said = result.corrected.sentence if result.corrected else result.uncorrected
    return JudgeResult(result, tuple(facts), (*notes, *([said] if said else [])))


def judge_digest(charter: Charter) -> Digest:
    """Names the judge of a charter: another model or another address is another judge."""
    plan = charter.models[charter.judge.model] if charter.judge else None
    return digest_of(["judge", plan.url, plan.model] if plan else ["judge"])


def standing_of(deployment: Deployment, charter: Charter) -> Standing:
    """Whether the judge of a charter was seen to agree with people, and still counts."""
    if charter.judge is None:
        return NOT_CALIBRATED
    with deployment.store.read() as tx:
        measured = deployment.store.evidence.measurements(tx, charter.use_case)
    now, judge = deployment.now(), judge_digest(charter)
    for one in measured:
        if one.kind == "quality.judge_agreement" and one.detail.get("judge") == judge:
            if not one.at <= now < one.valid_until:
                return Standing(True, "the comparison of the judge with people has expired")
            return Standing(one.detail.get("advisory") is not False, str(one.detail.get("sentence", "")))
    return NOT_CALIBRATED


def _of_grader(results: Sequence[Result], name: str) -> dict[str, bool | None]:
    """By test, of its first attempt."""
    judged = sorted({grade.grader for one in results for grade in one.grades if "standing" in grade.detail})
    chosen = [one for one in judged if one == name] if name else judged
    if len(chosen) != 1:
        known = ", ".join(judged) or "none"
        raise InputProblem(
            "RW-EVAL-090",
            Problem(f"no single judged grader{f' `{name}`' if name else ''}", hint=f"judged here: {known}"),
        )
    found: dict[str, bool | None] = {}
    for one in sorted(results, key=lambda one: -one.attempt):
        grade = one.grade(chosen[0])
        if grade is not None:
            found[one.test_id] = grade.passed
    return found


def _of_statement(results: Sequence[Result], grader: str, statement: str) -> dict[str, bool | None]:
    """By test, of its first attempt: kept, broken or unclear. Answers it does not apply to are left out."""
    found: dict[str, bool | None] = {}
    known: set[str] = set()
    for one in sorted(results, key=lambda one: -one.attempt):
        for grade in one.grades:
            told = grade.detail.get("statements")
            if not isinstance(told, dict) or (grader and grade.grader != grader):
                continue
            known |= set(told)
            said = told.get(statement)
            word = said.get("verdict") if isinstance(said, dict) else None
            if word in _WORDS or word == "unclear":
                found[one.test_id] = _WORDS.get(str(word))
    if statement not in known:
        raise InputProblem(
            "RW-EVAL-090",
            Problem(
                f"nobody judged the statement `{statement}`",
                hint=f"judged here: {', '.join(sorted(known)) or 'none'}",
            ),
        )
    return found
