"""What a use case brought, month by month, from its own cases: minutes, errors, adoption, cost, money.

Nothing here is a forecast and nothing is guessed in its favour: what nobody measured is unknown, and what
is unknown makes no sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import TrueOutcome
from roadworthy.casework.rating import SATISFIED
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.value.asking import live_cases, may_measure, speaking_release
from roadworthy.measure.value.forecast import Band, Forecast, calibration, following, minor_of
from roadworthy.measure.value.months import Errors, Month, Rated, Realised
from roadworthy.measure.value.reviewing import review_minutes
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import held_out
from roadworthy.operate.spotchecks.asking import SOURCE
from roadworthy.ports.spotchecks import CheckState, SpotCheck
from roadworthy.principal import Principal
from roadworthy.quantities import NANO, Cost, Money
from roadworthy.trust import ConfidenceSequence, wilson
from roadworthy.trust.weighted import Checked, hajek

MOST_MONTHS: Final = 120
_WHOLE: Final = frozenset({ReviewKind.WORK, ReviewKind.CORRECTION})
"""Reviews in which a person does a whole case."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the sums are made with. ``people_errors``: how often people were wrong before, None if unknown."""

    charter: Charter
    minutes: float
    people_errors: float | None
    running: Money | None
    now: datetime

    @property
    def rate(self) -> Money:
        return Money.parse(self.charter.value.cost_per_hour)

    @property
    def error(self) -> Money:
        return Money.parse(self.charter.value.cost_of_error)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One live case with what people did on it and what turned out."""

    case: CaseRecord
    reviews: tuple[Review, ...]
    wrong: bool | None
    check: SpotCheck | None
    stars: float | None


def realised(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    months: int = 12,
    forecast: Forecast | None = None,
    people_errors: float | None = None,
    running: Money | None = None,
) -> Realised:
    """What the cases of the last ``months`` brought, this one included. Asks no source and keeps nothing.

    A month is the one in which a case was taken in; one that is not over is shown and never held against
    its forecast. ``people_errors`` is the share of cases that people got wrong before, ``running`` what a month
    costs besides the usage of models.

    Errors: ``InputProblem`` RW-KPI-010 for currencies that differ, numbers that cannot be; ``NotFound``
    RW-KPI-003.
    """
    may_measure(principal, use_case)
    charter = deployment.loader.charter(speaking_release(deployment, use_case).digest)
    problems = _problems(charter, months, forecast, people_errors, running)
    if problems:
        raise InputProblem("RW-KPI-010", problems)
    now = deployment.now()
    this = f"{now:%Y-%m}"
    wanted = [following(this, number - months + 1) for number in range(months)]
    seen = _look(deployment, use_case, wanted[0])
    spent = review_minutes(
        [review for one in seen for review in one.reviews if review.kind not in _WHOLE],
        usual=charter.review.minutes_per_review,
    )
    terms = Terms(charter, spent.each, people_errors, running, now)
    by_month: dict[str, list[_Seen]] = defaultdict(list)
    for one in seen:
        by_month[_month_of(one.case.created_at)].append(one)
    bands = forecast.bands if forecast else {}
    told = tuple(
        _month(month, by_month.get(month, []), terms, bands.get(month))
        for month in wanted
        if by_month.get(month) or month in bands
    )
    held = [month.inside for month in told if month.inside is not None]
    return Realised(
        use_case=use_case,
        currency=terms.rate.currency,
        months=told,
        minutes=spent,
        calibration=calibration(held) if forecast else None,
        findings=_about(terms, forecast),
    )


def _problems(
    charter: Charter,
    months: int,
    forecast: Forecast | None,
    people_errors: float | None,
    running: Money | None,
) -> list[Problem]:
    found = []
    currency = Money.parse(charter.value.cost_per_hour).currency
    others = {
        "value.cost_of_error": Money.parse(charter.value.cost_of_error).currency,
        "forecast": forecast.currency if forecast else currency,
        "running cost": running.currency if running else currency,
    }
    for place, other in others.items():
        if other != currency:
            hint = "the same currency everywhere; nothing is converted here"
            found.append(
                Problem(f"found {other}, `value.cost_per_hour` is in {currency}", place=place, hint=hint)
            )
    if not 1 <= months <= MOST_MONTHS:
        found.append(Problem(f"expected 1 to {MOST_MONTHS} months, found {months}", place="months"))
    if people_errors is not None and not 0 <= people_errors <= 1:
        found.append(
            Problem(f"expected a share from 0 to 1, found {people_errors:g}", place="people's errors")
        )
    if running is not None and running.minor < 0:
        found.append(Problem(f"a cost is not below 0, found {running}", place="running cost"))
    return found


def _look(deployment: Deployment, use_case: str, first: str) -> list[_Seen]:
    checks = _judged_checks(deployment, use_case)
    found: list[_Seen] = []
    batch: list[CaseRecord] = []
    for case in live_cases(deployment, use_case):
        if _month_of(case.created_at) < first:
            break
        batch.append(case)
        if len(batch) == 200:
            found += _with_records(deployment, batch, checks)
            batch = []
    return found + _with_records(deployment, batch, checks)


def _with_records(
    deployment: Deployment, cases: Sequence[CaseRecord], checks: dict[str, SpotCheck]
) -> list[_Seen]:
    found = []
    with deployment.store.read() as tx:
        stars: dict[str, list[int]] = defaultdict(list)
        for rating in deployment.store.cases.ratings(tx, [case.id for case in cases]):
            stars[rating.case].append(rating.stars)
        for case in cases:
            said = {
                outcome.judgement
                for outcome in deployment.store.cases.outcomes(tx, case.id)
                if not outcome.source.startswith(SOURCE)
            }
            wrong = True if TrueOutcome.WRONG in said else False if TrueOutcome.RIGHT in said else None
            reviews = tuple(
                review
                for review in deployment.store.reviews.of_case(tx, case.id)
                if review.state is ReviewState.DECIDED and review.decided_at is not None
            )
            found.append(_Seen(case, reviews, wrong, checks.get(case.id), _mean(stars[case.id])))
    return found


def _judged_checks(deployment: Deployment, use_case: str) -> dict[str, SpotCheck]:
    found: dict[str, SpotCheck] = {}
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.spot_checks.list(
                tx, use_case, states=[CheckState.JUDGED], after=after, limit=200
            )
        found.update({check.case: check for check in page.rows})
        after = page.after
        if not after:
            return found


def _month(month: str, seen: Sequence[_Seen], terms: Terms, band: Band | None) -> Month:
    stayed = [one for one in seen if held_out(one.case)]
    worked = [one for one in seen if not held_out(one.case)]
    concluded = [one for one in worked if one.case.state is State.CLOSED and one.case.handled_by]
    automatic = [one for one in concluded if one.case.handled_by == "automatic"]
    over = f"{terms.now:%Y-%m}" > month
    findings = []
    if len(concluded) < len(worked):
        findings.append(f"{len(worked) - len(concluded)} cases are not concluded yet")
    reviews = [review for one in worked for review in one.reviews]
    minutes = _minutes_saved(concluded, reviews, terms)
    errors = _errors(automatic)
    if errors is None and automatic:
        findings.append(
            "nobody looked at an automatic case: its errors are unknown, and so is the net value"
        )
    elif errors is not None and errors.source == "outcomes":
        findings.append("errors are known from outcomes only, which nobody drew by lot")
    usage = _usage(worked)
    each = None
    if len(usage) == 1 and concluded:
        each = Cost(round(Decimal(usage[0].nano) / len(concluded)), usage[0].currency)
    saved = minor_of(
        Decimal(terms.rate.minor) * Decimal(minutes) / 60 / _coins(terms.rate), terms.rate.currency
    )
    harm, net, ends = _net(saved, errors, len(automatic), usage, terms, findings)
    avoided = None
    if terms.people_errors is not None and errors is not None:
        avoided = round((terms.people_errors - errors.share) * len(automatic), 2)
    settled = over and net is not None and len(concluded) == len(worked)
    return Month(
        month=month,
        over=over,
        cases=len(seen),
        concluded=len(concluded),
        automatic=len(automatic),
        by_person=len(concluded) - len(automatic),
        stayed=len(stayed),
        adoption=len(automatic) / len(concluded) if concluded else None,
        adoption_interval=wilson(len(automatic), len(concluded)),
        reviews=len(reviews),
        minutes_saved=minutes,
        errors=errors,
        errors_avoided=avoided,
        rated=_rated(concluded),
        usage=usage,
        cost_per_outcome=each,
        saved=saved,
        harm=harm,
        net=net,
        net_range=ends,
        band=band,
        inside=net in band if band is not None and net is not None and settled else None,
        findings=tuple(findings),
    )


def _minutes_saved(concluded: Sequence[_Seen], reviews: Sequence[Review], terms: Terms) -> float:
    """What the cases took before, less what people still spend on them; spot checks are people's time too."""
    before = terms.charter.value.minutes_per_case
    whole = sum(review.kind in _WHOLE for review in reviews)
    return len(concluded) * before - whole * before - (len(reviews) - whole) * terms.minutes


