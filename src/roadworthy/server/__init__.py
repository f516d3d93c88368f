"""The HTTP door: the API for machines, pages for people, and the process that serves both.

``application`` and ``serve`` are loaded when first asked for: a command that only renders a report
needs no server.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.server.app import application
    from roadworthy.server.serve import serve

__all__ = ["application", "serve"]


def __getattr__(name: str) -> Any:
    if name == "application":
        from roadworthy.server.app import application

        return application
    if name == "serve":
        from roadworthy.server.serve import serve

        return serve
    raise AttributeError(f"module `roadworthy.server` has no `{name}`")
