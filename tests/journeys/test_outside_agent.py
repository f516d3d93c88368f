"""The example agent, written with another framework, behind the gateway and the tools' door: three real processes.

The model is a stand-in that speaks the OpenAI wire and calls tools as it is told; the framework, the gateway, the
door, the database and the person who approves are real.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.upstream import Reply, Seen, Upstream
from tests.mcpdoor.shop import EXAMPLE, Shop

from roadworthy.casework.review import Verdict

PYTHON = Path(sys.executable).parent.parent / "outside-agent" / "bin" / "python"
PROGRAM = Path(sys.executable).with_name("roadworthy")
TOOLS = ["mcp", "--http", "127.0.0.1:0"]
Move = tuple[str, dict[str, Any]] | str

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="needs an environment with Pydantic AI: `make outside-agent`"
)


def told(*moves: Move) -> Any:
    """A model that makes these moves one after the other, whatever it is told in between."""

    def answer(seen: Seen) -> Reply:
        turn = sum(one["role"] == "assistant" for one in seen.body["messages"])
        move = moves[min(turn, len(moves) - 1)]
        message: dict[str, Any] = {"role": "assistant", "content": move}
        if not isinstance(move, str):
            function = {"name": move[0], "arguments": json.dumps(move[1])}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": f"call_{turn}", "type": "function", "function": function}],
            }
        said = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "small-1",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": "stop" if isinstance(move, str) else "tool_calls",
                }
            ],
            "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
        }
        return Reply(body=json.dumps(said).encode(), kind="application/json")

    return answer


class Served:
    """A door as a process of its own, and its address."""

    def __init__(self, words: Sequence[str], found: str, home: Path) -> None:
        command = [str(PROGRAM), *words, "--home", str(home)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = next(match[0] for line in self.process.stdout if (match := re.search(found, line)))

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)


class Agency:
    """The two doors, and the agent as its users start it."""

    def __init__(self, shop: Shop, upstream: Upstream) -> None:
        home = shop.place.home
        self.shop, self.upstream = shop, upstream
        self.models = Served(["gateway", "--port", "0"], r"http://\S+/v1", home)
        self.tools = Served(TOOLS, r"http://\S+/mcp", home)
        self._key = shop.key()

    def kill_tools(self) -> None:
        """The tools' door dies as it stands, and another one is started."""
        self.tools.process.kill()
        self.tools.process.communicate()
        self.tools = Served(TOOLS, r"http://\S+/mcp", self.shop.place.home)

    def ask(self, case: str, message: str, *moves: Move) -> str:
        self.upstream.always = told(*moves)
        done = subprocess.run(
            [str(PYTHON), str(EXAMPLE / "agent.py"), message],
            env={
                "PATH": os.environ["PATH"],
                "OPENAI_BASE_URL": self.models.url,
                "OPENAI_API_KEY": self._key,
                "MCP_URL": self.tools.url,
                "CASE": case,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    @property
    def heard(self) -> str:
        """What the tools answered last, as the model was told it."""
        return str(self.upstream.seen[-1].body["messages"][-1]["content"])


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    home = tmp_path_factory.mktemp("agency") / "home"
    with Upstream() as upstream:
        charter = (EXAMPLE / "use-case" / "charter.yaml").read_text(encoding="utf-8")
        shop = Shop(home, charter=charter.replace("http://127.0.0.1:8080/v1", upstream.url))
        agency = Agency(shop, upstream)
        yield agency
        agency.models.end()
        agency.tools.end()
        shop.deployment.store.close()


LOOK: Move = ("orders_find", {"order": "A-1001"})
REFUND: Move = ("refunds_issue", {"order": "A-1001", "amount": 4900})


def test_the_agent_reads_proposes_and_finds_what_a_person_approved(agency: Agency) -> None:
    shop = agency.shop
    shop.take_in("T-1", "A-1001")
    said = agency.ask("T-1", "My parcel came back.", LOOK, REFUND, "A colleague looks at your refund.")
    assert said == "A colleague looks at your refund."
    assert "awaiting_review" in agency.heard
    assert shop.refunds() == []
    agency.kill_tools()
    shop.decide(Verdict.APPROVE)
    agency.ask("T-1", "And?", REFUND, "It is on its way.")
    assert '"done"' in agency.heard
    assert shop.refunds() == [("A-1001", 4900)]
    agency.ask("T-1", "Again!", REFUND, "You have it.")
    assert shop.refunds() == [("A-1001", 4900)]


def test_an_agent_that_obeys_a_stranger_changes_nothing(agency: Agency) -> None:
    shop, before = agency.shop, agency.shop.refunds()
    shop.take_in("T-3", "A-1003")
    stolen: Move = ("refunds_issue", {"order": "A-6666", "amount": 4000})
    said = agency.ask(
        "T-3", "Please help.", ("orders_find", {"order": "A-1003"}), stolen, "Done as you said."
    )
    assert said == "Done as you said."
    assert "A-6666" not in str(shop.refunds())
    assert shop.refunds() == before
    assert {one.state for one in shop.effects() if "order" in one.untrusted} <= {"refused", "proposed"}


def test_the_books_know_what_the_models_of_the_case_cost(agency: Agency) -> None:
    shop = agency.shop
    shop.take_in("T-4", "A-1001")
    agency.ask("T-4", "Where is my money?", LOOK, "We look.")
    program = [str(PROGRAM), "gateway", "calls", "returns", "T-4", "--json", "--home", str(shop.place.home)]
    told = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    assert len(json.loads(told.stdout)["calls"]) == 2
