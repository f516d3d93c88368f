"""Decides requests with Cedar, and fails closed.

Cedar skips a policy that errors, and a skipped forbid forbids nothing: an integer overflow alone
turns a denial into an allow. Therefore: allow means that Cedar allows and reports no error; the
schema stands in every call; numbers and arguments are checked before it; a tool is the one that the
charter declares, or denied; whatever goes wrong is a denial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

import cedarpy

from roadworthy.adapters.cedar.arguments import spoken_of
from roadworthy.adapters.cedar.duties import DUTIES, Duties
from roadworthy.adapters.cedar.findings import findings
from roadworthy.adapters.cedar.remaining import conditions, written
from roadworthy.adapters.cedar.rules import HOUSE, Rule, policy_set, read, told
from roadworthy.adapters.cedar.schemas import (
    BASE,
    Frames,
    declared_tools,
    schema_digest,
    shipped,
    shipped_schema,
    uid,
    whole_schema,
)
from roadworthy.charter.tooling import Tool as CharterTool
from roadworthy.errors import InputProblem, Problem
from roadworthy.policy import Answer, Duty, Obligation, Outcome, Request, Tool, out_of_range
from roadworthy.policy import Rule as Told
from roadworthy.quantities import Digest, digest, digest_of

_LINK = ":link"
"""How the name of an argument ends whose content leads somewhere that no trusted source names."""
_ACTION = uid("Action", "call")


class CedarPolicies:
    """The policies of one use case: the house's rules, always, and the use case's own files.

    ``tools`` are those of the charter: each becomes an action of its own, with its declared
    arguments typed, and a call of any other tool is denied. Without them policies know no arguments.
    A file named ``duties.cedar`` adds to the rules about people (see ``may``).

    Errors: ``InputProblem`` with every problem of every file; nothing is loaded in part. A warning
    is a problem: a policy that can never apply, a letter that only looks like another.
    """

    def __init__(
        self, files: Mapping[str, str], tools: Mapping[str, CharterTool] | None = None, *, region: str = ""
    ) -> None:
        own = dict(sorted(files.items()))
        self._tools, problems = declared_tools(tools or {}, region=region)
        calls = {name: text for name, text in own.items() if name.rpartition("/")[2] != DUTIES}
        duties = {name: text for name, text in own.items() if name not in calls}
        if not problems:
            self._rules, problems = read(calls, whole_schema(self._tools), house=_house())
            self._duties, more = Duties.read(duties)
            problems += more
        if problems:
            raise InputProblem("RW-POLICY-001", problems, hint="no policy was loaded")
        self._policies = policy_set(self._rules)
        self._by_id = {rule.id: rule for rule in self._rules}
        self._spoken = spoken_of([rule.node for rule in self._rules], self._tools)
        self._frames = Frames(self._tools, self._spoken)
        self.engine = f"cedarpy {version('cedarpy')}"
        self.digest: Digest = digest_of(
            {
                "schema": schema_digest(self._tools),
                "base": digest(shipped(BASE).encode()),
                "duties": self._duties.digest,
                "files": {name: digest(text.encode()) for name, text in own.items()},
            }
        )

    def decide(self, request: Request) -> Answer:
        """Allow, review or deny. Never raises: what cannot be judged is denied, with ``errors``."""
        try:
            declared = self._tools.get(request.tool.name)
            if declared and (wrong := declared.wrong(request.arguments, self._spoken)):
                return self._deny(("engine.arguments",), wrong)
            return self._judge(self.question(request), request.tool, checked=True)
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong is a denial
            return self._not_judged((str(problem),))

    def may(self, duty: Duty) -> Answer:
        """May this person say yes to this? Allow or deny, by who did what before. Never raises.

        Roles are not asked here: they were (``principal.require``).
        """
        return self._duties.decide(duty)

    def question(self, request: Request) -> dict[str, Any]:
        """A request in Cedar's words, with the arguments that these policies speak of."""
        asked = question(request)
        if declared := self._tools.get(request.tool.name):
            asked["action"] = declared.action
            if declared.arguments:
                asked["context"]["arguments"] = declared.typed(request.arguments, self._spoken)
        return asked

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

        With the declared ``tools`` (or those the policies were made with), also names of tools that
        are not among them.
        """
        names = frozenset(tool.name for tool in tools) or frozenset(self._tools)
        own = [rule for rule in self._rules if not rule.from_house]
        return tuple(finding for rule in own for finding in findings(rule, names, self._tools))

    def remaining(self, request: Request) -> Mapping[str, str]:
        """What each policy still asks of the context of this request's tool, in Cedar's words. Advice only.

        Method: partial evaluation with the use case, the stage and the tool known and everything else
        open. A permit is what has to come true, a forbid what has to stay false. Never used to decide.
        """
        schema, entities = self._frames.of(request.tool)
        return conditions(self._policies, schema, entities, self.question(request), ids=tuple(self._by_id))

    def place_of(self, rule: str) -> str:
        """Where a rule stands, ``file:line``; empty for what the engine itself says."""
        known = self._by_id.get(rule)
        return f"{known.statement.place}:{known.statement.line}" if known else ""

    def written(self) -> tuple[Told, ...]:
        """Every rule with its text: those about calls, then those about people, the house's first."""
        people = (told(rule, about_people=True) for rule in self._duties.rules)
        return (*(told(rule) for rule in self._rules), *people)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of all rules about calls, the house's first."""
        return tuple(self._by_id)

    def _judge(self, asked: Mapping[str, Any], tool: Tool, *, checked: bool = False) -> Answer:
        context = asked["context"]
        if outside := out_of_range(context):
            return self._deny(("engine.out-of-range",), outside)
        if asked["resource"] != uid("Tool", tool.name):
            return self._deny(("engine.unknown-tool",), ("the tool is not one that policies know",))
        if self._tools:
            declared = self._tools.get(tool.name)
            if declared is None or declared.facts != tool or asked["action"] != declared.action:
                return self._deny(("engine.unknown-tool",), ("the tool is not as the charter declares it",))
            if not checked and (wrong := declared.wrong_typed(context.get("arguments"), self._spoken)):
                return self._deny(("engine.arguments",), wrong)
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
        schema, entities = self._frames.of(tool)
        result = cedarpy.is_authorized(dict(asked), self._policies, entities, schema=schema)
        fired = frozenset(result.diagnostics.reasons)
        rules = tuple(rule for name, rule in self._by_id.items() if name in fired)
        if len(rules) < len(fired):
            return cedarpy.Decision.NoDecision, (), ("a policy fired that nobody knows",)
        return result.decision, rules, tuple(result.diagnostics.errors)

    def _may_permit(self, tool: Tool) -> bool:
        declared = self._tools.get(tool.name)
        action = declared.action if declared else _ACTION
        schema, entities = self._frames.of(tool)
        partly = {"action": written(action), "resource": written(uid("Tool", tool.name))}
        result = cedarpy.is_authorized_partial(partly, self._policies, entities, schema=schema)
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


