"""Who sealed a release: the installation's key under its digest, its files, its author and its number."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from roadworthy.errors import Corrupt
from roadworthy.ledger import SigningKey, VerifyKey
from roadworthy.quantities import canonical
from roadworthy.release.archive import Archive, short
from roadworthy.release.rollout import Release

_HINT = "restore the database from a backup, or build the release anew; it does not run until then"
_INTACT = "other releases have signatures of their own"


def statement(release: Release, archive: Archive) -> str:
    """What is signed. It cannot be taken for a checkpoint of the ledger, which the same key signs."""
    return canonical(
        {
            "signed": "roadworthy release 1",
            "use_case": release.use_case,
            "number": release.number,
            "author": release.author,
            "digest": release.digest,
            "manifest": archive.manifest,
        }
    ).decode()


def sign_release(release: Release, archive: Archive, key: SigningKey) -> Release:
    """The release with its signature. Signed twice, it is the same one."""
    signature = base64.b64encode(key.sign(statement(release, archive))).decode()
    return replace(release, signature=signature, key=str(key.verifier))


def verify_release(release: Release, archive: Archive, key: VerifyKey) -> None:
    """Nothing is returned where it holds.

    Errors: ``Corrupt``: RW-RELEASE-005 the files are not those of the digest, 008 what was signed is not
    what is stored, 009 another key signed it, 010 nobody did.
    """
    archive.verify(release.digest)
    name = f"{release.name} of {release.use_case} ({short(release.digest)})"
    if not release.signature:
        raise Corrupt(
            "RW-RELEASE-010",
            f"nobody signed release {name}",
            broken=[f"release {short(release.digest)} has no signature"],
            intact=_INTACT,
            hint=_HINT,
        )
    if release.key != str(key):
        raise Corrupt(
            "RW-RELEASE-009",
            f"release {name} was signed by another key than this installation's",
            broken=[f"key `{release.key[:120]}`, expected `{key}`"],
            intact=_INTACT,
            hint=_HINT,
        )
    try:
        signature = base64.b64decode(release.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(key.public).verify(
            signature, statement(release, archive).encode()
        )
    except (binascii.Error, ValueError, InvalidSignature):
        raise Corrupt(
            "RW-RELEASE-008",
            f"release {name} is not what was signed",
            broken=["its signature does not fit its files, its number, its author or its use case"],
            intact=_INTACT,
            hint=_HINT,
        ) from None
