"""How far the truth about things is spread over systems, and how often these disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roadworthy.data.matching.clusters import Cluster
from roadworthy.data.matching.normal import Form, normal
from roadworthy.data.matching.plan import MatchPlan
from roadworthy.data.table import Texts


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Of ``compared`` things with a value of this column in several rows, ``differ`` have different ones.

    ``across`` and ``across_differ`` count those with values in several tables. Spelling does not count: values are
    compared in the column's form.
    """

    compared: int
    differ: int
    across: int
    across_differ: int

    @property
    def share(self) -> float:
        return self.differ / self.compared if self.compared else 0.0

    @property
    def share_across(self) -> float:
        return self.across_differ / self.across if self.across else 0.0


@dataclass(frozen=True, slots=True)
class Fragmentation:
    """Counts of things, and by column how often their rows disagree.

    ``in_several``: things with rows in more than one table; ``twice_in_one``: things with more than one row in some
    table; ``duplicates`` by table: rows beyond the first of a thing; ``sizes``: things by their number of rows.
    """

    things: int
    rows: int
    in_several: int
    twice_in_one: int
    duplicates: Mapping[str, int]
    sizes: Mapping[int, int]
    disagreement: Mapping[str, Disagreement]

    @property
    def share_in_several(self) -> float:
        return self.in_several / self.things if self.things else 0.0

    @property
    def share_twice_in_one(self) -> float:
        return self.twice_in_one / self.things if self.things else 0.0

    def as_json(self) -> dict[str, object]:
        """Counts and shares as every door shows them."""
        return {
            "things": self.things,
            "rows": self.rows,
            "in_several": self.in_several,
            "share_in_several": self.share_in_several,
            "twice_in_one": self.twice_in_one,
            "share_twice_in_one": self.share_twice_in_one,
            "duplicates": dict(self.duplicates),
            "sizes": {str(size): count for size, count in self.sizes.items()},
            "disagreement": {
                name: {
                    "compared": one.compared,
                    "share": one.share,
                    "across": one.across,
                    "share_across": one.share_across,
                }
                for name, one in self.disagreement.items()
            },
        }


def fragmentation_of(
    clusters: Sequence[Cluster], tables: Sequence[tuple[str, Texts]], plan: MatchPlan
) -> Fragmentation:
    """What the clusters say about the tables. ``clusters`` hold every row, alone or not.

    Edge:    an empty cell disagrees with nothing. Columns that the plan ignores are left out: the number of a row
             differs by its nature. Tables disagree across where they have no value in common.
    """
    tally: dict[str, list[int]] = {one.name: [0, 0, 0, 0] for one in plan.columns if one.used}
    in_several = twice = 0
    duplicates: Counter[str] = Counter({name: 0 for name, _ in tables})
    for one in clusters:
        by_table = Counter(row.table for row in one.rows)
        in_several += len(by_table) > 1
        twice += any(n > 1 for n in by_table.values())
        for at, n in by_table.items():
            duplicates[tables[at][0]] += n - 1
        if len(one.rows) > 1:
            _count(one, tables, plan, tally)
    return Fragmentation(
        things=len(clusters),
        rows=sum(len(one.rows) for one in clusters),
        in_several=in_several,
        twice_in_one=twice,
        duplicates=dict(duplicates),
        sizes=dict(sorted(Counter(len(one.rows) for one in clusters).items())),
        disagreement={name: Disagreement(*counts) for name, counts in tally.items()},
    )


def _count(
    cluster: Cluster, tables: Sequence[tuple[str, Texts]], plan: MatchPlan, tally: dict[str, list[int]]
) -> None:
    for column in plan.columns:
        if not column.used:
            continue
        values: dict[int, set[str]] = {}
        filled = 0
        for row in cluster.rows:
            source = column.sources[row.table]
            cell = None if source is None else tables[row.table][1][source][row.row]
            spelled = normal(cell, column.form or Form.NAME)
            if spelled is not None:
                filled += 1
                values.setdefault(row.table, set()).add(spelled)
        if filled < 2:
            continue
        differ = len(set().union(*values.values())) > 1
        counts = tally[column.name]
        counts[0] += 1
        counts[1] += differ
        if len(values) > 1:
            counts[2] += 1
            counts[3] += not set.intersection(*values.values())
