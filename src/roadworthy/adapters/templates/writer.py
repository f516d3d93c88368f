"""The built-in writer fills templates that somebody approved with the release.

``replies.json`` holds, for each intent and language, one text:

    {"card_arrival": {"en": "Hello {name}, \\"{article}\\" says when it comes.", "de": "…"}}

The task is ``reply``. Its facts: ``intent`` and ``language`` choose the template, ``name`` and
``article`` fill it. Other facts are passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Cost

TASK = "reply"
FILE = "replies.json"
PLACEHOLDERS = ("name", "article")
MAY_BE_EMPTY = frozenset({"name"})
"""A greeting works without a name. A reply that should cite an article and has none is not sent."""
LONGEST_FACT = 200
LONGEST_TEMPLATE = 10_000

_LABEL = re.compile(r"[\w.-]{1,64}")
_PLACEHOLDER = re.compile(r" ?\{(name|article)\}")
_BRACED = re.compile(r"\{[^{}]*\}|[{}]")

Replies = Mapping[str, Mapping[str, str]]


class TemplateWriter:
    """Writes replies by filling in; costs nothing. Takes the parsed ``replies.json``.

    Errors: ``InputProblem`` RW-WRITER-002 with everything in it that is no usable template.
    """

    def __init__(self, replies: Mapping[str, object]) -> None:
        problems = list(_problems(replies))
        if problems:
            raise InputProblem("RW-WRITER-002", problems)
        self._replies: Replies = {
            intent: {language.lower(): text for language, text in texts.items()}
            for intent, texts in replies.items()
            if isinstance(texts, Mapping)
        }

    @property
    def approved(self) -> tuple[str, ...]:
        """All templates as they stand in the release."""
        return tuple(text for texts in self._replies.values() for text in texts.values())

    def write(self, task: str, facts: Mapping[str, object]) -> tuple[Mapping[str, object], Cost]:
        """The filled template as ``text``.

        Facts are data, whatever they contain: they are inserted as plain text on one line, at most
        ``LONGEST_FACT`` characters each, and what they contain is not filled in again. An unknown
        name takes the space before it away. ``de-AT`` is answered in ``de``.
        Errors: ``InputProblem`` RW-WRITER-001 for another task, a missing template or a missing fact.
        """
        if task != TASK:
            raise _cannot(f"templates write `{TASK}`, nothing else", place=task)
        template = self._template(facts)
        needed = {match[1] for match in _PLACEHOLDER.finditer(template)}
        values = {name: plain(facts.get(name)) for name in sorted(needed)}
        missing = [name for name, value in values.items() if not value and name not in MAY_BE_EMPTY]
        if missing:
            raise _cannot(f"the reply needs the fact `{missing[0]}`", place=TASK)
        return {"text": _fill(template, values)}, Cost(0)

    def _template(self, facts: Mapping[str, object]) -> str:
        intent = str(facts.get("intent", ""))
        texts = self._replies.get(intent)
        if texts is None:
            # Only what looks like a label is shown: whatever else stands here may be somebody's words.
            shown = f"`{intent}`" if _LABEL.fullmatch(intent) else "this intent"
            raise _cannot(f"there is no template for {shown}", place=FILE, hint="add one to the release")
        language = str(facts.get("language", "")).lower().replace("_", "-")
        template = texts.get(language) or texts.get(language.split("-")[0])
        if template is None:
            known = f"languages of this intent: {', '.join(sorted(texts))}"
            raise _cannot("there is no template in this language", place=FILE, hint=known)
        return template


def plain(fact: object) -> str:
    """A fact as it may stand in a text: one line, no control or invisible characters, not too long."""
    if isinstance(fact, bool) or not isinstance(fact, str | int | float):
        return ""
    # Twice the length is looked at, because spaces are taken together afterwards.
    kept = (_visible(character) for character in str(fact)[: 2 * LONGEST_FACT])
    return " ".join("".join(kept).split())[:LONGEST_FACT].rstrip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    # Format characters turn the direction of writing or hide letters; surrogates are half a character.
    return "" if category in {"Cf", "Cs", "Co", "Cn"} else character


def _fill(template: str, values: Mapping[str, str]) -> str:
    """In one pass, so that an inserted text which looks like a placeholder stays what it is."""

    def insert(match: re.Match[str]) -> str:
        value = values[match[1]]
        space = " " if match[0].startswith(" ") and value else ""
        return space + value

    return _PLACEHOLDER.sub(insert, template)


def _problems(replies: Mapping[str, object]) -> Iterator[Problem]:
    if not isinstance(replies, Mapping):
        yield Problem("expected intents with their texts", FILE)
        return
    for intent, texts in replies.items():
        if not isinstance(texts, Mapping) or not texts:
            yield Problem("expected languages with one text each", f"{FILE}: {intent}")
            continue
        for language, text in texts.items():
            place = f"{FILE}: {intent}.{language}"
            if not isinstance(text, str) or not text.strip():
                yield Problem("expected a text", place)
            elif len(text) > LONGEST_TEMPLATE:
                yield Problem(
                    f"found {len(text)} characters, at most {LONGEST_TEMPLATE} make a reply", place
                )
            else:
                yield from _strange_braces(text, place)


def _strange_braces(text: str, place: str) -> Iterator[Problem]:
    known = {f"{{{name}}}" for name in PLACEHOLDERS}
    for found in dict.fromkeys(_BRACED.findall(text)):
        if found not in known:
            hint = f"placeholders: {', '.join(sorted(known))}"
            yield Problem(f"`{found}` is no placeholder", place, hint=hint)


def _cannot(message: str, *, place: str, hint: str = "") -> InputProblem:
    return InputProblem("RW-WRITER-001", Problem(message, place=place, hint=hint))
