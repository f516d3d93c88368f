"""The books as FOCUS 1.2 rows, the form that FinOps tools read (FinOps Open Cost and Usage Specification)."""

from __future__ import annotations

import calendar
import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from roadworthy.business.costs.report import Line
from roadworthy.business.costs.tokens import parts
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
    "x_CacheHits", "x_EstimatedCalls", "x_InterruptedCost", "x_Model", "x_ModelCalls", "x_PriceSnapshot", "x_Release",
    "x_RetryAttempts", "x_Step", "x_TokenType", "x_UnpricedCalls", "x_UseCase", "x_Work",
)  # fmt: skip
"""Columns of our own, which a reader may pass over."""

_OURS = "Roadworthy"
_SUBCATEGORY = {"generate": "Generative AI", "predict": "Machine Learning", "grade": "Generative AI"}
_OTHER = "Other (AI and Machine Learning)"


def focus_csv(found: Iterable[Line], *, month: date, account: str) -> str:
    """The month (its first day) as a CSV file, one row for each day, use case, work, release, step and model;
    where tokens were used, one more for each kind of them.

    Rows of tokens count tokens in ``ConsumedQuantity`` and hold what these cost; where the price of a model
    is not known, they hold nothing and the row of requests holds all of it. ``found`` are lines told apart by day and everything else. A cost is passed on as it came: the price
    of a euro's worth of metered usage is one euro, so that quantity times price is the cost to the last
    nano-unit. ``ConsumedQuantity`` of other rows counts calls. ``InvoiceId`` is empty: no invoice is behind these rows.

    Twice:   the same lines give the same bytes. A month that is over does not change any more, but for
             the grades of evaluations that were still running.
    Errors:  ``ValueError`` for a line that is of no day of the month.
    """
    return head() + "".join(told(line, month=month, account=account) for line in found)


def head() -> str:
    """The first row: the names of the columns."""
    return _csv([(*COLUMNS, *OWN)])


def told(line: Line, *, month: date, account: str) -> str:
    """The rows of one line, as ``focus_csv`` has them. Errors: as there."""
    return _csv([row.get(name, "") for name in (*COLUMNS, *OWN)] for row in _rows(line, month, account))


def _csv(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _rows(line: Line, month: date, account: str) -> Iterable[dict[str, str]]:
    """One row of requests, with what no token is known to cost, and one for each kind of token."""
    told = parts(line.tokens, line.cost.nano, line.price.price if line.price else None)
    rest = line.cost.nano - sum(part.nano for part in told)
    apart = not told or rest or line.calls or line.hits
    if apart:
        yield _row(replace(line, cost=Cost(rest, line.cost.currency)), month, account)
    for number, part in enumerate(told):
        # Counts of calls stand once: on the row of requests, else on the first of tokens.
        first = not apart and number == 0
        of_kind = replace(
            line,
            cost=Cost(part.nano, line.cost.currency),
            calls=part.tokens,
            retries=0,
            unpriced=0,
            interrupted=Cost(0, line.cost.currency),
            model_calls=line.model_calls if first else 0,
            estimated=line.estimated if first else 0,
            hits=0,
        )
        row = _row(of_kind, month, account)
        sku = f"{row['SkuId']}/{part.kind}"
        yield {
            **row,
            "ChargeDescription": f"{part.kind} of {line.step} in {line.use_case} ({line.work})",
            "ConsumedUnit": "Tokens",
            "ServiceSubcategory": "Generative AI",
            "SkuId": sku,
            "SkuMeter": part.kind,
            "SkuPriceId": f"{sku}/{line.cost.currency}",
            "x_TokenType": part.kind,
        }


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
        "x_CacheHits": str(line.hits),
        "x_EstimatedCalls": str(line.estimated),
        "x_InterruptedCost": _decimal(line.interrupted),
        "x_Model": line.model,
        "x_ModelCalls": str(line.model_calls),
        "x_PriceSnapshot": line.price.snapshot if line.price else "",
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