def _errors(automatic: Sequence[_Seen]) -> Errors | None:
    """From spot checks where there are any: they were drawn by lot. Else from outcomes."""
    checked = [
        Checked(one.check.q, one.check.judgement is TrueOutcome.WRONG)
        for one in automatic
        if one.check is not None and one.check.judgement in {TrueOutcome.RIGHT, TrueOutcome.WRONG}
    ]
    if checked:
        least = min(one.q for one in checked)
        watch = ConfidenceSequence().extend(
            [float(one.wrong) for one in checked], weights=[least / one.q for one in checked]
        )
        return Errors("spot checks", len(checked), hajek(checked).error, watch.interval)
    known = [one.wrong for one in automatic if one.wrong is not None]
    if not known:
        return None
    return Errors("outcomes", len(known), sum(known) / len(known), wilson(sum(known), len(known)))


def _mean(stars: Sequence[int]) -> float | None:
    return sum(stars) / len(stars) if stars else None


def _rated(concluded: Sequence[_Seen]) -> Rated | None:
    """A case that several people rated counts once, with their mean."""
    stars = [one.stars for one in concluded if one.stars is not None]
    if not stars:
        return None
    satisfied = sum(one >= SATISFIED for one in stars)
    share = satisfied / len(stars)
    return Rated(len(stars), sum(stars) / len(stars), share, wilson(satisfied, len(stars)))


