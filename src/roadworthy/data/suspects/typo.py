"""Slips of the keyboard: rare words and values next to frequent ones.

Being close to a frequent value proves nothing by itself: streets, surnames and codes have honest
neighbours. How often the frequent values of the same column have frequent neighbours tells how often
closeness is chance there, and a pair of letters that the column has nowhere else tells of a slip.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import ValueHit

_FREQUENT = 5
_RATIO = 8
_MOST_FREQUENT = 4000
_MOST_RARE = 60_000
_SHORTEST = 4
_PAIRS = 4_000_000


@dataclass(frozen=True, slots=True)
class Slip:
    """A rare text and the frequent one that was probably meant."""

    wrong: str
    meant: str
    distance: int
    rows: int
    meant_rows: int


def typo_hits(column: Column) -> Iterator[ValueHit]:
    """Values with a slip in one of their words, or in the whole of them."""
    if column.filled < 30 or column.number_share > 0.5 or column.letter_share < 0.5:
        return
    found: dict[int, ValueHit] = {}
    if column.unique_share < 0.9:
        for hit in _of_values(column):
            found[hit.code] = hit
    for hit in _of_words(column):
        known = found.get(hit.code)
        if known is None or hit.confidence > known.confidence:
            found[hit.code] = hit
    yield from found.values()


def _of_values(column: Column) -> Iterator[ValueHit]:
    rows: Counter[str] = Counter()
    for code in np.flatnonzero(column.solid).tolist():
        text = column.trimmed[code]
        if _SHORTEST <= len(text) <= 200:
            rows[text] += int(column.counts[code])
    slips = _slips(rows)
    near = _near_whole(rows)
    for text, slip in near.items():
        slips.setdefault(text, slip)
    yield from _hits(column, slips, rows, {text: [text] for text in slips})


def _of_words(column: Column) -> Iterator[ValueHit]:
    rows: Counter[str] = Counter()
    homes: dict[str, list[str]] = defaultdict(list)
    spread = 0
    for code in np.flatnonzero(column.solid).tolist():
        text = column.trimmed[code]
        words = text.split()
        spread += len(words)
        if len(words) < 2 or len(words) > 60:
            continue
        for word in dict.fromkeys(words):
            if len(word) >= _SHORTEST:
                rows[word] += int(column.counts[code])
                homes[word].append(text)
    if not rows:
        return
    yield from _hits(column, _slips(rows), rows, homes)


def _hits(
    column: Column, slips: Mapping[str, Slip], rows: Mapping[str, int], homes: Mapping[str, list[str]]
) -> Iterator[ValueHit]:
    """The share of rare texts with a frequent neighbour against that of frequent ones gives the confidence."""
    if not slips:
        return
    pairs = _letter_pairs(rows)
    # A neighbour as frequent as this one is no slip: how dense frequent values lie is the chance of closeness.
    chance = _density(rows)
    rare = sum(1 for count in rows.values() if count < _FREQUENT)
    rate = len(slips) / max(1, rare)
    honest = min(0.95, (chance * rare + 0.5) / (len(slips) + 1.0)) if chance else 0.5 / (len(slips) + 1.0)
    codes: dict[str, list[int]] = defaultdict(list)
    wanted = {text for slip in slips for text in homes[slip]}
    for code in np.flatnonzero(column.solid).tolist():
        if column.trimmed[code] in wanted:
            codes[column.trimmed[code]].append(int(code))
    for wrong, slip in slips.items():
        foreign = _foreign(slip, pairs)
        confidence = _weigh(slip, honest=honest, foreign=foreign, rate=rate)
        for text in homes[wrong]:
            repair = " ".join(slip.meant if part == wrong else part for part in text.split(" "))
            if text == wrong:
                repair = slip.meant
            for code in codes[text]:
                yield ValueHit(
                    column.index, code, "typo", confidence, f"`{wrong[:60]}` looks like a slip of `{slip.meant[:60]}`", repair
                )  # fmt: skip


def _weigh(slip: Slip, *, honest: float, foreign: bool, rate: float) -> float:
    ratio = float(np.interp(np.log(slip.meant_rows / slip.rows), np.log((8, 40, 300)), (-0.4, 0.3, 0.9)))
    length = float(np.interp(len(slip.meant), (4, 6, 9, 14), (-1.2, -0.2, 0.7, 1.2)))
    odds = 0.1 + ratio + length + (1.3 if foreign else -0.5) - 3.0 * honest - 0.2 * (slip.distance - 1)
    if rate > 0.5:
        odds -= 0.3
    return float(1.0 / (1.0 + np.exp(-odds)))


def _slips(rows: Mapping[str, int]) -> dict[str, Slip]:
    """Rare texts one step (a letter changed, left out, put in, two exchanged) from a frequent one."""
    frequent = [text for text, count in Counter(rows).most_common(_MOST_FREQUENT) if count >= _FREQUENT]
    shortened: dict[str, list[str]] = defaultdict(list)
    for text in frequent:
        for key in _deletions(text):
            shortened[key].append(text)
    found: dict[str, Slip] = {}
    looked = 0
    for text, count in rows.items():
        if count >= _FREQUENT * _RATIO and count * _RATIO > rows[frequent[0]] if frequent else True:
            continue
        looked += 1
        if looked > _MOST_RARE:
            break
        best: Slip | None = None
        for key in _deletions(text):
            for meant in shortened.get(key, ()):
                if meant == text or rows[meant] < max(_FREQUENT, _RATIO * count):
                    continue
                if _is_letters_only(text, meant) and (best is None or rows[meant] > best.meant_rows):
                    best = Slip(text, meant, 1, count, rows[meant])
        if best is not None:
            found[text] = best
    return found


def _deletions(text: str) -> Iterator[str]:
    yield text
    if len(text) <= 40:
        for at in range(len(text)):
            yield text[:at] + text[at + 1 :]


def _is_letters_only(wrong: str, meant: str) -> bool:
    """Whether the two are one step apart, and that step is none between digits, capitals or endings.

    A digit more or less makes another code, a plural is another word.
    """
    if wrong.casefold() == meant.casefold():
        return False
    start = 0
    while start < min(len(wrong), len(meant)) and wrong[start] == meant[start]:
        start += 1
    end = 0
    while end < min(len(wrong), len(meant)) - start and wrong[-1 - end] == meant[-1 - end]:
        end += 1
    left, right = wrong[start : len(wrong) - end], meant[start : len(meant) - end]
    if len(left) > 2 or len(right) > 2 or ((len(left) == 2 or len(right) == 2) and left != right[::-1]):
        return False
    if any(char.isdigit() for char in left) and any(char.isdigit() for char in right):
        return False
    if (left + right).isdigit():
        return False
    changed = left + right
    if not any(char.isalpha() for char in changed):
        return False
    return not (end == 0 and changed in {"s", "e", "a", "o", "n"} and (not left or not right))


def _near_whole(rows: Mapping[str, int]) -> dict[str, Slip]:
    """Longer texts with several slips at once, where there are few frequent values to mistake."""
    top = Counter(rows).most_common(400)
    frequent = [text for text, count in top if count >= 2 * _FREQUENT and len(text) >= 8]
    most = top[0][1] if top else 0
    rare = [text for text, count in rows.items() if (count <= 3 or 50 * count <= most) and len(text) >= 8]
    if not frequent or not rare or len(frequent) * len(rare) > _PAIRS:
        return {}
    bags, meant_bags = _bags(rare), _bags(frequent)
    found: dict[str, Slip] = {}
    for at, text in enumerate(rare):
        far = np.abs(meant_bags - bags[at]).sum(axis=1)
        allowed = max(1, len(text) // 5)
        for other in np.flatnonzero(far <= 2 * allowed):
            meant = frequent[int(other)]
            distance = _distance(text, meant, allowed)
            if (
                distance <= allowed
                and rows[meant] >= (_RATIO if rows[text] <= 3 else 50) * rows[text]
                and not _digits_differ(text, meant)
            ):
                best = found.get(text)
                if best is None or distance < best.distance:
                    found[text] = Slip(text, meant, distance, rows[text], rows[meant])
    return found


def _digits_differ(wrong: str, meant: str) -> bool:
    return [char for char in wrong if char.isdigit()] != [char for char in meant if char.isdigit()]


def _bags(texts: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    bags = np.zeros((len(texts), 64), dtype=np.int16)
    for at, text in enumerate(texts):
        for char in text:
            bags[at, ord(char) & 63] += 1
    return bags


def _distance(one: str, other: str, most: int) -> int:
    """Changes of a letter, exchanges of neighbours counted once; ``most + 1`` for anything beyond.

    Source: optimal string alignment; the row-wise recurrence.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, start=1):
        earlier, before, row = before, row, [at] + [0] * len(other)
        for to, there in enumerate(other, start=1):
            cost = before[to - 1] + (char != there)
            row[to] = min(cost, before[to] + 1, row[to - 1] + 1)
            if at > 1 and to > 1 and char == other[to - 2] and one[at - 2] == there:
                row[to] = min(row[to], earlier[to - 2] + 1)
        if min(row) > most:
            return most + 1
    return row[-1]


