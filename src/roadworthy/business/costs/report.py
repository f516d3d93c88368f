"""What was spent, on what, and what a case comes to with the people who look at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from roadworthy.business.costs.rows import (
    CallUse,
    CaseCost,
    EvaluationCost,
    ReviewCount,
    StepCost,
    Work,
)
from roadworthy.quantities import Cost
from roadworthy.usage import Price, Tokens

Period = Literal["day", "month", "all"]

_NONE = Tokens()
GRADES = "grade"
ANSWERS = "answer"


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a model costs, and the snapshot by which calls name exactly this price."""

    price: Price
    snapshot: str


@dataclass(frozen=True, slots=True)
class Rates:
    """What the charter promises of one use case, as far as costs depend on it.

    ``unit`` pays for it. ``review`` is a reviewer's time for one review, ``per_month`` the budget.
    ``models`` names the language model behind a step of a release, by (release, step). ``served`` is what
    servers call the models of a release, ``prices`` what they cost, both by (release, the charter's name).
    """

    use_case: str
    unit: str
    per_case: Cost
    per_month: Cost
    review: Cost
    cases_per_month: int
    models: Mapping[tuple[str, str], str]
    served: Mapping[tuple[str, str], str] = field(default_factory=dict)
    prices: Mapping[tuple[str, str], ModelPrice] = field(default_factory=dict)


def review_cost(*, minutes: float, per_hour: Cost) -> Cost:
    """A reviewer's time for one review, rounded to the nano-unit."""
    nano = Decimal(repr(minutes)) / 60 * per_hour.nano
    return Cost(int(nano.to_integral_value(ROUND_HALF_EVEN)), per_hour.currency)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the books. Fields that it does not tell apart are empty.

    ``period`` is a day, a month such as ``2026-11``, or empty. ``cost`` holds interrupted attempts;
    ``retries`` counts the attempts beyond the first of each call. ``tokens`` are those of the calls to
    models that are part of it, ``model_calls`` their number, ``estimated`` those charged in full for want of
    a count, ``hits`` answers from the gateway's cache. ``price`` is that of the model, where all calls of
    the line have one.
    """

    period: str
    use_case: str
    unit: str
    work: str
    release: str
    step: str
    model: str
    calls: int
    retries: int
    unpriced: int
    cost: Cost
    interrupted: Cost
    tokens: Tokens = _NONE
    model_calls: int = 0
    estimated: int = 0
    hits: int = 0
    price: ModelPrice | None = None

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; money as text."""
        return {
            "period": self.period,
            "use_case": self.use_case,
            "unit": self.unit,
            "work": self.work,
            "release": self.release,
            "step": self.step,
            "model": self.model,
            "calls": self.calls,
            "retries": self.retries,
            "unpriced": self.unpriced,
            "cost": str(self.cost),
            "interrupted": str(self.interrupted),
            "model_calls": self.model_calls,
            "tokens": {
                "read": self.tokens.read,
                "cached": self.tokens.cached,
                "stored": self.tokens.stored,
                "written": self.tokens.written,
                "reasoning": self.tokens.reasoning,
            },
            "estimated": self.estimated,
            "cache_hits": self.hits,
        }


BY = ("unit", "use_case", "work", "release", "step", "model")
"""What lines may be told apart by, beside the period."""


def lines(
    steps: Iterable[StepCost],
    evaluations: Iterable[EvaluationCost],
    rates: Mapping[str, Rates],
    *,
    calls: Iterable[CallUse] = (),
    by: Sequence[str] = BY,
    period: Period = "all",
) -> tuple[Line, ...]:
    """The books told apart by the fields of ``by``, in order of period and these fields.

    Holds:   the sums over all lines are the same whatever they are told apart by; nothing is left out.
             Calls of steps move the cost of their step to the line of their model, and never add to it.
    """
    sums: dict[tuple[str, ...], _Sum] = {}
    for line in _lines(steps, evaluations, rates, list(calls)):
        key = (
            _period(line.period, period), *((getattr(line, name) if name in by else "") for name in BY),
            line.cost.currency,
        )  # fmt: skip
        one = sums.get(key)
        if one is None:
            sums[key] = one = _Sum()
        one.add(line)
    return tuple(sums[key].told(key) for key in sorted(sums))


