"""Decides requests with Cedar, and fails closed.

Cedar skips a policy that errors, and a skipped forbid forbids nothing: an integer overflow alone
turns a denial into an allow. Therefore: allow means that Cedar allows and reports no error; the
schema stands in every call; numbers are range-checked before it; whatever goes wrong is a denial.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from importlib.metadata import version
from typing import Any

import cedarpy
from cedarpy import pst

from roadworthy.adapters.cedar.rules import HOUSE, Rule, approvals_asked, parts, read
from roadworthy.errors import InputProblem, Problem
from roadworthy.policy import Answer, Obligation, Outcome, Request, Tool, out_of_range
from roadworthy.quantities import Digest, digest, digest_of

_ACTION = {"type": "Action", "id": "call"}


class CedarPolicies:
    """The policies of one use case: the house's rules, always, and the use case's own files.

    Errors: ``InputProblem`` with every problem of every file; nothing is loaded in part. A warning
    is a problem: a policy that can never apply, a letter that only looks like another.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        own = dict(sorted(files.items()))
        self._rules, problems = read({HOUSE: _shipped("base.cedar"), **own}, _schema())
        if problems:
            raise InputProblem("RW-POLICY-001", problems, hint="no policy was loaded")
        self._policies = cedarpy.PolicySet.from_str("\n".join(rule.statement.text for rule in self._rules))
        by_id = {rule.id: rule for rule in self._rules}
        # Cedar numbers the policies of a text; only the annotation names them for good.
        self._by_number = {
            number: by_id[node.annotations["id"]]
            for number, node in self._policies.to_pst().static_policies.items()
        }
        self.engine = f"cedarpy {version('cedarpy')}"
        self.digest: Digest = digest_of(
            {
                "schema": digest(_shipped("schema.cedarschema").encode()),
                "base": digest(_shipped("base.cedar").encode()),
                "files": {name: digest(text.encode()) for name, text in own.items()},
            }
        )

    def decide(self, request: Request) -> Answer:
        """Allow, review or deny. Never raises: what cannot be judged is denied, with ``errors``."""
        try:
            asked = question(request)
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong is a denial
            return self._not_judged((str(problem),))
        return self.judge(asked, tool=request.tool)

    def judge(self, asked: Mapping[str, Any], *, tool: Tool) -> Answer:
        """The answer to a question as Cedar sees it (see ``question``); the last step of ``decide``."""
        try:
            return self._judge(asked, tool)
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong is a denial
            return self._not_judged((str(problem),))

    def coverage(self, tools: Iterable[Tool]) -> Mapping[str, bool]:
        """For each tool that writes (sink other than ``none``): can any permit ever apply to it?

        Method: Cedar evaluates every permit for the tool with its sink, clearance and region while
        principal and context stay unknown. A permit that comes out false can never apply; any
        other one covers the tool. Forbids do not count: they say no, they do not leave a gap.
        """
        return {tool.name: self._may_permit(tool) for tool in tools if tool.sink != "none"}

    def lint(self, tools: Iterable[Tool] = ()) -> tuple[Problem, ...]:
        """What is legal in the use case's own policies but probably not meant.

        With the declared ``tools``, also names of tools that are not among them.
        """
        declared = frozenset(tool.name for tool in tools)
        own = [rule for rule in self._rules if not rule.from_house]
        return tuple(finding for rule in own for finding in _findings(rule, declared))

    def _judge(self, asked: Mapping[str, Any], tool: Tool) -> Answer:
        context = asked["context"]
        if outside := out_of_range(context):
            return self._deny(("engine.out-of-range",), outside)
        if asked["resource"] != _uid("Tool", tool.name):
            return self._deny(("engine.unknown-tool",), ("the tool is not one that policies know",))
        decision, rules, errors = self._ask(asked, tool)
        if errors or decision is cedarpy.Decision.NoDecision:
            return self._not_judged(errors or ("no decision",))
        if decision is cedarpy.Decision.Allow:
            return self._answer(Outcome.ALLOW, rules)
        if not rules:
            return self._no_permit(tool)
        obligations = tuple(rule.obligation for rule in rules if rule.obligation)
        if len(obligations) < len(rules):
            return self._answer(Outcome.DENY, rules)
        return self._review(asked, tool, rules, obligations)

    def _review(
        self,
        asked: Mapping[str, Any],
        tool: Tool,
        rules: tuple[Rule, ...],
        obligations: tuple[Obligation, ...],
    ) -> Answer:
        """A person is asked only if the approvals would help: with all of them, Cedar allows."""
        context = asked["context"]
        met = sorted({*context["approvals"], *(each.id for each in obligations)})
        decision, others, errors = self._ask({**asked, "context": {**context, "approvals": met}}, tool)
        if errors or decision is cedarpy.Decision.NoDecision:
            return self._not_judged(errors or ("no decision",))
        if decision is cedarpy.Decision.Allow:
            return self._answer(Outcome.REVIEW, rules, obligations)
        if not others:
            return self._no_permit(tool)
        return self._answer(Outcome.DENY, tuple(dict.fromkeys(rules + others)))

    def _ask(
        self, asked: Mapping[str, Any], tool: Tool
    ) -> tuple[cedarpy.Decision, tuple[Rule, ...], tuple[str, ...]]:
        result = cedarpy.is_authorized(dict(asked), self._policies, _entities(tool), schema=_schema())
        numbers = frozenset(result.diagnostics.reasons)
        rules = tuple(rule for number, rule in self._by_number.items() if number in numbers)
        return result.decision, rules, tuple(result.diagnostics.errors)

    def _may_permit(self, tool: Tool) -> bool:
        partly = {"action": 'Action::"call"', "resource": f'Tool::"{tool.name}"'}
        result = cedarpy.is_authorized_partial(partly, self._policies, _entities(tool), schema=_schema())
        never = [{"kind": "when", "body": {"Value": False}}]
        return any(
            left["effect"] == "permit" and left["conditions"] != never for left in result.residuals.values()
        )

    def _answer(
        self, outcome: Outcome, rules: tuple[Rule, ...], obligations: tuple[Obligation, ...] = ()
    ) -> Answer:
        return Answer(
            outcome=outcome,
            reasons=tuple(rule.id for rule in rules),
            sentences=tuple(rule.reason for rule in rules),
            obligations=obligations,
            policy_digest=self.digest,
        )

    def _deny(
        self, reasons: tuple[str, ...], sentences: tuple[str, ...], errors: tuple[str, ...] = ()
    ) -> Answer:
        return Answer(Outcome.DENY, reasons, sentences, (), self.digest, errors)

    def _no_permit(self, tool: Tool) -> Answer:
        return self._deny(("engine.no-permit",), (f"no policy permits `{tool.name}` in this situation",))

    def _not_judged(self, errors: tuple[str, ...]) -> Answer:
        return self._deny(("engine.not-judged",), ("the request could not be judged",), errors)


