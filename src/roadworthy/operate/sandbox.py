"""What a copy of the data folder can stand in for when recorded cases are mirrored."""

from __future__ import annotations

from pathlib import PurePosixPath

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem

_DATA, _SQLITE = "{data}", "sqlite:///"


def sandboxed_sources(charter: Charter) -> tuple[str, ...]:
    """The sources that read tools ask: every one of them lies in the data folder, so that a copy can answer.

    Errors: ``InputProblem`` RW-MIRROR-015 with every source that lies elsewhere and every read tool
    that asks no source.
    """
    found: list[str] = []
    problems: list[Problem] = []
    for name, tool in charter.tools.items():
        if tool.writes:
            continue
        if not tool.source:
            problems.append(
                Problem("reads from no source: a copy cannot answer for it", place=f"tools.{name}")
            )
        elif tool.source not in found:
            found.append(tool.source)
    for name in found:
        why = _elsewhere(charter.data[name].url)
        if why:
            problems.append(Problem(why, place=f"data.{name}.url"))
    if problems:
        raise InputProblem(
            "RW-MIRROR-015",
            problems,
            hint="mirror from recordings alone, or let what is not recorded be read live",
        )
    return tuple(found)


def _elsewhere(url: str) -> str:
    """Why a source does not lie in the data folder; empty if it does."""
    if "${" in url:
        return "its address comes from the environment: where it leads is not known here"
    place = url.removeprefix(_SQLITE)
    if "://" in place:
        return "it is a server: a copy of the data folder holds nothing of it"
    path = PurePosixPath(place.removeprefix(f"{_DATA}/") if place.startswith(f"{_DATA}/") else place)
    inside = not path.is_absolute() and ".." not in path.parts and _DATA not in path.parts
    # An address that ends where its path should begin names no file: SQLite would open an empty database.
    return "" if inside and path.name and "\\" not in place else "it lies outside the data folder"
