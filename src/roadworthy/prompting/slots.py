"""The words of a prompt file and the slots in them. A slot is a name in braces: no code, no formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from roadworthy.errors import Problem

MOST_CHARACTERS = 50_000
MOST_BYTES = 4 * MOST_CHARACTERS

# Doubled braces around a name are that name in braces.
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,40}(?:\.[A-Za-z_][A-Za-z0-9_]{0,40}){0,4}"
_DOTTED = re.compile(r"\{\{(" + _NAME + r")\}\}|\{(" + _NAME + r")\}")
_PLAIN = re.compile(r"(?!)()|\{([A-Za-z_][A-Za-z0-9_]{0,40})\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot and where it stands; lines and columns count from 1."""

    path: tuple[str, ...]
    line: int
    column: int

    @property
    def name(self) -> str:
        """Its path with points: ``customer.name``."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Words:
    """A text with slots. ``first_line`` is where it begins in its file.

    ``dotted``: ``{customer.name}`` is a slot too, and ``{{name}}`` is the word ``{name}`` itself. Braces
    around anything else are themselves, so that JSON may stand in a prompt.
    """

    text: str
    first_line: int = 1
    dotted: bool = True

    def slots(self) -> tuple[Slot, ...]:
        """Every slot, in the order of the text."""
        return tuple(
            Slot(tuple(found[2].split(".")), number, found.start() + 1)
            for number, line in enumerate(self.text.split("\n"), start=self.first_line)
            for found in self._pattern.finditer(line)
            if found[2]
        )

    def filled(self, fill: Callable[[str], str]) -> str:
        """The text with every slot replaced, in one pass: what is filled in is not filled again."""
        return self._pattern.sub(lambda found: f"{{{found[1]}}}" if found[1] else fill(found[2]), self.text)

    @property
    def _pattern(self) -> re.Pattern[str]:
        return _DOTTED if self.dotted else _PLAIN


def decoded(content: bytes) -> str:
    """The text of a file, its line ends as one character. Errors: ``ValueError`` with what is wrong."""
    if len(content) > MOST_BYTES:
        raise ValueError(f"the prompt has {len(content):,} bytes, at most {MOST_BYTES:,} were expected")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("the prompt is not UTF-8") from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if len(text) > MOST_CHARACTERS:
        found = f"the prompt has {len(text):,} characters, at most {MOST_CHARACTERS:,} were expected"
        raise ValueError(found)
    return text


def listed(names: Iterable[str]) -> str:
    """Names as they stand in a sentence: `a`, `b` and `c`."""
    shown = [f"`{name}`" for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def unknown(slot: Slot, *, place: str, hint: str) -> Problem:
    """A slot that nothing fills."""
    return Problem(f"the slot `{{{slot.name}}}` is not known", place, slot.line, slot.column, hint)
