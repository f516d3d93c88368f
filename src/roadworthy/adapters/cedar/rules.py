"""Reads policy texts into rules, or says everything that is wrong with them.

Cedar names no lines and its Python binding drops the validator's warnings. So every policy is cut
out and checked alone, which gives it a place, and what the warnings would say is asked otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

import cedarpy
from cedarpy import pst

from roadworthy.errors import Problem
from roadworthy.policy import Obligation

HOUSE = "roadworthy:base.cedar"

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|;', re.DOTALL)
_BLANK = re.compile(r"(?:\s+|//[^\n]*)*")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_ANNOTATIONS = frozenset({"id", "reason", "obligation", "role", "quorum", "ttl"})
_RESERVED = ("base.", "engine.")


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of one policy and where it begins."""

    text: str
    place: str
    line: int
    column: int

    def problem(self, message: str, *, hint: str = "") -> Problem:
        return Problem(message, place=self.place, line=self.line, column=self.column, hint=hint)


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy: its id, the sentence it tells people, what it asks for, and how it reads."""

    id: str
    reason: str
    obligation: Obligation | None
    node: pst.Template
    statement: Statement

    @property
    def from_house(self) -> bool:
        return self.statement.place == HOUSE


def read(texts: Mapping[str, str], schema: cedarpy.Schema) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """Rules of all texts in their order, and every problem found. Rules count only without problems."""
    rules: list[Rule] = []
    problems: list[Problem] = []
    for place, text in texts.items():
        statements = list(_statements(text, place))
        found: list[Problem] = []
        for statement in statements:
            rule, wrong = _read(statement, schema)
            found.extend(wrong)
            if rule:
                rules.append(rule)
        # A policy that the cutting lost would silently not forbid.
        if not found and len(cedarpy.PolicySet.from_str(text)) != len(statements):
            found.append(Problem("the file cannot be cut into policies", place=place))
        problems.extend(found)
    problems.extend(_name_problems(rules))
    return tuple(rules), tuple(problems)


def _statements(text: str, place: str) -> Iterator[Statement]:
    start = 0
    ends = [match.end() for match in _TOKEN.finditer(text) if match[0] == ";"]
    for end in [*ends, len(text)]:
        blank = _BLANK.match(text, start, end)
        begin = blank.end() if blank else start
        if begin < end:
            line = text.count("\n", 0, begin) + 1
            yield Statement(text[begin:end], place, line, begin - text.rfind("\n", 0, begin))
        start = end


def _read(statement: Statement, schema: cedarpy.Schema) -> tuple[Rule | None, list[Problem]]:
    try:
        parsed = cedarpy.policies_to_pst(statement.text)
    except ValueError as problem:
        return None, [statement.problem(f"not a policy: {problem}")]
    if len(parsed.static_policies) != 1:
        return None, [statement.problem("a template decides nothing", hint="write the policy out")]
    node = next(iter(parsed.static_policies.values()))
    problems = [
        *_schema_problems(statement, schema),
        *_annotation_problems(statement, node),
        *_letter_problems(statement, node),
    ]
    notes = node.annotations
    obligation = None
    if "obligation" in notes and not problems:
        obligation = Obligation(
            id=notes["id"],
            role=notes["role"],
            quorum=int(notes.get("quorum", "1")),
            ttl_s=_seconds(notes.get("ttl", "1d")),
        )
    rule = Rule(
        id=notes.get("id", ""),
        reason=notes.get("reason", ""),
        obligation=obligation,
        node=node,
        statement=statement,
    )
    return rule, problems


def _schema_problems(statement: Statement, schema: cedarpy.Schema) -> list[Problem]:
    result = cedarpy.validate_policies(statement.text, schema)
    if not result.validation_passed:
        sentences = [each.error.removeprefix("for policy `policy0`") for each in result.errors]
        return [statement.problem(sentence.lstrip(",: ")) for sentence in sentences]
    # Cedar's type checker does not look behind a condition that is false for every request. So a
    # last condition that is ill-typed passes exactly where the policy can never apply.
    probe = statement.text.rstrip().removesuffix(";") + '\nwhen { 1 < "not a number" };'
    if cedarpy.validate_policies(probe, schema).validation_passed:
        return [statement.problem("the policy can never apply", hint="look for a contradiction")]
    return []


def _annotation_problems(statement: Statement, node: pst.Template) -> Iterator[Problem]:
    notes = node.annotations
    for name in notes:
        if name not in _ANNOTATIONS:
            yield statement.problem(
                f"unknown annotation `@{name}`", hint="known are @" + ", @".join(sorted(_ANNOTATIONS))
            )
    if not _ID.fullmatch(notes.get("id", "")):
        yield statement.problem(
            f"expected an `@id` of small letters, digits, `.`, `_` and `-`, found `{notes.get('id', '')}`"
        )
    if not notes.get("reason", "").strip():
        yield statement.problem("expected a `@reason`, the sentence that people are told")
    if "obligation" in notes:
        yield from _obligation_problems(statement, node)
    elif stray := sorted({"role", "quorum", "ttl"} & set(notes)):
        yield statement.problem(f"`@{stray[0]}` belongs to an `@obligation`")


def _obligation_problems(statement: Statement, node: pst.Template) -> Iterator[Problem]:
    notes = node.annotations
    if node.effect == "permit":
        yield statement.problem("an obligation belongs to a forbid, a permit asks for nothing")
    if notes["obligation"] != "approval":
        yield statement.problem(f"the only obligation is `approval`, found `{notes['obligation']}`")
    if not _ID.fullmatch(notes.get("role", "")):
        yield statement.problem("expected a `@role`: who may approve")
    if not re.fullmatch(r"[1-9]", notes.get("quorum", "1")):
        yield statement.problem(f"a `@quorum` is a number from 1 to 9, found `{notes['quorum']}`")
    if not _DURATION.fullmatch(notes.get("ttl", "1d")):
        yield statement.problem(f"a `@ttl` is a duration such as `30m` or `4h`, found `{notes['ttl']}`")
    if node.effect == "forbid" and notes.get("id") not in approvals_asked(node):
        yield statement.problem(
            "no approval can ever meet this obligation",
            hint=f'end it with unless {{ context.approvals.contains("{notes.get("id", "")}") }}',
        )


def _letter_problems(statement: Statement, node: pst.Template) -> list[Problem]:
    """A look-alike letter from another alphabet names another tool than the one that is read."""
    names = sorted(uid.id for uid in pst.entity_uids(node) if not uid.id.isascii())
    return [statement.problem(f"`{name}` holds letters that only look like others") for name in names]


def _name_problems(rules: list[Rule]) -> Iterator[Problem]:
    first: dict[str, Rule] = {}
    for rule in rules:
        if not rule.from_house and rule.id.startswith(_RESERVED):
            yield rule.statement.problem(
                f"`{rule.id}` is a name of the house", hint="begin it with the use case"
            )
        if rule.id and (earlier := first.setdefault(rule.id, rule)) is not rule:
            where = f"{earlier.statement.place}:{earlier.statement.line}"
            yield rule.statement.problem(f"`{rule.id}` is already the id of the policy at {where}")


def _seconds(duration: str) -> int:
    number, unit = duration[:-1], duration[-1]
    return int(number) * _SECONDS[unit]


def approvals_asked(node: pst.Template) -> frozenset[str]:
    """The ids that a policy looks for in ``context.approvals``."""
    approvals = pst.GetAttr(base=pst.Var(name="context"), attr="approvals")
    return frozenset(
        part.right.value
        for part in parts(node)
        if isinstance(part, pst.BinaryOp)
        and part.op == "contains"
        and part.left == approvals
        and isinstance(part.right, pst.StringLit)
    )


def parts(node: object) -> Iterator[object]:
    """Every node of a policy, at any depth."""
    if isinstance(node, Mapping):
        node = tuple(node.values())
    if isinstance(node, tuple):
        for each in node:
            yield from parts(each)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from parts(getattr(node, field.name))
