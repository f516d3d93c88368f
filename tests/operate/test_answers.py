"""Owners' answers: dated, attributed, running out, and never counted for anybody else's charter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.operate.flows import reply
from tests.operate.office import BEN, CHARTER, OLGA, RITA, SHOP, START, VERA, Office, person

from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.evidence import Measurement
from roadworthy.gate import Mark
from roadworthy.operate.answers import answer, notes, standing
from roadworthy.operate.roadmaps import pace, road_ahead
from roadworthy.operate.verdicts import verdict
from roadworthy.principal import Principal, Role
from roadworthy.release import Release
from roadworthy.stage import Stage

CALL, FALLBACK, DPIA = "operation.on_call", "business.fallback", "compliance.dpia"


async def works(case: object) -> None:
    """Never run."""


@pytest.fixture
def release(office: Office) -> Release:
    return office.release(works, stage=Stage.SHADOW)


def says(
    office: Office, release: Release, who: Principal, row: str, *, yes: bool | None = True, note: str = "see the wiki",
    until: date | None = None,
) -> Measurement:  # fmt: skip
    return answer(office.deployment, who, "desk", release.name, row, yes=yes, note=note, until=until)


def mark(office: Office, release: Release, row: str) -> tuple[Mark, tuple[str, ...]]:
    concluded = verdict(office.deployment, OLGA, "desk", release.name, Stage.CANARY)
    return next(f.mark for f in concluded.findings if f.requirement == row), concluded.notes


def test_a_yes_of_the_owner_passes_the_row_until_it_runs_out(office: Office, release: Release) -> None:
    assert mark(office, release, CALL)[0] is Mark.NOT_EVALUATED
    given = says(office, release, BEN, CALL)
    assert given.method == "answered by ben"
    assert given.release == ""
    assert mark(office, release, CALL) == (Mark.PASS, ())
    office.clock.advance(timedelta(days=180))
    assert mark(office, release, CALL)[0] is Mark.NOT_EVALUATED


def test_a_no_holds_the_row_and_the_newest_answer_counts(office: Office, release: Release) -> None:
    says(office, release, OLGA, FALLBACK)
    office.clock.advance(timedelta(hours=1))
    says(office, release, OLGA, FALLBACK, yes=False)
    assert mark(office, release, FALLBACK)[0] is Mark.HOLD


def test_an_answer_is_believed_through_the_day_that_is_named(office: Office, release: Release) -> None:
    given = says(office, release, BEN, CALL, until=START.date())
    assert given.valid_until == START.replace(hour=0) + timedelta(days=1)
    last = (START + timedelta(days=180)).date()
    assert says(office, release, BEN, CALL, until=last).valid_until == START + timedelta(days=180)


def test_everything_wrong_with_an_answer_is_told_at_once(office: Office, release: Release) -> None:
    with pytest.raises(InputProblem) as refused:
        says(office, release, BEN, CALL, yes=None, note="  ", until=date(2036, 1, 1))
    assert refused.value.code == "RW-ROADMAP-002"
    assert [one.place for one in refused.value.problems] == ["yes", "note", "until"]
    with pytest.raises(InputProblem, match="is over"):
        says(office, release, BEN, CALL, until=START.date() - timedelta(days=1))


def test_a_note_that_cannot_be_kept_is_refused(office: Office, release: Release) -> None:
    with pytest.raises(InputProblem) as refused:
        says(office, release, BEN, CALL, note="x" * 2_001)
    assert refused.value.code == "RW-WORDS-001"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("operation.oncall", "did you mean `operation.on_call`"),
        ("zzz", "rows that are answered: business.scope"),
        ("quality.accuracy", "pilot labelled cases"),
    ],
)
def test_a_row_that_nobody_answers_names_the_one_that_was_meant(
    office: Office, release: Release, row: str, told: str
) -> None:
    with pytest.raises(NotFound) as refused:
        says(office, release, BEN, row)
    assert refused.value.code == "RW-ROADMAP-001"
    assert told in refused.value.hint


@pytest.mark.parametrize("who", [OLGA, RITA])
def test_only_the_owner_whom_the_charter_names_answers(
    office: Office, release: Release, who: Principal
) -> None:
    with pytest.raises(Refused) as refused:
        says(office, release, who, CALL)
    assert refused.value.code == "RW-ROADMAP-003"
    assert "names ben as its support owner" in refused.value.reasons[0]


def test_nobody_without_a_role_and_no_machine_answers(office: Office, release: Release) -> None:
    for who in (VERA, SHOP):
        with pytest.raises(Refused, match="not allowed"):
            says(office, release, who, CALL)
    robot = replace(BEN, kind=SHOP.kind)
    with pytest.raises(Refused, match="needs a person"):
        says(office, release, robot, CALL)


def test_an_owner_without_the_role_for_it_does_not_answer(office: Office) -> None:
    named = office.release(works, stage=Stage.SHADOW, charter=CHARTER.replace("risk: rita", "risk: ben"))
    with pytest.raises(Refused) as refused:
        says(office, named, BEN, DPIA)
    assert "risk_officer" in refused.value.message


def test_the_answer_of_whom_another_charter_names_does_not_count_here(
    office: Office, release: Release
) -> None:
    says(office, release, BEN, CALL)
    with office.store.write() as tx:
        office.store.people.add(tx, person("mona", Role.OPERATOR))
    other = office.release(
        works, number=2, stage=Stage.DRAFT, charter=CHARTER.replace("support: ben", "support: mona")
    )
    assert mark(office, release, CALL)[0] is Mark.PASS
    assert mark(office, other, CALL)[0] is Mark.NOT_EVALUATED


def test_a_measurement_that_only_looks_like_an_answer_passes_nothing(
    office: Office, release: Release
) -> None:
    given = says(office, release, BEN, CALL)
    forged = replace(given, id=office.deployment.new_id(), kind="answer.fallback", detail={})
    stranger = replace(
        given, id=office.deployment.new_id(), kind="answer.fallback", detail={"by": "nobody"}
    )
    unknown = replace(given, id=office.deployment.new_id(), kind="answer.something")
    charter = office.charter(release.digest)
    with office.store.read() as tx:
        kept, shown = standing(office.deployment, tx, charter, [forged, stranger, unknown, given])
    assert kept == (given,)
    assert shown == ()


def test_an_answer_to_a_question_in_other_words_does_not_count(office: Office, release: Release) -> None:
    given = says(office, release, BEN, CALL)
    asked = office.deployment.requirements
    other = tuple(
        replace(row, question="Is there anybody?") if row.id == CALL else row for row in asked.requirements
    )
    reworded = replace(office.deployment, requirements=replace(asked, requirements=other))
    with office.store.read() as tx:
        kept, _ = standing(reworded, tx, office.charter(release.digest), [given])
    assert kept == ()


def test_the_answer_of_a_demo_account_counts_and_is_shown(office: Office) -> None:
    demo = replace(person("dora", Role.OPERATOR), demo=True)
    with office.store.write() as tx:
        office.store.people.add(tx, demo)
    release = office.release(
        works, stage=Stage.SHADOW, charter=CHARTER.replace("support: ben", "support: dora")
    )
    says(office, release, demo, CALL)
    assert mark(office, release, CALL) == (Mark.PASS, ("answer given by demo account dora",))


def test_the_note_is_sealed_and_erased_with_its_author(office: Office, release: Release) -> None:
    given = says(office, release, BEN, CALL, note="rota on page 7")
    assert "page 7" not in str(given)
    with office.store.read() as tx:
        assert notes(office.deployment, tx, [given]) == {given.id: "rota on page 7"}
    vault = office.deployment.vault
    with office.store.write() as tx:
        vault.erase(tx, vault.pseudonym("account ben"), at=office.clock.now())
    with office.store.read() as tx:
        assert notes(office.deployment, tx, [given]) == {given.id: "(erased)"}


def test_the_roadmap_of_a_release_is_its_verdicts_with_the_notes(office: Office, release: Release) -> None:
    says(office, release, BEN, CALL, note="rota on page 7")
    made, told = road_ahead(office.deployment, OLGA, "desk", release.name, hours_a_week={"ben": 20})
    concluded = verdict(office.deployment, OLGA, "desk", release.name, Stage.PRODUCTION)
    assert {step.name for step in made.missing} == {
        f"{f.requirement} {f.subject}".strip() for f in concluded.open
    }
    assert list(told.values()) == ["rota on page 7"]
    assert next(step for step in made.missing if step.requirement == FALLBACK).account == "olga"
    with pytest.raises(Refused):
        road_ahead(office.deployment, SHOP, "desk", release.name)


def test_hours_of_strangers_and_weeks_that_are_too_long_are_told_together(
    office: Office, release: Release
) -> None:
    with pytest.raises(InputProblem) as refused:
        road_ahead(office.deployment, OLGA, "desk", release.name, hours_a_week={"bne": 4, "ben": 200})
    assert refused.value.code == "RW-ROADMAP-004"
    assert len(refused.value.problems) == 2


def test_without_live_cases_nothing_is_said_about_pace(office: Office, release: Release) -> None:
    with office.store.read() as tx:
        found = pace(office.deployment, tx, "desk")
    assert (found.n, found.p95_seconds, found.busiest_hour) == (0, None, 0)


def test_pace_is_told_by_live_cases_that_left_alone(office: Office) -> None:
    office.release(reply)
    for number in range(30):
        office.submit(f"C-{number}", "loan 0.9" if number < 25 else "loan 0.1", sender="a@example.org")
        office.later(seconds=number if number < 25 else 900)
        office.work()
    with office.store.read() as tx:
        found = pace(office.deployment, tx, "desk")
    assert (found.n, found.p95_seconds, found.busiest_hour) == (25, 23.0, 25)
