"""The charter: what was promised for one use case, as a typed value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from roadworthy.quantities import Cost, Money


def _money(text: str) -> str:
    Money.parse(text)
    return text


def _cost(text: str) -> str:
    Cost.parse(text)
    return text


def _in_euro(text: str) -> str:
    # Prices of models and machines are kept in euro; another currency would be compared as if it were one.
    if not text.endswith(" EUR"):
        raise ValueError("usage is counted in EUR")
    return text


def _one_purpose(text: str) -> str:
    if text == "any":
        raise ValueError("name one; data may not serve just any purpose")
    return text


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise ValueError("expected a number and a unit such as `30m`, `4h` or `90d`")
    return text


_DURATION = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

MoneyText = Annotated[str, AfterValidator(_money), Field(examples=["49.90 EUR"])]
CostText = Annotated[str, AfterValidator(_cost), Field(examples=["0.0031 EUR"])]
Duration = Annotated[str, AfterValidator(_duration), Field(examples=["30m", "4h", "90d"])]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", examples=["support"])]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", examples=["customer"])]
ShareNumber = Annotated[float, Field(ge=0, le=1)]


Path = tuple[str | int, ...]
"""Where something stands in a charter: field names, and indexes of lists."""

LISTS = ("data", "entities", "dated", "knowledge", "tasks", "write_tools", "automatic_errors")
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
)


def seconds(duration: str) -> int:
    """Seconds in a duration such as ``4h``."""
    number, unit = _DURATION.fullmatch(duration).groups()  # type: ignore[union-attr]
    return int(number) * _SECONDS[unit]


class Part(BaseModel):
    """Unknown fields are errors everywhere: a misspelt promise is no promise."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Owners(Part):
    business: str = Field(min_length=1, description="answers for the benefit and the risk")
    technical: str = Field(min_length=1)
    risk: str = Field(min_length=1)
    support: str = Field(min_length=1, description="is called at night")


class Query(Part):
    source: Name
    sql: str = Field(min_length=1, description="read-only; one row, one number")


class Kpi(Part):
    name: str
    unit: str
    baseline: Query
    target: float
    direction: Literal["up", "down"] = "up"


class Value(Part):
    cases_per_month: int = Field(gt=0)
    minutes_per_case: float = Field(gt=0)
    cost_per_hour: MoneyText
    cost_of_error: MoneyText


class Risk(Part):
    tier: Literal["minimal", "limited", "high"]
    worst_case: str
    reversible_within: Duration | None = None


class Budget(Part):
    per_case: Annotated[CostText, AfterValidator(_in_euro)]
    per_month: Annotated[MoneyText, AfterValidator(_in_euro)]


class Field_(Part):
    """One field of the input contract."""

    type: Literal["text", "email", "integer", "date"] = "text"
    required: bool = True
    max_length: int = Field(default=10_000, gt=0, le=1_000_000)
    trusted: bool = Field(
        default=False, description="authenticated by the channel, not written by the sender"
    )
    subject: bool = Field(default=False, description="names the person whose data the case holds")
    slice: bool = Field(default=False, description="quality is looked at per value of this field")


class Check(Part):
    """A declared data check: an SQL query that counts the rows in breach."""

    name: Name
    breaches: str = Field(min_length=1)
    at_most: int = Field(default=0, ge=0)


class Entity(Part):
    table: Identifier
    key: list[Identifier] = Field(
        min_length=1, description="columns that name the same real thing when they agree"
    )
    also: list[list[Identifier]] = Field(
        default=[], description="further combinations that name the same thing"
    )
    duplicates_max: ShareNumber


class Source(Part):
    url: str = Field(
        description="sqlite:///… or postgresql://…; `{data}` is the data folder of the workspace"
    )
    owner: str = Field(min_length=1)
    steward: str = Field(min_length=1)
    personal: Literal["none", "personal", "special"] = "none"
    purpose: str = ""
    retention: Duration | None = None
    refreshed: Query | None = None
    max_age: Duration | None = None
    entity: Entity | None = None
    checks: list[Check] = []

    @model_validator(mode="after")
    def _personal_data_have_a_purpose(self) -> Source:
        if self.personal != "none" and not (self.purpose and self.retention):
            raise ValueError("personal data need a `purpose` and a `retention`")
        return self


class Knowledge(Part):
    path: str
    owner: str = Field(min_length=1)
    stale_max: ShareNumber = 0.0
    contradictions_max: int = Field(default=0, ge=0)
    recall_at: int = Field(default=4, gt=0, le=50)
    recall_min: ShareNumber = 0.8


class Task(Part):
    """A thing to predict, and how good a model must be at it."""

    kind: Literal["classify"] = "classify"
    features: Literal["minilm", "tfidf", "minilm+tfidf"] = "minilm+tfidf"
    text: str = Field(description="the field of the input that is read")
    floor: ShareNumber = Field(description="lower end of the accuracy's interval")
    slice_floor: ShareNumber = 0.0
    abstain: list[str] = Field(default=[], description="labels that mean: not ours to answer")
    languages: list[str] = Field(
        default=[], description="train on these values of the slice only; empty: all"
    )


