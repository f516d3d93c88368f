"""Takes a picture of every screen, from a workspace that ``roadworthy demo`` filled: docs/pictures/NAME.png.

    python docs/pictures.py WORKSPACE [NAME ...] [--to FOLDER] [--dark] [--narrow]

A copy of the workspace is served, so that nothing in it changes; before, what a worker would do in its first minutes
is done: figures are counted and costs are looked at. The ideas of examples/portfolio are put beside it. Each screen is
shown as the links of the others lead to it, 1280 px wide in the light theme, a few also in the dark or 320 px wide,
and kept with 256 colours. Needs Chromium and the packages of the tests.
"""

from __future__ import annotations

import argparse
import base64
import re
import shutil
import struct
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching import rollup
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.app import application
from roadworthy.server.screens import PAGES
from roadworthy.wiring import Workspace, open_deployment
from roadworthy.wiring.costs import book_duties
from roadworthy.wiring.serving import serve_application
from roadworthy.wiring.telemetry import watching_duties

HERE = Path(__file__).resolve().parent
IDEAS = HERE.parent / "examples" / "portfolio"
WIDTH, NARROW, LEAST_HEIGHT, MOST_HEIGHT = 1280, 320, 480, 1000
ASKED_BY = Principal("pictures", "Pictures", Kind.PERSON, frozenset({Role.ADMIN}))
ACCOUNT = "root"
"""The first account of a workspace: it may see every screen."""
NAMES = {one.name: one.name.replace("_", "-") for one in PAGES} | {"what_if": "what-if"}
RATHER = {
    "release": "/releases/r3",
    "review": "May this leave",
    "idea": "returns-triage",
    "entry": "effect",
}
"""What of several is shown: an address, or the words of the link to it, hold this."""
ALSO = (("portfolio", "dark"), ("operations", "dark"), ("review", "narrow"), ("use-case", "narrow"))
PIXELS = """async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height), at = canvas.getContext('2d');
    at.drawImage(image, 0, 0);
    const data = at.getImageData(0, 0, image.width, image.height).data, parts = [];
    for (let i = 0; i < data.length; i += 32768) parts.push(String.fromCharCode(...data.subarray(i, i + 32768)));
    return [image.width, image.height, btoa(parts.join(''))];
}"""


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str]]:
    """The address of the workspace's pages, and a session of its first account."""
    place = Workspace(home, f"sqlite:///{home / 'roadworthy.sqlite'}")
    deployment = open_deployment(place)
    work(deployment, place)
    session = access.issue(deployment, ASKED_BY, ACCOUNT, access.SESSION)
    app = application(deployment, place=place)
    ready, stop = threading.Event(), threading.Event()
    told: list[str] = []

    def begun(url: str) -> None:
        told.append(url)
        ready.set()

    async def drain() -> None:
        app.state.draining.set()

    thread = threading.Thread(
        target=lambda: serve_application(
            app, interface="asgi", host="127.0.0.1", port=18_440, on_ready=begun, on_end=drain, stop=stop
        )
    )
    thread.start()
    try:
        if not ready.wait(30):
            raise SystemExit("the pages of this workspace could not be served")
        yield told[0], session
    finally:
        stop.set()
        thread.join(20)
        deployment.store.close()


def work(deployment: Deployment, place: Workspace) -> None:
    """What a worker does in its first minutes, as far as pages show it."""
    feed, *others = watching_duties(place)
    while rollup.behind(deployment):
        feed.do(deployment)
    for duty in (*others, *book_duties(place, ASKED_BY)):
        duty.do(deployment)
    place.ideas.mkdir(exist_ok=True)
    for idea in sorted(IDEAS.glob("*.yaml"))[-6:]:
        shutil.copy(idea, place.ideas)


def screen_of(address: str) -> str:
    """The name of the screen at an address; empty for what is none."""
    path = urlsplit(address).path
    if path.endswith("/what-if"):
        return "what_if"
    fitting = [page for page in PAGES if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/.]+", page.path), path)]
    return min(fitting, key=lambda page: page.path.count("{")).name if fitting else ""


