"""The shop of tau2-bench on plain dicts: its write tools as its data and rules describe them, and its records in SQL."""

from __future__ import annotations

import copy
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any

from scene import Scene

WRITES = frozenset(
    {
        "cancel_pending_order",
        "exchange_delivered_order_items",
        "modify_pending_order_address",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "modify_user_address",
        "return_delivered_order_items",
    }
)
_ADDRESS = ("address1", "address2", "city", "state", "country", "zip")
_SCHEMA = """
create table orders (id text primary key, customer text, status text, total real);
create table lines (order_id text, item text, product text);
create table payments (order_id text, method text);
create table methods (id text, customer text, kind text, balance real);
create table variants (item text primary key, product text, available integer, price real);
create index lines_of on lines (order_id);
create index payments_of on payments (order_id);
create index methods_of on methods (id);
"""


class Failed(ValueError):
    """The shop's tool does not do this."""


class Shop(Scene):
    """One database of the shop."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data, _records(data))

    def order(self, order: object) -> dict[str, Any]:
        return self._own("orders", order)

    def user(self, user: object) -> dict[str, Any]:
        return self._own("users", user)

    def state(self) -> dict[str, Any]:
        """What is no longer as it was."""
        return {
            f"{kind}/{key}": value
            for (kind, key), value in sorted(self.changed.items())
            if value != self._data[kind][key]
        }

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out one call. Errors: ``Failed`` as the shop's tools fail."""
        done = getattr(self, f"_{name}")(**arguments)
        self._record()
        return done

    # ── what is asked ──

    def _find_user_id_by_email(self, email: str) -> str:
        return self._found(lambda user: user["email"].lower() == email.lower())

    def _find_user_id_by_name_zip(self, first_name: str, last_name: str, zip: str) -> str:
        name = (first_name.lower(), last_name.lower(), zip)
        return self._found(
            lambda user: (
                (
                    user["name"]["first_name"].lower(),
                    user["name"]["last_name"].lower(),
                    user["address"]["zip"],
                )
                == name
            )
        )

    def _get_user_details(self, user_id: str) -> Any:
        return self.user(user_id)

    def _get_order_details(self, order_id: str) -> Any:
        return self.order(order_id)

    def _get_product_details(self, product_id: str) -> Any:
        if product_id not in self._data["products"]:
            raise Failed("no such product")
        return self._data["products"][product_id]

    def _get_item_details(self, item_id: str) -> Any:
        for product in self._data["products"].values():
            if item_id in product["variants"]:
                return product["variants"][item_id]
        raise Failed("no such item")

    def _calculate(self, expression: str) -> str:
        return expression

    def _transfer_to_human_agents(self, summary: str) -> str:
        return summary

    # ── what is changed ──

    def _cancel_pending_order(self, order_id: str, reason: str) -> None:
        order = self._in_state(order_id, "pending")
        if reason not in ("no longer needed", "ordered by mistake"):
            raise Failed("no such reason")
        for paid in list(order["payment_history"]):
            order["payment_history"].append({**paid, "transaction_type": "refund"})
            self._to_gift_card(order["user_id"], paid["payment_method_id"], paid["amount"])
        order["status"], order["cancel_reason"] = "cancelled", reason

    def _modify_pending_order_address(self, order_id: str, **address: str) -> None:
        self._in_state(order_id, "pending", "pending (item modified)")["address"] = _address(address)

    def _modify_user_address(self, user_id: str, **address: str) -> None:
        self.user(user_id)["address"] = _address(address)

    def _modify_pending_order_payment(self, order_id: str, payment_method_id: str) -> None:
        order = self._in_state(order_id, "pending", "pending (item modified)")
        method = self._method(order, payment_method_id)
        first = order["payment_history"][0]
        if len(order["payment_history"]) != 1 or first["payment_method_id"] == payment_method_id:
            raise Failed("not with this payment method")
        if method["source"] == "gift_card" and method["balance"] < first["amount"]:
            raise Failed("not enough balance")
        self._to_gift_card(order["user_id"], payment_method_id, -first["amount"])
        self._to_gift_card(order["user_id"], first["payment_method_id"], first["amount"])
        order["payment_history"] += [
            {**first, "payment_method_id": payment_method_id},
            {**first, "transaction_type": "refund"},
        ]

    def _modify_pending_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> None:
        order = self._in_state(order_id, "pending")
        difference = self._difference(order, item_ids, new_item_ids, payment_method_id)
        kind = "payment" if difference > 0 else "refund"
        order["payment_history"].append(
            {
                "transaction_type": kind,
                "amount": abs(difference),
                "payment_method_id": payment_method_id,
            }
        )
        self._to_gift_card(order["user_id"], payment_method_id, -difference)
        for old, new in zip(item_ids, new_item_ids, strict=True):
            line = next(one for one in order["items"] if one["item_id"] == old)
            variant = self._data["products"][line["product_id"]]["variants"][new]
            line |= {"item_id": new, "price": variant["price"], "options": variant["options"]}
        order["status"] = "pending (item modified)"

    def _exchange_delivered_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> None:
        order = self._in_state(order_id, "delivered")
        difference = self._difference(order, item_ids, new_item_ids, payment_method_id)
        order |= {
            "status": "exchange requested",
            "exchange_items": sorted(item_ids),
            "exchange_new_items": sorted(new_item_ids),
            "exchange_payment_method_id": payment_method_id,
            "exchange_price_difference": difference,
        }

    def _return_delivered_order_items(
        self, order_id: str, item_ids: list[str], payment_method_id: str
    ) -> None:
        order = self._in_state(order_id, "delivered")
        method = self._method(order, payment_method_id)
        original = order["payment_history"][0]["payment_method_id"]
        if method["source"] != "gift_card" and payment_method_id != original:
            raise Failed("not to this payment method")
        self._in_order(order, item_ids)
        order |= {
            "status": "return requested",
            "return_items": sorted(item_ids),
            "return_payment_method_id": payment_method_id,
        }

    # ── what both share ──

    def _own(self, kind: str, key: object) -> dict[str, Any]:
        if key not in self._data[kind]:
            raise Failed(f"no such entry in {kind}")
        name = (kind, str(key))
        if name not in self.changed:
            self.changed[name] = copy.deepcopy(self._data[kind][key])
        return self.changed[name]

    def _found(self, fits: Any) -> str:
        for key, user in self._data["users"].items():
            if fits(user):
                return str(key)
        raise Failed("no such customer")

    def _in_state(self, order_id: str, *states: str) -> dict[str, Any]:
        order = self.order(order_id)
        if order["status"] not in states:
            raise Failed("the order is not in a state for this")
        return order

    def _method(self, order: Mapping[str, Any], method: str) -> Mapping[str, Any]:
        methods = self.user(order["user_id"])["payment_methods"]
        if method not in methods:
            raise Failed("no such payment method")
        return dict(methods[method])

    def _in_order(self, order: Mapping[str, Any], items: list[str]) -> None:
        there = Counter(line["item_id"] for line in order["items"])
        if Counter(items) - there:
            raise Failed("not that many of them in the order")

    def _difference(
        self, order: Mapping[str, Any], items: list[str], new_items: list[str], method: str
    ) -> float:
        self._in_order(order, items)
        if len(items) != len(new_items):
            raise Failed("as many new items as old ones")
        difference = 0.0
        for old, new in zip(items, new_items, strict=True):
            line = next(one for one in order["items"] if one["item_id"] == old)
            variant = self._data["products"][line["product_id"]]["variants"].get(new)
            if variant is None or not variant["available"]:
                raise Failed("no such item of this product to be had")
            difference += variant["price"] - line["price"]
        difference = round(difference, 2)
        paid_with = self._method(order, method)
        if paid_with["source"] == "gift_card" and paid_with["balance"] < difference:
            raise Failed("not enough balance")
        return difference

    def _to_gift_card(self, user: str, method: str, amount: float) -> None:
        found = self.user(user)["payment_methods"].get(method, {})
        if found.get("source") == "gift_card":
            found["balance"] = round(found["balance"] + amount, 2)

    def _record(self) -> None:
        """The records follow the orders."""
        for (kind, key), value in self.changed.items():
            if kind == "orders":
                self.records.execute("update orders set status = ? where id = ?", (value["status"], key))


