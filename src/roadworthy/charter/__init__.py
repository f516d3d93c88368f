"""The charter: what was promised for a use case, read from ``charter.yaml``."""

from roadworthy.charter.model import (
    Certificate,
    Charter,
    Entity,
    Field_,
    Knowledge,
    Query,
    Source,
    Task,
    Tool,
    json_schema,
    seconds,
)
from roadworthy.charter.reading import MAX_BYTES, read

__all__ = [
    "MAX_BYTES",
    "Certificate",
    "Charter",
    "Entity",
    "Field_",
    "Knowledge",
    "Query",
    "Source",
    "Task",
    "Tool",
    "json_schema",
    "read",
    "seconds",
]
