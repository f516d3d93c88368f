"""Values whose shape is foreign to their column: letters among numbers, a digit too few, another notation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import ValueHit

_FEWEST = 40
# A mask is at home in its column from this share of the rows on.
_AT_HOME = 0.02
# Where all strange shapes together make up this much of a column, shapes say nothing there.
_DIVERSE = 0.12


def shape_hits(column: Column) -> Iterator[ValueHit]:
    """Rare shapes in a column of few shapes, by what is strange about them."""
    if column.filled < _FEWEST or column.is_prose:
        return
    home = {mask for mask, rows in column.mask_rows.items() if rows >= _AT_HOME * column.filled}
    if not home:
        return
    strange = column.filled - sum(column.mask_rows[mask] for mask in home)
    share = strange / column.filled
    if 0 < share <= _DIVERSE:
        yield from _strange(column, home, share)
    yield from _lengths(column)
    yield from _wrapped(column)
    yield from _cases(column)


def _strange(column: Column, home: set[str], share: float) -> Iterator[ValueHit]:
    classes = {_class(char) for mask in home for char in mask}
    kinds = sum(1 for mask in column.mask_rows if mask not in home)
    # Every strange row with a shape of its own is the picture of an open set of shapes (names, addresses).
    open_set = kinds / max(1, column.filled - sum(column.mask_rows[mask] for mask in home))
    calm = float(np.interp(share, (0.0, 0.01, 0.03, 0.06, _DIVERSE), (1.0, 0.97, 0.87, 0.7, 0.45)))
    crowd = float(np.interp(len(home), (1, 4, 10), (1.0, 0.92, 0.75)))
    wordy = any(" " in mask for mask in home)
    usual = column.mask_rows.most_common(1)[0][0]
    for code in np.flatnonzero(column.solid).tolist():
        mask = column.masks[code]
        if mask in home or (np.isfinite(column.numbers[code]) and column.number_share > 0.8):
            continue
        base, rule, reason = _judge(mask, classes, wordy=wordy, digits=_digits(column))
        if base * calm * crowd < 0.2:
            continue
        if wordy and rule == "mask":
            base *= 1.0 - 0.4 * open_set
        often = float(np.interp(column.counts[code], (1, 10, 40), (1.0, 0.9, 0.6)))
        reason = f"{reason}: shape `{mask[:40]}` in a column of shape `{usual[:40]}`"
        yield ValueHit(column.index, int(code), rule, base * calm * crowd * often, reason)


def _judge(mask: str, classes: set[str], *, wordy: bool, digits: float) -> tuple[float, str, str]:
    new = {_class(char) for char in mask} - classes
    if "9" not in classes:
        if "9" in new:
            return (0.75 if not wordy else 0.55), "type", "digits in a column of words"
        if new and not new <= {" ", "-", "'", ".", "&", ",", "/"}:
            return 0.5, "mask", "characters that the column does not use"
        return 0.25, "mask", "an unusual shape"
    if "a" not in classes and "a" in new:
        return 0.9, "type", "letters in a column of numbers"
    if digits < 0.9:
        return (0.45 if wordy else 0.55), "mask", "an unusual shape"
    if new and new <= {"-", "'", ".", "_", " "} and "a" in classes:
        return 0.45, "mask", "an unusual shape"
    if new and not new <= {" "}:
        return (0.85 if not wordy else 0.6), "mask", "characters that the column does not use"
    return (0.75 if not wordy else 0.45), "mask", "an unusual shape"


def _digits(column: Column) -> float:
    """Part of the filled rows that hold a digit."""
    return sum(rows for mask, rows in column.mask_rows.items() if "9" in mask) / column.filled


def _class(char: str) -> str:
    return "a" if char == "A" else char


def _lengths(column: Column) -> Iterator[ValueHit]:
    """A code of digits (with the same separators) that is longer or shorter than all others.

    Edge: a leading zero that a spreadsheet took away is put back where other values have theirs.
    """
    if column.is_quantity:
        return
    mask, rows = column.mask_rows.most_common(1)[0]
    if "9" not in mask or rows < 0.7 * column.filled or column.distinct < 10:
        return
    alike = [code for code in np.flatnonzero(column.solid) if column.masks[code] == mask]
    if len({len(part) for code in alike[:2000] for part in column.trimmed[code].split()}) > 12:
        return
    lengths: Counter[str] = Counter()
    for code in alike:
        lengths[column.shapes[code]] += int(column.counts[code])
    shape, most = lengths.most_common(1)[0]
    share = 1.0 - most / rows
    # Numbers that count run through the lengths: ten of one digit, ninety of two. Codes do not.
    if shape.count("9") < 3 or share > 0.1 or not share:
        return
    zeros = sum(column.trimmed[code].startswith("0") for code in alike) / len(alike)
    confidence = float(np.interp(share, (0.0, 0.02, 0.1), (0.88, 0.8, 0.5)))
    for code in alike:
        if column.shapes[code] == shape or lengths[column.shapes[code]] > 0.05 * rows:
            continue
        text = column.trimmed[code]
        short = len(shape) - len(text)
        padded = mask == "9" and zeros > 0.002 and 0 < short <= 2
        repair = "0" * short + text if padded else None
        reason = (
            "a leading zero is missing" if padded else f"{len(text)} characters in a column of {len(shape)}"
        )
        yield ValueHit(
            column.index, int(code), "mask", max(confidence, 0.8 if padded else 0.0), reason, repair
        )


def _wrapped(column: Column) -> Iterator[ValueHit]:
    """The usual shape with more before or behind it: `12/02/2011 6:55 a.m.` among times of day."""
    usual, rows = column.mask_rows.most_common(1)[0]
    if (
        "9" not in usual
        or len(usual) < 3
        or usual.isdigit()
        or rows < 0.75 * column.filled
        or column.distinct < 10
    ):
        return
    # Where the words are many, more words are no mistake: a street with the number of a flat.
    plain = [
        column.trimmed[code] for code in np.flatnonzero(column.solid)[:2000] if column.masks[code] == usual
    ]
    if len({word for text in plain for word in text.split() if word[0].isalpha()}) > 8:
        return
    parts = len(usual.split(" "))
    wrapped = {
        mask: -parts if mask.endswith(f" {usual}") else parts
        for mask in column.mask_rows
        if mask.endswith(f" {usual}") or mask.startswith(f"{usual} ")
    }
    share = sum(column.mask_rows[mask] for mask in wrapped) / column.filled
    if not 0 < share <= 0.2:
        return
    confidence = float(np.interp(share, (0.0, 0.02, 0.05, 0.2), (0.62, 0.56, 0.48, 0.42)))
    for code in np.flatnonzero(column.solid).tolist():
        cut = wrapped.get(column.masks[code])
        if cut is not None:
            words = column.trimmed[code].split()
            repair = " ".join(words[cut:] if cut < 0 else words[:cut])
            yield ValueHit(
                column.index, int(code), "mask", confidence, "more than the column's values hold", repair
            )


def _cases(column: Column) -> Iterator[ValueHit]:
    """Capitals where the column writes small, and the other way round."""
    if column.letter_share < 0.9 or column.words > 5:
        return
    styles: Counter[str] = Counter()
    by_code: dict[int, str] = {}
    for code in np.flatnonzero(column.solid).tolist():
        style = _style(column.trimmed[code])
        if style:
            styles[style] += int(column.counts[code])
            by_code[int(code)] = style
    total = sum(styles.values())
    if total < _FEWEST:
        return
    style, most = styles.most_common(1)[0]
    other = total - most
    if other == 0 or other > 0.06 * total:
        return
    # Short words of capitals are abbreviations.
    confidence = float(np.interp(other / total, (0.0, 0.02, 0.06), (0.72, 0.66, 0.45)))
    for code, found in by_code.items():
        text = column.trimmed[code]
        if found == style:
            continue
        repair = {"upper": text.upper(), "lower": text.lower(), "title": _title(text)}[style]
        weight = 0.45 if len(text) < 4 or column.counts[code] > 0.005 * total + 3 else 1.0
        yield ValueHit(
            column.index,
            code,
            "case",
            confidence * weight,
            f"written {found} in a column of {style}",
            repair,
        )


def _style(text: str) -> str:
    letters = [char for char in text if char.isalpha()]
    if len(letters) < 2 or any(char.isdigit() for char in text):
        return ""
    if all(char.isupper() for char in letters):
        return "upper"
    if all(char.islower() for char in letters):
        return "lower"
    return "title"


def _title(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in text.split(" "))
