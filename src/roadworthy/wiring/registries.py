"""The registries that a charter's tools are endorsed by, opened on its data sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from roadworthy.charter import Charter
from roadworthy.flow import KnownValues


def registries(charter: Charter, data: Path) -> Mapping[str, Mapping[str, KnownValues]]:
    """By tool and control argument. Nothing is asked before the first call.

    Errors: ``InputProblem`` RW-SQL-001 for a source that is no SQLite or Postgres database, RW-SQL-010 for a
    question that does not ask about the value.
    """
    from roadworthy.adapters.sqltools import build_registry

    return {
        name: {
            argument: build_registry(
                registry,
                charter.data[registry.source].url,
                data=data,
                place=f"tools.{name}.endorse.{argument}",
                timeout=tool.timeout,
            )
            for argument, registry in tool.endorse.items()
        }
        for name, tool in charter.tools.items()
        if tool.endorse
    }
