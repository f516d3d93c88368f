"""Roadworthy: from pilot to production, and fit to stay there.

The names below are a builder's whole vocabulary; they are loaded when first used, so that
``import roadworthy`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.casework.prediction import Prediction
    from roadworthy.casework.vocabulary import Act, Case, Decision, Effect, Passage, effect, workflow
    from roadworthy.operate.run import Run

__version__ = "0.1.0"

_HOMES = {
    "Act": "roadworthy.casework.vocabulary",
    "Case": "roadworthy.casework.vocabulary",
    "Decision": "roadworthy.casework.vocabulary",
    "Effect": "roadworthy.casework.vocabulary",
    "Passage": "roadworthy.casework.vocabulary",
    "Prediction": "roadworthy.casework.prediction",
    "Run": "roadworthy.operate.run",
    "effect": "roadworthy.casework.vocabulary",
    "workflow": "roadworthy.casework.vocabulary",
}

__all__ = [
    "Act",
    "Case",
    "Decision",
    "Effect",
    "Passage",
    "Prediction",
    "Run",
    "effect",
    "workflow",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `roadworthy` has no `{name}`; it offers {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
