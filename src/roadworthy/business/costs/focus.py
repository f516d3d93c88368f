"""The books as FOCUS 1.2 rows, the form that FinOps tools read (FinOps Open Cost and Usage Specification)."""

from __future__ import annotations

import calendar
import csv
import io
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from roadworthy.business.costs.report import Line
from roadworthy.quantities import NANO, Cost

VERSION: Final = "1.2"
COLUMNS: Final = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType",
    "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "CapacityReservationId",
    "CapacityReservationStatus", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId",
    "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus",
    "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractedCost",
    "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice",
    "PricingCategory", "PricingCurrency", "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType",
    "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails",
    "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
)  # fmt: skip
"""Every column of 1.2, mandatory or not: what does not apply is empty, as the specification wants it."""
OWN: Final = (
    "x_InterruptedCost", "x_Model", "x_Release", "x_RetryAttempts", "x_Step", "x_UnpricedCalls", "x_UseCase", "x_Work",
)  # fmt: skip
"""Columns of our own, which a reader may pass over."""

_OURS = "Roadworthy"
_SUBCATEGORY = {"generate": "Generative AI", "predict": "Machine Learning", "grade": "Generative AI"}
_OTHER = "Other (AI and Machine Learning)"


def focus_csv(found: Iterable[Line], *, month: date, account: str) -> str:
    """The month (its first day) as a CSV file, one row for each day, use case, work, release, step and model.

    ``found`` are lines told apart by day and everything else. A cost is passed on as it came: the price
    of a euro's worth of metered usage is one euro, so that quantity times price is the cost to the last
    nano-unit. ``ConsumedQuantity`` counts calls. ``InvoiceId`` is empty: no invoice is behind these rows.

    Twice:   the same lines give the same bytes. A month that is over does not change any more, but for
             the grades of evaluations that were still running.
    Errors:  ``ValueError`` for a line that is of no day of the month.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *OWN))
    for line in found:
        row = _row(line, month, account)
        writer.writerow([row.get(name, "") for name in (*COLUMNS, *OWN)])
    return text.getvalue()


def _row(line: Line, month: date, account: str) -> dict[str, str]:
    day = date.fromisoformat(line.period)
    if (day.year, day.month) != (month.year, month.month):
        raise ValueError(f"{day} is no day of {month:%Y-%m}")
    first, last = month.replace(day=1), calendar.monthrange(month.year, month.month)[1]
    cost, currency = _decimal(line.cost), line.cost.currency
    kind = line.step.partition(":")[0]
    sku = f"{line.step}/{line.model}" if line.model else line.step
    return {
        "BilledCost": cost,
        "BillingAccountId": account,
        "BillingAccountName": account,
        "BillingAccountType": "Installation",
        "BillingCurrency": currency,
        "BillingPeriodStart": _moment(first),
        "BillingPeriodEnd": _moment(first + timedelta(days=last)),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{line.calls} calls of {line.step} in {line.use_case} ({line.work})",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _moment(day),
        "ChargePeriodEnd": _moment(day + timedelta(days=1)),
        "ConsumedQuantity": str(line.calls),
        "ConsumedUnit": "Requests",
        "ContractedCost": cost,
        "ContractedUnitPrice": "1",
        "EffectiveCost": cost,
        "InvoiceIssuerName": _OURS,
        "ListCost": cost,
        "ListUnitPrice": "1",
        "PricingCategory": "Standard",
        "PricingCurrency": currency,
        "PricingCurrencyContractedUnitPrice": "1",
        "PricingCurrencyEffectiveCost": cost,
        "PricingCurrencyListUnitPrice": "1",
        "PricingQuantity": cost,
        "PricingUnit": currency,
        "ProviderName": _OURS,
        "PublisherName": _OURS,
        "ResourceId": "/".join(part for part in (line.use_case, line.release, line.step) if part),
        "ResourceName": line.step,
        "ResourceType": "Step",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": line.model or f"{_OURS} {kind}",
        "ServiceSubcategory": "Generative AI" if line.model else _SUBCATEGORY.get(kind, _OTHER),
        "SkuId": sku,
        "SkuMeter": kind,
        "SkuPriceId": f"{sku}/{currency}",
        "SubAccountId": line.unit,
        "SubAccountName": line.unit,
        "SubAccountType": "Unit",
        "Tags": json.dumps(_tags(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        "x_InterruptedCost": _decimal(line.interrupted),
        "x_Model": line.model,
        "x_Release": line.release,
        "x_RetryAttempts": str(line.retries),
        "x_Step": line.step,
        "x_UnpricedCalls": str(line.unpriced),
        "x_UseCase": line.use_case,
        "x_Work": line.work,
    }


def _tags(line: Line) -> dict[str, str]:
    named = {
        "use_case": line.use_case,
        "step": line.step,
        "work": line.work,
        "release": line.release,
        "model": line.model,
        "unit": line.unit,
    }
    return {name: value for name, value in named.items() if value}


def _decimal(cost: Cost) -> str:
    whole, part = divmod(cost.nano, NANO)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".")


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
