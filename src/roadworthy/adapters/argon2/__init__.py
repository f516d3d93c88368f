"""Passwords as argon2id hashes."""

from roadworthy.adapters.argon2.passwords import Argon2Passwords

__all__ = ["Argon2Passwords"]
