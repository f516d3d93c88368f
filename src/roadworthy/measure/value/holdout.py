"""The hold-out: the KPI of single cases that a release worked on, beside those that stayed with people by lot.

A figure counts once, in the order in which figures come, and is never taken back: only so may one look at
any time. What was counted is kept; the cases themselves say to which part the lot gave them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from roadworthy.charter import Query
from roadworthy.charter.parts import Kpi
from roadworthy.errors import Corrupt, InputProblem, Problem
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.value.arms import Arms, arms_of
from roadworthy.measure.value.asking import finite, may_measure, rows_of, speaking_release
from roadworthy.measure.value.kpi import HOLDOUT
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.quantities import Interval, digest_of
from roadworthy.trust.holdout import Case, Finding, HoldOut

MOST_COUNTED: Final = 100_000
_WATCH: Final = "holdout"
_ID: Final = 16
"""Last characters of a case's id: the random ones, that tell cases apart."""
_BETWEEN: Final = {"share": Interval(0.0, 1.0), "yes": Interval(0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class _Count:
    """What is kept of a count: of which figure, between which ends, which cases are in it."""

    asked: str
    span: Interval
    begun: str
    times: int
    state: HoldOut
    seen: frozenset[str]
    clipped: int = 0

    @classmethod
    def read(cls, stored: str) -> _Count | None:
        """Errors: ``Corrupt`` RW-KPI-002 for what is no count."""
        if not stored:
            return None
        try:
            kept = json.loads(stored)
            return cls(
                asked=str(kept["asked"]),
                span=Interval(float(kept["low"]), float(kept["high"])),
                begun=str(kept["begun"]),
                times=int(kept["times"]),
                state=HoldOut.from_json(kept["state"]),
                seen=frozenset(kept["seen"]),
                clipped=int(kept["clipped"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise Corrupt(
                "RW-KPI-002",
                "the stored count of a hold-out cannot be read",
                broken=[str(problem)],
                intact="the cases and the lot that each of them drew; the count begins anew without it",
            ) from None

    def text(self) -> str:
        return json.dumps(
            {
                "asked": self.asked,
                "low": self.span.low,
                "high": self.span.high,
                "begun": self.begun,
                "times": self.times,
                "state": self.state.as_json(),
                "seen": sorted(self.seen),
                "clipped": self.clipped,
            }
        )


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the hold-out shows. ``difference`` and ``interval`` are in the KPI's unit, release minus people.

    ``cases`` are those a lot was drawn for, ``counted`` those of them with a figure. The interval holds
    however often one looked. ``causal``: there is a hold-out with figures on both sides.
    """

    use_case: str
    kpi: str
    unit: str
    direction: str
    finding: Finding
    difference: float | None
    interval: Interval | None
    cases: Mapping[str, int]
    counted: Mapping[str, int]
    means: Mapping[str, float | None]
    more: int | None
    new: int
    causal: bool
    sentence: str
    findings: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "use_case": self.use_case,
            "kpi": self.kpi,
            "unit": self.unit,
            "direction": self.direction,
            "finding": self.finding,
            "difference": self.difference,
            "interval": [self.interval.low, self.interval.high] if self.interval else None,
            "cases": dict(self.cases),
            "counted": dict(self.counted),
            "means": dict(self.means),
            "more": self.more,
            "new": self.new,
            "causal": self.causal,
            "sentence": self.sentence,
            "findings": list(self.findings),
        }


def measure_holdout(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    span: Interval | None = None,
    least: float = 0.0,
) -> HeldOut:
    """Count the figures that came since, and say what the hold-out shows.

    ``span`` holds the least and the most that a case's figure can be; a share has 0 and 1, any other
    unit needs it the first time. Figures beyond it count as its ends. It has to be chosen before looking:
    another one, like another query, begins the count anew, and that is said. ``least`` is the
    improvement that would be worth it, in the KPI's unit.

    Run twice: what was counted is not counted again, and nothing is kept where nothing came.
    Errors: ``InputProblem`` RW-KPI-007 for everything that is missing in the charter or wrong with
    ``span`` and ``least``; RW-KPI-008 for rows that are not `key` and `value`; those of the source.
    """
    may_measure(principal, use_case)
    release = speaking_release(deployment, use_case)
    kpi = deployment.loader.charter(release.digest).kpi
    query = kpi.per_case
    with deployment.store.read() as tx:
        known = _Count.read(deployment.store.evidence.watch(tx, use_case, "", _WATCH))
    asked = _figure(kpi)
    declared = (
        Interval(kpi.per_case_low, kpi.per_case_high)
        if kpi.per_case_low is not None and kpi.per_case_high is not None
        else None
    )
    ends = (
        span
        or declared
        or (known.span if known and known.asked == asked else None)
        or _BETWEEN.get(kpi.unit)
    )
    problems = _problems(kpi, ends, least)
    if problems or query is None or ends is None:
        raise InputProblem("RW-KPI-007", problems)
    figures, odd = figures_by_key(
        rows_of(deployment.loader.load(release.digest), query, limit=MOST_COUNTED)
    )
    arms = arms_of(deployment, use_case)
    with deployment.store.write() as tx:
        known = _Count.read(deployment.store.evidence.watch(tx, use_case, "", _WATCH))
        before = _going_on(known, asked, ends, deployment.now())
        count = _counted(before, arms, figures, kpi)
        came = count.state.n - before.state.n
        if came or known is None or known.asked != count.asked or known.span != count.span:
            deployment.store.evidence.save_watch(tx, use_case, "", _WATCH, count.text())
    told = _tell(use_case, kpi, count, arms, came, least, odd, len(figures))
    if came:
        keep(deployment, principal, release, [_fact(told, count, query)])
    return told


def _problems(kpi: Kpi, ends: Interval | None, least: float) -> list[Problem]:
    found = []
    if kpi.per_case is None:
        found.append(
            Problem(
                "the charter does not say what the figure of a single case is",
                place="kpi.per_case",
                hint="a query with the columns `key` and `value`",
            )
        )
    if ends is None:
        found.append(
            Problem(
                f"the least and the most that a figure in `{kpi.unit}` can be are not known",
                place="span",
                hint="say both before looking, such as 0 and 480 minutes",
            )
        )
    elif not (finite(ends.low) is not None and finite(ends.high) is not None and ends.low < ends.high):
        found.append(
            Problem(f"expected two different numbers, found {ends.low:g} and {ends.high:g}", place="span")
        )
    if finite(least) is None or least < 0:
        found.append(Problem(f"an improvement is a number from 0 on, found {least}", place="least"))
    return found


def figures_by_key(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float], tuple[str, ...]]:
    """The figure of each key, and what was odd. A key that stands twice with two figures is left out."""
    if rows and not {"key", "value"} <= set(rows[0]):
        raise InputProblem(
            "RW-KPI-008",
            Problem(
                f"expected the columns `key` and `value`, found {', '.join(list(rows[0])[:10])}",
                place="kpi.per_case",
                hint="name them in the query: `select ticket as key, minutes as value from …`",
            ),
        )
    found: dict[str, float] = {}
    doubtful: set[str] = set()
    no_number = 0
    for row in rows:
        key, value = str(row["key"]), finite(row["value"])
        if row["value"] is None:
            continue  # its figure is still to come
        if value is None:
            no_number += 1
        elif found.setdefault(key, value) != value:
            doubtful.add(key)
    odd = []
    if no_number:
        odd.append(f"{no_number} rows have a value that is no finite number; they are left out")
    if doubtful:
        odd.append(f"{len(doubtful)} keys have two different figures; they are left out")
    if len(rows) >= MOST_COUNTED:
        odd.append(f"only the first {MOST_COUNTED:,} rows of the query were looked at")
    return {key: value for key, value in found.items() if key not in doubtful}, tuple(odd)


def _going_on(known: _Count | None, asked: str, ends: Interval, now: datetime) -> _Count:
    if known is not None and (known.asked, known.span) == (asked, ends):
        return known
    times = known.times + 1 if known else 1
    return _Count(asked, ends, now.isoformat(), times, HoldOut(), frozenset())


def _counted(before: _Count, arms: Arms, figures: Mapping[str, float], kpi: Kpi) -> _Count:
    """With the figures that came since. Those that come together count in the order of their cases' intake."""
    span, sign = before.span, 1 if kpi.direction == "up" else -1
    width = span.high - span.low
    room = MOST_COUNTED - len(before.seen)
    fresh = [
        drawn
        for drawn in sorted(arms.drawn, key=lambda one: one.case)
        if drawn.key in figures and drawn.case[-_ID:] not in before.seen
    ][: max(0, room)]
    clipped, cases = before.clipped, []
    for drawn in fresh:
        figure = figures[drawn.key]
        clipped += figure not in span
        part = (min(max(figure, span.low), span.high) - span.low) / width
        part = min(1.0, max(0.0, part))
        cases.append(Case(drawn.released, part if sign > 0 else 1 - part, 1 - drawn.share))
    return _Count(
        before.asked, span, before.begun, before.times, before.state.extend(cases),
        before.seen | {drawn.case[-_ID:] for drawn in fresh}, clipped,
    )  # fmt: skip


def _tell(
    use_case: str,
    kpi: Kpi,
    count: _Count,
    arms: Arms,
    came: int,
    least: float,
    odd: Iterable[str],
    rows: int,
) -> HeldOut:
    state, width = count.state, count.span.high - count.span.low
    sign = 1 if kpi.direction == "up" else -1
    causal = bool(state.new.cases and state.old.cases)
    finding = state.finding(least=least / width)
    ends = sorted((sign * width * state.interval.low, sign * width * state.interval.high))
    difference = None if state.difference is None else sign * width * state.difference
    means = {
        name: None if mean is None else count.span.low + width * (mean if sign > 0 else 1 - mean)
        for name, mean in (("release", state.new.mean), ("people", state.old.mean))
    }
    told = HeldOut(
        use_case=use_case,
        kpi=kpi.name,
        unit=kpi.unit,
        direction=kpi.direction,
        finding=finding,
        difference=difference,
        interval=Interval(*ends) if causal else None,
        cases={"release": arms.released, "people": arms.stayed},
        counted={"release": state.new.cases, "people": state.old.cases},
        means=means,
        more=state.more(least=least / width),
        new=came,
        causal=causal,
        sentence="",
        findings=(*_about(kpi, count, arms, rows), *odd),
    )
    return replace(told, sentence=_sentence(told))


def _about(kpi: Kpi, count: _Count, arms: Arms, rows: int) -> tuple[str, ...]:
    found = []
    if not kpi.holdout:
        found.append(
            "no case is kept with people by lot now (`kpi.holdout` is 0): nothing new can be shown"
        )
    if count.state.strayed:
        found.append(
            "figures come from the two parts in another proportion than the lot drew: those still missing may "
            "differ, so nothing is told; see whether one part's figures come later or get lost"
        )
    if count.clipped:
        found.append(
            f"{count.clipped} figures lie beyond {count.span.low:g} to {count.span.high:g} and count as its ends"
        )
    if count.times > 1:
        found.append(
            f"counted anew since {count.begun[:10]}, for the {count.times}th time: the risk of 5 % holds for each "
            "count alone"
        )
    if arms.unknown:
        found.append(f"{arms.unknown} cases began anew and their lot is not on the ledger yet; they wait")
    if rows and arms.drawn and not count.state.n:
        found.append("no key of the query is a case that a lot was drawn for: are they the external keys?")
    if len(count.seen) >= MOST_COUNTED:
        found.append(f"{MOST_COUNTED:,} cases are counted, and no more are taken")
    return tuple(found)


def _sentence(told: HeldOut) -> str:
    counted = f"{told.counted['release']} cases of the release, {told.counted['people']} kept with people"
    if not told.causal or told.interval is None or told.difference is None:
        return f"cannot tell yet: figures are there for {counted}"
    figures = (
        f"{told.difference:+.4g} {told.unit} (between {told.interval.low:+.4g} and {told.interval.high:+.4g}, "
        f"95 % whenever one looks) from {counted}"
    )
    if told.finding != "cannot tell yet":
        return f"{told.finding}: {figures}"
    more = f"; about {told.more} more cases" if told.more else ""
    return f"cannot tell yet: {figures}{more}"


def _fact(told: HeldOut, count: _Count, query: Query) -> Fact:
    return Fact(
        kind=HOLDOUT,
        value=told.difference if told.difference is not None else 0.0,
        unit=told.unit,
        n=count.state.n,
        method="hold-out by lot; betting confidence sequence on inverse-probability gaps, valid whenever one looks",
        interval=told.interval,
        inputs={
            "source": query.source,
            "sql": query.sql,
            "low": repr(count.span.low),
            "high": repr(count.span.high),
        },
        valid_days=30,
        detail={
            "finding": told.finding,
            "counted": dict(told.counted),
            "cases": dict(told.cases),
            "causal": told.causal,
            "sentence": told.sentence,
            "findings": list(told.findings),
        },
    )


def _figure(kpi: Kpi) -> str:
    """What names the figure of single cases: another query, direction or unit is another figure."""
    query = kpi.per_case
    return digest_of([*([query.source, query.sql] if query else []), kpi.direction, kpi.unit])
