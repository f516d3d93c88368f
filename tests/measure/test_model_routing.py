"""Models of a charter as facts for the gate: prices, last days, and how good each is at a task, asked directly."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, VERA, Office

from roadworthy.charter import Charter, Task, read
from roadworthy.errors import InputProblem, NotFound, Refused, Unavailable
from roadworthy.evaluation import Grader, Suite, Test
from roadworthy.gate import Mark
from roadworthy.measure.fact import keep
from roadworthy.measure.routing import (
    Known,
    Measured,
    by_charter,
    measure_models,
    model_facts,
    routed_facts,
)
from roadworthy.measure.suites.model_target import ModelTarget
from roadworthy.operate.modelcalls.qualities import qualities
from roadworthy.operate.stopping import stop
from roadworthy.operate.verdicts import verdict
from roadworthy.ports.language import Completion, Message
from roadworthy.quantities import Cost, Digest, digest_of
from roadworthy.release import Release
from roadworthy.stage import Stage
from roadworthy.usage import Tokens

WITH_MODELS = CHARTER.replace(
    "tasks:\n",
    """suites: {capitals: {floor: 0.5}}
models:
  cheap: {url: "http://127.0.0.1:1/v1", model: small-1, read_price: 0.10 EUR, written_price: 0.20 EUR}
  dear: {url: "http://127.0.0.1:1/v1", model: large-1, read_price: 1.00 EUR, written_price: 2.00 EUR}
tasks:
  capital: {kind: chat, floor: 0.8, models: [cheap, dear], suite: capitals}
