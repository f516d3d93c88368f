"""The marking of a value: where it comes from and what may be done with it. It travels with the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Literal, get_args

Origin = Literal["trusted", "untrusted"]
ANY: Final = "any"
NOWHERE: Final = "nowhere"


@dataclass(frozen=True, slots=True)
class Marking:
    """Where a value comes from and what may be done with it.

    ``data_class``: 0 public, 1 internal, 2 personal or confidential, 3 special, identity, secret.
    ``region``: a region, ``any`` (may be anywhere) or ``nowhere`` (mixed regions: may not move).
    ``purposes``: purposes the data may serve; ``{"any"}`` for data without such a limit, which
    exist only in the classes 0 and 1.
    ``subjects``: references of the people the value is about.
    """

    origin: Origin
    data_class: int
    region: str
    purposes: frozenset[str]
    subjects: frozenset[str]

    def __post_init__(self) -> None:
        if self.origin not in get_args(Origin):
            raise ValueError(f"an origin is `trusted` or `untrusted`, found `{self.origin}`")
        if type(self.data_class) is not int or not 0 <= self.data_class <= 3:
            raise ValueError(f"a data class is 0, 1, 2 or 3, found `{self.data_class}`")
        if not self.region:
            raise ValueError("a marking names a region, `any` or `nowhere`")
        if ANY in self.purposes and len(self.purposes) > 1:
            raise ValueError("the purpose `any` stands alone")
        # Invariant: else joining with a public value of one purpose would grant that purpose.
        if ANY in self.purposes and self.data_class >= 2:
            raise ValueError("personal and confidential data name the purposes they serve")

    def join(self, other: Marking) -> Marking:
        """Marking of what is made from both values: never freer than either.

        Origin and class rise, region and purposes narrow, subjects gather. Associative,
        commutative and idempotent: order and repetition of joins do not matter.
        """
        return Marking(
            origin="untrusted" if "untrusted" in (self.origin, other.origin) else "trusted",
            data_class=max(self.data_class, other.data_class),
            region=_common_region(self.region, other.region),
            purposes=_common_purposes(self.purposes, other.purposes),
            subjects=self.subjects | other.subjects,
        )

    def at_most(self, other: Marking) -> bool:
        """It is no freer than the other: joining it with the other changes nothing."""
        return self.join(other) == self

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON values, the same for every order of its sets."""
        return {
            "origin": self.origin,
            "data_class": self.data_class,
            "region": self.region,
            "purposes": sorted(self.purposes),
            "subjects": sorted(self.subjects),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Marking:
        """What ``as_json`` told. Errors: ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
        return cls(
            value["origin"],
            value["data_class"],
            value["region"],
            frozenset(value["purposes"]),
            frozenset(value["subjects"]),
        )


NEUTRAL: Final = Marking("trusted", 0, ANY, frozenset({ANY}), frozenset())
"""Joins without effect: where a fold over markings starts."""


def _common_region(one: str, other: str) -> str:
    if one == ANY:
        return other
    return one if other in (ANY, one) else NOWHERE


def _common_purposes(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if ANY in one:
        return other
    return one if ANY in other else one & other


def join_all(markings: Iterable[Marking]) -> Marking:
    """Marking of what is made of all of them; ``NEUTRAL`` for none."""
    return reduce(Marking.join, markings, NEUTRAL)
