"""The airline of tau2-bench on plain dicts: what its write tools change, and its records in SQL."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from scene import Scene

WRITES = frozenset(
    {
        "book_reservation",
        "cancel_reservation",
        "send_certificate",
        "update_reservation_baggages",
        "update_reservation_flights",
        "update_reservation_passengers",
    }
)
GROUNDS = ("booked within a day", "cancelled by the airline", "business", "insured: health or weather")
_SCHEMA = """
create table customers (id text primary key, membership text);
create table methods (id text, customer text, kind text);
create table flights (number text primary key, origin text, destination text);
create table open_flights (number text, day text, primary key (number, day));
create table days (number text, day text, status text, primary key (number, day));
create table reservations (id text primary key, customer text, origin text, destination text, kind text, cabin text,
  created text, insurance text, bags integer, passengers integer, status text);
create table segments (reservation text, number text, day text, status text);
create index of_customer on reservations (customer);
create index of_reservation on segments (reservation);
create index methods_of on methods (id);
"""


class Failed(ValueError):
    """There is no such record."""


class Airline(Scene):
    """One database of the airline."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data, _records(data))
        self.granted: list[tuple[str, int]] = []

    def begin(self) -> None:
        """A task begins."""
        super().begin()
        self.granted = []

    def owner(self, reservation: object) -> str:
        """Whose it is; empty for none."""
        found = self.changed.get(str(reservation)) or self._data["reservations"].get(reservation, {})
        return str(found.get("user_id", ""))

    def state(self) -> dict[str, Any]:
        """What is no longer as it was."""
        old = self._data["reservations"]
        return {
            **{key: value for key, value in sorted(self.changed.items()) if value != old.get(key)},
            "certificates": list(self.granted),
        }

    def write(self, name: str, given: Mapping[str, Any]) -> None:
        """Carry out a change as far as it touches what the rules ask about. Errors: ``Failed``."""
        if name == "send_certificate":
            self.granted.append((given["user_id"], given["amount"]))
            return
        if name == "book_reservation":
            self._book(given)
            return
        key = given["reservation_id"]
        if key not in self._data["reservations"] and key not in self.changed:
            raise Failed("no such reservation")
        one = self.changed.setdefault(key, copy.deepcopy(self._data["reservations"].get(key)))
        if name == "cancel_reservation":
            one["status"] = "cancelled"
        elif name == "update_reservation_flights":
            one |= {
                "cabin": given["cabin"],
                "flights": _legs(given["flights"]),
                "paid_with": given["payment_id"],
            }
        elif name == "update_reservation_baggages":
            one |= {
                "total_baggages": given["total_baggages"],
                "nonfree_baggages": given["nonfree_baggages"],
            }
        else:
            one["passengers"] = list(given["passengers"])
        _keep(self.records, key, one, self._status)

    def flattened(self, name: str, given: Mapping[str, Any], *, ground: str = "") -> dict[str, Any]:
        """A call of tau2's tools as the charter's take it: lists as JSON, a cancellation with its ground."""
        made = dict(given)
        if "flights" in made:
            made["flights"] = json.dumps([[leg["flight_number"], leg["date"]] for leg in made["flights"]])
        if "passengers" in made:
            made["passengers"] = json.dumps(made["passengers"])
        if "payment_methods" in made:
            made["payment_methods"] = json.dumps(
                [[one["payment_id"], one["amount"]] for one in made["payment_methods"]]
            )
        if name == "cancel_reservation":
            made["ground"] = ground
        return made

    def _book(self, given: Mapping[str, Any]) -> None:
        key = f"NEW{sum(key.startswith('NEW') for key in self.changed)}"
        self.changed[key] = {
            **{name: copy.deepcopy(value) for name, value in given.items() if name != "flights"},
            "flights": _legs(given["flights"]),
            "created_at": "2024-05-15T15:00:00",
        }
        _keep(self.records, key, self.changed[key], self._status)

    def _status(self, number: str, day: str) -> str:
        found = self.records.execute(
            "select status from days where number = ? and day = ?", (number, day)
        ).fetchone()
        return found[0] if found else ""


def _legs(flights: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"flight_number": leg["flight_number"], "date": leg["date"]} for leg in flights]


def _keep(records: sqlite3.Connection, key: str, one: Mapping[str, Any], status: Any) -> None:
    records.execute("delete from reservations where id = ?", (key,))
    records.execute("delete from segments where reservation = ?", (key,))
    records.execute(
        "insert into reservations values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key, one["user_id"], one["origin"], one["destination"], one["flight_type"], one["cabin"],
            one["created_at"], one["insurance"], one["total_baggages"], len(one["passengers"]), one.get("status") or "",
        ),
    )  # fmt: skip
    records.executemany(
        "insert into segments values (?, ?, ?, ?)",
        [
            (key, leg["flight_number"], leg["date"], status(leg["flight_number"], leg["date"]))
            for leg in one["flights"]
        ],
    )


def _records(data: Mapping[str, Any]) -> sqlite3.Connection:
    records = sqlite3.connect(":memory:", isolation_level=None)
    records.executescript(_SCHEMA)
    records.execute("begin")
    days: dict[tuple[str, str], str] = {}
    for number, flight in data["flights"].items():
        records.execute(
            "insert into flights values (?, ?, ?)", (number, flight["origin"], flight["destination"])
        )
        days |= {(number, day): one["status"] for day, one in flight["dates"].items()}
    records.executemany(
        "insert into days values (?, ?, ?)", [(*key, status) for key, status in days.items()]
    )
    records.executemany(
        "insert into open_flights values (?, ?)",
        [key for key, status in days.items() if status == "available"],
    )
    for key, user in data["users"].items():
        records.execute("insert into customers values (?, ?)", (key, user["membership"]))
        records.executemany(
            "insert into methods values (?, ?, ?)",
            [(name, key, one["source"]) for name, one in user["payment_methods"].items()],
        )
    for key, one in data["reservations"].items():
        _keep(records, key, one, lambda number, day: days.get((number, day), ""))
    records.execute("commit")
    return records
