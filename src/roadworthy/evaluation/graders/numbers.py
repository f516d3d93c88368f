"""The number in an answer, in German, English and Swiss spelling, and whether it is near enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders.reading import (
    Compared,
    accepted,
    answered,
    as_text,
    kind_of,
    quoted,
)
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript

Spelling = Literal["auto", "point", "comma"]
MOST_NUMBERS = 1_000
LONGEST_NUMBER = 60
# Digits with separators between them; linear, because no two parts can match the same character.
_RUN = re.compile(r"[0-9]+(?:[.,'’\u00a0\u202f\u2009][0-9]+)*(?:[eE][+-]?[0-9]{1,3}(?![0-9A-Za-z]))?")
_GROUPERS = str.maketrans("", "", "'’\u00a0\u202f\u2009")
_GROUPED = re.compile(r"[0-9]{1,3}(?:['’\u00a0\u202f\u2009][0-9]{3})+(?![0-9'’\u00a0\u202f\u2009])")
_MINUS = "-−–"


class Numeric(Compared):
    """Options of `numeric`. A number passes that is within either tolerance."""

    absolute: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="tolerance as it is")
    relative: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="tolerance as a part of the expected number"
    )
    decimal: Spelling = Field(
        default="auto", description="what separates decimals in a text; `auto` takes what is beyond doubt"
    )
    take: Literal["only", "first", "last"] = Field(
        default="only", description="which number counts where a text has several"
    )

    @model_validator(mode="after")
    def _below_one(self) -> Numeric:
        if self.relative >= 1:
            raise ValueError("`relative` is a share such as 0.05, and less than 1")
        return self


def numbers_in(text: str, decimal: Spelling = "auto") -> list[tuple[str, tuple[Decimal, ...]]]:
    """Numbers in a text as they are written, each with what it can mean.

    ``1.234`` can mean two numbers unless the spelling is given. Digits inside words, dates such as
    12.03.2024, versions and times are no numbers. At most the first thousand.
    """
    found: list[tuple[str, tuple[Decimal, ...]]] = []
    for written, sign in _runs(text):
        for piece in _pieces(written, decimal):
            readings = _readings(piece, decimal)
            if readings:
                first = sign and piece is written
                found.append(
                    ("-" + piece if first else piece, tuple(-one if first else one for one in readings))
                )
        if len(found) >= MOST_NUMBERS:
            break
    return found[:MOST_NUMBERS]


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of digits that stand as numbers, and whether a minus stands before each."""
    for match in _RUN.finditer(text):
        start, end = match.span()
        if end - start > LONGEST_NUMBER:
            continue
        before = text[max(0, start - 5) : start]
        sign = bool(before) and before[-1] in _MINUS
        head = before[:-1] if sign else before
        last = head[-1:]
        if sign and last.isdigit():
            sign = False  # a range: 3-5
        elif last.isalnum() or last == "_":
            code = head[-3:]
            # EUR49.90 is a number, ORD49 and A4 are names.
            if sign or not (len(code) == 3 and code.isascii() and code.isupper()) or head[-4:-3].isalnum():
                continue
        if text[end : end + 1] == ":" and text[end + 1 : end + 2].isdigit():
            continue
        if last == ":" and head[-2:-1].isdigit():
            continue
        tail = text[end : end + 2]
        if tail[:1].isalpha() and tail[1:].isdigit():
            continue  # 4x4
        yield match.group(), sign


def _pieces(run: str, decimal: Spelling) -> list[str]:
    """A run as it stands, or the members of a list written without spaces (1,2,3)."""
    if "," in run and "." not in run and not _readings(run, decimal):
        return run.split(",")
    return [run]


