"""Reads policy texts into rules, or says everything that is wrong with them.

Cedar names no lines and its Python binding drops the validator's warnings. So every policy is cut
out and checked alone, which gives it a place, and what the warnings would say is asked otherwise.
A word that Cedar complains of and that stands once in the policy gives the line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import cedarpy
from cedarpy import pst

from roadworthy.errors import Problem
from roadworthy.policy import Obligation
from roadworthy.policy import Rule as Told

HOUSE = "roadworthy:base.cedar"
CALL = pst.EntityUid(type=pst.EntityType(basename="Action"), id="call")
"""What every tool's own action belongs to. A policy that compares the action with it means all of them."""

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|;', re.DOTALL)
_QUOTED = re.compile(r"`([^`]{1,200})`")
_FOR_ACTION = re.compile(r' for Action::"[^"]*"')
_BLANK = re.compile(r"(?:\s+|//[^\n]*)*")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_ANNOTATIONS = frozenset({"id", "reason", "obligation", "role", "quorum", "ttl"})
_MOST_TRIES = 100
_RESERVED = ("base.", "engine.", "duty.")
_ACTION = pst.Var(name="action")


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of one policy and where it begins."""

    text: str
    place: str
    line: int
    column: int

    def problem(self, message: str, *, hint: str = "") -> Problem:
        """A problem of this policy: at the word it speaks of where that stands once, else where the policy begins."""
        words = _QUOTED.findall(message)
        return self.problem_at(
            next((at for word in words if (at := self._find(word)) is not None), 0), message, hint
        )

    def problem_at(self, at: int, message: str, hint: str = "") -> Problem:
        """A problem at one character of the policy."""
        before = self.text[:at]
        line = self.line + before.count("\n")
        column = at - before.rfind("\n") if "\n" in before else self.column + at
        return Problem(message, place=self.place, line=line, column=column, hint=hint)

    def _find(self, word: str) -> int | None:
        """Where a word or its last part stands, if it stands exactly once outside comments."""
        bare = re.sub(r"//[^\n]*", lambda comment: " " * len(comment[0]), self.text)
        for part in (word, word.rpartition(".")[2]):
            if part and bare.count(part) == 1:
                return bare.index(part)
        return None


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
        return self.statement.place.startswith("roadworthy:")


def told(rule: Rule, *, about_people: bool = False) -> Told:
    """The rule as people read it."""
    return Told(
        id=rule.id,
        effect=rule.node.effect,
        reason=rule.reason,
        place=f"{rule.statement.place}:{rule.statement.line}",
        text=rule.statement.text,
        asks=rule.obligation,
        about_people=about_people,
        of_house=rule.from_house,
    )


def policy_set(rules: Iterable[Rule]) -> cedarpy.PolicySet:
    """The rules ready to be asked, each under its own id."""
    named = {rule.id: replace(rule.node, id=rule.id) for rule in rules}
    return cedarpy.PolicySet.from_pst(pst.PolicySet(templates={}, static_policies=named, template_links=()))


def read(
    texts: Mapping[str, str], schema: cedarpy.Schema, *, house: tuple[Rule, ...] = ()
) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """Rules of the house and of all texts in their order, and every problem found in the texts.

    Rules count only without problems.
    """
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
    problems.extend(_name_problems([*house, *rules]))
    return (*house, *rules), tuple(problems)


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
        return None, [
            statement.problem_at(_unexpected(statement.text, str(problem)), f"not a policy: {problem}")
        ]
    if len(parsed.static_policies) != 1:
        return None, [statement.problem("a template decides nothing", hint="write the policy out")]
    written = next(iter(parsed.static_policies.values()))
    node = meaning_all_calls(written)
    if CALL in pst.entity_uids(_without_membership(node)):
        return None, [
            statement.problem(
                '`Action::"call"` stands for every tool', hint='write `action in Action::"call"`'
            )
        ]
    text = statement.text if node == written else _text(node)
    problems = [
        *_schema_problems(statement, text, schema),
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


def meaning_all_calls(node: Any) -> Any:
    """The policy with every comparison of the action with ``Action::"call"`` read as membership.

    Each tool has an action of its own, so an equality would hold for none, and a forbid with it would
    silently forbid nothing.
    """
    match node:
        case pst.ActionEq(entity=entity) if entity == CALL:
            return pst.ActionIn(entities=(CALL,))
        case pst.BinaryOp(op="eq" | "not_eq" as op, left=left, right=right) if {left, right} == {
            _ACTION,
            pst.EntityLit(value=CALL),
        }:
            member = pst.BinaryOp(op="in", left=_ACTION, right=pst.EntityLit(value=CALL))
            return member if op == "eq" else pst.UnaryOp(op="not", arg=member)
        case tuple():
            return tuple(meaning_all_calls(each) for each in node)
        case pst.Record():
            return pst.Record(fields={name: meaning_all_calls(each) for name, each in node.fields.items()})
        case _ if is_dataclass(node) and not isinstance(node, pst.EntityUid | pst.EntityType | type):
            changed = {field.name: meaning_all_calls(getattr(node, field.name)) for field in fields(node)}
            return replace(node, **changed)
        case _:
            return node


def _without_membership(node: Any) -> Any:
    """The policy without the places in which ``Action::"call"`` means what it says."""
    match node:
        case pst.ActionIn():
            return pst.ScopeAny()
        case pst.BinaryOp(op="in", left=left) if left == _ACTION:
            return pst.BoolLit(value=True)
        case tuple():
            return tuple(_without_membership(each) for each in node)
        case pst.Record():
            return pst.Record(
                fields={name: _without_membership(each) for name, each in node.fields.items()}
            )
        case _ if is_dataclass(node) and not isinstance(node, pst.EntityUid | pst.EntityType | type):
            changed = {field.name: _without_membership(getattr(node, field.name)) for field in fields(node)}
            return replace(node, **changed)
        case _:
            return node


def _unexpected(text: str, said: str) -> int:
    """Where the parser met what it did not expect: it says so of the shortest beginning that holds the token."""
    if not (token := re.fullmatch(r"unexpected token `(.+)`", said)):
        return len(text.rstrip()) - 1 if "end of input" in said else 0
    for found, _ in zip(re.finditer(re.escape(token[1]), text), range(_MOST_TRIES), strict=False):
        try:
            cedarpy.policies_to_pst(text[: found.end()])
        except ValueError as problem:
            if str(problem) == said:
                return found.start()
    return 0


def _text(node: pst.Template) -> str:
    alone = pst.PolicySet(templates={}, static_policies={node.id: node}, template_links=())
    return str(cedarpy.PolicySet.from_pst(alone))


def _schema_problems(statement: Statement, text: str, schema: cedarpy.Schema) -> list[Problem]:
    result = cedarpy.validate_policies(text, schema)
    if not result.validation_passed:
        sentences = [
            each.error.removeprefix("for policy `policy0`").lstrip(",: ") for each in result.errors
        ]
        return [statement.problem(sentence, hint=_hint(sentence)) for sentence in _once(sentences)]
    # Cedar's type checker does not look behind a condition that is false for every request. So a
    # last condition that is ill-typed passes exactly where the policy can never apply.
    probe = text.rstrip().removesuffix(";") + '\nwhen { 1 < "not a number" };'
    if cedarpy.validate_policies(probe, schema).validation_passed:
        return [statement.problem("the policy can never apply", hint="look for a contradiction")]
    return []


def _once(sentences: list[str]) -> list[str]:
    """Each thing that is wrong once: Cedar says it again for every tool that the policy may be about."""
    about: dict[str, list[str]] = {}
    for sentence in sentences:
        about.setdefault(_FOR_ACTION.sub("", sentence), []).append(sentence)
    return [said[0] if len(said) == 1 else bare for bare, said in about.items()]


def _hint(sentence: str) -> str:
    """What to do about a sentence of Cedar's validator."""
    if "attribute `arguments` in context" in sentence:
        return 'arguments differ from tool to tool: begin with action == Action::"TOOL"'
    if "access to optional attribute" in sentence:
        return "ask `has` first: the argument may be left out"
    if "attribute `arguments." in sentence:
        return "the charter declares no such argument, or one of type number or object, which policies cannot compare"
    if "unrecognized action" in sentence:
        return "an action is a tool of the charter, or `call` for all of them"
    return ""


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
