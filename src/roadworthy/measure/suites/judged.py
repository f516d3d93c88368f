"""What the judge said in an evaluation, compared with people, and kept for the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation import Grader, Result
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.grading import NOT_CALIBRATED, Standing, asked
from roadworthy.measure.judging import Calibrated, Label, agreement_facts, calibrate, conduct_facts
from roadworthy.measure.suites.recording import every_shown, read_evaluation
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require
from roadworthy.quantities import Digest, Interval, digest_of

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
    question, verdicts = (
        _of_statement(results, grader, statement) if statement else _of_grader(results, grader)
    )
    judge = judge_digest(charter)
    result = calibrate(
        labels,
        verdicts,
        judge=judge,
        kappa_min=charter.judge.kappa_min,
        min_labels=charter.judge.min_labels,
    )
    (subject,) = charter.subjects("judged")
    measured = agreement_facts(result) or [_no_agreement(result)]
    facts = [
        replace(fact, subject=subject, detail={**fact.detail, "asked": question, "judge": judge})
        for fact in measured
    ]
    notes: list[str] = []
    if statement:
        conduct, missing = conduct_facts({statement: labels}, {statement: verdicts}, judge=judge)
        facts += conduct
        notes += [f"{name}: {why}" for name, why in missing.items()]
    keep(deployment, principal, release, facts)
    said = result.corrected.sentence if result.corrected else result.uncorrected
    return JudgeResult(result, tuple(facts), (*notes, *([said] if said else [])))


def judge_digest(charter: Charter) -> Digest:
    """Names the judge of a charter: another model or another address is another judge."""
    plan = charter.models[charter.judge.model] if charter.judge else None
    return digest_of(["judge", plan.url, plan.model] if plan else ["judge"])


def standings_of(
    deployment: Deployment, charter: Charter, graders: Sequence[Grader]
) -> dict[str, Standing]:
    """By kind of grader, whether the judge was seen to agree with people on every question these ask.

    The newest comparison about a question speaks, also where it went badly.
    """
    questions = {
        "judge": [asked("judge", one.options) for one in graders if one.kind == "judge"],
        "conduct": [
            asked("conduct", says)
            for one in graders
            if one.kind == "conduct"
            for says in _statements(charter, one).values()
        ],
    }
    return {kind: _standing(deployment, charter, each) for kind, each in questions.items() if each}


def _statements(charter: Charter, grader: Grader) -> Mapping[str, str]:
    own = grader.options.get("statements")
    if isinstance(own, Mapping) and own:
        return {str(name): str(says) for name, says in own.items()}
    return {statement.id: statement.says for statement in charter.conduct}


def _standing(deployment: Deployment, charter: Charter, questions: Sequence[Digest]) -> Standing:
    if charter.judge is None:
        return NOT_CALIBRATED
    with deployment.store.read() as tx:
        measured = deployment.store.evidence.measurements(tx, charter.use_case)
    now, judge = deployment.now(), judge_digest(charter)
    said = "the judge agrees with people"
    for question in questions:
        newest = next(
            (
                one
                for one in measured
                if one.kind == "quality.judge_agreement"
                and (one.detail.get("judge"), one.detail.get("asked")) == (judge, question)
            ),
            None,
        )
        if newest is None:
            return NOT_CALIBRATED
        if not newest.at <= now < newest.valid_until:
            return Standing(True, "the comparison of the judge with people has expired")
        if newest.detail.get("advisory") is not False:
            return Standing(True, str(newest.detail.get("sentence", "")))
        said = str(newest.detail.get("sentence", said))
    return Standing(False, said)


def _no_agreement(result: Calibrated) -> Fact:
    """A comparison from which no kappa comes is a result too: it takes back an earlier, better one."""
    return Fact(
        kind="quality.judge_agreement",
        value=0.0,
        unit="kappa",
        n=result.certificate.kappa.n,
        method="people and judge compared, no agreement can be reckoned",
        interval=Interval(-1.0, 1.0),
        inputs={"judge": result.judge, "people": dict(sorted(result.people.agreed.items()))},
        detail={"advisory": True, "sentence": result.standing.sentence},
    )


def _of_grader(results: Sequence[Result], name: str) -> tuple[Digest, dict[str, bool | None]]:
    """What was asked, and by test what was said to its first attempt."""
    judged = sorted({grade.grader for one in results for grade in one.grades if "standing" in grade.detail})
    chosen = [one for one in judged if one == name] if name else judged
    if len(chosen) != 1:
        known = ", ".join(judged) or "none"
        raise InputProblem(
            "RW-EVAL-090",
            Problem(f"no single judged grader{f' `{name}`' if name else ''}", hint=f"judged here: {known}"),
        )
    found: dict[str, bool | None] = {}
    question = asked("", chosen[0])
    for one in sorted(results, key=lambda one: -one.attempt):
        grade = one.grade(chosen[0])
        if grade is not None:
            found[one.test_id] = grade.passed
            question = Digest(str(grade.detail.get("asked", question)))
    return question, found


def _of_statement(
    results: Sequence[Result], grader: str, statement: str
) -> tuple[Digest, dict[str, bool | None]]:
    """What was asked, and by test what was said to its first attempt: kept, broken or unclear. Answers it
    does not apply to are left out.
    """
    question = asked("", statement)
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
            if isinstance(said, dict):
                question = Digest(str(said.get("asked", question)))
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
    return question, found
