"""Personal data in tables and texts: which classes they are under the GDPR, where they stand, and how they are hidden.

The classifier is loaded when it is first asked for; classes, spans, masking and redaction cost next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from roadworthy.data.personal.classes import Kind, PersonalClass
from roadworthy.data.personal.span import Replace, Span, join, mask, redact, restore

if TYPE_CHECKING:
    from roadworthy.data.personal.classifier import Classifier
    from roadworthy.data.personal.columns import ColumnClasses

__all__ = [
    "Classifier",
    "ColumnClasses",
    "Kind",
    "PersonalClass",
    "Replace",
    "Span",
    "join",
    "mask",
    "redact",
    "restore",
]
_HOMES = {"Classifier": "classifier", "ColumnClasses": "columns"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
