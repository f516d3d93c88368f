"""A case on its page: the sentence, the tabs, what can be done, and who may do it."""

from __future__ import annotations

import html as markup
import re
from dataclasses import replace

import pytest
from tests.operate.office import VERA
from tests.server.desk import PEOPLE, Desk, reply, text_of

import roadworthy as rw
from roadworthy.operate import outcomes
from roadworthy.ports.knowledge import Forgotten
from roadworthy.principal import Role
from roadworthy.server.app import application
from roadworthy.stage import Stage

OWNER, AUDITOR, BUILDER = PEOPLE[Role.OWNER], PEOPLE[Role.AUDITOR], PEOPLE[Role.BUILDER]
TABS = ("", "timeline", "calls", "lineage", "proof", "json")


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """T-1 left alone, T-2 waits for a person."""
    desk.office.release(reply)
    desk.office.submit("T-1")
    desk.office.submit("T-2", "refund 0.2")
    desk.work()
    return desk


def path_of(desk: Desk, key: str, *, twin: str = "") -> str:
    return f"/cases/{desk.office.case(key, twin=twin).id}"


def test_the_sentence_says_what_was_done_and_why(worked: Desk) -> None:
    browser = worked.browser(OWNER)
    told = text_of(browser.get(path_of(worked, "T-1")).text)
    assert "Carried out mail.reply automatically as refund : confidence 0.900 ≥ 0.800" in told
    told = text_of(browser.get(path_of(worked, "T-2")).text)
    assert "Waits for the reviewer; proposed mail.reply as refund : " in told


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("role", [Role.OWNER, Role.AUDITOR])
def test_every_tab_is_for_everybody_who_reads_cases_and_content_for_some(
    worked: Desk, tab: str, role: Role
) -> None:
    page = worked.browser(PEOPLE[role]).get(f"{path_of(worked, 'T-1')}?tab={tab}&steps=full")
    assert page.status_code == 200
    assert page.text.count('aria-current="page"') == 1
    if tab == "":
        assert ("ada@example.com" in page.text) == (role is Role.OWNER)
    if role is Role.AUDITOR:
        assert "ada@example.com" not in page.text
    if tab == "proof":
        assert "lies under the signed head" in page.text
    if tab == "timeline":
        assert "Predicted intent" in page.text


def test_whoever_may_not_verify_sees_the_entries_and_why_they_are_not_proved(worked: Desk) -> None:
    page = worked.browser(BUILDER).get(f"{path_of(worked, 'T-1')}?tab=proof")
    assert "proofs are for who may verify the ledger" in page.text
    assert "case.accepted" in page.text


def test_lineage_is_followed_both_ways_and_taken_along(worked: Desk) -> None:
    browser, path = worked.browser(OWNER), path_of(worked, "T-1")
    page = browser.get(f"{path}?tab=lineage")
    onward = re.search(r'href="([^"]*source=model[^"]*)"', page.text)
    assert onward is not None
    uses = browser.get(markup.unescape(onward[1]))
    assert "T-2" in text_of(uses.text)
    prov = browser.get(f"{path}/prov")
    assert "attachment" in prov.headers["content-disposition"]
    assert prov.json()
    assert browser.get(f"{path}?tab=lineage&source=nothing:x").status_code == 200


def test_neighbours_keep_the_filters_of_the_list(worked: Desk) -> None:
    worked.office.submit("T-3", "refund 0.2")
    worked.work()
    browser = worked.browser(OWNER)
    page = browser.get(f"{path_of(worked, 'T-3')}?use_case=desk&state=waiting")
    assert f'href="{path_of(worked, "T-2")}?use_case=desk&amp;state=waiting" data-key="n"' in page.text
    assert 'data-key="p"' not in page.text
    listed = browser.get("/cases?use_case=desk&state=waiting")
    assert f"{path_of(worked, 'T-2')}?use_case=desk&amp;state=waiting" in listed.text