""",
)


class Spoken:
    """A language model that answers by a table, wrong every so often; keeps what it was asked."""

    def __init__(self, name: str, *, wrong: int = 0, fault: Exception | None = None) -> None:
        self.name = name
        self.digest: Digest = digest_of(["spoken", name, wrong])
        self.asked: list[Sequence[Message]] = []
        self._wrong, self.fault = wrong, fault

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 1,
        schema: Mapping[str, object] | None = None,
    ) -> Completion:
        if self.fault is not None:
            raise self.fault
        self.asked.append(messages)
        number = int(messages[-1].content.split()[-1])
        text = "wrong" if number < self._wrong else "right"
        return Completion(text, Tokens(10, 2), Cost(1_400), self.name)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


@pytest.fixture
def release(office: Office) -> Release:
    return office.release(flows.reply, stage=Stage.PILOT, charter=WITH_MODELS)


def suite(count: int = 60) -> Suite:
    tests = [Test(f"t{at}", {"text": f"question {at}"}, "right") for at in range(count)]
    return Suite.of("capitals", tests, (Grader("exact", "exact"),))


def charter_of(office: Office, release: Release) -> Charter:
    return office.deployment.loader.charter(release.digest)


def measured(
    office: Office, release: Release, asked: Suite, models: Mapping[str, Spoken], **more: object
) -> tuple[Measured, ...]:
    known = by_charter(charter_of(office, release), office.clock.now().date())
    return measure_models(
        office.deployment, BEN, release, "capital", asked,
        model=models.__getitem__, known=known, gradings={}, concurrency=2, **more,
    )  # type: ignore[arg-type]  # fmt: skip


def seen(office: Office, release: Release) -> Mapping[str, object]:
    with office.store.read() as tx:
        return dict(qualities(office.deployment, tx, "desk", release.digest).get("capital", {}))


def marks(office: Office, release: Release) -> dict[str, tuple[Mark, str]]:
    found = verdict(office.deployment, BEN, "desk", release.name, Stage.SHADOW)
    return {f"{one.requirement}:{one.subject}": (one.mark, one.reason) for one in found.findings}


def test_every_model_of_a_task_answers_its_suite_and_the_gate_learns_of_the_best(
    office: Office, release: Release
) -> None:
    models = {"cheap": Spoken("small-1", wrong=30), "dear": Spoken("large-1", wrong=1)}
    cheap, dear = measured(office, release, suite(), models)
    assert (cheap.measurement.subject, cheap.measurement.value) == ("capital/cheap", 0.5)
    assert dear.measurement.n == 60
    assert dear.measurement.release == release.digest
    assert cheap.evaluation.release == "", "it is no evaluation of the release"
    assert cheap.evaluation.summary.answers_cost == (Cost(60 * 1_400),)
    found = seen(office, release)
    assert set(found) == {"cheap", "dear"}
    assert found["dear"].low == dear.measurement.interval.low  # type: ignore[attr-defined,union-attr]
    mark, reason = marks(office, release)["quality.routed:capital"]
    assert mark is Mark.PASS, reason
    assert "98.3 %" in reason


def test_where_no_model_reaches_the_floor_the_gate_holds(office: Office, release: Release) -> None:
    measured(office, release, suite(), {"cheap": Spoken("a", wrong=20), "dear": Spoken("b", wrong=15)})
    assert marks(office, release)["quality.routed:capital"][0] is Mark.HOLD


def test_what_was_never_measured_is_not_evaluated(office: Office, release: Release) -> None:
    assert marks(office, release)["quality.routed:capital"][0] is Mark.NOT_EVALUATED
    assert seen(office, release) == {}


def test_a_model_that_may_not_answer_is_not_the_best_however_good(office: Office, release: Release) -> None:
    measured(office, release, suite(), {"cheap": Spoken("a", wrong=30), "dear": Spoken("b")})
    charter = charter_of(office, release)
    known = dict(by_charter(charter, office.clock.now().date()))
    unpriced = replace(known["dear"].candidate, price=None)
    (fact,) = routed_facts(office.deployment, release, charter, {**known, "dear": Known(unpriced)})
    assert fact.detail["best"] == "cheap"
    assert fact.detail["dropped"] == {"dear": "nobody knows its price"}
    (none,) = routed_facts(office.deployment, release, charter, {"dear": Known(unpriced)})
    assert none.value == 0.0
    assert none.interval is not None
    assert none.interval.high == 0.0


def test_evidence_ends_after_its_time_and_with_the_release(office: Office, release: Release) -> None:
    measured(office, release, suite(), {"cheap": Spoken("a"), "dear": Spoken("b")})
    other = office.release(flows.reply, stage=Stage.PILOT, charter=WITH_MODELS, number=2)
    assert seen(office, other) == {}
    office.clock.advance(timedelta(days=31))
    assert seen(office, release) == {}


def test_answers_that_were_given_are_not_asked_for_again(office: Office, release: Release) -> None:
    models = {"cheap": Spoken("a"), "dear": Spoken("b")}
    measured(office, release, suite(), models)
    measured(office, release, suite(), models)
    assert len(models["cheap"].asked) == 60
    measured(office, release, suite(), models, reuse=False, only="dear")
    assert (len(models["cheap"].asked), len(models["dear"].asked)) == (60, 120)


def test_it_goes_on_where_a_model_stopped_answering(office: Office, release: Release) -> None:
    away = Unavailable("RW-LLM-006", "no answer", retry_is_safe=True)
    models = {"cheap": Spoken("a"), "dear": Spoken("b", fault=away)}
    with pytest.raises(Unavailable) as stopped:
        measured(office, release, suite(), models)
    assert stopped.value.code == "RW-EVAL-055"
    assert set(seen(office, release)) == {"cheap"}
    models["dear"].fault = None
    measured(office, release, suite(), models)
    assert len(models["cheap"].asked) == 60
    assert set(seen(office, release)) == {"cheap", "dear"}


def test_what_is_stopped_is_not_asked(office: Office, release: Release) -> None:
    stop(office.deployment, BEN, "use_case:desk", reason="looks odd")
    models = {"cheap": Spoken("a"), "dear": Spoken("b")}
    with pytest.raises(Refused) as refused:
        measured(office, release, suite(), models)
    assert refused.value.code == "RW-ROUTE-007"
    assert models["cheap"].asked == []


def test_a_refused_key_is_no_wrong_answer(office: Office, release: Release) -> None:
    refused = InputProblem("RW-LLM-003", "the server refuses the key")
    with pytest.raises(Unavailable) as stopped:
        measured(office, release, suite(), {"cheap": Spoken("a", fault=refused), "dear": Spoken("b")})
    assert "RW-ROUTE-005" in stopped.value.message
    assert seen(office, release) == {}


def test_a_refused_question_is_an_answer_that_did_not_pass(office: Office, release: Release) -> None:
    refused = InputProblem("RW-LLM-004", "too long: secret words of the question")
    cheap, _ = measured(
        office, release, suite(20), {"cheap": Spoken("a", fault=refused), "dear": Spoken("b")}
    )
    assert cheap.measurement.value == 0.0
    assert cheap.evaluation.summary.overall.errors == 20


def test_intervals_of_several_models_hold_at_once(office: Office, release: Release) -> None:
    """Wilson's interval at 1 - 0.05/2, by its closed form; z(0.9875) = 2.2414."""
    models = {"cheap": Spoken("a", wrong=6), "dear": Spoken("b")}
    cheap, _ = measured(office, release, suite(), models)
    p, n, z = 54 / 60, 60, 2.241402727604947
    centre, reach = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert cheap.measurement.interval is not None
    assert cheap.measurement.interval.low == pytest.approx((centre - reach) / (1 + z * z / n), abs=1e-9)
    assert cheap.measurement.interval.high == pytest.approx((centre + reach) / (1 + z * z / n), abs=1e-9)


