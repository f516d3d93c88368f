"""Evaluations of knowledge as JSON: shown by every door, and read again to compare a later version with."""

from __future__ import annotations

from typing import Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation.strict import Fields, NotJson, parse_json
from roadworthy.measure.knowledge.evaluating import METRICS, Evaluated, Valued, Values
from roadworthy.measure.knowledge.unanswerable import Detection
from roadworthy.trust import Comparison

LONGEST = 64_000_000
"""Characters of a file of values."""
_MOST_PROBLEMS = 20


def values_as_json(values: Values) -> dict[str, Any]:
    """The figures question by question, without content."""
    return {
        "source": values.source,
        "version": values.version,
        "k": values.k,
        "questions": {
            name: {"asks": one.asks, "cluster": one.cluster, **dict(one.figures)}
            for name, one in values.questions.items()
        },
    }


def read_values(text: str, *, place: str) -> Values:
    """The figures of an evaluation that was kept: what ``values_as_json`` wrote, alone or under `values`.

    Errors: ``InputProblem`` RW-KNOWLEDGE-057 with what is wrong.
    """
    problems: list[Problem] = []
    try:
        if len(text) > LONGEST:
            raise NotJson(f"found {len(text)} characters, at most {LONGEST} are read")
        stored = parse_json(text)
    except NotJson as fault:
        raise InputProblem("RW-KNOWLEDGE-057", Problem(str(fault), place=place)) from None
    if isinstance(stored, dict) and "values" in stored:
        stored = stored["values"]
    fields = Fields(stored, place, problems)
    questions = {}
    for name, row in fields.mapping("questions").items():
        one = Fields(row, f"{place}: {name}", problems)
        asks, cluster = one.text("asks"), one.text("cluster")
        figures = {metric: float(one.number(metric)) for metric in METRICS}
        if not all(0 <= figure <= 1 for figure in figures.values()):
            problems.append(Problem("figures lie between 0 and 1", place=f"{place}: {name}"))
        one.done()
        questions[str(name)] = Valued(asks, cluster, figures)
    found = Values(fields.text("source"), fields.text("version"), fields.whole("k", least=1), questions)
    fields.done()
    if problems:
        raise InputProblem(
            "RW-KNOWLEDGE-057",
            problems[:_MOST_PROBLEMS],
            hint="give what `roadworthy knowledge evaluate --json` wrote",
        )
    return found


def evaluated_as_json(found: Evaluated, *, content: bool) -> dict[str, Any]:
    """The figures, the slices and what failed; questions of cases in words only with ``content``."""
    return {
        "source": found.source,
        "version": found.version,
        "k": found.k,
        "questions": len(found.outcomes),
        "answerable": len(found.answered),
        "figures": {
            metric: figure.as_json() if (figure := found.figure(metric)) else None for metric in METRICS
        },
        "slices": [
            {"key": one.key, "value": one.value, "lower": one.lower, "hit": one.hit.as_json()}
            for one in found.slices
        ],
        "failed": [
            {
                "id": one.question.id,
                **({"question": one.question.text} if content or one.question.source == "suite" else {}),
                "expected": sorted(one.question.relevance, key=lambda name: -one.question.relevance[name]),
                "found": [
                    {
                        "document": seen.document,
                        "similarity": None
                        if seen.similarity != seen.similarity
                        else round(seen.similarity, 4),
                    }
                    for seen in one.seen
                ],
            }
            for one in found.failed
        ],
        "values": values_as_json(found.values()),
    }


def detection_as_json(found: Detection) -> dict[str, Any]:
    """How well unanswerable questions are noticed."""
    apart = found.separation
    return {
        "held_out": found.held_out,
        "auroc": apart.auroc if apart else None,
        "auroc_interval": [apart.interval.low, apart.interval.high] if apart else None,
        "answerable": apart.answerable if apart else None,
        "unanswerable": apart.unanswerable if apart else None,
        "threshold": found.threshold,
        "wanted_false_alarms": found.wanted,
        "false_alarms": found.false_alarms.as_json() if found.false_alarms else None,
        "noticed": found.noticed.as_json() if found.noticed else None,
    }


def comparison_as_json(found: Comparison, *, metric: str, against: str) -> dict[str, Any]:
    """A comparison of two versions."""
    return {
        "against": against,
        "metric": metric,
        "verdict": found.verdict,
        "difference": found.difference,
        "interval": [found.interval.low, found.interval.high] if found.interval else None,
        "margin": found.margin,
        "questions": found.n,
        "left_out": found.left_out,
        "gained": found.gained,
        "lost": found.lost,
        "questions_needed": found.cases_needed,
        "method": found.method,
    }
