"""What a client may ask for: books. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.books import (
    CheckpointTold,
    CostLine,
    CostReport,
    EntryList,
    EntryTold,
    ForecastTold,
    PassageList,
    ProofTold,
)


class Books(Sender):
    """What the API offers on books."""

    def read_costs(
        self, *, use_case: str | None = None, since: str | None = None, until: str | None = None,
        by: str | None = None, every: str | None = None, after: str | None = None,
        limit: int | None = None,
    ) -> CostReport:
        """What was spent, per case and of the budgets; of all use cases, or of one."""
        return self._send(
            CostReport, "GET", "/api/v1/costs", {},
            query={"use_case": use_case, "since": since, "until": until, "by": by, "every": every, "after": after, "limit": limit},
        )

    def iter_costs(
        self, *, use_case: str | None = None, since: str | None = None, until: str | None = None,
        by: str | None = None, every: str | None = None, limit: int | None = None,
    ) -> Iterator[CostLine]:
        """What was spent, per case and of the budgets; of all use cases, or of one. Page after page, until the end."""
        return self._pages(
            lambda after: self.read_costs(use_case=use_case, since=since, until=until, by=by, every=every, limit=limit, after=after),
            "lines",
        )

    def read_forecast(self, name: str, *, volume: str | None = None) -> ForecastTold:
        """Where this month will end, and what a month of so many cases costs."""
        return self._send(
            ForecastTold, "GET", "/api/v1/use-cases/{name}/forecast", {"name": name},
            query={"volume": volume},
        )

    def search_knowledge(self, name: str, base: str, *, q: str, limit: int | None = None) -> PassageList:
        """Passages of a knowledge source, best first, with the rights of the release that works."""
        return self._send(
            PassageList, "GET", "/api/v1/use-cases/{name}/knowledge/{base}", {"name": name, "base": base},
            query={"q": q, "limit": limit},
        )

    def read_checkpoint(self) -> CheckpointTold:
        """The newest signed head of the ledger, to be kept elsewhere."""
        return self._send(CheckpointTold, "GET", "/api/v1/ledger/checkpoint", {})

    def list_entries(self, *, after: str | None = None, limit: int | None = None) -> EntryList:
        """Entries of the ledger, oldest first."""
        return self._send(
            EntryList, "GET", "/api/v1/ledger/entries", {}, query={"after": after, "limit": limit},
        )

    def iter_entries(self, *, limit: int | None = None) -> Iterator[EntryTold]:
        """Entries of the ledger, oldest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_entries(limit=limit, after=after), "entries")

    def read_entry(self, seq: str) -> EntryTold:
        """One entry of the ledger."""
        return self._send(EntryTold, "GET", "/api/v1/ledger/entries/{seq}", {"seq": seq})

    def prove_entry(self, seq: str) -> ProofTold:
        """That an entry lies under the newest signed head, checkable without this server."""
        return self._send(ProofTold, "GET", "/api/v1/ledger/entries/{seq}/proof", {"seq": seq})
