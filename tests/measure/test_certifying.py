"""What is proven of a release, for which effects and slices, and when a proof has aged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, Office

from roadworthy.knowledge import INTERNAL, KEEPER, Access, Block, Document
from roadworthy.knowledge.chunking import chunks
from roadworthy.ledger import decode
from roadworthy.measure.certifying import Judged, certificates_of, content_aged, content_of
from roadworthy.measure.fact import keep
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.verdicts import verdict
from roadworthy.policy import Marking
from roadworthy.release import Release
from roadworthy.stage import Stage
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex
from roadworthy.trust import Certificate

PER_SLICE = CHARTER.replace(
    "intent: {task: intent, alpha: 0.05}", "intent: {task: intent, alpha: 0.05, per_slice: true}"
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def sample(n: int, *, error: float, slices: tuple[str, ...] = ("",), seed: int = 1) -> list[Judged]:
    """Sure answers are right more often than unsure ones; slices take turns."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0.2, 1.0, n)
    wrong = random.random(n) < error * 2 * (1 - scores)
    return [
        Judged(f"c{at}", "refund", float(score), bool(bad), slices[at % len(slices)])
        for at, (score, bad) in enumerate(zip(scores, wrong, strict=True))
    ]


def given(office: Office, release: Release) -> tuple[Certificate, ...]:
    with office.store.read() as tx:
        return office.store.evidence.certificates(tx, "desk", release=release.digest)


def shelf(count: int, *, changed: int = 0, backwards: bool = False) -> dict[str, Any]:
    """A knowledge source of so many documents, some of them changed, put in one order or the other."""
    internal = Access(Marking("untrusted", INTERNAL, "any", frozenset({"any"}), frozenset()))
    documents = [
        Document(f"a{at}", "t", (Block("paragraph", "new" if at < changed else "old"),), internal)
        for at in range(count)
    ]
    index = MemoryKnowledgeIndex()
    index.put([(one, "1", chunks(one)) for one in (documents[::-1] if backwards else documents)])
    return {"help": SimpleNamespace(index=index, keeper=KEEPER)}


