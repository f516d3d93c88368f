"""Ideas that are assessed before anything is built: all of them, and one with its questions and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from roadworthy.business import BY_ID, QUESTIONS, Conclusion, read_assessment, shipped_policy
from roadworthy.business.report import judged
from roadworthy.business.spoken import written
from roadworthy.errors import NotFound, RoadworthyError
from roadworthy.operate import ideas as kept
from roadworthy.principal import allows, require
from roadworthy.server.asking import Ask
from roadworthy.server.idea_forms import form_of
from roadworthy.server.paging import rows_limit
from roadworthy.server.problems import told as told_problem

SEED = 1
_FIRST = [word.value for word in Conclusion]


@lru_cache(maxsize=256)
def _judged(text: bytes, today: date, changes: bool) -> Mapping[str, Any]:
    """The verdict on a text as facts, without the futures it was drawn from: the same text gives the same."""
    assessment = read_assessment(text, file="assessment")
    return judged(assessment, policy=shipped_policy(), seed=SEED, today=today, changes=changes).as_json()


def ideas(ask: Ask) -> dict[str, Any]:
    """A page of ideas by name, each with its verdict; those whose file is wrong say what is wrong."""
    require(ask.principal, "idea.read", use_case=ask.principal.use_case)
    limit, after = rows_limit(ask.query), ask.query.get("after", "")
    names = [name for name in ask.deployment.ideas.names() if name > after]
    shown = [_row(ask, name) for name in names[:limit]]
    shown.sort(
        key=lambda one: (_FIRST.index(one["verdict"]) if one["verdict"] else len(_FIRST), one["name"])
    )
    return {
        "ideas": shown,
        "after": names[limit - 1] if len(names) > limit else "",
        "you_may_write": allows(ask.principal, "idea.write", use_case=ask.principal.use_case),
    }


def _row(ask: Ask, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": name,
        "title": name,
        "verdict": "",
        "because": "",
        "next": "",
        "answered": 0,
    }
    row |= {"questions": len(QUESTIONS), "npv": None, "currency": "", "problem": ""}
    try:
        found = kept.idea(ask.deployment, ask.principal, name)
        one = _judged(found.text, ask.deployment.now().date(), False)
    except RoadworthyError as problem:
        said = getattr(problem, "problems", ())
        return row | {"problem": told_problem(problem, said[0].message if said else problem.message)}
    verdict, value = one["verdict"], one["value"]
    return row | {
        "title": found.assessment.title,
        "verdict": verdict["verdict"],
        "because": verdict["reasons"][0]["sentence"],
        "next": verdict["next_step"],
        "answered": one["answered"],
        "npv": value.get("npv"),
        "currency": one["currency"],
    }


def idea(ask: Ask) -> dict[str, Any]:
    """One idea: its verdict with everything behind it, the state of its questions, and the form of one of them."""
    name, wanted = ask.path["name"], ask.query.get("question", "")
    found = kept.idea(ask.deployment, ask.principal, name)
    if wanted and wanted not in BY_ID:
        raise NotFound(
            "RW-IDEA-001", f"no question `{wanted[:60]}`", hint="the page of the idea lists all of them"
        )
    one = _judged(found.text, ask.deployment.now().date(), True)
    answers = found.assessment.answers_as_json()
    may_write = allows(ask.principal, "idea.write", use_case=ask.principal.use_case)
    return {
        "name": name,
        "seen": found.version,
        "idea": dict(one),
        "questions": _questions(answers),
        "question": form_of(BY_ID[wanted], answers.get(wanted, {})) if wanted else None,
        "saved": BY_ID[ask.query["saved"]].ask if ask.query.get("saved") in BY_ID else "",
        "you_may_write": may_write,
        "you": ask.principal.id,
    }


def _questions(answers: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every question with what was answered, in a few words."""
    shown = []
    for number, question in enumerate(QUESTIONS, start=1):
        told = answers.get(question.id, {})
        said = [(one, told.get(one.id)) for one in question.fields]
        open_fields = sum(value is None for _, value in said)
        known = [f"{written(value) or 'none'}" for _, value in said if value not in (None, "unknown")]
        if not any(value is not None for _, value in said):
            state = "open"
        elif not known:
            state = "unknown"
        else:
            state = "partly" if open_fields else "answered"
        shown.append(
            {
                "id": question.id,
                "number": number,
                "group": question.group,
                "ask": question.ask,
                "state": state,
                "open": open_fields,
                "said": "; ".join(known)[:200],
                "owner": str(told.get("owner") or ""),
            }
        )
    return shown
