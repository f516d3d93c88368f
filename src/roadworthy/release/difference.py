"""What tells two releases apart, in sentences a person can weigh."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Final, Literal

from roadworthy.charter import Charter
from roadworthy.charter import read as read_charter
from roadworthy.errors import InputProblem
from roadworthy.release.archive import Archive, short

CHARTER: Final = "charter.yaml"
MODELS: Final = "models.json"
MOST_SHOWN: Final = 200
"""Characters of a value or a line that are shown; the rest is in the archives."""
MOST_LINES: Final = 400
"""Lines that differ in one place beyond which they are counted and not paired: pairing takes their square."""

Kind = Literal["prompt", "model", "threshold", "policy", "tool", "contract", "promise", "file"]
ORDER: Final[tuple[Kind, ...]] = (
    "prompt",
    "model",
    "threshold",
    "policy",
    "tool",
    "contract",
    "promise",
    "file",
)

_ENTRIES: Final[Mapping[str, tuple[str, Kind]]] = {
    "tasks": ("task", "promise"),
    "tools": ("tool", "tool"),
    "models": ("language model", "model"),
    "certificates": ("certificate", "threshold"),
    "data": ("data source", "promise"),
    "knowledge": ("knowledge", "promise"),
    "suites": ("suite", "threshold"),
    "input": ("input field", "promise"),
    "conduct": ("statement of conduct", "promise"),
}
_OF_TASKS: Final[Mapping[str, Kind]] = {
    "model": "model",
    "models": "model",
    "features": "model",
    "prompt": "prompt",
    "floor": "threshold",
    "slice_floor": "threshold",
    "escalate_below": "threshold",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. ``before`` and ``after`` are cut; empty where there was or is nothing."""

    kind: Kind
    about: str
    sentence: str
    before: str = ""
    after: str = ""


def differences(before: Archive, after: Archive) -> tuple[Difference, ...]:
    """Everything that differs between two archives: what weighs most first, none if the digests are equal.

    A charter that this program cannot read is compared line by line like any other text.
    """
    found: list[Difference] = []
    charters = _charter(before), _charter(after)
    told = set()
    if charters[0] is not None and charters[1] is not None:
        found += _of_charters(*(charter.model_dump(mode="json") for charter in charters if charter))
        told.add(CHARTER)
    models = _models(before), _models(after)
    if models[0] is not None and models[1] is not None:
        found += _of_models(models[0], models[1])
        told.add(MODELS)
    contracts = {
        source.contract
        for charter in charters
        if charter
        for source in charter.data.values()
        if source.contract
    }
    for name in sorted({*before.files, *after.files} - told):
        old, new = before.files.get(name), after.files.get(name)
        if old != new:
            found += _of_file(name, old, new, _kind(name, contracts))
    if not found and before.digest != after.digest:
        found.append(
            Difference("file", CHARTER, "the charters are written differently and promise the same")
        )
    return tuple(sorted(found, key=lambda one: (ORDER.index(one.kind), one.about)))


def _kind(name: str, contracts: set[str]) -> Kind:
    if name.startswith("prompts/"):
        return "prompt"
    if name.endswith(".cedar"):
        return "policy"
    return "contract" if name in contracts else "file"


def _charter(archive: Archive) -> Charter | None:
    return _charter_of(archive.files.get(CHARTER, b""))


@lru_cache(maxsize=64)
def _charter_of(text: bytes) -> Charter | None:
    """Kept by its bytes: reading a long charter takes longer than all the rest of a comparison."""
    try:
        return read_charter(text, file=CHARTER)
    except InputProblem:
        return None


def _models(archive: Archive) -> Mapping[str, str] | None:
    try:
        read = json.loads(archive.files.get(MODELS, b"{}"))
    except (ValueError, RecursionError):
        return None
    plain = isinstance(read, dict) and all(isinstance(value, str) for value in read.values())
    return read if plain else None


