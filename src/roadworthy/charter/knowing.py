"""What a charter says about knowledge: documents, with whose rights they are read, and how good they have to be."""

from __future__ import annotations

from typing import Final

from pydantic import Field, model_validator

from roadworthy.charter.parts import Name, Part, Purpose, Query, ShareNumber


class DocumentAccess(Part):
    """What a document demands of its readers where its own head says nothing."""

    data_class: int = Field(
        default=1, ge=0, le=3, description="0 public, 1 internal, 2 personal or confidential, 3 special"
    )
    groups: list[Name] | None = Field(
        default=None,
        description="a reader is in one of them; none named: nobody; left out: groups are not asked for",
    )
    region: str = Field(default="any", min_length=1, description="where it may be read")
    purposes: list[Purpose] = Field(
        default=[], description="what it may be read for; needed for the classes 2 and 3"
    )

    @model_validator(mode="after")
    def _personal_data_have_a_purpose(self) -> DocumentAccess:
        if self.data_class >= 2 and not self.purposes:
            raise ValueError("the classes 2 and 3 name the `purposes` they may be read for")
        return self


class ReadsAs(Part):
    """With whose rights a release reads. The person a case is about is added case by case."""

    groups: list[Name] = Field(default=[], description="groups it counts as a member of")
    clearance: int = Field(default=1, ge=0, le=3, description="highest class of documents it may see")


class Knowledge(Part):
    """Documents that answers may rest on: the files of a folder, or the rows of a query."""

    path: str = Field(default="", description="a folder below the data folder of the use case")
    query: Query | None = Field(
        default=None,
        description="in place of `path`: rows with the columns `name`, `title`, `text`, and as known `updated`, "
        "`valid_from`, `valid_until`, `owner`, `topic`, `language`, `origin`, `groups`, `data_class`, `purposes`, "
        "`region`, `subjects`",
    )
    owner: str = Field(min_length=1, description="decides which of two contradicting documents is right")
    trusted: bool = Field(
        default=False,
        description="nobody outside the company can write these documents, not even a sentence",
    )
    embedding: str = Field(
        default="minilm",
        min_length=1,
        description="what searches by meaning: `minilm`, `static` (instant, less exact), `none` (words alone), or one of "
        "`models` that answers `/embeddings`",
    )
    chunk_chars: int = Field(
        default=1200, ge=200, le=4000, description="longest passage that is found as one, in characters"
    )
    access: DocumentAccess = Field(
        default=DocumentAccess(), description="for documents that say nothing themselves"
    )
    reads_as: ReadsAs = Field(default=ReadsAs(), description="with whose rights releases read")
    stale_max: ShareNumber = Field(default=0.0, description="part that may be past its validity")
    contradictions_max: int = Field(default=0, ge=0, description="pairs that may state different facts")
    repeats_max: int | None = Field(
        default=None,
        ge=0,
        description="pairs of documents that may say nearly the same; left out: any number",
    )
    recall_at: int = Field(default=4, gt=0, le=50, description="documents looked at per question")
    recall_min: ShareNumber = Field(
        default=0.8, description="part of the labelled questions whose document is among them"
    )
    questions: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9_-]{0,62})?$",
        description="the suite `evals/NAME.jsonl` of labelled questions; left out: labelled cases, by the topic of documents",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Knowledge:
        if bool(self.path) == bool(self.query):
            raise ValueError("name either a `path` or a `query`")
        return self


BUILT_IN: Final = ("minilm", "static", "none")
"""What `embedding` may name beside the charter's models."""