class _Sum:
    """Lines that are one, in whole numbers: pages add up thousands of them while somebody waits."""

    __slots__ = ("cost", "counts", "interrupted", "price", "read")

    def __init__(self) -> None:
        self.counts = [0, 0, 0, 0, 0, 0]
        self.cost = self.interrupted = 0
        self.read = [0, 0, 0, 0, 0]
        self.price: ModelPrice | None = None

    def add(self, line: Line) -> None:
        """Only where all calls of the sum have one price, it is the price of the sum."""
        counts, tokens = self.counts, line.tokens
        if line.price != self.price:
            both = counts[3] and line.model_calls
            self.price = None if both else (self.price or line.price)
        for place, number in enumerate(
            (line.calls, line.retries, line.unpriced, line.model_calls, line.estimated, line.hits)
        ):
            counts[place] += number
        if line.model_calls or line.hits:
            for place, number in enumerate(
                (tokens.read, tokens.written, tokens.cached, tokens.stored, tokens.reasoning)
            ):
                self.read[place] += number
        self.cost += line.cost.nano
        self.interrupted += line.interrupted.nano

    def told(self, key: tuple[str, ...]) -> Line:
        """As a line that tells apart what is in ``key``."""
        period, unit, use_case, work, release, step, model, currency = key
        calls, retries, unpriced, model_calls, estimated, hits = self.counts
        return Line(
            period, use_case, unit, work, release, step, model, calls, retries, unpriced,
            Cost(self.cost, currency), Cost(self.interrupted, currency), Tokens(*self.read), model_calls,
            estimated, hits, self.price,
        )  # fmt: skip


def _lines(
    steps: Iterable[StepCost],
    evaluations: Iterable[EvaluationCost],
    rates: Mapping[str, Rates],
    calls: Sequence[CallUse],
) -> Iterable[Line]:
    asked: dict[tuple[object, ...], list[CallUse]] = defaultdict(list)
    for use in calls:
        if use.step:
            asked[use.day, use.use_case, use.release, use.work, use.step, use.cost.currency].append(use)
        else:
            yield _of_calls(use, rates[use.use_case], use.cost, calls=use.calls, unpriced=use.unpriced)
    for row in steps:
        rate = rates[row.use_case]
        left = row.cost.nano - row.interrupted.nano
        place = (row.day, row.use_case, row.release, row.work, row.step, row.cost.currency)
        # What failed attempts cost stays with them, and a step can be dated by a later attempt than its calls.
        for use in asked.pop(place, ()):
            part = Cost(min(left, use.cost.nano), row.cost.currency)
            left -= part.nano
            yield _of_calls(use, rate, part, calls=0, unpriced=0)
        yield Line(
            row.day.isoformat(), row.use_case, rate.unit, row.work.value, row.release, row.step,
            rate.models.get((row.release, row.step), ""), row.calls, row.attempts - row.calls, row.unpriced,
            Cost(left + row.interrupted.nano, row.cost.currency), row.interrupted,
        )  # fmt: skip
    for uses in asked.values():
        for use in uses:
            nothing = Cost(0, use.cost.currency)
            yield _of_calls(use, rates[use.use_case], nothing, calls=0, unpriced=0)
    for one in evaluations:
        unit, nothing = rates[one.use_case].unit, Cost(0, one.answers.currency)
        for step, cost in ((ANSWERS, one.answers), (GRADES, one.grades)):
            if cost is not None and cost.nano:
                yield Line(
                    one.day.isoformat(), one.use_case, unit, Work.EVALUATION.value, one.release,
                    f"{step}:{one.suite}", "", one.results, 0, 0, cost, nothing,
                )  # fmt: skip


def _of_calls(use: CallUse, rate: Rates, cost: Cost, *, calls: int, unpriced: int) -> Line:
    named = (use.release, use.model)
    return Line(
        use.day.isoformat(), use.use_case, rate.unit, use.work.value, use.release, use.named,
        rate.served.get(named, use.model), calls, 0 if use.step else use.retries, unpriced, cost,
        Cost(0, cost.currency), use.tokens, use.calls, use.estimated, use.hits, rate.prices.get(named),
    )  # fmt: skip


def _period(day: str, period: Period) -> str:
    return {"day": day, "month": day[:7], "all": ""}[period]


