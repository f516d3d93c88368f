"""What an answer says and what it cites: which statement stands where, which nowhere, which citation is idle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.errors import Corrupt, Refused
from roadworthy.evaluation import Cited, Grade, Grader, Test, Transcript
from roadworthy.evaluation.estimating import estimate
from roadworthy.evaluation.graders.reading import stream_safe
from roadworthy.knowledge.sentences import is_courtesy, sentences
from roadworthy.measure.fact import Fact
from roadworthy.measure.transcripts import transcript_of
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.asked import draw_of
from roadworthy.ports.evaluating import Grading
from roadworthy.ports.knowledge import Hit
from roadworthy.principal import Principal, require

MOST_CITATIONS: Final = 50
_GRADER: Final = Grader("groundedness", "groundedness")
_NO_TEST: Final = Test("", {})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of an answer. ``citations`` are the places, from 0, of the citations that it stands in.

    ``grounded`` is None where it could not be told, with the reason.
    """

    text: str
    citations: tuple[int, ...]
    grounded: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Citing:
    """An answer held against its citations. ``idle`` are places of citations that support nothing it says."""

    statements: tuple[Statement, ...]
    idle: tuple[int, ...]

    @property
    def grounded(self) -> int:
        """Statements that stand in a citation."""
        return sum(one.grounded is True for one in self.statements)


def citing(answer: str, citations: Sequence[Cited], grading: Grading) -> Citing:
    """Hold every statement against every citation, with the grader of groundedness.

    A statement is a sentence that is more than greeting or thanks; it stands in a citation where the grader
    finds it supported there alone. Two citations never support a statement together.

    Edge:    a citation or answer that the grader does not look at (too long, too many pairs) leaves what it
             might have supported untold; citations after the first 50 are not looked at.
    Errors:  as the grader.
    """
    said = list(dict.fromkeys(one for one in sentences(stream_safe(answer)) if not is_courtesy(one)))
    supported: dict[str, list[int]] = {one: [] for one in said}
    untold: dict[str, str] = {}
    reasons: dict[str, str] = {}
    idle = []
    for place, citation in enumerate(citations[:MOST_CITATIONS]):
        found = grading.grade(_GRADER, _NO_TEST, Transcript(output=answer, passages=(citation,)))
        bad, unclear = _listed(found, "unsupported"), _listed(found, "unclear")
        if "statements" not in found.detail:
            untold.update(dict.fromkeys(said, found.reason))
            continue
        if not citation.text.strip():
            bad = dict.fromkeys(said, found.reason)
        untold.update(unclear)
        stands = [one for one in said if one not in bad and one not in unclear]
        for one in stands:
            supported[one].append(place)
        reasons.update({one: reason for one, reason in bad.items() if one not in reasons})
        if not stands and not unclear:
            idle.append(place)
    if said and len(citations) > MOST_CITATIONS:
        untold.update(dict.fromkeys(said, f"only the first {MOST_CITATIONS} citations are looked at"))
    statements = []
    for one in said:
        if supported[one]:
            statements.append(Statement(one, tuple(supported[one]), grounded=True))
        elif one in untold:
            statements.append(Statement(one, (), grounded=None, reason=untold[one]))
        else:
            why = reasons.get(one, "nothing was cited")
            statements.append(Statement(one, (), grounded=False, reason=why))
    return Citing(tuple(statements), tuple(idle))


def cited(hits: Iterable[Hit]) -> tuple[Cited, ...]:
    """Hits as citations."""
    return tuple(Cited(one.chunk.document, one.chunk.text, one.score) for one in hits)


def groundedness(
    deployment: Deployment,
    principal: Principal,
    cases: Iterable[CaseRecord],
    grading: Grading,
    *,
    subject: str = "",
) -> Fact | None:
    """`knowledge.groundedness`: the share of statements of recorded answers that stand in what was found.

    Only cases that asked a knowledge source and wrote a text say anything; None without one. A statement of
    which it cannot be told counts as not grounded. Statements of one data subject are no independent draws.

    Errors: ``Refused`` without the right to measure; as the grader.
    """
    rows: list[tuple[str, float]] = []
    inputs: list[str] = []
    left_out = {"erased": 0, "unreadable": 0, "no_text_or_passage": 0}
    untold = idle = citations = 0
    for case in cases:
        require(principal, "measure", use_case=case.use_case)
        try:
            with deployment.store.read() as tx:
                transcript = transcript_of(deployment, tx, case)
        except Refused:
            left_out["erased"] += 1
            continue
        except Corrupt:
            left_out["unreadable"] += 1
            continue
        if transcript.error or not transcript.passages or not isinstance(transcript.output, str):
            left_out["no_text_or_passage"] += 1
            continue
        if transcript.output == transcript.label:
            left_out["no_text_or_passage"] += 1
            continue
        passages = tuple({one.text: one for one in transcript.passages}.values())
        found = citing(transcript.output, passages, grading)
        rows += [(draw_of(deployment, case), float(one.grounded is True)) for one in found.statements]
        untold += sum(one.grounded is None for one in found.statements)
        idle, citations = idle + len(found.idle), citations + len(passages)
        inputs.append(case.id)
    figure = estimate(rows)
    if figure is None:
        return None
    return Fact(
        kind="knowledge.groundedness",
        subject=subject,
        value=figure.value,
        unit="share",
        n=figure.tests,
        interval=figure.interval,
        method=f"share of statements of {len(inputs)} answers that stand in a passage, {figure.method} interval",
        inputs=[grading.digest, *sorted(inputs)],
        of_release=True,
        detail={
            "answers": len(inputs),
            "clusters": figure.clusters,
            "could_not_be_told": untold,
            "citations": citations,
            "idle_citations": idle,
            "left_out": left_out,
        },
    )


def _listed(found: Grade, name: str) -> dict[str, str]:
    """Statement → reason, of those that a grade lists."""
    listed = found.detail.get(name)
    rows = listed if isinstance(listed, list) else []
    return {str(row["statement"]): str(row["reason"]) for row in rows}
