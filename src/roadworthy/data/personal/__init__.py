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
    from roadworthy.data.personal.disguise import Disguise, Restorer
    from roadworthy.data.personal.events import EventRestorer
    from roadworthy.data.personal.wire import hide_body, restore_body

__all__ = [
    "Classifier",
    "ColumnClasses",
    "Disguise",
    "EventRestorer",
    "Kind",
    "PersonalClass",
    "Replace",
    "Restorer",
    "Span",
    "hide_body",
    "join",
    "mask",
    "redact",
    "restore",
    "restore_body",
]
_HOMES = {
    "Classifier": "classifier",
    "ColumnClasses": "columns",
    "Disguise": "disguise",
    "EventRestorer": "events",
    "Restorer": "disguise",
    "hide_body": "wire",
    "restore_body": "wire",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
