"""The charter: what was promised for a use case, read from ``charter.yaml``."""

from roadworthy.charter.calling import GatewayPlan, LanguageModelPlan
from roadworthy.charter.knowing import Knowledge
from roadworthy.charter.model import LISTS, Charter, json_schema
from roadworthy.charter.parts import (
    TIERS,
    Entity,
    Field_,
    Query,
    Source,
    Task,
    Tool,
    seconds,
)
from roadworthy.charter.reading import MAX_BYTES, read
from roadworthy.charter.trusting import Certificate, SpotCheckPlan

__all__ = [
    "LISTS",
    "MAX_BYTES",
    "TIERS",
    "Certificate",
    "Charter",
    "Entity",
    "Field_",
    "GatewayPlan",
    "Knowledge",
    "LanguageModelPlan",
    "Query",
    "Source",
    "SpotCheckPlan",
    "Task",
    "Tool",
    "json_schema",
    "read",
    "seconds",
]
