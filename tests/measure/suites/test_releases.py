"""A release put to the use case's own suites, and what the gate learns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, Office

from roadworthy.evaluation import Grade, Grader, Suite, Test, Transcript
from roadworthy.measure.suites.releases import Evaluated, evaluate_release
from roadworthy.quantities import Digest, digest_of
from roadworthy.release import Release
from roadworthy.stage import Stage

LABEL = Grader("intent", "label")
POLITE = Grader("polite", "judge", {"rubric": "is polite"})
BY_SUITE = (
    CHARTER.replace(
        "intent: {task: intent, alpha: 0.05}", "intent: {task: intent, alpha: 0.2, grader: desk.polite}"
    )
    + "suites: {desk: {floor: 0.5}}"
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


@pytest.fixture
def worked(office: Office) -> Iterator[Office]:
    """The office with somebody who works its queue while suites are asked."""
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(0.005):
            office.work()

    hand = threading.Thread(target=work)
    hand.start()
    yield office
    ending.set()
    hand.join()


class Speaker:
    """An instrument that says the same of every answer."""

    def __init__(self, value: float | None, *, advisory: bool = False) -> None:
        self._value, self._advisory = value, advisory

    @property
    def digest(self) -> Digest:
        return digest_of(["speaker", repr(self._value), self._advisory])

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        if self._value is None:
            return Grade.ungraded(grader, "says nothing", advisory=self._advisory, standing="")
        return Grade.of(grader, self._value, "said", advisory=self._advisory, standing="")


def suite(count: int, *, wrong: int = 0, graders: tuple[Grader, ...] = (LABEL,)) -> Suite:
    tests = [
        Test(
            f"t{at}",
            {"text": f"refund 0.{50 + at % 50}", "sender": f"c{at}@example.com"},
            "lost" if at < wrong else "refund",
        )
        for at in range(count)
    ]
    return Suite.of("desk", tests, graders)


def evaluated(office: Office, release: Release, asked: Suite, **more: object) -> Evaluated:
    return evaluate_release(
        office.deployment,
        BEN,
        release,
        asked,
        gradings={},
        **more,  # type: ignore[arg-type]
    )


def kinds(office: Office, release: Release) -> dict[str, float]:
    with office.store.read() as tx:
        known = office.store.evidence.measurements(tx, "desk")
    return {one.kind: one.value for one in known if one.release == release.digest}


def test_what_a_release_answers_becomes_evidence_for_the_gate(worked: Office) -> None:
    release = worked.release(flows.reply, stage=Stage.DRAFT)
    found = evaluated(worked, release, suite(20, wrong=5))
    assert kinds(worked, release) == {"quality.suite": 0.75, "quality.suite_not_worse": 1.0}
    assert found.evaluation.release == release.digest
    assert worked.tools["mail.reply"].sends == [], "nothing leaves in an evaluation"


def test_a_suite_that_is_not_the_use_cases_own_is_no_evidence(worked: Office) -> None:
    release = worked.release(flows.reply, stage=Stage.DRAFT)
    found = evaluated(worked, release, suite(20), as_evidence=False)
    assert found.measurements == ()
    assert kinds(worked, release) == {}


def test_a_release_that_is_worse_than_the_running_one_is_told_so(worked: Office) -> None:
    running = worked.release(flows.reply, number=1)
    asked = suite(80)
    evaluated(worked, running, asked)

    async def silent(case: object, run: object) -> object:
        return await flows.fax(case, run)  # type: ignore[arg-type]

    worse = worked.release(silent, stage=Stage.DRAFT, number=2)
    evaluated(worked, worse, asked)
    assert kinds(worked, worse)["quality.suite_not_worse"] == 0.0


def test_evaluated_again_it_is_a_new_record_and_the_old_one_stays(worked: Office) -> None:
    release = worked.release(flows.reply, stage=Stage.DRAFT)
    first, second = (evaluated(worked, release, suite(10)).evaluation for _ in range(2))
    assert first.id != second.id
    with worked.store.read() as tx:
        assert len(worked.store.evaluations.list(tx, "desk", finished=True).rows) == 2


@pytest.mark.parametrize(
    ("speaker", "certified"),
    [
        (Speaker(1.0), True),
        (Speaker(0.0), False),
        (Speaker(None), False),
        (Speaker(1.0, advisory=True), False),
    ],
    ids=[
        "always right",
        "always wrong",
        "ungraded counts as wrong",
        "what an adviser says counts as wrong",
    ],
)
def test_a_kind_of_error_that_a_grader_judges_is_certified_by_its_suite(
    worked: Office, speaker: Speaker, certified: bool
) -> None:
    release = worked.release(flows.reply, stage=Stage.DRAFT, threshold=None, charter=BY_SUITE)
    asked = suite(120, graders=(POLITE,))
    elsewhere = Suite.of("other", asked.tests, asked.graders)
    evaluate_release(worked.deployment, BEN, release, elsewhere, gradings={"judge": speaker})
    with worked.store.read() as tx:
        assert worked.store.evidence.certificates(tx, "desk", release=release.digest) == ()
    evaluate_release(worked.deployment, BEN, release, asked, gradings={"judge": speaker})
    with worked.store.read() as tx:
        given = worked.store.evidence.certificates(tx, "desk", release=release.digest)
    assert [one.grader for one in given] == (["desk.polite"] if certified else [])
