"""Judging a call: which of its arguments steer it with a value that no trusted source holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from roadworthy.charter import Tool
from roadworthy.flow.links import links
from roadworthy.flow.readings import DEEPEST, MOST_LEAVES, Provenance, Readings

MOST_ENTRIES: Final = 50
"""Entries of a list that a registry is asked about; a longer list is not endorsed."""

LONGEST_NAME: Final = 60
SUBJECT: Final = "subject"
VALUE: Final = "value"
LINK: Final = "link"


class KnownValues(Protocol):
    """A registry, as it answers for one control argument."""

    @property
    def names(self) -> frozenset[str]:
        """What its question is asked with beside ``value``."""

    def knows(self, values: Mapping[str, object]) -> bool:
        """Whether it holds the value. Whoever asks takes an error for a no."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the arguments of one call.

    ``untrusted``: control arguments without a trusted source, and `body:link` for links in content.
    ``origins``: for each control argument, and each such link, where it came from. No content.
    """

    untrusted: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()


def judge(
    tool: Tool,
    arguments: Mapping[str, object],
    readings: Readings,
    *,
    registries: Mapping[str, KnownValues] | None = None,
) -> Judged:
    """Judge every argument of a call. ``registries`` answer for arguments that the charter endorses.

    A registry is asked with trusted values alone: the subject and the other arguments that its question
    names are trusted themselves, else an attacker chooses whose entry is looked for.
    """
    steering = [name for name in dict.fromkeys((*tool.control, tool.amount)) if name in arguments]
    found = {name: _of(tool, name, arguments[name], readings) for name in steering}
    _endorse(tool, arguments, readings, found, registries or {})
    untrusted = [name for name in steering if not found[name].trusted]
    origins = [(name, found[name].source) for name in steering]
    if tool.writes:
        for name, value in arguments.items():
            if name in found or readings.whence(value).trusted:
                continue
            foreign = _foreign_link(value, readings)
            if foreign is not None:
                # A name that nobody declared may be content itself.
                shown = name if name.isidentifier() and len(name) <= LONGEST_NAME else "content"
                untrusted.append(f"{shown}:{LINK}")
                origins.append((f"{shown}:{LINK}", foreign.source))
    return Judged(tuple(untrusted), tuple(origins))


def all_trusted(tool: Tool, arguments: Mapping[str, object], readings: Readings) -> bool:
    """Whether a tool is asked with trusted values alone, as its trusted fields demand.

    What a registry endorses does not count: it is asked once and may answer otherwise when the step is replayed.
    """
    return all(_of(tool, name, value, readings).trusted for name, value in arguments.items())


def _of(tool: Tool, name: str, value: object, readings: Readings) -> Provenance:
    declared = tool.arguments.get(name)
    if declared is not None:
        if value is None and not declared.required:
            return Provenance(True, "nothing was given")
        if declared.one_of and _listed(value, declared.one_of):
            return Provenance(True, "the list of values in the charter")
    return readings.whence(value, money=name == tool.amount)


def _listed(value: object, allowed: list[str]) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(_listed(entry, allowed) for entry in value)
    if isinstance(value, bool):
        return str(value).lower() in allowed
    return isinstance(value, str | int) and str(value) in allowed


def _endorse(
    tool: Tool,
    arguments: Mapping[str, object],
    readings: Readings,
    found: dict[str, Provenance],
    registries: Mapping[str, KnownValues],
) -> None:
    """Ask registries until none says anything new; each is asked once."""
    waiting = [name for name in found if not found[name].trusted and name in registries]
    progress = True
    while waiting and progress:
        progress = False
        for name in list(waiting):
            given = _parameters(registries[name], tool, arguments, readings, found)
            if given is None:
                continue
            waiting.remove(name)
            if _known(registries[name], arguments[name], given):
                found[name] = Provenance(True, f"the registry `{tool.endorse[name].source}`")
                progress = True


def _parameters(
    registry: KnownValues,
    tool: Tool,
    arguments: Mapping[str, object],
    readings: Readings,
    found: Mapping[str, Provenance],
) -> dict[str, object] | None:
    """What a registry's question is asked with; None where one of it is missing or not trusted."""
    given: dict[str, object] = {}
    for name in registry.names - {VALUE}:
        if name == SUBJECT and SUBJECT not in arguments:
            if readings.subject is None:
                return None
            given[name] = readings.subject
            continue
        if name not in arguments:
            return None
        judged = found.get(name) or _of(tool, name, arguments[name], readings)
        if not judged.trusted:
            return None
        given[name] = arguments[name]
    return given


def _known(registry: KnownValues, value: object, given: Mapping[str, object]) -> bool:
    if isinstance(value, list | tuple):
        few = 0 < len(value) <= MOST_ENTRIES
        return few and all(
            not isinstance(one, list | tuple) and _known(registry, one, given) for one in value
        )
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return False
    return registry.knows({**given, VALUE: value})


def holds_link(value: object) -> bool:
    """Whether a link stands anywhere in this content, whoever wrote it."""
    return _foreign_link(value, Readings()) is not None


def _foreign_link(value: object, readings: Readings) -> Provenance | None:
    """The first link in content that stands in no trusted source. Names within content are read, too."""
    waiting: list[tuple[object, int]] = [(value, 0)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if seen > MOST_LEAVES or depth > DEEPEST:
            return Provenance(False, "more than is looked through")
        if isinstance(item, Mapping):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple):
            waiting += [(part, depth + 1) for part in item]
        elif isinstance(item, str):
            for link in links(item):
                found = readings.whence_link(link)
                if not found.trusted:
                    return found
    return None
