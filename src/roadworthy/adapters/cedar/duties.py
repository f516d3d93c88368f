"""Separation of duties with Cedar: who may say yes, by what they did before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import cedarpy

from roadworthy.adapters.cedar.rules import Rule, policy_set, read
from roadworthy.adapters.cedar.schemas import shipped, shipped_schema, uid
from roadworthy.errors import InputProblem, Problem
from roadworthy.policy import Answer, Duty, Outcome
from roadworthy.quantities import Digest, digest, digest_of

DUTIES: Final = "duties.cedar"
"""The file of a use case that speaks about people; it can forbid more than the house does, never less."""
HOUSE: Final = "roadworthy:duties.cedar"
_SCHEMA: Final = "duties.cedarschema"


class Duties:
    """The rules about people: the house's, and a use case's own. Fails closed as the rules about calls do."""

    def __init__(self, rules: tuple[Rule, ...], files: Mapping[str, str]) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._policies = policy_set(rules)
        self.digest: Digest = digest_of(
            {
                "schema": digest(shipped(_SCHEMA).encode()),
                "base": digest(shipped(DUTIES).encode()),
                "files": {name: digest(text.encode()) for name, text in files.items()},
            }
        )

    @classmethod
    def read(cls, files: Mapping[str, str]) -> tuple[Duties, tuple[Problem, ...]]:
        """The rules of the house and of these files, and every problem found."""
        house = _house()
        rules, problems = read(files, shipped_schema(_SCHEMA), house=house)
        asking = tuple(
            rule.statement.problem("nobody else is asked about a yes", hint="leave `@obligation` out")
            for rule in rules
            if rule.obligation
        )
        return cls(house if problems else rules, files), problems + asking

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, the house's first."""
        return tuple(self._rules.values())

    def decide(self, duty: Duty) -> Answer:
        """Allow or deny. Never raises: what cannot be judged is denied, with ``errors``."""
        try:
            return self._decide(duty)
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong is a denial
            return self._not_judged((str(problem),))

    def _decide(self, duty: Duty) -> Answer:
        if type(duty.quorum) is not int or not 1 <= duty.quorum <= 100:
            return self._not_judged(("a quorum lies between 1 and 100",))
        person = {
            "uid": uid("Person", duty.principal),
            "attrs": {},
            "parents": [uid("Role", str(role)) for role in sorted(duty.roles)],
        }
        asked: dict[str, Any] = {
            "principal": person["uid"],
            "action": uid("Action", duty.verb),
            "resource": uid("UseCase", duty.use_case),
            "context": {
                "kind": uid("Kind", str(duty.kind)),
                "did": [uid("Deed", str(deed)) for deed in sorted(duty.did)],
                "quorum": duty.quorum,
                "risk": str(duty.risk),
                "demo": duty.demo,
            },
        }
        schema = shipped_schema(_SCHEMA)
        entities = cedarpy.Entities.from_json_str(json.dumps([person]), schema)
        result = cedarpy.is_authorized(asked, self._policies, entities, schema=schema)
        if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
            return self._not_judged(tuple(result.diagnostics.errors) or ("no decision",))
        fired = frozenset(result.diagnostics.reasons)
        rules = [rule for name, rule in self._rules.items() if name in fired]
        allowed = result.decision is cedarpy.Decision.Allow
        if not rules:
            return Answer(Outcome.DENY, ("engine.no-permit",), ("nothing permits this",), (), self.digest)
        return Answer(
            Outcome.ALLOW if allowed else Outcome.DENY,
            tuple(rule.id for rule in rules),
            tuple(rule.reason for rule in rules),
            (),
            self.digest,
        )

    def _not_judged(self, errors: tuple[str, ...]) -> Answer:
        return Answer(
            Outcome.DENY,
            ("engine.not-judged",),
            ("the question could not be judged",),
            (),
            self.digest,
            errors,
        )


@cache
def _house() -> tuple[Rule, ...]:
    rules, problems = read({HOUSE: shipped(DUTIES)}, shipped_schema(_SCHEMA))
    if problems:
        raise InputProblem("RW-POLICY-001", problems, hint="the installation is damaged: install it again")
    return rules
