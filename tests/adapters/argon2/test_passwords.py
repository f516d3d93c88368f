"""Passwords: hashed slowly, verified without ever failing."""

import pytest

from roadworthy.adapters.argon2 import Argon2Passwords
from roadworthy.adapters.argon2.passwords import LONGEST
from roadworthy.errors import InputProblem

passwords = Argon2Passwords()


def test_the_password_that_was_hashed_is_recognised_and_no_other() -> None:
    hashed = passwords.hash("grüße 🔑")
    assert hashed.startswith("$argon2id$")
    assert passwords.verify(hashed, "grüße 🔑")
    assert not passwords.verify(hashed, "grüße")


def test_the_same_password_is_hashed_differently_each_time() -> None:
    assert passwords.hash("secret") != passwords.hash("secret")


@pytest.mark.parametrize(
    "hashed", ["", "secret", "$argon2id$v=19$m=1,t=1,p=1$x$y", "$2b$12$abc", "ü", "\0"]
)
def test_what_is_no_hash_is_a_no(hashed: str) -> None:
    assert not passwords.verify(hashed, "secret")


@pytest.mark.parametrize("password", ["", "\ud800", "x" * (LONGEST + 1)])
def test_what_is_no_password_is_refused_and_never_recognised(password: str) -> None:
    with pytest.raises(InputProblem) as caught:
        passwords.hash(password)
    assert caught.value.code == "RW-PASSWORD-001"
    assert not passwords.verify(passwords.hash("secret"), password)