def test_tests_in_clusters_widen_the_interval_further(office: Office, release: Release) -> None:
    tests = [replace(one, cluster=f"c{at // 4}") for at, one in enumerate(suite().tests)]
    clustered = Suite.of("capitals", tests, (Grader("exact", "exact"),))
    cheap, _ = measured(office, release, clustered, {"cheap": Spoken("a", wrong=6), "dear": Spoken("b")})
    passed, interval = cheap.evaluation.summary.overall.passed, cheap.measurement.interval
    assert passed is not None
    assert interval is not None
    assert interval.low < passed.interval.low
    assert interval.high >= passed.interval.high


def test_only_who_may_measure_does(office: Office, release: Release) -> None:
    known = by_charter(charter_of(office, release), date(2026, 5, 4))
    with pytest.raises(Refused):
        measure_models(
            office.deployment, VERA, release, "capital", suite(), model=Spoken, known=known, gradings={}
        )


def test_tests_that_cannot_be_asked_are_all_named_before_anything_is_asked(
    office: Office, release: Release
) -> None:
    tests = [
        Test("fine", {"text": "question 1"}, "right"),
        Test("empty", {"text": " "}, "right"),
        Test("foreign", {"body": "x"}, "right"),
        Test("turns", {"messages": [{"role": "tool", "content": "x"}]}, "right"),
    ]
    models = {"cheap": Spoken("a"), "dear": Spoken("b")}
    with pytest.raises(InputProblem) as refused:
        measured(office, release, Suite.of("capitals", tests, (Grader("exact", "exact"),)), models)
    assert refused.value.code == "RW-ROUTE-003"
    assert [one.place for one in refused.value.problems] == ["test empty", "test foreign", "test turns"]
    assert models["cheap"].asked == []


def test_a_task_or_model_that_is_not_there_is_named(office: Office, release: Release) -> None:
    known = by_charter(charter_of(office, release), date(2026, 5, 4))
    for task, only, code in (("intent", "", "RW-ROUTE-001"), ("capital", "huge", "RW-ROUTE-002")):
        with pytest.raises(NotFound) as refused:
            measure_models(
                office.deployment, BEN, release, task, suite(), model=Spoken, known=known, gradings={}, only=only
            )  # fmt: skip
        assert refused.value.code == code


