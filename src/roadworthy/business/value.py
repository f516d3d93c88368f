"""What an idea is worth, in ranges, and which number is worth measuring next."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from roadworthy.business.assessment import Assessment, Range
from roadworthy.business.facts import NOTHING_MEASURED, Facts
from roadworthy.business.figures import Figure, figures_of
from roadworthy.business.policy import Policy
from roadworthy.business.simulation import Simulation, simulate
from roadworthy.business.spreads import Fixed, Floats

BINS = 20
"""Equal parts of the draws that the regression for the value of information averages over."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """No value can be computed: the essential answers that nobody knows, as `question.field`."""

    missing: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """What every door shows in place of a value."""
        return {"missing": list(self.missing)}


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure of the tornado.

    ``evppi`` is what knowing this figure for sure would be worth, in money: how much better the decision
    gets on average. ``low`` and ``high`` are the mean value where the figure is in its lowest and highest
    tenth. ``best_chance`` is P(NPV>0) in the better of the two.
    """

    name: str
    evppi: float
    low: float
    high: float
    best_chance: float


@dataclass(frozen=True, slots=True)
class PayBack:
    """Months until the money is back; None where that part of the futures never gets there."""

    p10: int | None
    p50: int | None
    p90: int | None
    never: float


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an idea over the horizon of the policy, in its currency.

    ``chance`` is P(NPV>0). ``evpi`` is what knowing everything would be worth. ``break_even_automation``
    is the part that has to leave alone for the mean to be 0 or more (None: no part is enough),
    ``break_even_error_cost`` the dearest error that it bears (None: it does not depend on it, or not even
    free errors help). ``npv`` holds the draws and takes no part in comparing.
    """

    currency: str
    chance: float
    range: Range
    mean: float
    months: tuple[Range, ...]
    full_month: float
    pay_back: PayBack
    break_even_automation: float | None
    break_even_error_cost: float | None
    evpi: float
    tornado: tuple[Bar, ...]
    measure_next: str
    best_chance: float
    figures: tuple[Figure, ...]
    seed: int
    policy: str
    npv: Floats = field(compare=False, repr=False)

    def as_json(self) -> dict[str, object]:
        """The value as every door shows it, without its draws."""
        return {
            "currency": self.currency,
            "chance": round(self.chance, 4),
            "npv": {**_range(self.range), "mean": round(self.mean, 2)},
            "months": [_range(month) for month in self.months],
            "full_month": round(self.full_month, 2),
            "pay_back": {name: getattr(self.pay_back, name) for name in ("p10", "p50", "p90", "never")},
            "break_even_automation": self.break_even_automation,
            "break_even_error_cost": self.break_even_error_cost,
            "evpi": round(self.evpi, 2),
            "tornado": [
                {
                    "figure": bar.name,
                    "evppi": round(bar.evppi, 2),
                    "low": round(bar.low, 2),
                    "high": round(bar.high, 2),
                }
                for bar in self.tornado
            ],
            "measure_next": self.measure_next,
            "figures": [
                {
                    "figure": one.name,
                    "answer": one.answer,
                    **_range(one.range, 6),
                    "came": one.came,
                    "source": one.source,
                }
                for one in self.figures
            ],
            "seed": self.seed,
            "policy": self.policy,
        }


def value_of(
    assessment: Assessment,
    policy: Policy,
    *,
    seed: int,
    facts: Facts = NOTHING_MEASURED,
    draws: int | None = None,
) -> Value | Unpriced:
    """What an idea is worth. The same arguments give the same value.

    The draws of an idea are decided by its name and the seed, so that one portfolio shares a future.

    Edge:   an essential answer that nobody knows makes it ``Unpriced``; an amount is never made up for it.
    Errors: ``InputProblem`` RW-BUSINESS-013 for a seed or a number of draws that cannot be.
    """
    figures = figures_of(assessment, facts, policy)
    if figures.missing:
        return Unpriced(figures.missing)
    return summed(simulate(figures, policy, idea=assessment.idea, seed=seed, draws=draws))


def summed(found: Simulation) -> Value:
    """The figures that people look at, from all futures of an idea."""
    npv = found.npv
    low, middle, high = np.quantile(npv, (0.1, 0.5, 0.9))
    months = found.months()
    ends = np.quantile(months, (0.1, 0.5, 0.9), axis=1).T
    tornado = tornado_of(found)
    leading = tornado[0] if tornado else None
    chance = float(np.mean(npv > 0))
    return Value(
        currency=found.figures.currency,
        chance=chance,
        range=Range(float(low), float(middle), float(high)),
        mean=float(npv.mean()),
        months=tuple(Range(*map(float, end)) for end in ends),
        full_month=float(found.full_month().mean()),
        pay_back=_pay_back(found, months),
        break_even_automation=_break_even_automation(found),
        break_even_error_cost=_break_even_error_cost(found),
        evpi=evpi(npv),
        tornado=tornado,
        measure_next=leading.name if leading and leading.evppi > 0 else "",
        best_chance=max(chance, leading.best_chance) if leading else chance,
        figures=found.figures.figures,
        seed=found.seed,
        policy=found.policy.version,
        npv=npv,
    )


def evpi(npv: Floats) -> float:
    """What it would be worth to know before deciding whether the idea gains or loses."""
    return float(np.maximum(npv, 0).mean() - max(npv.mean(), 0.0))


def evppi(npv: Floats, figure: Floats) -> float:
    """What knowing one figure would be worth: never below 0, never above ``evpi`` of the same draws.

    By regression of the value on the figure, in equal parts of the draws. The means of the parts are
    drawn towards the overall mean as far as chance alone would scatter them, so that a figure without
    influence does not look worth measuring.

    Shape:  two arrays of (draws,).
    Source: Strong, Oakley, Brennan 2014 (regression); James and Stein 1961 (shrinkage).
    """
    means, sizes, _ = _parts(npv, figure)
    return float(sizes @ np.maximum(means, 0) / len(npv) - max(npv.mean(), 0.0)) if len(means) > 1 else 0.0


def _parts(npv: Floats, figure: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Shrunk means of the value, and the numbers of draws, over parts of a figure; and its order."""
    order = np.argsort(figure)
    if figure[order[0]] == figure[order[-1]]:
        return np.array([npv.mean()]), np.array([float(len(npv))]), order
    edges = np.linspace(0, len(npv), min(BINS, len(npv) // 5) + 1).astype(np.int64)
    sizes = np.diff(edges).astype(np.float64)
    ordered = npv[order]
    raw = np.add.reduceat(ordered, edges[:-1]) / sizes
    overall = npv.mean()
    between = float(sizes @ (raw - overall) ** 2)
    within = max(float(ordered @ ordered - sizes @ raw**2), 0.0)
    chance = within / (len(npv) - len(sizes)) * (len(sizes) - 1)
    kept = max(0.0, 1 - chance / between) if between > 0 else 0.0
    return overall + kept * (raw - overall), sizes, order


def tornado_of(found: Simulation) -> tuple[Bar, ...]:
    """Every figure that is not sure, by the value of knowing it, then by how far it moves the mean."""
    npv, bars = found.npv, []
    whole = max(npv.mean(), 0.0)
    tenth = max(1, len(npv) // 10)
    for figure in found.figures.figures:
        if isinstance(figure.spread, Fixed):
            continue
        means, sizes, order = _parts(npv, found.drawn[figure.name])
        gain = float(sizes @ np.maximum(means, 0) / len(npv) - whole)
        lowest, highest = npv[order[:tenth]], npv[order[-tenth:]]
        best = max(float(np.mean(lowest > 0)), float(np.mean(highest > 0)))
        # A hair below 0 or beyond it is rounding, not information.
        gain = gain if gain > 1e-9 * float(np.abs(npv).mean()) else 0.0
        bars.append(Bar(figure.name, gain, float(lowest.mean()), float(highest.mean()), best))
    return tuple(sorted(bars, key=lambda bar: (-bar.evppi, -abs(bar.high - bar.low), bar.name)))


def _pay_back(found: Simulation, months: Floats) -> PayBack:
    paid = np.cumsum(months, axis=0) >= found.drawn["build"]
    ever = paid.any(axis=0)
    first = np.where(ever, paid.argmax(axis=0) + 1, len(months) + 1)
    ends = np.quantile(first, (0.1, 0.5, 0.9), method="inverted_cdf")
    p10, p50, p90 = (int(end) if end <= len(months) else None for end in ends)
    return PayBack(p10, p50, p90, float(np.mean(~ever)))


def _break_even_automation(found: Simulation) -> float | None:
    if not found.figures.alone:
        return None
    # The value is a straight line in the part that leaves alone, so two points say where it is 0.
    none, all_ = (float(found.npv_with(automation_share=part).mean()) for part in (0.0, 1.0))
    if none >= 0:
        return 0.0
    return None if all_ < 0 else none / (none - all_)


def _break_even_error_cost(found: Simulation) -> float | None:
    if not found.figures.alone:
        return None
    free, one = (float(found.npv_with(error_cost=cost).mean()) for cost in (0.0, 1.0))
    return None if free < 0 or one >= free else free / (free - one)


def _range(found: Range, digits: int = 2) -> dict[str, float]:
    return {name: round(getattr(found, name), digits) for name in ("p10", "p50", "p90")}
