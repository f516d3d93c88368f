"""What a charter promises about models: which there are, what they cost, and how they may be called."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from roadworthy.charter.parts import CostText, Duration, Part, in_euro

Ability = Literal["chat", "tools", "json_schema", "images", "embeddings", "streaming"]
EuroCost = Annotated[CostText, AfterValidator(in_euro)]


class LanguageModelPlan(Part):
    """A model behind an address that speaks the OpenAI wire, or behind a provider's own."""

    url: str = Field(
        default="",
        pattern=r"^(https?://|\$\{|$)",
        description="its base address, ending in /v1; empty where `provider` knows it",
        examples=["https://host/v1"],
    )
    model: str = Field(min_length=1, max_length=200, description="what the server calls it")
    provider: str = Field(
        default="openai",
        pattern=r"^[a-z][a-z0-9_]{0,40}$",
        description="`openai` for any server that speaks the OpenAI wire; any other name is asked through the provider "
        "library (extra `providers`)",
        examples=["openai", "anthropic", "bedrock", "vertexai"],
    )
    secret: str = Field(
        default="",
        pattern=r"^([A-Z][A-Z0-9_]*)?$",
        description="name of the environment variable with its key; never the key itself",
    )
    listed_as: str = Field(
        default="",
        pattern=r"^([a-z0-9_-]+/.{1,200})?$",
        description="`PROVIDER/MODEL` in the list of prices, where no price is stated here",
        examples=["openai/gpt-4o-mini"],
    )
    read_price: EuroCost | None = Field(default=None, description="of a million tokens read")
    written_price: EuroCost | None = Field(default=None, description="of a million tokens written")
    cached_price: EuroCost | None = Field(
        default=None,
        description="of a million tokens read from the provider's cache; default: as `read_price`",
    )
    call_bound: EuroCost | None = Field(
        default=None, description="what one call costs at most, where nobody knows a price; charged in full"
    )
    region: str = Field(default="", description="where it runs; empty: where the use case does")
    clearance: int = Field(
        default=2, ge=0, le=3, description="highest data class it may be told: 0 public to 3 special"
    )
    able: list[Ability] = Field(default=["chat", "streaming"], min_length=1, description="what it can do")
    context: int = Field(
        default=0, ge=0, description="tokens it reads and writes in one call; 0: not stated"
    )
    most_written: int = Field(default=0, ge=0, description="tokens it writes in one call; 0: not stated")
    limit: Literal["max_completion_tokens", "max_tokens"] = Field(
        default="max_completion_tokens",
        description="the word by which its server takes the most tokens of an answer",
    )
    retires: date | None = Field(
        default=None, description="last day its maker serves it; 90 days before, the gate holds"
    )
    timeout: Duration = Field(default="60s", description="how long an answer may take")

    @model_validator(mode="after")
    def _whole(self) -> LanguageModelPlan:
        problems = []
        if self.provider == "openai" and not self.url:
            problems.append("a model behind the OpenAI wire names its `url`")
        if (self.read_price is None) != (self.written_price is None):
            problems.append("`read_price` and `written_price` go together")
        if self.read_price is None and not self.listed_as and self.call_bound is None:
            problems.append(
                "nothing says what it costs: state `read_price` and `written_price`, `listed_as`, or `call_bound`"
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self


class GatewayPlan(Part):
    """How programs of the use case may call its models through the gateway."""

    most_written: int = Field(
        default=1_024,
        gt=0,
        le=1_000_000,
        description="tokens of an answer, where a request does not say: what makes its cost bounded",
    )
    personal: Literal["pass", "redact", "pseudonymise"] = Field(
        default="pass",
        description="what becomes of personal data on the way to a model: passed, replaced by their kind, or replaced by "
        "stand-ins that are turned back in the answer",
    )
    cache: Literal["off", "exact"] = Field(
        default="off", description="`exact`: the same request of the same case is answered from memory"
    )
    cache_for: Duration = Field(default="1h", description="how long an answer is kept there")
    attempts: int = Field(default=3, ge=1, le=10, description="requests for one answer, over all models")
    per_key: EuroCost | None = Field(default=None, description="what one key may spend in a month")
