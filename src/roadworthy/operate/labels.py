"""Labels: what people and other systems said was right, gathered from cases for learning and measuring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.label import Chance, Contradiction, Label, Labels, SourcePair, clustered, same_text
from roadworthy.casework.review import Review, ReviewKind, Verdict
from roadworthy.charter import Charter
from roadworthy.errors import Corrupt, InputProblem, NotFound, Problem, Refused
from roadworthy.ledger import decode
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import subject_of
from roadworthy.operate.spotchecks.asking import AS_SENT, SOURCE
from roadworthy.ports import Progress, Transaction
from roadworthy.principal import Principal, require
from roadworthy.release import Release, Rollout, position
from roadworthy.stage import ROAD

PAGE: Final = 200
MOST_LABELS: Final = 50_000
MOST_CHARACTERS: Final = 64_000_000
"""Texts are held in memory while a model learns: beyond this the oldest labels are left out, and counted."""
MOST_LISTED: Final = 100
REVIEW: Final = "review"


def gather(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    task: str,
    *,
    release: str = "",
    since: datetime | None = None,
    known: Iterable[str] = (),
    progress: Progress = lambda part, doing: None,
) -> Labels:
    """Every label of a task that outcomes, spot checks and reviews gave, oldest case first.

    A label that comes late counts with its own time: ``since`` looks at when labels were given, not
    at when cases came in. ``known`` are the labels the task may answer with: what people wrote in
    reviews counts only where it is one of them (or of those that outcomes named). Sources that
    contradict each other about a case: the case is set aside and listed. Changes nothing.

    ``release`` is the one whose charter says which field is read; default: ``running_release``.

    Errors: ``Refused`` without the right to read content, ``InputProblem`` RW-IMPROVE-002 for a task that
    the charter does not have; as ``running_release``.
    """
    require(principal, "case.read_content", use_case=use_case)
    charter = deployment.loader.charter(running_release(deployment, use_case, release).digest)
    require_task(charter, task)
    gathering = _Gathering(deployment, charter, task, since)
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, twin="", after=after, limit=PAGE)
            for case in page.rows:
                gathering.look(tx, case)
        progress(None, f"{gathering.counted['cases']} cases looked at")
        after = page.after
        if not after:
            return gathering.labels(frozenset(known))


def running_release(deployment: Deployment, use_case: str, name: str = "") -> Release:
    """The release named, else the one that is furthest on the road and has not ended.

    Errors: ``NotFound`` RW-IMPROVE-001 where there is none; ``InputProblem`` RW-IMPROVE-006 where several
    are equally far: a draft that was proposed must not be taken for what it was proposed over.
    """
    with deployment.store.read() as tx:
        rollout: Rollout = deployment.store.releases.rollout(tx, use_case)
    if name:
        return rollout.named(name)
    living = [release for release in rollout.releases if release.stage in ROAD]
    if not living:
        raise NotFound(
            "RW-IMPROVE-001",
            f"`{use_case}` has no release that could be improved",
            hint="build one: `roadworthy release start`",
        )
    furthest = max(ROAD.index(release.stage) for release in living)
    found = [release for release in living if ROAD.index(release.stage) == furthest]
    if len(found) > 1:
        names = ", ".join(release.name for release in found)
        raise InputProblem(
            "RW-IMPROVE-006",
            f"{names} are all in {found[0].stage}, and none is further",
            hint="name the release to improve",
        )
    return found[0]


def require_task(charter: Charter, task: str) -> None:
    """Errors: ``InputProblem`` RW-IMPROVE-002 for a task that the charter does not declare."""
    if task not in charter.tasks:
        raise InputProblem(
            "RW-IMPROVE-002",
            Problem(
                f"the charter declares no task `{task}`",
                hint=f"tasks: {', '.join(charter.tasks) or 'none'}",
            ),
        )


@dataclass(frozen=True, slots=True)
class _Said:
    source: str
    truth: str
    at: datetime
    principal: str


@dataclass(frozen=True, slots=True)
class _Correction:
    """What a person wrote in a review that may be a label: the candidates, when, and who."""

    candidates: tuple[str, ...]
    at: datetime
    principal: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A case with what was said about it; corrections wait until all labels of the task are known."""

    case: CaseRecord
    text: str
    probability: float | None
    said: tuple[_Said, ...]
    corrections: tuple[_Correction, ...]


