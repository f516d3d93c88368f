"""Ideas that people assess on the pages: begun, read, and answered one question at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from roadworthy.business import BY_ID, FORM, Assessment, from_json, read_assessment
from roadworthy.business.writing import with_answers
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require


@dataclass(frozen=True, slots=True)
class KeptIdea:
    """An assessment with the text that it was read from, and the version of that text."""

    assessment: Assessment
    text: bytes
    version: str


def idea(deployment: Deployment, principal: Principal, name: str) -> KeptIdea:
    """The assessment of an idea.

    Errors: ``Refused``; ``NotFound`` RW-IDEA-001; ``InputProblem`` of the reader for a file that is wrong.
    """
    require(principal, "idea.read", use_case=principal.use_case)
    return _kept(deployment, name)


def begin_idea(deployment: Deployment, principal: Principal, name: str, title: str) -> KeptIdea:
    """Begin an assessment without an answer.

    Errors: ``Refused``; ``InputProblem`` RW-BUSINESS-002 for a name or title that cannot be;
            ``Conflict`` RW-IDEA-002 where there is one of this name.
    """
    require(principal, "idea.write", use_case=principal.use_case)
    made = from_json({"assessment": FORM, "idea": name, "title": title, "answers": {}}, place="idea")
    text = with_answers(made.idea, made.title, {})
    kept = deployment.ideas.put(name, text, seen="")
    if kept is None:
        raise Conflict(
            "RW-IDEA-002", f"there is an idea `{name}` already", hint="open it, or choose another name"
        )
    with deployment.store.write() as tx:
        deployment.record(tx, "idea.begun", principal.id, {"idea": name}, {"version": kept.version})
    return KeptIdea(made, kept.text, kept.version)


def answer_question(
    deployment: Deployment,
    principal: Principal,
    name: str,
    question: str,
    told: Mapping[str, Any],
    *,
    seen: str,
) -> KeptIdea:
    """Answer one question anew; what ``told`` leaves out is left open. The file is written in one step.

    ``told`` holds the fields as the file would, with ``owner`` and ``source``. Comments that somebody wrote
    into the file by hand are not kept.

    Errors: ``Refused``; ``NotFound`` RW-IDEA-001; ``InputProblem`` RW-BUSINESS-002 with all problems, those of
            other answers that this one contradicts too; ``Conflict`` RW-IDEA-003 where the file is no longer
            the one that was seen.
    """
    require(principal, "idea.write", use_case=principal.use_case)
    if question not in BY_ID:
        raise NotFound(
            "RW-IDEA-001", f"no question `{question[:60]}`", hint="the page of the idea lists all of them"
        )
    before = _kept(deployment, name)
    answers = before.assessment.answers_as_json()
    answers[question] = {key: value for key, value in told.items() if value not in (None, "")}
    if not answers[question]:
        del answers[question]
    made = from_json({**before.assessment.as_json(), "answers": answers}, place=name)
    if before.version != seen:
        raise _changed(name)
    kept = deployment.ideas.put(name, with_answers(made.idea, made.title, answers), seen=seen)
    if kept is None:
        raise _changed(name)
    with deployment.store.write() as tx:
        deployment.record(
            tx,
            "idea.answered",
            principal.id,
            {"idea": name},
            {"question": question, "version": kept.version},
        )
    return KeptIdea(made, kept.text, kept.version)


def _kept(deployment: Deployment, name: str) -> KeptIdea:
    found = deployment.ideas.get(name)
    if found is None:
        raise NotFound(
            "RW-IDEA-001", f"no idea `{name[:63]}` here", hint="the page of ideas shows those that are"
        )
    assessment = _read(found.text, f"{name}.yaml")
    if assessment.idea != name:
        told = Problem(f"the file says `idea: {assessment.idea}`, expected `{name}`", place=f"{name}.yaml")
        raise InputProblem("RW-IDEA-004", told, hint="rename the file, or the idea in it")
    return KeptIdea(assessment, found.text, found.version)


@lru_cache(maxsize=256)
def _read(text: bytes, file: str) -> Assessment:
    """The same text, the same assessment: a page shows many of them, and reading one takes longer than a page may."""
    return read_assessment(text, file=file)


def _changed(name: str) -> Conflict:
    return Conflict(
        "RW-IDEA-003",
        f"somebody changed `{name}` since you opened it; nothing was written",
        hint="your answer stands in the form: look at what is there now, and save again",
    )
