"""Whether every statement of an answer stands in the passages it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from roadworthy.evaluation import Grade, Grader, Test, Transcript
from roadworthy.evaluation.grade import NOTHING
from roadworthy.evaluation.graders import guarded, options_of
from roadworthy.evaluation.graders.instruments import Groundedness as Options
from roadworthy.evaluation.graders.reading import stream_safe
from roadworthy.knowledge.literals import figures, missing_figures, names, offered_figures, opening
from roadworthy.knowledge.sentences import is_courtesy, negated, sentences, stem, stems, words
from roadworthy.measure.grading.answer import answer_of
from roadworthy.measure.grading.semantic import Embed, unit_rows
from roadworthy.measure.grading.standing import NOT_CALIBRATED, Standing
from roadworthy.measure.grading.verdicts import VERSION, Verdict, ask
from roadworthy.ports.language import LanguageModel
from roadworthy.quantities import Cost, Digest, digest_of

OVERLAP = 0.6
"""Part of a statement's content words that a place in a passage holds, to support it by its words alone."""
SIMILARITY = 0.7
"""Cosine from which a place supports a statement of which it holds half as many words."""

_LONGEST_ANSWER = 20_000
_LONGEST_PASSAGES = 200_000
_MOST_STATEMENTS = 200
_MOST_PLACES = 4_000
_MOST_PAIRS = 200_000
"""Statements times places: each pair is looked at."""
_EMBEDDED = 8  # places a statement that are embedded: those that share most words
_TASK = """You check whether the block `statement` follows from the block `passages` alone. Take nothing \
from what you know yourself.
The verdict is "supported" if the passages say it or it follows from them, "unsupported" if they do not say \
it or say otherwise."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence of a passage with the one after it. ``parts`` are the content words of each."""

    text: str
    stems: frozenset[str]
    parts: tuple[tuple[frozenset[str], bool], ...]
    figures: frozenset[str]
    words: frozenset[str]

    def share(self, wanted: frozenset[str]) -> float:
        return len(wanted & self.stems) / len(wanted) if wanted else 1.0

    def negates(self, wanted: frozenset[str]) -> bool:
        """Its sentence that is nearer: the neighbour may negate something else."""
        return max(self.parts, key=lambda part: len(wanted & part[0]))[1]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A statement and what a place has to bear of it."""

    text: str
    stems: frozenset[str]
    figures: Mapping[str, frozenset[str]]
    names: Mapping[str, frozenset[str]]
    """As written → its words."""
    negated: bool
    opening: str
    opens_with: frozenset[str]
    """Its first word's stems."""

    def lacks(self, figures: frozenset[str], there: frozenset[str]) -> str:
        """The figures or names that are not there; empty where all are."""
        if missing := missing_figures(self.figures, figures):
            return "the passage does not hold " + ", ".join(f"`{each[:40]}`" for each in missing[:3])
        if strange := sorted(each for each, parts in self.names.items() if not parts <= there):
            return "the passage does not name " + ", ".join(f"`{each[:40]}`" for each in strange[:3])
        return ""

    def opens(self, place: _Place) -> bool:
        """The place speaks of what the statement begins with: that may be a name like any other word."""
        return self.opens_with <= place.stems

    def against(self, place: _Place) -> str:
        """What speaks against a place; empty where it bears figures, names and negation."""
        if lack := self.lacks(place.figures, place.words):
            return lack
        if self.negated != (denies := place.negates(self.stems)):
            return "the passage says it with a negation" if denies else "the passage does not negate it"
        return ""


@dataclass(frozen=True, slots=True)
class _Found:
    """What became of one statement. ``hard``: a figure, name or negation speaks against it.

    ``judged``: what the judge said of it, which decides nothing while the judge is advisory.
    """

    statement: str
    supported: bool | None
    reason: str = ""
    hard: bool = False
    cost: Cost = NOTHING
    judged: Verdict | None = None

    def as_json(self) -> dict[str, object]:
        return {"statement": self.statement, "reason": self.reason}


