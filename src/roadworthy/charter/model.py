"""The charter: what was promised for one use case, as a typed value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from roadworthy.charter.calling import GatewayPlan, LanguageModelPlan
from roadworthy.charter.incoming import IntakePlan, unfit_incoming
from roadworthy.charter.knowing import BUILT_IN, Knowledge
from roadworthy.charter.parts import (
    DURATION,
    Budget,
    Duration,
    Field_,
    Kpi,
    Name,
    Owners,
    Part,
    Purpose,
    Risk,
    Slo,
    Source,
    Task,
    Value,
    seconds,
)
from roadworthy.charter.releasing import ReleasePlan
from roadworthy.charter.reviewing import ReviewPlan, unsafe_ends
from roadworthy.charter.tooling import Tool
from roadworthy.charter.trusting import (
    Certificate,
    JudgePlan,
    SpotCheckPlan,
    Statement,
    SuitePromise,
)
from roadworthy.placed import Path
from roadworthy.quantities import digest_of

LISTS = (
    "data",
    "contracted",
    "entities",
    "matched",
    "dated",
    "knowledge",
    "distinct",
    "tasks",
    "routed",
    "models",
    "write_tools",
    "promised_tools",
    "automatic_errors",
    "suites",
    "conduct",
    "judged",
)
"""Lists of a charter that a requirement may run over."""

LOOSE_END = "loose_end"

# (in each entry of, the field, names an entry of, which is called)
_REFERENCES: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("kpi", ("source",), "data", "data source"),
    ("data", ("refreshed", "source"), "data", "data source"),
    ("tasks", ("text",), "input", "input field"),
    ("certificates", ("task",), "tasks", "task"),
    ("tools", ("source",), "data", "data source"),
    ("tools", ("error",), "certificates", "certificate"),
    ("tools", ("undo",), "tools", "tool"),
    ("tools", ("lookup",), "tools", "tool"),
    ("tasks", ("model",), "models", "language model"),
    ("judge", (), "models", "language model"),
    ("knowledge", ("query", "source"), "data", "data source"),
)


ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", examples=["helpdesk.reply"])]


class Charter(Part):
    """Everything promised for one use case. Thresholds of the gate live here, not in code."""

    use_case: Name = Field(description="its name everywhere")
    title: str = Field(min_length=1, description="what people call it")
    phase: Literal["discovery", "strategy", "prototype", "engineering", "production", "optimisation"] = (
        Field(default="engineering", description="how far the project is")
    )
    objective: str = Field(min_length=1, description="what it is for, in a sentence or two")
    owners: Owners = Field(description="who answers for it")
    kpi: Kpi = Field(description="the figure it is judged by")
    value: Value = Field(description="volume, time and money")
    risk: Risk = Field(description="how bad it can get")
    autonomy: Literal["suggest", "approve", "automatic"] = Field(
        default="suggest", description="only with `automatic` may an effect leave without a person"
    )
    purpose: Purpose = Field(description="what its data are used for; policies compare it")
    region: str = Field(default="any", min_length=1, description="where its data may be")
    budget: Budget = Field(description="what usage may cost")
    input: dict[Name, Field_] = Field(min_length=1, description="the input contract of a case")
    intake: IntakePlan = Field(
        default=IntakePlan(), description="where cases come from beside the API: mail, webhooks, files"
    )
    data: dict[Name, Source] = Field(default={}, description="sources it reads or writes")
    knowledge: dict[Name, Knowledge] = Field(default={}, description="documents that answers rest on")
    tasks: dict[Name, Task] = Field(default={}, description="what is predicted")
    tools: dict[ToolName, Tool] = Field(default={}, description="calls to the outside")
    models: dict[Name, LanguageModelPlan] = Field(default={}, description="language models it asks")
    gateway: GatewayPlan = Field(
        default=GatewayPlan(), description="how programs may call its models through the gateway"
    )
    judge: JudgePlan | None = Field(default=None, description="the model that grades answers")
    suites: dict[Name, SuitePromise] = Field(
        default={}, description="suites of tests, `evals/NAME.jsonl`, and what they have to show"
    )
    certificates: dict[Name, Certificate] = Field(default={}, description="promises per kind of error")
    spot_checks: SpotCheckPlan = Field(
        default=SpotCheckPlan(), description="how often people look at what left without them"
    )
    review: ReviewPlan = Field(description="the people's part")
    slo: Slo = Field(default=Slo(), description="how fast it has to be")
    release: ReleasePlan = Field(default=ReleasePlan(), description="how a release gets to production")
    retention: Duration = Field(default="365d", description="how long cases are kept; stated, not yet run")
    conduct: list[Statement] = Field(
        default=[], description="the company's values as sentences, graded by the judge"
    )

    @model_validator(mode="after")
    def _no_loose_ends(self) -> Charter:
        found = [f"{'.'.join(map(str, path))}: {what}" for path, what in loose_ends(self.model_dump())]
        if found:
            raise PydanticCustomError(LOOSE_END, "{found}", {"found": "; ".join(found)})
        return self

    @property
    def write_tools(self) -> Mapping[str, Tool]:
        return {name: tool for name, tool in self.tools.items() if tool.writes}

    def subjects(self, each: str) -> tuple[str, ...]:
        """The members of a list that requirements run over.

        ``data``, ``contracted`` (those with a contract), ``entities`` (sources with a key entity), ``matched`` (those whose rows are
        matched by likeness too), ``dated`` (sources with a refresh
        promise), ``knowledge``, ``distinct`` (knowledge sources that may not repeat themselves), ``tasks`` (those that classify),
        ``routed`` (tasks whose models are chosen by a suite), ``models``, ``write_tools``, ``promised_tools`` (those whose answers
        are promised), ``automatic_errors`` (kinds of error that something automatic depends on), ``suites``, ``conduct`` (statements, where a judge grades
        them), ``judged`` (the model that judges, where there is one).

        Errors: ``KeyError`` for any other list; LISTS names them all.
        """
        return tuple(_SUBJECTS[each](self))

    def number(self, path: str) -> float | None:
        """The number at a dotted path (``data.crm.entity.duplicates_max``), durations in seconds.

        Entries of lists are named by their id (``conduct.cites.floor``).

        Edge: None where the path leads nowhere or to something that is not a number.
        """
        value: object = self
        for part in path.split("."):
            if isinstance(value, list):
                value = next((entry for entry in value if getattr(entry, "id", None) == part), None)
            else:
                value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
            if value is None:
                return None
        if isinstance(value, str):
            if DURATION.fullmatch(value):
                return float(seconds(value))
            match = re.match(r"-?\d+(?:\.\d+)?(?= [A-Z]{3}$)", value)
            return float(match.group()) if match else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _judged(charter: Charter) -> Iterator[str]:
    """The model that judges, and where it is asked: elsewhere it is another judge."""
    if charter.judge:
        plan = charter.models[charter.judge.model]
        yield f"{plan.model} {digest_of(plan.url).removeprefix('sha256:')[:8]}"


# Each is made when it is asked for: a gate asks for them once for each requirement.
_SUBJECTS: Mapping[str, Callable[[Charter], Iterable[str]]] = {
    "data": lambda of: of.data,
    "contracted": lambda of: (name for name, source in of.data.items() if source.contract),
    "entities": lambda of: (name for name, source in of.data.items() if source.entity),
    "matched": lambda of: (
        name for name, source in of.data.items() if source.entity and source.entity.unclear_max is not None
    ),
    "dated": lambda of: (name for name, source in of.data.items() if source.max_age),
    "knowledge": lambda of: of.knowledge,
    "distinct": lambda of: (
        name for name, source in of.knowledge.items() if source.repeats_max is not None
    ),
    "tasks": lambda of: (name for name, task in of.tasks.items() if task.kind == "classify"),
    "routed": lambda of: (name for name, task in of.tasks.items() if task.models and task.suite),
    "models": lambda of: of.models,
    "write_tools": lambda of: of.write_tools,
    "promised_tools": lambda of: (
        name for name, tool in of.tools.items() if tool.answer or tool.use in {"mcp", "openapi"}
    ),
    "automatic_errors": lambda of: (
        sorted({tool.error for tool in of.write_tools.values() if tool.error})
        if of.autonomy == "automatic"
        else ()
    ),
    "suites": lambda of: of.suites,
    "conduct": lambda of: (statement.id for statement in of.conduct) if of.judge else (),
    "judged": _judged,
}


def loose_ends(charter: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Names that a plain charter uses and does not declare: where each stands, and what is wrong.

    Edge: parts of the wrong type are passed over, they are problems of their own.
    """
    for part, fields, declared_in, called in _REFERENCES:
        declared = _entries(charter.get(declared_in))
        for name, entry in _entries(charter.get(part)).items():
            named: Any = entry
            for field in fields:
                named = named.get(field) if isinstance(named, Mapping) else None
            if isinstance(named, str) and named and named not in declared:
                yield (part, name, *fields), f"no {called} `{named}`"
    subjects = [
        name
        for name, field in _entries(charter.get("input")).items()
        if isinstance(field, Mapping) and field.get("subject") is True
    ]
    for name in subjects[1:]:
        yield ("input", name, "subject"), f"`{subjects[0]}` names the data subject, at most one field does"
    yield from _systems_of_record(_entries(charter.get("data")))
    yield from _far_away(charter)
    yield from _registries(_entries(charter.get("tools")), _entries(charter.get("data")))
    yield from unsafe_ends(charter)
    yield from unfit_incoming(charter)
    suites = _entries(charter.get("suites"))
    models = _entries(charter.get("models"))
    for name, task in _entries(charter.get("tasks")).items():
        chosen = task.get("models") if isinstance(task, Mapping) else None
        for number, model in enumerate(chosen if isinstance(chosen, list) else ()):
            if isinstance(model, str) and model not in models:
                yield ("tasks", name, "models", number), f"no language model `{model}`"
        suite = task.get("suite") if isinstance(task, Mapping) else None
        if isinstance(suite, str) and suite and suite not in suites:
            yield ("tasks", name, "suite"), f"no suite `{suite}`"
    for name, knowledge in _entries(charter.get("knowledge")).items():
        embedding = knowledge.get("embedding") if isinstance(knowledge, Mapping) else None
        if isinstance(embedding, str) and embedding and embedding not in (*BUILT_IN, *models):
            yield (
                ("knowledge", name, "embedding"),
                f"`{embedding}` is none of {', '.join(BUILT_IN)}, and no language model",
            )
    yield from _a_canary_s_kpi(charter)
    for name, promise in _entries(charter.get("certificates")).items():
        grader = promise.get("grader") if isinstance(promise, Mapping) else None
        if isinstance(grader, str) and "." in grader and grader.partition(".")[0] not in suites:
            yield ("certificates", name, "grader"), f"no suite `{grader.partition('.')[0]}`"


