"""The choice of a model, with its reason: the cheapest of those that are good enough, able and healthy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from roadworthy.routing.candidate import Candidate, Need, Quality


@dataclass(frozen=True, slots=True)
class Route:
    """Models to ask, in order; the next one where the one before does not answer. Empty: none may be asked.

    ``reason`` says in a few words why the first one is first; ``dropped`` why each other one is not asked.
    """

    order: tuple[Candidate, ...]
    reason: str
    dropped: Mapping[str, str]


def choose(
    candidates: Sequence[Candidate],
    *,
    need: Need,
    today: date,
    floor: float | None = None,
    quality: Mapping[str, Quality] | None = None,
    resting: Mapping[str, str] | None = None,
) -> Route:
    """Which of these answers a request.

    Cost is the most that the request can cost. Where it is equal the better one comes first (one that was
    never measured last), then the one named first. ``floor``: the lower end of a candidate's measured
    quality has to reach it; one that was never measured does not. None: quality is not asked for.
    ``resting`` says of candidates why they may not be asked now.

    Edge: a name that stands twice counts where it stands first.
    """
    seen = quality or {}
    distinct: dict[str, Candidate] = {}
    for one in candidates:
        distinct.setdefault(one.name, one)
    kept: list[tuple[int, float, int, Candidate]] = []
    dropped: dict[str, str] = {}
    for place, (name, one) in enumerate(distinct.items()):
        cost = one.most(need.read, need.written)
        why = unfit(one, need, today) or _not_good_enough(name, floor, seen)
        why = why or (resting or {}).get(name, "")
        if why or cost is None:
            dropped[name] = why or _NO_PRICE
        else:
            kept.append((cost, -_low(seen.get(name)), place, one))
    kept.sort(key=lambda each: each[:3])
    order = tuple(one for *_, one in kept)
    return Route(order, _reason(order, len(distinct), floor, seen), dropped)


_NO_PRICE = "nobody knows its price"


def _reason(
    order: Sequence[Candidate], of: int, floor: float | None, quality: Mapping[str, Quality]
) -> str:
    if not order:
        return "no model may be asked" if of else "there is no model to ask"
    shown = quality.get(order[0].name)
    good = f", {shown.low:.3f} of at least {floor:.3f}" if floor is not None and shown is not None else ""
    if of == 1:
        return f"the only one{good}"
    if len(order) == 1:
        return f"the only one of {of} that may answer{good}"
    return f"cheapest of {len(order)} that may answer{good}"


def _low(quality: Quality | None) -> float:
    low = quality.low if quality is not None else 0.0
    return low if math.isfinite(low) else 0.0


def unfit(one: Candidate, need: Need, today: date) -> str:
    """Why a model cannot answer a request, whatever its quality; empty: it can."""
    if lacks := sorted(need.able - one.able):
        return f"it does not do {', '.join(lacks)}"
    return closed(one, need.region, today) or too_large(one, need)


def closed(one: Candidate, region: str, today: date) -> str:
    """Why a model answers no request at all about data that may be in this region; empty: it may answer some."""
    if region != "any" and one.region not in {"", region}:
        return f"it runs in {one.region}, data may be in {region}"
    if one.price is None and one.bound is None:
        return _NO_PRICE
    if one.retires is not None and today > one.retires:
        return f"it was retired after {one.retires}"
    return ""


def too_large(one: Candidate, need: Need) -> str:
    """Why a request is too large for a model; empty: it is not."""
    surely = need.read if need.surely is None else need.surely
    if one.context and surely + need.written > one.context:
        return f"{surely + need.written} tokens do not fit into {one.context}"
    if one.most_written and need.written > one.most_written:
        return f"it writes at most {one.most_written} tokens, {need.written} are asked for"
    return ""


def _not_good_enough(name: str, floor: float | None, quality: Mapping[str, Quality]) -> str:
    if floor is None:
        return ""
    seen = quality.get(name)
    if seen is None:
        return "its quality was never measured"
    # Written so that what is no number does not pass.
    if not seen.low >= floor:
        return f"its quality is at least {seen.low:.3f}, {floor:.3f} is asked for"
    return ""
