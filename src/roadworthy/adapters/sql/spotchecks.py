"""Draws for spot checks, and what was found."""

from __future__ import annotations


class SqlSpotChecks:
    """The port ``SpotChecks``."""
