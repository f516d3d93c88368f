"""The mirror: recorded cases on another release, and what it would have done otherwise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from roadworthy.casework.case import CaseRecord, State
from roadworthy.errors import InputProblem, Problem, Refused, Unavailable
from roadworthy.measure.differences import Difference, Judged, compare_runs
from roadworthy.measure.fact import Fact
from roadworthy.measure.recorded import Selection, selected, true_answers
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import check_input
from roadworthy.operate.mirroring import NOT_RECORDED, Reads, Sandboxed, Twin, begin_mirrored, taken_up
from roadworthy.operate.sandbox import sandboxed_sources
from roadworthy.operate.segments import run_segment
from roadworthy.ports import LoadedRelease, Loader
from roadworthy.principal import Principal, allows, require
from roadworthy.quantities import Interval, Share, digest_of
from roadworthy.release import Release, short
from roadworthy.trust import wilson
from roadworthy.trust.paired import Scored

ERASED = "RW-VAULT-001"
_BEGUN_TOGETHER = 50
_ATTEMPTS = 3
_ORDER = tuple(Judged)
_SIMULATED: dict[Reads, tuple[str, ...]] = {
    "recorded": ("effects", "answers of people", "read tools and retrieval from recordings"),
    "sandbox": (
        "effects",
        "answers of people",
        "read tools and retrieval from recordings, others on a copy",
    ),
    "live": ("effects", "answers of people", "read tools and retrieval from recordings, others live"),
}


@dataclass(frozen=True, slots=True)
class NotComparable:
    """A case of which the mirror says nothing, and why. ``erased``: its data subject was."""

    key: str
    case: str
    reason: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class PairedCase:
    """One judged case for a paired comparison: 1 where the answer was right, 0 where not."""

    case: str
    cluster: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a release would have done with recorded cases. ``differences`` holds every case that could be
    compared, the worst first; ``contradicting`` counts cases on whose true answer two sources differ.
    """

    use_case: str
    release: str
    reads: Reads
    differences: tuple[Difference, ...]
    not_comparable: tuple[NotComparable, ...]
    contradicting: int

    @property
    def counts(self) -> dict[str, int]:
        """How many cases came out how, none left out."""
        seen = Counter(one.judged for one in self.differences)
        erased = sum(one.erased for one in self.not_comparable)
        return {
            "cases": len(self.differences) + len(self.not_comparable),
            "compared": len(self.differences),
            **{str(judged): seen[judged] for judged in _ORDER},
            "failed": sum(bool(one.failed) for one in self.differences),
            "judged by an outcome": len(self.pairs),
            "contradicting outcomes": self.contradicting,
            "not comparable": len(self.not_comparable) - erased,
            "erased": erased,
        }

    @property
    def pairs(self) -> tuple[PairedCase, ...]:
        """Judged cases, both sides: what a paired, clustered comparison takes."""
        return tuple(
            PairedCase(one.case, one.cluster, float(one.before.right), float(one.after.right))
            for one in self.differences
            if one.before.right is not None and one.after.right is not None
        )

    @property
    def scored(self) -> tuple[Scored, Scored]:
        """The pairs for ``trust.compare``: what the mirrored release got right, then what was right before."""
        cases, clusters = [one.case for one in self.pairs], [one.cluster for one in self.pairs]
        return (
            Scored(cases, [one.after for one in self.pairs], clusters=clusters),
            Scored(cases, [one.before for one in self.pairs], clusters=clusters),
        )

    def as_json(self, *, content: bool = False) -> dict[str, Any]:
        """The mirror as every door shows it: counts, then what differs, the worst first. Equal cases are
        counted only. Values of arguments only with ``content``.
        """
        before = sum(one.before.cost.nano for one in self.differences)
        after = sum(one.after.cost.nano for one in self.differences)
        return {
            "use_case": self.use_case,
            "release": self.release,
            "reads": self.reads,
            "simulated": list(_SIMULATED[self.reads]),
            "counts": self.counts,
            "cost_nano": {"before": str(before), "after": str(after)},
            "differences": [
                one.as_json(content=content) for one in self.differences if one.judged is not Judged.EQUAL
            ],
            "not_comparable": [
                {"key": one.key, "case": one.case, "reason": one.reason, "erased": one.erased}
                for one in self.not_comparable
            ],
            "pairs": [
                {"case": one.case, "cluster": one.cluster, "before": one.before, "after": one.after}
                for one in self.pairs
            ],
        }


