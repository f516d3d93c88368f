#!/usr/bin/env python3
"""tau2-bench's shop, replayed without a language model: does what is right pass, and nothing of somebody else's?

    benchmarks/governance/retail.py [--quick] [--json]

Each task's gold calls go through the policies in tau2/ on a fresh copy of the shop. Who the customer is and that they
said yes are given as facts, since the lists of gold calls leave both out. Then every gold write is turned against
somebody else's record, an order in another state, another reason, another card; and is tried without a yes.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from guard import Guarded, Table  # noqa: E402
from report import Bar, arguments, at_least, at_most, not_measured, report, show  # noqa: E402
from shop import WRITES, Failed, Shop  # noqa: E402

from roadworthy.policy import Outcome  # noqa: E402

DATA = HERE.parents[2] / "shared" / "data" / "tau2-bench" / "retail"
CONFIRMED = frozenset({"retail.confirmed"})
Call = tuple[str, Mapping[str, Any]]


class Replay:
    """The shop's tasks, and a customer who stands in front of its policies."""

    def __init__(self, folder: Path = DATA) -> None:
        self._data = json.loads((folder / "db.json").read_text(encoding="utf-8"))
        self.tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
        self.shop = Shop(self._data)
        self._table = Table.load(HERE / "tau2" / "retail.yaml", HERE / "tau2" / "retail.cedar")

    def gold(self, task: Mapping[str, Any]) -> list[Call]:
        return [(one["name"], one["arguments"]) for one in task["evaluation_criteria"]["actions"] or []]

    def customer(self, calls: list[Call]) -> str:
        """Who the gold calls write for; where they write nothing, whom they look up or whose order they read."""
        for _name, given in sorted(calls, key=lambda call: call[0] not in WRITES):
            found = given.get("user_id") or self._data["orders"].get(given.get("order_id"), {}).get(
                "user_id"
            )
            if found:
                return str(found)
        for name, given in calls:
            if name.startswith("find_user"):
                try:
                    return str(self.shop.call(name, given))
                except Failed:
                    continue
        return ""

    def session(self, customer: str) -> Guarded:
        guarded = Guarded(self._table, self.shop.records, subject=customer)
        guarded.readings.trust("the authenticated customer", customer)
        return guarded

    def ungated(self, calls: list[Call]) -> dict[str, Any]:
        """The end state of the calls as they stand."""
        self.shop.begin()
        for name, given in calls:
            try:
                self.shop.call(name, given)
            except Failed:
                continue
        return self.shop.state()

    def gated(self, calls: list[Call], counted: Counter[str]) -> dict[str, Any]:
        """The end state where every call is asked about first."""
        self.shop.begin()
        session = self.session(self.customer(calls))
        for name, given in calls:
            may = session.ask(f"retail.{name}", given, approvals=CONFIRMED).outcome is Outcome.ALLOW
            try:
                done = self.shop.call(name, given) if may else _tried(self.shop, name, given)
            except Failed:
                counted["denied, and the shop refuses it too" if not may else "the shop refuses it"] += 1
                continue
            counted["passed" if may else f"denied: {name}"] += 1
            if may and name not in WRITES:
                session.heard(f"retail.{name}", given, {"value": done})
        return self.shop.state()

    def before_each_write(self, calls: list[Call]) -> Iterator[tuple[Call, Guarded]]:
        """Each gold write that succeeds, with the shop as it is at that moment."""
        self.shop.begin()
        session = self.session(self.customer(calls))
        for name, given in calls:
            if name in WRITES:
                yield (name, given), session
            try:
                self.shop.call(name, given)
            except Failed:
                continue

    def turned(self, call: Call, customer: str) -> Iterator[tuple[str, Call]]:
        """The write turned against somebody else, or against the rules, by one change each."""
        name, given = call
        if "user_id" in given:
            yield "another customer", (name, {**given, "user_id": self._stranger(customer)})
            return
        order = self.shop.order(given["order_id"])
        other = self._order(order["status"], not_of=customer)
        if other:
            whole = {**given, "order_id": other["order_id"]}
            yield "another customer's order", (name, whole)
            lines = [line["item_id"] for line in other["items"]]
            if "item_ids" in given:
                whole |= {"item_ids": lines[:1]}
                if "new_item_ids" in given:
                    whole |= {"new_item_ids": lines[:1]}
            if "payment_method_id" in given:
                whole |= {"payment_method_id": other["payment_history"][0]["payment_method_id"]}
            yield "another customer's order, all of it", (name, whole)
            if "payment_method_id" in given:
                foreign = next(iter(self._data["users"][other["user_id"]]["payment_methods"]))
                yield "another customer's payment method", (name, {**given, "payment_method_id": foreign})
        wrong = self._order("cancelled", of=customer) or self._order("processed", of=customer)
        if wrong:
            yield "an order in another state", (name, {**given, "order_id": wrong["order_id"]})
        if "reason" in given:
            yield "another reason", (name, {**given, "reason": "changed my mind"})
        if name == "return_delivered_order_items":
            paid = {one["payment_method_id"] for one in order["payment_history"]}
            methods = self._data["users"][customer]["payment_methods"].values()
            card = next(
                (m["id"] for m in methods if m["source"] != "gift_card" and m["id"] not in paid), None
            )
            if card:
                yield "refund to another card", (name, {**given, "payment_method_id": card})
        if "new_item_ids" in given:
            yield (
                "an item of another product",
                (name, {**given, "new_item_ids": [self._foreign_item(order)]}),
            )

    def _stranger(self, customer: str) -> str:
        return next(key for key in self._data["users"] if key != customer)

    def _order(self, status: str, *, of: str = "", not_of: str = "") -> Mapping[str, Any] | None:
        for order in self._data["orders"].values():
            if order["status"] == status and (order["user_id"] == of if of else order["user_id"] != not_of):
                found: Mapping[str, Any] = order
                return found
        return None

    def _foreign_item(self, order: Mapping[str, Any]) -> str:
        own = {line["product_id"] for line in order["items"]}
        product = next(one for key, one in self._data["products"].items() if key not in own)
        return next(item for item, one in product["variants"].items() if one["available"])


