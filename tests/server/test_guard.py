"""What stands before every handler: hosts, headers, faults, health, static files."""

from __future__ import annotations

import gzip
import logging
import re
import tomllib
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operate.office import BEN
from tests.server.desk import BASE, PEOPLE, Browser, Desk, reply

from roadworthy.errors import Corrupt, InputProblem, Unavailable
from roadworthy.principal import Role
from roadworthy.server.app import application
from roadworthy.server.guard import host_name
from roadworthy.server.problems import STATUS, problem_json, status_of

PATHS = ("/", "/sign-in", "/portfolio", "/portfolio.json", "/nowhere", "/nowhere.json", "/livez", "/readyz", "/static/no.css", "/api/v1/cases", "/api/v1/openapi.json", "/api/v1/nowhere")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(desk: Desk, path: str) -> None:
    desk.office.release(reply)
    for browser in (desk.browser(), desk.browser(PEOPLE[Role.OWNER])):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


def test_pages_hold_no_script_but_the_one_file_and_no_style_of_their_own(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    browser = desk.browser(PEOPLE[Role.REVIEWER])
    review = desk.open_review("T-1")
    for path in ("/portfolio", "/use-cases/desk", "/inbox", "/cases", "/cases/" + review.case, "/reviews/" + review.id, "/sign-in"):  # fmt: skip
        html = browser.get(path).text
        html = re.sub(r'<script defer src="/static/roadworthy\.[0-9a-f]{16}\.js"></script>', "", html)
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", html, re.IGNORECASE), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html), path


def test_the_one_script_is_small(desk: Desk) -> None:
    browser = desk.browser(PEOPLE[Role.OWNER])
    (path,) = re.findall(r'<script defer src="([^"]+)"', browser.get("/portfolio").text)
    sent = browser.get(path)
    assert sent.headers["content-type"].startswith("text/javascript")
    assert len(sent.content) <= 8 * 1024
    assert b"http" not in sent.content.replace(b"https?", b"")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8700", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8700", "localhost."]
)
def test_loopback_is_a_name_of_this_server(desk: Desk, host: str) -> None:
    assert desk.browser().get("/sign-in", host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8700",
        "",
        "localhost@evil",
        "[::1]evil",
        "[::1]evil:80",
        "[::1]:80@evil.example",
        "[::1]:",
        "127.0.0.1:1@evil.example",
        "127.0.0.1:port",
        "127.0.0.1:",
        "127.0.0.1:80:80",
        "localhost:80.evil.example",
        "localhost..",
        "127.0.0.1 evil.example",
        "127.0.0.1, evil.example",
        "127.0.0.1/evil.example",
        "::1",
        "[::2]",
        "0.0.0.0",
        "testserver",
    ],
)
def test_any_other_name_is_refused(desk: Desk, host: str) -> None:
    answer = desk.browser().get("/sign-in", host=host)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "RW-SERVER-006"


def test_declared_names_are_taken(desk: Desk) -> None:
    app = application(
        desk.deployment, public_url="http://roadworthy.example:8700", hosts=["inside.example"]
    )
    browser = Browser(app)
    for host in ("roadworthy.example:8700", "inside.example", "localhost"):
        assert browser.get("/sign-in", host=host).status_code == 200
    assert browser.get("/sign-in", host="outside.example").status_code == 400


def test_health_is_asked_by_any_name(desk: Desk) -> None:
    """Whoever watches a process asks it by its address, not by its name."""
    for path in ("/livez", "/readyz"):
        assert desk.browser().get(path, host="10.0.0.7:8700").status_code == 200


@pytest.mark.parametrize(
    "url", ["roadworthy.example", "ftp://roadworthy.example", "https://", "https://olga@roadworthy.example"]
)
def test_a_public_url_that_is_none_is_refused(desk: Desk, url: str) -> None:
    with pytest.raises(InputProblem, match="no address"):
        application(desk.deployment, public_url=url)


def test_host_names_without_their_port() -> None:
    assert [host_name(host) for host in ("A.b:1", "[::1]:80", "[::1]", "x", "x.")] == [
        "a.b",
        "[::1]",
        "[::1]",
        "x",
        "x",
    ]


@given(st.text(max_size=12), st.sampled_from(["localhost", "127.0.0.1", "[::1]"]))
def test_only_a_port_or_a_last_dot_may_follow_a_name_of_this_server(rest: str, name: str) -> None:
    port = "(:[0-9]{1,5})?" if name.startswith("[") else r"\.?(:[0-9]{1,5})?"
    assert (host_name(name + rest) == name) == bool(re.fullmatch(port, rest, re.ASCII))


def test_a_fault_leaves_as_a_number_and_its_details_stay_in_the_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.office.release(reply)

    def fail(*_arguments: object, **_named: object) -> Any:
        raise ZeroDivisionError("the secret is 42")

    monkeypatch.setattr(type(desk.office.store.cases), "list", fail)
    with caplog.at_level(logging.ERROR, "roadworthy.server"):
        answers = [
            desk.machine(BEN).get("/api/v1/cases"),
            desk.browser(PEOPLE[Role.OWNER]).get("/cases"),
            desk.browser(PEOPLE[Role.OWNER]).get("/cases.json"),
        ]
    for answer, record in zip(answers, caplog.records, strict=True):
        assert answer.status_code == 500
        assert "RW-SERVER-009" in answer.text
        assert "42" not in re.sub(r"number [0-9a-f]{8}", "", answer.text.split("<main")[-1])
        [number] = set(re.findall(r"number ([0-9a-f]{8})", answer.text))
        assert number in record.getMessage()
        assert record.exc_info is not None