class Tool(Part):
    """A call to the outside. What writes has a sink, a promise about repeated keys, and an undo."""

    use: str = Field(description="the built-in kind or plugin that carries it out", examples=["sql.insert"])
    source: Name | None = None
    sink: Literal["none", "browse", "message", "egress", "money", "identity", "write", "delete"] = "none"
    options: dict[str, Any] = {}
    control: list[str] = Field(default=[], description="arguments that decide who, where and how much")
    trusted: list[str] = Field(
        default=[], description="fields of its answer that may fill control arguments"
    )
    amount: str = Field(default="", description="the argument that holds minor units of money")
    clearance: int = Field(default=2, ge=0, le=3)
    region: str = Field(default="", description="where it runs; empty: where the use case does")
    error: str = Field(
        default="", description="the kind of error a certificate must cover before it leaves alone"
    )
    idempotency: Literal["native", "lookup", "none"] = "none"
    undo: str = ""
    timeout: Duration = "30s"

    @property
    def writes(self) -> bool:
        return self.sink != "none"


class Certificate(Part):
    """The promise about one kind of error among what leaves without a person."""

    task: Name
    alpha: float = Field(gt=0, lt=1)
    delta: float = Field(default=0.05, gt=0, lt=1)
    valid_for: Duration = "90d"


class ReviewPlan(Part):
    role: str = "reviewer"
    hours_per_week: float = Field(gt=0)
    minutes_per_review: float = Field(gt=0)
    due: Duration = "4h"
    escalate_to: str = "owner"


class Slo(Part):
    p95_seconds: float = Field(default=60, gt=0)
    stop_seconds: float = Field(default=1, gt=0)


class Shadow(Part):
    min_cases: int = Field(default=100, gt=0)
    agreement_min: ShareNumber = 0.0


class Canary(Part):
    share: float = Field(default=0.2, gt=0, lt=1)
    min_cases: int = Field(default=50, gt=0)
    margin: float = Field(
        default=0.03, ge=0, lt=1, description="halted once proven worse by more than this"
    )
    tolerance: float = Field(
        default=0.1, gt=0, lt=1, description="promoted once proven not worse by this much"
    )
    delta: float = Field(
        default=0.05, gt=0, lt=1, description="risk of a false rollback, whenever one looks"
    )


class ReleasePlan(Part):
    shadow: Shadow = Shadow()
    canary: Canary = Canary()


class Statement(Part):
    id: Name
    says: str = Field(min_length=1)


class Charter(Part):
    """Everything promised for one use case. Thresholds of the gate live here, not in code."""

    use_case: Name
    title: str = Field(min_length=1)
    phase: Literal["discovery", "strategy", "prototype", "engineering", "production", "optimisation"] = (
        "engineering"
    )
    objective: str = Field(min_length=1)
    owners: Owners
    kpi: Kpi
    value: Value
    risk: Risk
    autonomy: Literal["suggest", "approve", "automatic"] = "suggest"
    purpose: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["customer-service"]),
        AfterValidator(_one_purpose),
    ]
    region: str = Field(default="any", min_length=1)
    budget: Budget
    input: dict[Name, Field_] = Field(min_length=1)
    data: dict[Name, Source] = {}
    knowledge: dict[Name, Knowledge] = {}
    tasks: dict[Name, Task] = {}
    tools: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")], Tool] = {}
    certificates: dict[Name, Certificate] = {}
    review: ReviewPlan
    slo: Slo = Slo()
    release: ReleasePlan = ReleasePlan()
    retention: Duration = "365d"
    conduct: list[Statement] = []

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

        ``data``, ``entities`` (sources with a key entity), ``dated`` (sources with a refresh
        promise), ``knowledge``, ``tasks``, ``write_tools``, ``automatic_errors`` (kinds of error
        that something automatic depends on).

        Errors: ``KeyError`` for any other list; LISTS names them all.
        """
        lists: dict[str, list[str]] = {
            "data": list(self.data),
            "entities": [name for name, source in self.data.items() if source.entity],
            "dated": [name for name, source in self.data.items() if source.max_age],
            "knowledge": list(self.knowledge),
            "tasks": list(self.tasks),
            "write_tools": list(self.write_tools),
            "automatic_errors": sorted({tool.error for tool in self.write_tools.values() if tool.error})
            if self.autonomy == "automatic"
            else [],
        }
        return tuple(lists[each])

    def number(self, path: str) -> float | None:
        """The number at a dotted path (``data.crm.entity.duplicates_max``), durations in seconds.

        Edge: None where the path leads nowhere or to something that is not a number.
        """
        value: object = self
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
            if value is None:
                return None
        if isinstance(value, str):
            if _DURATION.fullmatch(value):
                return float(seconds(value))
            match = re.match(r"-?\d+(?:\.\d+)?(?= [A-Z]{3}$)", value)
            return float(match.group()) if match else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


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
