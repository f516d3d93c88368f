"""Checkpoints: how large the ledger is and which root it has, signed so that anybody can check it.

A checkpoint is text in a format that other tools read too:

    example.org/ledger
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.org/ledger Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDe…

A note may carry further signatures (of a witness, of a new key, of another algorithm); lines of
unknown keys are ignored, as the format asks for.

Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint; Ed25519 as in RFC 8032.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from roadworthy.errors import Corrupt, InputProblem, Problem
from roadworthy.ledger.tree import HASH_BYTES

KEY_BYTES: Final = 32
MOST_SIGNATURES: Final = 100
"""Lines of signatures a note may have. The format asks for 16 at least; a limit keeps a hostile note cheap."""

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_FORBIDDEN_IN_NAME = re.compile(r"[\s+\x00-\x1f]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the ledger ``origin`` had ``size`` entries under this ``root``.

    Errors:  ``ValueError`` for an origin that cannot name a key, a negative size, a root that is no hash.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _require_name(self.origin)
        if not 0 <= self.size < 10**19:
            raise ValueError(f"a ledger has at least 0 entries and less than 10^19, found {self.size}")
        if len(self.root) != HASH_BYTES:
            raise ValueError(f"a root has {HASH_BYTES} bytes, found {len(self.root)}")

    @property
    def text(self) -> str:
        """The lines that are signed, the last newline included."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """Whose signature counts: the name of the ledger and its Ed25519 public key of 32 bytes."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public) != KEY_BYTES:
            raise ValueError(f"a public key has {KEY_BYTES} bytes, found {len(self.public)}")

    @property
    def id(self) -> bytes:
        """Four bytes that tell which key a line of signature claims. Not a proof of anything."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        """``name+id+key``, the form in which keys are handed on."""
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifyKey:
        """Read ``name+id+key``. Errors: ``InputProblem`` RW-LEDGER-002, also if the id is not that of the key."""
        name, _, rest = text.strip().partition("+")
        id_, _, key = rest.partition("+")
        raw = _unbase64(key)
        if raw is None or raw[:1] != _ED25519 or len(raw) != 1 + KEY_BYTES:
            raise _no_key(text, "an Ed25519 key of 32 bytes in base 64 after the second `+`")
        try:
            parsed = cls(name, raw[1:])
        except ValueError:
            raise _no_key(text, "a name without spaces before the first `+`") from None
        if id_ != parsed.id.hex():
            raise _no_key(text, f"the id `{parsed.id.hex()}` between name and key")
        return parsed


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The secret that signs checkpoints: the name of the ledger and an Ed25519 seed of 32 bytes."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.seed) != KEY_BYTES:
            raise ValueError(f"a seed has {KEY_BYTES} bytes, found {len(self.seed)}")

    @property
    def verifier(self) -> VerifyKey:
        """The public half, to be handed to whoever checks."""
        return VerifyKey(self.name, self._private().public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """64 bytes; the same for the same text."""
        return self._private().sign(text.encode())

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The checkpoint as a signed note. Signed twice, it is the same text.

    Errors:  ``ValueError`` if the key is that of another ledger.
    """
    if key.name != checkpoint.origin:
        raise ValueError(f"the key of `{key.name}` does not sign for `{checkpoint.origin}`")
    text = checkpoint.text
    return f"{text}\n— {key.name} {_base64(key.verifier.id + key.sign(text))}\n"


def open_note(note: str, key: VerifyKey) -> Checkpoint:
    """The checkpoint in a signed note, if this key signed it.

    Edge:    lines of other keys are ignored. Lines beneath the root are allowed, are covered by the
             signature, and are not returned.
    Errors:  ``Corrupt``: RW-LEDGER-010 not in the format, 011 not signed by this key, 012 altered after
             it was signed, 013 signed by this key for another ledger.
    """
    text, signatures = _split(note)
    id_ = key.id
    ours = [raw[_KEY_ID_BYTES:] for name, raw in signatures if name == key.name and raw.startswith(id_)]
    if not ours:
        found = ", ".join(f"`{name}+{raw[:_KEY_ID_BYTES].hex()}`" for name, raw in signatures[:3])
        raise _broken(
            "RW-LEDGER-011",
            f"the checkpoint is signed by {found}, expected `{key.name}+{id_.hex()}`",
            hint="check it with the key that the ledger had then, obtained from somewhere else",
        )
    public = Ed25519PublicKey.from_public_bytes(key.public)
    try:
        for signature in ours:
            public.verify(signature, text.encode())
    except InvalidSignature:
        raise _broken(
            "RW-LEDGER-012",
            f"the signature of `{key.name}` does not fit the checkpoint: the text or the signature was altered",
        ) from None
    checkpoint = _parse(text)
    if checkpoint.origin != key.name:
        raise _broken("RW-LEDGER-013", f"the checkpoint is of `{checkpoint.origin}`, expected `{key.name}`")
    return checkpoint


def claimed_size(note: str) -> int | None:
    """The size that a note states, signed or not: good for a message, for nothing else."""
    lines = note.split("\n", 2)
    return int(lines[1]) if len(lines) > 2 and _SIZE.fullmatch(lines[1]) else None


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text, and name and bytes of each signature."""
    text, blank, block = note.rpartition("\n\n")
    if not blank or not block.endswith("\n") or _CONTROL.search(note) or not _is_utf8(note):
        raise _malformed("expected text, an empty line, and lines of signatures")
    lines = block[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise _malformed(f"{len(lines)} signatures, expected at most {MOST_SIGNATURES}")
    return text + "\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _unbase64(encoded)
    if dash != "—" or not name or _FORBIDDEN_IN_NAME.search(name):
        raise _malformed("a line of signature starts with a long dash and a name")
    if raw is None or len(raw) <= _KEY_ID_BYTES:
        raise _malformed(f"the signature of `{name}` is not in base 64")
    return name, raw


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or "" in lines:
        raise _malformed("expected lines of origin, size and root")
    origin, size, root = lines[:3]
    raw = _unbase64(root)
    if not _SIZE.fullmatch(size) or raw is None:
        raise _malformed("expected a whole number as size and base 64 as root")
    try:
        return Checkpoint(origin, int(size), raw)
    except ValueError as problem:
        raise _malformed(str(problem)) from None


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes | None:
    """The bytes, or None. Only the one spelling is read: an altered character is never overlooked."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if _base64(raw) == text else None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _require_name(name: str) -> None:
    if not name or _FORBIDDEN_IN_NAME.search(name) or not _is_utf8(name):
        raise ValueError(
            f"`{name}` cannot name a ledger: one word such as `example.org/ledger`, without `+`"
        )


def _malformed(message: str) -> Corrupt:
    return _broken("RW-LEDGER-010", f"not a checkpoint: {message}")


def _broken(code: str, message: str, *, hint: str = "") -> Corrupt:
    return Corrupt(code, message, broken=("the checkpoint",), hint=hint)


def _no_key(text: str, expected: str) -> InputProblem:
    return InputProblem(
        "RW-LEDGER-002",
        Problem(
            f"`{text[:200]}` is no key of a ledger, expected {expected}", hint="take it as `name+id+key`"
        ),
    )
