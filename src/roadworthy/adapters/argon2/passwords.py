"""Hashing passwords so that a stolen table tells little: argon2id (RFC 9106)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from roadworthy.errors import InputProblem, Problem

LONGEST = 1_024
"""Characters of a password that are hashed at all: reading megabytes would be work for whoever asks."""


class Argon2Passwords:
    """One hash takes about 50 ms and 64 MiB with the library's parameters, RFC 9106's second choice."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()

    def hash(self, password: str) -> str:
        """The text to store; another one each time. Errors: ``InputProblem`` RW-PASSWORD-001."""
        if not 0 < len(password) <= LONGEST or not _is_text(password):
            raise InputProblem(
                "RW-PASSWORD-001", Problem(f"a password is a text of 1 to {LONGEST} characters")
            )
        return self._hasher.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        """Whether this password was hashed. False, never an error, for whatever is no hash or no password."""
        if not 0 < len(password) <= LONGEST or not _is_text(password):
            return False
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError, UnicodeError):
            return False


def _is_text(password: str) -> bool:
    """Half characters (lone surrogates), which some readers of JSON let through, have no bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in password)
