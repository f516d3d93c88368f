"""Traces reach a real collector once, in one piece and without content, whatever happens to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.operate.office import VERA, Office
from tests.operate.watching.cases import SECRET, answer, troubled_answer
from tests.operate.watching.collector import Collector, collecting

from roadworthy.adapters.otlp import OtlpExporter
from roadworthy.adapters.posting import HttpPost
from roadworthy.casework.review import Verdict
from roadworthy.errors import Unavailable
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.watching.exporting import Export, Exported


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def export(collector: Collector, *, share: float = 1.0, clock: Clock | None = None) -> Export:
    exporter = OtlpExporter(
        HttpPost(),
        f"{collector.address}/v1/traces",
        headers={"x-key": "k"},
        resource={"service.name": "desk"},
    )
    return Export(exporter, share=share, clock=clock or Clock())


def told(span: Any) -> dict[str, Any]:
    found = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        found[each.key] = [one.string_value for one in value.values] if kind == "array_value" else value
    return found


def run(office: Office, *keys: str, **more: str) -> None:
    for key in keys:
        office.submit(key, **more)
        office.later(seconds=3)
    office.work()
    sequence_all(office.deployment)


def begun(office: Office, duty: Export) -> Export:
    """The first round only notes where the ledger ends now."""
    assert duty(office.deployment) == Exported()
    return duty


def test_a_case_arrives_as_one_tree(office: Office, collector: Collector) -> None:
    office.release(answer)
    duty = begun(office, export(collector))
    run(office, "C-1")
    assert duty(office.deployment).spans == len(collector.spans)
    spans = {span.name: span for span in collector.spans}
    assert set(spans) == {
        "invoke_workflow desk", "predict intent", "execute_tool books.look", "generate reply",
        "policy mail.reply", "execute_tool mail.reply",
    }  # fmt: skip
    root = spans["invoke_workflow desk"]
    assert root.parent_span_id == b""
    assert {span.trace_id for span in collector.spans} == {root.trace_id}
    assert all(span.parent_span_id == root.span_id for name, span in spans.items() if span is not root)
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in collector.spans)
    assert told(root)["roadworthy.mode"] == "live"
    assert told(root)["gen_ai.operation.name"] == "invoke_workflow"
    assert told(spans["execute_tool mail.reply"])["roadworthy.effect.state"] == "confirmed"
    assert root.events[0].name == "gen_ai.evaluation.result"
    resource = collector.requests[0].resource_spans[0].resource
    assert {one.key: one.value.string_value for one in resource.attributes} == {"service.name": "desk"}
    assert collector.paths == ["/v1/traces"]
    assert collector.headers[0]["x-key"] == "k"


def test_no_exported_byte_holds_content_or_a_person(office: Office, collector: Collector) -> None:
    office.release(answer, threshold=None)
    office.tools["books.look"].answer = {"account": f"A-{SECRET}", "balance": 5}
    duty = begun(office, export(collector))
    run(office, "ada@example.com/1", text=f"{SECRET} 0.9", sender="ada.lovelace@example.com")
    review = office.reviews("ada@example.com/1")[0]
    decide_review(
        office.deployment, VERA, review.id, Verdict.REJECT, seen=review.proposal, reason=f"no {SECRET}"
    )
    run(office)
    for open_review in office.reviews("ada@example.com/1"):
        if open_review.state == "open":
            decide_review(
                office.deployment,
                VERA,
                open_review.id,
                Verdict.DONE,
                seen=open_review.proposal,
                reason=SECRET,
            )
    run(office)
    duty(office.deployment)
    assert collector.spans
    for word in (SECRET, "lovelace", "ada@", "ada%40", "refund 0.9", "vera", "A-1"):
        assert word.encode() not in collector.raw, word


def test_a_review_is_a_trace_of_its_own_linked_to_its_case(office: Office, collector: Collector) -> None:
    office.release(answer, threshold=None)
    duty = begun(office, export(collector))
    run(office, "C-1")
    duty(office.deployment)
    assert collector.spans == []
    office.later(minutes=20)
    review = office.reviews("C-1")[0]
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    run(office)
    duty(office.deployment)
    spans = {span.name: span for span in collector.spans}
    of_review, root = spans["review effect"], spans["invoke_workflow desk"]
    assert of_review.trace_id != root.trace_id
    assert (of_review.links[0].trace_id, of_review.links[0].span_id) == (root.trace_id, root.span_id)
    assert of_review.end_time_unix_nano - of_review.start_time_unix_nano >= 20 * 60 * 10**9
    assert told(of_review)["roadworthy.review.verdict"] == "approve"


def test_exporting_twice_sends_the_same_ids(office: Office, collector: Collector) -> None:
    office.release(answer)
    duty = begun(office, export(collector))
    run(office, "C-1", "C-2")
    duty(office.deployment)
    first = {(span.trace_id, span.span_id) for span in collector.spans}
    assert len(first) == len(collector.spans) == 12
    with office.store.write() as tx:
        position = office.store.observed.position(tx, "otlp")
        assert position is not None
        office.store.observed.move(tx, "otlp", before=position[0], to=0, at=office.deployment.now())
    duty(office.deployment)
    assert len(collector.spans) == 24
    assert {(span.trace_id, span.span_id) for span in collector.spans} == first


def test_a_dead_collector_loses_nothing_and_is_asked_less_and_less(
    office: Office, collector: Collector
) -> None:
    office.release(answer)
    clock = Clock()
    duty = begun(office, export(collector, clock=clock))
    run(office, "C-1")
    collector.answers = [503, 429, 200]
    with pytest.raises(Unavailable) as caught:
        duty(office.deployment)
    assert caught.value.code == "RW-TELEMETRY-001"
    assert duty(office.deployment) == Exported()
    assert len(collector.paths) == 1
    clock.now += 5
    with pytest.raises(Unavailable):
        duty(office.deployment)
    clock.now += 5
    assert duty(office.deployment) == Exported()
    run(office, "C-2")
    clock.now += 5
    duty(office.deployment)
    assert len({span.trace_id for span in collector.spans}) == 2


def test_nobody_listening_is_a_reason_to_try_again(office: Office) -> None:
    exporter = OtlpExporter(HttpPost(), "http://127.0.0.1:9/v1/traces", headers={}, resource={})
    office.release(answer)
    duty = begun(office, Export(exporter, share=1.0, clock=Clock()))
    run(office, "C-1")
    with pytest.raises(Unavailable) as caught:
        duty(office.deployment)
    assert caught.value.code == "RW-TELEMETRY-001"


def test_a_wrong_key_drops_nothing(office: Office, collector: Collector) -> None:
    office.release(answer)
    clock = Clock()
    duty = begun(office, export(collector, clock=clock))
    run(office, "C-1")
    collector.answers = [401]
    with pytest.raises(Unavailable) as caught:
        duty(office.deployment)
    assert caught.value.code == "RW-TELEMETRY-002"
    clock.now += 60
    assert duty(office.deployment).spans == 6


def test_what_is_too_large_goes_in_halves(office: Office, collector: Collector) -> None:
    office.release(answer)
    duty = begun(office, export(collector))
    run(office, "C-1", "C-2", "C-3")
    collector.most_spans = 5
    assert duty(office.deployment).refused == 0
    assert len(collector.spans) == 18


def test_what_the_collector_refuses_for_good_is_told_and_passed(
    office: Office, collector: Collector
) -> None:
    office.release(answer)
    duty = begun(office, export(collector))
    run(office, "C-1")
    collector.answers = [400]
    assert duty(office.deployment).refused == 6
    run(office, "C-2")
    collector.rejected = 2
    assert duty(office.deployment).refused == 2


def test_trouble_and_reviews_are_sent_whatever_the_share(office: Office, collector: Collector) -> None:
    office.release(answer)
    duty = begun(office, export(collector, share=0.0))
    run(office, "C-1")
    assert duty(office.deployment).spans == 0
    office.workflows = dict.fromkeys(office.workflows, troubled_answer)
    run(office, "C-2")
    review = office.reviews("C-2")[0]
    decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
    run(office)
    duty(office.deployment)
    (root,) = [span for span in collector.spans if span.name == "invoke_workflow desk"]
    assert root.status.code == root.status.STATUS_CODE_ERROR
    assert told(root)["error.type"] == "RW-RUN-010"


def test_the_past_is_not_sent_when_exporting_begins(office: Office, collector: Collector) -> None:
    office.release(answer)
    run(office, "C-1")
    duty = begun(office, export(collector))
    assert duty(office.deployment).spans == 0
    run(office, "C-2")
    assert duty(office.deployment).spans == 6