def test_a_flag_is_set_once_shown_in_the_list_and_lifted(worked: Desk) -> None:
    browser, path = worked.browser(AUDITOR), path_of(worked, "T-1")
    page = browser.get(path)
    assert browser.submit(page, f"{path}/flag", reason="why so fast?").status_code == 303
    again = browser.submit(page, f"{path}/flag", reason="and once more")
    assert again.status_code == 409
    assert "Somebody was first" in again.text
    assert "why so fast?" in browser.get(path).text
    flagged = browser.get("/cases.json?flagged=yes").json()["cases"]
    assert [(one["key"], one["flag"]) for one in flagged] == [("T-1", "why so fast?")]
    lifted = browser.submit(browser.get(path), f"{path}/unflag")
    assert lifted.status_code == 303
    assert browser.get("/cases.json?flagged=yes").json()["cases"] == []
    assert {"case.flagged", "case.unflagged"} <= set(worked.office.events())


def test_a_flag_needs_a_reason_and_what_was_typed_is_not_lost(worked: Desk) -> None:
    browser, path = worked.browser(AUDITOR), path_of(worked, "T-1")
    assert browser.submit(browser.get(path), f"{path}/flag", reason=" ").status_code == 422
    long = browser.submit(browser.get(path), f"{path}/flag", reason="x" * 501)
    assert long.status_code == 422
    assert "x" * 501 in long.text


def test_a_replay_runs_the_same_inputs_on_another_release_and_nothing_leaves(worked: Desk) -> None:
    async def other(case: rw.Case[object], run: rw.Run) -> rw.Decision:
        return rw.Decision("different", confidence=0.5)

    worked.office.release(other, stage=Stage.DRAFT, number=2)
    browser, path = worked.browser(OWNER), path_of(worked, "T-1")
    sent = list(worked.office.tools["mail.reply"].sends)
    answer = browser.submit(browser.get(path), f"{path}/replay", release="r2")
    assert answer.status_code == 303
    from roadworthy.operate import errands
    from roadworthy.server.views.case_page import replay_name

    errand = errands.look(worked.deployment, replay_name(worked.office.case("T-1").id))
    assert errand is not None
    assert errand.wait(20)
    assert errand.problem is None, errand.problem
    page = browser.get(path)
    assert "<mark>–</mark>" in page.text
    assert worked.office.tools["mail.reply"].sends == sent
    assert browser.submit(page, f"{path}/replay", release="r9").status_code == 422
    refused = worked.browser(AUDITOR)
    assert "Replaying takes the role" in refused.get(path).text
    assert refused.submit(refused.get(path).text.replace("/flag", "/replay"), f"{path}/replay", release="r2").status_code == 403  # fmt: skip


def test_an_undo_is_asked_for_once_and_somebody_else_approves_it(worked: Desk) -> None:
    browser, path = worked.browser(OWNER), path_of(worked, "T-1")
    effect = worked.office.effects("T-1")[0].id
    page = browser.get(path)
    assert browser.submit(page, f"{path}/undo", effect=effect, reason="").status_code == 422
    assert browser.submit(page, f"{path}/undo", effect=effect, reason="wrong address").status_code == 303
    again = browser.submit(page, f"{path}/undo", effect=effect, reason="wrong address")
    assert again.status_code == 409
    assert browser.submit(page, f"{path}/undo", effect="other", reason="x").status_code == 422
    review = worked.open_review("T-1")
    assert OWNER.id in review.excluded
    vera = worked.browser(PEOPLE[Role.REVIEWER])
    shown = vera.get(f"/reviews/{review.id}")
    approved = vera.submit(shown, f"/reviews/{review.id}", verdict="approve")
    assert approved.status_code == 303, approved.text
    worked.work()
    assert "mail.reply taken back later" in text_of(browser.get(path).text)
    assert "Asking for its undo takes the role" not in browser.get(path).text


def test_a_case_becomes_a_test_of_a_suite(worked: Desk) -> None:
    browser, path = worked.browser(OWNER), path_of(worked, "T-1")
    missing = browser.submit(browser.get(path), f"{path}/test", suite="hard cases", expected="")
    assert missing.status_code == 422
    assert 'value="hard cases"' in missing.text
    added = browser.submit(browser.get(path), f"{path}/test", suite="hard cases", expected="refund")
    assert added.status_code == 303
    assert '<option value="hard cases">' in browser.get(path).text


