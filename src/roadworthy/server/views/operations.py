"""What the machine does with what comes in: volume, who handles it, why people are asked, what goes wrong.

Everything here is read from figures that are kept by day and hour, and from what waits at this moment: the page costs
the same after a million cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from roadworthy.casework.rating import SATISFIED
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.operate.watching import rollup
from roadworthy.ports import Transaction
from roadworthy.principal import allows, require
from roadworthy.release import Release, Rollout
from roadworthy.server.asking import Ask
from roadworthy.server.views.shared import candidate, plain, rollout_of, visible_use_cases
from roadworthy.stage import Stage
from roadworthy.telemetry.rollup import OUTCOME_SECONDS, WRONG, Name, Rolled

FILTERS: Final = ("range", "use_case", "release")
RANGES: Final[Mapping[str, int]] = {"24h": 0, "7d": 7, "30d": 30, "90d": 90}
"""Days of each range; none where it is told by hour."""
USUAL: Final = "7d"
_ALIVE: Final = timedelta(seconds=15)
_HANDLED: Final = ("automatic", "person", "nobody")
_MOST_CAUSES: Final = 12


def operations(ask: Ask) -> dict[str, Any]:
    """The figures of a period, by day (by hour where the range is ``24h``), and what waits now.

    Errors: ``InputProblem`` RW-SERVER-005 for another range, ``NotFound`` RW-SERVER-012 for an unknown use case.
    """
    span = ask.query.get("range", "") or USUAL
    if span not in RANGES:
        raise InputProblem("RW-SERVER-005", Problem(f"expected one of {', '.join(RANGES)}", place="range"))
    with ask.deployment.store.read() as tx:
        visible = visible_use_cases(ask, tx, "gate.read")
        rollouts = _chosen(ask, tx, visible)
        queue = _waiting(ask, tx, tuple(rollouts))
    release = _release(ask, rollouts)
    found = _figures(ask, tuple(rollouts), span, release)
    behind = rollup.behind(ask.deployment)
    page = {
        "filters": {"range": span, "use_case": ask.use_case, "release": ask.query.get("release", "")},
        "ranges": list(RANGES),
        "use_cases": list(visible),
        "releases": _releases(rollouts) if ask.use_case else [],
        "slots": "hour" if span == "24h" else "day",
        "first": found.slots[0] if found.slots else None,
        "last": found.slots[-1] if found.slots else None,
        "rows": _rows(found),
        "figures": _sums(found),
        "saved": _saved(ask, rollouts, release, found),
        "reviews": _parts(found, Name.REVIEW),
        "answered": _parts(found, Name.ANSWERED),
        "errors": _errors(ask, found),
        "ratings": _ratings(found),
        "time": _times(found),
        "queue": queue,
        "behind": behind,
    }
    return plain(page)  # type: ignore[no-any-return]


def _chosen(ask: Ask, tx: Transaction, visible: Sequence[str]) -> dict[str, Rollout]:
    """The releases of every use case that the page is about."""
    if ask.use_case:
        require(ask.principal, "gate.read", use_case=ask.use_case)
        return {ask.use_case: rollout_of(ask, tx, ask.use_case)}
    return {name: ask.deployment.store.releases.rollout(tx, name) for name in visible}


def _release(ask: Ask, rollouts: Mapping[str, Rollout]) -> Release | None:
    """The release that is asked about, by name or digest. Errors: as ``Rollout.named``; without a use case RW-SERVER-005."""
    wanted = ask.query.get("release", "")
    if not wanted:
        return None
    if not ask.use_case:
        raise InputProblem(
            "RW-SERVER-005", Problem("a release is one of a use case", place="release", hint="name both")
        )
    return rollouts[ask.use_case].named(wanted)


def _releases(rollouts: Mapping[str, Rollout]) -> list[dict[str, str]]:
    every = (release for rollout in rollouts.values() for release in rollout.releases)
    return [
        {"name": release.name, "stage": release.stage}
        for release in sorted(every, key=lambda one: -one.number)
    ]


def _figures(ask: Ask, use_cases: Sequence[str], span: str, release: Release | None) -> Rolled:
    digest = release.digest if release else ""
    if span == "24h":
        return rollup.hours(ask.deployment, use_cases, hours=24, release=digest, together=True)
    today = ask.deployment.now().date()
    first = today - timedelta(days=RANGES[span] - 1)
    return rollup.days(ask.deployment, use_cases, first=first, last=today, release=digest, together=True)


def _rows(found: Rolled) -> list[dict[str, Any]]:
    """One row a slot; the twin as CSV gives just these."""
    columns: dict[str, Sequence[int]] = {
        "accepted": found.by_slot(Name.ACCEPTED),
        "rejected": found.by_slot(Name.REJECTED),
        **{by: found.by_slot(Name.CLOSED, by) for by in _HANDLED},
        "known": found.by_slot(Name.OUTCOME, ""),
        "wrong": found.by_slot(Name.OUTCOME, WRONG),
        "review_seconds": found.by_slot(Name.REVIEW_S),
    }
    return [
        {
            "slot": slot,
            **{name: values[place] for name, values in columns.items()},
            "automation": _share(columns["automatic"][place], sum(columns[by][place] for by in _HANDLED)),
        }
        for place, slot in enumerate(found.slots)
    ]


def _sums(found: Rolled) -> dict[str, Any]:
    handled = found.labels(Name.CLOSED)
    closed = sum(handled.values())
    accepted, rejected = found.total(Name.ACCEPTED), found.total(Name.REJECTED)
    reached = sum(
        one.value for one in found.rows if one.name == Name.ACCEPTED and one.is_live and one.release
    )
    known, wrong = found.total(Name.OUTCOME, ""), found.total(Name.OUTCOME, WRONG)
    return {
        "accepted": accepted,
        "rejected": rejected,
        "closed": closed,
        **{by: handled.get(by, 0) for by in _HANDLED},
        "automation": _share(handled.get("automatic", 0), closed),
        "reach": _share(reached, accepted + rejected),
        "reached": reached,
        "simulated": found.total(Name.ACCEPTED, live=False) - accepted,
        "known": known,
        "wrong": wrong,
        "wrong_share": _share(wrong, known),
        "reviews": found.total(Name.REVIEW),
        "review_seconds": found.total(Name.REVIEW_S),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _parts(found: Rolled, name: Name) -> list[dict[str, Any]]:
    """Counts under ``kind/word`` labels, the biggest first."""
    told = found.labels(name)
    whole = sum(told.values())
    return [
        {"kind": label.partition("/")[0], "what": label.partition("/")[2], "count": n, "share": n / whole}
        for label, n in told.items()
    ]


def _errors(ask: Ask, found: Rolled) -> list[dict[str, Any]]:
    """Causes with the newest cases that show them, keys only for who may read cases."""
    told = list(found.labels(Name.ERROR).items())[:_MOST_CAUSES]
    wanted = {cause: found.examples(Name.ERROR, cause) for cause, _ in told}
    keys: dict[str, str] = {}
    with ask.deployment.store.read() as tx:
        for id_ in dict.fromkeys(one for ids in wanted.values() for one in ids):
            case = ask.deployment.store.cases.get(tx, id_)
            if case is not None and allows(ask.principal, "case.read", use_case=case.use_case):
                keys[id_] = case.key
    return [
        {
            "cause": cause,
            "count": n,
            "cases": [{"id": id_, "key": keys[id_]} for id_ in wanted[cause] if id_ in keys],
        }
        for cause, n in told
    ]


def _ratings(found: Rolled) -> dict[str, Any]:
    stars = {int(label): n for label, n in found.labels(Name.RATING).items() if label.isdecimal()}
    whole = sum(stars.values())
    satisfied = sum(n for star, n in stars.items() if star >= SATISFIED)
    return {
        "stars": {str(star): stars.get(star, 0) for star in range(5, 0, -1)},
        "count": whole,
        "mean": sum(star * n for star, n in stars.items()) / whole if whole else None,
        "satisfied": _share(satisfied, whole),
        "answered": _share(whole, found.total(Name.CLOSED)),
    }


def _times(found: Rolled) -> dict[str, Any]:
    counted = found.labels(Name.SECONDS)
    most = max((int(place) for place in counted), default=-1)
    return {
        "p50_s": found.quantile(0.5),
        "p95_s": found.quantile(0.95),
        "buckets": [
            {
                "up_to_s": OUTCOME_SECONDS[place] if place < len(OUTCOME_SECONDS) else None,
                "cases": counted.get(str(place), 0),
            }
            for place in range(most + 1)
        ],
    }


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a use case saved of people's time, by what its charter says a case and a review take."""

    use_case: str
    minutes: float
    per_case: float
    per_review: float
    concluded: int
    reviews: int

    def as_json(self) -> dict[str, Any]:
        """As the page shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


def _saved(
    ask: Ask, rollouts: Mapping[str, Rollout], release: Release | None, found: Rolled
) -> dict[str, Any]:
    """Minutes of people, by use case. A use case whose charter cannot be read is told as missing, never as 0."""
    told, missing = [], []
    for name, rollout in rollouts.items():
        if not found.total(Name.CLOSED, use_case=name):
            continue
        charter = _charter(ask, release or _speaking(rollout))
        if charter is None:
            missing.append(name)
            continue
        told.append(_worth(name, charter, found))
    return {
        "minutes": sum(one.minutes for one in told) if told else None,
        "use_cases": [one.as_json() for one in sorted(told, key=lambda one: -one.minutes)],
        "missing": missing,
    }


def _worth(name: str, charter: Charter, found: Rolled) -> _Worth:
    answered = found.labels(Name.ANSWERED, use_case=name)
    whole = sum(n for label, n in answered.items() if label.startswith("work/"))
    reviews = sum(answered.values()) - whole
    concluded = max(0, found.total(Name.CLOSED, use_case=name) - whole)
    per_case, per_review = charter.value.minutes_per_case, float(charter.review.minutes_per_review)
    minutes = concluded * per_case - reviews * per_review
    return _Worth(name, minutes, per_case, per_review, concluded, reviews)


def _speaking(rollout: Rollout) -> Release | None:
    return rollout.at(Stage.PRODUCTION) or candidate(rollout)


def _charter(ask: Ask, release: Release | None) -> Charter | None:
    if release is None:
        return None
    try:
        return ask.deployment.loader.charter(release.digest)
    except RoadworthyError:
        return None


def _waiting(ask: Ask, tx: Transaction, use_cases: Sequence[str]) -> dict[str, Any]:
    """Jobs, workers, effects and reviews at this moment."""
    store, now = ask.deployment.store, ask.deployment.now()
    effects: dict[str, int] = {}
    for row in store.observed.effects(tx):
        use_case, state = row.labels
        if use_case in use_cases:
            effects[state] = effects.get(state, 0) + row.count
    reviews = [row for row in store.observed.reviews(tx) if row.labels[0] in use_cases]
    overdue = sum(
        row.count for row in store.observed.reviews(tx, due_before=now) if row.labels[0] in use_cases
    )
    beats = [at for _, at in store.switches.acknowledgements(tx).values() if at.timestamp() > 0]
    return {
        "effects": effects,
        "reviews": sum(row.count for row in reviews),
        "oldest_review": min((row.oldest for row in reviews), default=now).isoformat() if reviews else None,
        "overdue": overdue,
        "workers": sum(1 for at in beats if now - at <= _ALIVE),
        "last_seen": max(beats).isoformat() if beats else None,
        **dict(_jobs(ask)),
    }


def _jobs(ask: Ask) -> Iterator[tuple[str, Any]]:
    try:
        health = ask.deployment.engine.health()
    except RoadworthyError:
        yield from (("jobs", None), ("running", None), ("oldest_job_s", None), ("dead_letters", None))
        return
    yield "jobs", health.waiting
    yield "running", health.running
    yield "oldest_job_s", health.oldest_waiting_s if health.waiting else None
    yield "dead_letters", health.dead_letters
