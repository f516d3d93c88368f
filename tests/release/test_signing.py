"""What was signed is what is stored, or it does not run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from roadworthy.errors import Corrupt
from roadworthy.ledger import SigningKey
from roadworthy.quantities import Share
from roadworthy.release import Archive, Release, sign_release, verify_release
from roadworthy.stage import Stage

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEY = SigningKey("test/ledger", b"s" * 32)
ARCHIVE = Archive({"charter.yaml": b"x: 1", "workflow.py": b"pass"})
PLAIN = Release(ARCHIVE.digest, "support", 3, "ben", "", Stage.DRAFT, Share(0), NOW, NOW)
SIGNED = sign_release(PLAIN, ARCHIVE, KEY)


def test_a_signature_holds_and_is_the_same_each_time() -> None:
    verify_release(SIGNED, ARCHIVE, KEY.verifier)
    assert sign_release(PLAIN, ARCHIVE, KEY) == SIGNED
    assert SIGNED.key == str(KEY.verifier)


def test_a_stage_moves_without_a_new_signature() -> None:
    moved = replace(SIGNED, stage=Stage.PRODUCTION, share=Share(1), reason="r", note="n")
    verify_release(moved, ARCHIVE, KEY.verifier)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (replace(SIGNED, author="mallory"), "RW-RELEASE-008"),
        (replace(SIGNED, number=4), "RW-RELEASE-008"),
        (replace(SIGNED, use_case="bank"), "RW-RELEASE-008"),
        (replace(SIGNED, signature=SIGNED.signature[:-4] + "AA=="), "RW-RELEASE-008"),
        (replace(SIGNED, signature="no base 64 ü"), "RW-RELEASE-008"),
        (replace(SIGNED, key="test/ledger+00000000+AAAA"), "RW-RELEASE-009"),
        (sign_release(PLAIN, ARCHIVE, SigningKey("test/ledger", b"t" * 32)), "RW-RELEASE-009"),
        (replace(SIGNED, signature=""), "RW-RELEASE-010"),
    ],
)
def test_a_changed_signature_key_or_content_is_corrupt(broken: Release, code: str) -> None:
    with pytest.raises(Corrupt) as found:
        verify_release(broken, ARCHIVE, KEY.verifier)
    assert found.value.code == code
    assert found.value.hint


def test_other_files_are_found_before_the_signature_is_asked() -> None:
    with pytest.raises(Corrupt) as found:
        verify_release(SIGNED, Archive({"charter.yaml": b"x: 2"}), KEY.verifier)
    assert found.value.code == "RW-RELEASE-005"


def test_a_checkpoint_of_the_ledger_is_no_signature_of_a_release() -> None:
    import base64

    forged = base64.b64encode(KEY.sign("test/ledger\n1\nroot\n")).decode()
    with pytest.raises(Corrupt):
        verify_release(replace(SIGNED, signature=forged), ARCHIVE, KEY.verifier)