def _density(rows: Mapping[str, int]) -> float:
    """Part of the frequent texts that have another frequent one within a step."""
    frequent = [text for text, count in Counter(rows).most_common(1000) if count >= _FREQUENT]
    if len(frequent) < 2:
        return 0.0
    by_key: dict[str, set[str]] = defaultdict(set)
    for text in frequent:
        for key in _deletions(text):
            by_key[key].add(text)
    near = set()
    for texts in by_key.values():
        if len(texts) < 2 or len(texts) > 50:
            continue
        for one in texts:
            if one not in near and any(other != one and _is_letters_only(one, other) for other in texts):
                near.add(one)
    return len(near) / len(frequent)


def _letter_pairs(rows: Mapping[str, int]) -> Counter[str]:
    """How many different texts hold a pair of neighbouring letters."""
    pairs: Counter[str] = Counter()
    for at, text in enumerate(rows):
        if at > 50_000:
            break
        padded = f"^{text.casefold()}$"
        pairs.update({padded[i : i + 2] for i in range(len(padded) - 1)})
    return pairs


def _foreign(slip: Slip, pairs: Counter[str]) -> bool:
    """Whether the slip made a pair of letters that hardly any other text has."""
    wrong, meant = f"^{slip.wrong.casefold()}$", f"^{slip.meant.casefold()}$"
    old = {meant[i : i + 2] for i in range(len(meant) - 1)}
    new = {wrong[i : i + 2] for i in range(len(wrong) - 1)} - old
    return any(pairs[pair] <= max(2, 0.002 * len(pairs)) for pair in new)
