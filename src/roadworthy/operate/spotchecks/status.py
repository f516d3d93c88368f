"""How the spot checks of a use case stand: what was found, what is owed, and how far reviewers can be believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roadworthy.casework.effect import TrueOutcome
from roadworthy.charter import Charter
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.spotchecks.answering import judged
from roadworthy.operate.spotchecks.drawing import WEEK, checks_per_week, within_plan
from roadworthy.operate.spotchecks.overdue import late_since
from roadworthy.operate.spotchecks.watching import watched
from roadworthy.ports import Transaction
from roadworthy.ports.spotchecks import CheckCount, CheckState, Looked, Part
from roadworthy.quantities import Interval
from roadworthy.stage import Stage
from roadworthy.trust import clopper_pearson
from roadworthy.trust.reviewers import (
    Detection,
    Label,
    Planted,
    ReviewerError,
    errors_of_doubles,
    planted_checks,
)
from roadworthy.trust.spotcheck import SpotCheckWatch

MOST_ANSWERS = 2_000


@dataclass(frozen=True, slots=True)
class KindStatus:
    """One kind of error of one release. ``cases`` are all that left without a person, drawn or not.

    ``erased`` are those of the cancelled ones whose content was erased; ``q_least`` and ``q_most`` the
    probabilities that the cases were drawn with. ``watch`` is None before the first result.
    """

    release: str
    kind: str
    cases: int
    drawn: int
    judged: int
    wrong: int
    pending: int
    contradicted: int
    cancelled: int
    erased: int
    q_least: float
    q_most: float
    watch: SpotCheckWatch | None

    @property
    def sentence(self) -> str:
        """What is known, for people."""
        known = self.watch.sentence if self.watch else "no spot check has a result yet"
        owed = [
            f"{count} {word}"
            for count, word in (
                (self.pending, "pending"),
                (self.contradicted, "contradicted"),
                (self.erased, "erased"),
            )
            if count
        ]
        return f"{known} ({', '.join(owed)})" if owed else known


@dataclass(frozen=True, slots=True)
class SpotCheckStatus:
    """All of it for one use case. ``share`` is the usual probability now, None before anything was drawn.

    ``asked`` answers were asked for in the last seven days, of ``most`` that fit into the hours;
    ``overdue`` checks wait for more than twice their due time. ``planted`` and ``doubles`` are what the newest
    2,000 answers say of the reviewers: from cases whose answer is known, and from cases that two looked at.
    """

    use_case: str
    share: float | None
    asked: int
    most: int
    overdue: int
    kinds: tuple[KindStatus, ...]
    planted: Detection
    doubles: tuple[ReviewerError, ...]

    @property
    def reviewer_error(self) -> ReviewerError:
        """Planted cases and pairs together, all reviewers. An undecided contradiction widens the range upward."""
        known, pairs = self.planted.errors[0], self.doubles[0]
        checks, wrong = known.checks + pairs.checks, known.wrong + pairs.wrong
        return ReviewerError(
            "",
            checks,
            wrong,
            pairs.unknown,
            Interval(
                clopper_pearson(wrong, checks).low, clopper_pearson(wrong + pairs.unknown, checks).high
            ),
        )


def spot_check_status(deployment: Deployment, use_case: str) -> SpotCheckStatus:
    """What pages and the command line show. Reading it changes nothing.

    Edge: without a release at work there is no share and no limit, and what was found before stands.
    """
    store, now = deployment.store, deployment.now()
    charter = _charter(deployment, use_case)
    hour = now.replace(minute=0, second=0, microsecond=0)
    most = checks_per_week(charter) if charter else 0
    with store.read() as tx:
        counts = store.spot_checks.counts(tx, use_case)
        share = store.spot_checks.share(tx, use_case, hour)
        looked = store.spot_checks.looked(tx, use_case, limit=MOST_ANSWERS)
        return SpotCheckStatus(
            use_case=use_case,
            share=within_plan(charter, 1.0 if share is None else share) if charter and counts else None,
            asked=store.spot_checks.asked_since(tx, use_case, now - WEEK, most=max(most, 10_000)),
            most=most,
            overdue=store.spot_checks.overdue(tx, use_case, late_since(deployment, charter))
            if charter
            else 0,
            kinds=tuple(_kinds(deployment, tx, use_case, counts)),
            planted=planted_checks(_planted(looked)),
            doubles=errors_of_doubles(_doubles(looked)),
        )


def _kinds(
    deployment: Deployment, tx: Transaction, use_case: str, counts: tuple[CheckCount, ...]
) -> Iterator[KindStatus]:
    pairs = sorted({(count.release, kind) for count in counts for kind in count.kinds})
    for release, kind in pairs:
        alike = [count for count in counts if count.release == release and kind in count.kinds]
        known = watched(deployment, tx, use_case, release, kind)

        def cases(*states: CheckState, alike: list[CheckCount] = alike) -> int:
            return sum(count.cases for count in alike if count.state in states)

        yield KindStatus(
            release=release,
            kind=kind,
            cases=cases(*CheckState),
            drawn=cases(*CheckState) - cases(CheckState.UNDRAWN),
            judged=cases(CheckState.JUDGED),
            wrong=sum(count.cases for count in alike if count.judgement == "wrong"),
            pending=cases(CheckState.PENDING),
            contradicted=cases(CheckState.CONTRADICTED),
            cancelled=cases(CheckState.CANCELLED),
            erased=sum(count.cases for count in alike if count.erased),
            q_least=min(count.q_least for count in alike),
            q_most=max(count.q_most for count in alike),
            watch=known.watch if known else None,
        )


def _planted(looked: Sequence[Looked]) -> Iterator[Planted]:
    for one in looked:
        if one.part is Part.PLANTED:
            yield Planted(one.by, _says_wrong(one, one.known), _says_wrong(one, one.answer))


def _doubles(looked: Sequence[Looked]) -> Iterator[list[Label]]:
    said: dict[str, list[Label]] = {}
    for one in looked:
        if one.part is not Part.PLANTED:
            label = Label(one.by, _says_wrong(one, one.answer), one.part is Part.THIRD)
            said.setdefault(one.case, []).append(label)
    yield from said.values()


def _says_wrong(one: Looked, label: str) -> bool:
    return judged(one.left, label) is TrueOutcome.WRONG


def _charter(deployment: Deployment, use_case: str) -> Charter | None:
    """Of the release at work: the one in production, or the canary before there is one."""
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
    release = rollout.at(Stage.PRODUCTION) or rollout.at(Stage.CANARY)
    try:
        return deployment.loader.charter(release.digest) if release else None
    except RoadworthyError:
        return None
