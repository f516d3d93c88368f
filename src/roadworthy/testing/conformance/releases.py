"""Releases and their archives."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from roadworthy.errors import Conflict, NotFound
from roadworthy.ports import Store
from roadworthy.quantities import Share
from roadworthy.release import Archive, Rollout
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import AT, UNKNOWN, a_release, an_archive

NESTED = Archive({"policies/support.cedar": b"permit", "empty": b"", "bytes": bytes(range(256)), "ü": b"1"})


class ReleasesConformance:
    """What ``Releases`` promises."""

    def test_a_release_and_its_archive_come_back_as_they_were_stored(self, store: Store) -> None:
        with store.write() as tx:
            assert store.releases.add(tx, a_release(), NESTED)
        with store.read() as tx:
            assert store.releases.rollout(tx, "support") == Rollout((a_release(),))
            archive = store.releases.archive(tx, a_release().digest)
        assert dict(archive.files) == dict(NESTED.files)
        archive.verify(NESTED.digest)

    def test_a_known_digest_changes_nothing(self, store: Store) -> None:
        with store.write() as tx:
            assert store.releases.add(tx, a_release(), an_archive())
            assert not store.releases.add(tx, a_release(note="again"), NESTED)
            assert store.releases.rollout(tx, "support").releases[0].note == "first try"
            assert dict(store.releases.archive(tx, a_release().digest).files) == dict(an_archive().files)

    def test_releases_may_share_files(self, store: Store) -> None:
        with store.write() as tx:
            store.releases.add(tx, a_release(1), an_archive(one=b"same", two=b"same"))
            store.releases.add(tx, a_release(2), an_archive(three=b"same", four=b"other"))
            assert store.releases.archive(tx, a_release(1).digest).files["two"] == b"same"
            assert store.releases.archive(tx, a_release(2).digest).files["three"] == b"same"

    def test_an_archive_without_files_is_not_a_missing_one(self, store: Store) -> None:
        with store.write() as tx:
            store.releases.add(tx, a_release(), Archive({}))
            assert dict(store.releases.archive(tx, a_release().digest).files) == {}
            with pytest.raises(NotFound) as caught:
                store.releases.archive(tx, UNKNOWN)
        assert caught.value.code == "RW-STORE-013"

    def test_a_number_names_one_release_of_a_use_case(self, store: Store) -> None:
        with store.write() as tx:
            store.releases.add(tx, a_release(1), an_archive())
            store.releases.add(tx, replace(a_release(2), number=1, use_case="invoices"), an_archive())
        with pytest.raises(Conflict), store.write() as tx:
            store.releases.add(tx, replace(a_release(3), number=1), an_archive())

    def test_a_stage_moves_with_saving(self, store: Store) -> None:
        moved = replace(
            a_release(),
            stage=Stage.CANARY,
            share=Share(0.05),
            stage_since=AT + timedelta(days=1),
            reason="good",
            step=2,
            step_since=AT + timedelta(days=2),
            fit_until=AT + timedelta(days=3),
            signature="c2lnbmVk",
            key="ledger+00000000+AAAA",
        )
        with store.write() as tx:
            store.releases.add(tx, a_release(), an_archive())
            store.releases.save(tx, moved)
            assert store.releases.rollout(tx, "support", lock=True) == Rollout((moved,))

    def test_a_release_is_found_by_its_digest(self, store: Store) -> None:
        with store.write() as tx:
            store.releases.add(tx, a_release(), an_archive())
        with store.read() as tx:
            assert store.releases.get(tx, a_release().digest) == a_release()
            assert store.releases.get(tx, UNKNOWN) is None

    def test_what_was_never_added_cannot_be_saved(self, store: Store) -> None:
        with pytest.raises(NotFound), store.write() as tx:
            store.releases.save(tx, a_release())

    def test_the_rollout_holds_all_releases_of_one_use_case_by_number(self, store: Store) -> None:
        with store.write() as tx:
            for number in (2, 10, 1):
                store.releases.add(tx, a_release(number), an_archive())
            store.releases.add(tx, a_release(3, use_case="invoices"), an_archive())
            rollout = store.releases.rollout(tx, "support", lock=True)
            assert [release.number for release in rollout.releases] == [1, 2, 10]
            assert store.releases.rollout(tx, "nothing", lock=True) == Rollout()
            together = store.releases.rollouts(tx, ["nothing", "support"])
            assert together == {"nothing": Rollout(), "support": rollout}
            assert store.releases.rollouts(tx, []) == {}
            assert store.releases.use_cases(tx) == ("invoices", "support")
