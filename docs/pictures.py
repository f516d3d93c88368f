"""Takes a picture of every screen, from a workspace that ``roadworthy demo`` filled: docs/pictures/NAME.png.

    python docs/pictures.py WORKSPACE [NAME ...]

Serve a copy: signing in is written down in the workspace. Each screen is shown as the links of the others lead to it,
1280 px wide, in the light theme, and kept with 256 colours. Needs Chromium and the packages of the tests.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Page, sync_playwright

from roadworthy.operate import access
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.app import application
from roadworthy.server.screens import PAGES
from roadworthy.wiring import Workspace, open_deployment
from roadworthy.wiring.serving import serve_application

PICTURES = Path(__file__).resolve().parent / "pictures"
WIDTH, HEIGHT, MOST_HEIGHT = 1280, 800, 1000
ASKED_BY = Principal("pictures", "Pictures", Kind.PERSON, frozenset({Role.ADMIN}))
ACCOUNT = "root"
"""The first account of a workspace: it may see every screen."""


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str]]:
    """The address of the workspace's pages, and a session of its first account."""
    deployment = open_deployment(Workspace(home, f"sqlite:///{home / 'roadworthy.sqlite'}"))
    session = access.issue(deployment, ASKED_BY, ACCOUNT, access.SESSION)
    app = application(deployment)
    ready, stop = threading.Event(), threading.Event()
    told: list[str] = []

    def begun(url: str) -> None:
        told.append(url)
        ready.set()

    async def drain() -> None:
        app.state.draining.set()
        await asyncio.sleep(0)

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


def screen_of(address: str) -> str:
    """The name of the screen at an address; empty for what is none."""
    path = urlsplit(address).path
    fitting = [page for page in PAGES if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/.]+", page.path), path)]
    return min(fitting, key=lambda page: page.path.count("{")).name if fitting else ""


def addresses(page: Page) -> dict[str, str]:
    """An address of every screen, found by following links; of several the first."""
    found = {one.name: one.path for one in PAGES if "{" not in one.path}
    looked_at: set[str] = set()
    for _ in range(3):
        for address in [one for one in found.values() if one not in looked_at]:
            looked_at.add(address)
            page.goto(address)
            for link in page.locator("main a[href^='/']").evaluate_all(
                "(all) => all.map((at) => at.getAttribute('href'))"
            ):
                name = screen_of(link)
                if name:
                    found.setdefault(name, link)
    return found


def take(page: Page, address: str) -> bytes:
    """The picture of one screen, as PNG."""
    page.goto(address)
    page.locator("html.scripted").wait_for(state="attached")
    height = min(MOST_HEIGHT, max(HEIGHT, int(page.evaluate("document.documentElement.scrollHeight"))))
    page.set_viewport_size({"width": WIDTH, "height": height})
    png = page.screenshot(animations="disabled", clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    return small(png)


def small(png: bytes) -> bytes:
    """The same picture with a palette of its 256 most frequent colours; any other colour becomes the nearest of them."""
    pixels = _pixels(png)
    height, width, _ = pixels.shape
    wide = pixels.astype(np.uint32)
    codes = (wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]).reshape(-1)
    colours, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(counts)[::-1][:256]]
    split = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)
    palette = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=1).astype(np.int32)
    nearest = np.concatenate(
        [
            ((part[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(split, len(split) // 4096 + 1)
        ]
    )
    indexed = nearest[where].astype(np.uint8).reshape(height, width)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), indexed], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", head),
            (b"PLTE", palette.astype(np.uint8).tobytes()),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixels(png: bytes) -> Any:
    """Red, green and blue of a PNG as a browser writes it: 8 bits, with or without alpha, not interlaced."""
    at, parts = 8, []
    width = height = depth = kind = 0
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack(">IIBB", data[:10])
        elif name == b"IDAT":
            parts.append(data)
    if depth != 8 or kind not in {2, 6}:
        raise ValueError(f"expected 8 bits of colour, found {depth} of kind {kind}")
    step = 4 if kind == 6 else 3
    rows = np.frombuffer(zlib.decompress(b"".join(parts)), np.uint8).reshape(height, 1 + width * step)
    out = np.zeros((height, width, step), np.int32)
    above = np.zeros((width, step), np.int32)
    for number, row in enumerate(rows):
        above = out[number] = _unfiltered(int(row[0]), row[1:].reshape(width, step).astype(np.int32), above)
    return out[..., :3].astype(np.uint8)


def _unfiltered(how: int, line: Any, above: Any) -> Any:
    """One line of a PNG (its specification, section 9.2)."""
    if how == 0:
        return line
    if how == 1:
        return np.cumsum(line, axis=0) % 256
    if how == 2:
        return (line + above) % 256
    left, corner = [0] * line.shape[1], [0] * line.shape[1]
    out = []
    for now, up in zip(line.tolist(), above.tolist(), strict=True):
        guess = [
            (a + b) // 2 if how == 3 else _paeth(a, b, c) for a, b, c in zip(left, up, corner, strict=True)
        ]
        left, corner = [(x + g) % 256 for x, g in zip(now, guess, strict=True)], up
        out.append(left)
    return np.array(out, np.int32)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    home, wanted = Path(arguments[0]).resolve(), set(arguments[1:])
    browser_file = (
        shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    if not browser_file:
        print("no Chromium: `make services` installs Debian's", file=sys.stderr)
        return 5
    PICTURES.mkdir(exist_ok=True)
    with served(home) as (url, session), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_file, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(
            base_url=url, color_scheme="light", viewport={"width": WIDTH, "height": HEIGHT}
        )
        context.add_cookies([{"name": "roadworthy_session", "value": session, "url": url}])
        page = context.new_page()
        found = addresses(page)
        total = 0
        for one in PAGES:
            name = one.name.replace("_", "-")
            if wanted and name not in wanted:
                continue
            if one.name not in found:
                print(f"{name}: no link leads there", file=sys.stderr)
                continue
            png = take(page, found[one.name])
            total += (PICTURES / f"{name}.png").write_bytes(png)
            print(f"{name}.png {len(png) // 1024} kB {found[one.name]}")
        print(f"{total // 1024} kB in all")
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
