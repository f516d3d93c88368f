"""Looks at pages in a browser: finds their addresses, and notes what an eye, a ruler and axe would."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page
from starlette.routing import Match
from tests.server.desk import Browser

NARROW, WIDE = 320, 1280
TABS = ("tab", "view")
"""Parameters whose values lead to pages of their own."""
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
BEYOND_THE_PAGE = """(width) => [...document.querySelectorAll('body *')].filter((at) => {
    const box = at.getBoundingClientRect();
    if (box.width === 0 || box.right <= width + 0.5 || at.closest('.unseen, .skip')) return false;
    for (let up = at.parentElement; up && up !== document.documentElement; up = up.parentElement)
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(up).overflowX)) return false;
    return true;
}).slice(-3).map((at) => `${at.tagName}.${at.className.baseVal ?? at.className} ${at.textContent.trim().slice(0, 40)}`)"""
WIDTH = "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
LOOSE = """() => {
    const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT), found = [];
    for (let at = walk.nextNode(); at; at = walk.nextNode()) {
        const up = at.parentElement;
        if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(at.data) || up.closest('textarea, option')) continue;
        if (!/isolate|plaintext/.test(getComputedStyle(up).unicodeBidi))
            found.push(`${up.tagName}.${up.className} ${at.data.trim().slice(0, 40)}`);
    }
    return found;
}"""
OPEN_ALL = "() => { for (const at of document.querySelectorAll('details')) at.open = true; }"


@dataclass(frozen=True)
class Visited:
    """What was seen on one page."""

    address: str
    status: int
    title: str
    light: tuple[str, ...]
    dark: tuple[str, ...]
    """What axe finds; in the dark, about colour alone: the rest is the same document."""
    too_wide: tuple[str, ...]
    printed: int
    """Letters that a printed page shows; 0 where it shows the ways around too."""
    elsewhere: tuple[str, ...]
    """Addresses outside this server that were asked for."""
    told: tuple[str, ...]
    """What the console complained about, faults of scripts, and dialogs."""
    owned: tuple[str, ...]
    """Elements that outside text must never become."""
    loose: tuple[str, ...]
    """Marks that turn writing, outside of a box that keeps their direction to itself."""


@cache
def axe() -> str:
    """The source of axe-core, Mozilla Public License 2.0, from the package that carries it for tests."""
    found = find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "axe.min.js").read_text("utf-8")


def findings(page: Page, *, colour_alone: bool = False, within: str = "") -> tuple[str, ...]:
    """What axe finds on the page as it stands, one line for a rule and an element.

    The source goes in over the browser's own protocol, which the page's policy on content does not bind.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe())
    only = (
        {"type": "rule", "values": ["color-contrast"]} if colour_alone else {"type": "tag", "values": TAGS}
    )
    found = page.evaluate(
        "([within, options]) => axe.run(within || document, options).then((told) => told.violations)",
        [within, {"runOnly": only, "resultTypes": ["violations"]}],
    )
    return tuple(_line(rule, node) for rule in found for node in rule["nodes"])


def _line(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join((node.get("failureSummary") or "").split())[:240]
    return f"{rule['id']}: {node['target']} {node['html'][:120]} {why}"


def addresses(browser: Browser, app: Any, known: Iterable[str]) -> tuple[str, ...]:
    """The addresses that are known, and one of every other kind of page that these lead to."""
    found: dict[Any, str] = {}
    wanted = list(known)
    for address in wanted:
        found.setdefault(address, address)
    kinds = {_kind(app, address) for address in wanted}
    for address in wanted:
        for link in re.findall(r'<a\b[^>]*?\bhref="(/[^"#]*)', browser.get(address).text):
            link = markup.unescape(link)
            kind = _kind(app, link)
            if kind and kind not in kinds and not re.search(r"\.(json|csv|md|html|svg)(\?|$)", link):
                kinds.add(kind)
                answer = browser.get(link)
                if "text/html" in answer.headers.get("content-type", ""):
                    found[kind] = link
    return (*found.values(), "/nowhere", "/cases?limit=none")


def _kind(app: Any, address: str) -> Any:
    parts = urlsplit(address)
    scope = {"type": "http", "method": "GET", "path": parts.path, "headers": []}
    name = next((one.path for one in app.routes if one.matches(scope)[0] is Match.FULL), "")
    query = tuple(sorted((k, v) for k, v in parse_qsl(parts.query) if k in TABS))
    return (name, query) if name else None


def visit(page: Page, url: str, address: str) -> Visited:
    """Look at one page in every way."""
    asked: list[str] = []
    told: list[str] = []

    def dialog(one: Any) -> None:
        told.append(f"dialog: {one.message}")
        one.dismiss()

    def request(one: Any) -> None:
        asked.append(one.url)

    def console(said: Any) -> None:
        # A page that is no page says so by its status, which a console repeats.
        if said.type == "error" and "Failed to load resource: the server responded" not in said.text:
            told.append(said.text)

    def fault(error: Any) -> None:
        told.append(str(error))

    listeners = {"dialog": dialog, "request": request, "console": console, "pageerror": fault}
    for name, listener in listeners.items():
        page.on(name, listener)  # type: ignore[call-overload]
    try:
        page.set_viewport_size({"width": WIDE, "height": 900})
        page.emulate_media(color_scheme="light", media="screen")
        answer = page.goto(address)
        assert answer is not None
        page.evaluate(OPEN_ALL)
        owned = page.locator(
            "main script, main iframe, [onerror], [onload], [onclick], a[href^='javascript' i], h1:text-is('owned'), "
            "img:not([src^='/static/'])"
        ).evaluate_all("(all) => all.map((at) => at.outerHTML)")
        loose = tuple(page.evaluate(LOOSE))
        too_wide = _too_wide(page, WIDE)
        light = findings(page)
        page.emulate_media(color_scheme="dark")
        dark = findings(page, colour_alone=True)
        page.set_viewport_size({"width": NARROW, "height": 900})
        too_wide += _too_wide(page, NARROW)
        page.emulate_media(media="print")
        bare = not page.locator("nav.main, .who, dialog, .skip").filter(visible=True).count()
        printed = len(page.locator("main").inner_text()) if bare else 0
        return Visited(
            address, answer.status, page.title(), light, dark, too_wide, printed,
            tuple(one for one in asked if not one.startswith((f"{url}/", "data:"))), tuple(told), tuple(owned),
            loose,
        )  # fmt: skip
    finally:
        for name, listener in listeners.items():
            page.remove_listener(name, listener)


def _too_wide(page: Page, width: int) -> tuple[str, ...]:
    found = page.evaluate(WIDTH)
    if found <= width:
        return ()
    return (f"{found} px at {width}: {page.evaluate(BEYOND_THE_PAGE, width)}",)
