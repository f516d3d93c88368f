"""The report about ideas as one HTML file: for a board, on a screen and on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from roadworthy.server import charts
from roadworthy.server.idea_charts import LOOKS, Scale, Spot, money, picture, sign, span
from roadworthy.server.looks import share
from roadworthy.server.standalone import standalone_page

_STYLES = ("style.css", "charts.css", "report.css", "portfolio.css")
_BARS = 8
_VERDICTS = ("fund", "govern first", "wait", "refuse")
MOST_IDEAS = 200
"""Ideas that a page shows one by one; the others stand in its JSON twin."""


def portfolio_page(document: Mapping[str, Any]) -> str:
    """The report about some ideas, from its facts (see ``business.report.report``).

    Holds:  every text of the document is text on the page, whatever it looks like. Nothing is fetched
            and nothing runs: the page forbids both by its own policy.
    Edge:   beyond 200 ideas the page shows the best ones by themselves and says how many it leaves out.
    """
    return standalone_page(
        "portfolio_report.html", _STYLES, _page(document), money=money, sign=sign, weeks=weeks
    )


def _page(document: Mapping[str, Any]) -> dict[str, Any]:
    ideas = [drawn_idea(one, number) for number, one in enumerate(document["ideas"], start=1)]
    currencies = sorted({one["currency"] for one in ideas if one["priced"]})
    summary, thresholds = document["summary"], document["thresholds"]
    named = {one["idea"]: one for one in ideas}
    return {
        "title": document["title"],
        "made": document["made"],
        "policy": document["policy"],
        "law": document["law"],
        "thresholds": thresholds,
        "several": len(ideas) > 1,
        "sentence": _sentence(ideas, summary),
        "figures": _figures(document, ideas),
        "picture": _picture(ideas, currencies, thresholds)
        if len(ideas) > 1 and len(currencies) < 2
        else None,
        "bands": _bands(ideas, currencies),
        "ideas": ideas[:MOST_IDEAS],
        "rows": ideas,
        "left_out": max(0, len(ideas) - MOST_IDEAS),
        "held": sorted(
            (one for one in ideas if one["verdict"]["blockers"] and one["verdict"]["verdict"] != "refuse"),
            key=lambda one: -(one["verdict"]["waiting_per_week"] or 0),
        ),
        "portfolio": _portfolio(document["portfolio"], named),
    }


def _sentence(ideas: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> str:
    counts = summary["verdicts"]
    words = {"fund": "to fund", "govern first": "to govern first", "wait": "to wait", "refuse": "to refuse"}
    told = ", ".join(f"{counts[word]} {words[word]}" for word in _VERDICTS if counts[word])
    return f"{len(ideas)} ideas: {told}"


def _figures(document: Mapping[str, Any], ideas: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    plan = document["portfolio"]
    if plan and plan["together"]:
        cost = sum(one["cost"] for one in plan["ideas"] if one["idea"] in plan["together"])
        value = sum(one["value"]["npv"]["mean"] for one in ideas if one["idea"] in plan["together"])
        found.append(("fund together", f"{len(plan['together'])} ideas"))
        found.append(("to build them", money(cost, plan["currency"])))
        found.append(("worth on average", money(value, plan["currency"])))
    waiting = document["summary"]["waiting_per_week"]
    if waiting and len(ideas) > 1:
        told = ", ".join(money(amount, currency) for currency, amount in waiting.items())
        found.append(("waits each week behind governance", told))
    unpriced = document["summary"]["unpriced"]
    if unpriced and len(ideas) > 1:
        found.append(("without a value yet", f"{unpriced} of {len(ideas)}"))
    return found


def _own_figures(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    verdict = one["verdict"]
    found = []
    if one["priced"]:
        npv = one["value"]["npv"]
        found.append(("net present value, middle", money(npv["p50"], one["currency"])))
        found.append(
            ("8 of 10 futures between", f"{money(npv['p10'])} and {money(npv['p90'], one['currency'])}")
        )
        found.append(("gains in", f"{share(one['value']['chance'], 0)} of futures"))
    if verdict["waiting_per_week"]:
        found.append(("a week of waiting costs", money(verdict["waiting_per_week"], one["currency"])))
    return found


def drawn_idea(one: Mapping[str, Any], number: int = 1) -> dict[str, Any]:
    """The facts of one idea with its charts, as the template of an idea shows them."""
    value = one["value"]
    priced = "npv" in value
    made = {
        **one,
        "number": number,
        "anchor": f"idea-{number}",
        "priced": priced,
        "look": LOOKS.get(one["verdict"]["verdict"], "wait"),
        "figures": _own_figures({**one, "priced": priced}),
        "months": None,
        "tornado": [],
        "pay_back": _pay_back(value["pay_back"]) if priced else "–",
    }
    if priced:
        points = [
            charts.Point(f"month {month}", ends["p50"], ends["p10"], ends["p90"])
            for month, ends in enumerate(value["months"], start=1)
        ]
        made["months"] = charts.line(points, name="Money in a month", unit=one["currency"])
        made["tornado"] = _tornado(value)
    return made


def _pay_back(found: Mapping[str, Any]) -> str:
    if found["p50"] is None:
        return f"not in the middle future; never in {share(found['never'], 0)}"
    ends = [f"{found[name]}" if found[name] else "never" for name in ("p10", "p90")]
    return f"{found['p50']} months ({ends[0]} to {ends[1]})"


def _tornado(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    bars = value["tornado"][:_BARS]
    mean = value["npv"]["mean"]
    scale = Scale([mean, *(end for one in bars for end in (one["low"], one["high"]))], 0.0, 100.0)
    told = {one["figure"]: one for one in value["figures"]}
    return [
        {
            **one,
            "name": one["figure"].replace("_", " "),
            "came": told[one["figure"]]["came"] if one["figure"] in told else "",
            "bar": span(*_ends(one["low"], mean, one["high"]), scale, look="plain"),
            "told": f"{money(min(one['low'], one['high']))} to {money(max(one['low'], one['high']))}",
        }
        for one in bars
    ]


def _ends(low: float, middle: float, high: float) -> tuple[float, float, float]:
    return min(low, high), middle, max(low, high)


def _bands(ideas: Sequence[Mapping[str, Any]], currencies: Sequence[str]) -> list[dict[str, Any]]:
    """One list per currency: amounts of two currencies are not on one scale."""
    found = []
    for currency in currencies:
        those = [one for one in ideas if one["priced"] and one["currency"] == currency]
        ends = [one["value"]["npv"][name] for one in those for name in ("p10", "p50", "p90")]
        scale = Scale(ends, 0.0, 100.0)
        rows = []
        for one in sorted(those, key=lambda each: -each["value"]["npv"]["p50"]):
            npv = one["value"]["npv"]
            drawn = span(npv["p10"], npv["p50"], npv["p90"], scale, look=one["look"])
            rows.append({"idea": one, "bar": drawn, "npv": npv})
        found.append({"currency": currency, "bent": scale.bent, "rows": rows})
    return found


def _picture(
    ideas: Sequence[Mapping[str, Any]], currencies: Sequence[str], thresholds: Mapping[str, Any]
) -> Any:
    spots = []
    for one in ideas:
        ready = one["ready_in"]
        between = None
        if ready["weeks_most"] is not None:
            between = (float(ready["weeks_least"] or 0.0), float(ready["weeks_most"]))
        npv = one["value"].get("npv")
        value = (npv["p10"], npv["p50"], npv["p90"]) if npv else None
        spots.append(Spot(one["number"], one["title"], one["verdict"]["verdict"], value, between))
    return picture(spots, currency=currencies[0] if currencies else "", pace=thresholds["hours_per_week"])


def _portfolio(
    found: Mapping[str, Any] | None, named: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Who is first, who is chosen, and what begins when."""
    if found is None:
        return None
    competing = [{**one, "of": named[one["idea"]]} for one in found["ideas"] if one["rank"] is not None]
    limits, currency = found["limits"], found["currency"]
    told = []
    if limits["budget"] is not None:
        told.append(f"{money(limits['budget'], currency)} to build")
    if limits["review_hours"] is not None:
        told.append(f"{limits['review_hours']:g} hours of review a week")
    if limits["high_at_once"] is not None:
        told.append(f"{limits['high_at_once']} of a high tier at once")
    together = [named[name] for name in found["together"]]
    cost = sum(one["cost"] for one in competing if one["idea"] in found["together"])
    quarters = [[named[name] for name in names] for names in found["quarters"]]
    begun = {name for names in found["quarters"] for name in names}
    return {
        "currency": currency,
        "competing": competing,
        "limits": ", ".join(told) or "no limit was set",
        "together": together,
        "together_cost": cost,
        "quarters": quarters,
        "never": [one["of"] for one in competing if one["idea"] not in begun],
        "named": named,
    }


def weeks(ready: Mapping[str, Any]) -> str:
    """How long until nothing stands in the way, for people."""
    least, most = ready["weeks_least"], ready["weeks_most"]
    if most is None:
        return "nobody can say" if least is not None else "–"
    if most < 0.05:
        return "ready now"
    return f"{most:g} weeks" if least == most else f"{least:g} to {most:g} weeks"
