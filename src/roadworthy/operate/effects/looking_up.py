"""Looking up: what became of an effect that may have been felt.

The race that decides the rule: a request that timed out may still be carried out a moment later, so the answer "this
key is not known" is worth nothing while that can happen. A key counts as never felt only where the question began
after the attempt, its time limit (until then our own request may be on its way) and what the charter grants its
receiver (``lookup_after``). That it *was* felt counts whenever it is said. Until it is known the effect stays
``unknown``; it is asked again with growing patience, and who cannot be asked for long leaves it to a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectEvent, EffectRecord, EffectState, Idempotency
from roadworthy.charter import Tool, seconds
from roadworthy.errors import Corrupt, InputProblem, Refused, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import kept, moved, wait_s
from roadworthy.ports import LoadedRelease

MOST_LOOKUPS: Final = 20


def never_felt_from(tool: Tool, effect: EffectRecord) -> datetime:
    """From when on "not known" means that it was not felt, and will not be."""
    began = effect.sent_at or effect.updated_at
    return began + timedelta(seconds=seconds(tool.timeout) + seconds(tool.lookup_after))


def look_up(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> EffectRecord:
    """Ask the receiver once what became of a sent effect; returns the row as it stands afterwards.

    Confirmed where it was felt, ready where it surely was not, else unknown with the time of the next question;
    without one a person decides.
    """
    tool = release.charter.tools[effect.tool]
    asked_at = deployment.now()
    try:
        felt = _ask(release, effect)
    except (Unavailable, InputProblem, Refused, Corrupt) as problem:
        again = isinstance(problem, Unavailable) and effect.lookups + 1 < MOST_LOOKUPS
        asked_s = (problem.asked_s if isinstance(problem, Unavailable) else None) or 0.0
        wait = wait_s(effect, effect.lookups + 1, asked_s=asked_s) if again else None
        return _unknown(deployment, effect, wait, problem.message)
    if felt is not None:
        with deployment.store.write() as tx:
            return moved(
                deployment, tx, effect, EffectEvent.CONFIRMED, {"by": "lookup"}, response=_json(felt)
            )
    counts_from = never_felt_from(tool, effect)
    if asked_at < counts_from:
        left = (counts_from - asked_at).total_seconds()
        patient = wait_s(effect, effect.lookups + 1)
        return _unknown(deployment, effect, min(left, patient), "its receiver does not know it yet")
    with deployment.store.write() as tx:
        if effect.state is EffectState.SENDING:
            # What an unclear attempt leaves is unknown first: the record shows that it was asked about.
            effect = moved(deployment, tx, effect, EffectEvent.LOST, {"reason": "the attempt was cut off"})
        return moved(
            deployment, tx, effect, EffectEvent.RETRIED,
            {"reason": "its receiver never felt it", "by": "lookup"}, lookups=0,
        )  # fmt: skip


def may_be_looked_up(release: LoadedRelease, effect: EffectRecord) -> bool:
    """Its receiver can be asked about keys."""
    connector = release.tools.get(effect.tool)
    return connector is not None and connector.idempotency is Idempotency.LOOKUP


def _ask(release: LoadedRelease, effect: EffectRecord) -> Mapping[str, object] | None:
    """What the receiver says of the key, by the charter's `lookup` tool where it names one."""
    asked = release.charter.tools[effect.tool].lookup
    if asked:
        return release.tools[asked].call({"key": effect.key}) or None
    return release.tools[effect.tool].lookup(effect.key)


def _unknown(deployment: Deployment, effect: EffectRecord, wait: float | None, reason: str) -> EffectRecord:
    due_at = None if wait is None else deployment.now() + timedelta(seconds=wait)
    lookups = effect.lookups + 1
    with deployment.store.write() as tx:
        if effect.state is EffectState.SENDING:
            return moved(
                deployment, tx, effect, EffectEvent.LOST, {"reason": reason}, due_at=due_at, lookups=lookups
            )
        return kept(deployment, tx, effect, due_at=due_at, lookups=lookups)


def _json(felt: Mapping[str, object]) -> str:
    return json.dumps(felt, default=str)
