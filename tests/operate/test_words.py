"""What is given for the record fits into it, or is refused before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operate.flows import reply
from tests.operate.office import BEN, CHARTER, OLGA, RITA, SHOP, Office, person

from roadworthy.errors import InputProblem
from roadworthy.ledger import Event, encode
from roadworthy.ledger.event import MOST_BYTES
from roadworthy.operate import access, outcomes, rollout, verdicts
from roadworthy.operate.intake import submit
from roadworthy.operate.words import LONGEST, check_words
from roadworthy.principal import Role
from roadworthy.release import Archive
from roadworthy.testing.conformance.examples import AT


@given(st.text(max_size=LONGEST))
def test_words_that_pass_fit_four_times_into_an_event(text: str) -> None:
    try:
        check_words(reason=text)
    except InputProblem:
        assert "\x00" in text
        return
    data = dict.fromkeys("abcd", text)
    assert len(encode(Event("a.happened", "ada", AT, {}, data))) <= MOST_BYTES


@pytest.mark.parametrize("text", ["\x01" * LONGEST, "\U0001f600" * LONGEST])
def test_even_the_widest_words_fit_four_times(text: str) -> None:
    check_words(reason=text)
    assert len(encode(Event("a.happened", "ada", AT, {}, dict.fromkeys("abcd", text)))) <= MOST_BYTES


def test_all_unfit_words_are_told_at_once_with_their_places() -> None:
    with pytest.raises(InputProblem) as caught:
        check_words(3, reason="four", subject="ok", asked_by="\ud800")
    assert caught.value.code == "RW-WORDS-001"
    assert [problem.place for problem in caught.value.problems] == ["reason", "asked_by"]
    assert "four" not in str(caught.value)
    check_words(3, reason="", subject="äöü")


VERBS: Mapping[str, Callable[[Any, str], object]] = {
    "abort": lambda d, text: rollout.abort_release(d, BEN, "desk", "r1", reason=text),
    "approve": lambda d, text: verdicts.approve(d, OLGA, "desk", "r1", reason=text),
    "waive": lambda d, text: verdicts.waive(
        d, RITA, "desk", "a.b", "", asked_by="ben", reason=text, valid_for=timedelta(days=1)
    ),
    "waive subject": lambda d, text: verdicts.waive(
        d, RITA, "desk", "a.b", text, asked_by="ben", reason="r", valid_for=timedelta(days=1)
    ),
    "waive requirement": lambda d, text: verdicts.waive(
        d, RITA, "desk", text, "", asked_by="ben", reason="r", valid_for=timedelta(days=1)
    ),
    "waive asked by": lambda d, text: verdicts.waive(
        d, RITA, "desk", "a.b", "", asked_by=text, reason="r", valid_for=timedelta(days=1)
    ),
    "truth": lambda d, text: outcomes.record_outcome(d, SHOP, "desk", "K-1", truth=text, source="crm"),
    "source": lambda d, text: outcomes.record_outcome(d, SHOP, "desk", "K-1", truth="refund", source=text),
    "note": lambda d, text: rollout.build(
        d, BEN, Archive({"charter.yaml": CHARTER.encode(), "workflow.py": b"#"}), note=text
    ),
    "account": lambda d, text: access.add_account(
        d, person("ann", Role.ADMIN), replace(person("zoe", Role.OWNER), name=text)
    ),
    "key": lambda d, text: access.issue(d, BEN, BEN.id, access.KEY, use_case=text),
}


@pytest.mark.parametrize("verb", VERBS)
def test_unfit_words_are_refused_and_nothing_happens(office: Office, verb: str) -> None:
    office.release(reply)
    office.submit("K-1")
    office.work()
    before = list(office.events())
    for unfit in ("x" * (LONGEST + 1), "a\x00b", "a\ud800b", "x" * 1_500_000):
        with pytest.raises(InputProblem) as caught:
            VERBS[verb](office.deployment, unfit)
        assert caught.value.code == "RW-WORDS-001"
    assert list(office.events()) == before


def test_a_message_with_thousands_of_unknown_fields_is_kept(office: Office) -> None:
    office.release(reply)
    data = {f"field {number}": "x" for number in range(20_000)}
    with pytest.raises(InputProblem) as caught:
        submit(office.deployment, SHOP, "desk", "K-1", data)
    assert caught.value.code == "RW-CASE-020"
    places = [problem.place for problem in caught.value.problems]
    assert places == [*(f"field {number}" for number in range(20)), "", "text"]
    assert caught.value.problems[20].message == "and 19980 more unknown fields"
    with office.store.read() as tx:
        [kept] = office.store.cases.rejects(tx, "desk").rows
        assert len(office.deployment.vault.open(tx, kept.input)) == 20_000
    assert len(kept.problems) == 21
    assert kept.problems[-1] == "and 2 more"
    assert list(office.events())[-1] == "case.rejected"


@pytest.mark.parametrize("name", ["x" * 1_500_000, "a\x00b", "a\ud800b"])
def test_a_message_with_an_unfit_name_of_a_field_is_kept(office: Office, name: str) -> None:
    office.release(reply)
    with pytest.raises(InputProblem) as caught:
        submit(office.deployment, SHOP, "desk", "K-1", {name: "x", "text": "refund 0.9"})
    assert caught.value.code == "RW-CASE-020"
    with office.store.read() as tx:
        [kept] = office.store.cases.rejects(tx, "desk").rows
        assert len(office.deployment.vault.open(tx, kept.input)) == 2
    assert list(office.events())[-1] == "case.rejected"


def test_a_release_of_many_files_is_on_record(office: Office) -> None:
    office.release(reply)
    files = {f"table/{number:04}/of a certain length.json": b"{}" for number in range(1_500)}
    archive = Archive({**files, "charter.yaml": CHARTER.encode(), "workflow.py": b"#"})
    with pytest.raises(InputProblem):
        rollout.build(office.deployment, BEN, archive)  # its workflow does not load here
    assert "release.built" in list(office.events())
