"""The report about ideas: one file for a board, with its facts beside it, whatever stands in the answers."""

from __future__ import annotations

import html as markup
import re
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.business.assessment import UNKNOWN, Assessment
from roadworthy.business.reading import read_assessment
from roadworthy.business.report import Judged, Limits, judged, report, side_by_side
from roadworthy.business.shipped import shipped_policy
from roadworthy.server.idea_charts import Scale, Spot, money, picture
from roadworthy.server.portfolio_report import portfolio_page

TODAY = date(2026, 11, 21)
POLICY = shipped_policy().model_copy(update={"draws": 200})
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></svg><script>alert(1)</script>",
    "{{ 7 * 7 }}{% for x in ().__class__ %}",
    "`</code><b onclick=alert(1)>`",
)
IDEA = """
assessment: 1
idea: returns
title: Returns go to the right queue
answers:
  task: {owner: mara, source: workshop, decision: which queue a return goes to, done_by: returns desk}
  volume: {owner: mara, source: report, cases_per_month: {p10: 2000, p50: 3100, p90: 4500}}
  minutes: {owner: mara, source: watch, minutes_per_case: {p10: 4, p50: 6, p90: 10}, minutes_left: 0.5}
  hourly_cost: {owner: tom, source: budget, cost_per_hour: 38 EUR}
  kpi: {owner: mara, source: helpdesk, name: same day, unit: share, direction: up, baseline: 0.61, measured_in: helpdesk, target: 0.8, by: 2027-06-30, worth_per_month: 900 EUR}
  error: {owner: mara, source: talks, cost_of_error: {p10: 5 EUR, p50: 14 EUR, p90: 60 EUR}, worst: 2500 EUR, reversible_within: 24h, error_share: {p10: 0.01, p50: 0.03, p90: 0.06}}
  owner: {owner: mara, source: board, accountable: mara, may_change_process: yes}
  review: {owner: lena, source: shifts, reviewers: desk, hours_per_week: 60, minutes_per_review: {p10: 1, p50: 1.5, p90: 3}}
  operation: {owner: jonas, source: platform, run_by: platform, infrastructure_per_month: 400 EUR, people_per_month: {p10: 500 EUR, p50: 900 EUR, p90: 2000 EUR}}
  data: {owner: lena, source: register, sources: [{name: helpdesk, owner: lena, permission: yes, personal: personal}], protection_assessed: yes}
  labels: {owner: lena, source: export, count: 1200, delay_days: 7, can_be_had: yes}
  people: {owner: ines, source: law, affected: customers, prohibited: none, high_risk: none, transparency: [talks-to-people], assessment_owner: ines}
  autonomy: {owner: mara, source: workshop, wanted: automatic, tools: [{name: helpdesk.route, effect: write, rule: yes}], automation_share: {p10: 0.3, p50: 0.5, p90: 0.7}}
  vendor: {owner: tom, source: offers, region: eu, price_per_case: {p10: 0.01 EUR, p50: 0.02 EUR, p90: 0.06 EUR}}
  integration: {owner: jonas, source: list, existing: [helpdesk api], missing: none, build_cost: {p10: 30000 EUR, p50: 45000 EUR, p90: 90000 EUR}}
  fallback: {owner: mara, source: workshop, plan: the desk works as today, exit_cost: {p10: 1000 EUR, p50: 3000 EUR, p90: 9000 EUR}}
"""
VOID = {"meta", "br", "link", "img", "input", "rect", "path", "circle"}


