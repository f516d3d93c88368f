"""Undoing: what was sent is taken back by an effect of its own, which a person approves and which leaves as any other."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectEvent, EffectRecord, EffectState, effect_key
from roadworthy.charter import Charter
from roadworthy.disposition import Kind
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import lane_of, moved
from roadworthy.ports import Transaction
from roadworthy.quantities import Digest
from roadworthy.stage import SIMULATED


class Undo(NamedTuple):
    """What an undo is called with. ``missing``: nobody knows these; a person fills them in."""

    arguments: dict[str, object]
    untrusted: tuple[str, ...]
    missing: tuple[str, ...]


def undo_of(charter: Charter, effect: EffectRecord, arguments: Mapping[str, object]) -> Undo:
    """What the undo of a sent effect is called with: its key, what it was sent with, what its receiver answered.

    A control argument is as trusted as what it is made of: the key always, an argument as it was weighed, a field
    of the response where the tool's charter trusts it.
    """
    tool = charter.tools[effect.tool]
    taking_back = charter.tools[tool.undo]
    answered = json.loads(effect.response or "{}")
    response: Mapping[str, Any] = answered if isinstance(answered, dict) else {}
    wanted = dict(tool.undo_with) or {
        name: "key" if name == "key" else f"response.{name}" if name in response else f"arguments.{name}"
        for name in tuple(taking_back.arguments) or ("key",)
    }
    found: dict[str, object] = {}
    doubted: set[str] = set()
    for name, source in wanted.items():
        if source == "key":
            found[name] = effect.key
            continue
        where, _, field = source.partition(".")
        values = arguments if where == "arguments" else response
        if field in values:
            found[name] = values[field]
        in_doubt = field in effect.untrusted if where == "arguments" else field not in tool.trusted
        if in_doubt:
            doubted.add(name)
    control = dict.fromkeys((*taking_back.control, taking_back.amount))
    required = taking_back.arguments or dict.fromkeys(wanted)
    missing = tuple(
        name
        for name in required
        if name not in found and (name not in taking_back.arguments or taking_back.arguments[name].required)
    )
    return Undo(found, tuple(name for name in control if name in doubted), missing)


def prepare_undo(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    effect: EffectRecord,
    *,
    because: str,
) -> EffectRecord | None:
    """The proposal that takes a confirmed effect back, stored; None where it has no undo or was prepared before.

    Nothing of it leaves before a person approved exactly its arguments.
    """
    tool = charter.tools[effect.tool]
    if effect.state is not EffectState.CONFIRMED or not tool.undo:
        return None
    arguments = deployment.vault.open(tx, effect.arguments)
    undo = undo_of(charter, effect, arguments)
    name = tool.undo
    taking_back = charter.tools[name]
    amount = undo.arguments.get(taking_back.amount) if taking_back.amount else 0
    known = isinstance(amount, int) and not isinstance(amount, bool) and amount >= 0
    minor = int(amount) if known and isinstance(amount, int) else 0
    missing = (*undo.missing, *((taking_back.amount,) if not known else ()))
    if missing:
        # An undo that is not complete would be guessed: a person does it by hand.
        return None
    sealed = deployment.vault.seal(tx, case.subject, undo.arguments)
    slot = f"undo~{effect.slot}"
    now = deployment.now()
    row = EffectRecord(
        id=deployment.new_id(),
        case=case.id,
        use_case=case.use_case,
        slot=slot,
        key=effect_key(case.use_case, case.key, slot),
        tool=name,
        arguments=sealed.id,
        arguments_digest=Digest(deployment.vault.digest(tx, case.subject, undo.arguments)),
        amount=minor,
        state=EffectState.PROPOSED,
        version=1,
        stage=case.stage,
        release=case.release,
        confidence=math.nan,
        certificate="",
        approved_by="",
        disposition=Kind.REVIEW,
        reasons=(because, f"undo: `{name}` takes `{effect.tool}` back"),
        untrusted=undo.untrusted,
        attempts=0,
        response="",
        created_at=now,
        updated_at=now,
        lane=lane_of(deployment, case, name, taking_back, undo.arguments),
        undoes=effect.id,
    )
    if not deployment.store.effects.add(tx, row):
        return None
    if minor and case.stage not in SIMULATED:
        deployment.store.effects.reserve_spend(tx, case.use_case, name, now.date(), minor)
    deployment.record(
        tx,
        "effect.proposed",
        "system",
        {"effect": row.id, "case": case.id, "use_case": case.use_case, "undoes": effect.id},
        {
            "tool": name, "slot": slot, "arguments": row.arguments_digest, "amount": str(minor),
            "disposition": row.disposition, "state": str(row.state), "reasons": list(row.reasons),
            "release": row.release, "stage": str(row.stage),
        },
    )  # fmt: skip
    return row


def undone(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """An undo was felt: what it takes back is undone. Any other effect: nothing happens."""
    original = deployment.store.effects.get(tx, effect.undoes) if effect.undoes else None
    if original is not None and original.state is EffectState.CONFIRMED:
        moved(deployment, tx, original, EffectEvent.UNDONE, {"by": effect.id})
