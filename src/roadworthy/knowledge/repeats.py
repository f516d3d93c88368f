"""Which texts say the same as others: copies, near-copies, and one that stands within a longer one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from roadworthy.knowledge.sentences import normal, sentences

Kind = Literal["same", "near", "contained"]

SIMILAR: Final = 0.7
"""Jaccard similarity of runs of words from which two texts are near-copies."""
CONTAINED: Final = 0.85
"""Part of the shorter text's runs that stand in the longer one, from which it is contained."""

_RUN = 4  # words of a shingle
_FEWEST = 8  # words of a text that is compared at all: shorter ones agree by chance
_SKETCH = 24  # shingles of a text that are looked up in all others
_HOLDERS = 64  # texts that one shingle leads to
_MOST_CANDIDATES = 400_000
# Scripts without blanks count by the character, so that they have words at all.
_TOKEN = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")

_Keys = NDArray[np.uint64]
_Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """A document or a part of one. Pieces of one document are not held against each other."""

    name: str
    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pieces that say the same. Where one is contained, ``one`` is the shorter.

    ``similarity``: Jaccard similarity of their runs of four words, without what is boilerplate.
    ``containment``: part of the shorter one's runs that stand in the other.
    """

    one: str
    other: str
    kind: Kind
    similarity: float
    containment: float


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was found. ``groups`` gather what pairs connect, each by name; the largest first.

    ``boilerplate``: pieces that nearly every document has, headers and footers; they make no pair.
    ``short``: pieces of less than eight words, not compared. ``left_out``: pairs that might be alike and were not
    looked at, because there were too many.
    """

    groups: tuple[tuple[str, ...], ...]
    pairs: tuple[Pair, ...]
    boilerplate: tuple[str, ...]
    short: int
    left_out: int


