"""A table of tools that decides as the product does: its charter, its policies, its judgement of where values come from.

Nothing is decided here. Calls are put to ``roadworthy.flow`` and ``CedarPolicies`` with what a run would put to
them; registries are asked in SQL, of a database that a benchmark fills from its own environment.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.charter import Charter, read
from roadworthy.flow import Judged, Readings, all_trusted, judge, of_answer
from roadworthy.operate.disposing import tool_facts
from roadworthy.policy import Answer, Outcome, Request
from roadworthy.stage import Stage

_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Registry:
    """One entry of ``endorse``, answered by a database in memory."""

    sql: str
    database: sqlite3.Connection

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_PARAMETER.findall(self.sql))

    def knows(self, values: Mapping[str, object]) -> bool:
        given = {name: values[name] for name in self.names}
        try:
            return self.database.execute(self.sql, given).fetchone() is not None
        except (sqlite3.Error, OverflowError):
            return False


@dataclass(frozen=True, slots=True)
class Table:
    """A charter and its policies, ready to decide."""

    charter: Charter
    policies: CedarPolicies

    @classmethod
    def load(cls, charter: Path, *policies: Path) -> Table:
        read_charter = read(charter.read_text(encoding="utf-8"), file=charter.name)
        files = {file.name: file.read_text(encoding="utf-8") for file in policies}
        return cls(read_charter, CedarPolicies(files, read_charter.tools, region=read_charter.region))


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one call."""

    answer: Answer
    judged: Judged

    @property
    def outcome(self) -> Outcome:
        return self.answer.outcome


class Guarded:
    """One run in front of one table: what it has read, and what may leave."""

    def __init__(self, table: Table, database: sqlite3.Connection, *, subject: object = None) -> None:
        self._table = table
        self._registries = {
            tool: {argument: Registry(entry.sql, database) for argument, entry in declared.endorse.items()}
            for tool, declared in table.charter.tools.items()
        }
        self.readings = Readings(subject=subject)

    def ask(
        self, tool: str, arguments: Mapping[str, object], *, approvals: frozenset[str] = frozenset()
    ) -> Asked:
        """May this call be made now? ``approvals``: obligations met for exactly these arguments."""
        charter = self._table.charter
        declared = charter.tools[tool]
        judged = judge(
            declared,
            arguments,
            self.readings,
            registries=self._registries[tool],
        )
        amount = arguments.get(declared.amount) if declared.amount else 0
        request = Request(
            use_case=charter.use_case,
            stage=Stage.PRODUCTION,
            tool=tool_facts(charter, tool),
            autonomy=charter.autonomy,
            purpose=charter.purpose,
            amount_minor=amount if isinstance(amount, int) else 0,
            spent_today_minor=0,
            confidence_bp=10_000,
            marking=self.readings.marking,
            untrusted_control=frozenset(judged.untrusted),
            approvals=approvals,
            stopped=False,
            arguments={
                name: value
                for name, value in arguments.items()
                if name in declared.arguments or not declared.arguments
            },
        )
        return Asked(self._table.policies.decide(request), judged)

    def approved(self, tool: str, arguments: Mapping[str, object], asked: Asked) -> bool:
        """Whether the call may be made once people met every obligation for exactly these arguments."""
        if asked.outcome is not Outcome.REVIEW:
            return False
        met = frozenset(each.id for each in asked.answer.obligations)
        return self.ask(tool, arguments, approvals=met).outcome is Outcome.ALLOW

    def heard(self, tool: str, arguments: Mapping[str, object], answer: Mapping[str, object]) -> None:
        """The tool answered: the marking rises, and trusted fields are trusted if the question was."""
        charter = self._table.charter
        declared = charter.tools[tool]
        asked_well = all_trusted(declared, arguments, self.readings)
        trusted = [name for name in declared.trusted if name in answer and asked_well]
        whole = asked_well and set(answer) <= set(trusted)
        self.readings.rise(of_answer(charter, tool, subject="owner", trusted=whole))
        for name, value in answer.items():
            if name in trusted:
                self.readings.trust(f"the answer of `{tool}`", value)
            else:
                self.readings.hear(f"the answer of `{tool}`", value)
