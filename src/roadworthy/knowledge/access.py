"""Who may read a piece of knowledge: what it demands, what a reader has, and the one rule between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from roadworthy.policy import Marking
from roadworthy.policy.marking import ANY
from roadworthy.quantities import Digest, digest_of

INTERNAL: Final = 1


@dataclass(frozen=True, slots=True)
class Access:
    """What a document demands of its readers. Every chunk of it demands the same.

    ``groups``: a reader is in one of them. None: no group is asked for. An empty set: nobody may read it.
    ``marking.subjects``: pseudonyms of the people it is about; it is read on behalf of one of them alone.
    """

    marking: Marking
    groups: frozenset[str] | None = None

    @property
    def digest(self) -> Digest:
        """The same for two documents that demand the same."""
        marking = self.marking
        return digest_of(
            {
                "origin": marking.origin,
                "data_class": marking.data_class,
                "region": marking.region,
                "purposes": sorted(marking.purposes),
                "subjects": sorted(marking.subjects),
                "groups": None if self.groups is None else sorted(self.groups),
            }
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """With whose rights knowledge is read.

    ``clearance``: the highest data class, 0 public to 3 special. ``subjects``: pseudonyms of the people on
    whose behalf is asked. An empty ``region`` or ``purpose`` reads only what is free of that limit.
    ``keeper``: looks after the knowledge itself, and sees all of it.
    """

    groups: frozenset[str] = frozenset()
    clearance: int = 0
    region: str = ""
    purpose: str = ""
    subjects: frozenset[str] = frozenset()
    keeper: bool = False


KEEPER: Final = Reader(keeper=True)


def may_read(reader: Reader, access: Access) -> bool:
    """Whether the reader may see anything of a document, its existence included."""
    return not refusals(reader, access)


def refusals(reader: Reader, access: Access) -> tuple[str, ...]:
    """Why the reader may not, one word a reason; empty where nothing stands against it."""
    if reader.keeper:
        return ()
    marking = access.marking
    against = []
    if marking.data_class > reader.clearance:
        against.append("class")
    if access.groups is not None and not access.groups & reader.groups:
        against.append("group")
    if marking.region not in (ANY, reader.region):
        against.append("region")
    if ANY not in marking.purposes and reader.purpose not in marking.purposes:
        against.append("purpose")
    if marking.subjects and not marking.subjects & reader.subjects:
        against.append("subject")
    return tuple(against)
