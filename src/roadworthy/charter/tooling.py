"""What a charter says about a tool: what it does to the world, which values steer it, and what it promises."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from roadworthy.charter.parts import Duration, Name, Part

_RATE = re.compile(r"([1-9]\d{0,6})/(s|m|h|d)")
_SOURCE = re.compile(r"key|(arguments|response)\.[A-Za-z_][A-Za-z0-9_]{0,63}")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Argument(Part):
    """One argument of a tool. What is declared here is checked before a policy is asked, and policies may speak of it."""

    type: Literal["text", "integer", "number", "boolean", "list", "object"] = Field(
        default="text", description="what is accepted"
    )
    description: str = Field(default="", max_length=1_000, description="what an agent is told of it")
    required: bool = Field(default=True, description="a call without it is refused")
    max_length: int = Field(
        default=10_000, gt=0, le=1_000_000, description="characters of a text, entries of a list"
    )
    minimum: int | None = Field(default=None, description="smallest integer or number")
    maximum: int | None = Field(default=None, description="largest integer or number")
    one_of: list[str] = Field(
        default=[], description="a closed list; a value that is on it is trusted, whoever chose it"
    )


class Registry(Part):
    """Where a value has to stand to be trusted in one control argument: a known payee, a customer's own address."""

    source: Name = Field(description="an entry of `data`")
    sql: str = Field(
        min_length=1,
        description="a question that answers a row where the value is known; `:value` is the value, `:subject` and "
        "other arguments of the call go by their names",
        examples=["select 1 from supplier where iban = :value"],
    )


class AnswerMarking(Part):
    """What is known of a read tool's answer beside its values."""

    data_class: int | None = Field(
        default=None,
        ge=0,
        le=3,
        description="0 public to 3 special; left out: what its data source says, else 2",
    )
    region: str = Field(default="", description="where it may go; empty: where the tool runs")
    purposes: list[str] = Field(
        default=[],
        description="what it may be used for; left out: the purpose of its data source, else of the use case",
    )


class Tool(Part):
    """A call to the outside. What writes has a sink, a promise about repeated keys, and an undo."""

    use: str = Field(
        description="the built-in kind or plugin that carries it out: `sql.query`, `sql.insert`, `sql.delete`, `python`, "
        "`mcp`, `openapi`, `mail.send`, `webhook.send`, `file.drop`",
        examples=["sql.insert"],
    )
    description: str = Field(
        default="",
        max_length=4_000,
        description="what an agent is told of it, where no server describes it",
    )
    source: Name | None = Field(default=None, description="the data source it works on")
    sink: Literal["none", "browse", "message", "egress", "money", "identity", "write", "delete"] = Field(
        default="none", description="what it does to the world; `none` reads"
    )
    options: dict[str, Any] = Field(default={}, description="of the kind named by `use`")
    arguments: dict[str, Argument] = Field(
        default={},
        description="what it is called with; where any is named, an argument that is not named is refused",
    )
    answer: dict[str, Any] = Field(
        default={},
        description="JSON Schema that every answer meets; an answer that does not is a broken contract",
    )
    control: list[str] = Field(
        default=[], description="arguments that decide who, where and how much; `amount` is always one"
    )
    endorse: dict[str, Registry] = Field(
        default={}, description="control arguments whose values are trusted where a registry knows them"
    )
    trusted: list[str] = Field(
        default=[], description="fields of its answer that may fill control arguments"
    )
    marking: AnswerMarking = Field(default=AnswerMarking(), description="of its answer")
    amount: str = Field(default="", description="the argument that holds minor units of money")
    clearance: int = Field(
        default=2, ge=0, le=3, description="highest data class it may see: 0 public to 3 special"
    )
    region: str = Field(default="", description="where it runs; empty: where the use case does")
    error: str = Field(
        default="", description="the kind of error a certificate must cover before it leaves alone"
    )
    idempotency: Literal["native", "lookup", "none"] = Field(
        default="none", description="whether a repeated key is dropped, can be asked about, or neither"
    )
    lookup: str = Field(
        default="",
        description="with idempotency `lookup`: the read tool that answers for a key, given as `key`",
    )
    lookup_after: Duration = Field(
        default="60s",
        description="how long its receiver may still carry out what it was sent, once a call is over: before that, "
        "the answer that a key is not known does not count",
    )
    undo: str = Field(default="", description="the tool that takes it back")
    undo_with: dict[str, str] = Field(
        default={},
        description="what the undo is called with: each argument with `key` (the key it was sent under), "
        "`arguments.NAME` or `response.NAME`; left out: every argument that the undo declares by its name, "
        "or `key` alone",
        examples=[{"refund": "response.id", "reason": "arguments.reason"}],
    )
    timeout: Duration = Field(default="30s", description="how long a call may take")
    max_answer: int = Field(
        default=1_000_000, gt=0, le=50_000_000, description="bytes of the longest answer that is read"
    )
    rate: str = Field(
        default="",
        description="how many calls may leave in a second (`s`), minute (`m`), hour (`h`) or day (`d`), over all workers",
        examples=["60/m"],
    )
    ordered_by: str = Field(
        default="",
        description="the argument whose effects leave one after the other, in the order of their cases: an account",
    )
    hosts: list[str] = Field(
        default=[],
        description="hosts it may reach; every other one is refused, and so are addresses inside a network unless named here",
        examples=[["api.example.com"]],
    )
    credential: str = Field(
        default="",
        pattern=r"^((env|file):.{1,500})?$",
        description="where its secret stands; it is put in when the call leaves and never shown to a model",
        examples=["env:CRM_TOKEN"],
    )

    @model_validator(mode="after")
    def _says_what_steers_it(self) -> Tool:
        if self.sink in {"money", "identity", "message", "egress"} and not (self.control or self.amount):
            raise ValueError(
                f"a tool whose sink is `{self.sink}` names in `control` the arguments that decide where and how much"
            )
        steering = {*self.control, self.amount}
        if stray := sorted(set(self.endorse) - steering):
            raise ValueError(f"`endorse` names `{stray[0]}`, which `control` does not name")
        if self.arguments and (
            unknown := sorted(({*steering, self.ordered_by} - {""}) - set(self.arguments))
        ):
            raise ValueError(f"`{unknown[0]}` is not among its `arguments`")
        return self

    @model_validator(mode="after")
    def _promises_fit(self) -> Tool:
        if self.rate and not _RATE.fullmatch(self.rate):
            raise ValueError(f"a `rate` is a number and a unit such as `60/m`, found `{self.rate}`")
        if self.undo_with and not self.undo:
            raise ValueError("`undo_with` says what an `undo` is called with, and there is none")
        if stray := sorted(source for source in self.undo_with.values() if not _SOURCE.fullmatch(source)):
            raise ValueError(
                f"`undo_with` takes `key`, `arguments.NAME` or `response.NAME`, found `{stray[0]}`"
            )
        if self.lookup and self.idempotency != "lookup":
            raise ValueError("`lookup` names who answers for a key, so `idempotency` is `lookup`")
        return self

    @property
    def writes(self) -> bool:
        """It changes the world."""
        return self.sink != "none"

    @property
    def rate_limit(self) -> tuple[int, int] | None:
        """(calls, seconds) of its rate; None where it has none."""
        found = _RATE.fullmatch(self.rate)
        return (int(found[1]), _SECONDS[found[2]]) if found else None