def repeats(
    pieces: Sequence[Piece], *, seed: int, similar: float = SIMILAR, contained: float = CONTAINED
) -> Repeats:
    """Pairs of pieces that say the same, most alike first, and the groups that they make.

    A sample of each piece's runs of four words (the smallest hashes: a bottom-k sketch) is looked up in all pieces; where
    half of it is found, similarity and containment are computed from all runs, not estimated. A pair at the threshold is
    overlooked less than once in ten thousand. Runs that stand in more than a tenth of the documents (and in
    more than ten) are boilerplate and count for nothing; copies of one text count once for that.

    Time grows with the length of the texts; each run leads to 64 pieces at most, so that in a family of more near-copies not
    every pair is listed, yet the group is whole. Pieces have names of their own.

    Errors: ``ValueError`` for a threshold outside 0 to 1, or a name that stands twice.
    """
    if not (0 < similar <= 1 and 0 < contained <= 1):
        raise ValueError("thresholds lie above 0 and at most at 1")
    if len({piece.name for piece in pieces}) < len(pieces):
        raise ValueError("each piece has a name of its own")
    sizes: dict[str, int] = defaultdict(int)
    for piece in pieces:
        sizes[piece.document] += 1
    words, lengths = _words([piece.text for piece in pieces])
    ends = np.cumsum(lengths)
    limit = max(10, len(sizes) // 10)
    pairs: list[Pair] = []
    boilerplate: list[str] = []
    first: list[int] = []
    for places in _copies(words, ends, lengths):
        documents = {pieces[place].document for place in places}
        if len(documents) > limit and all(sizes[name] > 1 for name in documents):
            boilerplate += [pieces[place].name for place in places]
            continue
        first.append(places[0])
        pairs += [
            Pair(pieces[places[0]].name, pieces[other].name, "same", 1.0, 1.0)
            for other in places[1:]
            if pieces[other].document != pieces[places[0]].document
        ]
    chosen = np.array(sorted(first), dtype=np.int64)
    runs = _Runs(words, ends, lengths, chosen, [pieces[place].document for place in chosen], limit, seed)
    boilerplate += [pieces[chosen[place]].name for place in runs.empty()]
    candidates, left_out = runs.candidates(min(similar, contained) / 2)
    for one, other in candidates:
        a, b = pieces[chosen[one]], pieces[chosen[other]]
        if a.document != b.document and (pair := _pair(runs, one, other, a, b, similar, contained)):
            pairs.append(pair)
    pairs.sort(key=lambda pair: (-pair.similarity, -pair.containment, pair.one, pair.other))
    return Repeats(
        _groups(pairs), tuple(pairs), tuple(sorted(boilerplate)), int((lengths < _FEWEST).sum()), left_out
    )


def differences(one: str, other: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences that only one of two texts has, in order. Case, blanks and punctuation do not count."""
    left, right = sentences(one), sentences(other)
    in_left, in_right = {_bare(each) for each in left}, {_bare(each) for each in right}
    return (
        tuple(each for each in left if _bare(each) not in in_right),
        tuple(each for each in right if _bare(each) not in in_left),
    )


def _bare(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(normal(text).casefold()))


def _words(texts: Sequence[str]) -> tuple[_Keys, _Places]:
    """All words of all texts as numbers, one after another, and how many each text has."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    found, lengths = [], np.zeros(len(texts), dtype=np.int64)
    for place, text in enumerate(texts):
        tokens = _TOKEN.findall(normal(text).casefold())
        lengths[place] = len(tokens)
        found.append(np.fromiter(map(numbers.__getitem__, tokens), dtype=np.uint64, count=len(tokens)))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.uint64), lengths


def _copies(words: _Keys, ends: _Places, lengths: _Places) -> list[list[int]]:
    """Places of texts that are long enough, those with the same words together."""
    same: dict[Hashable, list[int]] = defaultdict(list)
    for place in np.flatnonzero(lengths >= _FEWEST):
        same[words[ends[place] - lengths[place] : ends[place]].tobytes()].append(int(place))
    return list(same.values())


class _Runs:
    """The runs of four words of the texts at ``chosen``, without what is boilerplate."""

    def __init__(
        self,
        words: _Keys,
        ends: _Places,
        lengths: _Places,
        chosen: _Places,
        documents: Sequence[str],
        limit: int,
        seed: int,
    ) -> None:
        owners, keys = _runs_of(words, ends, lengths, chosen, seed)
        numbers = {name: number for number, name in enumerate(dict.fromkeys(documents))}
        document = np.array([numbers[name] for name in documents], dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        keep = ~_common(keys, owners, order, document, limit)
        self._keys, self._owners = keys[keep], owners[keep]  # by owner, then by key, each once
        self._order = (np.cumsum(keep) - 1)[order[keep[order]]]  # of the keys that stay, by key
        self._size = len(chosen)
        self._starts = np.searchsorted(self._owners, np.arange(self._size + 1))

    def of(self, place: int) -> _Keys:
        return self._keys[self._starts[place] : self._starts[place + 1]]

    def empty(self) -> list[int]:
        """Texts of which nothing is left."""
        return [int(place) for place in np.flatnonzero(np.diff(self._starts) == 0)]

    def candidates(self, share: float) -> tuple[list[tuple[int, int]], int]:
        """Pairs (shorter or equal, other) where this part of the first one's sketch stands in the other."""
        rank = np.arange(len(self._keys)) - self._starts[self._owners]
        sketch = np.flatnonzero(rank < _SKETCH)  # keys are sorted: the smallest ones
        by_key, holders = self._keys[self._order], self._owners[self._order]
        low = np.searchsorted(by_key, self._keys[sketch], side="left")
        high = np.searchsorted(by_key, self._keys[sketch], side="right")
        shared = high - low > 1
        sketch, low, high = sketch[shared], low[shared], np.minimum(high, low + _HOLDERS)[shared]
        width = high - low
        if not len(width):
            return [], 0
        within = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
        other = holders[np.repeat(low, width) + within]
        one = np.repeat(self._owners[sketch], width)
        apart = one != other
        codes, hits = np.unique(one[apart] * self._size + other[apart], return_counts=True)
        sizes = np.diff(self._starts)
        sampled = np.minimum(sizes, _SKETCH)
        first, second = codes // self._size, codes % self._size
        good = (hits >= np.maximum(1, np.ceil(share * sampled[first]))) & (
            (sizes[first] < sizes[second]) | ((sizes[first] == sizes[second]) & (first < second))
        )
        best = np.argsort(-(hits[good] / sampled[first[good]]), kind="stable")[:_MOST_CANDIDATES]
        pairs = zip(first[good][best].tolist(), second[good][best].tolist(), strict=True)
        return list(pairs), int(good.sum()) - len(best)


def _runs_of(
    words: _Keys, ends: _Places, lengths: _Places, chosen: _Places, seed: int
) -> tuple[_Places, _Keys]:
    """(owner, hash) of each run of each text once, by owner and hash."""
    if not len(words):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    random = np.random.default_rng(seed)
    factors = random.integers(1, 2**63, _RUN, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = _mixed(words + np.uint64(1))
    runs = np.zeros(max(0, len(words) - _RUN + 1), dtype=np.uint64)
    for place in range(_RUN):
        runs += mixed[place : place + len(runs)] * factors[place]
    runs = _mixed(runs)
    owner = np.full(len(words), -1, dtype=np.int64)
    for number, place in enumerate(chosen):
        owner[ends[place] - lengths[place] : ends[place] - _RUN + 1] = number
    owner = owner[: len(runs)]
    inside = owner >= 0
    owner, runs = owner[inside], runs[inside]
    bounds = np.flatnonzero(np.diff(owner, prepend=-1, append=-1))
    for start, end in pairwise(bounds.tolist()):
        runs[start:end].sort()
    once = np.ones(len(runs), dtype=bool)
    once[1:] = (runs[1:] != runs[:-1]) | (owner[1:] != owner[:-1])
    return owner[once], runs[once]


def _mixed(keys: _Keys) -> _Keys:
    """The finaliser of splitmix64: neighbouring numbers become unlike ones."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _Keys = keys ^ (keys >> np.uint64(31))
    return mixed


def _common(
    keys: _Keys, owners: _Places, order: _Places, document: _Places, limit: int
) -> NDArray[np.bool_]:
    """Which of the keys stand in more documents than the limit. ``order`` sorts them."""
    common = np.zeros(len(keys), dtype=bool)
    if not len(keys):
        return common
    by_key = keys[order]
    bounds = np.append(np.flatnonzero(np.append(True, by_key[1:] != by_key[:-1])), len(by_key))
    for place in np.flatnonzero(np.diff(bounds) > limit):
        holders = order[bounds[place] : bounds[place + 1]]
        if len(np.unique(document[owners[holders]])) > limit:
            common[holders] = True
    return common


def _pair(
    runs: _Runs, one: int, other: int, a: Piece, b: Piece, similar: float, contained: float
) -> Pair | None:
    left, right = runs.of(one), runs.of(other)
    # The shorter one in the longer: its length decides what this takes.
    there = np.minimum(np.searchsorted(right, left), len(right) - 1)
    both = int((right[there] == left).sum())
    similarity, containment = both / (len(left) + len(right) - both), both / len(left)
    if similarity >= similar:
        return Pair(a.name, b.name, "near", similarity, containment)
    if containment >= contained:
        return Pair(a.name, b.name, "contained", similarity, containment)
    return None


def _groups(pairs: Sequence[Pair]) -> tuple[tuple[str, ...], ...]:
    """What is connected by pairs."""
    leads: dict[str, str] = {}

    def head(name: str) -> str:
        while (to := leads.setdefault(name, name)) != name:
            leads[name] = leads[to]
            name = to
        return name

    for pair in pairs:
        leads[head(pair.one)] = head(pair.other)
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(leads):
        found[head(name)].append(name)
    return tuple(sorted((tuple(each) for each in found.values()), key=lambda group: (-len(group), group)))
