"""Checkpoints are signed as other tools do it, and nothing of a signed note can be altered unseen."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.ledger import EMPTY_ROOT, Checkpoint, SigningKey, VerifyKey, open_note, sign
from roadworthy.ledger.note import MOST_SIGNATURES, claimed_size

ORIGIN = "example.org/ledger"
KEY = SigningKey(ORIGIN, bytes(range(32)))
OTHER = SigningKey(ORIGIN, bytes(32))
CHECKPOINT = Checkpoint(ORIGIN, 4_711, bytes(range(100, 132)))
NOTE = sign(CHECKPOINT, KEY)

# The key and the signed text of the reference implementation of the note format (golang.org/x/mod/sumdb/note).
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
NEUMANN_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
NEUMANN_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def code_of(note: str, key: VerifyKey = KEY.verifier) -> str:
    with pytest.raises(Corrupt) as caught:
        open_note(note, key)
    return caught.value.code


def test_a_signed_checkpoint_opens_to_itself() -> None:
    assert open_note(NOTE, KEY.verifier) == CHECKPOINT


def test_a_checkpoint_signed_twice_is_the_same_text() -> None:
    assert sign(CHECKPOINT, KEY) == NOTE


def test_a_note_has_the_lines_of_the_format() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "4711", b64encode(CHECKPOINT.root).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


def test_key_id_and_signature_are_those_of_the_reference_implementation() -> None:
    key = SigningKey("PeterNeumann", NEUMANN_SEED)
    assert str(key.verifier) == NEUMANN
    assert VerifyKey.parse(NEUMANN) == key.verifier
    signature = key.verifier.id + key.sign(NEUMANN_TEXT)
    assert b64encode(signature).decode() == NEUMANN_SIGNATURE


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    note = f"{NEUMANN_TEXT}\n— PeterNeumann {NEUMANN_SIGNATURE}\n"
    assert code_of(note, VerifyKey.parse(NEUMANN)) == "RW-LEDGER-010"


def test_a_key_is_read_as_it_is_written() -> None:
    assert VerifyKey.parse(f" {KEY.verifier}\n") == KEY.verifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        NEUMANN[:-1],
        NEUMANN[1:],
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("c74f20a3", "C74F20A3"),
        NEUMANN.replace("+AR", "+ZR"),
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        NEUMANN.replace("Peter", "Peter "),
    ],
)
def test_a_mangled_key_is_refused(text: str) -> None:
    with pytest.raises(InputProblem) as caught:
        VerifyKey.parse(text)
    assert caught.value.code == "RW-LEDGER-002"


def test_a_key_never_shows_its_secret() -> None:
    assert "seed" not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_no_bit_of_a_note_can_be_flipped(place: int, bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[place] ^= 1 << bit
    with pytest.raises(Corrupt):
        open_note(raw.decode(errors="surrogateescape"), KEY.verifier)


def test_no_character_of_the_signature_has_a_second_spelling() -> None:
    # 68 bytes leave two unused bits in the last character before the padding.
    head, last, tail = NOTE[:-3], NOTE[-3], NOTE[-2:]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for other in alphabet.replace(last, ""):
        with pytest.raises(Corrupt):
            open_note(head + other + tail, KEY.verifier)


def test_another_key_is_named() -> None:
    with pytest.raises(Corrupt) as caught:
        open_note(sign(CHECKPOINT, OTHER), KEY.verifier)
    assert caught.value.code == "RW-LEDGER-011"
    assert OTHER.verifier.id.hex() in caught.value.message
    assert f"expected `{ORIGIN}+{KEY.verifier.id.hex()}`" in caught.value.message


def test_another_key_under_our_id_does_not_pass() -> None:
    text = CHECKPOINT.text
    forged = b64encode(KEY.verifier.id + OTHER.sign(text)).decode()
    assert code_of(f"{text}\n— {ORIGIN} {forged}\n") == "RW-LEDGER-012"


def test_a_larger_size_under_the_old_signature_is_told_as_altered() -> None:
    assert code_of(NOTE.replace("4711", "4712")) == "RW-LEDGER-012"


def test_lines_of_unknown_keys_are_ignored() -> None:
    stranger = sign(Checkpoint("witness.example", 1, EMPTY_ROOT), SigningKey("witness.example", bytes(32)))
    line = stranger.rpartition("\n\n")[2]
    post_quantum = f"— {ORIGIN} {b64encode(b'four' + bytes(2_420)).decode()}\n"
    text, _, ours = NOTE.rpartition("\n\n")
    assert open_note(f"{text}\n\n{line}{post_quantum}{ours}{line}", KEY.verifier) == CHECKPOINT


def test_one_false_line_of_our_key_spoils_the_note() -> None:
    forged = b64encode(KEY.verifier.id + bytes(64)).decode()
    assert code_of(f"{NOTE}— {ORIGIN} {forged}\n") == "RW-LEDGER-012"


def test_a_signature_of_the_wrong_length_does_not_pass() -> None:
    for length in (1, 63, 65):
        line = b64encode(KEY.verifier.id + bytes(length)).decode()
        assert code_of(f"{CHECKPOINT.text}\n— {ORIGIN} {line}\n") == "RW-LEDGER-012"


def test_a_note_with_too_many_signatures_is_not_read() -> None:
    line = NOTE.rpartition("\n\n")[2]
    most = CHECKPOINT.text + "\n" + line * MOST_SIGNATURES
    assert open_note(most, KEY.verifier) == CHECKPOINT
    assert code_of(most + line) == "RW-LEDGER-010"


def test_lines_beneath_the_root_are_signed_and_not_returned() -> None:
    assert open_note(_signed(CHECKPOINT.text + "more\n"), KEY.verifier) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        f"{ORIGIN}\n",
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n01\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n-1\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n١\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n1\n{b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n1\nnot base 64\n",
        f"\n1\n{b64encode(bytes(32)).decode()}\n",
        f"{CHECKPOINT.text}\nmore\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused_even_with_a_good_signature(text: str) -> None:
    assert code_of(_signed(text)) == "RW-LEDGER-010"


def test_a_checkpoint_of_another_ledger_is_refused_even_with_a_good_signature() -> None:
    assert code_of(_signed(Checkpoint("elsewhere", 1, EMPTY_ROOT).text)) == "RW-LEDGER-013"


@pytest.mark.parametrize(
    "note",
    [
        "",
        CHECKPOINT.text,
        CHECKPOINT.text + "\n",
        NOTE[:-1],
        NOTE + "unexpected\n",
        NOTE + "\n",
        "\x01" + NOTE,
        "\udcff" + NOTE,
        NOTE.replace("—", "-"),
        NOTE.replace("\n", "\r\n"),
        CHECKPOINT.text + f"\n— bad name {NEUMANN_SIGNATURE}\n",
        CHECKPOINT.text + f"\n— {ORIGIN} AAAA\n",
        CHECKPOINT.text + f"\n— {ORIGIN} \n",
    ],
)
def test_what_is_not_in_the_format_is_refused(note: str) -> None:
    assert code_of(note) == "RW-LEDGER-010"


def test_a_key_signs_for_its_own_ledger_only() -> None:
    with pytest.raises(ValueError, match="does not sign for `elsewhere`"):
        sign(Checkpoint("elsewhere", 1, EMPTY_ROOT), KEY)


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "tab\t", "no-break\u00a0space", "line\n", "\ud800"]
)
def test_a_ledger_is_named_by_one_word(name: str) -> None:
    for make in (lambda: Checkpoint(name, 0, EMPTY_ROOT), lambda: VerifyKey(name, bytes(32))):
        with pytest.raises(ValueError, match="cannot name a ledger"):
            make()


def test_lengths_and_sizes_are_checked() -> None:
    with pytest.raises(ValueError, match="a seed has 32 bytes, found 31"):
        SigningKey(ORIGIN, bytes(31))
    with pytest.raises(ValueError, match="a public key has 32 bytes, found 33"):
        VerifyKey(ORIGIN, bytes(33))
    with pytest.raises(ValueError, match="a root has 32 bytes, found 5"):
        Checkpoint(ORIGIN, 0, b"short")
    with pytest.raises(ValueError, match="at least 0 entries"):
        Checkpoint(ORIGIN, -1, EMPTY_ROOT)


def test_the_claimed_size_is_read_without_any_check() -> None:
    assert claimed_size(NOTE.replace("4711", "99")) == 99
    assert claimed_size("no note") is None
    assert claimed_size("a\nb\nc\n") is None


def _signed(text: str) -> str:
    signature = b64encode(KEY.verifier.id + KEY.sign(text)).decode()
    return f"{text}\n— {ORIGIN} {signature}\n"
