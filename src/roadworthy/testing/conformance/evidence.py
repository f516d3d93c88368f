"""Measurements, certificates, approvals, waivers and watches."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

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