def mirror(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    release: Release,
    *,
    cases: Selection | None = None,
    live_reads: bool = False,
    sandbox: Loader | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Mirrored:
    """Recorded cases through another release, side by side with what was decided. Nothing leaves.

    Read tools, retrieval and people answer as they did then. What was not recorded is asked of
    ``sandbox`` (it loads releases over a copy of the data) or, with ``live_reads``, of the systems
    themselves; with neither the case is not comparable. The cases run in this process, on
    ``workers`` threads; no worker is needed. Run twice: what was mirrored under the same certificates
    answers from what is stored, what was interrupted goes on.

    Errors: ``NotFound`` RW-MIRROR-004 for keys without a recorded case; ``InputProblem`` RW-MIRROR-005
    for a selection that cannot be, RW-MIRROR-015 for sources that no copy stands in for; ``Refused``
    RW-MIRROR-006 while the release is stopped; ``Unavailable`` RW-MIRROR-007 if cases could not be
    brought to an end.
    """
    require(principal, "measure", use_case=use_case)
    require(principal, "case.read", use_case=use_case)
    wanted = cases or Selection()
    _check(deployment, use_case, release, wanted, live_reads=live_reads, sandbox=sandbox)
    if sandbox is not None:
        deployment = replace(deployment, loader=Sandboxed(sandbox))
    reads: Reads = "sandbox" if sandbox is not None else "live" if live_reads else "recorded"
    loaded = deployment.loader.load(release.digest)
    conditions = _conditions(deployment, release)
    originals = selected(deployment, use_case, wanted)
    lost: list[NotComparable] = []
    twins = _begun(deployment, principal, loaded, release, originals, reads, conditions, lost)
    _run_all(deployment, [mirrored for _, mirrored in twins], workers=workers, progress=progress)
    abstain = frozenset(label for task in loaded.charter.tasks.values() for label in task.abstain)
    content = allows(principal, "case.read_content", use_case=use_case)
    differences, contradicting = _compared(deployment, twins, abstain, lost, content=content)
    found = Mirrored(use_case, release.digest, reads, differences, tuple(lost), contradicting)
    with deployment.store.write() as tx:
        deployment.record(
            tx,
            "release.mirrored",
            principal.id,
            {"use_case": use_case, "release": release.digest},
            {"reads": reads, **found.counts},
        )
    return found


def mirror_fact(mirrored: Mirrored) -> Fact:
    """The share of mirrored cases that came out equal or better.

    What could not be compared counts as neither; erased cases are left out. The interval takes the cases of
    one data subject for one draw.
    """
    counts = mirrored.counts
    n = counts["cases"] - counts["erased"]
    good = counts[Judged.EQUAL] + counts[Judged.IMPROVED]
    clusters = len({one.cluster for one in mirrored.differences}) + counts["not comparable"]
    share = good / n if n else 0.0
    draws = min(n, clusters)
    span = wilson(math.floor(share * draws), draws, confidence=Share(0.95))
    return Fact(
        kind="quality.mirror",
        value=share,
        unit="share",
        n=n,
        method="recorded cases replayed, equal or better; Wilson interval on data subjects",
        interval=Interval(min(span.low, share), max(span.high, share)),
        inputs=sorted([one.mirrored for one in mirrored.differences]),
        of_release=True,
        simulated=_SIMULATED[mirrored.reads],
        detail=counts,
    )


def _check(
    deployment: Deployment,
    use_case: str,
    release: Release,
    wanted: Selection,
    *,
    live_reads: bool,
    sandbox: Loader | None,
) -> None:
    problems = []
    if release.use_case != use_case:
        problems.append(Problem(f"the release belongs to `{release.use_case}`, expected `{use_case}`"))
    problems += wanted.problems()
    if live_reads and sandbox is not None:
        problems.append(Problem("a copy of the data or the systems themselves are asked, not both"))
    if problems:
        raise InputProblem("RW-MIRROR-005", problems)
    if sandbox is not None:
        # A tool on a server would be asked live, whatever was copied.
        sandboxed_sources(deployment.loader.charter(release.digest))
    stopped = deployment.clearance.why_not(f"use_case:{use_case}", f"release:{release.digest}")
    if stopped:
        raise Refused(
            "RW-MIRROR-006",
            f"`{short(release.digest)}` cannot be mirrored now",
            reasons=[stopped],
            hint="resume it, or mirror another release",
        )


def _conditions(deployment: Deployment, release: Release) -> str:
    """Twelve digits that stand for the certificates in force: others let other effects leave."""
    now = deployment.now()
    with deployment.store.read() as tx:
        issued = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    in_force = sorted(
        one.id for one in issued if one.suspended_at is None and one.certified_at <= now < one.expires_at
    )
    return digest_of(in_force).removeprefix("sha256:")[:12]


def _begun(
    deployment: Deployment,
    principal: Principal,
    loaded: LoadedRelease,
    release: Release,
    originals: Sequence[CaseRecord],
    reads: Reads,
    conditions: str,
    lost: list[NotComparable],
) -> list[tuple[CaseRecord, CaseRecord]]:
    """Every case that can be mirrored with its mirror; the others are told with the reason."""
    begun = []
    for start in range(0, len(originals), _BEGUN_TOGETHER):
        with deployment.store.write() as tx:
            for original in originals[start : start + _BEGUN_TOGETHER]:
                try:
                    data = deployment.vault.open(tx, original.input)
                except Refused as problem:
                    lost.append(_not_comparable(original, f"{problem.code}: {problem.message}"))
                    continue
                problems = check_input(loaded.charter, data)
                if problems:
                    places = ", ".join(f"`{problem.place}`" for problem in problems)
                    lost.append(
                        _not_comparable(original, f"breaks the input contract of the release: {places}")
                    )
                    continue
                twin = Twin(release.digest, reads, conditions, original.id)
                begun.append(
                    (original, begin_mirrored(deployment, tx, original, release, twin, actor=principal.id))
                )
    return begun


def _run_all(
    deployment: Deployment,
    mirrored: Sequence[CaseRecord],
    *,
    workers: int,
    progress: Callable[[int, int], None],
) -> None:
    left = [case for case in mirrored if case.state is not State.CLOSED]
    done = len(mirrored) - len(left)
    progress(done, len(mirrored))
    unfinished = 0
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="mirror") as pool:
        try:
            for closed in pool.map(lambda case: _run(deployment, case.id), left):
                done += 1
                unfinished += not closed
                progress(done, len(mirrored))
        except BaseException:
            # Whoever interrupts does not wait for cases that have not begun.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if unfinished:
        raise Unavailable(
            "RW-MIRROR-007",
            f"{unfinished} of {len(mirrored)} cases could not be mirrored to their end",
            retry_is_safe=True,
            hint="something they ask does not answer, or a stop was thrown; mirror again: the rest is kept",
        )


