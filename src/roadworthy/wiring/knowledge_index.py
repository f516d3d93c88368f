"""Where knowledge is indexed, and the models that embed it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem
from roadworthy.wiring.place import resolved, secret

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.ports.knowledge import Embedder, KnowledgeIndex

_FILE = "sqlite:///"
_SERVER = ("postgres://", "postgresql://", "postgresql+psycopg://")


def open_index(address: str, *, use_case: str, source: str, version: str) -> KnowledgeIndex:
    """The index of one version of one knowledge source; made when it is first used.

    Errors: ``InputProblem`` RW-KNOWLEDGE-039 for an address of another form.
    """
    if address.startswith(_FILE) and len(address) > len(_FILE):
        from roadworthy.adapters.fts5 import Fts5Index

        return Fts5Index(
            Path(address.removeprefix(_FILE)), use_case=use_case, source=source, version=version
        )
    if address.startswith(_SERVER):
        from roadworthy.adapters.pgvector import PgvectorIndex

        return PgvectorIndex(address, use_case=use_case, source=source, version=version)
    raise InputProblem(
        "RW-KNOWLEDGE-039",
        Problem(
            "the address of the knowledge index cannot be read",
            place="ROADWORTHY_KNOWLEDGE_URL",
            hint="write `sqlite:///folder/knowledge.sqlite` or `postgresql://user:password@host/database`",
        ),
    )


def indexes(address: str) -> Iterator[KnowledgeIndex]:
    """Every index there is at an address, those of earlier versions included.

    Errors: as ``open_index``; ``Unavailable`` where the database does not answer.
    """
    if address.startswith(_FILE):
        from roadworthy.adapters.fts5 import homes

        known = homes(Path(address.removeprefix(_FILE)))
    else:
        from roadworthy.adapters.pgvector import homes as homes_of_server

        known = homes_of_server(address) if address.startswith(_SERVER) else ()
    for use_case, source, version in known:
        yield open_index(address, use_case=use_case, source=source, version=version)


def embedders(charter: Charter, embedding: str) -> tuple[Embedder, ...]:
    """What a knowledge source is embedded with, best first: the model it names, and the instant one beneath.

    ``embedding``: `minilm`, `static`, `none`, or one of the charter's models. Where the package of the instant model
    is missing, passages without a vector are found by their words until they have one.

    Errors: ``InputProblem`` RW-MODEL-003 and RW-KNOWLEDGE-035 where packages are missing; RW-LLM-001, 002, 020 for a
    model's address and secret.
    """
    if embedding == "none":
        return ()
    if embedding == "static":
        return _instant(needed=True)
    if embedding == "minilm":
        from roadworthy.adapters.localmodels.embedding import shared_minilm

        return (shared_minilm(), *_instant(needed=False))
    from roadworthy.adapters.openai import OpenAiEmbedder

    plan = charter.models[embedding]
    named = plan.model_copy(update={"url": resolved(plan.url)})
    return (OpenAiEmbedder(named, key=secret(plan.secret), name=embedding), *_instant(needed=False))


def _instant(*, needed: bool) -> tuple[Embedder, ...]:
    if not needed and find_spec("wordllama") is None:
        return ()
    from roadworthy.adapters.wordllama import shared_wordllama

    return (shared_wordllama(),)
