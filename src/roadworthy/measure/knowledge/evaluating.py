"""How well a knowledge source answers labelled questions, where it is worst, and whether another version is better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol

from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation.estimating import Estimate, estimate
from roadworthy.knowledge import Reader
from roadworthy.knowledge.answerable import answerable
from roadworthy.knowledge.question import Question
from roadworthy.knowledge.relevance import ndcg_at, ranking, recall_at, reciprocal_rank
from roadworthy.operate.knowledge.retrieving import find
from roadworthy.ports import Progress
from roadworthy.ports.knowledge import Hit, KnowledgeSource, Means
from roadworthy.trust import Comparison, Scored, SliceCount, compare, worst_slice

Metric = Literal["hit", "recall", "ndcg", "mrr"]
METRICS: Final[tuple[Metric, ...]] = ("hit", "recall", "ndcg", "mrr")
MEANS: Final[tuple[Means, ...]] = ("words", "meaning", "both")

RANKED: Final = 10
"""Documents that nDCG and the reciprocal rank look at."""
DEPTH: Final = 50
"""Passages asked for: several may be of one document, and ten documents are ranked."""
MARGIN: Final = 0.02
"""How much worse another version may be to count as not worse."""
_SHOWN: Final = 5


class Search(Protocol):
    """Finds passages for a question, best first."""

    def __call__(self, text: str, k: int, /) -> Sequence[Hit]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A document that was found for a question."""

    document: str
    title: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    The four figures are None where nothing answers it. ``score`` is how much speaks for an answer;
    ``score_without`` the same with everything that answers it taken away: None where nothing does.
    """

    question: Question
    seen: tuple[Seen, ...]
    hit: float | None
    recall: float | None
    ndcg: float | None
    mrr: float | None
    score: float
    score_without: float | None

    @property
    def failed(self) -> bool:
        """Something answers it and is not among the first passages."""
        return self.hit == 0

    def value(self, metric: Metric) -> float | None:
        """One of the four figures."""
        return {"hit": self.hit, "recall": self.recall, "ndcg": self.ndcg, "mrr": self.mrr}[metric]


@dataclass(frozen=True, slots=True)
class SliceFigure:
    """How often the questions of one slice found their document. ``lower`` holds for all slices at once."""

    key: str
    value: str
    hit: Estimate
    lower: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation of one version of a source found.

    ``hit`` is the share of answerable questions with a document that answers them among the first ``k``
    passages; ``recall`` the mean part of those documents there; ``ndcg`` and ``mrr`` look at the first ten
    documents. All are None without an answerable question.
    """

    source: str
    version: str
    k: int
    outcomes: tuple[Outcome, ...]
    hit: Estimate | None
    recall: Estimate | None
    ndcg: Estimate | None
    mrr: Estimate | None
    slices: tuple[SliceFigure, ...]
    """The worst first."""

    @property
    def answered(self) -> tuple[Outcome, ...]:
        """The questions that something answers."""
        return tuple(one for one in self.outcomes if one.question.answerable)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The questions whose documents are not among the first passages."""
        return tuple(one for one in self.outcomes if one.failed)

    def figure(self, metric: Metric) -> Estimate | None:
        """One of the four figures with its interval."""
        return {"hit": self.hit, "recall": self.recall, "ndcg": self.ndcg, "mrr": self.mrr}[metric]

    def values(self) -> Values:
        """The figures question by question, without content: another version is compared with these."""
        return Values(
            self.source,
            self.version,
            self.k,
            {
                one.question.id: Valued(
                    one.question.digest,
                    one.question.cluster,
                    {metric: found for metric in METRICS if (found := one.value(metric)) is not None},
                )
                for one in self.answered
            },
        )


@dataclass(frozen=True, slots=True)
class Valued:
    """The figures of one question. ``asks`` is the digest of the question with its answers."""

    asks: str
    cluster: str
    figures: Mapping[Metric, float]


@dataclass(frozen=True, slots=True)
class Values:
    """The figures of one evaluation, question by question."""

    source: str
    version: str
    k: int
    questions: Mapping[str, Valued]


class Searching:
    """Searches one base as its release does, on behalf of nobody in particular.

    Questions are embedded once for all means.
    """

    def __init__(
        self, base: KnowledgeSource, *, today: date, means: Means = "both", reader: Reader | None = None
    ) -> None:
        self._base = base
        self._today = today
        self._means: Means = means
        self._reader = reader or base.reader

    def __call__(self, text: str, k: int, /) -> Sequence[Hit]:
        return find(self._base, text, reader=self._reader, today=self._today, top_k=k, means=self._means)


def evaluate(
    search: Search,
    questions: Sequence[Question],
    *,
    source: str,
    k: int,
    version: str = "",
    progress: Progress = lambda part, doing: None,
) -> Evaluated:
    """Ask every question and compare what is found with what answers it.

    ``k`` counts passages, as a workflow sees them: a document of which two stand there takes two places.

    Errors: ``InputProblem`` RW-KNOWLEDGE-051 for no question at all, and ids that stand twice; as ``search``.
    """
    if not questions or len({one.id for one in questions}) < len(questions):
        raise InputProblem(
            "RW-KNOWLEDGE-051",
            Problem(
                "several questions have one id" if questions else f"there is no question to `{source}`",
                hint="write `evals/NAME.jsonl` and name it as `questions` of the source, or confirm those of resolved "
                "cases: `roadworthy knowledge questions propose`",
            ),
        )
    outcomes = []
    for place, question in enumerate(questions):
        outcomes.append(_outcome(search, question, k))
        progress((place + 1) / len(questions), f"{place + 1} of {len(questions)} questions")
    return summarise(source, version, k, outcomes)


def summarise(source: str, version: str, k: int, outcomes: Sequence[Outcome]) -> Evaluated:
    """The figures of what came of the questions. Questions that nothing answers are no part of them."""
    answered = [one for one in outcomes if one.question.answerable]
    figures = {
        metric: estimate([(one.question.cluster, one.value(metric) or 0.0) for one in answered])
        for metric in METRICS
    }
    return Evaluated(
        source,
        version,
        k,
        tuple(outcomes),
        figures["hit"],
        figures["recall"],
        figures["ndcg"],
        figures["mrr"],
        _slices(answered),
    )


def compare_versions(
    a: Values, b: Values, *, metric: Metric = "ndcg", margin: float = MARGIN
) -> Comparison:
    """Is ``a`` better than ``b``, not worse, worse, or cannot that be told yet; on the questions of both.

    Errors: ``InputProblem`` RW-KNOWLEDGE-055 where the questions differ in what they ask or take for right, or
    passages were counted otherwise; as ``trust.compare``.
    """
    common = [one for one in a.questions if one in b.questions]
    problems = [
        Problem(
            f"question `{one}` asks something else in the other version, or takes other answers for right"
        )
        for one in common
        if a.questions[one].asks != b.questions[one].asks
    ]
    if metric in ("hit", "recall") and a.k != b.k:
        problems.append(Problem(f"one counted the first {a.k} passages, the other the first {b.k}"))
    if not common:
        problems.append(Problem("no question was put to both versions"))
    if problems:
        raise InputProblem(
            "RW-KNOWLEDGE-055", problems[:20], hint="evaluate both versions with the same questions"
        )

    def scored(values: Values) -> Scored:
        return Scored(
            common,
            [values.questions[one].figures[metric] for one in common],
            clusters=[a.questions[one].cluster for one in common],
        )

    return compare(scored(a), scored(b), margin=margin)


def ablation(
    search: Callable[[Means], Search],
    questions: Sequence[Question],
    *,
    source: str,
    k: int,
    progress: Progress = lambda part, doing: None,
) -> Mapping[Means, Evaluated]:
    """The same questions by words alone, by meaning alone, and by both. Errors: as ``evaluate``."""
    return {
        means: evaluate(search(means), questions, source=source, k=k, version=means, progress=progress)
        for means in MEANS
    }


def _outcome(search: Search, question: Question, k: int) -> Outcome:
    hits = search(question.text, max(DEPTH, k))
    names = ranking(one.chunk.document for one in hits)
    first = ranking(one.chunk.document for one in hits[:k])
    seen: dict[str, Seen] = {}
    for one in hits:
        if len(seen) < _SHOWN:
            seen.setdefault(one.chunk.document, Seen(one.chunk.document, one.title, one.similarity))
    relevance = question.relevance
    score = answerable(hits, question.text)
    if not relevance:
        return Outcome(question, tuple(seen.values()), None, None, None, None, score, None)
    without = [one for one in hits if one.chunk.document not in relevance]
    return Outcome(
        question,
        tuple(seen.values()),
        float(any(name in relevance for name in first)),
        recall_at(first, relevance, len(first) or 1),
        ndcg_at(names, relevance, RANKED),
        reciprocal_rank(names, relevance, RANKED),
        score,
        answerable(without, question.text),
    )


def _slices(answered: Sequence[Outcome]) -> tuple[SliceFigure, ...]:
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for one in answered:
        for key, value in one.question.slices.items():
            groups[key, value].append(one)
    if not groups:
        return ()
    # Bounds of several ways to slice hold together: the number of groups corrects them all.
    counts = {
        f"{key}={value}": (sum(map(_was_hit, those)), len(those)) for (key, value), those in groups.items()
    }
    bounds: dict[str, SliceCount] = {one.name: one for one in worst_slice(counts).slices}
    figures = []
    for (key, value), those in groups.items():
        hit = estimate([(one.question.cluster, one.hit or 0.0) for one in those])
        assert hit is not None, "a group has a question"
        figures.append(SliceFigure(key, value, hit, bounds[f"{key}={value}"].lower))
    return tuple(sorted(figures, key=lambda one: (one.lower, one.key, one.value)))


def _was_hit(outcome: Outcome) -> int:
    return int(outcome.hit == 1)
