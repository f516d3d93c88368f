"""Labelled questions: from a suite file, from recorded cases that reviewers confirmed, or by topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation import Suite, Test
from roadworthy.knowledge import may_read
from roadworthy.knowledge.question import Question
from roadworthy.measure.labelled import Labelled
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.questions import confirmed, relevance_of, suite_of
from roadworthy.operate.knowledge.retrieving import documents
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.principal import Principal

_MOST_PROBLEMS = 50
_TEXT_FIELDS = ("question", "query", "text")


@dataclass(frozen=True, slots=True)
class Shelved:
    """What questions are told apart by. ``readable``: the release itself may read the document."""

    topic: str
    language: str
    readable: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions to evaluate with. ``erased`` counts those that dropped out with their data subject."""

    questions: tuple[Question, ...]
    erased: int = 0


def shelve(base: KnowledgeSource) -> dict[str, Shelved]:
    """Every document of a source by name."""
    return {
        one.name: Shelved(one.topic, one.language, may_read(base.reader, one.access))
        for one in documents(base)
    }


def questions_for(
    deployment: Deployment,
    principal: Principal,
    charter: Charter,
    source: str,
    shelf: Mapping[str, Shelved],
    *,
    suite: Suite | None = None,
    labelled: Sequence[Labelled] = (),
) -> Asked:
    """The questions of a source: those of its suite and the confirmed ones; where there are none, by topic.

    Questions of all origins are told apart by the topic and the language of what answers them, where they
    name no slices themselves.

    Errors: as ``from_suite`` and ``confirmed``.
    """
    name = suite_of(charter, source)
    mined = confirmed(deployment, principal, charter.use_case, source, suite=name)
    own = from_suite(suite) if suite is not None else ()
    written = {one.id for one in own}
    found = [*own, *(one for one in mined.questions if one.id not in written)]
    if not found:
        field = next((task.text for task in charter.tasks.values() if task.text), "text")
        found = list(by_topic(labelled, shelf, text_field=field))
    return Asked(tuple(sliced(found, shelf)), mined.erased)


def from_suite(suite: Suite) -> tuple[Question, ...]:
    """The questions of a suite file. Tests by reference to a recorded case are none of them.

    A test asks with `input: {"question": …}` and expects `{document: relevance}` or a list of documents;
    an empty one says that nothing answers the question.

    Errors: ``InputProblem`` RW-KNOWLEDGE-050 with every test that is no such question.
    """
    problems: list[Problem] = []
    found = []
    for test in suite.tests:
        if test.reference:
            continue
        text, relevance = _text(test), relevance_of(test.expected)
        if not text:
            problems.append(
                Problem(
                    f"test `{test.id}` asks nothing",
                    place=suite.name,
                    hint='write `"input": {"question": "…"}`',
                )
            )
        if relevance is None:
            problems.append(
                Problem(
                    f"test `{test.id}` does not say which documents answer it",
                    place=suite.name,
                    hint='write `"expected": {"returns.md": 1}`, or `[]` where nothing answers it',
                )
            )
        elif text:
            found.append(Question(test.id, text, relevance, "suite", test.draw, dict(test.slices)))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        shown = problems[:_MOST_PROBLEMS] + ([Problem(f"and {more} more")] if more > 0 else [])
        raise InputProblem("RW-KNOWLEDGE-050", shown)
    return tuple(found)


def by_topic(
    labelled: Iterable[Labelled], shelf: Mapping[str, Shelved], *, text_field: str
) -> tuple[Question, ...]:
    """Labelled cases as questions: every document about the labelled topic answers one.

    Cases about a topic that no document has are left out: nobody said that the source should have one.
    """
    about: dict[str, dict[str, float]] = defaultdict(dict)
    for name, document in shelf.items():
        if document.topic:
            about[document.topic][name] = 1.0
    found = []
    for one in labelled:
        text, topic = str(one.data.get(text_field, "")), one.topic or one.truth
        if text.strip() and topic in about and not one.planted:
            found.append(
                Question(one.key, text, about[topic], "topic", one.family or one.key, {"topic": topic})
            )
    return tuple(found)


def sliced(questions: Iterable[Question], shelf: Mapping[str, Shelved]) -> list[Question]:
    """Questions with the topic and language of their documents, where those agree and nothing else is said."""
    found = []
    for one in questions:
        there = [shelf[name] for name in one.relevance if name in shelf]
        slices = dict(one.slices)
        for key, values in (
            ("topic", {document.topic for document in there}),
            ("language", {document.language for document in there}),
        ):
            if len(values) == 1 and (value := values.pop()):
                slices.setdefault(key, value)
        found.append(replace(one, slices=slices))
    return found


def unknown_documents(questions: Iterable[Question], shelf: Mapping[str, Shelved]) -> dict[str, list[str]]:
    """Documents that questions name and the source does not have, with the questions: nobody can find those."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in questions:
        for name in one.relevance:
            if name not in shelf:
                found[name].append(one.id)
    return dict(sorted(found.items()))


def _text(test: Test) -> str:
    for name in _TEXT_FIELDS:
        value = test.input.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return ""
