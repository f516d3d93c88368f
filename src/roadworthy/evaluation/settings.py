"""The YAML file beside a suite: how often it is asked, and which graders grade it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from roadworthy.errors import Problem
from roadworthy.evaluation.grade import Grader
from roadworthy.evaluation.graders import KINDS, Kind
from roadworthy.evaluation.strict import LARGEST_INTEGER, shown
from roadworthy.placed import Page, Path, near

LONGEST_FILE = 200_000
DEEPEST = 30
MOST_REPEATS = 100
LARGEST_SEED = 2**31 - 1
DEFAULT = Grader("exact", "exact")


@dataclass(slots=True)
class Settings:
    """What the file says; without a file, the one grader `exact`, once."""

    graders: tuple[Grader, ...] = (DEFAULT,)
    repeats: int = 1
    seed: int = 1
    note: str = ""
    text_field: str = "text"
    named: frozenset[str] = frozenset({"exact"})
    """Graders that the file names, sound or not: a test that names a faulty one is no further problem."""


def read_settings(text: str, *, file: str, problems: list[Problem]) -> Settings:
    """What a settings file says. What is wrong is added to ``problems``, each at its line and column."""
    page = Page(file, problems)
    settings = Settings()
    if not text.strip():
        return settings
    data = page.read(
        text,
        expected="expected a mapping with `graders`, `repeats` and so on",
        most_bytes=LONGEST_FILE,
        deepest=DEEPEST,
        largest=LARGEST_INTEGER,
    )
    if data is None:
        return settings
    settings.note = _text(data.pop("note", ""), "note", page)
    settings.text_field = _text(data.pop("text_field", "text"), "text_field", page) or "text"
    settings.repeats = _whole(data.pop("repeats", 1), "repeats", 1, MOST_REPEATS, page)
    settings.seed = _whole(data.pop("seed", 1), "seed", 0, LARGEST_SEED, page)
    if "graders" in data:
        told = data.pop("graders")
        settings.graders = _graders(told, page)
        settings.named = frozenset(told) if isinstance(told, dict) else frozenset()
    for name in data:
        known = ("note", "repeats", "seed", "text_field", "graders")
        page.say(f"unknown field `{name}`", (name,), near(name, known))
    return settings


def _text(value: object, name: str, page: Page) -> str:
    if isinstance(value, str):
        return value
    page.say(f"`{name}`: expected a text, found `{shown(value, 60)}`", (name,))
    return ""


def _whole(value: object, name: str, least: int, most: int, page: Page) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    page.say(
        f"`{name}`: expected a whole number from {least} to {most}, found `{shown(value, 60)}`", (name,)
    )
    return least


def _graders(told: object, page: Page) -> tuple[Grader, ...]:
    if not isinstance(told, Mapping) or not told:
        page.say(
            "`graders`: expected a mapping of names to graders",
            ("graders",),
            "`graders: {answer: {kind: exact}}`",
        )
        return (DEFAULT,)
    read = [_grader(str(name), one, page) for name, one in told.items()]
    return tuple(one for one in read if one is not None)


def _grader(name: str, told: object, page: Page) -> Grader | None:
    path: Path = ("graders", name)
    if not name.strip() or not name.isprintable() or len(name) > 80:
        page.say("a grader's name is a short printable text", path)
        return None
    # `answer: exact` is short for `answer: {kind: exact}`.
    options = {"kind": told} if isinstance(told, str) else told
    if not isinstance(options, Mapping):
        page.say(
            f"`{name}`: expected a kind, or a mapping with `kind`", path, f"kinds are {', '.join(KINDS)}"
        )
        return None
    left = dict(options)
    word = left.pop("kind", None)
    kind = KINDS.get(word) if isinstance(word, str) else None
    passes_at = left.pop("passes_at", 1.0)
    if isinstance(passes_at, bool) or not isinstance(passes_at, int | float) or not 0 <= passes_at <= 1:
        page.say(
            f"`{name}.passes_at`: expected a number from 0 to 1, found `{shown(passes_at, 60)}`",
            (*path, "passes_at"),
        )
        passes_at = 1.0
    if kind is None:
        said = f"unknown kind `{shown(word, 60)}`" if word is not None else "`kind` is missing"
        hint = near(word if isinstance(word, str) else "", tuple(KINDS))
        page.say(f"`{name}`: {said}", (*path, "kind"), hint)
        return None
    return Grader(name, kind.name, left, float(passes_at)) if _sound(name, kind, left, page) else None


def _sound(name: str, kind: Kind, options: Mapping[str, object], page: Page) -> bool:
    try:
        kind.options.model_validate(dict(options))
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False)[:20]:
            path: Path = ("graders", name, *error["loc"])
            where = ".".join(str(part) for part in (name, *error["loc"]))
            if error["type"] == "extra_forbidden":
                known = [one.alias or word for word, one in kind.options.model_fields.items()]
                hint = near(str(error["loc"][-1]), (*known, "passes_at"))
                page.say(f"`{where}`: a grader of kind `{kind.name}` has no such option", path, hint)
            elif error["type"] == "missing":
                page.say(f"`{where}` is missing", path)
            else:
                message = error["msg"].removeprefix("Value error, ")
                found = error.get("input")
                told = f", found `{shown(found, 60)}`" if isinstance(found, str | int | float) else ""
                page.say(f"`{where}`: {message[:1].lower()}{message[1:]}{told}", path)
        return False
    return True
