"""How costs are told on the command line: lines, cases, bands and days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.cli.output import Output

if TYPE_CHECKING:
    from roadworthy.business.costs.forecast import Band, MonthForecast
    from roadworthy.business.costs.report import Line
    from roadworthy.business.costs.rows import ContextUse
    from roadworthy.measure.costs import Books
    from roadworthy.quantities import Cost

HEADER = (
    "period", "unit", "use_case", "work", "release", "step", "model", "calls", "retries", "unpriced", "cost",
    "interrupted", "currency", "model_calls", "tokens_read", "tokens_cached", "tokens_stored", "tokens_written",
    "tokens_reasoning",
)  # fmt: skip
TOKENS = ("read", "cached", "stored", "written", "reasoning")
"""Columns of the books as a file."""


def show_lines(out: Output, shown: tuple[Line, ...]) -> None:
    """A table; columns that tell nothing apart are left out."""
    columns = [name for name in HEADER[:7] if any(getattr(line, name) for line in shown)]
    kinds = [name for name in TOKENS if any(getattr(line.tokens, name) for line in shown)]
    out.table(
        [*columns, "calls", "retries", "cost", "interrupted", *(f"tokens {name}" for name in kinds)],
        (
            [
                *(_named(name, getattr(line, name)) for name in columns),
                line.calls,
                line.retries,
                short(line.cost),
                short(line.interrupted),
                *(f"{getattr(line.tokens, name):,}" for name in kinds),
            ]
            for line in shown
        ),
        empty="nothing was spent in these days",
    )


def show_cases(out: Output, found: Books) -> None:
    """What a live case comes to, a sentence for each use case."""
    for one in found.per_case():
        if one.each is None:
            said = "none was taken in" if not one.cases else f"{one.usage} and {one.people}: two currencies"
            out.say(f"live cases of {one.use_case}: {said}")
            continue
        resolved = (
            "none is closed" if one.each_resolved is None else f"{short(one.each_resolved)} a closed one"
        )
        out.say(
            f"live cases of {one.use_case}: {one.cases:,}, {one.resolved:,} closed, {one.automatic:,} without a "
            f"person; {short(one.each)} each, {resolved}, with {one.reviews:,} reviews at {short(one.people)}"
        )


def show_contexts(out: Output, found: Books) -> None:
    """How long the contexts of live calls to models are, a sentence for each step and model."""
    from roadworthy.business.costs.tokens import waste

    for one in found.contexts:
        cached = one.cached / one.read if one.read else 0.0
        out.say(
            f"{one.named} of {one.use_case} by {one.model}: {one.calls:,} calls, a typical one reads {one.typical:,} "
            f"tokens; {waste(one):.0%} of what is read lies above that, {cached:.0%} came from the provider's cache"
        )


def context_json(one: ContextUse) -> dict[str, Any]:
    """The same as plain JSON values."""
    from roadworthy.business.costs.tokens import waste

    return {
        "use_case": one.use_case,
        "release": one.release,
        "step": one.named,
        "model": one.model,
        "calls": one.calls,
        "read": one.read,
        "cached": one.cached,
        "written": one.written,
        "typical": one.typical,
        "waste": waste(one),
    }


def _named(name: str, value: str) -> str:
    return value.removeprefix("sha256:")[:12] if name == "release" else value


def short(cost: Cost) -> str:
    """Cents, or more digits for what is less than one."""
    amount = cost.nano / 1e9
    return f"{amount:,.2f} {cost.currency}" if abs(amount) >= 1 else f"{amount:.6f} {cost.currency}"


def span(band: Band, *, digits: int = 2) -> str:
    """A band in words."""
    low, middle, high = (f"{one / 1e9:,.{digits}f}" for one in (band.low, band.middle, band.high))
    return f"{low} to {high} EUR four times in five, {middle} in the middle"


def band_json(band: Band | None) -> dict[str, Any] | None:
    """A band as plain JSON values, money as text."""
    from roadworthy.quantities import Cost

    if band is None:
        return None
    low, middle, high = (str(Cost(round(one))) for one in (band.low, band.middle, band.high))
    return {"low": low, "middle": middle, "high": high, "coverage": 0.8}


def dates(end: MonthForecast) -> list[str | None]:
    """Early, middle and late day on which the budget is gone; None: not within the month."""
    return [None if day is None else day.isoformat() for day in end.runs_out]


def out_of_money(end: MonthForecast) -> str:
    """When the budget is gone, in words."""
    early, middle, late = end.runs_out
    if end.band is None:
        return end.note
    if early is None:
        return "it lasts for the month, nine times in ten"
    if late is not None:
        return f"it is gone between {early} and {late}, four times in five"
    return f"it may be gone from {early} on" + (f", rather on {middle}" if middle else "")