def test_a_certificate_names_the_tools_whose_errors_it_stands_for(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    fact = certificates_of(office.deployment, BEN, release, "intent", sample(800, error=0.02))
    (certificate,) = given(office, release)
    assert certificate.effects == ("bank.pay", "fax.send", "mail.reply", "post.send")
    assert certificate.grader == "label"
    assert fact.value == certificate.upper <= 0.05
    assert fact.detail["effects"] == list(certificate.effects)


def test_it_says_how_many_labels_fewer_errors_and_more_automation_would_take(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    fact = certificates_of(office.deployment, BEN, release, "intent", sample(800, error=0.02))
    stricter, more = fact.detail["labels_for_half_the_errors"], fact.detail["labels_for_more_automation"]
    assert isinstance(stricter, dict)
    assert isinstance(more, dict)
    assert stricter["sentence"]
    assert more["wanted"] > 0


def test_too_few_labels_prove_nothing_and_say_how_many_are_missing(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    fact = certificates_of(office.deployment, BEN, release, "intent", sample(40, error=0.0))
    assert given(office, release) == ()
    assert fact.value == 1.0
    needed = fact.detail["labels_needed"]
    assert isinstance(needed, int)
    assert needed > 0


def test_every_slice_has_a_proof_of_its_own_and_a_thin_one_has_none(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None, charter=PER_SLICE)
    cases = sample(1_600, error=0.02, slices=("de", "en")) + [
        replace(one, key=f"fr-{one.key}", slice="fr") for one in sample(20, error=0.0)
    ]
    fact = certificates_of(office.deployment, BEN, release, "intent", cases)
    assert {one.slice for one in given(office, release)} == {"de", "en"}
    slices = fact.detail["slices"]
    assert isinstance(slices, dict)
    assert slices["fr"]["threshold"] is None
    assert slices["fr"]["labels_needed"] > 0


def test_where_proofs_are_per_slice_cases_without_one_never_get_a_proof_for_everything(
    office: Office,
) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None, charter=PER_SLICE)
    fact = certificates_of(office.deployment, BEN, release, "intent", sample(1_600, error=0.0))
    assert given(office, release) == ()
    assert "names its slice" in fact.method


def test_cases_that_nobody_here_should_answer_are_told_apart(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    cases = sample(800, error=0.02)
    cases += [Judged(f"o{at}", "out", 0.99, True, "", hidden=True) for at in range(4)]
    fact = certificates_of(office.deployment, BEN, release, "intent", cases)
    assert fact.detail["not_ours"] == {"cases": 4, "accepted": 4}


@pytest.mark.parametrize(("changed", "suspended"), [(0, False), (19, False), (25, True)])
def test_a_proof_ages_with_the_articles_it_rested_on(
    office: Office, monkeypatch: pytest.MonkeyPatch, changed: int, suspended: bool
) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    load = office.load
    monkeypatch.setattr(office, "load", lambda digest: replace(load(digest), bases=shelf(100)))
    certificates_of(office.deployment, BEN, release, "intent", sample(800, error=0.02))
    later = replace(load(release.digest), bases=shelf(100, changed=changed))
    (fact,) = content_aged(office.deployment, release, later)
    assert fact.value == pytest.approx(changed / 100)
    (certificate,) = given(office, release)
    assert (certificate.suspended_at is not None) is suspended
    if suspended:
        assert "25% of the articles changed" in certificate.suspended_because
        assert list(content_aged(office.deployment, release, later)) == [], "what is suspended stays so"
        sequence_all(office.deployment)
        kinds = [decode(entry.event).kind for entry in office.store.ledger.entries()]
        assert kinds.count("certificate.suspended") == 1


def test_a_proof_of_whose_content_nothing_is_known_has_aged(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT)
    (fact,) = content_aged(office.deployment, release, office.load(release.digest))
    assert fact.value == 1.0
    assert given(office, release)[0].suspended_at is not None


def test_content_is_the_same_whatever_order_it_is_read_in(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT)
    loaded = office.load(release.digest)
    forward = content_of(replace(loaded, bases=shelf(9)))
    assert content_of(replace(loaded, bases=shelf(9, backwards=True))) == forward


def test_the_newest_certification_speaks_alone_also_where_it_proves_nothing(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    certificates_of(office.deployment, BEN, release, "intent", sample(800, error=0.02))
    certificates_of(office.deployment, BEN, release, "intent", sample(800, error=0.02, seed=2))
    standing = [one for one in given(office, release) if one.suspended_at is None]
    assert len(standing) == 1
    certificates_of(office.deployment, BEN, release, "intent", sample(800, error=1.0, seed=3))
    assert [one for one in given(office, release) if one.suspended_at is None] == []


def test_what_an_alarm_suspended_is_not_proven_again_on_the_same_cases(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    cases = sample(800, error=0.02)
    certificates_of(office.deployment, BEN, release, "intent", cases)
    (first,) = given(office, release)
    with office.store.write() as tx:
        office.store.evidence.suspend(
            tx, first.id, at=office.clock.now(), reason="4 of 4 spot checks found an error"
        )
    fact = certificates_of(office.deployment, BEN, release, "intent", cases[:-1])
    assert fact.value == 1.0
    assert "others than those it rested on" in fact.method
    fresh = [replace(one, key=f"new-{one.key}") for one in sample(800, error=0.02, seed=5)]
    assert certificates_of(office.deployment, BEN, release, "intent", fresh).value <= 0.05


def test_a_certificate_that_was_suspended_satisfies_no_gate(office: Office) -> None:
    release = office.release(flows.reply, stage=Stage.DRAFT, threshold=None)
    keep(
        office.deployment,
        BEN,
        release,
        [certificates_of(office.deployment, BEN, release, "intent", sample(800, error=0.02))],
    )

    def mark() -> str:
        said = verdict(office.deployment, BEN, "desk", release.name, Stage.SHADOW)
        return next(str(one.mark) for one in said.findings if one.requirement == "trust.certificate")

    assert mark() == "pass"
    (first,) = given(office, release)
    with office.store.write() as tx:
        office.store.evidence.suspend(tx, first.id, at=office.clock.now(), reason="an alarm")
    assert mark() == "not evaluated"
