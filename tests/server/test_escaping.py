"""Whatever somebody wrote, wherever it is shown, it stays text."""

from __future__ import annotations

import html as markup
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.operate.office import CHARTER
from tests.server.desk import PEOPLE, Desk, reply

import roadworthy as rw
from roadworthy.casework.prediction import Neighbour, Prediction
from roadworthy.casework.vocabulary import Passage
from roadworthy.gate import Waiver
from roadworthy.operate import outcomes
from roadworthy.principal import Approval, Kind, Principal, Role, Stop
from roadworthy.quantities import digest_of

OWNER = PEOPLE[Role.OWNER]
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE case_record; --",
    "{{ 7 * 7 }}{% for x in ().__class__ %}",
    "</textarea></p></pre><h1>owned</h1>",
    "javascript:alert(1)",
    "\u202egnp.exe \u200f \u200b",
    "&lt;b&gt; &#x3c;script&#x3e;",
)
OURS = re.compile(r'<script defer src="/static/roadworthy\.[0-9a-f]{16}\.js"></script>')
TAGS = re.compile(r"<(?!/?(?:html|head|meta|title|link|body|a|header|img src=\"/static|nav|span|form|input|strong|button|main|footer|section|h[1-4]|p|ul|ol|li|b|code|time|dl|div|dt|dd|details|summary|svg|rect|figure|desc|blockquote|datalist|article|aside|dialog|kbd|table|caption|thead|tbody|tr|th|td|label|select|option|textarea|fieldset|legend|br|!doctype)\b)[^\s>]*", re.IGNORECASE)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_is_written_anywhere_is_shown_as_text(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    """The hostile text stands in the message, the label, its neighbours, passages, answers, arguments,
    reasons, notes, the charter, names, the key, outcomes, stops, approvals and waivers."""

    class Found:
        def search(self, _query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
            return (Passage(hostile, hostile, hostile, 0.5, hostile, hostile),)

    near = (Neighbour(hostile, hostile, 0.5),)
    found = Prediction("intent", hostile, 0.3, hostile, 0.2, near, digest_of("model"))
    monkeypatch.setattr("tests.operate.office.Model.predict", lambda _self, _text: found)
    load = desk.office.load
    monkeypatch.setattr(
        desk.office, "load", lambda digest: replace(load(digest), retrievers={"help": Found()})
    )
    desk.office.tools["books.look"].answer = {"account": hostile}

    async def handle(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        intent = await run.predict("intent", case.data.text)
        await run.retrieve("help", case.data.text)
        await run.call("books.look", name=hostile)
        await run.ask(hostile, choices=[hostile, "other"])
        effects = [rw.effect("mail.reply", to=hostile, body=hostile)]
        return rw.Decision(hostile, confidence=0.3, because=[intent], effects=effects)

    charter = CHARTER.replace("title: Test desk", f"title: {hostile!r}".replace("\\u202e", "x")).replace(
        "objective: Test", "objective: >-\n  " + hostile.replace("\n", " ")
    )
    charter = charter if "DROP" not in hostile and "7 * 7" not in hostile else CHARTER
    release = desk.office.release(handle, charter=charter)
    key = "".join(letter for letter in hostile if letter.isprintable()).strip()
    desk.office.submit(key, hostile)
    desk.work()
    now = desk.office.clock.now()
    with desk.office.store.write() as tx:
        store = desk.office.store
        store.releases.save(tx, replace(release, note=hostile, reason=hostile))
        eve = Principal("eve", hostile, Kind.PERSON, frozenset({Role.OWNER, Role.REVIEWER}))
        store.people.add(tx, eve)
        store.evidence.add_approval(tx, Approval("A", "desk", "release", release.digest, Role.OWNER, hostile, True, hostile, now, now + timedelta(days=1)))  # fmt: skip
        store.evidence.add_waiver(tx, "desk", Waiver(hostile, hostile, hostile, hostile, "rita", True, now + timedelta(days=1)))  # fmt: skip
    browser = desk.browser(eve)
    first = desk.office.reviews(key)[0]
    question = browser.get(f"/reviews/{first.id}")
    answered = browser.submit(question, f"/reviews/{first.id}", verdict="answer", answer=hostile)
    assert answered.status_code == 303, answered.text
    desk.work()
    second = desk.open_review(key)
    outcomes.record_outcome(desk.deployment, OWNER, "desk", key, truth=hostile, source=hostile)
    # The verb refuses a tool that nothing has; what is on record may come from an earlier program.
    at = desk.deployment.now()
    with desk.office.store.write() as tx:
        thrown = Stop(desk.deployment.new_id(), f"tool:{hostile}", hostile, PEOPLE[Role.BUILDER].id, at)
        desk.office.store.switches.add(tx, thrown)
    desk.work()
    proposal = browser.get(f"/reviews/{second.id}")
    refused = browser.submit(proposal, f"/reviews/{second.id}", verdict="reject", reason="", seen=hostile)
    assert refused.status_code == 409
    pages = [
        refused, proposal, question,
        browser.get("/portfolio"), browser.get("/use-cases/desk"), browser.get("/inbox"), browser.get("/cases"),
        browser.get(f"/cases/{second.case}"), browser.get("/find", ), desk.browser().get("/sign-in?token=" + "x" * 9),
    ]  # fmt: skip
    for page in pages:
        assert page.status_code in {200, 303, 409}, page.text
        text = OURS.sub("", page.text)
        assert not TAGS.findall(text)
        assert "<script" not in text
        assert "onerror" not in re.sub(r">[^<]*<|\"[^\"]*\"", "", page.text)
        assert "<h1>owned" not in page.text
        assert ">49<" not in page.text
    assert hostile in markup.unescape(proposal.text)
    assert hostile in markup.unescape(pages[7].text)


def test_hostile_parameters_are_shown_as_text_too(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    attack = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    paths = [f"/cases?state={attack}", f"/cases?{attack}=1", f"/use-cases/{attack}", f"/reviews/{attack}", f"/{attack}", f"/find?name={attack}", f"/inbox?decided={attack}", f"/use-cases/desk?stage={attack}", f"/sign-in?token={attack}&next=/{attack}"]  # fmt: skip
    for path in paths:
        assert "<script" not in OURS.sub("", browser.get(path).text), path


def test_texts_keep_their_direction_to_themselves(desk: Desk) -> None:
    """A right-to-left mark in a message must not turn the words around it."""
    style = re.findall(r'href="(/static/style[^"]+)"', desk.browser().get("/sign-in").text)[0]
    assert "unicode-bidi: isolate" in desk.browser().get(style).text
