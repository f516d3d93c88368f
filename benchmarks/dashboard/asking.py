"""Asks every page of a served installation, again and again, and says how long it took and how large it was."""

from __future__ import annotations

import gzip
import html as markup
import http.client
import itertools
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from roadworthy.server.screens import PAGES

MOST_ADDRESSES = 40
"""Of one page: filters and things that it is asked with."""
_LINK = re.compile(r'<a\b[^>]*?\bhref="(/[^"#]*)')
_FORM = re.compile(r'<form\b(?![^>]*method="post")[^>]*action="(/[^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
_SELECT = re.compile(r'<select\b[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
_OPTION = re.compile(r'<option\b[^>]*?value="([^"]*)"')
_LOADED = re.compile(
    r'<(?:script|img|iframe|source|video|audio)\b[^>]*?\bsrc="([^"]+)"|<link\b[^>]*?\bhref="([^"]+)"'
)
_FOREIGN_CODE = re.compile(
    rb"""(?:url\(|@import|fetch\(|["'`(=])\s*["']?((?:https?:)?//[a-z0-9.-]+)""", re.IGNORECASE
)
_NAMESPACE = b"http://www.w3.org"


@dataclass
class Asked:
    """What one page took and weighed, over all of its addresses."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    quiet_ms: list[float] = field(default_factory=list)
    by_address: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    gzip_bytes: int = 0
    load_bytes: int = 0
    statuses: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        """As figures."""
        slowest = max(self.by_address, key=lambda one: quantile(self.by_address[one], 0.5), default="")
        return {
            "addresses": len(self.by_address),
            "asked": len(self.wall_ms),
            "p50_ms": round(quantile(self.wall_ms, 0.5), 1),
            "p95_ms": round(quantile(self.wall_ms, 0.95), 1),
            "max_ms": round(max(self.wall_ms, default=0), 1),
            "quiet_p95_ms": round(quantile(self.quiet_ms, 0.95), 1),
            "cpu_p50_ms": round(quantile(self.cpu_ms, 0.5), 1),
            "cpu_p95_ms": round(quantile(self.cpu_ms, 0.95), 1),
            "page_kb": round(self.gzip_bytes / 1024, 1),
            "first_load_kb": round(self.load_bytes / 1024, 1),
            "statuses": sorted(self.statuses),
            "slowest": slowest,
            "slowest_p50_ms": round(quantile(self.by_address.get(slowest, []), 0.5), 1),
        }


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that so large a share does not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Browser:
    """One connection that stays open, signed in as somebody."""

    def __init__(self, address: str, session: str) -> None:
        at = urlsplit(address)
        self._connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=120)
        self._headers = {"Cookie": f"roadworthy_session={session}"}
        self._files: dict[str, bytes] = {}
        self.quiet_ms = 0.0
        """What the last answer would have taken, had nobody else used the machine."""

    def get(self, path: str) -> tuple[int, bytes, float, float]:
        """Status, body, and the milliseconds the application took: of the clock, and of the processor."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        told = dict(re.findall(r"(\w+);dur=([\d.]+)", answer.headers.get("server-timing", "")))
        self.quiet_ms = float(told.get("quiet", 0))
        return answer.status, body, float(told.get("app", 0)), float(told.get("cpu", 0))

    def file(self, path: str) -> bytes:
        """A static file, asked for once."""
        if path not in self._files:
            self._files[path] = self.get(path)[1]
        return self._files[path]


def page_of(path: str) -> str:
    """The name of the page that answers a path; empty for what is none."""
    for page in PAGES:
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", page.path), path):
            return page.name
    return ""


def addresses(browser: Browser, known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What to ask: each page as its own links and filters lead to it, and with what is ``known`` of the store.

    A page with a part in its path that nothing leads to is asked with nothing, and said to be so.
    """
    found: dict[str, dict[str, None]] = {page.name: {} for page in PAGES}
    for page in PAGES:
        if "{" not in page.path:
            found[page.name][page.path] = None
        for address in known.get(page.name, ()):
            found[page.name][address] = None
    looked_at: set[str] = set()
    for _ in range(2):  # what the pages lead to, and what those lead to
        for address in [one for page in found.values() for one in list(page)[:3]]:
            if address in looked_at:
                continue
            looked_at.add(address)
            status, body, _, _ = browser.get(address)
            if status == 200:
                for link in _leads_to(body.decode()):
                    name = page_of(urlsplit(link).path)
                    if name:
                        found[name][link] = None
    return {name: _some(list(links)) for name, links in found.items()}


def _some(links: list[str]) -> list[str]:
    """At most so many, the first ones always among them: a seeded choice, so that two runs ask the same."""
    if len(links) <= MOST_ADDRESSES:
        return links
    draw = random.Random(3)
    return [*links[:5], *draw.sample(links[5:], MOST_ADDRESSES - 5)]


def _leads_to(html: str) -> list[str]:
    links = [markup.unescape(link) for link in _LINK.findall(html)]
    for action, inside in _FORM.findall(html):
        selects = {name: _OPTION.findall(options) for name, options in _SELECT.findall(inside)}
        names = list(selects)
        chosen = [{name: value} for name in names for value in selects[name]]
        for one, other in itertools.combinations(names, 2):
            chosen += [{one: a, other: b} for a in selects[one] for b in selects[other]]
        if len(names) > 2:
            draw = random.Random(5)
            chosen += [{name: draw.choice(selects[name] or [""]) for name in names} for _ in range(20)]
        before = dict(parse_qsl(urlsplit(markup.unescape(action)).query))
        for choice in chosen:
            query = urlencode({**before, **{k: markup.unescape(v) for k, v in choice.items() if v}})
            path = urlsplit(action).path
            links.append(f"{path}?{query}" if query else path)
    return links


def ask_all(browser: Browser, wanted: Mapping[str, list[str]], times: int) -> dict[str, Asked]:
    """Every address once to warm up, then ``times`` rounds over all of them."""
    told: dict[str, Asked] = {name: Asked() for name in wanted}
    for name, links in wanted.items():
        for link in links:
            status, body, _, _ = browser.get(link)
            _weigh(browser, told[name], link, status, body)
    for _ in range(times):
        for name, links in wanted.items():
            for link in links:
                status, _, wall, cpu = browser.get(link)
                told[name].statuses.add(status)
                told[name].wall_ms.append(wall)
                told[name].cpu_ms.append(cpu)
                told[name].quiet_ms.append(browser.quiet_ms)
                told[name].by_address[link].append(wall)
    return told


def _weigh(browser: Browser, told: Asked, link: str, status: int, body: bytes) -> None:
    if status >= 500 or status == 404:
        told.faults.append(f"{link}: {status}")
    html = body.decode()
    files = {markup.unescape(a or b) for a, b in _LOADED.findall(html)}
    size = len(gzip.compress(body))
    load = size
    for file in sorted(files):
        if not file.startswith("/") or file.startswith("//"):
            told.faults.append(f"{link}: loads `{file[:80]}`")
            continue
        content = browser.file(file)
        load += len(gzip.compress(content))
        told.faults += [f"{file}: names {host!r}" for host in foreign(content)]
    told.gzip_bytes, told.load_bytes = max(told.gzip_bytes, size), max(told.load_bytes, load)


def foreign(content: bytes) -> list[str]:
    """Other hosts that a style sheet or a script names."""
    return [host.decode() for host in _FOREIGN_CODE.findall(content) if not host.startswith(_NAMESPACE)]
