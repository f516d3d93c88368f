"""The judge against people: how far its verdicts may be believed, and the numbers corrected by what people said."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.fact import Fact
from roadworthy.measure.grading.standing import Standing
from roadworthy.quantities import Digest
from roadworthy.trust.agreement import Confusion, JudgeCertificate, Kappa, certify_judge, cohen_kappa
from roadworthy.trust.predictive import Corrected, corrected_share

MOST_CONTRADICTED = 0.2
"""Part of the graded answers about which people may contradict one another. Beyond it nobody knows what
the judge should agree with, and the rest, the easy ones, would flatter it."""

_WORDS = {"pass": True, "kept": True, "fail": False, "broken": False}
_COLUMNS = ("answer", "person", "verdict")
_MOST_ROWS = 200_000
_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Label:
    """What one person said of one answer."""

    answer: str
    person: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """What people said, answer by answer. Contradicted answers are set aside by name, never averaged."""

    agreed: Mapping[str, bool]
    contradicted: tuple[str, ...]
    ceiling: Kappa | None
    """Agreement of two people on the answers that two or more graded; None where there are none."""

    @property
    def contradicted_share(self) -> float:
        """Part of all graded answers."""
        total = len(self.agreed) + len(self.contradicted)
        return len(self.contradicted) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The judge against people. ``corrected`` is None where it cannot be reckoned, ``uncorrected`` says why.

    ``unjudged`` are answers that people graded and the judge was not asked about: they say nothing.
    """

    judge: Digest
    certificate: JudgeCertificate
    people: Resolved
    corrected: Corrected | None
    uncorrected: str
    unjudged: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """Whether its grades may make a gate pass."""
        share = self.people.contradicted_share
        if share > MOST_CONTRADICTED:
            count, total = len(self.people.contradicted), len(self.people.agreed)
            return Standing(
                True,
                f"people contradict one another on {count} of {count + total} answers: the judge may only "
                "advise until it is settled what is right",
            )
        return Standing(not self.certificate.may_gate, self.certificate.sentence)


