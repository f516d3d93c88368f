"""A real browser before a real server: Debian's Chromium, driven over its own protocol."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.browser.hostile import poison
from tests.browser.visiting import Visited, addresses, visit
from tests.postgres import Server
from tests.server.desk import ADMIN, Desk
from tests.server.furnished import EVERY, furnish

from roadworthy.adapters.sql import open_engine, upgrade
from roadworthy.operate import access
from roadworthy.principal import Principal
from roadworthy.wiring.serving import serve_application

T = TypeVar("T")
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)

# Without these Chromium calls its maker; nothing here leaves the machine.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser. Where none is installed a test is skipped, except where CI is set: there it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        reason = "no Chromium: `make services` installs Debian's"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


class Served:
    """A desk behind a port, and browsers of the people who work there."""

    def __init__(self, desk: Desk, url: str, chromium: Browser) -> None:
        self.desk = desk
        self.url = url
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def page(self, who: Principal | None, **settings: Any) -> Page:
        """A fresh browser window, signed in. What its console complains about is kept."""
        context = self._chromium.new_context(base_url=self.url, **settings)
        self._contexts.append(context)
        if who is not None:
            token = access.issue(self.desk.deployment, ADMIN, who.id, access.SESSION)
            context.add_cookies([{"name": "roadworthy_session", "value": token, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        return page

    def take_in(self, key: str) -> None:
        """A case comes in and is worked; in a thread of its own, because the browser's driver holds this one's loop."""

        def worked() -> None:
            self.desk.office.submit(key, "refund 0.5")
            self.desk.work()

        elsewhere(worked)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@contextmanager
def served(desk: Desk, chromium: Browser) -> Iterator[Served]:
    """Serve this desk from a thread until the block ends."""
    ready, stop, urls = threading.Event(), threading.Event(), []
    before = set(threading.enumerate())

    def told(url: str) -> None:
        urls.append(url)
        ready.set()

    async def drain() -> None:
        desk.app.state.draining.set()

    thread = threading.Thread(
        target=lambda: serve_application(
            desk.app,
            interface="asgi",
            host="127.0.0.1",
            port=18_420,
            on_ready=told,
            on_end=drain,
            stop=stop,
        )
    )
    thread.start()
    assert ready.wait(20)
    found = Served(desk, urls[0], chromium)
    try:
        yield found
    finally:
        found.close()
        stop.set()
        thread.join(20)
        for worker in set(threading.enumerate()) - before:
            # One may still ask the database for a page that was closed.
            if worker.name.startswith("AnyIO worker"):
                worker.join(5)
    assert not thread.is_alive(), "open pages kept the server from ending"


@pytest.fixture(scope="session")
def migrated(postgres_server: Server) -> Iterator[str]:
    """A migrated database of Postgres, to be copied."""
    address = postgres_server.create()
    engine = open_engine(address)
    upgrade(engine)
    engine.dispose()
    yield address
    postgres_server.drop(address)


@contextmanager
def desk_on(kind: str, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A new desk, in SQLite or in a database of its own in a real Postgres."""
    server: Server | None = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    address = server.create(like=request.getfixturevalue("migrated")) if server else ""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), address=address)
        try:
            yield desk
        finally:
            desk.office.store.close()
            if server:
                server.drop(address)


@pytest.fixture(params=["sqlite", POSTGRES])
def site(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Served]:
    """An empty desk, served."""
    with desk_on(request.param, request) as desk, served(desk, chromium) as found:
        yield found


def elsewhere(act: Callable[[], T]) -> T:
    """What ``act`` answers, from a thread of its own: the browser's driver holds this one's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result(60)


@dataclass(frozen=True)
class Furnished:
    """A desk with one of everything, much of it hostile, and the addresses of all its pages."""

    site: Served
    addresses: tuple[str, ...]


@contextmanager
def _furnished(kind: str, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Furnished]:
    with desk_on(kind, request) as desk:

        def fill() -> tuple[str, ...]:
            screens = furnish(desk).values()
            return addresses(desk.browser(EVERY), desk.app, [*poison(desk), *screens])

        found = elsewhere(fill)
        with served(desk, chromium) as site:
            yield Furnished(site, found)


@pytest.fixture(scope="session")
def furnished(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Furnished]:
    """For tests that only look."""
    with _furnished("sqlite", chromium, request) as found:
        yield found


@pytest.fixture(scope="session")
def furnished_in_postgres(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Furnished]:
    """The same desk on the other database."""
    with _furnished("postgres", chromium, request) as found:
        yield found


@pytest.fixture(scope="session")
def visited(furnished: Furnished) -> tuple[Visited, ...]:
    """Every page, looked at once: wide, narrow, light, dark, printed."""
    page = furnished.site.page(EVERY, color_scheme="light", viewport={"width": 1280, "height": 900})
    return tuple(visit(page, furnished.site.url, address) for address in furnished.addresses)