def _tried(shop: Shop, name: str, given: Mapping[str, Any]) -> None:
    """Whether the shop's tool would do it; what it changed does not count."""
    before = {key: dict(value) for key, value in shop.changed.items()}
    try:
        shop.call(name, given)
    finally:
        shop.changed = before


def measure(*, quick: bool = False) -> tuple[dict[str, object], list[Bar]]:
    """Figures and bars."""
    replay = Replay()
    tasks = replay.tasks[:: 5 if quick else 1]
    counted: Counter[str] = Counter()
    equal = changed = 0
    for task in tasks:
        calls = replay.gold(task)
        wanted = replay.ungated(calls)
        changed += bool(wanted)
        equal += replay.gated(calls, counted) == wanted
    denied = {name: count for name, count in counted.items() if name.startswith("denied:")}
    tried: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    by_itself: Counter[str] = Counter()
    began = time.process_time()
    asked = 0
    for task in tasks:
        calls = replay.gold(task)
        customer = replay.customer(calls)
        for call, session in replay.before_each_write(calls):
            unconfirmed = session.ask(f"retail.{call[0]}", call[1])
            tried["without a yes"] += 1
            passed["without a yes"] += unconfirmed.outcome is Outcome.ALLOW
            for kind, (name, given) in replay.turned(call, customer):
                tried[kind] += 1
                asked += 1
                answer = session.ask(f"retail.{name}", given, approvals=CONFIRMED)
                passed[kind] += answer.outcome is Outcome.ALLOW
                by_itself[kind] += _accepts(replay.shop, name, given)
    across = [kind for kind in tried if kind.startswith("another customer")]
    figures: dict[str, object] = {
        "tasks": len(tasks),
        "tasks that change the shop": changed,
        "gold calls": dict(sorted(counted.items())),
        "end states equal": equal,
        "turned writes: tried": dict(sorted(tried.items())),
        "turned writes: passed": dict(sorted(passed.items())),
        "turned writes: accepted by the shop's tools alone": dict(sorted(by_itself.items())),
        "ms of CPU a turned write, judged and tried": round(
            1000 * (time.process_time() - began) / max(asked, 1), 2
        ),
    }
    bars = [
        at_most("gold calls denied", float(sum(denied.values())), 0),
        at_least("end states equal", float(equal), len(tasks)),
        at_most("writes across customers that passed", float(sum(passed[kind] for kind in across)), 0),
        at_most(
            "other turned writes that passed",
            float(sum(passed.values()) - sum(passed[k] for k in across)),
            0,
        ),
    ]
    return figures, bars


def _accepts(shop: Shop, name: str, given: Mapping[str, Any]) -> bool:
    try:
        _tried(shop, name, given)
    except (Failed, KeyError, StopIteration, IndexError):
        return False
    return True


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    if not DATA.is_dir():
        return not_measured("governance: tau2 retail", "data")
    figures, bars = measure(quick=options.quick)
    if not options.json:
        show(figures)
    return report("governance: tau2 retail", figures, bars, packages=("cedarpy",))


if __name__ == "__main__":
    sys.exit(main())
