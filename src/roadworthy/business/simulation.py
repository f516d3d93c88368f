"""Many possible futures of one idea, month by month, from the ranges of its figures.

A month in which it is live brings, per case, the time that automatic cases save less what their errors
cost, the time that people save or lose on the cases that come to them, the spot checks and the price of
models; from it go infrastructure, the people who run it, and what its tier takes to govern. The cost to
build is spent before the first month, the cost to end it in the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from roadworthy.business.figures import Figures
from roadworthy.business.policy import Policy
from roadworthy.business.spreads import Fixed, Floats
from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import digest

LARGEST_SEED: Final = 2**63 - 1
MOST_DRAWS: Final = 200_000
COMMON: Final = "the common volume factor"
MONTHS: Final = "the noise of months"


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Draws of every figure, and what each of those futures is worth.

    Shape: ``drawn`` one array of (draws,) per figure, ``npv`` (draws,), in whole units of the currency.
    """

    figures: Figures
    policy: Policy
    seed: int
    drawn: Mapping[str, Floats]
    npv: Floats

    @property
    def draws(self) -> int:
        return len(self.npv)

    def npv_with(self, **figures: float | Floats) -> Floats:
        """The same futures with some figures set otherwise."""
        return _npv({**self.drawn, **figures}, self.figures, self.policy, self.seed)

    def npv_times(self, name: str, factor: float) -> Floats:
        """The same futures with one figure moved by a factor, and all that are parts of it; shares by their odds."""
        if name in {"automation_share", "error_share"}:
            share = self.drawn[name]
            return self.npv_with(**{name: share * factor / (1 - share + share * factor)})
        leaning = [one.name for one in self.figures.figures if name in one.leans_on]
        return self.npv_with(**{one: self.drawn[one] * factor for one in (name, *leaning)})

    def months(self) -> Floats:
        """Money per month, shape (months, draws): month 1 first, without the cost to build and to end."""
        case, steady, fixed = _flows(self.drawn, self.figures, self.policy)
        ramp, live, _ = timetable(self.policy)
        noise = month_noise(self.seed, self.draws, self.policy)
        found = np.zeros((len(ramp), self.draws))
        first = len(ramp) - len(noise)
        found[first:] = ramp[first:, None] * (noise * case + steady) - fixed * live[first:, None]
        return found

    def full_month(self) -> Floats:
        """Money in a usual month at full volume."""
        case, steady, fixed = _flows(self.drawn, self.figures, self.policy)
        return case + steady - fixed


def simulate(
    figures: Figures, policy: Policy, *, idea: str, seed: int, draws: int | None = None
) -> Simulation:
    """Draw futures. The same arguments give the same draws.

    Ideas of one portfolio that are drawn with one seed share the common volume factor and the good and
    bad months; everything else about them is drawn apart.

    Errors: ``InputProblem`` RW-BUSINESS-013 for a seed or a number of draws that cannot be, and for
            figures of which an essential one is missing.
    """
    count = policy.draws if draws is None else draws
    problems = []
    if not 100 <= count <= MOST_DRAWS:
        problems.append(Problem(f"expected 100 to {MOST_DRAWS} draws, found {count}", "draws"))
    if not 0 <= seed <= LARGEST_SEED:
        problems.append(Problem(f"expected a seed from 0 to 2^63-1, found {seed}", "seed"))
    problems += [Problem("nobody knows, and no value can be computed", name) for name in figures.missing]
    if problems:
        raise InputProblem("RW-BUSINESS-013", problems)
    common = normals(seed, count, COMMON)
    drawn: dict[str, Floats] = {}
    for figure in figures.figures:
        if isinstance(figure.spread, Fixed):
            drawn[figure.name] = np.full(count, figure.spread.value)
            continue
        with_volume = policy.moves_with_volume.get(figure.name, 0.0)
        own = normals(seed, count, idea, figure.name)
        mixed = own
        if with_volume:
            mixed = with_volume * common + np.sqrt(1 - with_volume**2) * own
        drawn[figure.name] = figure.spread.at(mixed)
    for figure in figures.figures:
        if figure.of:
            whole = drawn["minutes"] * drawn["hourly"] / 60 if figure.of == "case" else drawn[figure.of]
            drawn[figure.name] = drawn[figure.name] * whole
    return Simulation(figures, policy, seed, drawn, _npv(drawn, figures, policy, seed))


