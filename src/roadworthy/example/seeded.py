"""Randomness that repeats, and groups of things that belong together."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence


def stream(seed: int, *parts: object) -> random.Random:
    """Random numbers of their own for one purpose: another purpose never shifts them."""
    name = ":".join(str(part) for part in (seed, *parts))
    return random.Random(name)  # noqa: S311 - an invented company keeps no secrets


def connected(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The numbers below ``count`` in groups that the pairs tie together, each group ascending."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in pairs:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    groups: dict[int, list[int]] = {}
    for node in range(count):
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())


def same_key(keys: Sequence[object]) -> Iterable[tuple[int, int]]:
    """Pairs of places that hold the same key. ``None`` equals nothing."""
    first: dict[object, int] = {}
    for place, key in enumerate(keys):
        if key is not None:
            yield first.setdefault(key, place), place
