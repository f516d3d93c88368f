"""What calls to models could cost less, from their totals alone: shorter contexts, cached ones, and batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.business.costs.advice import NEXT, Advice, yearly
from roadworthy.business.costs.report import ModelPrice
from roadworthy.business.costs.rows import CallUse, ContextUse, Work
from roadworthy.quantities import Cost
from roadworthy.usage import Price

LEAST_CALLS: Final = 30
FAR_MORE: Final = 10.0
"""Tokens read for each one written, from which on a context is called long."""
MOSTLY: Final = 0.5
"""Part of a typical context that every call holds, from which on it may be mostly the same text."""
_WORTH_IT: Final = 0.02
_MILLION: Final = 1_000_000
_NOBODY_WAITS: Final = frozenset({Work.PILOT, Work.SHADOW, Work.MIRROR, Work.EVALUATION})

_UNKNOWN: Final = ModelPrice(Price(0, 0), "")


def shorter_contexts(
    found: Iterable[ContextUse], prices: Mapping[tuple[str, str], ModelPrice], *, days: int
) -> list[Advice]:
    """Calls that read far more than they write, or mostly the same: what a cut, or a cache, saves at most.

    A cut takes away every token above the typical (median) context. A cache can hold no more than the
    fewest tokens that a call read: no text is looked at, so how much of them really is the same is not
    known. What is cached already is not offered again. ``prices`` by (release, model); calls without a
    known price are passed over, because nothing can be said of their money.
    """
    advice = []
    for one in found:
        price = prices.get((one.release, one.model), _UNKNOWN).price
        if one.calls < LEAST_CALLS or not price.read:
            continue
        subject = f"{one.named} by {one.model}"
        plain = one.read - one.cached
        # The longest contexts are no cheaper or dearer a token than the others: cached ones cost less.
        each = (plain * price.read + one.cached * _cached(price)) / one.read if one.read else 0.0
        cut = int(one.beyond * each) // _MILLION
        long = one.read >= FAR_MORE * max(1, one.written)
        if long and one.beyond >= _WORTH_IT * one.read and cut:
            advice.append(
                Advice(
                    "shorter context",
                    subject,
                    yearly(Cost(cut), days),
                    f"{one.calls} calls in {days} days read {one.read / one.calls:,.0f} tokens each and wrote "
                    f"{one.written / one.calls:,.0f}; {one.beyond / one.read:.0%} of what was read lies above the "
                    f"typical {one.typical:,}",
                    "not measured: a shorter context can leave out what an answer rests on; compare both in a mirror",
                    ready=False,
                    next_step=f"cut contexts to {one.typical:,} tokens (fewer passages, shorter history), then {NEXT}",
                )
            )
        same = max(0, one.least * (one.calls - 1) - one.cached)
        saved = same * (price.read - _cached(price)) // _MILLION
        if one.least >= MOSTLY * one.typical and saved > 0 and same >= _WORTH_IT * one.read:
            advice.append(
                Advice(
                    "cached context",
                    subject,
                    yearly(Cost(saved), days),
                    f"no call of {one.calls} in {days} days read fewer than {one.least:,} tokens, a typical one "
                    f"{one.typical:,}; {one.cached / one.read:.0%} of what was read came from the provider's cache",
                    "the model reads the same; at most this much is the same text, and only the order of the prompt "
                    "tells whether it stands first",
                    ready=False,
                    next_step=f"put what never changes first in the prompt, and see the cached share rise; {NEXT}",
                )
            )
    return advice


def _cached(price: Price) -> int:
    return price.read if price.cached < 0 else price.cached


@dataclass(frozen=True, slots=True)
class Batch:
    """What a provider takes off the price of calls that it may answer within hours, and where that is stated."""

    discount: float
    source: str


def batches(
    calls: Iterable[CallUse], offers: Mapping[tuple[str, str], Batch], *, days: int
) -> list[Advice]:
    """Calls that nobody waits for (pilot, shadow, mirror, evaluation) to models with a price for batches.

    ``offers`` by (release, model). Live calls are left out, however long their cases wait: a step that a
    person waits for and one that does not look the same in the totals.
    """
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    told: dict[tuple[str, str, str], Batch] = {}
    for use in calls:
        offer = offers.get((use.release, use.model))
        if use.work in _NOBODY_WAITS and offer is not None and use.cost.nano and not use.hits:
            key = (use.named, use.model, use.work.value)
            sums[key][0] += use.calls
            # Discounts of one step differ only between releases, and each counts for its own calls.
            sums[key][1] += int(use.cost.nano * offer.discount)
            told[key] = offer
    return [
        Advice(
            "batches",
            f"{step} by {model} in {work}",
            yearly(Cost(saved), days),
            f"{number} calls in {days} days of work that nobody waits for; batches cost "
            f"{told[step, model, work].discount:.0%} less ({told[step, model, work].source})",
            "none is expected: the same model answers, within hours instead of seconds",
            ready=True,
            next_step="hand such work in as batches, where its results may come a day later",
        )
        for (step, model, work), (number, saved) in sorted(sums.items())
        if saved
    ]
