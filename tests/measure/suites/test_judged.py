"""The judge of an evaluation, compared with people and kept for the gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.measure.suites.test_releases import Speaker
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, Office

from roadworthy.errors import InputProblem
from roadworthy.evaluation import Evaluation, Grade, Grader, Suite, Test, Transcript
from roadworthy.measure.grading import asked
from roadworthy.measure.judging import Label
from roadworthy.measure.suites.judged import calibrate_judge, standings_of
from roadworthy.measure.suites.running import run_suite
from roadworthy.quantities import Digest, digest_of
from roadworthy.release import Release
from roadworthy.stage import Stage

JUDGED = (
    CHARTER
    + """
models:
  judge: {url: "https://models.example.com/v1", model: wise-1, read_price: 0.10 EUR, written_price: 0.20 EUR}
judge: {model: judge, kappa_min: 0.5, min_labels: 20}
conduct:
  - {id: kind, says: An answer is kind, floor: 0.5}
"""
)
OTHER = JUDGED.replace("wise-1", "wise-2")
POLITE, KIND = Grader("polite", "judge"), Grader("kind", "conduct")


class Echo:
    """A target that answers with what it is asked."""

    name = "echo"
    digest = digest_of("echo")

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        return Transcript(output=test.input["text"])


class Judge:
    """Says yes where the text does; of statements it says kept or broken."""

    @property
    def digest(self) -> Digest:
        return digest_of("judge")

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        good = str(transcript.output).startswith("good")
        said = {"verdict": "kept" if good else "broken", "asked": asked("conduct", "An answer is kind")}
        question = asked("judge", grader.options)
        return Grade.of(
            grader,
            float(good),
            "said",
            statements={"kind": said},
            standing="",
            advisory=False,
            asked=question,
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def judged(office: Office, release: Release, grader: Grader = POLITE) -> Evaluation:
    tests = [Test(f"t{at}", {"text": f"{'good' if at % 3 else 'bad'} {at}"}) for at in range(60)]
    suite = Suite.of("desk", tests, (grader,))
    return run_suite(
        office.deployment,
        BEN,
        "desk",
        suite,
        Echo(),
        release=release.digest,
        gradings={grader.kind: Judge()},
    )


def people(*, wrong_every: int = 0) -> list[Label]:
    return [
        Label(f"t{at}", "vera", bool(at % 3) != bool(wrong_every and at % wrong_every == 0))
        for at in range(60)
    ]


def test_a_judge_that_agrees_with_people_may_gate_and_is_kept_under_its_model(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    assert standings_of(office.deployment, office.charter(release.digest), [POLITE])["judge"].advisory
    found = calibrate_judge(
        office.deployment, BEN, "desk", judged(office, release).id, people(wrong_every=30)
    )
    assert not found.calibrated.standing.advisory
    with office.store.read() as tx:
        (kept,) = office.store.evidence.measurements(tx, "desk")
    assert kept.kind == "quality.judge_agreement"
    assert (kept.subject,) == office.charter(release.digest).subjects("judged")
    assert kept.subject.startswith("wise-1 ")
    assert not standings_of(office.deployment, office.charter(release.digest), [POLITE])["judge"].advisory


def test_another_model_has_to_show_it_again(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    calibrate_judge(office.deployment, BEN, "desk", judged(office, release).id, people())
    other = office.release(flows.reply, stage=Stage.DRAFT, charter=OTHER, number=2)
    assert standings_of(office.deployment, office.charter(other.digest), [POLITE])["judge"].advisory
    assert office.charter(other.digest).subjects("judged") != office.charter(release.digest).subjects(
        "judged"
    )


def test_the_same_model_at_another_address_is_another_judge(office: Office) -> None:
    here = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    there = office.release(
        flows.reply,
        stage=Stage.DRAFT,
        charter=JUDGED.replace("models.example.com", "other.example.com"),
        number=2,
    )
    first, second = (office.charter(one.digest).subjects("judged") for one in (here, there))
    assert first != second


def test_agreement_on_one_question_says_nothing_of_another(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    calibrate_judge(office.deployment, BEN, "desk", judged(office, release).id, people())
    charter = office.charter(release.digest)
    other = Grader("short", "judge", {"rubric": "is it short?"})
    assert not standings_of(office.deployment, charter, [POLITE])["judge"].advisory
    assert standings_of(office.deployment, charter, [POLITE, other])["judge"].advisory


def test_people_who_contradict_each_other_take_back_an_earlier_agreement(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    evaluation = judged(office, release)
    calibrate_judge(office.deployment, BEN, "desk", evaluation.id, people())
    office.clock.advance(timedelta(minutes=1))
    apart = [*people(), *(Label(one.answer, "rita", not one.passed) for one in people()[:40])]
    calibrate_judge(office.deployment, BEN, "desk", evaluation.id, apart)
    charter = office.charter(release.digest)
    assert standings_of(office.deployment, charter, [POLITE])["judge"].advisory
    with office.store.read() as tx:
        newest = office.store.evidence.measurements(tx, "desk")[0]
    assert newest.value == 0.0


def test_a_judge_that_guesses_may_only_advise(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    found = calibrate_judge(
        office.deployment, BEN, "desk", judged(office, release).id, people(wrong_every=2)
    )
    assert found.calibrated.standing.advisory


def test_conduct_is_corrected_by_people_statement_by_statement(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    evaluation = judged(office, release, KIND)
    found = calibrate_judge(office.deployment, BEN, "desk", evaluation.id, people(), statement="kind")
    conduct = next(fact for fact in found.facts if fact.kind == "quality.conduct")
    assert conduct.subject == "kind"
    assert conduct.value == pytest.approx(2 / 3, abs=0.05)


@pytest.mark.parametrize(
    ("charter", "more", "said"),
    [
        (CHARTER, {}, "names no judge"),
        (JUDGED, {"grader": "rude"}, "no single judged grader `rude`"),
        (JUDGED, {"statement": "brief"}, "nobody judged the statement `brief`"),
    ],
)
def test_what_was_not_judged_cannot_be_compared(
    office: Office, charter: str, more: dict[str, str], said: str
) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=charter)
    with pytest.raises(InputProblem, match=said) as refused:
        calibrate_judge(office.deployment, BEN, "desk", judged(office, release).id, people(), **more)
    assert refused.value.code == "RW-EVAL-090"


def test_an_evaluation_of_no_release_says_nothing_about_a_judge(office: Office) -> None:
    office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    suite = Suite.of("desk", [Test("t", {"text": "good"})], (POLITE,))
    found = run_suite(office.deployment, BEN, "desk", suite, Echo(), gradings={"judge": Speaker(1.0)})
    with pytest.raises(InputProblem, match="no evaluation of a release"):
        calibrate_judge(office.deployment, BEN, "desk", found.id, people())
