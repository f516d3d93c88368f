"""What a certificate covers, what it does not and in which words it says so."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import Corrupt
from roadworthy.quantities import Digest, Id, Share, digest
from roadworthy.trust import Calibration, Certificate, certify

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
RELEASE = digest(b"release")
CASE = {
    "error_kind": "intent",
    "effect": "ticket.answer",
    "slice": "de",
    "release": RELEASE,
    "score": 0.9,
    "now": NOW + timedelta(days=1),
}


@pytest.fixture(scope="module")
def certificate():
    scores = np.linspace(0, 1, 400)
    threshold = certify(
        Calibration(scores, scores < 0.3), traffic_scores=scores, alpha=Share(0.05), delta=Share(0.05)
    )
    return Certificate.issue(
        threshold,
        id=Id("01K90000000000000000000000"),
        use_case="support",
        release=RELEASE,
        error_kind="intent",
        data_digest=digest(b"sample"),
        certified_at=NOW,
        expires_at=NOW + timedelta(days=90),
        mix={"de": Share(0.7), "en": Share(0.3)},
        grader="label",
        effects=["ticket.route", "ticket.answer"],
    )


def test_it_states_the_proof_it_was_issued_on(certificate):
    assert certificate.n == 400
    assert certificate.wrong <= certificate.accepted <= 400
    assert certificate.upper <= certificate.alpha.value
    assert 0.28 < certificate.threshold < 0.3
    assert certificate.automation == pytest.approx(1 - certificate.threshold, abs=0.01)


def test_it_covers_a_sure_case_of_its_kind_and_release(certificate):
    assert certificate.covers(**CASE)
    assert certificate.why_not(**CASE) == ""
    assert certificate.covers(**{**CASE, "score": certificate.threshold})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"error_kind": "reply"}, "no certificate for errors of kind `reply`, this one covers `intent`"),
        (
            {"effect": "bank.pay"},
            "the certificate does not cover the effect `bank.pay`, only `ticket.answer`, `ticket.route`",
        ),
        ({"effect": ""}, "the certificate does not cover the effect ``"),
        (
            {"release": Digest("sha256:" + "ab" * 32)},
            f"certified for another release, `{RELEASE[7:19]}` and not `abababababab`",
        ),
        ({"now": NOW + timedelta(days=90)}, "the certificate expired on 2027-01-31"),
        ({"now": NOW - timedelta(seconds=1)}, "the certificate is valid from 2026-11-02 09:00 on"),
        ({"score": 0.25}, "confidence 0.25 is below the certified "),
        ({"score": float("nan")}, "the case has no confidence to compare with the certificate"),
        ({"score": float("inf")}, "the case has no confidence to compare with the certificate"),
    ],
)
def test_it_says_why_it_does_not_cover_a_case(certificate, change, sentence):
    assert certificate.why_not(**{**CASE, **change}).startswith(sentence)
    assert not certificate.covers(**{**CASE, **change})


def test_a_suspended_certificate_covers_nothing_and_keeps_the_first_reason(certificate):
    suspended = certificate.suspend(at=NOW + timedelta(hours=1), because="spot checks found 4 errors in 30")
    again = suspended.suspend(at=NOW + timedelta(hours=2), because="drift")
    assert again == suspended
    assert suspended.why_not(**CASE) == (
        "the certificate is suspended since 2026-11-02 10:00: spot checks found 4 errors in 30"
    )
    assert not suspended.covers(**{**CASE, "now": NOW})
    assert certificate.covers(**CASE)


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_a_surer_case_is_never_refused_where_a_less_sure_one_is_covered(certificate, one, other):
    if certificate.covers(**{**CASE, "score": one}) and one <= other < float("inf"):
        assert certificate.covers(**{**CASE, "score": other})


def test_a_certificate_of_one_slice_covers_only_its_cases(certificate):
    german = replace(certificate, slice="de")
    assert german.covers(**CASE)
    assert german.why_not(**{**CASE, "slice": "fr"}) == (
        "the certificate covers cases of the slice `de` and not of `fr`"
    )
    assert not german.covers(**{**CASE, "slice": ""})
    assert certificate.covers(**{**CASE, "slice": "fr"})


@given(st.text(max_size=12))
def test_no_effect_is_covered_that_is_not_named(certificate, effect):
    assert certificate.covers(**{**CASE, "effect": effect}) == (effect in certificate.effects)


def test_a_certificate_stored_before_effects_were_named_covers_nothing(certificate):
    old = certificate.as_json()
    for name in ("grader", "effects", "slice"):
        del old[name]
    read = Certificate.from_json(old)
    assert (read.grader, read.effects, read.slice) == ("label", (), "")
    for effect in ("ticket.answer", ""):
        assert read.why_not(**{**CASE, "effect": effect}) == (
            "the certificate covers no effect: it was given before certificates named their effects; certify again"
        )


def test_it_survives_storage_as_json(certificate):
    for stored in (
        certificate,
        certificate.suspend(at=NOW, because="drift"),
        replace(certificate, slice="de", grader="judge"),
    ):
        assert Certificate.from_json(json.loads(json.dumps(stored.as_json()))) == stored


@pytest.mark.parametrize(
    "damage",
    [
        {"threshold": "high"},
        {"wrong": 500},
        {"alpha": 5.0},
        {"mix": None},
        {"certified_at": None},
        {"certified_at": "2026-11-02T09:00:00"},
        {"unknown": 1},
        {"effects": "ticket.answer"},
        {"effects": [1]},
        {"effects": [""]},
        {"grader": ""},
        {"slice": None},
    ],
)
def test_a_damaged_certificate_is_not_read(certificate, damage):
    with pytest.raises(Corrupt) as caught:
        Certificate.from_json({**certificate.as_json(), **damage})
    assert caught.value.code == "RW-TRUST-006"
    missing = certificate.as_json()
    del missing["alpha"]
    with pytest.raises(Corrupt):
        Certificate.from_json(missing)


def test_figures_that_contradict_each_other_make_no_certificate(certificate):
    for change in (
        {"threshold": float("nan")},
        {"accepted": 401},
        {"expires_at": NOW},
        {"effects": ("",)},
        {"certified_at": NOW.replace(tzinfo=None)},
    ):
        with pytest.raises(ValueError, match=r"certificate|threshold|cannot be|names"):
            replace(certificate, **change)
