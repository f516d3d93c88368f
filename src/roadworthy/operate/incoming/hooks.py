"""A signed message of another system becomes a case, or the outcome of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from roadworthy.charter import Charter
from roadworthy.charter.incoming import IncomingWebhook
from roadworthy.errors import InputProblem, Problem, Refused, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.incoming.standing import bring, doorkeeper, fitted, standing_charter, value_at
from roadworthy.operate.intake import keep_reject
from roadworthy.operate.outcomes import record_outcome
from roadworthy.webhooks import secret_of, verified

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
ReadSecret = Callable[[str], str]
ReadJson = Callable[[bytes], dict[str, Any]]


class Heard(NamedTuple):
    """What became of a message. ``again``: it was heard before, and nothing new began."""

    what: str
    again: bool


class Hooks:
    """Takes signed messages. ``secret`` reads a reference, ``read`` a body that was proven."""

    def __init__(self, deployment: Deployment, *, secret: ReadSecret, read: ReadJson) -> None:
        self._deployment = deployment
        self._secret = secret
        self._read = read

    def hear(self, use_case: str, name: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """Take one message. Sent again with the same id, it changes nothing.

        Errors: ``Refused`` RW-HOOK-010 for everything that is not proven, whatever is wrong: also where there is
        no such place. ``InputProblem`` RW-HOOK-011 for a message that fits no case; it is kept among the rejects.
        For an outcome those of ``record_outcome``.
        """
        charter, plan = self._place(use_case, name)
        id_ = verified(self._secrets(plan), headers, body, now=self._deployment.now()) if plan else ""
        if charter is None or plan is None or not id_ or len(body) > plan.max_bytes:
            raise Refused("RW-HOOK-010", "not recognised")
        try:
            value = self._read(body)
        except InputProblem as problem:
            keep_reject(
                self._deployment, use_case, id_, {"body": body.decode("utf-8", "replace")}, problem.problems
            )
            raise
        if plan.to == "outcome":
            return self._outcome(use_case, name, plan, value)
        return self._case(charter, name, plan, value, id_)

    def _place(self, use_case: str, name: str) -> tuple[Charter | None, IncomingWebhook | None]:
        try:
            charter = standing_charter(self._deployment, use_case) if _NAME.fullmatch(use_case) else None
        except InputProblem:
            return None, None
        return charter, charter.intake.webhooks.get(name) if charter else None

    def _secrets(self, plan: IncomingWebhook) -> list[bytes]:
        """Those that can be read: while one replaces the other, one may be missing."""
        found = []
        for reference in plan.secrets:
            try:
                found.append(secret_of(self._secret(reference)))
            except (RoadworthyError, ValueError):
                continue
        return found

    def _case(
        self, charter: Charter, name: str, plan: IncomingWebhook, value: Mapping[str, Any], id_: str
    ) -> Heard:
        use_case = charter.use_case
        by = doorkeeper("webhook", name, use_case)
        data = {
            field: fitted(charter.input.get(field), found)
            for field, path in plan.fields.items()
            if (found := value_at(value, path)) is not None
        }
        key = _key(value, plan.key) if plan.key else id_
        if not key:
            problems: tuple[Problem, ...] = (Problem("the message holds no key", place=str(plan.key)),)
            keep_reject(self._deployment, use_case, id_, data, problems)
        else:
            receipt, problems = bring(self._deployment, by, key, data)
            if receipt is not None:
                return Heard("case", receipt.again)
        raise InputProblem(
            "RW-HOOK-011", problems, hint="the message is kept: `roadworthy cases list --rejected`"
        )

    def _outcome(self, use_case: str, name: str, plan: IncomingWebhook, value: Mapping[str, Any]) -> Heard:
        by = doorkeeper("webhook", name, use_case)
        recorded = record_outcome(
            self._deployment,
            by,
            use_case,
            _key(value, str(plan.key)),
            truth=_key(value, str(plan.truth)),
            source=f"webhook {name}",
        )
        return Heard("outcome", again=not recorded)


def _key(value: Mapping[str, Any], path: str) -> str:
    found = value_at(value, path)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
