"""Knowledge: documents, who may read them, how they are cut, ranked, judged and kept fresh."""

from roadworthy.knowledge.access import INTERNAL, KEEPER, Access, Reader, may_read, refusals
from roadworthy.knowledge.document import Block, Chunk, Document, Finding, FindingKind

__all__ = [
    "INTERNAL",
    "KEEPER",
    "Access",
    "Block",
    "Chunk",
    "Document",
    "Finding",
    "FindingKind",
    "Reader",
    "may_read",
    "refusals",
]