@cache
def _house() -> tuple[Rule, ...]:
    """The rules of the house. They speak of what every call has, so no charter changes what they mean."""
    rules, problems = read({HOUSE: shipped(BASE)}, shipped_schema())
    if problems:
        raise InputProblem("RW-POLICY-001", problems, hint="the installation is damaged: install it again")
    return rules


def question(request: Request) -> dict[str, Any]:
    """A request in Cedar's words. Flat and small: building it in the engine is most of a decision."""
    marking = request.marking
    untrusted = sorted(request.untrusted_control)
    links = [name for name in untrusted if name.endswith(_LINK)]
    return {
        "principal": uid("UseCase", request.use_case),
        "action": _ACTION,
        "resource": uid("Tool", request.tool.name),
        "context": {
            "stage": uid("Stage", request.stage),
            "autonomy": uid("Autonomy", request.autonomy),
            "stopped": request.stopped,
            "purpose": request.purpose,
            "amount_minor": request.amount_minor,
            "spent_today_minor": request.spent_today_minor,
            "confidence_bp": request.confidence_bp,
            "untrusted": marking.origin == "untrusted",
            "untrusted_control": [name for name in untrusted if name not in links] if links else untrusted,
            "untrusted_links": links,
            "data_class": marking.data_class,
            "data_region": marking.region,
            "data_purposes": sorted(marking.purposes),
            "approvals": sorted(request.approvals),
        },
    }
