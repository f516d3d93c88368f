"""The FOCUS file: every column of 1.2, exact money, the same bytes for the same lines."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.business.costs.focus import COLUMNS, OWN, focus_csv
from roadworthy.business.costs.report import Line
from roadworthy.quantities import Cost

MONTH = date(2026, 11, 1)
NEVER_EMPTY = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
    "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory", "ChargeDescription",
)  # fmt: skip


def a_line(**changes: object) -> Line:
    values: dict[str, object] = {
        "period": "2026-11-03", "use_case": "support", "unit": "olga", "work": "live", "release": "sha256:ab",
        "step": "predict:intent", "model": "big-model", "calls": 10, "retries": 2, "unpriced": 0,
        "cost": Cost(1_234_567_891), "interrupted": Cost(20),
    }  # fmt: skip
    return Line(**{**values, **changes})  # type: ignore[arg-type]


def rows(*found: Line) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(focus_csv(found, month=MONTH, account="acme"))))


def test_every_column_of_the_specification_stands_once() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 57
    assert list(COLUMNS) == sorted(COLUMNS)
    assert all(name.startswith("x_") for name in OWN)
    assert list(rows(a_line())[0]) == [*COLUMNS, *OWN]


def test_a_row_says_what_was_used_when_and_by_whom() -> None:
    (row,) = rows(a_line())
    assert all(row[name] for name in NEVER_EMPTY)
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (
        "2026-11-03T00:00:00Z",
        "2026-11-04T00:00:00Z",
    )
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (
        "2026-11-01T00:00:00Z",
        "2026-12-01T00:00:00Z",
    )
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == ("10", "Requests")
    assert (row["ServiceName"], row["ServiceSubcategory"]) == ("big-model", "Generative AI")
    assert row["SubAccountId"] == "olga"
    assert json.loads(row["Tags"]) == {
        "model": "big-model", "release": "sha256:ab", "step": "predict:intent", "unit": "olga",
        "use_case": "support", "work": "live",
    }  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=5))
def test_no_nano_unit_is_lost_and_quantity_times_price_is_the_cost(nanos: list[int]) -> None:
    found = rows(*(a_line(cost=Cost(nano)) for nano in nanos))
    assert sum(Decimal(row["BilledCost"]) for row in found) == Decimal(sum(nanos)) / 10**9
    for row in found:
        assert Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"]) == Decimal(row["ListCost"])


def test_the_same_lines_give_the_same_bytes() -> None:
    first, again = (
        focus_csv([a_line(), a_line(step="call:crm.look")], month=MONTH, account="a") for _ in "12"
    )
    assert first == again
    assert "\r" not in first


def test_no_cell_begins_like_a_formula() -> None:
    for row in rows(a_line(), a_line(model="", step="grade:intents", release="")):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_a_line_of_another_month_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no day of 2026-11"):
        focus_csv([a_line(period="2026-12-01")], month=MONTH, account="a")