def _a_canary_s_kpi(charter: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A canary is compared by the figure of single cases only where that figure has two ends."""
    path = ("release", "canary", "metrics", "kpi")
    plan: Any = charter
    for part in path:
        plan = _entries(plan).get(part)
    kpi = _entries(charter.get("kpi"))
    ends = [kpi.get(name) for name in ("per_case", "per_case_low", "per_case_high")]
    if plan is not None and any(end is None for end in ends):
        yield path, "this needs `kpi.per_case`, `kpi.per_case_low` and `kpi.per_case_high`"


def _registries(tools: Mapping[str, Any], sources: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Where an argument is looked up has to be declared."""
    for name, tool in tools.items():
        for argument, registry in _entries(_entries(tool).get("endorse")).items():
            source = _entries(registry).get("source")
            if isinstance(source, str) and source not in sources:
                yield ("tools", name, "endorse", argument, "source"), f"no data source `{source}`"


def _systems_of_record(sources: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A thing that several sources hold has one whose word counts, and never two."""
    claimed: dict[str, str] = {}
    for name, source in sources.items():
        claims = source.get("system_of_record") if isinstance(source, Mapping) else None
        for thing in claims if isinstance(claims, list) else ():
            first = claimed.setdefault(str(thing), name)
            if first != name:
                yield ("data", name, "system_of_record"), f"`{first}` is the system of record of `{thing}`"
    held: dict[str, str] = {}
    for name, source in sources.items():
        entity = source.get("entity") if isinstance(source, Mapping) else None
        if not isinstance(entity, Mapping):
            continue
        thing = str(entity.get("name") or entity.get("table"))
        first = held.setdefault(thing, name)
        if first != name and thing not in claimed:
            yield (
                ("data", name, "entity"),
                f"`{first}` and `{name}` both hold `{thing}`, and neither is its system of record",
            )


def _far_away(charter: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Texts of cases go to language models: none of them runs where the data may not be."""
    allowed = charter.get("region") or "any"
    for name, model in _entries(charter.get("models")).items():
        region = model.get("region") if isinstance(model, Mapping) else None
        if allowed != "any" and isinstance(region, str) and region not in {"", allowed}:
            yield (
                ("models", name, "region"),
                f"data may be in `{allowed}`, and this model runs in `{region}`",
            )


def _entries(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {}


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of ``charter.yaml`` (draft 2020-12)."""
    schema = Charter.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Roadworthy charter",
        **schema,
    }