def _address(address: Mapping[str, str]) -> dict[str, str]:
    return {name: address[name] for name in _ADDRESS}


def _records(data: Mapping[str, Any]) -> sqlite3.Connection:
    records = sqlite3.connect(":memory:", isolation_level=None)
    records.executescript(_SCHEMA)
    for key, order in data["orders"].items():
        total = sum(one["amount"] for one in order["payment_history"])
        records.execute(
            "insert into orders values (?, ?, ?, ?)", (key, order["user_id"], order["status"], total)
        )
        records.executemany(
            "insert into lines values (?, ?, ?)",
            [(key, line["item_id"], line["product_id"]) for line in order["items"]],
        )
        records.executemany(
            "insert into payments values (?, ?)",
            [(key, one["payment_method_id"]) for one in order["payment_history"]],
        )
    for key, user in data["users"].items():
        records.executemany(
            "insert into methods values (?, ?, ?, ?)",
            [
                (one["id"], key, one["source"], one.get("balance", 0))
                for one in user["payment_methods"].values()
            ],
        )
    for product in data["products"].values():
        records.executemany(
            "insert into variants values (?, ?, ?, ?)",
            [
                (item, product["product_id"], one["available"], one["price"])
                for item, one in product["variants"].items()
            ],
        )
    return records
