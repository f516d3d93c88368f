"""Calling tools of MCP servers that behave, and of servers that do not."""

import os
import time
from pathlib import Path

import pytest
from tests.adapters.mcptools.conftest import Make, charter_of

from roadworthy.errors import InputProblem, Refused, Unavailable
from roadworthy.operate.tools.lock import FILE
from roadworthy.ports.tooling import BrokenAnswer

PLACES = pytest.mark.parametrize("place", ["child", "http"])


def at(place: str, request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("http_desk") if place == "http" else ""


@PLACES
def test_structured_content_is_the_answer(place: str, make: Make, request: pytest.FixtureRequest) -> None:
    find = make("find_order", at=at(place, request))
    assert find.call({"id": "a1"}) == {"id": "a1", "total": 12}
    assert find.call({"id": "a2"}) == {"id": "a2", "total": 12}


@PLACES
def test_text_is_given_as_text_and_never_read_as_more(
    place: str, make: Make, request: pytest.FixtureRequest
) -> None:
    assert make("say", at=at(place, request)).call({"words": '{"a": 1}'}) == {"text": '{"a": 1}'}


@PLACES
def test_a_write_carries_its_key(place: str, make: Make, request: pytest.FixtureRequest) -> None:
    issue = make("issue", at=at(place, request), sink="write", idempotency="native")
    key = f"desk:case:{place}"
    assert issue.send(key, {}) == {"key": key, "felt": 1}
    assert issue.send(key, {})["felt"] == 2


@PLACES
def test_an_answer_that_is_not_what_the_server_promised_is_refused(
    place: str, make: Make, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(Refused) as refused:
        make("wrong_order", at=at(place, request)).call({"id": "a1"})
    assert refused.value.code == "RW-TOOL-010"
    assert refused.value.reasons == ("`total` is no integer",)
    with pytest.raises(Refused, match="not what was promised"):
        make("loose_order", at=at(place, request)).call({})


@PLACES
def test_a_tool_s_own_error_is_no_fault_of_the_connection(
    place: str, make: Make, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(InputProblem, match="no such order") as refused:
        make("fail", at=at(place, request)).call({})
    assert refused.value.code == "RW-TOOL-003"


def test_a_tool_that_hangs_is_left_and_the_next_call_works(make: Make, http_desk: str) -> None:
    for where in ({"rough": True}, {"at": http_desk}):
        hang = make("silent" if "rough" in where else "hang", timeout="1s", **where)
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="no answer within 1 s") as late:
            hang.call({})
        assert late.value.retry_is_safe
        assert time.monotonic() - begun < 15
        assert make("say", **where).call({"words": "on"}) in ({"text": "on"}, {"words": "on"})


def test_a_write_that_hangs_may_have_been_felt(make: Make, http_desk: str) -> None:
    with pytest.raises(Unavailable) as late:
        make("hang", at=http_desk, sink="write", timeout="1s").send("k", {})
    assert (late.value.code, late.value.retry_is_safe) == ("RW-TOOL-004", False)


def test_an_answer_of_fifty_megabytes_is_not_read(make: Make, http_desk: str) -> None:
    for where in ({"rough": True}, {"at": http_desk}):
        huge = make("huge", max_answer=100_000, **where)
        with pytest.raises(Refused) as refused:
            huge.call({"size": 50_000_000})
        assert refused.value.code == "RW-TOOL-010"
        with pytest.raises(Refused, match="not what was promised"):
            huge.call({"size": 100_001})
        assert len(str(next(iter(huge.call({"size": 1_000}).values())))) == 1_000


def test_a_line_without_an_end_fills_no_memory(make: Make) -> None:
    with pytest.raises(Refused) as refused:
        make("endless", rough=True, max_answer=100_000).call({})
    assert refused.value.reasons == ("the answer is longer than what may be read",)


def test_what_is_no_message_of_the_protocol_is_a_broken_answer(make: Make) -> None:
    with pytest.raises(Refused) as refused:
        make("garbage", rough=True).call({})
    assert refused.value.code == "RW-TOOL-010"
    assert make("say", rough=True).call({"words": "on"}) == {"words": "on"}


def test_a_server_that_dies_under_a_call_is_started_again(make: Make) -> None:
    with pytest.raises(Unavailable) as died:
        make("die", rough=True).call({})
    assert died.value.retry_is_safe
    with pytest.raises(Unavailable) as felt:
        make("die", rough=True, sink="write").send("k", {})
    assert not felt.value.retry_is_safe
    assert make("say", rough=True).call({"words": "again"}) == {"words": "again"}


@pytest.mark.parametrize("way", ["twice", "no-end"])
def test_a_list_of_tools_that_makes_no_sense_is_not_worked_with(
    way: str, maker, declare, folder: Path
) -> None:
    tool = declare("say", rough=True)
    tool = tool.model_copy(update={"options": {**tool.options, "command": [*tool.options["command"], way]}})
    with pytest.raises(BrokenAnswer):
        dict(maker.definitions(charter_of(say=tool), folder))


def test_a_server_that_is_not_there_is_unavailable(make: Make, maker, declare, folder: Path) -> None:
    gone = charter_of(say=declare("say", at="127.0.0.1:1"))
    with pytest.raises(Unavailable) as nobody:
        dict(maker.definitions(gone, folder))
    assert (nobody.value.code, nobody.value.retry_is_safe) == ("RW-TOOL-004", True)


def test_a_child_is_told_nothing_of_this_environment(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOUSE", "x")
    told = make("environment", rough=True).call({})
    assert "SECRET_OF_THE_HOUSE" not in told["names"]  # type: ignore[operator]
    assert {"HOME", "PATH"} >= set(told["names"]) - {  # type: ignore[call-overload]
        "LANG", "TZ", "PYTHONDONTWRITEBYTECODE", "LC_CTYPE",
    }  # fmt: skip


def test_a_credential_reaches_the_server_and_comes_back_hidden(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "s3cret-value")
    secret = {"credential": "env:CRM_TOKEN", "options": {"auth": "env:DESK_TOKEN"}}
    assert make("environment", rough=True, **secret).call({})["token"] == "•••"
    with pytest.raises(InputProblem) as refused:
        make("fail", rough=True, **secret).call({})
    assert "s3cret-value" not in refused.value.message
    assert "•••" in refused.value.message


def test_children_end_with_what_they_started(make: Make, maker) -> None:
    told = make("spawn", rough=True).call({})
    maker.close()
    for name in ("own", "pid"):
        assert not _lives(int(str(told[name]))), name


def _lives(pid: int) -> bool:
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            return False
        time.sleep(0.01)
    return True


def test_what_nobody_approved_is_not_called(
    make: Make, maker, declare, folder: Path, http_desk: str
) -> None:
    charter = charter_of(say=declare("say", at=http_desk))
    say = maker.connectors("sha256:1", charter, "", folder, folder)["desk.say"]
    with pytest.raises(Refused, match="not what a person approved") as refused:
        say.call({"words": "hi"})
    assert refused.value.code == "RW-TOOL-008"
    assert not (folder / FILE).exists()