def test_a_person_is_erased_after_their_name_is_typed(worked: Desk) -> None:
    path = path_of(worked, "T-1")
    browser = worked.browser(OWNER)
    page = browser.get(path)
    wrong = browser.submit(page, f"{path}/erase", person="bob@example.com")
    assert (wrong.status_code, "not the person whom the case is about" in wrong.text) == (422, True)
    here = browser.submit(page, f"{path}/erase", person="ada@example.com")
    assert (here.status_code, "roadworthy privacy erase" in here.text) == (409, True)
    erased: list[str] = []

    def forget(subject: str) -> Forgotten:
        erased.append(subject)
        return Forgotten((), 0, None)

    worked.app = application(worked.deployment, forget=forget)
    browser = worked.browser(OWNER)
    done = browser.submit(browser.get(path), f"{path}/erase", person=" Ada@example.com ")
    assert done.status_code == 303, done.text
    assert erased == [worked.office.case("T-1").subject]
    after = browser.get(path)
    assert "content erased" in after.text
    assert f"{path}/erase" not in after.text
    assert "Erasing the person takes the role" in worked.browser(BUILDER).get(
        path_of(worked, "T-1")
    ).text or ("content erased" in worked.browser(BUILDER).get(path).text)


def test_a_run_that_only_watched_says_what_it_would_have_done_and_what_the_person_did(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.SHADOW)
    desk.office.submit("T-1")
    desk.work()
    case = desk.office.case("T-1")
    with desk.office.store.read() as tx:
        twins = desk.office.store.cases.twins(tx, "desk", "T-1")
    run = next(one for one in twins if one.twin)
    told = text_of(desk.browser(OWNER).get(f"/cases/{run.id}").text)
    assert "Would have carried out mail.reply automatically as refund : confidence 0.900 ≥ 0.800" in told
    assert "The case itself: " in told
    assert f'href="/cases/{case.id}"' in desk.browser(OWNER).get(f"/cases/{run.id}").text
    assert run.id in desk.browser(OWNER).get(f"/cases/{case.id}").text


def test_what_would_have_been_right_is_withheld_from_whoever_may_be_asked(worked: Desk) -> None:
    outcomes.record_outcome(worked.deployment, OWNER, "desk", "T-1", truth="refund", source="crm")
    assert "the right answer was" in worked.browser(AUDITOR).get(path_of(worked, "T-1")).text


def test_hostile_words_stay_words(worked: Desk) -> None:
    hostile = '<script>alert(1)</script>=HYPERLINK("x")![x](http://y)'
    browser, path = worked.browser(OWNER), path_of(worked, "T-1")
    browser.submit(browser.get(path), f"{path}/flag", reason=hostile)
    with worked.office.store.write() as tx:
        case = worked.office.store.cases.get(tx, worked.office.case("T-1").id)
        assert case is not None
        worked.office.store.cases.save(
            tx,
            replace(case, answer=hostile, reason=hostile, version=case.version + 1),
            expected=case.version,
        )
    for tab in TABS:
        page = browser.get(f"{path}?tab={tab}&state=%3Cscript%3E&source=document:%3Cscript%3Ealert(2)")
        assert page.status_code == 200
        assert not re.search(r"<script>alert", page.text)
    assert hostile in markup.unescape(browser.get(path).text)
    assert "<script>alert" not in browser.get("/cases").text


def test_the_list_counts_from_kept_figures(worked: Desk) -> None:
    from roadworthy.operate.watching.counting import count_round

    count_round(worked.deployment)
    told = worked.browser(OWNER).get("/cases.json?use_case=desk").json()["counted"]
    assert told == {"accepted": 2, "automatic": 1, "person": 0, "nobody": 0, "going": 1}


def test_the_list_names_the_release_of_each_case(worked: Desk) -> None:
    browser = worked.browser(OWNER)
    assert {one["release_name"] for one in browser.get("/cases.json").json()["cases"]} == {"r1"}
    assert 'href="/use-cases/desk/releases/r1">r1</a>' in browser.get("/cases").text


def test_a_reviewer_answers_and_the_sentence_names_them(worked: Desk) -> None:
    review = worked.open_review("T-2")
    vera = worked.browser(VERA)
    assert vera.submit(vera.get(f"/reviews/{review.id}"), f"/reviews/{review.id}", verdict="approve").status_code == 303  # fmt: skip
    worked.work()
    told = text_of(worked.browser(OWNER).get(path_of(worked, "T-2")).text)
    assert "Carried out mail.reply after vera decided as refund" in told