@dataclass(frozen=True, slots=True)
class PerCase:
    """Live cases taken in within a period, and what one of them comes to.

    ``usage`` is what machines cost, ``people`` the time of reviewers as the charter promises it.
    ``resolved`` cases are closed. The figures per case are None where there is no case, and the sum of
    both (``each``, ``each_resolved``) where their currencies differ.
    """

    use_case: str
    cases: int
    resolved: int
    automatic: int
    reviews: int
    usage: Cost
    people: Cost

    @property
    def each(self) -> Cost | None:
        """Machines and people, for one case that was taken in."""
        return self._over(self.cases)

    @property
    def each_resolved(self) -> Cost | None:
        """Machines and people for all cases, for one that is closed: what is still open is paid for too."""
        return self._over(self.resolved)

    @property
    def usage_each(self) -> Cost | None:
        """Machines alone, for one case that was taken in."""
        return Cost(round(self.usage.nano / self.cases), self.usage.currency) if self.cases else None

    def _over(self, cases: int) -> Cost | None:
        if not cases or (self.people.nano and self.people.currency != self.usage.currency):
            return None
        return Cost(round((self.usage.nano + self.people.nano) / cases), self.usage.currency)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; money as text, None where there is none."""
        return {
            "use_case": self.use_case,
            "cases": self.cases,
            "resolved": self.resolved,
            "automatic": self.automatic,
            "reviews": self.reviews,
            "usage": str(self.usage),
            "people": str(self.people),
            "per_case": _text(self.each),
            "per_resolved_case": _text(self.each_resolved),
            "usage_per_case": _text(self.usage_each),
        }


def per_case(cases: Iterable[CaseCost], reviews: Iterable[ReviewCount], rate: Rates) -> PerCase:
    """What a live case of this use case comes to. Cases and reviews of other use cases are passed over."""
    live = [row for row in cases if row.use_case == rate.use_case and row.work is Work.LIVE]
    asked = sum(row.reviews for row in reviews if row.use_case == rate.use_case and row.work is Work.LIVE)
    currency = rate.per_case.currency
    return PerCase(
        use_case=rate.use_case,
        cases=sum(row.cases for row in live),
        resolved=sum(row.cases for row in live if row.closed),
        automatic=sum(row.cases for row in live if row.closed and row.handled_by == "automatic"),
        reviews=asked,
        usage=sum((row.cost for row in live), start=Cost(0, currency)),
        people=rate.review * asked,
    )


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Something that was used and has no price. It is never counted as free: it is told beside the sums."""

    use_case: str
    what: str
    calls: int
    why: str

    def as_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {"use_case": self.use_case, "what": self.what, "calls": self.calls, "why": self.why}


def unpriced(
    steps: Iterable[StepCost],
    evaluations: Iterable[EvaluationCost],
    *,
    free: Mapping[tuple[str, str], str],
    calls: Iterable[CallUse] = (),
) -> tuple[Unpriced, ...]:
    """Everything that has no price, by use case and name.

    ``free`` names models whose charter states a price of nothing, by (release, step).
    """
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for use in calls:
        if use.unpriced and not use.step:
            found[use.use_case, use.named, "recorded without a cost"] += use.unpriced
    for row in steps:
        model = free.get((row.release, row.step))
        if row.unpriced:
            found[row.use_case, row.step, "recorded without a cost"] += row.unpriced
        if model and row.calls > row.unpriced:
            named = f"{row.step} ({model})"
            found[row.use_case, named, "the charter states a price of nothing"] += row.calls - row.unpriced
    for one in evaluations:
        if one.grades is None:
            found[one.use_case, f"{GRADES}:{one.suite}", "the evaluation is not finished"] += one.results
    return tuple(Unpriced(*key[:2], count, key[2]) for key, count in sorted(found.items()))


@dataclass(frozen=True, slots=True)
class BudgetUsed:
    """How much of a month's budget is gone.

    ``spent`` is what live steps of the month cost, ``counted`` what is held against effects: that
    counter grows when a case is decided, so cases that are under way are not in it yet.
    """

    use_case: str
    month: str
    limit: Cost
    spent: Cost
    counted: Cost

    @property
    def share(self) -> float | None:
        """Spent part of the limit; None without a limit."""
        return self.spent.nano / self.limit.nano if self.limit.nano else None

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; money as text."""
        return {
            "use_case": self.use_case,
            "month": self.month,
            "limit": str(self.limit),
            "spent": str(self.spent),
            "counted": str(self.counted),
            "share": self.share,
        }


def showback(found: Iterable[Line]) -> tuple[tuple[str, Cost], ...]:
    """What each unit owes, by unit and currency: all work, because somebody asked for all of it."""
    owed: dict[tuple[str, str], Cost] = {}
    for line in found:
        key = (line.unit, line.cost.currency)
        owed[key] = owed[key] + line.cost if key in owed else line.cost
    return tuple((unit, owed[unit, currency]) for unit, currency in sorted(owed))


def page(found: Sequence[Line], *, after: int = 0, limit: int = 200) -> tuple[tuple[Line, ...], int]:
    """Lines from a number on, and the number of the next page (0 at the end)."""
    start = max(0, after)
    shown = tuple(found[start : start + max(1, limit)])
    end = start + len(shown)
    return shown, end if end < len(found) else 0


def _text(cost: Cost | None) -> str | None:
    return None if cost is None else str(cost)