def test_a_model_without_price_and_one_near_its_end_hold_the_gate(office: Office, release: Release) -> None:
    charter = charter_of(office, release)
    today = office.clock.now().date()
    known = dict(by_charter(charter, today))
    known["cheap"] = Known(
        replace(known["cheap"].candidate, price=None, retires=today + timedelta(days=30))
    )
    keep(office.deployment, BEN, release, model_facts(known, today))
    found = marks(office, release)
    assert found["cost.priced:cheap"] == (Mark.HOLD, "no")
    assert found["cost.priced:dear"] == (Mark.PASS, "yes")
    assert found["cost.retirement:cheap"] == (Mark.HOLD, "60 days short, asked at most 0 days short")
    assert found["cost.retirement:dear"][0] is Mark.PASS


@pytest.mark.parametrize(
    ("days", "deprecated", "short", "valid"),
    [(None, False, 0, 30), (None, True, 90, 30), (90, False, 0, 1), (95, False, 0, 5), (400, False, 0, 30),
     (89, False, 1, 30), (0, True, 90, 30), (-3, False, 93, 30)],
)  # fmt: skip
def test_a_last_day_is_believed_only_until_the_notice_begins(
    days: int | None, deprecated: bool, short: int, valid: float
) -> None:
    today = date(2026, 5, 4)
    charter = read(WITH_MODELS, file="charter.yaml")
    retires = None if days is None else today + timedelta(days=days)
    candidate = replace(by_charter(charter, today)["cheap"].candidate, retires=retires)
    _, fact = model_facts({"cheap": Known(candidate, deprecated)}, today)
    assert (fact.value, fact.valid_days) == (short, valid)
    assert fact.method


def target(task: Task, prompt: bytes = b"", **files: bytes) -> tuple[ModelTarget, Spoken]:
    model = Spoken("m")
    given = {task.prompt: prompt, **files} if task.prompt else {}
    return ModelTarget("t", task, model, called="m", files=given, most_written=100), model


def test_turns_of_a_test_are_asked_as_they_stand() -> None:
    asking, model = target(Task(kind="chat", floor=0.5, models=["m"]))
    turns = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "question 7"}]
    assert asking.answer(Test("a", {"messages": turns}), attempt=1, seed=1).output == "right"
    assert [list(one) for one in model.asked] == [
        [Message("system", "Be short."), Message("user", "question 7")]
    ]


def test_a_prompt_is_filled_from_the_fields_of_the_test() -> None:
    task = Task(kind="chat", floor=0.5, models=["m"], prompt="prompts/t.md")
    prompt = b"---\nvariables: {note: text}\nmax_tokens: 50\n---\nAnswer {note}.\n"
    asking, model = target(task, prompt)
    assert asking.problems([Test("a", {"other": "x"})])
    assert asking.problems([Test("a", {"note": "x", "other": "y"})]) == []
    changed, _ = target(task, prompt.replace(b"Answer", b"Say"))
    assert asking.digest != changed.digest
    assert model.asked == []


def test_a_missing_prompt_is_said_at_once() -> None:
    task = Task(kind="chat", floor=0.5, models=["m"], prompt="prompts/t.md")
    with pytest.raises(InputProblem) as refused:
        ModelTarget("t", task, Spoken("m"), called="m", files={}, most_written=10)
    assert refused.value.code == "RW-ROUTE-003"


def test_a_prompted_label_is_read_from_the_answer() -> None:
    class Labelling(Spoken):
        def complete(self, messages: Sequence[Message], **_: object) -> Completion:  # type: ignore[override]
            return Completion(json.dumps({"label": "refund"}), Tokens(5, 1), Cost(1), "m")

    task = Task(
        kind="classify",
        floor=0.5,
        text="body",
        labels=["refund", "other"],
        prompt="prompts/i.txt",
        model="m",
    )
    files = {"prompts/i.txt": b"Label {text} with one of {labels}"}
    asking = ModelTarget("t", task, Labelling("m"), called="m", files=files, most_written=10)
    found = asking.answer(Test("a", {"body": "money back"}), attempt=1, seed=1)
    assert found.label == "refund"