class Seen(HTMLParser):
    """What stands on a page: elements with their attributes, in order, and that all are closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def idea(name: str = "returns", **fields: object) -> Assessment:
    told = replace(read_assessment(IDEA, file="idea.yaml"), idea=name)
    for place, value in fields.items():
        question, _, field = place.partition("__")
        told = told.with_field(question, field, value)  # type: ignore[arg-type]
    return told


def seen(told: Assessment) -> Judged:
    return judged(told, policy=POLICY, seed=3, today=TODAY, changes=False)


@cache
def each_verdict() -> tuple[Judged, ...]:
    return tuple(_judged_four())


def four() -> list[Judged]:
    return list(each_verdict())


def _judged_four() -> list[Judged]:
    return [
        seen(idea("funded")),
        seen(idea("governed", data__protection_assessed=False)),
        seen(idea("waiting", owner__accountable=UNKNOWN, volume__cases_per_month=UNKNOWN)),
        seen(idea("refused", people__prohibited=("emotions-at-work",))),
    ]


def document(ideas: list[Judged], limits: Limits = Limits()) -> dict[str, Any]:  # noqa: B008 - a frozen value
    several = side_by_side(ideas, POLICY, limits) if len(ideas) > 1 else None
    return report(ideas, title="Ideas", policy=POLICY, today=TODAY, portfolio=several, limits=limits)


def words(page: str) -> str:
    return " ".join(" ".join(Seen(page).text).split())


def test_the_page_shows_every_idea_with_its_verdict_in_words() -> None:
    found = words(portfolio_page(document(four())))
    assert "4 ideas: 1 to fund, 1 to govern first, 1 to wait, 1 to refuse" in found
    for word in ("fund", "govern first", "wait", "refuse"):
        assert word in found


def test_verdicts_differ_by_shape_as_well_as_by_colour() -> None:
    page = portfolio_page(document(four()))
    drawn = {
        re.search(r">(.*?)</svg>", match.group(0), re.DOTALL).group(1)  # type: ignore[union-attr]
        for match in re.finditer(r'<svg class="sign \w+".*?</svg>', page, re.DOTALL)
    }
    assert len(drawn) == 4


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = portfolio_page(document(four()))
    found = Seen(page)
    assert not found.open
    [policy] = [
        attrs["content"]
        for tag, attrs in found.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")
    assert "http" not in page.replace("http-equiv", "")
    tags = {tag for tag, _ in found.elements}
    assert not tags & {"script", "img", "link", "iframe", "object"}
    assert not any(name.startswith("on") for _, attrs in found.elements for name in attrs)
    targets = [attrs["href"] for tag, attrs in found.elements if tag == "a" and "href" in attrs]
    ids = {attrs["id"] for _, attrs in found.elements if "id" in attrs}
    assert all(str(target).startswith("#") and str(target)[1:] in ids for target in targets)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answers_are_text_on_the_page(text: str) -> None:
    told = replace(idea("a", task__decision=text, kpi__name=text, owner__accountable=text), title=text)
    found = Seen(portfolio_page(document([seen(told), seen(idea("b"))])))
    assert not {tag for tag, _ in found.elements} & {"script", "img"}
    assert not any(name.startswith("on") for _, attrs in found.elements for name in attrs)
    assert text.replace("`", "") in "".join(found.text).replace("`", "")


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [
        int(tag[1])
        for tag, _ in Seen(portfolio_page(document(four()))).elements
        if re.fullmatch(r"h\d", tag)
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_figures_of_the_page_stand_in_the_facts() -> None:
    facts = document(four())
    found = words(portfolio_page(facts))
    for one in facts["ideas"]:
        if "npv" in one["value"]:
            assert money(one["value"]["npv"]["p50"]) in found
        assert markup.unescape(one["verdict"]["reasons"][0]["sentence"].replace("`", "")) in found


def test_one_idea_has_a_page_without_a_portfolio() -> None:
    facts = document([seen(idea())])
    assert facts["portfolio"] is None
    found = words(portfolio_page(facts))
    assert "All ideas" not in found
    assert "What the value hangs on" in found


def test_ideas_without_a_value_are_shown_and_counted() -> None:
    facts = document(four())
    assert facts["summary"]["unpriced"] == 1
    found = words(portfolio_page(facts))
    assert "No value can be computed without volume.cases_per_month" in found
    assert "1 of 4" in found


def test_the_clause_of_a_risk_stands_beside_its_idea_and_is_no_advice() -> None:
    found = words(
        portfolio_page(document([seen(idea("a", people__high_risk=("credit",))), seen(idea("b"))]))
    )
    assert "Annex III, 5(b)" in found
    assert "not legal advice" in found


def test_limits_are_told_and_what_does_not_fit_is_named() -> None:
    found = words(
        portfolio_page(
            document([seen(idea("a")), seen(idea("b"))], Limits(budget=50_000.0, high_at_once=1))
        )
    )
    assert "50,000 EUR to build" in found
    assert "1 of a high tier at once" in found


def test_the_same_ideas_in_another_order_give_the_same_page() -> None:
    ideas = four()
    assert portfolio_page(document(ideas)) == portfolio_page(document(ideas[::-1]))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0"), (86_312, "86,300"), (-38_217.6, "−38,200"), (1_243_000, "1.24 M"), (999_700, "1 M"), (None, "–"), (2.4e9, "2.4 bn"), (0.4, "0"), (float("nan"), "–")],
)  # fmt: skip
def test_amounts_have_three_figures_that_count(amount: float | None, shown: str) -> None:
    assert money(amount) == shown


figures = st.floats(-1e9, 1e9, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(figures, min_size=1, max_size=12))
def test_a_scale_keeps_the_order_and_stays_within_its_ends(told: list[float]) -> None:
    scale = Scale(told, 0.0, 100.0)
    places = [scale.at(one) for one in sorted(told)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    ticks = scale.ticks()
    assert 0.0 in [round(tick, 6) for tick in ticks]
    assert len(ticks) < 40


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fund", "govern first", "wait", "refuse"]),
            st.none() | st.tuples(figures, figures, figures),
            st.none() | st.tuples(st.floats(0, 200), st.floats(0, 200)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_a_picture_can_be_drawn_of_anything(told: list[Any]) -> None:
    spots = [
        Spot(
            n,
            f"<idea> {n}",
            verdict,
            tuple(sorted(value)) if value else None,
            tuple(sorted(weeks)) if weeks else None,
        )  # type: ignore[arg-type]
        for n, (verdict, value, weeks) in enumerate(told, start=1)
    ]
    drawn = str(picture(spots, currency="EUR", pace=20))
    assert drawn.count('class="spot ') == len(spots)
    assert "<idea>" not in drawn
    for place in re.findall(r"translate\(([-\d.]+) ([-\d.]+)\)", drawn):
        assert 0 <= float(place[0]) <= 960
        assert 0 <= float(place[1]) <= 430
