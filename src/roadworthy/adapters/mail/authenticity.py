"""What a receiving server found out about who sent a mail: ``Authentication-Results`` (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_LONGEST: Final = 4_000
_WORD = re.compile(r"[^\s;=\"()]+")
_PAIR = re.compile(r"([A-Za-z0-9.-]+)=(\S*)")


def is_proven(results: Sequence[str], *, authserv: str, sender: str) -> bool:
    """Whether the first of these headers that is signed ``authserv`` says that the domain of ``sender`` sent the mail.

    Either DMARC passed for it, or a DKIM signature or the SPF record of the same domain or of one above it did
    (RFC 7489, section 3.1). A header that is not understood as a whole proves nothing.
    """
    domain = sender.rpartition("@")[2].lower()
    if not authserv or not domain:
        return False
    for header in results:
        name, methods = _read(header)
        if not name:
            return False
        if name == authserv.lower():
            return any(_proves(method, domain) for method in methods)
    return False


def _proves(method: dict[str, str], domain: str) -> bool:
    if method.get("dmarc") == "pass":
        return method.get("header.from", "").lower() == domain
    if method.get("dkim") == "pass":
        return _aligned(method.get("header.d") or method.get("header.i", ""), domain)
    if method.get("spf") == "pass":
        return _aligned(method.get("smtp.mailfrom", ""), domain)
    return False


def _aligned(found: str, domain: str) -> bool:
    """The same domain, or one above it that is no top-level domain."""
    found = found.rpartition("@")[2].lower().rstrip(".")
    return found == domain or ("." in found and domain.endswith(f".{found}"))


def _read(header: str) -> tuple[str, list[dict[str, str]]]:
    """The server's name and what it found by method; nothing where the header is malformed."""
    parts = _parts(header) if len(header) <= _LONGEST else None
    if not parts or not parts[0]:
        return "", []
    methods = []
    for words in parts[1:]:
        if words == ["none"]:
            continue
        pairs = [_PAIR.fullmatch(word) for word in words]
        if not words or any(pair is None for pair in pairs):
            return parts[0][0].lower(), []
        names = [pair[1].lower() for pair in pairs if pair]
        if len(names) != len(set(names)):
            # A second result in one place would hide the first.
            return parts[0][0].lower(), []
        found = {pair[1].lower(): pair[2] for pair in pairs if pair}
        found[names[0]] = found[names[0]].lower()
        # Only the first pair is the method; a property of that name is none.
        methods.append({names[0]: found[names[0]], **{n: v for n, v in found.items() if "." in n}})
    return parts[0][0].lower(), methods


def _parts(header: str) -> list[list[str]] | None:
    """Words between semicolons; comments are left out, quoted words opened. None where a bracket or quote stays open."""
    parts: list[list[str]] = [[]]
    words = list(_words(header))
    if None in words:
        return None
    for word in words:
        if word == ";":
            parts.append([])
        elif word:
            parts[-1].append(word)
    if parts and not parts[-1]:
        parts.pop()
    return parts


def _words(header: str) -> Iterator[str | None]:
    """Words and semicolons, ``name=value`` as one word; None where it cannot be read."""
    at, depth, word = 0, 0, ""
    while at < len(header):
        sign = header[at]
        if depth:
            depth += (sign == "(") - (sign == ")")
            at += 2 if sign == "\\" else 1
        elif sign == "(":
            depth, at = 1, at + 1
        elif sign == '"':
            end = header.find('"', at + 1)
            inside = header[at + 1 : end]
            if end < 0 or "\\" in inside or not word.endswith("="):
                yield None
                return
            # Names of domains are plain: what holds more is a reason in words.
            word, at = word + (inside if _WORD.fullmatch(inside) else "quoted"), end + 1
        elif sign.isspace() or sign == ";":
            if word:
                yield word
            word = ""
            if sign == ";":
                yield ";"
            at += 1
        elif sign == "=":
            word, at = word + "=", at + 1
        elif (found := _WORD.match(header, at)) is not None:
            word, at = word + found[0], found.end()
        else:
            yield None
            return
    if depth:
        yield None
    elif word:
        yield word
