"""What a line of a log is about: set where a job begins, read where a line is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_about: ContextVar[Mapping[str, str]] = ContextVar("roadworthy_about", default=_NOTHING)


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Lines that are written meanwhile by this thread tell these references too. They may be nested."""
    token = _about.set({**_about.get(), **{name: value for name, value in facts.items() if value}})
    try:
        yield
    finally:
        _about.reset(token)


def now_about() -> Mapping[str, str]:
    """What is being worked on."""
    return _about.get()