def addresses(page: Page) -> dict[str, str]:
    """An address of every screen, found by following links."""
    found = {one.name: one.path for one in PAGES if "{" not in one.path}
    looked_at: set[str] = set()
    for _ in range(3):
        for address in [one for one in found.values() if one not in looked_at]:
            looked_at.add(address)
            page.goto(address)
            links = page.locator("main a[href^='/']").evaluate_all(
                "(all) => all.map((at) => [at.getAttribute('href'), at.textContent])"
            )
            for link, words in links:
                name = screen_of(link)
                rather = RATHER.get(name, "\n")
                if name and (name not in found or (rather in link + words and rather not in found[name])):
                    found[name] = link
                    if rather in words:
                        RATHER[name] = link
    return found


def take(page: Page, reader: Page, address: str, *, width: int) -> bytes:
    """The picture of one screen, as PNG."""
    page.set_viewport_size({"width": width, "height": LEAST_HEIGHT})
    page.goto(address)
    page.locator("html.scripted").wait_for(state="attached")
    height = min(
        MOST_HEIGHT, max(LEAST_HEIGHT, int(page.evaluate("document.documentElement.scrollHeight")))
    )
    page.set_viewport_size({"width": width, "height": height})
    png = page.screenshot(animations="disabled", clip={"x": 0, "y": 0, "width": width, "height": height})
    return small(reader, png)


def small(reader: Page, png: bytes) -> bytes:
    """The same picture with a palette of at most 256 colours; any other colour becomes the nearest of them.

    Colours that hardly differ count as one when the most frequent are chosen: edges of letters have hundreds.
    """
    width, height, data = reader.evaluate(PIXELS, base64.b64encode(png).decode())
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(-1, 4)[:, :3]
    colours, where, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(counts)[::-1]
    _, first = np.unique(colours[order] // 12, axis=0, return_index=True)
    palette = colours[order][
        np.unique(np.concatenate([np.arange(min(96, len(order))), np.sort(first)]))[:256]
    ]
    nearest = np.concatenate(
        [
            ((part[:, None, :].astype(np.int32) - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(colours, len(colours) // 4096 + 1)
        ]
    )
    indexed = nearest[where.reshape(-1)].astype(np.uint8).reshape(height, width)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), indexed], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def draw(browser: Browser, url: str, session: str, asked: Any) -> int:
    """Write the pictures; the number of bytes."""
    reader = browser.new_page()
    context = browser.new_context(base_url=url, color_scheme="dark" if asked.dark else "light")
    context.add_cookies([{"name": "roadworthy_session", "value": session, "url": url}])
    page = context.new_page()
    found, total = addresses(page), 0
    usual = ("dark" * asked.dark, NARROW if asked.narrow else WIDTH)
    wanted = [(name, file, *usual) for name, file in NAMES.items()]
    if not (asked.dark or asked.narrow):
        of = {file: name for name, file in NAMES.items()}
        for file, how in ALSO:
            width = NARROW if how == "narrow" else WIDTH
            wanted.append((of[file], f"{file}-{how}", "dark" * (how == "dark"), width))
    for name, file, theme, width in wanted:
        if asked.names and file not in asked.names:
            continue
        if name not in found:
            print(f"{file}: no link leads there", file=sys.stderr)
            continue
        page.emulate_media(color_scheme="dark" if theme else "light")
        png = take(page, reader, found[name], width=width)
        total += (asked.to / f"{file}.png").write_bytes(png)
        print(f"{file}.png {len(png) // 1024} kB {found[name]}")
    return total


def main() -> int:
    told = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    told.add_argument("workspace", type=Path)
    told.add_argument("names", nargs="*", metavar="NAME")
    told.add_argument("--to", type=Path, default=HERE / "pictures")
    told.add_argument("--dark", action="store_true")
    told.add_argument("--narrow", action="store_true")
    asked = told.parse_intermixed_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("no Chromium: `make services` installs Debian's", file=sys.stderr)
        return 5
    asked.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        shutil.copytree(asked.workspace, home)
        with served(home) as (url, session), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            print(f"{draw(browser, url, session, asked) // 1024} kB in all")
            browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
