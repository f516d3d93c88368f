"""Plain functions of the use case's folder as tools."""

import importlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.adapters.pythontools import tools_of_a_release as functions

from roadworthy.adapters.pythontools import MOST_GIVEN_UP, Function, build
from roadworthy.charter import Tool
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.ports import Connector
from roadworthy.ports.tooling import BrokenAnswer, Secret
from roadworthy.testing.conformance.connectors import ConnectorConformance


def make(function: str, *, secret: Secret | None = None, **declared: Any) -> Function:
    tool = Tool(use="python", options={"function": f"tools:{function}"}, **declared)
    return build("desk.it", tool, load=lambda _: functions, secret=secret)


class TestConformance(ConnectorConformance):
    """A function is a connector like any other."""

    @pytest.fixture
    def reads(self) -> Connector:
        return make("find_order")

    @pytest.fixture
    def writes(self) -> Connector:
        functions.FELT.clear()
        return make("issue", sink="write", idempotency="native")

    @pytest.fixture
    def felt(self) -> Callable[[], int]:
        return lambda: len(functions.FELT)

    @pytest.fixture
    def refuses(self) -> Connector:
        return make("fail")


def test_records_coroutines_and_plain_values_become_answers() -> None:
    assert make("find_order").call({"id": "a1"}) == {"id": "a1", "due": "2026-11-02"}
    assert make("find_slowly").call({"id": "a1"}) == {"id": "a1"}
    assert make("number").call({"id": "a1"}) == {"result": 7}
    assert make("nothing").call({"id": "a1"}) == {}


def test_arguments_become_what_the_annotations_say() -> None:
    typed = make("typed")
    good = {"on": "2026-11-02", "cents": 5, "tags": ["a"]}
    assert typed.call(good) == {"year": 2026, "cents": 5, "tags": 1}
    with pytest.raises(InputProblem) as refused:
        typed.call({"on": "soon", "cents": "5", "tags": "a"})
    assert [one.place for one in refused.value.problems] == ["desk.it.on", "desk.it.cents", "desk.it.tags"]
    assert "soon" not in refused.value.message


def test_a_function_that_hangs_is_given_up_and_too_many_close_the_tool() -> None:
    functions.GATE.clear()
    hang = make("hang", timeout="1s")
    hang._timeout_s = 0.05
    before = threading.active_count()
    for _ in range(MOST_GIVEN_UP):
        with pytest.raises(Unavailable, match=r"no answer within 0.05 s") as late:
            hang.call({"id": "a1"})
        assert late.value.retry_is_safe
    with pytest.raises(Unavailable, match="4 calls of `desk.it` hang already"):
        hang.call({"id": "a1"})
    assert threading.active_count() <= before + MOST_GIVEN_UP
    functions.GATE.set()
    for thread in hang._given_up:
        thread.join(5)
    assert hang.call({"id": "a1"}) == {}


def test_a_coroutine_that_hangs_is_cancelled() -> None:
    slow = make("find_slowly", timeout="1s", sink="write")
    slow._timeout_s = 0.05
    begun = time.monotonic()
    with pytest.raises(Unavailable) as late:
        slow.send("k", {"id": "a1", "wait": 30.0})
    assert not late.value.retry_is_safe
    for thread in slow._given_up:
        thread.join(5)
        assert not thread.is_alive()
    assert time.monotonic() - begun < 5


def test_what_a_function_raises_is_told_without_its_words() -> None:
    with pytest.raises(InputProblem, match="failed with KeyError at line") as failed:
        make("fail").call({"id": "a1"})
    assert "Ada" not in failed.value.message
    with pytest.raises(InputProblem, match="SystemExit"):
        make("leaving").call({"id": "a1"})
    with pytest.raises(Unavailable) as away:
        make("away", sink="write").send("k", {"id": "a1"})
    assert not away.value.retry_is_safe
    with pytest.raises(Unavailable, match="the desk is closed"):
        make("ours").call({"id": "a1"})


@pytest.mark.parametrize("function", ["strange", "infinite", "round_and_round"])
def test_an_answer_that_json_cannot_carry_is_broken(function: str) -> None:
    with pytest.raises(BrokenAnswer):
        make(function).call({"id": "a1"})


def test_an_answer_that_is_too_long_is_broken() -> None:
    with pytest.raises(BrokenAnswer, match="1002 bytes, at most 1000"):
        make("huge", max_answer=1_000).call({"size": 1_000})


def test_a_credential_is_given_to_the_function_and_never_an_argument() -> None:
    secret = Secret(lambda: "s3cret-value")
    tool = make("secretive", secret=secret, credential="env:X")
    assert tool.call({"id": "a1"})["length"] == "12"
    assert secret.hide(tool.call({"id": "a1"}))["echo"] == "token •••"
    with pytest.raises(InputProblem):
        tool.call({"id": "a1", "credential": "mine"})


@pytest.mark.parametrize(
    ("function", "declared", "told"),
    [
        ("nowhere", {}, "there is no function `nowhere`"),
        ("FELT", {}, "there is no function `FELT`"),
        ("loose", {}, "`ids` cannot be given by name"),
        ("find_order", {"sink": "money", "control": ["iban"]}, "no argument `iban`"),
        ("find_order", {"sink": "write", "idempotency": "native"}, "takes no `key`"),
        ("find_order", {"credential": "env:X"}, "takes no `credential`"),
    ],
)
def test_a_declaration_that_does_not_fit_is_told(
    function: str, declared: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputProblem, match=told) as refused:
        make(function, **declared)
    assert refused.value.code == "RW-TOOL-001"


@pytest.mark.parametrize("named", ["tools", "tools:", ":f", "os.path;x:f", "tools:a.b", 7])
def test_a_function_is_named_by_module_and_name_and_nothing_else(named: object) -> None:
    def load(name: str) -> object:
        return importlib.import_module(name)

    with pytest.raises(InputProblem, match="expected `module:function`"):
        build("desk.it", Tool(use="python", options={"function": named}), load=load)
