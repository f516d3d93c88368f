"""What a client may ask for: cases. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.cases import (
    CaseList,
    CaseRow,
    CaseTold,
    Grounds,
    LineageTold,
    OutcomesKept,
    RatingKept,
    TakenIn,
    UseList,
    UseTold,
)


class Cases(Sender):
    """What the API offers on cases."""

    def submit_case(
        self, *, use_case: str, key: str, data: dict[str, Any], idempotency_key: str = "",
    ) -> TakenIn:
        """Take in a case; the same key again finds the same case."""
        return self._send(
            TakenIn, "POST", "/api/v1/cases", {}, body={"use_case": use_case, "key": key, "data": data},
            idempotency_key=idempotency_key,
        )

    def list_cases(
        self, *, use_case: str | None = None, state: str | None = None, stage: str | None = None,
        release: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> CaseList:
        """Cases, newest first."""
        return self._send(
            CaseList, "GET", "/api/v1/cases", {},
            query={"use_case": use_case, "state": state, "stage": stage, "release": release, "after": after, "limit": limit},
        )

    def iter_cases(
        self, *, use_case: str | None = None, state: str | None = None, stage: str | None = None,
        release: str | None = None, limit: int | None = None,
    ) -> Iterator[CaseRow]:
        """Cases, newest first. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_cases(use_case=use_case, state=state, stage=stage, release=release, limit=limit, after=after),
            "cases",
        )

    def record_outcome(
        self, key: str, *, truth: str, source: str, use_case: str, idempotency_key: str = "",
    ) -> OutcomesKept:
        """Note what the right answer was; the same source again changes nothing."""
        return self._send(
            OutcomesKept, "POST", "/api/v1/cases/{key}/outcome", {"key": key},
            query={"use_case": use_case}, body={"truth": truth, "source": source},
            idempotency_key=idempotency_key,
        )

    def rate_case(self, key: str, *, stars: int, use_case: str, idempotency_key: str = "") -> RatingKept:
        """Say how content somebody was, 1 to 5 stars; rating again replaces it. It proves nothing about what was right."""
        return self._send(
            RatingKept, "POST", "/api/v1/cases/{key}/rating", {"key": key}, query={"use_case": use_case},
            body={"stars": stars}, idempotency_key=idempotency_key,
        )

    def explain_case(self, name: str, *, use_case: str | None = None) -> CaseTold:
        """Everything on record about a case, by id or key."""
        return self._send(
            CaseTold, "GET", "/api/v1/cases/{name}", {"name": name}, query={"use_case": use_case},
        )

    def explain_policies(self, name: str, *, use_case: str | None = None) -> Grounds:
        """For every effect of a case: what policies said of it, by which rules, and what they say now."""
        return self._send(
            Grounds, "GET", "/api/v1/policies/cases/{name}", {"name": name}, query={"use_case": use_case},
        )

    def read_lineage(
        self, name: str, *, use_case: str | None = None, form: str | None = None,
    ) -> LineageTold:
        """What a case's decision rests on, and what it caused."""
        return self._send(
            LineageTold, "GET", "/api/v1/lineage/cases/{name}", {"name": name},
            query={"use_case": use_case, "form": form},
        )

    def list_uses(
        self, kind: str, name: str, *, version: str | None = None, after: str | None = None,
        limit: int | None = None,
    ) -> UseList:
        """Decisions that used a document, a model or a tool, newest first."""
        return self._send(
            UseList, "GET", "/api/v1/lineage/{kind}/{name}", {"kind": kind, "name": name},
            query={"version": version, "after": after, "limit": limit},
        )

    def iter_uses(
        self, kind: str, name: str, *, version: str | None = None, limit: int | None = None,
    ) -> Iterator[UseTold]:
        """Decisions that used a document, a model or a tool, newest first. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_uses(kind, name, version=version, limit=limit, after=after), "uses",
        )
