"""Entities matched by likeness: doubtful pairs go to people, and what people said counts from then on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadworthy.charter import Charter, Entity
from roadworthy.data import Texts
from roadworthy.data.contract import ContractTable
from roadworthy.data.matching import Decision, Question, Row
from roadworthy.measure.fact import Fact
from roadworthy.measure.sources import opened_table
from roadworthy.measure.tables.matching import Matched, match
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.stewarding import PairQuestion, ask_about_pairs, pair_answers, row_key
from roadworthy.ports import Instruments, LoadedRelease
from roadworthy.principal import Principal
from roadworthy.quantities import digest_of

ASKED = 200
"""Pairs put into the inbox by one measurement, the most telling first: their answers change the rest."""


def unclear_pairs(
    deployment: Deployment, principal: Principal, release: LoadedRelease, instruments: Instruments
) -> Iterator[Fact]:
    """Per entity that is matched by likeness: pairs that nobody decided yet, which now wait in the inbox.

    Run twice: pairs asked about once are not asked again, and those that were answered are decided.
    """
    for name in release.charter.subjects("matched"):
        entity = release.charter.data[name].entity
        assert entity is not None, "the list holds sources with an entity"
        table = _table(release, name, entity)
        dataset = opened_table(release, instruments, name, table)
        try:
            keys = _Keys(deployment, table)
            named = keys.of(dataset.texts())
            with deployment.store.read() as tx:
                answers = list(pair_answers(deployment, tx, release.charter.use_case, name))
            rows = {key: Row(0, row) for row, key in enumerate(named)}
            decisions = [
                Decision(rows[one.left], rows[one.right], one.same, one.by, one.at)
                for one in answers
                if one.left in rows and one.right in rows
            ]
            matched = match(instruments, [dataset], decisions=decisions)
        finally:
            dataset.close()
        _ask(deployment, principal, release.charter, name, matched, named)
        yield Fact(
            kind="data.unclear_pairs",
            subject=name,
            value=float(len(matched.questions)),
            unit="pairs",
            n=len(named),
            method="rows matched by likeness, doubtful pairs left to people",
            inputs=[name, [list(row) for question in matched.questions for row in question.pair.rows]],
            valid_days=7,
            detail={
                "duplicates": len(matched.surplus),
                "decided": len(decisions),
                **matched.fragmentation.as_json(),
            },
        )


class _Keys:
    """How rows are named on record: by their key in the contract, else by their content."""

    def __init__(self, deployment: Deployment, table: ContractTable) -> None:
        self._deployment = deployment
        self._columns = table.key
        self._personal = any(
            column is not None and (column.personal or column.classification)
            for column in map(table.column, table.key)
        )

    def of(self, columns: Texts) -> list[str]:
        """One key a row, in the order of the rows."""
        names = [name for name in self._columns if name in columns] or list(columns)
        whole = len(names) != len(self._columns)
        found = []
        for cells in zip(*(columns[name] for name in names), strict=True):
            value = digest_of(list(cells)) if whole else "/".join(cell or "" for cell in cells)
            found.append(row_key(self._deployment, value, personal=whole or self._personal))
        return found


def _table(release: LoadedRelease, source: str, entity: Entity) -> ContractTable:
    contract = release.contracts.get(source)
    return (contract and contract.table(entity.table)) or ContractTable(entity.table, entity.table)


def _ask(
    deployment: Deployment,
    principal: Principal,
    charter: Charter,
    source: str,
    matched: Matched,
    keys: Sequence[str],
) -> None:
    _, texts = matched.tables[0]
    shown = [column.sources[0] for column in matched.plan.columns if column.used and column.sources[0]]
    ask_about_pairs(
        deployment,
        principal,
        charter,
        source,
        [
            _question(one, keys, {name: texts[name] for name in shown if name})
            for one in matched.questions[:ASKED]
        ],
    )


def _question(
    question: Question, keys: Sequence[str], columns: dict[str, Sequence[str | None]]
) -> PairQuestion:
    left, right = (row.row for row in question.pair.rows)
    return PairQuestion(
        keys[left],
        keys[right],
        question.pair.probability,
        {name: (cells[left] or "", cells[right] or "") for name, cells in columns.items()},
    )