def question(request: Request) -> dict[str, Any]:
    """A request in Cedar's words. Flat and small: building it in the engine is most of a decision."""
    marking = request.marking
    return {
        "principal": _uid("UseCase", request.use_case),
        "action": _ACTION,
        "resource": _uid("Tool", request.tool.name),
        "context": {
            "stage": _uid("Stage", request.stage),
            "autonomy": _uid("Autonomy", request.autonomy),
            "stopped": request.stopped,
            "purpose": request.purpose,
            "amount_minor": request.amount_minor,
            "spent_today_minor": request.spent_today_minor,
            "confidence_bp": request.confidence_bp,
            "untrusted": marking.origin == "untrusted",
            "untrusted_control": sorted(request.untrusted_control),
            "data_class": marking.data_class,
            "data_region": marking.region,
            "data_purposes": sorted(marking.purposes),
            "approvals": sorted(request.approvals),
        },
    }


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


@cache
def _shipped(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(_shipped("schema.cedarschema"))


@lru_cache(maxsize=4096)
def _entities(tool: Tool) -> cedarpy.Entities:
    entity = {
        "uid": _uid("Tool", tool.name),
        "attrs": {"sink": _uid("Sink", tool.sink), "clearance": tool.clearance, "region": tool.region},
        "parents": [_uid("Connector", tool.connector)],
    }
    return cedarpy.Entities.from_json_str(json.dumps([entity]), _schema())


def _findings(rule: Rule, declared: frozenset[str]) -> Iterator[Problem]:
    problem, node = rule.statement.problem, rule.node
    uids = pst.entity_uids(node)
    named = frozenset(uid.id for uid in uids if str(uid.type) == "Tool")
    if node.effect == "permit" and not any(str(uid.type) in ("Tool", "Connector") for uid in uids):
        yield problem(f"`{rule.id}` names no tool, so it permits also those to come")
    for name in sorted(approvals_asked(node) - {rule.id}):
        yield problem(
            f"`{rule.id}` looks for the approval `{name}`, which it does not ask for",
            hint="an approval answers the policy that asked",
        )
    if any(isinstance(part, pst.BinaryOp) and part.op == "mul" for part in parts(node)):
        yield problem(
            f"`{rule.id}` multiplies, and a product beyond 64 bits denies the request",
            hint="compare with a constant",
        )
    for name in sorted(named - declared) if declared else ():
        yield problem(f"`{rule.id}` names the tool `{name}`, which is not declared")
