"""Kinds of graders that need an instrument. Here is what they can be told; `measure` grades with them."""

from __future__ import annotations

from pydantic import Field, field_validator

from roadworthy.evaluation.graders.reading import Compared, Options


class Semantic(Compared):
    """Options of `semantic`: the value is the cosine of two embeddings, `passes_at` says when it is near."""


class Groundedness(Options):
    """Options of `groundedness`: the value is the part of the sentences that the passages support."""

    field: str = Field(default="", description="part of the answer that has to be supported")


class Judge(Options):
    """Options of `judge`: a language model reads input, expectation and answer, and says pass or fail."""

    rubric: str = Field(min_length=1, max_length=20_000, description="what makes an answer pass")
    votes: int = Field(default=1, ge=1, le=15, description="times it is asked; the majority counts")
    field: str = Field(default="", description="part of the answer that is judged")


class Conduct(Options):
    """Options of `conduct`: a language model says whether the company's values were kept."""

    statements: dict[str, str] = Field(
        default_factory=dict, description="sentences by name; empty: those of the charter"
    )
    votes: int = Field(default=1, ge=1, le=15, description="times it is asked; the majority counts")
    field: str = Field(default="", description="part of the answer that is judged")

    @field_validator("statements")
    @classmethod
    def _says_something(cls, statements: dict[str, str]) -> dict[str, str]:
        if not all(name.strip() and says.strip() for name, says in statements.items()):
            raise ValueError("a statement has a name and a sentence")
        return statements