def _usage(worked: Sequence[_Seen]) -> tuple[Cost, ...]:
    found: dict[str, Cost] = {}
    for one in worked:
        cost = one.case.cost
        found[cost.currency] = found.get(cost.currency, Cost(0, cost.currency)) + cost
    return tuple(found[currency] for currency in sorted(found))


def _net(
    saved: Money,
    errors: Errors | None,
    automatic: int,
    usage: Sequence[Cost],
    terms: Terms,
    findings: list[str],
) -> tuple[Money | None, Money | None, tuple[Money, Money] | None]:
    """Harm, net value and its range; None where a part is unknown or in another currency."""
    currency, coins = saved.currency, _coins(saved)

    def harm(share: float) -> Money:
        return Money(round(Decimal(share) * automatic * terms.error.minor), currency)

    if errors is None and automatic:
        return None, None, None
    seen = harm(errors.share) if errors else Money(0, currency)
    least, most = (harm(errors.interval.low), harm(errors.interval.high)) if errors else (seen, seen)
    used = [cost for cost in usage if cost.nano]
    if any(cost.currency != currency for cost in used):
        findings.append(f"usage is counted in {used[0].currency}, the value in {currency}: no net value")
        return seen, None, None
    rest = saved - Money(sum(round(Decimal(cost.nano) * coins / NANO) for cost in used), currency)
    if terms.running is not None:
        rest = rest - terms.running
    return seen, rest - seen, (rest - most, rest - least)


def _about(terms: Terms, forecast: Forecast | None) -> tuple[str, ...]:
    found = []
    if terms.running is None:
        found.append(
            "running costs besides usage are not known and not counted"
            + ("; a forecast counts them, so the months look better than it says" if forecast else "")
        )
    if terms.people_errors is None:
        found.append("how often people were wrong before is not known: errors avoided are unknown")
    return tuple(found)


def _coins(money: Money) -> int:
    return Money.parse(f"1 {money.currency}").minor


def _month_of(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"