def _of_models(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for task in sorted({*before, *after}):
        old, new = before.get(task, ""), after.get(task, "")
        if old != new:
            was = f"was trained as {short(old)}" if old else "had no trained model"
            now = f"is now {short(new)}" if new else "has none now"
            yield Difference("model", f"task {task}", f"the model of task `{task}` {was}, {now}", old, new)


def _of_charters(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for part in sorted({*before, *after}):
        called, kind = _ENTRIES.get(part, ("", "promise"))
        if not called:
            for path, old, new in _changed(before.get(part), after.get(part), part):
                yield _leaf("promise", part, f"the charter's `{path}`", old, new)
            continue
        olds, news = _named(before.get(part)), _named(after.get(part))
        for name in sorted({*olds, *news}):
            about = f"{called} {name}"
            if name not in olds or name not in news:
                word, text = ("is new", news) if name not in olds else ("is gone", olds)
                shown = _shown(text[name])
                old_new = ("", shown) if name not in olds else (shown, "")
                yield Difference(kind, about, f"{called} `{name}` {word}", *old_new)
                continue
            for path, old, new in _changed(olds[name], news[name], ""):
                of_leaf = _OF_TASKS.get(path, kind) if part == "tasks" else kind
                yield _leaf(of_leaf, about, f"{called} `{name}`: `{path}`", old, new)


def _leaf(kind: Kind, about: str, named: str, old: object, new: object) -> Difference:
    before, after = _shown(old), _shown(new)
    sentence = f"{named} was {_quoted(before)}, is now {_quoted(after)}"
    return Difference(kind, about, sentence, before, after)


def _changed(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Leaves that differ, by dotted path. Charters are read with a limit of depth."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _changed(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        return
    yield path, old, new


def _named(entries: Any) -> Mapping[str, Any]:
    if isinstance(entries, list):
        return {str(entry.get("id", number)): entry for number, entry in enumerate(entries)}
    return entries if isinstance(entries, Mapping) else {}


def _of_file(name: str, old: bytes | None, new: bytes | None, kind: Kind) -> Iterator[Difference]:
    called = f"{kind} `{name}`"
    if old is None or new is None:
        word = "is new" if old is None else "is gone"
        yield Difference(kind, name, f"{called} {word}")
        return
    lines = _lines(old), _lines(new)
    if kind == "file" or lines[0] is None or lines[1] is None:
        sizes = f"{len(old):,} bytes before, {len(new):,} now"
        yield Difference(kind, name, f"{called} changed: {sizes}")
        return
    yield from _of_lines(name, called, kind, lines[0], lines[1])


def _of_lines(name: str, called: str, kind: Kind, old: list[str], new: list[str]) -> Iterator[Difference]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    if not left and not right:
        yield Difference(kind, name, f"{called} changed in its line ends only")
        return
    if max(len(left), len(right)) > MOST_LINES:
        yield Difference(
            kind,
            name,
            f"{called} changed from line {start + 1} on: {len(left)} lines before, {len(right)} now",
        )
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        before, after = _cut("\n".join(left[i1:i2])), _cut("\n".join(right[j1:j2]))
        was, now = _where(start + i1, start + i2), _where(start + j1, start + j2)
        if tag == "replace":
            yield Difference(
                kind, name, f"{called}: {was} was {_quoted(before)}, is now {_quoted(after)}", before, after
            )
        elif tag == "delete":
            yield Difference(kind, name, f"{called}: {was} is gone: {_quoted(before)}", before, "")
        elif tag == "insert":
            yield Difference(kind, name, f"{called}: {now} is new: {_quoted(after)}", "", after)


def _lines(content: bytes) -> list[str] | None:
    try:
        return content.decode().splitlines()
    except UnicodeDecodeError:
        return None


def _where(start: int, end: int) -> str:
    return f"line {start + 1}" if end - start == 1 else f"lines {start + 1} to {end}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _quoted(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in text.replace("\n", " ⏎ "))
    return f"`{printable}`" if text else "nothing"
