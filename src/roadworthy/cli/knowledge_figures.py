"""What the commands that judge knowledge share: questions, other versions of an index, and how figures are told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.charter.knowing import Knowledge
    from roadworthy.knowledge.question import Question
    from roadworthy.measure.fact import Fact
    from roadworthy.measure.knowledge.evaluating import Evaluated, Metric, Values
    from roadworthy.measure.knowledge.questions import Asked, Shelved
    from roadworthy.measure.knowledge.unanswerable import Detection
    from roadworthy.operate.deployment import Deployment
    from roadworthy.ports import Progress
    from roadworthy.ports.knowledge import KnowledgeSource, Means
    from roadworthy.principal import Principal
    from roadworthy.trust import Comparison

SHOWN = 10
SETTINGS = ("means", "chunk_chars", "embedding")
NAMES: Mapping[Metric, str] = {
    "hit": "found",
    "recall": "recall",
    "ndcg": "nDCG@10",
    "mrr": "MRR@10",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What another version of a source is opened and asked with."""

    deployment: Deployment
    charter: Charter
    base: KnowledgeSource
    today: date
    k: int
    home: Path | None

    def evaluate(
        self, base: KnowledgeSource, questions: Sequence[Question], tell: Progress, *, means: Means = "both"
    ) -> Evaluated:
        """Ask a base every question."""
        from roadworthy.measure.knowledge.evaluating import Searching, evaluate

        return evaluate(
            Searching(base, today=self.today, means=means),
            questions,
            source=base.name,
            k=self.k,
            version=version_of(base, means),
            progress=tell,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that an evaluation on the command line says."""

    found: Evaluated
    parts: Mapping[Means, Evaluated]
    compared: Comparison | None
    metric: Metric
    other: Values | None
    missing: Sequence[str]
    erased: int
    promise: Knowledge
    kept: bool

    def as_json(self, *, content: bool) -> dict[str, object]:
        """For machines; questions of cases in words only with ``content``."""
        from roadworthy.measure.knowledge.keeping import (
            comparison_as_json,
            detection_as_json,
            evaluated_as_json,
        )

        comparison = None
        if self.compared and self.other:
            comparison = comparison_as_json(self.compared, metric=self.metric, against=self.other.version)
        return {
            **evaluated_as_json(self.found, content=content),
            "promise": {
                "recall_min": self.promise.recall_min,
                "recall_at": self.promise.recall_at,
                "kept": self.kept,
            },
            "not_in_the_source": list(self.missing),
            "erased": self.erased,
            "unanswerable": detection_as_json(self._noticed()),
            "ablation": {
                means: evaluated_as_json(one, content=False)["figures"] for means, one in self.parts.items()
            },
            "comparison": comparison,
        }

    def tell(self, out: Output, *, content: bool) -> None:
        """For people."""
        tell_figures(out, self.found, self.parts)
        tell_worst(out, self.found, content=content)
        tell_remarks(out, self._noticed(), self.missing, self.erased)
        if self.compared and self.other:
            tell_comparison(out, self.compared, self.metric, self.other.version)
        promised = f"the charter promises {self.promise.recall_min:.0%} among the first {self.promise.recall_at} passages"
        word = "kept" if self.kept else "not shown"
        out.say(f"{promised}: {word}", "green" if self.kept else "bold red")

    def _noticed(self) -> Detection:
        from roadworthy.measure.knowledge.unanswerable import detection, scored_of

        scored, held_out = scored_of(self.found)
        return detection(scored, held_out=held_out)


def questions_of(
    deployment: Deployment,
    principal: Principal,
    charter: Charter,
    source: str,
    shelf: Mapping[str, Shelved],
    *,
    file: Path | None,
    home: Path | None,
) -> Asked:
    """The questions of a file, else those of the source: its suite file and those that reviewers confirmed.

    Errors: as ``read_suite_file`` and ``questions_for``.
    """
    from roadworthy.cli.suites import read_suite_file, suite_file
    from roadworthy.measure.knowledge.questions import Asked, from_suite, questions_for, sliced
    from roadworthy.wiring import workspace

    if file is not None:
        return Asked(tuple(sliced(from_suite(read_suite_file(file)), shelf)))
    suite = None
    if named := charter.knowledge[source].questions:
        own = suite_file(workspace(home), charter.use_case, named)
        suite = read_suite_file(own) if own.is_file() else None
    return questions_for(deployment, principal, charter, source, shelf, suite=suite)


def require_built(base: KnowledgeSource) -> None:
    """Errors: ``InputProblem`` RW-KNOWLEDGE-059 for an index without a document: it would find nothing."""
    if not base.index.state().documents:
        raise InputProblem(
            "RW-KNOWLEDGE-059",
            Problem(
                f"the index of `{base.name}` holds no document",
                hint="build it: `roadworthy knowledge build`",
            ),
        )


def version_of(base: KnowledgeSource, means: Means = "both") -> str:
    """How a base finds things, in a few words."""
    embedding = "+".join(one.name for one in base.embedders) or "none"
    return f"chunk_chars={base.chunk_chars}, embedding={embedding}, means={means}"


def other_version(opening: Opening, against: str, questions: Sequence[Question], tell: Progress) -> Values:
    """The figures of another version: read from a file, or found by asking a release's or another setting's index.

    Errors: ``InputProblem`` RW-KNOWLEDGE-058 for settings that are none, RW-KNOWLEDGE-059 for an index that is
    not built; as ``read_values``, ``chosen_release`` and ``evaluate``.
    """
    from roadworthy.cli.suites import text_of
    from roadworthy.measure.knowledge.keeping import read_values

    file = Path(against)
    if file.suffix == ".json" or file.is_file():
        return read_values(text_of(file), place=str(file))
    base, means = _other_base(opening, against)
    require_built(base)
    return opening.evaluate(base, questions, tell, means=means).values()


def _other_base(opening: Opening, against: str) -> tuple[KnowledgeSource, Means]:
    from roadworthy.cli.releases import chosen_release
    from roadworthy.wiring import open_knowledge, workspace

    deployment, charter = opening.deployment, opening.charter
    means: Means = "both"
    if "=" not in against:
        charter = deployment.loader.charter(chosen_release(deployment, charter.use_case, against).digest)
    else:
        changed, means = _settings(against)
        if not changed:
            return opening.base, means
        promise = charter.knowledge[opening.base.name]
        other = type(promise).model_validate({**promise.model_dump(by_alias=True), **changed})
        charter = charter.model_copy(update={"knowledge": {**charter.knowledge, opening.base.name: other}})
    base = open_knowledge(workspace(opening.home), deployment, charter, opening.base.name)
    if "=" in against:
        _build(base)
    return base, means


def _build(base: KnowledgeSource) -> None:
    """An index of other settings is made for the comparison, and found again the next time."""
    from roadworthy.operate.knowledge.building import build

    build(base)


def _settings(text: str) -> tuple[dict[str, object], Means]:
    problems: list[Problem] = []
    told: dict[str, object] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in SETTINGS or not value:
            problems.append(
                Problem(
                    f"`{part}` is no setting",
                    place="--against",
                    hint=f"NAME=VALUE of {', '.join(SETTINGS)}",
                )
            )
        elif name == "chunk_chars" and not (
            value.isascii() and value.isdigit() and 200 <= int(value) <= 4000
        ):
            problems.append(
                Problem(f"chunk_chars is a number from 200 to 4000, found `{value}`", place="--against")
            )
        elif name == "means" and value not in ("both", "words", "meaning"):
            problems.append(Problem(f"`{value}` is none of both, words, meaning", place="--against"))
        else:
            told[name] = int(value) if name == "chunk_chars" else value
    if problems:
        raise InputProblem("RW-KNOWLEDGE-058", problems)
    means: Means = told.pop("means", "both")  # type: ignore[assignment]
    return told, means


def relevance_of(documents: Sequence[str]) -> dict[str, float]:
    """Documents with their gains: `NAME` or `NAME=RELEVANCE`. Errors: ``InputProblem`` RW-KNOWLEDGE-058."""
    found: dict[str, float] = {}
    problems = []
    for one in documents:
        name, equals, told = one.rpartition("=")
        try:
            found[name if equals else one] = gain = float(told) if equals else 1.0
        except ValueError:
            gain = math.nan
        if not (math.isfinite(gain) and gain > 0):
            problems.append(Problem(f"`{one}`: relevance is a number above 0", place="--document"))
    if problems:
        raise InputProblem("RW-KNOWLEDGE-058", problems)
    return found


def keep_facts(
    deployment: Deployment, principal: Principal, use_case: str, release: str, facts: Sequence[Fact]
) -> None:
    """Keep what was found as measurements of the release whose charter was read."""
    from roadworthy.cli.releases import chosen_release
    from roadworthy.measure.fact import keep

    keep(deployment, principal, chosen_release(deployment, use_case, release), facts)


def tell_figures(out: Output, found: Evaluated, parts: Mapping[Means, Evaluated]) -> None:
    """The four figures with their intervals; of words and meaning alone below."""
    out.say(f"{found.source}: {len(found.answered)} questions that something answers", "bold")
    rows: list[tuple[object, ...]] = []
    for one in (found, *parts.values()):
        name = one.version if one is not found else f"the first {found.k} passages"
        cells = []
        for metric in NAMES:
            figure = one.figure(metric)
            span = figure.interval if figure else None
            cells.append(
                f"{figure.value:.3f} ({span.low:.3f} to {span.high:.3f})" if figure and span else "-"
            )
        rows.append((name, *cells))
    out.table(["", *NAMES.values()], rows, empty="")


def tell_worst(out: Output, found: Evaluated, *, content: bool) -> None:
    """Slices and questions, the worst first."""
    if found.slices:
        out.table(
            ["slice", "questions", "found", "at least"],
            [
                (f"{one.key} {one.value}", one.hit.tests, f"{one.hit.value:.1%}", f"{one.lower:.1%}")
                for one in found.slices[:SHOWN]
            ],
            empty="",
        )
    for one in found.failed[:SHOWN]:
        words = f": {short(one.question.text)}" if content or one.question.source == "suite" else ""
        instead = ", ".join(seen.document for seen in one.seen[:3]) or "nothing"
        out.say(f"✗ {one.question.id}{words}", "red")
        out.say(f"    {', '.join(one.question.relevance)} was not found, but {instead}")
    if len(found.failed) > SHOWN:
        out.say(f"  and {len(found.failed) - SHOWN} more: --json", "dim")


def tell_remarks(out: Output, noticed: Detection, missing: Sequence[str], erased: int) -> None:
    """How well it is noticed that nothing answers, and what is wrong with the questions."""
    apart = noticed.separation
    if apart is not None:
        kind = "with what answers them taken away" if noticed.held_out else "that nothing answers"
        out.say(
            f"questions {kind} are told apart with AUROC {apart.auroc:.3f} "
            f"({apart.interval.low:.3f} to {apart.interval.high:.3f})"
        )
    if noticed.noticed is not None and noticed.false_alarms is not None:
        out.say(
            f"  a score below {noticed.threshold:.3f} notices {noticed.noticed.value:.0%} of them at "
            f"{noticed.false_alarms.value:.0%} false alarms ({noticed.wanted:.0%} were wanted)"
        )
    if missing:
        out.say(
            f"questions name {len(missing)} documents that the source does not have: {short(', '.join(missing))}",
            "yellow",
        )
    if erased:
        out.say(f"{erased} questions dropped out: their data subjects were erased", "yellow")


def tell_comparison(out: Output, found: Comparison, metric: Metric, against: str) -> None:
    """One of the four answers, and how many questions are still needed."""
    style = {"better": "green", "not worse": "green", "worse": "red"}.get(found.verdict, "yellow")
    span = (
        f", 95 % interval {found.interval.low:+.3f} to {found.interval.high:+.3f}"
        if found.interval
        else ", nothing bounds it"
    )
    out.say(
        f"{NAMES[metric]} against {against}: {found.verdict} ({found.difference:+.3f}{span}, {found.n} questions)",
        style,
    )
    if found.verdict == "cannot tell yet":
        more = (
            "no number of questions in reach"
            if found.cases_needed is None
            else f"about {found.cases_needed} more"
        )
        out.say(f"  {more} would tell", style)


def short(text: str) -> str:
    """One line of at most 120 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:119] + "…"
