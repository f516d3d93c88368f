"""Knowledge bases: which index, which models and which documents stand behind a charter's knowledge source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import NotFound, RoadworthyError
from roadworthy.knowledge import INTERNAL, Access, Document, Reader
from roadworthy.policy import Marking
from roadworthy.policy.marking import ANY
from roadworthy.quantities import digest_of

if TYPE_CHECKING:
    from roadworthy.charter import Charter, Knowledge
    from roadworthy.operate.deployment import Deployment
    from roadworthy.ports import SourceReader, Store, Vault
    from roadworthy.ports.knowledge import DocumentSource, Forgotten, KnowledgeSource
    from roadworthy.wiring.place import Workspace


@dataclass(frozen=True, slots=True)
class Shelves:
    """What knowledge sources are opened with. ``pseudonym`` names data subjects, as the vault does."""

    place: Workspace
    pseudonym: Callable[[str], str]
    forgotten: Callable[[frozenset[str]], date | None]
    """When the last of some data subjects was erased; None if none ever was."""
    rows: Callable[[str, Path], SourceReader]
    """Reads an address of the charter's ``data``, with the data folder of the use case."""
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    """What no document can have been updated after; days of erasures are of the same zone."""

    def open(self, charter: Charter, name: str) -> KnowledgeSource:
        """A knowledge source of the charter with its index, not yet built.

        Errors: ``InputProblem`` where a package is missing that the charter asks for, or a folder is not there.
        """
        from roadworthy.ports.knowledge import KnowledgeSource
        from roadworthy.wiring.knowledge_index import embedders, open_index

        promise = charter.knowledge[name]
        folder = self.place.data / charter.use_case
        version = version_of(promise, folder)
        return KnowledgeSource(
            name=name,
            source=self._documents(charter, promise, folder),
            index=open_index(
                self.place.knowledge_url,
                use_case=charter.use_case,
                source=name,
                version=version,
            ),
            embedders=embedders(charter, promise.embedding),
            chunk_chars=promise.chunk_chars,
            reader=reader_of(charter, promise),
            forgotten=self.forgotten,
            today=self.today,
            version=version,
        )

    def _documents(self, charter: Charter, promise: Knowledge, folder: Path) -> DocumentSource:
        from roadworthy.wiring.knowledge_sources import open_folder, open_rows

        access = access_of(promise)
        if promise.query is None:
            return open_folder(folder / promise.path, access=access, pseudonym=self.pseudonym)
        rows = self.rows(charter.data[promise.query.source].url, folder)
        return open_rows(rows, promise.query.sql, access=access, pseudonym=self.pseudonym)


def version_of(promise: Knowledge, folder: Path) -> str:
    """Names what makes two indexes of one source different: how documents are cut, which documents, and what those
    demand that say nothing themselves.

    A copy of the data to rehearse on has an index of its own. Vectors are kept by their model beside it.
    """
    sql = promise.query.sql if promise.query else ""
    place = digest_of([str(folder), promise.path, sql, access_of(promise).digest])
    return f"{promise.chunk_chars}-{place.removeprefix('sha256:')[:16]}"


def access_of(promise: Knowledge) -> Access:
    """What documents demand that say nothing themselves."""
    stated = promise.access
    return Access(
        Marking(
            origin="trusted" if promise.trusted else "untrusted",
            data_class=stated.data_class,
            region=stated.region,
            purposes=frozenset(stated.purposes or {ANY}),
            subjects=frozenset(),
        ),
        None if stated.groups is None else frozenset(stated.groups),
    )


def reader_of(charter: Charter, promise: Knowledge) -> Reader:
    """With whose rights releases of this charter read."""
    return Reader(
        groups=frozenset(promise.reads_as.groups),
        clearance=promise.reads_as.clearance,
        region="" if charter.region == ANY else charter.region,
        purpose=charter.purpose,
    )


def open_knowledge(
    place: Workspace, deployment: Deployment, charter: Charter, source: str
) -> KnowledgeSource:
    """A knowledge source as commands look at it: opened, and neither built nor searched yet.

    Errors: ``NotFound`` RW-KNOWLEDGE-002 for a source that the charter does not declare; as ``Shelves.open``.
    """
    if source not in charter.knowledge:
        known: Mapping[str, object] = charter.knowledge
        raise NotFound(
            "RW-KNOWLEDGE-002",
            f"no knowledge source `{source}` in the charter",
            hint=f"declared are: {', '.join(known)}" if known else "declare it under `knowledge`",
        )
    from roadworthy.wiring.tables import source_reader

    remembered = forgotten(deployment.store, deployment.vault)
    return Shelves(place, deployment.vault.pseudonym, remembered, source_reader(place)).open(
        charter, source
    )


def forgotten(store: Store, vault: Vault) -> Callable[[frozenset[str]], date | None]:
    """Asks the vault when the last of some data subjects was erased."""

    def ask(subjects: frozenset[str]) -> date | None:
        if not subjects:
            return None
        with store.read() as tx:
            known = vault.erased(tx, subjects)
        return max(known.values()).date() if known else None

    return ask


def forget_subject(place: Workspace, subject: str) -> Forgotten:
    """Erase a data subject from every index there is. Run twice: the second finds nothing.

    What goes wrong with one index is the answer's ``trouble`` once all others are done; of several the first. Its
    documents are among those told even so, since they may be found no more.
    Errors: as ``open_index``; ``Unavailable`` where it cannot be asked which indexes there are.
    """
    from roadworthy.ports.knowledge import Forgotten
    from roadworthy.wiring.knowledge_index import indexes

    names: dict[str, None] = {}
    chunks, trouble = 0, None
    for index in indexes(place.knowledge_url):
        try:
            names |= dict.fromkeys(name for name, _, people in index.subjects() if subject in people)
            gone = index.erase(subject)
        except RoadworthyError as fault:
            trouble = trouble or fault
        else:
            names |= dict.fromkeys(gone.documents)
            chunks += gone.chunks
    return Forgotten(tuple(names), chunks, trouble)


def documents_in(folder: Path) -> tuple[Document, ...]:
    """The documents of a folder as an index would hold them, by name; what cannot be read is left out."""
    from roadworthy.ports.knowledge import Listed
    from roadworthy.wiring.knowledge_sources import open_folder

    internal = Access(Marking("untrusted", INTERNAL, ANY, frozenset({ANY}), frozenset()))
    source = open_folder(folder, access=internal, pseudonym=lambda natural: natural)
    read = (source.read(one.name) for one in source.listing() if isinstance(one, Listed))
    return tuple(sorted((one for one in read if isinstance(one, Document)), key=lambda one: one.name))
