"""What stands between the company's data and the use case, and which repair buys most."""

from roadworthy.data.readiness.facts import (
    Age,
    Duplicates,
    Effort,
    FailedCheck,
    Gap,
    SourceFacts,
    Step,
    SuspectCells,
    Unevaluated,
)
from roadworthy.data.readiness.order import steps
from roadworthy.data.readiness.report import Parts, document, profile_section, shape_only
from roadworthy.data.readiness.schema import Document, read

__all__ = [
    "Age",
    "Document",
    "Duplicates",
    "Effort",
    "FailedCheck",
    "Gap",
    "Parts",
    "SourceFacts",
    "Step",
    "SuspectCells",
    "Unevaluated",
    "document",
    "profile_section",
    "read",
    "shape_only",
    "steps",
]
