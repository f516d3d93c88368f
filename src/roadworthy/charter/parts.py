"""The parts of a charter. Every field says in its description what it means; the reference is made from it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from roadworthy.quantities import Cost, Money


def _one_purpose(text: str) -> str:
    if text == "any":
        raise ValueError("name one; data may not serve just any purpose")
    return text


def _money(text: str) -> str:
    Money.parse(text)
    return text


def _cost(text: str) -> str:
    Cost.parse(text)
    return text


def in_euro(text: str) -> str:
    """An amount in euro, or an error."""
    # Prices of models and machines are kept in euro; another currency would be compared as if it were one.
    if not text.endswith(" EUR"):
        raise ValueError("usage is counted in EUR")
    return text


def _duration(text: str) -> str:
    if not DURATION.fullmatch(text):
        raise ValueError("expected a number and a unit such as `30m`, `4h` or `90d`")
    return text


DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# Patterns that only the published schema uses, for editors; the validators say more.
_AMOUNT: dict[str, JsonValue] = {"pattern": r"^\s*-?\d+(\.\d+)?\s+[A-Z]{3}\s*$"}
_SPAN: dict[str, JsonValue] = {"pattern": r"^\s*\d{1,6}[smhd]\s*$"}

MoneyText = Annotated[str, AfterValidator(_money), Field(examples=["49.90 EUR"], json_schema_extra=_AMOUNT)]
CostText = Annotated[str, AfterValidator(_cost), Field(examples=["0.0031 EUR"], json_schema_extra=_AMOUNT)]
Duration = Annotated[
    str, AfterValidator(_duration), Field(examples=["30m", "4h", "90d"], json_schema_extra=_SPAN)
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", examples=["support"])]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", examples=["customer"])]
Purpose = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["customer-service"]),
    AfterValidator(_one_purpose),
]
ShareNumber = Annotated[float, Field(ge=0, le=1)]

Tier = Literal["minimal", "limited", "high"]
TIERS: tuple[Tier, ...] = get_args(Tier)


def seconds(duration: str) -> int:
    """Seconds in a duration such as ``4h``."""
    number, unit = DURATION.fullmatch(duration).groups()  # type: ignore[union-attr]
    return int(number) * _SECONDS[unit]


class Part(BaseModel):
    """Unknown fields are errors everywhere: a misspelt promise is no promise."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Owners(Part):
    """The people who answer for the use case, by the name of their account."""

    business: str = Field(
        min_length=1, description="answers for the benefit and the risk, approves releases"
    )
    technical: str = Field(min_length=1, description="answers for how it is built")
    risk: str = Field(min_length=1, description="the risk officer, approves releases from tier limited on")
    support: str = Field(min_length=1, description="is called at night")


class Query(Part):
    """A question to one of the declared data sources."""

    source: Name = Field(description="an entry of `data`")
    sql: str = Field(min_length=1, description="read-only; one row with one value, unless said otherwise")


class Kpi(Part):
    """The figure that says whether the use case is worth it."""

    name: str = Field(description="what people call it")
    unit: str = Field(description="share, minutes, EUR …")
    baseline: Query = Field(description="its value before, measured on its own source")
    target: float = Field(description="the value that was promised")
    direction: Literal["up", "down"] = Field(default="up", description="which way is better")
    current: Query | None = Field(default=None, description="its value now, asked on a schedule")
    every: Duration = Field(default="1d", description="how often its value is asked for")
    per_case_low: float | None = Field(default=None, description="lowest figure a case can have")
    per_case_high: float | None = Field(default=None, description="highest figure a case can have")
    per_case: Query | None = Field(
        default=None,
        description="rows `key` and `value`: the figure of single cases, by their external key",
    )
    baseline_from: date | None = Field(default=None, description="first day of what the baseline speaks of")
    baseline_until: date | None = Field(default=None, description="last day of it")
    holdout: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="part of the live cases that stays with people, drawn by lot: what shows that the figure moved because of this",
    )

    @model_validator(mode="after")
    def _ends_run_upward(self) -> Kpi:
        if seconds(self.every) <= 0:
            raise ValueError("`every` is longer than nothing")
        if self.baseline_from and self.baseline_until and self.baseline_from > self.baseline_until:
            raise ValueError("`baseline_from` comes before `baseline_until`")
        low, high = self.per_case_low, self.per_case_high
        if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
            raise ValueError("`per_case_low` and `per_case_high` go together, the lower one first")
        return self


class Value(Part):
    """What the promised benefit rests on. The gate reckons the review load from the volume."""

    cases_per_month: int = Field(gt=0, description="expected volume")
    minutes_per_case: float = Field(gt=0, description="a person's work on a case today")
    cost_per_hour: MoneyText = Field(description="of that work")
    cost_of_error: MoneyText = Field(description="of one wrong answer that left")


class Risk(Part):
    """How bad it can get. The tier decides which requirements apply."""

    tier: Tier = Field(description="how much is asked of the use case")
    worst_case: str = Field(description="in one sentence, shown to everybody who approves")
    reversible_within: Duration | None = Field(default=None, description="how long an undo stays possible")


class Budget(Part):
    """What usage may cost. Beyond it effects go to a person."""

    per_case: Annotated[CostText, AfterValidator(in_euro)] = Field(
        description="one case, all attempts of its steps included"
    )
    per_month: Annotated[MoneyText, AfterValidator(in_euro)] = Field(
        description="all live cases of a month"
    )
    unit: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9_-]{0,62})?$",
        description="the business unit that pays; its budget is kept by the installation",
    )


