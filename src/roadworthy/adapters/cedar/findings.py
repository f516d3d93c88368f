"""What is legal in a use case's own policies but probably not meant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cedarpy import pst

from roadworthy.adapters.cedar.arguments import Declared
from roadworthy.adapters.cedar.rules import CALL, Rule, approvals_asked, parts
from roadworthy.charter.tooling import Argument
from roadworthy.errors import Problem

_CONTEXT = pst.Var(name="context")
_ARGUMENTS = pst.GetAttr(base=_CONTEXT, attr="arguments")


def findings(rule: Rule, names: Collection[str], tools: Mapping[str, Declared]) -> Iterator[Problem]:
    """Findings about one rule. ``names``: the tools there are, empty where that is not known."""
    problem, node = rule.statement.problem, rule.node
    uids = pst.entity_uids(node)
    named = frozenset(each.id for each in uids if str(each.type) == "Tool")
    actions = frozenset(each.id for each in uids if str(each.type) == "Action" and each != CALL)
    speaks = any(str(each.type) in ("Tool", "Connector") for each in uids) or actions
    if node.effect == "permit" and not speaks:
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
    for name in sorted(named - set(names)) if names else ():
        yield problem(f"`{rule.id}` names the tool `{name}`, which is not declared")
    yield from _two_tools(rule)
    yield from _off_the_list(rule, tools)
    yield from _obligation_on_reads(rule, tools)


def _two_tools(rule: Rule) -> Iterator[Problem]:
    """The scope names one tool as action and another as resource."""
    node = rule.node
    if not (isinstance(node.action, pst.ActionEq) and isinstance(node.resource, pst.ScopeEq)):
        return
    resource = node.resource.entity
    if isinstance(resource, pst.EntityUid) and node.action.entity.id != resource.id:
        yield rule.statement.problem(
            f"`{rule.id}` can never apply: its action is `{node.action.entity.id}`, its resource another tool",
            hint="leave one of them out",
        )


def _off_the_list(rule: Rule, tools: Mapping[str, Declared]) -> Iterator[Problem]:
    """A word is compared with an argument whose closed list does not hold it."""
    lists: dict[str, list[Argument]] = {}
    for tool in tools.values():
        for name, argument in tool.arguments.items():
            lists.setdefault(name, []).append(argument)
    for part in parts(rule.node):
        if not isinstance(part, pst.BinaryOp) or part.op not in ("eq", "not_eq", "contains"):
            continue
        for one, other in ((part.left, part.right), (part.right, part.left)):
            words = _words(other)
            if not (isinstance(one, pst.GetAttr) and one.base == _ARGUMENTS and words):
                continue
            allowed = lists.get(one.attr, [])
            if not allowed or not all(argument.one_of for argument in allowed):
                continue
            known = {word for argument in allowed for word in argument.one_of}
            for word in sorted(words - known):
                yield rule.statement.problem(
                    f"`{rule.id}` compares `{one.attr}` with `{word}`, which is not on its list",
                    hint=f"expected one of {', '.join(sorted(known)[:12])}",
                )


def _obligation_on_reads(rule: Rule, tools: Mapping[str, Declared]) -> Iterator[Problem]:
    """Nobody is asked before a read: an obligation on it would only deny."""
    if rule.obligation is None or not isinstance(rule.node.resource, pst.ScopeEq):
        return
    entity = rule.node.resource.entity
    tool = tools.get(entity.id) if isinstance(entity, pst.EntityUid) else None
    if tool is not None and tool.facts.sink == "none":
        yield rule.statement.problem(
            f"`{rule.id}` asks for an approval of `{tool.facts.name}`, which only reads: the call is refused",
            hint="forbid it, or ask in the workflow",
        )


def _words(node: object) -> frozenset[str]:
    if isinstance(node, pst.StringLit):
        return frozenset({node.value})
    if isinstance(node, pst.Set):
        return frozenset(each.value for each in node.elements if isinstance(each, pst.StringLit))
    return frozenset()
