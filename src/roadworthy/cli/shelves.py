"""Opening the knowledge sources of a use case, for every command that looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.operate.deployment import Deployment
    from roadworthy.ports.knowledge import KnowledgeSource
    from roadworthy.principal import Principal

Source = Annotated[str, typer.Argument(help="The knowledge source, as the charter calls it.")]
Named = Annotated[
    str,
    typer.Option(
        "--release", help="Whose charter: r2, or the first digits of its digest; default: the newest."
    ),
]


@contextmanager
def shelves(
    home: Path | None, use_case: str, release: str, *, verb: str
) -> Iterator[tuple[Deployment, Principal, Charter, dict[str, KnowledgeSource]]]:
    """An installation and the knowledge bases of a use case, as a release's charter declares them."""
    from roadworthy.cli.releases import chosen_release
    from roadworthy.cli.session import opened
    from roadworthy.principal import require
    from roadworthy.wiring import open_knowledge

    with opened(home) as (deployment, principal, place):
        require(principal, verb, use_case=use_case)
        charter = deployment.loader.charter(chosen_release(deployment, use_case, release).digest)
        bases = {name: open_knowledge(place, deployment, charter, name) for name in charter.knowledge}
        yield deployment, principal, charter, bases


@contextmanager
def one_shelf(
    home: Path | None, use_case: str, release: str, source: str, *, verb: str
) -> Iterator[tuple[Deployment, Principal, Charter, KnowledgeSource]]:
    """An installation and the one knowledge base that is named, or the only one. Errors: as ``only``."""
    with shelves(home, use_case, release, verb=verb) as (deployment, principal, charter, bases):
        yield deployment, principal, charter, only(bases, source)


def only(bases: dict[str, KnowledgeSource], source: str) -> KnowledgeSource:
    """The one source, or the one that is named. Errors: ``InputProblem`` RW-KNOWLEDGE-003."""
    if not source and len(bases) == 1:
        return next(iter(bases.values()))
    if source not in bases:
        known = ", ".join(bases)
        raise InputProblem(
            "RW-KNOWLEDGE-003",
            Problem(
                f"no knowledge source `{source}` in the charter" if source else "name a knowledge source",
                hint=f"declared are: {known}" if known else "declare one under `knowledge` of the charter",
            ),
        )
    return bases[source]