class Field_(Part):
    """One field of the input contract."""

    type: Literal["text", "email", "integer", "date"] = Field(
        default="text", description="what is accepted"
    )
    required: bool = Field(default=True, description="a case without it is rejected")
    max_length: int = Field(default=10_000, gt=0, le=1_000_000, description="characters")
    trusted: bool = Field(
        default=False, description="authenticated by the channel, not written by the sender"
    )
    subject: bool = Field(
        default=False, description="names the person whose data the case holds; at most one field"
    )
    slice: bool = Field(default=False, description="quality is looked at per value of this field")
    data_class: int | None = Field(
        default=None,
        ge=0,
        le=3,
        description="0 public, 1 internal, 2 personal or confidential, 3 special; left out: 2 where the input names a "
        "person, else 1",
    )


class Entity(Part):
    """The thing a table is about, and how one tells that two rows are the same thing."""

    name: Name | None = Field(
        default=None, description="what people call it: customer, account; default: the table's name"
    )
    table: Identifier = Field(description="the table that is looked at")
    key: list[Identifier] = Field(
        min_length=1, description="columns that name the same real thing when they agree"
    )
    also: list[list[Identifier]] = Field(
        default=[], description="further combinations that name the same thing"
    )
    duplicates_max: ShareNumber = Field(description="part of the rows that may be duplicates")
    unclear_max: int | None = Field(
        default=None,
        ge=0,
        description="rows are also matched by likeness, and so many doubtful pairs may wait for a person",
    )


class Source(Part):
    """A data source: where it is, who answers for it, and what is promised about it."""

    url: str = Field(
        min_length=1,
        description="sqlite:///…, postgresql://…, mysql://…, a file, a folder or glob of files, or an object "
        "store's address; `{data}` is the data folder of the workspace",
    )
    contract: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.ya?ml$|^$",
        description="its data contract (Open Data Contract Standard 3.1), a file of the use-case folder",
        examples=["contracts/crm.odcs.yaml"],
    )
    owner: str = Field(min_length=1, description="decides who may use it")
    steward: str = Field(min_length=1, description="mends it")
    system_of_record: list[Name] = Field(
        default=[], description="the things whose truth is here where sources differ: customer, account"
    )
    personal: Literal["none", "personal", "special"] = Field(
        default="none", description="whether it holds personal data, or special categories of them"
    )
    purpose: str = Field(default="", description="what personal data are kept for; needed for them")
    retention: Duration | None = Field(
        default=None, description="how long personal data are kept; needed for them"
    )
    refreshed: Query | None = Field(default=None, description="when its newest entry was made")
    max_age: Duration | None = Field(
        default=None, description="its newest entry is never older; measured by `refreshed`"
    )
    entity: Entity | None = Field(default=None, description="duplicates are counted by it")

    @model_validator(mode="after")
    def _personal_data_have_a_purpose(self) -> Source:
        if self.personal != "none" and not (self.purpose and self.retention):
            raise ValueError("personal data need a `purpose` and a `retention`")
        return self


class Task(Part):
    """A thing to predict, and how good a model must be at it."""

    kind: Literal["classify", "chat"] = Field(
        default="classify",
        description="one label per text, or free text written by one of `models`",
    )
    features: Literal["minilm", "tfidf", "minilm+tfidf"] = Field(
        default="minilm+tfidf", description="what the local model reads of a text"
    )
    text: str = Field(default="", description="the field of the input that is read, where it classifies")
    floor: ShareNumber = Field(
        description="lower end of the interval of the part that is right: accuracy, or tests passed"
    )
    slice_floor: ShareNumber = Field(default=0.0, description="the same for the worst slice")
    abstain: list[str] = Field(default=[], description="labels that mean: not ours to answer")
    languages: list[str] = Field(
        default=[], description="train on these values of the slice only; stated, not yet used"
    )
    model: Name | None = Field(
        default=None,
        description="the language model of `models` that answers by `prompt`, in place of a local one",
    )
    prompt: str = Field(
        default="",
        pattern=r"^(prompts/[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$",
        description="the prompt, a file of the use-case folder",
        examples=["prompts/intent.txt"],
    )

    labels: list[str] = Field(
        default=[], description="what a prompted task may answer; a local model learns them from its texts"
    )
    models: list[Name] = Field(
        default=[],
        description="language models of `models` that may answer calls to `task:NAME` through the gateway, in order of "
        "preference where cost and quality are equal",
    )
    suite: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9_-]{0,62})?$",
        description="the suite of tests by which each of `models` has to reach `floor` before it is chosen",
    )
    escalate_below: ShareNumber | None = Field(
        default=None,
        description="confidence of an answer below which the next of `models` is asked; an answer that does not fit the "
        "form that was asked for has none",
    )

    @model_validator(mode="after")
    def _a_prompt_and_its_model(self) -> Task:
        if self.kind == "chat":
            if not self.models:
                raise ValueError("a task of kind `chat` names its `models`")
            return self
        if not self.text:
            raise ValueError("a task that classifies names the field of the input in `text`")
        if bool(self.model) != bool(self.prompt):
            raise ValueError("`model` and `prompt` go together")
        if self.prompt and len(set(self.labels)) < 2:
            raise ValueError("a prompted task names at least two `labels`")
        return self


class Slo(Part):
    """How fast it has to be."""

    p95_seconds: float = Field(
        default=60, gt=0, description="95 of 100 cases are decided faster; stated, not yet measured"
    )
    stop_seconds: float = Field(default=1, gt=0, description="until every worker obeys the stop switch")
