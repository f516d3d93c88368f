"""OpenAI's own client for Node, unchanged. One process makes all calls; each test looks at one result."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.answers import TEXT
from tests.gateway.clients import PIXEL, Door, served, straight
from tests.gateway.upstream import Reply, Seen, Upstream

HERE = Path(__file__).resolve().parent / "node"
TOOLS = [["weather", '{"city": "text"}'], ["time", '{"city": "text"}']]
CLASSES = {
    400: "BadRequestError", 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError",
    409: "ConflictError", 422: "UnprocessableEntityError", 429: "RateLimitError", 500: "InternalServerError",
    502: "InternalServerError", 503: "InternalServerError",
}  # fmt: skip


def missing(reason: str) -> None:
    """Skip, except where CI is set: there what is missing fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def program() -> Path:
    """The calls beside an installed client; installed once for each state of the lock."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("Node and npm are not installed")
    locked = (HERE / "package-lock.json").read_bytes()
    place = Path(sys.prefix) / "node-clients" / hashlib.sha256(locked).hexdigest()[:16]
    if not (place / "node_modules" / "openai" / "package.json").exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        done = subprocess.run(
            [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=place, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if done.returncode:
            missing(f"npm could not install the client: {done.stderr.strip()[-300:]}")
    shutil.copy(HERE / "calls.mjs", place)
    return place / "calls.mjs"


def by_script() -> Any:
    """Answers as the text of the first message says."""
    refused = 0

    def answer(seen: Seen) -> Reply:
        nonlocal refused
        messages = seen.body.get("messages") or [{}]
        match str(messages[0].get("content")).split():
            case ["status", status]:
                return Reply(status=int(status))
            case ["twice", status] if refused < 2:
                refused += 1
                return Reply(status=int(status), retry_after="0.01")
            case ["hang"]:
                return Reply(breaks="hang", when="before")
            case ["hang", "within"]:
                return Reply(breaks="hang", after=3)
            case ["together", count]:
                return Reply(together=int(count))
        return Reply()

    return answer


def told(program: Path, door: Door) -> dict[str, Any]:
    given = {
        "url": door.url,
        "key": door.key,
        "headers": door.headers,
        "models": door.models,
        "pixel": PIXEL,
    }
    done = subprocess.run(
        ["node", str(program), json.dumps(given)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module", params=["straight", "gateway"])
def results(
    request: pytest.FixtureRequest, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    with Upstream(by_script()) as upstream, ExitStack() as stack:
        door = straight(upstream)
        if request.param == "gateway":
            folder = tmp_path_factory.mktemp("gateway")
            door = stack.enter_context(served(folder, upstream)).door
        found = told(program, door)
        found["expected errors"] = {
            str(status): [CLASSES[door.passes_on(status)], door.passes_on(status), "string"]
            for status in CLASSES
        }
        upstream.release()
        yield found


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("chat", [TEXT, "stop", 8]),
        ("stream", TEXT),
        ("stream_with_usage", [0, 8]),
        ("tools", TOOLS),
        ("tools_streamed", TOOLS),
        ("schema", {"number": 7, "stops": ["text"]}),
        ("images", "I see 2 images"),
        ("choices", [[index, TEXT, -0.25] for index in range(3)]),
        ("response", TEXT),
        ("response_streamed", ["response.created", TEXT, "response.completed"]),
        ("embeddings", [[0.5, 0.5625, 0.625, 0.6875], [0.1875, 0.25, 0.3125, 0.375]]),
        ("models", True),
        ("retries", TEXT),
        ("timeout", "APIConnectionTimeoutError"),
        ("abort", True),
        ("side_by_side", [TEXT] * 20),
    ],
)
def test_a_call_of_the_client_gets_what_it_expects(
    results: dict[str, Any], call: str, expected: object
) -> None:
    assert results[call] == expected


def test_every_refusal_is_the_class_that_programs_catch(results: dict[str, Any]) -> None:
    assert results["errors"] == results["expected errors"]