class _Gathering:
    """Goes over cases page by page and keeps only what became a label."""

    def __init__(self, deployment: Deployment, charter: Charter, task: str, since: datetime | None) -> None:
        self._deployment = deployment
        self._charter = charter
        self._task = task
        self._since = since
        self._nobody = subject_of(deployment, charter, {})
        self._found: list[_Found] = []
        self._characters = 0
        self._handled: Counter[str] = Counter()
        self.counted: Counter[str] = Counter(
            cases=0, erased=0, unreadable=0, no_text=0, contradicted=0, rejected=0, unread_corrections=0,
            too_many=0, other_labels=0,
        )  # fmt: skip

    def look(self, tx: Transaction, case: CaseRecord) -> None:
        """Note what was said about one case, and open its text if anything was."""
        self.counted["cases"] += 1
        self._handled[case.handled_by or "nobody yet"] += 1
        outcomes = self._deployment.store.cases.outcomes(tx, case.id)
        said = _settled(_Said(one.source, one.truth, one.at, one.principal) for one in outcomes)
        corrections = self._corrections(tx, case)
        times = [one.at for one in said] + [one.at for one in corrections]
        if not times or (self._since is not None and max(times) < self._since):
            return
        if len(self._found) >= MOST_LABELS or self._characters >= MOST_CHARACTERS:
            self.counted["too_many"] += 1
            return
        text = self._text(tx, case)
        if text:
            self._characters += len(text)
            check = self._deployment.store.spot_checks.get(tx, case.id)
            probability = check.q if check is not None and check.drawn else None
            self._found.append(_Found(case, text, probability, said, corrections))

    def _text(self, tx: Transaction, case: CaseRecord) -> str:
        try:
            content = self._deployment.vault.open(tx, case.input)
        except Refused:
            self.counted["erased"] += 1
            return ""
        except Corrupt:
            self.counted["unreadable"] += 1
            return ""
        text = content.get(self._charter.tasks[self._task].text) if isinstance(content, Mapping) else None
        if not isinstance(text, str) or not text.strip():
            self.counted["no_text"] += 1
            return ""
        return text

    def _corrections(self, tx: Transaction, case: CaseRecord) -> tuple[_Correction, ...]:
        """What people wrote in reviews of a case that may be a label."""
        found = []
        for review in self._deployment.store.reviews.of_case(tx, case.id):
            if review.decided_at is None:
                continue
            try:
                if review.kind is ReviewKind.EFFECT and review.verdict == Verdict.EDIT:
                    said = self._edited(tx, case, review)
                    found.append(_Correction(said, review.decided_at, review.decided_by))
                elif review.kind is ReviewKind.EFFECT and review.verdict == Verdict.REJECT:
                    self.counted["rejected"] += 1  # it says what was wrong, and not what is right
                elif review.kind is ReviewKind.QUESTION and review.verdict == Verdict.ANSWER:
                    said = self._answered(tx, case, review)
                    found.append(_Correction(said, review.decided_at, review.decided_by))
            except (Refused, Corrupt):
                self.counted["unread_corrections"] += 1
        return tuple(found)

    def _edited(self, tx: Transaction, case: CaseRecord, review: Review) -> tuple[str, ...]:
        """New values of the arguments that a person changed; only the ledger knows which these are."""
        names: set[str] = set()
        for entry in self._deployment.store.ledger.about(tx, review.id):
            event = decode(entry.event)
            edited = event.data.get("edited")
            if event.kind == "review.decided" and isinstance(edited, list):
                names |= {name for name in edited if isinstance(name, str)}
        effect = self._deployment.store.effects.get(tx, review.effect)
        if effect is None or not names:
            return ()
        arguments = self._deployment.vault.open(tx, effect.arguments)
        values = (arguments.get(name) for name in sorted(names))
        return tuple(value for value in values if isinstance(value, str) and value != case.answer)

    def _answered(self, tx: Transaction, case: CaseRecord, review: Review) -> tuple[str, ...]:
        """The answer to a question whose choices were offered."""
        body = self._deployment.vault.open(tx, review.question)
        if not body.get("choices"):
            return ()
        for step in self._deployment.store.cases.steps(tx, case.id, run=case.run):
            if step.ordinal == review.ordinal and step.name == "ask":
                value = self._deployment.vault.open(tx, step.result).get("value")
                return (value,) if isinstance(value, str) else ()
        return ()

    def labels(self, known: frozenset[str]) -> Labels:
        """What the cases seen so far give."""
        several = len(self._charter.tasks) > 1
        named = known or frozenset(one.truth for found in self._found for one in found.said)
        pairs: dict[tuple[str, str], list[int]] = {}
        rows: list[Label] = []
        contradictions: list[Contradiction] = []
        for found in reversed(self._found):
            said = self._all_said(found, named, of_this_task_only=several)
            _note_pairs(pairs, said)
            truths = {one.truth for one in said}
            if len(truths) > 1:
                self.counted["contradicted"] += 1
                if len(contradictions) < MOST_LISTED:
                    listed = tuple((one.source, one.truth) for one in said)
                    contradictions.append(Contradiction(found.case.id, listed))
            elif said and (self._since is None or max(one.at for one in said) >= self._since):
                rows.append(self._label(found, said))
        labelled = Counter(row.handled_by or "nobody yet" for row in rows)
        return Labels(
            self._charter.use_case,
            self._task,
            tuple(clustered(rows)),
            dict(self.counted),
            tuple(contradictions),
            tuple(SourcePair(one, other, n, differ) for (one, other), (n, differ) in sorted(pairs.items())),
            {who: (labelled[who], count) for who, count in sorted(self._handled.items())},
        )

    def _all_said(self, found: _Found, named: frozenset[str], *, of_this_task_only: bool) -> list[_Said]:
        # Outcomes name a label and no task: with several tasks only a label of this one can be told apart.
        said = [one for one in found.said if not of_this_task_only or one.truth in named]
        self.counted["other_labels"] += len(found.said) - len(said)
        for one in found.corrections:
            fitting = [value for value in one.candidates if value in named]
            if len(fitting) == 1:
                said.append(_Said(REVIEW, fitting[0], one.at, one.principal))
            else:
                self.counted["unread_corrections"] += 1
        return sorted(said, key=lambda one: (one.at, one.source))

    def _label(self, found: _Found, said: Sequence[_Said]) -> Label:
        case, text = found.case, same_text(found.text)
        # One subject stands for everybody who is not named: it ties nothing together.
        anchor = case.subject if case.subject != self._nobody else f"text {text}"
        keyed = self._deployment.vault.pseudonym(f"part of {case.use_case}: {anchor}")
        sources = tuple(dict.fromkeys(one.source for one in said))
        if any(source.startswith(SOURCE) for source in sources):
            chance = Chance.DRAWN
        else:
            chance = Chance.SELECTED if set(sources) == {REVIEW} else Chance.REPORTED
        return Label(
            case.id, found.text, said[0].truth, sources, max(one.at for one in said), anchor, anchor,
            position(keyed, "improve"), case.slice, chance, case.handled_by, case.answer, text, found.probability,
            tuple(dict.fromkeys(one.principal for one in said)),
        )  # fmt: skip


def _settled(outcomes: Iterable[_Said]) -> tuple[_Said, ...]:
    """What was said, spot checks settled: where two people contradicted each other the third decided.

    A check that says no more than that all was well names no label.
    """
    said = [one for one in outcomes if one.truth != AS_SENT]
    if any(one.source == f"{SOURCE}-3" for one in said):
        said = [one for one in said if one.source not in (SOURCE, f"{SOURCE}-2")]
    return tuple(said)


def _note_pairs(pairs: dict[tuple[str, str], list[int]], said: Sequence[_Said]) -> None:
    """Count for every two sources how often they spoke of one case, and disagreed."""
    truths = {one.source: one.truth for one in said}
    names = sorted(truths)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            counts = pairs.setdefault((one, other), [0, 0])
            counts[0] += 1
            counts[1] += truths[one] != truths[other]
