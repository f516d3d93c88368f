"""The model that says how alike texts are, where no charter names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.ports.knowledge import Embedder


def sentence_embedder() -> Embedder:
    """The local sentence model. Errors: ``InputProblem`` RW-MODEL-003 where its packages are missing."""
    from roadworthy.adapters.localmodels.embedding import shared_minilm

    return shared_minilm()
