"""Measurements, certificates, approvals, waivers and watches."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from roadworthy.errors import Conflict, NotFound
from roadworthy.gate import Waiver
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import (
    AT,
    RELEASE,
    UNKNOWN,
    a_certificate,
    a_measurement,
    an_approval,
    id_at,
)


def a_waiver(requirement: str = "knowledge.stale") -> Waiver:
    """A waiver for one requirement."""
    return Waiver(requirement, "help-centre", "new owner", "bea", "rita", True, AT + timedelta(days=3))


class EvidenceConformance:
    """What ``EvidenceStore`` promises."""

    def test_a_measurement_comes_back_as_it_was_stored(self, store: Store) -> None:
        bare = a_measurement(2, interval=None, release="", simulated=(), detail={}, value=-1e300)
        with store.write() as tx:
            store.evidence.add(tx, a_measurement())
            store.evidence.add(tx, bare)
        with store.read() as tx:
            assert store.evidence.measurements(tx, "support") == (bare, a_measurement())

    def test_what_could_not_be_measured_stays_unmeasured(self, store: Store) -> None:
        with store.write() as tx:
            store.evidence.add(tx, a_measurement(value=float("nan")))
            (found,) = store.evidence.measurements(tx, "support")
        assert repr(asdict(found)) == repr(asdict(a_measurement(value=float("nan"))))

    def test_measurements_come_newest_first_and_bounded(self, store: Store) -> None:
        with store.write() as tx:
            for number in (2, 4, 1, 3):
                store.evidence.add(tx, a_measurement(number))
            store.evidence.add(tx, a_measurement(9, use_case="invoices"))
            found = store.evidence.measurements(tx, "support", limit=3)
        assert [measurement.id for measurement in found] == [id_at(4), id_at(3), id_at(2)]

    def test_measurements_of_one_kind_are_not_crowded_out_by_others(self, store: Store) -> None:
        with store.write() as tx:
            for number in (1, 2, 3):
                store.evidence.add(tx, a_measurement(number))
            store.evidence.add(tx, a_measurement(0, kind="business.kpi"))
            (found,) = store.evidence.measurements(tx, "support", kind="business.kpi", limit=2)
        assert found.id == id_at(0)

    def test_the_newest_are_told_of_this_release_and_of_all_others(self, store: Store) -> None:
        with store.write() as tx:
            measured: tuple[dict[str, Any], ...] = (
                {},  # 0: this release, older than 1
                {},
                {"release": ""},  # 2: of no release, newer than 1
                {"release": UNKNOWN},  # 3 and 4: another one
                {"release": UNKNOWN},
                {"at": AT + timedelta(days=9)},  # 5: from the future
                {"subject": "other"},
                {"kind": "answer.scope"},  # 7 and 8: every answer
                {"kind": "answer.scope"},
                {"kind": "answers"},  # 9: not of that theme, nor is 10
                {"kind": "answers"},
                {"use_case": "invoices"},
            )
            for number, more in enumerate(measured):
                store.evidence.add(tx, a_measurement(number, **more))
        now = AT + timedelta(hours=1)
        with store.read() as tx:
            found = store.evidence.newest(tx, "support", release=RELEASE, now=now, whole=("answer.",))
            kinds = store.evidence.newest(tx, "support", release=RELEASE, now=now, whole=("answers",))
        assert {one.id for one in found} == {id_at(n) for n in (2, 5, 6, 7, 8, 10)}
        assert {one.id for one in kinds} == {id_at(n) for n in (2, 5, 6, 8, 9, 10)}
        assert list(found) == sorted(found, key=lambda one: (one.at, one.id), reverse=True)

    def test_a_measurement_is_stored_once(self, store: Store) -> None:
        with store.write() as tx:
            store.evidence.add(tx, a_measurement())
        with pytest.raises(Conflict) as caught, store.write() as tx:
            store.evidence.add(tx, a_measurement())
        assert caught.value.code == "RW-STORE-003"

    def test_certificates_of_a_release_come_newest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in (2, 1, 3):
                store.evidence.add_certificate(tx, a_certificate(number))
            store.evidence.add_certificate(tx, a_certificate(4, release=UNKNOWN))
            store.evidence.add_certificate(tx, a_certificate(5, use_case="invoices"))
        with store.read() as tx:
            found = store.evidence.certificates(tx, "support", release=RELEASE)
        assert found == (a_certificate(3), a_certificate(2), a_certificate(1))

    def test_a_suspended_certificate_keeps_its_first_reason(self, store: Store) -> None:
        later = AT + timedelta(hours=1)
        with store.write() as tx:
            store.evidence.add_certificate(tx, a_certificate())
            store.evidence.suspend(tx, a_certificate().id, at=AT, reason="the mix shifted")
            store.evidence.suspend(tx, a_certificate().id, at=later, reason="something else")
            (found,) = store.evidence.certificates(tx, "support", release=RELEASE)
        assert found == a_certificate().suspend(at=AT, because="the mix shifted")

    def test_a_certificate_may_arrive_suspended(self, store: Store) -> None:
        suspended = a_certificate().suspend(at=AT, because="found late")
        with store.write() as tx:
            store.evidence.add_certificate(tx, suspended)
            assert store.evidence.certificates(tx, "support", release=RELEASE) == (suspended,)

    def test_an_unknown_certificate_cannot_be_suspended(self, store: Store) -> None:
        with pytest.raises(NotFound), store.write() as tx:
            store.evidence.suspend(tx, id_at(9), at=AT, reason="x")

    def test_approvals_are_found_by_what_was_approved(self, store: Store) -> None:
        with store.write() as tx:
            store.evidence.add_approval(tx, an_approval(1))
            store.evidence.add_approval(tx, an_approval(2, demo=False))
            store.evidence.add_approval(tx, an_approval(3, digest=UNKNOWN))
            store.evidence.add_approval(tx, an_approval(4, use_case="invoices"))
        with store.read() as tx:
            found = store.evidence.approvals(tx, "support", digest=RELEASE)
        assert found == (an_approval(2, demo=False), an_approval(1))

    def test_waivers_come_newest_first(self, store: Store) -> None:
        with store.write() as tx:
            store.evidence.add_waiver(tx, "support", a_waiver())
            store.evidence.add_waiver(tx, "support", a_waiver("cost.case"))
            store.evidence.add_waiver(tx, "support", a_waiver())
            store.evidence.add_waiver(tx, "invoices", a_waiver("other"))
        with store.read() as tx:
            found = store.evidence.waivers(tx, "support")
            assert found == (a_waiver(), a_waiver("cost.case"), a_waiver())
            assert store.evidence.waivers(tx, "nothing") == ()

    def test_waivers_of_one_requirement_end_at_once(self, store: Store) -> None:
        with store.write() as tx:
            store.evidence.add_waiver(tx, "support", replace(a_waiver(), expires_at=AT))
            store.evidence.add_waiver(tx, "support", a_waiver())
            store.evidence.add_waiver(tx, "support", a_waiver("cost.case"))
            store.evidence.add_waiver(tx, "invoices", a_waiver())
        later = AT + timedelta(hours=1)
        with store.write() as tx:
            assert (
                store.evidence.end_waivers(tx, "support", "knowledge.stale", "help-centre", at=later) == 1
            )
            assert (
                store.evidence.end_waivers(tx, "support", "knowledge.stale", "help-centre", at=later) == 0
            )
            assert store.evidence.end_waivers(tx, "support", "knowledge.stale", "other", at=later) == 0
        with store.read() as tx:
            ends = [one.expires_at for one in store.evidence.waivers(tx, "support")]
            assert ends == [a_waiver().expires_at, later, AT]
            assert store.evidence.waivers(tx, "invoices") == (a_waiver(),)

    def test_a_watch_begins_empty_and_keeps_what_was_saved_last(self, store: Store) -> None:
        with store.read() as tx:
            assert store.evidence.watch(tx, "support", RELEASE, "canary") == ""
        with store.write() as tx:
            assert store.evidence.watch(tx, "support", RELEASE, "canary") == ""
            store.evidence.save_watch(tx, "support", RELEASE, "canary", '{"n": 1}')
        with store.write() as tx:
            assert store.evidence.watch(tx, "support", RELEASE, "canary") == '{"n": 1}'
            store.evidence.save_watch(tx, "support", RELEASE, "canary", '{"n": 2}')
        with store.read() as tx:
            assert store.evidence.watch(tx, "support", RELEASE, "canary") == '{"n": 2}'
            assert store.evidence.watch(tx, "support", RELEASE, "drift") == ""
            assert store.evidence.watch(tx, "support", UNKNOWN, "canary") == ""
