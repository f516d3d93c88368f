"""Which automatic cases people look at, with which probability, and what they found."""

from __future__ import annotations

from typing import Protocol


class SpotChecks(Protocol):
    """Draws for spot checks, and their results."""
