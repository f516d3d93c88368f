"""Only what this installation built and signed is loaded; old releases are vouched for by the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.operate.office import BEN, CHARTER, Office

from roadworthy.errors import Corrupt, NotFound
from roadworthy.operate.archives import signed_archive
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.rollout import archive_of, build
from roadworthy.operate.telling import compare, tell
from roadworthy.release import Archive, Release


def built(office: Office, text: str = "") -> Release:
    archive = archive_of({"charter.yaml": (CHARTER + text).encode()}, {})
    office.workflows[archive.digest] = None  # type: ignore[assignment]
    office.charters[archive.digest] = None  # type: ignore[assignment]
    return build(office.deployment, BEN, archive, note="x")


def load(office: Office, release: Release) -> Archive:
    return signed_archive(office.store, office.deployment.ledger_key.verifier, release.digest)


def unsigned(office: Office, release: Release, **changed: object) -> None:
    with office.store.write() as tx:
        office.store.releases.save(tx, replace(release, signature="", key="", **changed))  # type: ignore[arg-type]


def test_what_is_built_is_signed_and_loads(office: Office) -> None:
    release = built(office)
    assert release.signature
    assert load(office, release).digest == release.digest
    assert built(office) == release, "the same archive is the same release"


def test_a_release_that_was_changed_in_the_database_does_not_load(office: Office) -> None:
    release = built(office)
    with office.store.write() as tx:
        office.store.releases.save(tx, replace(release, author="mallory"))
    with pytest.raises(Corrupt) as found:
        load(office, release)
    assert found.value.code == "RW-RELEASE-008"


def test_an_unsigned_release_loads_only_where_the_ledger_says_that_it_was_built_here(
    office: Office,
) -> None:
    release = built(office)
    unsigned(office, release)
    with pytest.raises(Corrupt) as found:
        load(office, release)  # the ledger was not told yet
    assert found.value.code == "RW-RELEASE-010"
    sequence_all(office.deployment)
    assert load(office, release).digest == release.digest
    unsigned(office, release, author="mallory")
    with pytest.raises(Corrupt):
        load(office, release)


def test_a_row_that_nobody_built_does_not_load(office: Office) -> None:
    release = built(office)
    archive = Archive({"charter.yaml": b"planted"})
    with office.store.write() as tx:
        planted = replace(release, digest=archive.digest, number=9)
        office.store.releases.add(tx, planted, archive)
    with pytest.raises(Corrupt) as found:
        load(office, planted)
    assert found.value.code == "RW-RELEASE-008"
    with pytest.raises(NotFound):
        signed_archive(office.store, office.deployment.ledger_key.verifier, "sha256:" + "0" * 64)


def test_two_releases_are_told_apart_in_words(office: Office) -> None:
    built(office)
    built(office, "\nretention: 30d\n")
    found = compare(office.deployment, BEN, "desk", "r1", "r2")
    assert [one.sentence for one in found] == ["the charter's `retention` was `365d`, is now `30d`"]
    told = tell(office.deployment, BEN, "desk", "")
    assert told.release.name == "r2"
    assert set(told.files) == {"charter.yaml", "models.json"}
