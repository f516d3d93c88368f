"""The judge of an evaluation, compared with people and kept for the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.measure.suites.test_releases import Speaker
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, Office

from roadworthy.errors import InputProblem
from roadworthy.evaluation import Evaluation, Grade, Grader, Suite, Test, Transcript
from roadworthy.measure.judging import Label
from roadworthy.measure.suites.judged import calibrate_judge, standing_of
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
        told = {"kind": {"verdict": "kept" if good else "broken", "reason": ""}}
        return Grade.of(grader, float(good), "said", statements=told, standing="", advisory=False)


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
    assert standing_of(office.deployment, office.charter(release.digest)).advisory
    found = calibrate_judge(
        office.deployment, BEN, "desk", judged(office, release).id, people(wrong_every=30)
    )
    assert not found.calibrated.standing.advisory
    with office.store.read() as tx:
        (kept,) = office.store.evidence.measurements(tx, "desk")
    assert (kept.kind, kept.subject) == ("quality.judge_agreement", "wise-1")
    assert not standing_of(office.deployment, office.charter(release.digest)).advisory


def test_another_model_has_to_show_it_again(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, charter=JUDGED)
    calibrate_judge(office.deployment, BEN, "desk", judged(office, release).id, people())
    other = office.release(flows.reply, stage=Stage.DRAFT, charter=OTHER, number=2)
    assert standing_of(office.deployment, office.charter(other.digest)).advisory
    assert office.charter(other.digest).subjects("judged") == ("wise-2",)


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
