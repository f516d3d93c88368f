"""The choice of a model, with its reason: the cheapest of those that are good enough, able and healthy."""

from __future__ import annotations

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

    ``floor``: the lower end of a candidate's measured quality has to reach it; one that was never measured
    does not. None: quality is not asked for. ``resting`` says of candidates why they may not be asked now.
    Candidates come in order of preference, which decides where cost is equal.
    """
    kept: list[tuple[int, int, Candidate]] = []
    dropped: dict[str, str] = {}
    for place, one in enumerate(candidates):
        why = _why_not(one, need, today) or _not_good_enough(one.name, floor, quality or {})
        why = why or (resting or {}).get(one.name, "")
        if why:
            dropped[one.name] = why
        else:
            kept.append((one.most(need.read, need.written) or 0, place, one))
    kept.sort(key=lambda each: each[:2])
    order = tuple(one for _, _, one in kept)
    if not order:
        return Route((), "no model may be asked", dropped)
    if len(candidates) == 1:
        return Route(order, "the only one", dropped)
    shown = (quality or {}).get(order[0].name)
    good = f", {shown.low:.3f} of at least {floor:.3f}" if floor is not None and shown is not None else ""
    return Route(order, f"cheapest of {len(order)} that may answer{good}", dropped)


def _why_not(one: Candidate, need: Need, today: date) -> str:
    if lacks := sorted(need.able - one.able):
        return f"it does not do {', '.join(lacks)}"
    if need.region != "any" and one.region not in {"", need.region}:
        return f"it runs in {one.region}, data may be in {need.region}"
    if one.most(need.read, need.written) is None:
        return "nobody knows its price"
    if one.context and need.read + need.written > one.context:
        return f"{need.read + need.written} tokens do not fit into {one.context}"
    if one.most_written and need.written > one.most_written:
        return f"it writes at most {one.most_written} tokens, {need.written} are asked for"
    if one.retires is not None and today > one.retires:
        return f"it was retired after {one.retires}"
    return ""


def _not_good_enough(name: str, floor: float | None, quality: Mapping[str, Quality]) -> str:
    if floor is None:
        return ""
    seen = quality.get(name)
    if seen is None:
        return "its quality was never measured"
    return f"its quality is {seen.low:.3f}, at least {floor:.3f} is asked for" if seen.low < floor else ""