def _readings(run: str, decimal: Spelling) -> tuple[Decimal, ...]:
    mantissa, exponent = run, ""
    for letter in "eE":
        if letter in run:
            mantissa, _, exponent = run.partition(letter)
    plain = mantissa.translate(_GROUPERS)
    if plain != mantissa and not _GROUPED.match(mantissa):
        return ()
    points, commas = plain.count("."), plain.count(",")
    if plain != mantissa:
        # The groups are separated already, what follows can only be decimals.
        if points + commas > 1:
            return ()
        texts = [plain.replace(",", ".")]
    elif not points and not commas:
        texts = [plain]
    elif points and commas:
        mark = "." if plain.rfind(".") > plain.rfind(",") else ","
        if decimal == ("comma" if mark == "." else "point"):
            return ()
        texts = _split(plain, mark)
    else:
        there = "." if points else ","
        texts = []
        if decimal in ("auto", "point" if there == "." else "comma"):
            texts += _split(plain, there)
        if decimal in ("auto", "comma" if there == "." else "point"):
            texts += _whole(plain, there)
    tail = f"E{exponent}" if exponent else ""
    return tuple(dict.fromkeys(Decimal(text + tail) for text in texts))


def _split(plain: str, mark: str) -> list[str]:
    """Read with decimals after the mark, and groups of three before it."""
    if plain.count(mark) != 1:
        return []
    whole, _, part = plain.partition(mark)
    other = "," if mark == "." else "."
    if other in part:
        return []
    if other in whole:
        grouped = _whole(whole, other)
        return [f"{grouped[0]}.{part}"] if grouped else []
    return [f"{whole}.{part}"]


def _whole(plain: str, mark: str) -> list[str]:
    """Read as a whole number in groups of three."""
    first, *groups = plain.split(mark)
    if not groups or not 1 <= len(first) <= 3 or first[0] == "0" or any(len(one) != 3 for one in groups):
        return []
    return ["".join((first, *groups))]


def numeric(options: Numeric, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Is the number in the answer near enough to the expected one?

    A text with several different numbers, or one that can mean two, is ungraded where that decides.
    """
    wanted = []
    for one in accepted(grader, test, options.expected_field):
        if isinstance(one, bool) or not isinstance(one, int | float):
            return Grade.ungraded(
                grader, f"expected a number in the test, found {kind_of(one)} {quoted(one)}"
            )
        wanted.append(Decimal(str(one)))
    found = answered(grader, transcript, options.field)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return _verdict(options, grader, wanted, str(found), (Decimal(str(found)),))
    if not isinstance(found, str):
        told = f"found {kind_of(found)} {quoted(found)}"
        if options.field or isinstance(found, bool) or found is None:
            return Grade.of(grader, 0.0, f"expected a number, {told}")
        return Grade.ungraded(grader, f"expected a number or a text, {told}; name its part with `field`")
    numbers = numbers_in(as_text(grader, found), options.decimal)
    if not numbers:
        return Grade.of(grader, 0.0, f"no number stands in {quoted(found)}")
    if options.take == "only" and len({readings for _, readings in numbers}) > 1:
        several = ", ".join(written for written, _ in numbers[:5])
        return Grade.ungraded(
            grader,
            f"several numbers stand in the answer: {several}; say which counts with `take` or `field`",
        )
    written, readings = numbers[-1 if options.take == "last" else 0]
    return _verdict(options, grader, wanted, written, readings)


def _verdict(
    options: Numeric, grader: Grader, wanted: list[Decimal], written: str, readings: tuple[Decimal, ...]
) -> Grade:
    if not all(one.is_finite() for one in readings):
        return Grade.of(grader, 0.0, f"expected a number, found `{written}`")

    def near(one: Decimal) -> bool:
        return any(
            abs(one - right)
            <= max(Decimal(str(options.absolute)), Decimal(str(options.relative)) * abs(right))
            for right in wanted
        )

    told = " or ".join(_shown(one) for one in wanted[:3])
    verdicts = {near(one) for one in readings}
    if len(verdicts) > 1:
        means = " or ".join(_shown(one) for one in readings)
        return Grade.ungraded(grader, f"`{written}` can mean {means}; say which with `decimal`")
    right = verdicts.pop()
    away = min(abs(one - right_one) for one in readings for right_one in wanted)
    reason = f"expected {told}, found {written}" + ("" if right else f", {_shown(away)} away")
    return Grade.of(grader, float(right), reason)


def _shown(number: Decimal) -> str:
    """Plain digits where they are few."""
    return f"{number.normalize():f}" if abs(number.adjusted()) < 20 else f"{number:.10g}"
