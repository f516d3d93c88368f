"""How well found things agree with true ones: pairwise and by B-cubed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

Item = Hashable


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def pairwise(found: Iterable[Sequence[Item]], true: Iterable[Sequence[Item]]) -> Agreement:
    """Of all pairs of items put together, how many belong together, and the other way round.

    Edge:    an item that one side does not have stands alone there. No pairs at all: precision 1 where nothing
             was put together, recall 1 where nothing belongs together.
    Errors:  ``ValueError`` for an item that stands in two clusters.
    """
    labels, truth = _labels(found), _labels(true)
    items = labels.keys() | truth.keys()
    found_pairs = _pairs(Counter(labels.values()))
    true_pairs = _pairs(Counter(truth.values()))
    both = _pairs(
        Counter((labels[item], truth[item]) for item in items if item in labels and item in truth)
    )
    return Agreement(both / found_pairs if found_pairs else 1.0, both / true_pairs if true_pairs else 1.0)


def b_cubed(found: Iterable[Sequence[Item]], true: Iterable[Sequence[Item]]) -> Agreement:
    """For an item at random, the share of its cluster that belongs with it, and of what belongs with it the share
    that is in its cluster.

    Edge:    an item that one side does not have stands alone there. No items: 1.
    Source:  Bagga and Baldwin 1998; large things do not outweigh small ones as they do pairwise.
    """
    labels, truth = _labels(found), _labels(true)
    items = labels.keys() | truth.keys()
    if not items:
        return Agreement(1.0, 1.0)
    one: dict[Item, object] = {item: labels.get(item, ("alone", item)) for item in items}
    other: dict[Item, object] = {item: truth.get(item, ("alone", item)) for item in items}
    sizes, true_sizes = Counter(one.values()), Counter(other.values())
    both = Counter((one[item], other[item]) for item in items)
    precision = sum(n * n / sizes[label] for (label, _), n in both.items()) / len(items)
    recall = sum(n * n / true_sizes[label] for (_, label), n in both.items()) / len(items)
    return Agreement(precision, recall)


def _labels(clusters: Iterable[Sequence[Item]]) -> dict[Item, int]:
    found: dict[Item, int] = {}
    for at, items in enumerate(clusters):
        for item in items:
            if item in found:
                raise ValueError("an item stands in two clusters")
            found[item] = at
    return found


def _pairs(sizes: Counter[int] | Counter[tuple[int, int]]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())
