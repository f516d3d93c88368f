"""Budgets and calls in memory."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from roadworthy.ports import Page, Transaction
from roadworthy.ports.metering import (
    CallTotal,
    Settled,
    Spending,
    Standing,
    gone,
    new_calls,
    root_of_calls,
    unknown,
)
from roadworthy.testing.memory.page import page
from roadworthy.testing.memory.transaction import opened
from roadworthy.usage import Ask, Call, Grant, Level, Refusal, answers


@dataclass(frozen=True, slots=True)
class _Owner:
    beat: float
    ttl: float
    charged: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """What is paged, under the text that orders it."""

    id: str
    call: Call


class MemoryMetering:
    """The port ``Metering``. Its clock is the machine's."""

    def begin(self, tx: Transaction, owner: str, *, ttl_s: float) -> None:
        known = opened(tx).table("budget_owner").get(owner)
        if known is not None and known.charged:
            raise gone(owner)
        opened(tx).change("budget_owner")[owner] = _Owner(time.time(), ttl_s)

    def beat(self, tx: Transaction, owner: str) -> bool:
        known = opened(tx).table("budget_owner").get(owner)
        if known is None or known.charged:
            return False
        opened(tx).change("budget_owner")[owner] = replace(known, beat=time.time())
        return True

    def lease(
        self, tx: Transaction, owner: str, asks: Sequence[Ask], *, in_hand: Mapping[str, int] | None = None
    ) -> tuple[Grant | Refusal, ...]:
        _check_owner(tx, owner)
        budgets, leases = opened(tx).change("budget"), opened(tx).change("budget_lease")
        for node in (node for ask in asks for node in ask.path):
            known = budgets.get(node.id) or Standing(node.id, node.level, node.limit, 0, 0)
            budgets[node.id] = replace(known, limit=node.limit)
        left = {id_: one.limit - one.spent - one.held for id_, one in budgets.items()}
        answered = answers(asks, left, in_hand or {})
        for answer in answered:
            for id_, amount in answer.amounts if isinstance(answer, Grant) else ():
                budgets[id_] = replace(budgets[id_], held=budgets[id_].held + amount)
                leases[owner, id_] = leases.get((owner, id_), 0) + amount
        return answered

    def settle(self, tx: Transaction, spending: Spending) -> Settled | None:
        memory = opened(tx)
        if spending.id in memory.table("call_batch"):
            return None
        _check_owner(tx, spending.owner)
        calls, cost, returned = new_calls(spending, memory.table("model_call"))
        for id_ in sorted({*cost, *returned}):
            if id_ not in memory.table("budget"):
                raise unknown(id_)
        memory.change("call_batch")[spending.id] = tuple(call.id for call in calls)
        memory.change("model_call").update({call.id: call for call in calls})
        owner = spending.instead_of or spending.owner
        kept = memory.change("unattributed_charge" if spending.instead_of else "budget_lease")
        taken: dict[str, int] = {}
        for id_ in {*cost, *returned}:
            taken[id_] = min(kept.get((owner, id_), 0), cost.get(id_, 0) + returned.get(id_, 0))
            if taken[id_]:
                kept[owner, id_] -= taken[id_]
        root, total = root_of_calls(calls), sum(call.cost for call in calls)
        if not spending.instead_of:
            _move(tx, spent=cost, freed=taken)
            return Settled(root, len(calls), total, cost, {})
        more = {id_: nano - taken[id_] for id_, nano in cost.items() if nano > taken[id_]}
        _move(tx, spent=more, freed={})
        return Settled(root, len(calls), total, more, {id_: nano for id_, nano in taken.items() if nano})

    def record(self, tx: Transaction, calls: Sequence[Call]) -> None:
        opened(tx).change("model_call").update({call.id: call for call in calls})

    def end(self, tx: Transaction, owner: str) -> None:
        known = opened(tx).table("budget_owner").get(owner)
        if known is None or known.charged:
            return
        _move(tx, spent={}, freed=_take_leases(tx, owner))
        del opened(tx).change("budget_owner")[owner]

    def charge_dead(self, tx: Transaction) -> Mapping[str, Mapping[str, int]]:
        now, owners = time.time(), opened(tx).table("budget_owner")
        silent = sorted(id_ for id_, one in owners.items() if not one.charged and one.beat < now - one.ttl)
        dead = {}
        for owner in silent:
            dead[owner] = _take_leases(tx, owner)
            _move(tx, spent=dead[owner], freed=dead[owner])
            opened(tx).change("budget_owner")[owner] = replace(owners[owner], charged=True)
            charges = opened(tx).change("unattributed_charge")
            charges.update({(owner, id_): amount for id_, amount in dead[owner].items()})
        return dead

    def standing(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, Standing]:
        budgets = opened(tx).table("budget")
        return {id_: budgets[id_] for id_ in ids if id_ in budgets}

    def budgets(
        self, tx: Transaction, *, level: Level | None = None, after: str = "", limit: int = 100
    ) -> Page[Standing]:
        rows = [one for one in opened(tx).table("budget").values() if level in {None, one.level}]
        return page(rows, after=after, limit=limit, newest_first=False)

    def unattributed(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for (_, id_), amount in opened(tx).table("unattributed_charge").items():
            if id_ in ids:
                found[id_] = found.get(id_, 0) + amount
        return found

    def totals(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CallTotal, ...]:
        sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 10)
        for call in opened(tx).table("model_call").values():
            if call.use_case not in use_cases or not start <= call.at < end:
                continue
            day, tokens = call.at.astimezone(UTC).date(), call.tokens
            alike = (
                day, call.use_case, call.version, call.stage, call.step, call.wire.value, call.task, call.model,
                call.ending.value,
            )  # fmt: skip
            added = (
                1, call.attempts, int(call.estimated), tokens.read, tokens.cached, tokens.stored,
                tokens.written, tokens.reasoning, call.tool_calls, call.cost,
            )  # fmt: skip
            sums[alike] = [one + more for one, more in zip(sums[alike], added, strict=True)]
        return tuple(CallTotal(*alike, *sums[alike]) for alike in sorted(sums))

    def of_case(
        self, tx: Transaction, use_case: str, case: str, *, after: str = "", limit: int = 100
    ) -> Page[Call]:
        rows = [
            _Row(f"{call.at.astimezone(UTC).isoformat(timespec='microseconds')} {call.id}", call)
            for call in opened(tx).table("model_call").values()
            if case and (call.use_case, call.case) == (use_case, case)
        ]
        found = page(rows, after=after, limit=limit, newest_first=False)
        return Page(tuple(row.call for row in found.rows), found.after)

    def of_batch(self, tx: Transaction, batch: str) -> tuple[Call, ...]:
        calls = opened(tx).table("model_call")
        return tuple(calls[id_] for id_ in opened(tx).table("call_batch").get(batch, ()))


def _check_owner(tx: Transaction, owner: str) -> None:
    known = opened(tx).table("budget_owner").get(owner)
    if known is None or known.charged:
        raise gone(owner)


def _take_leases(tx: Transaction, owner: str) -> dict[str, int]:
    leases = opened(tx).change("budget_lease")
    keys = sorted(key for key in leases if key[0] == owner)
    taken = {key[1]: leases.pop(key) for key in keys}
    return {id_: amount for id_, amount in taken.items() if amount}


def _move(tx: Transaction, *, spent: Mapping[str, int], freed: Mapping[str, int]) -> None:
    budgets = opened(tx).change("budget")
    for id_ in {*spent, *freed}:
        one = budgets[id_]
        budgets[id_] = replace(one, spent=one.spent + spent.get(id_, 0), held=one.held - freed.get(id_, 0))
