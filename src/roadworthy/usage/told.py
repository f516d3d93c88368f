"""What a model's server says that a call used, as far as it can be."""

from __future__ import annotations

from typing import Any

from roadworthy.usage.call import Wire
from roadworthy.usage.tokens import Tokens


def tokens_told(wire: Wire, told: object, *, read: int, written: int) -> Tokens | None:
    """The tokens of a ``usage`` object of the OpenAI wire; None where it holds none that can be.

    Not believed are counts that are no whole numbers, negative, or larger than ``read`` and ``written``, the most
    that the call could take. An explicit 0 is 0. A part (cached, reasoning) that cannot be is left out: cached tokens
    are cheaper, so that leaves the dearer bill.
    """
    if not isinstance(told, dict):
        return None
    first, second, inner, outer = (
        ("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
        if wire is Wire.RESPONSES
        else ("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")
    )
    was_read, was_written = told.get(first), told.get(second, 0)
    if type(was_read) is not int or type(was_written) is not int:
        return None
    if not (0 <= was_read <= read and 0 <= was_written <= written):
        return None
    cached = stored = reasoning = 0
    if type(parts := told.get(inner)) is dict:
        cached = _part(parts, "cached_tokens", was_read)
        stored = _part(parts, "cache_creation_tokens", was_read - cached)
        stored = stored or _part(parts, "cache_write_tokens", was_read - cached)
    if type(parts := told.get(outer)) is dict:
        reasoning = _part(parts, "reasoning_tokens", was_written)
    return Tokens(was_read, was_written, cached, stored, reasoning)


def _part(parts: dict[str, Any], name: str, whole: int) -> int:
    value = parts.get(name)
    return value if type(value) is int and 0 <= value <= whole else 0