def _run(deployment: Deployment, case_id: str) -> bool:
    """Bring one mirrored case to its end; False if something outside does not answer, or it is stopped."""
    for _ in range(_ATTEMPTS):
        with deployment.store.read() as tx:
            case = deployment.store.cases.get(tx, case_id)
        if case is None or case.state is State.CLOSED:
            return case is not None
        case = taken_up(deployment, case)
        run_segment(deployment, f"{case.id}/{case.run}/{case.segment}")
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
    return case is not None and case.state is State.CLOSED


def _compared(
    deployment: Deployment,
    twins: Sequence[tuple[CaseRecord, CaseRecord]],
    abstain: AbstractSet[str],
    lost: list[NotComparable],
    *,
    content: bool,
) -> tuple[tuple[Difference, ...], int]:
    """Every case beside its mirror, the worst first; and how many have outcomes that contradict."""
    differences, contradicting = [], 0
    for original, mirrored in twins:
        with deployment.store.read() as tx:
            ended = deployment.store.cases.get(tx, mirrored.id) or mirrored
            if not ended.handled_by and ended.reason.startswith((NOT_RECORDED, ERASED)):
                lost.append(_not_comparable(original, ended.reason))
                continue
            truths = true_answers(deployment, tx, original)
            truth = truths[0] if len(truths) == 1 else None
            try:
                one = compare_runs(
                    deployment, tx, original, ended, truth=truth, abstain=abstain, content=content
                )
            except Refused as problem:
                lost.append(_not_comparable(original, f"{problem.code}: {problem.message}"))
                continue
            contradicting += len(truths) > 1
            differences.append(one)
    differences.sort(key=lambda one: (_ORDER.index(one.judged), not one.failed, one.case))
    return tuple(differences), contradicting


def _not_comparable(original: CaseRecord, reason: str) -> NotComparable:
    return NotComparable(original.key, original.id, reason, erased=reason.startswith(ERASED))