def normals(seed: int, count: int, *names: str) -> Floats:
    """Standard normal numbers of a stream that only its names and the seed decide."""
    key = int(digest("\x1f".join(names).encode()).removeprefix("sha256:")[:16], 16)
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, key]))).standard_normal(count)


@lru_cache(maxsize=2)
def _noise(seed: int, draws: int, months: int, sigma: float) -> Floats:
    scattered = normals(seed, months * draws, MONTHS).reshape(months, draws)
    scattered *= sigma
    scattered -= sigma * sigma / 2
    np.exp(scattered, out=scattered)
    scattered.flags.writeable = False
    return scattered


@lru_cache(maxsize=8)
def _discounted_noise(seed: int, draws: int, policy_key: tuple[float, ...]) -> Floats:
    horizon, build, ramping, discount, sigma = policy_key
    ramp, _, factor = _times(int(horizon), int(build), int(ramping), discount)
    live = int(horizon) - int(build)
    found: Floats = (ramp * factor)[int(build) :] @ _noise(seed, draws, live, sigma)
    found.flags.writeable = False
    return found


def month_noise(seed: int, draws: int, policy: Policy) -> Floats:
    """How each live month of each future differs from a usual one: mean 1, shape (live months, draws)."""
    return _noise(seed, draws, policy.horizon_months - policy.build_months, policy.month_noise)


@lru_cache(maxsize=32)
def _times(horizon: int, build: int, ramping: int, discount: float) -> tuple[Floats, Floats, Floats]:
    month = np.arange(1, horizon + 1, dtype=np.float64)
    live = (month > build).astype(np.float64)
    ramp = np.clip((month - build) / ramping, 0.0, 1.0)
    return ramp, live, (1 + discount) ** (-month / 12)


def timetable(policy: Policy) -> tuple[Floats, Floats, Floats]:
    """Per month of the horizon: part of the full volume, whether it is live, and the discount factor."""
    return _times(policy.horizon_months, policy.build_months, policy.ramp_months, policy.discount_per_year)


def _flows(
    drawn: Mapping[str, float | Floats], figures: Figures, policy: Policy
) -> tuple[Floats, Floats, Floats]:
    """Money of a full month: from its cases, from the KPI's own worth, and the fixed cost."""
    minute = np.asarray(drawn["hourly"]) / 60
    review = drawn["review_minutes"]
    saved_by_people = drawn["minutes"] - np.asarray(review)
    alone = drawn["automation_share"] if figures.alone else 0.0
    per_case = (1 - np.asarray(alone)) * saved_by_people * minute
    if figures.alone:
        saved = (drawn["minutes"] - np.asarray(drawn["minutes_left"])) * minute
        wrong = np.asarray(drawn["error_share"]) * drawn["error_cost"]
        per_case = per_case + alone * (saved - wrong - policy.spot_check_share * review * minute)
    per_case = per_case - np.asarray(drawn["price_per_case"]) * (1 + figures.repeated_calls)
    hours = getattr(policy.governance_hours_per_month, figures.tier.charter_tier)
    fixed = np.asarray(drawn["infrastructure"]) + drawn["people"] + hours * np.asarray(drawn["hourly"])
    return np.asarray(drawn["volume"]) * per_case, np.asarray(drawn["worth"], dtype=np.float64), fixed


def _npv(drawn: Mapping[str, float | Floats], figures: Figures, policy: Policy, seed: int) -> Floats:
    case, steady, fixed = _flows(drawn, figures, policy)
    ramp, live, factor = timetable(policy)
    draws = max(np.size(each) for each in drawn.values())
    key = (
        float(policy.horizon_months),
        float(policy.build_months),
        float(policy.ramp_months),
        policy.discount_per_year,
        policy.month_noise,
    )
    found: Floats = (
        case * _discounted_noise(seed, draws, key)
        + steady * float(ramp @ factor)
        - fixed * float(live @ factor)
        - np.asarray(drawn["exit"]) * float(factor[-1])
        - drawn["build"]
    )
    return found
