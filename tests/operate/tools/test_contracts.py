"""Holding connectors to their contracts: what a break does, and who ends a hold."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.jsonschemars import compiled
from roadworthy.casework.effect import Idempotency
from roadworthy.casework.toolstate import Hold, Look, after, first, released
from roadworthy.charter import Tool
from roadworthy.errors import Conflict, InputProblem, Refused, Unavailable
from roadworthy.operate.tools.contracts import Contracted, undeclared_lookup
from roadworthy.operate.tools.keeping import note
from roadworthy.ports.tooling import BrokenAnswer, Secret, shown
from roadworthy.testing.conformance.examples import AT, RELEASE
from roadworthy.testing.memory import MemoryStore

READ = Tool(use="python", answer={"type": "object", "required": ["id"]}, options={"probe": {"id": "a"}})
WRITE = Tool(use="python", sink="write", answer=READ.answer)
FRESH = first(RELEASE, "desk", "desk.find", at=AT)


class Answers:
    """A connector that answers, or raises, as it was told."""

    idempotency = Idempotency.NATIVE

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, object]] = []

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return self.call(arguments)

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return None


def held_to(answer: Any, tool: Tool = READ, **more: Any) -> tuple[Contracted, list[Look]]:
    noted: list[Look] = []
    check = compiled(tool.answer, place="tools.desk.find.answer")
    return Contracted("desk.find", tool, Answers(answer), check=check, note=noted.append, **more), noted


def test_a_good_answer_passes_and_nothing_is_noted() -> None:
    tool, noted = held_to({"id": "a"})
    assert tool.call({"id": "a"}) == {"id": "a"}
    assert tool.look() == Look(how="probe")
    assert noted == []


def test_a_broken_read_is_refused_and_noted_on_every_call() -> None:
    tool, noted = held_to({"other": "Ada"})
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            tool.call({"id": "a"})
    assert refused.value.reasons == ("the answer lacks `id`",)
    assert [(one.hold, one.reason) for one in noted] == [(Hold.BROKEN, "the answer lacks `id`")] * 2


def test_a_write_whose_answer_is_broken_may_have_been_felt() -> None:
    tool, noted = held_to({}, WRITE)
    with pytest.raises(Unavailable) as unclear:
        tool.send("k", {})
    assert (unclear.value.code, unclear.value.retry_is_safe) == ("RW-TOOL-011", False)
    assert len(noted) == 1
    tool, _ = held_to(BrokenAnswer("changed", hold=Hold.CHANGED, sent=False), WRITE)
    with pytest.raises(Unavailable) as waits:
        tool.send("k", {})
    assert (waits.value.code, waits.value.retry_is_safe) == ("RW-TOOL-009", True)


def test_a_sample_that_is_refused_is_a_break_and_silence_is_none() -> None:
    assert held_to(InputProblem("RW-TOOL-003", "no such order"))[0].look().hold is Hold.BROKEN
    silent = held_to(Unavailable("RW-TOOL-004", "no answer", retry_is_safe=True))[0].look()
    assert (silent.hold, silent.answered, silent.is_good) == (Hold.NONE, False, False)


def test_a_write_is_never_looked_at_by_calling_it() -> None:
    write = WRITE.model_copy(update={"options": {"probe": {"id": "a"}}})
    tool, _ = held_to({"id": "a"}, write)
    assert not tool.can_be_probed
    assert not tool.look().answered
    assert tool._inner.asked == []  # type: ignore[attr-defined]


def test_another_tool_answers_for_a_key() -> None:
    for answer, expected in (({"id": "a"}, {"id": "a"}), ({}, None), ({"found": False}, None)):
        tool, _ = held_to({"id": "a"}, WRITE, asks=Answers(answer))
        assert tool.idempotency is Idempotency.LOOKUP
        assert tool.lookup("k") == expected
    asks = WRITE.model_copy(update={"lookup": "desk.count"})
    assert undeclared_lookup("desk.it", asks, {"desk.count": READ}) is None
    assert undeclared_lookup("desk.it", asks, {"desk.count": WRITE})
    assert undeclared_lookup("desk.it", asks, {})


def test_secrets_come_through_nowhere() -> None:
    values = iter(["first-secret", "second:pass", "second:pass"])
    secret = Secret(lambda: next(values))
    secret.value(), secret.value()
    leaked = {"first-secret": ["x second:pass", {"b": "c2Vjb25kOnBhc3M="}], "n": 1, "p": "pass"}
    assert secret.hide(leaked) == {"•••": ["x •••", {"b": "•••"}], "n": 1, "p": "•••"}
    assert "second" not in repr(secret)
    assert shown("`first-secret`\n\x1b[2J" + "x" * 400, secret).startswith("'•••' ?[2Jxxx")
    assert len(shown("x" * 400)) == 301


@given(
    st.lists(
        st.sampled_from([Look(), Look(Hold.BROKEN, "b"), Look(Hold.CHANGED, "c"), Look(answered=False)])
    )
)
def test_no_look_ends_a_hold_and_no_break_is_forgotten(looks: list[Look]) -> None:
    state, broken = FRESH, False
    for number, look in enumerate(looks, 1):
        state = after(state, look, at=AT + timedelta(minutes=number))
        broken = broken or look.hold is not Hold.NONE
        assert (state.hold is not Hold.NONE) == broken
        assert state.version == number
    good_since = [look.is_good for look in looks]
    last_break = max((n for n, look in enumerate(looks) if look.hold is not Hold.NONE), default=-1)
    assert (state.good_at is not None) == any(good_since[last_break + 1 :])


def test_a_person_ends_a_hold_after_a_good_look() -> None:
    broken = after(FRESH, Look(Hold.BROKEN, "b"), at=AT)
    with pytest.raises(Refused) as still:
        released(broken, at=AT, probed=True)
    assert still.value.code == "RW-TOOL-012"
    good = after(broken, Look(how="probe"), at=AT)
    assert released(good, at=AT, probed=True).hold is Hold.NONE
    assert released(broken, at=AT, probed=False).hold is Hold.NONE
    again = after(good, Look(Hold.BROKEN, "b"), at=AT)
    with pytest.raises(Refused):
        released(again, at=AT, probed=True)
    with pytest.raises(Conflict):
        released(FRESH, at=AT, probed=True)


def test_a_break_is_written_down_once_in_the_ledger_and_counted_every_time() -> None:
    store = MemoryStore()
    for _ in range(3):
        state = note(store, RELEASE, "desk", "desk.find", Look(Hold.BROKEN, "b"), at=AT)
    assert state is not None
    assert (state.breaks, state.version) == (3, 3)
    assert store.ledger.waiting() == 1
    assert state.scope == f"release:{RELEASE}/tool:desk.find"
    with pytest.raises(Conflict), store.write() as tx:
        store.tool_states.save(tx, replace(state, version=9), expected=1)


@pytest.mark.parametrize(
    "schema", [{"type": "strange"}, {"$ref": 7}, {"pattern": "(?=x)"}, {"minimum": "1"}]
)
def test_what_is_no_schema_is_told_where_it_is_declared(schema: dict[str, Any]) -> None:
    with pytest.raises(InputProblem) as refused:
        compiled(schema, place="tools.desk.find.answer")
    assert refused.value.code == "RW-TOOL-001"


def test_a_check_ends_for_every_answer() -> None:
    check = compiled(
        {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"a": {"$ref": "#/$defs/n"}}}}}, place="x"
    )
    deep: dict[str, Any] = {}
    here = deep
    for _ in range(100_000):
        here["a"] = {}
        here = here["a"]
    assert check(deep) == ("it is nested deeper than 64",)
    while deep:  # taken apart level by level: freeing it at once would take the stack
        deep = deep.pop("a", {})
    slow = compiled({"properties": {"a": {"pattern": "^(a+)+$"}}}, place="x")
    assert slow({"a": "a" * 50_000 + "!"}) == ("`a` does not meet `pattern`",)
    with pytest.raises(InputProblem, match="Retrieval is disabled"):
        compiled({"$ref": "http://169.254.169.254/x"}, place="x")