def read_labels(text: str, *, place: str) -> tuple[Label, ...]:
    """What people said, from CSV with the columns ``answer``, ``person`` and ``verdict`` (pass or fail).

    ``kept`` and ``broken`` are understood too, so that conduct is graded with the same form.

    Errors: ``InputProblem`` RW-EVAL-081 with the rows that cannot be read: the first 50, and how many more.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    problems: list[Problem] = []
    labels: list[Label] = []
    more = 0
    try:
        header = [each.strip().lower() for each in next(rows, [])]
        if missing := [each for each in _COLUMNS if header.count(each) != 1]:
            named = ", ".join(f"`{each}`" for each in missing)
            raise _unreadable(
                [Problem(f"expected each of these columns once: {named}", place=place, line=1)]
            )
        at = [header.index(each) for each in _COLUMNS]
        for row in rows:
            if not any(each.strip() for each in row):
                continue
            label = _label(row, at, len(header))
            if isinstance(label, Label):
                labels.append(label)
            elif len(problems) < _MOST_SHOWN:
                problems.append(Problem(label, place=place, line=rows.line_num, column=1))
            else:
                more += 1
            if len(labels) + len(problems) + more > _MOST_ROWS:
                problems.append(Problem(f"more than {_MOST_ROWS:,} rows", place=place))
                break
    except csv.Error as error:
        problems.append(Problem(f"this is no CSV: {error}", place=place, line=rows.line_num, column=1))
    if problems:
        raise _unreadable(problems, more)
    if not labels:
        raise _unreadable([Problem("there is no row", place=place)])
    return tuple(labels)


def resolve(labels: Iterable[Label]) -> Resolved:
    """One word of people for each answer, where they agree. Saying the same thing twice counts once."""
    said: dict[str, dict[str, set[bool]]] = defaultdict(lambda: defaultdict(set))
    for label in labels:
        said[label.answer][label.person].add(label.passed)
    agreed: dict[str, bool] = {}
    contradicted: list[str] = []
    pairs: list[tuple[bool, bool]] = []
    for answer, people in sorted(said.items()):
        words = set().union(*people.values())
        if len(words) == 1:
            agreed[answer] = words.pop()
        else:
            contradicted.append(answer)
        steady = [next(iter(each)) for _, each in sorted(people.items()) if len(each) == 1]
        if len(steady) > 1:
            pairs.append((steady[0], steady[1]))
    ceiling = cohen_kappa([one for one, _ in pairs], [two for _, two in pairs]) if pairs else None
    return Resolved(agreed, tuple(contradicted), ceiling)


def calibrate(
    labels: Iterable[Label],
    verdicts: Mapping[str, bool | None],
    *,
    judge: Digest,
    kappa_min: float,
    min_labels: int,
) -> Calibrated:
    """Compare the judge with people, and correct its share of passed answers by what they said.

    ``verdicts``: what the judge said of every answer, None where it was unsure or could not be read; that
    counts as disagreement. The correction holds where the answers people graded were drawn at random
    among those with the same verdict.

    Errors: ``InputProblem`` RW-EVAL-082 where people graded none of the answers.
    """
    people = resolve(labels)
    known = {answer: word for answer, word in people.agreed.items() if answer in verdicts}
    unjudged = tuple(
        sorted(each for each in (*people.agreed, *people.contradicted) if each not in verdicts)
    )
    if not known:
        raise InputProblem(
            "RW-EVAL-082",
            f"people and judge have no answer in common: {len(people.agreed)} were graded by people, "
            f"{len(verdicts)} by the judge",
            hint="labels name answers by the ids that the evaluation shows",
        )
    pairs = [(word, verdicts[answer]) for answer, word in known.items()]
    certificate = certify_judge(
        Confusion.of(pairs), kappa_min=kappa_min, min_labels=min_labels, ceiling=people.ceiling
    )
    corrected, why = _corrected(pairs, verdicts)
    return Calibrated(judge, certificate, people, corrected, why, unjudged)


def agreement_facts(calibrated: Calibrated) -> list[Fact]:
    """``quality.judge_agreement`` of the judge: kappa with its interval, n answers graded by both.

    None where kappa is not defined (only one verdict was ever given), or where people contradict one
    another too often: then nothing was measured that a gate could compare.
    """
    kappa = calibrated.certificate.kappa
    if kappa.value is None or calibrated.people.contradicted_share > MOST_CONTRADICTED:
        return []
    certificate = calibrated.certificate
    ceiling = certificate.ceiling
    return [
        Fact(
            kind="quality.judge_agreement",
            subject="judge",
            value=kappa.value,
            unit="kappa",
            n=kappa.n,
            method="Cohen's kappa of people and judge, silence of the judge counted as disagreement",
            interval=kappa.interval,
            inputs={
                "judge": calibrated.judge,
                "people": dict(sorted(calibrated.people.agreed.items())),
            },
            detail={
                "judge": calibrated.judge,
                "advisory": calibrated.standing.advisory,
                "sentence": calibrated.standing.sentence,
                "sensitivity": [certificate.sensitivity.low, certificate.sensitivity.high],
                "specificity": [certificate.specificity.low, certificate.specificity.high],
                "unread": certificate.unread,
                "labels_needed": certificate.labels_needed,
                "contradicted": len(calibrated.people.contradicted),
                "unjudged": len(calibrated.unjudged),
                "between_people": ceiling.value if ceiling else None,
                "corrected": calibrated.corrected.sentence if calibrated.corrected else "",
            },
        )
    ]


def conduct_facts(
    labels: Mapping[str, Sequence[Label]],
    verdicts: Mapping[str, Mapping[str, bool | None]],
    *,
    judge: Digest,
) -> tuple[list[Fact], dict[str, str]]:
    """``quality.conduct`` for each statement, corrected by people; and why others have none.

    ``labels`` and ``verdicts`` by statement: kept is true, broken false, unclear None; answers it does not
    apply to are left out of both. The corrected share is right however bad the judge is, so it needs no
    standing; without labels of people there is no share, only the judge's opinion.
    """
    facts: list[Fact] = []
    missing: dict[str, str] = {}
    for statement, said in sorted(verdicts.items()):
        people = resolve(labels.get(statement, ()))
        pairs = [(word, said[answer]) for answer, word in sorted(people.agreed.items()) if answer in said]
        corrected, why = _corrected(pairs, said)
        if people.contradicted_share > MOST_CONTRADICTED:
            corrected, why = None, "people contradict one another about too many answers"
        if corrected is None:
            missing[statement] = why
            continue
        facts.append(
            Fact(
                kind="quality.conduct",
                subject=statement,
                value=corrected.mean,
                unit="share",
                n=corrected.judged,
                method="share of answers that keep the statement: the judge's verdicts, corrected by people's",
                interval=corrected.interval,
                inputs={"judge": judge, "people": [[word, verdict] for word, verdict in pairs]},
                of_release=True,
                detail={
                    "judge": judge,
                    "judge_alone": corrected.judge,
                    "labels": corrected.labels,
                    "gain": corrected.gain,
                    "unclear": sum(each is None for each in said.values()),
                    "contradicted": len(people.contradicted),
                    "sentence": corrected.sentence,
                },
            )
        )
    return facts, missing


def _corrected(
    pairs: Sequence[tuple[bool, bool | None]], verdicts: Mapping[str, bool | None]
) -> tuple[Corrected | None, str]:
    try:
        return corrected_share(pairs, Counter(verdicts.values())), ""
    except InputProblem as problem:
        return None, problem.message


def _label(row: Sequence[str], at: Sequence[int], cells: int) -> Label | str:
    """The label of a row, or why there is none."""
    if len(row) != cells:
        return f"expected {cells} cells, found {len(row)}"
    answer, person, verdict = (row[index].strip() for index in at)
    passed = _WORDS.get(verdict.lower())
    if not answer or not person or passed is None:
        return "expected an answer, a person and a verdict `pass` or `fail`"
    return Label(answer, person, passed)


def _unreadable(problems: Sequence[Problem], more: int = 0) -> InputProblem:
    return InputProblem(
        "RW-EVAL-081",
        [*problems, Problem(f"{more} more rows cannot be read")] if more else problems,
        hint="one row for each answer and person: `answer,person,verdict`",
    )