def test_an_unreachable_store_is_503_with_a_time_to_come_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.office.release(reply)
    machine, browser = desk.machine(BEN), desk.browser(PEOPLE[Role.OWNER])

    def fail(*_arguments: object, **_named: object) -> Any:
        raise Unavailable("RW-STORE-002", "the database does not answer", retry_is_safe=True)

    monkeypatch.setattr(type(desk.office.store), "read", fail)
    for answer in (machine.get("/api/v1/cases"), browser.get("/portfolio"), browser.get("/nowhere")):
        assert answer.headers.get("retry-after") == "5" or answer.status_code == 404
    assert machine.get("/api/v1/cases").status_code == 503
    assert browser.get("/portfolio").status_code == 503
    assert browser.get("/portfolio").headers["content-type"].startswith("text/html")
    ready = browser.get("/readyz")
    assert (ready.status_code, ready.json()["error"]["hint"]) == (503, "RW-STORE-002")
    assert browser.get("/livez").status_code == 200


def test_a_draining_process_is_alive_and_not_ready(desk: Desk) -> None:
    browser = desk.browser()
    assert browser.get("/readyz").json() == {"ready": True}
    desk.app.state.draining.set()
    assert browser.get("/readyz").status_code == 503
    assert browser.get("/livez").json() == {"live": True}


def test_every_kind_of_error_has_a_status() -> None:
    pending = [type(InputProblem("x", "y")).__mro__[1]]
    kinds = set()
    while pending:
        kind = pending.pop()
        kinds.add(kind.kind)  # type: ignore[attr-defined]
        pending += kind.__subclasses__()
    assert kinds == set(STATUS)


def test_corrupt_data_are_a_server_error_that_says_what_is_intact() -> None:
    problem = Corrupt("RW-LEDGER-001", "an entry was altered", broken=["entry 4"], intact="entries 0 to 3")
    assert status_of(problem) == 500
    assert b"entries 0 to 3" in problem_json(problem).body


def test_static_files_are_named_by_their_content_and_kept(desk: Desk) -> None:
    html = desk.browser().get("/sign-in").text
    [style] = re.findall(r'href="(/static/style\.[0-9a-f]{16}\.css)"', html)
    answer = desk.browser().get(style)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    shipped = (resources.files("roadworthy.server") / "static" / "style.css").read_bytes()
    assert answer.content == shipped
    assert desk.browser().get("/static/style.css").status_code == 404
    assert desk.browser().get("/static/..%2fapp.py").status_code == 404


def test_a_page_is_small(desk: Desk) -> None:
    """A page stays below 15 KB, and with all that it loads for the first time below 30, as browsers ask for it."""
    desk.office.release(reply)
    browser = desk.browser(PEOPLE[Role.OWNER])
    html = browser.get("/use-cases/desk").text
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html))
    loaded = [len(gzip.compress(browser.get(file).content, 5)) for file in files]
    page = len(gzip.compress(html.encode(), 5))
    assert (page < 15_000, page + sum(loaded) < 30_000) == (True, True), (page, loaded)


def test_templates_and_static_files_are_part_of_the_package() -> None:
    project = tomllib.loads(
        (resources.files("roadworthy") / ".." / ".." / "pyproject.toml").read_text(encoding="utf-8")
    )
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["src/roadworthy"]
    for name in ("templates/base.html", "static/style.css", "static/mark.svg"):
        assert (resources.files("roadworthy.server") / name).is_file()


def test_the_base_address_leads_to_the_portfolio(desk: Desk) -> None:
    answer = desk.browser(PEOPLE[Role.OWNER]).client.get(f"{BASE}/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portfolio")


PLACES = (
    "/srv/road worthy/roadworthy.sqlite",
    "/opt/.hidden/models/abc",
    "/tmp/socket-1",
)


@pytest.mark.parametrize("place", PLACES)
def test_no_place_on_the_server_leaves_with_an_answer(place: str) -> None:
    problems = [
        Unavailable(
            "RW-STORE-004",
            f"`{place}` cannot be opened: permission denied",
            retry_is_safe=True,
            hint=f"make the folder: `mkdir -p {place}`",
        ),
        Corrupt("RW-MODEL-002", f"the database `x` at `{place}` is not sound", broken=[f"`{place}`"]),
    ]
    for problem in problems:
        body = problem_json(problem).body.decode()
        assert not any(part in body for part in place.split("/")[1:]), body
        assert problem.code in body
    assert b"cannot be opened: permission denied" in problem_json(problems[0]).body


def test_what_a_hint_says_of_addresses_and_commands_stays() -> None:
    problem = Unavailable("RW-TEST-001", "it fails", retry_is_safe=True, hint="`roadworthy up` and/or wait")
    assert b"`roadworthy up` and/or wait" in problem_json(problem).body
    asked = InputProblem("RW-SERVER-010", "nothing is at `/use-cases/x`")
    assert b"`/use-cases/x`" in problem_json(asked).body


def test_a_page_about_a_fault_shows_no_place_on_the_server(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.office.release(reply)
    place = "/srv/roadworthy/releases"

    def fail(_digest: str) -> Any:
        raise Unavailable("RW-LOADER-009", f"the release in `{place}` is altered", retry_is_safe=True)

    monkeypatch.setattr(desk.office, "charter", fail)
    browser = desk.browser(PEOPLE[Role.OWNER])
    with caplog.at_level(logging.WARNING, "roadworthy.server"):
        for path in ("/portfolio", "/portfolio.json", "/use-cases/desk", "/use-cases/desk.json"):
            text = browser.get(path).text
            assert "is altered" in text, path
            assert place not in text, path
    assert any(place in record.getMessage() for record in caplog.records)