class Groundedness:
    """Grades of kind ``groundedness``: the part of an answer's statements that its passages support.

    A statement is a sentence that is more than greeting or thanks. It is supported where one place of a
    passage (two neighbouring sentences) holds all its figures (numbers with units, dates, codes) and names,
    negates as it does, speaks of its first word, and says it: with enough of its content words (``OVERLAP``), or half as
    many and a similarity of at least ``SIMILARITY`` where there is an embedding. With a judge, a
    statement that only lacks words is put to it; figures, names and negations are never its to excuse.
    While the judge may only advise, its word stands in the detail (``judge``) and the grade is what it is
    without it: unsupported. No grade of this kind is advisory, so that none is left out.

    English and German; other languages are compared by words, figures and embedding alike, but their
    negations are not known. Detail: ``unsupported`` and ``unclear`` with reasons, ``statements`` (number).
    Edge: no statement → ungraded; statements and no passage → 0; texts that are too long, or have more than
    200,000 pairs of statement and place → ungraded.
    """

    def __init__(
        self,
        *,
        embed: Embed | None = None,
        instrument: Digest | None = None,
        judge: LanguageModel | None = None,
        standing: Standing = NOT_CALIBRATED,
    ) -> None:
        if (embed is None) != (instrument is None):
            raise ValueError("an embedding goes with the digest that names it")
        self._embed, self._judge, self._standing = embed, judge, standing
        self._digest = digest_of(
            {
                "groundedness": [2, repr(OVERLAP), repr(SIMILARITY)],
                "embedding": instrument or "",
                "judge": [VERSION, judge.digest, standing.advisory] if judge else [],
            }
        )

    @property
    def digest(self) -> Digest:
        return self._digest

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        """Statement by statement. Errors: ``InputProblem`` RW-EVAL-011; with a judge, as its model."""
        options = cast(Options, options_of(grader))
        return guarded(grader, transcript, lambda: self._look(options, grader, transcript))

    def _look(self, options: Options, grader: Grader, transcript: Transcript) -> Grade:
        answer = stream_safe(answer_of(grader, transcript, options.field))
        passages = list(dict.fromkeys(each.text for each in transcript.passages if each.text.strip()))
        if len(answer) > _LONGEST_ANSWER or sum(map(len, passages)) > _LONGEST_PASSAGES:
            return Grade.ungraded(grader, "answer or passages are too long to be checked")
        statements = [each for each in sentences(answer) if not is_courtesy(each)]
        if not statements:
            return Grade.ungraded(grader, "the answer states nothing that could be checked")
        texts = dict.fromkeys(pair for passage in passages for pair in _pairs(stream_safe(passage)))
        places = _places(list(texts))
        if not places:
            return Grade.of(grader, 0.0, "nothing was cited", statements=len(statements))
        if len(statements) > _MOST_STATEMENTS or len(places) > _MOST_PLACES:
            return Grade.ungraded(grader, "answer or passages have too many sentences to be checked")
        if (pairs := len(statements) * len(places)) > _MOST_PAIRS:
            told = f"{len(statements)} statements and {len(places)} places in passages are {pairs:,} pairs"
            return Grade.ungraded(grader, f"{told}, at most {_MOST_PAIRS:,} are checked")
        figured = frozenset().union(*(place.figures for place in places))
        worded = frozenset().union(*(place.words for place in places))
        found = [self._check(_claim(each), places, figured, worded) for each in statements]
        if self._judge is not None:
            found = [self._ask(self._judge, each, passages) for each in found]
        return self._weigh(grader, found)

    def _weigh(self, grader: Grader, found: Sequence[_Found]) -> Grade:
        cost = sum((each.cost for each in found), start=Cost(0))
        bad = [each for each in found if each.supported is False]
        unclear = [each for each in found if each.supported is None]
        detail: dict[str, object] = {
            "statements": len(found),
            "unsupported": [each.as_json() for each in bad],
            "unclear": [each.as_json() for each in unclear],
        }
        if said := [(each, each.judged) for each in found if each.judged is not None]:
            # The judge's standing, not the grade's: that is advisory nowhere.
            detail |= {"advisory": False, "standing": self._standing.sentence}
            detail["judge"] = [
                {"statement": each.statement, "verdict": verdict.word, "reason": verdict.reason}
                for each, verdict in said
            ]
        if unclear and not bad:
            return Grade.ungraded(grader, unclear[0].reason, cost=cost, **detail)
        if bad:
            # What is unclear counts neither way: never as supported.
            value = 1 - len(bad) / (len(found) - len(unclear))
            reason = f"{len(bad)} of {len(found)} statements not supported: {bad[0].reason}"
            return Grade.of(grader, value, reason, cost=cost, **detail)
        return Grade.of(grader, 1.0, f"all {len(found)} statements are supported", cost=cost, **detail)

    def _check(
        self, claim: _Claim, places: Sequence[_Place], figured: frozenset[str], worded: frozenset[str]
    ) -> _Found:
        """Support by any one place; otherwise what speaks against the place that comes closest.

        ``figured`` and ``worded`` are the figures and words of all places.
        """
        ranked = sorted(((place.share(claim.stems), place) for place in places), key=lambda each: -each[0])
        near: list[_Place] = []
        for share, place in ranked:
            if share < OVERLAP / 2 or len(near) == _EMBEDDED:
                break
            if claim.opens(place) and not claim.against(place):
                if share >= OVERLAP:
                    return _Found(claim.text, True)
                near.append(place)
        if self._closest(claim.text, near) >= SIMILARITY:
            return _Found(claim.text, True)
        lack = claim.lacks(figured, worded)
        share, place = ranked[0]
        if lack or (share >= OVERLAP / 2 and (lack := claim.against(place))):
            return _Found(claim.text, False, lack, hard=True)
        if share >= OVERLAP and not claim.opens(place):
            return _Found(claim.text, False, f"the passage does not speak of `{claim.opening[:40]}`")
        return _Found(claim.text, False, f"only {share:.0%} of its words stand together in a passage")

    def _closest(self, statement: str, places: Sequence[_Place]) -> float:
        """Highest cosine of a statement to some places; -1 where there is no embedding that can be used."""
        if self._embed is None or not places:
            return -1.0
        texts = [statement, *(place.text for place in places)]
        rows = unit_rows(self._embed(texts), len(texts))
        return -1.0 if rows is None else float((rows[1:] @ rows[0]).max())

    def _ask(self, judge: LanguageModel, found: _Found, passages: Sequence[str]) -> _Found:
        """Put what only lacks words to the judge; while it is advisory, what words say stays."""
        if found.supported or found.hard:
            return found
        blocks = {"passages": "\n\n".join(passages), "statement": found.statement}
        verdict = ask(judge, _TASK, blocks, ("supported", "unsupported"))
        if self._standing.advisory:
            return replace(found, cost=verdict.cost, judged=verdict)
        supported = verdict.word == "supported" if verdict.word else None
        return _Found(found.statement, supported, verdict.reason, cost=verdict.cost, judged=verdict)


def _claim(sentence: str) -> _Claim:
    first = opening(sentence)
    return _Claim(
        sentence,
        stems(sentence),
        figures(sentence),
        {name: frozenset(words(name)) for name in names(sentence)},
        negated(sentence),
        first,
        frozenset(stem(each) for each in words(first)),
    )


def _pairs(passage: str) -> Iterator[tuple[str, ...]]:
    """Each sentence with the one after it."""
    lines = sentences(passage)
    return (tuple(lines[at : at + 2]) for at in range(len(lines)))


def _places(pairs: Sequence[tuple[str, ...]]) -> list[_Place]:
    lines = dict.fromkeys(line for pair in pairs for line in pair)
    parts = {line: (stems(line), negated(line)) for line in lines}
    found = []
    for pair in pairs:
        text = " ".join(pair)
        here = tuple(parts[line] for line in pair)
        content = frozenset().union(*(part for part, _ in here))
        found.append(_Place(text, content, here, offered_figures(text), frozenset(words(text))))
    return found
