"""An idea about which everything is known, as text, and what every test needs."""

from __future__ import annotations

from datetime import date

from roadworthy.business import (
    Assessment,
    Facts,
    Unpriced,
    Value,
    Verdict,
    decide,
    read_assessment,
    shipped_policy,
    value_of,
)

TODAY = date(2026, 11, 21)
POLICY = shipped_policy()

RETURNS = """\
assessment: 1
idea: returns
title: Returns into the right queue
answers:
  task: {owner: mara, source: interview, decision: which queue, done_by: desk}
  volume: {owner: mara, source: report, cases_per_month: {p10: 2000, p50: 3100, p90: 4500}}
  minutes: {owner: mara, source: stop watch, minutes_per_case: {p10: 4, p50: 6, p90: 10}, minutes_left: 0.5}
  hourly_cost: {owner: mara, source: plan, cost_per_hour: 38.00 EUR}
  kpi: {owner: mara, source: report, name: same day, unit: share, direction: up, baseline: 0.61, measured_in: helpdesk, target: 0.8, by: 2027-06-30}
  error: {owner: mara, source: claims, cost_of_error: {p10: 3 EUR, p50: 7 EUR, p90: 20 EUR}, worst: 400 EUR, worst_case: it waits a week, reversible_within: 72h, error_share: {p10: 0.01, p50: 0.03, p90: 0.06}}
  delay: {owner: mara, source: plan, nothing_done: two more people, cost_per_month: 500 EUR}
  owner: {owner: mara, source: board, accountable: mara, may_change_process: yes}
  review: {owner: mara, source: shifts, reviewers: desk, hours_per_week: 60, minutes_per_review: {p10: 1, p50: 1.5, p90: 3}}
  operation: {owner: jonas, source: quote, run_by: jonas, infrastructure_per_month: 400 EUR, people_per_month: {p10: 300 EUR, p50: 500 EUR, p90: 900 EUR}}
  data: {owner: lena, source: catalogue, sources: [{name: helpdesk, owner: lena, permission: yes, personal: personal}], protection_assessed: yes}
  labels: {owner: lena, source: export, count: 1200, delay_days: 7, can_be_had: yes}
  people: {owner: ines, source: workshop, affected: employees, prohibited: none, high_risk: none, transparency: none, assessment_owner: ines}
  autonomy: {owner: jonas, source: workshop, wanted: automatic, tools: [{name: helpdesk.route, effect: write, rule: yes}], automation_share: {p10: 0.3, p50: 0.5, p90: 0.7}}
  vendor: {owner: ines, source: purchasing, limits: none, region: eu, price_per_case: {p10: 0.01 EUR, p50: 0.02 EUR, p90: 0.06 EUR}}
  retention: {owner: ines, source: policy, keep: 365d, legal_hold: none}
  integration: {owner: jonas, source: estimate, existing: [helpdesk api], missing: none, build_weeks: 8, build_cost: {p10: 30000 EUR, p50: 45000 EUR, p90: 90000 EUR}}
  fallback: {owner: mara, source: desk, plan: as today, exit_cost: 3000 EUR}
"""


def returns() -> Assessment:
    return read_assessment(RETURNS, file="assessment.yaml")


def valued(idea: Assessment, facts: Facts | None = None, *, draws: int = 2000) -> Value | Unpriced:
    return value_of(idea, POLICY, seed=5, facts=facts or Facts(), draws=draws)


def judged(idea: Assessment, facts: Facts | None = None, *, draws: int = 2000) -> Verdict:
    known = facts or Facts()
    return decide(idea, known, valued(idea, known, draws=draws), POLICY, TODAY)
