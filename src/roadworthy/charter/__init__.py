"""The charter: what was promised for a use case, read from ``charter.yaml``."""

from roadworthy.charter.arguments import argument_problems, check_arguments, scalars
from roadworthy.charter.calling import GatewayPlan, LanguageModelPlan
from roadworthy.charter.cautions import cautions
from roadworthy.charter.knowing import Knowledge
from roadworthy.charter.model import LISTS, Charter, json_schema
from roadworthy.charter.parts import (
    TIERS,
    Entity,
    Field_,
    Query,
    Source,
    Task,
    seconds,
)
from roadworthy.charter.reading import MAX_BYTES, read
from roadworthy.charter.reviewing import ReviewPlan
from roadworthy.charter.tooling import Argument, Registry, Tool
from roadworthy.charter.trusting import Certificate, SpotCheckPlan

__all__ = [
    "LISTS",
    "MAX_BYTES",
    "TIERS",
    "Argument",
    "Certificate",
    "Charter",
    "Entity",
    "Field_",
    "GatewayPlan",
    "Knowledge",
    "LanguageModelPlan",
    "Query",
    "Registry",
    "ReviewPlan",
    "Source",
    "SpotCheckPlan",
    "Task",
    "Tool",
    "argument_problems",
    "cautions",
    "check_arguments",
    "json_schema",
    "read",
    "scalars",
    "seconds",
]
