"""A served installation for tests: the office of the verbs' tests behind the door, somebody of every role."""

from __future__ import annotations

import html as markup
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient
from tests.operate.office import Office

import roadworthy as rw
from roadworthy.adapters.argon2 import Argon2Passwords
from roadworthy.operate import access
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.app import application

BASE = "http://127.0.0.1"
PASSWORD = "correct horse battery"
TELLING_APART = ("verdict", "scope", "do")
"""Fields that tell apart forms of one page that lead to the same place."""
SIGNED_IN_BY_FORM = {"sec-fetch-site": "same-origin"}
PEOPLE = {
    role: Principal(
        f"the-{role.replace('_', '-')}", f"The {role.replace('_', ' ')}", Kind.PERSON, frozenset({role})
    )
    for role in Role
}
ADMIN = PEOPLE[Role.ADMIN]


async def reply(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    """Proposes an answer to the sender; a certificate covers it from confidence 0.8 on."""
    intent = await run.predict("intent", case.data.text)
    return rw.Decision(
        "answered",
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=f"about {case.data.text}")],
    )


async def letter(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    """A body of several lines."""
    body = f"Dear customer,\n\n{case.data.text}\n\nYour desk"
    return rw.Decision(
        "x", confidence=0.1, effects=[rw.effect("mail.reply", to=case.data.sender, body=body)]
    )


async def ask(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    colour = await run.ask("which colour?", choices=["red", "blue"])
    return rw.Decision(
        colour, confidence=1.0, effects=[rw.effect("mail.reply", to=case.data.sender, body=colour)]
    )


@cache
def hashed_password() -> str:
    """Hashed once: a hash is made to be slow."""
    return Argon2Passwords().hash(PASSWORD)


class Desk:
    """The office, its application, and browsers and machines that use it."""

    def __init__(self, folder: Path, *, address: str = "") -> None:
        self.folder = folder
        self.office = Office(folder, address=address)
        self.deployment = replace(self.office.deployment, passwords=Argon2Passwords())
        self.app = application(self.deployment)
        with self.office.store.write() as tx:
            for person in PEOPLE.values():
                self.office.store.people.add(tx, person, password_hash=hashed_password())

    def key(self, who: Principal, *, use_case: str = "") -> str:
        return access.issue(self.deployment, ADMIN, who.id, access.KEY, use_case=use_case)

    def link(self, who: Principal) -> str:
        return access.issue(self.deployment, ADMIN, who.id, access.LINK)

    def machine(self, who: Principal, *, use_case: str = "") -> Machine:
        return Machine(self.app, self.key(who, use_case=use_case))

    def browser(self, who: Principal | None = None) -> Browser:
        browser = Browser(self.app)
        if who is not None:
            session = access.issue(self.deployment, ADMIN, who.id, access.SESSION)
            browser.client.cookies.set("roadworthy_session", session, domain="127.0.0.1", path="/")
        return browser

    def work(self) -> None:
        self.office.work()
        sequence_all(self.deployment)

    def open_review(self, key: str) -> Any:
        return next(review for review in self.office.reviews(key) if review.state == "open")


class Browser:
    """Somebody's browser: keeps cookies, fills in the forms it is shown, follows nothing by itself."""

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, base_url=BASE, follow_redirects=False)

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=headers)

    def submit(self, page: Response | str, target: str, **fields: str) -> Response:
        """Send the form of a page that leads to ``target`` (the first whose fields fit), with these fields."""
        html = page if isinstance(page, str) else page.text
        return self.client.post(
            target, data={**hidden(html, target, fields), **fields}, headers=SIGNED_IN_BY_FORM
        )


class Machine:
    """A program with a key."""

    def __init__(self, app: Any, key: str) -> None:
        self.client = TestClient(
            app, base_url=BASE, follow_redirects=False, headers={"Authorization": f"Bearer {key}"}
        )

    def get(self, path: str) -> Response:
        return self.client.get(path)

    def post(self, path: str, body: object, **headers: str) -> Response:
        return self.client.post(
            path, json=body, headers={name.replace("_", "-"): v for name, v in headers.items()}
        )


def forms(html: str) -> list[tuple[str, str]]:
    """(target, markup) of every form that posts."""
    return re.findall(r'<form[^>]*method="post" action="([^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL)


def hidden(html: str, target: str, fields: dict[str, str]) -> dict[str, str]:
    """The hidden fields of the form to ``target``; with several, of the one that agrees with ``fields``."""
    for action, inside in forms(html):
        if action != target:
            continue
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', inside)
        values = {name: markup.unescape(value) for name, value in found}
        if all(values.get(name) in {None, fields.get(name, values.get(name))} for name in TELLING_APART):
            return values
    raise AssertionError(f"no form leads to {target} with {fields}")


def text_of(html: str) -> str:
    """What of a page can be read."""
    return re.sub(r"\s+", " ", markup.unescape(re.sub(r"<[^>]+>", " ", html)))
