"""Archives as they are loaded: only what this installation built and signed ever runs."""

from __future__ import annotations

from roadworthy.errors import NotFound
from roadworthy.ledger import VerifyKey, decode
from roadworthy.ports import Store, Transaction
from roadworthy.release import Archive, Release, short, verify_release


def signed_archive(store: Store, key: VerifyKey, digest: str) -> Archive:
    """The files of a release, once its signature and its digest were found to hold.

    A release that was built before releases were signed has none; the ledger names it with its digest,
    and a ledger that was tampered with does not verify.
    Errors: ``NotFound`` RW-RELEASE-013 for an unknown digest, and those of ``verify_release``.
    """
    with store.read() as tx:
        release = store.releases.get(tx, digest)
        if release is None:
            raise NotFound("RW-RELEASE-013", f"no release `{short(digest)}`")
        archive = store.releases.archive(tx, digest)
        if not release.signature and _in_ledger(store, tx, release):
            archive.verify(release.digest)
            return archive
    verify_release(release, archive, key)
    return archive


def _in_ledger(store: Store, tx: Transaction, release: Release) -> bool:
    for entry in store.ledger.about(tx, release.digest):
        event = decode(entry.event)
        same = event.about.get("use_case") == release.use_case and event.actor == release.author
        if event.kind == "release.built" and same and event.data.get("name") == release.name:
            return True
    return False
