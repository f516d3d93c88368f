"""An evaluation for the pages: four tests of which one came out wrong, with answers that are sealed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.server.desk import PEOPLE, Desk

from roadworthy.evaluation import Grade, Grader, Suite, Test, Transcript
from roadworthy.measure.suites.recording import finish
from roadworthy.ports.evaluating import EvaluationRecord, Placed, ResultRecord
from roadworthy.principal import Role
from roadworthy.quantities import Cost, digest_of

ANSWERS = ("fine", "fine", "fine", "<script>alert(1)</script> =HYPERLINK(1) ![x](http://evil.example/y)")


def evaluated(
    desk: Desk,
    *,
    suite: str = "letters",
    release: str = "",
    answers: Sequence[str] = ANSWERS,
    finished: bool = True,
) -> str:
    """Its id. What is not ``fine`` came out wrong."""
    deployment = desk.deployment
    grader = Grader("same", "exact")
    tests = tuple(Test(f"t-{number}", {"text": "hello"}, "fine") for number, _ in enumerate(answers))
    asked = Suite.of(suite, tests, (grader,))
    with desk.office.store.write() as tx:
        record = desk.office.store.evaluations.begin(
            tx,
            EvaluationRecord(
                id=deployment.new_id(),
                use_case="desk",
                suite=suite,
                suite_digest=asked.digest,
                target="a <b>target</b>",
                target_digest=digest_of([release, *answers]),
                graders=digest_of("graders"),
                repeats=1,
                seed=1,
                principal="ben",
                started_at=deployment.now(),
                release=release,
            ),
        )
        grades = [Grade("same", float(said == "fine"), said == "fine", "compared") for said in answers]
        sealed = deployment.vault.seal(
            tx,
            "",
            {
                "answers": [json.dumps(Transcript(output=said).as_json()) for said in answers],
                "words": [json.dumps([["same", f"said {said}", {}]]) for said in answers],
            },
        )
        desk.office.store.evaluations.add_results(
            tx,
            record.id,
            [
                ResultRecord(
                    test.id,
                    1,
                    "passed" if grade.passed else "failed",
                    (Grade("same", grade.value, grade.passed, ""),),
                    Placed(sealed.id, place),
                    Placed(sealed.id, place),
                    Cost(1_000),
                    0.1,
                )
                for place, (test, grade) in enumerate(zip(tests, grades, strict=True))
            ],
        )
    if finished:
        finish(deployment, PEOPLE[Role.BUILDER], asked, record, ())
    return record.id
