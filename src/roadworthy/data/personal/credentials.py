"""Secrets that open the door to data: keys of services, tokens, private keys, passwords."""

from __future__ import annotations

import re

from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.span import Span

_P = PersonalClass
_MOST_OF_A_KEY_BLOCK = 12_000
_END = "-----END "
# Each names its service by its beginning; the lengths are those of the services' own documentation.
_KEYS = (
    ("aws", re.compile(r"A(?:KIA|SIA|ROA|IDA)[0-9A-Z]{16}(?!\w)")),
    ("github", re.compile(r"gh[pousr]_[A-Za-z0-9]{30,255}(?!\w)|github_pat_\w{22,255}")),
    ("gitlab", re.compile(r"glpat-[\w-]{20,255}")),
    ("slack", re.compile(r"xox[abeoprs]-[\w-]{10,255}")),
    ("stripe", re.compile(r"[srp]k_(?:live|test)_[A-Za-z0-9]{10,255}")),
    ("sk", re.compile(r"sk-(?=[\w-]{0,200}\d)[A-Za-z0-9_-]{20,255}")),
    ("google", re.compile(r"AIza[\w-]{35}(?!\w)|ya29\.[\w-]{20,255}")),
    ("sendgrid", re.compile(r"SG\.[\w-]{16,32}\.[\w-]{16,64}")),
    ("npm", re.compile(r"npm_[A-Za-z0-9]{36}(?!\w)")),
    ("pypi", re.compile(r"pypi-[\w-]{50,255}")),
    ("huggingface", re.compile(r"hf_[A-Za-z0-9]{30,255}")),
    ("digitalocean", re.compile(r"dop_v1_[0-9a-f]{64}(?!\w)")),
    ("shopify", re.compile(r"shpat_[0-9a-fA-F]{32}(?!\w)")),
    ("age", re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{50,64}")),
)
_BASE64URL = re.compile(r"[\w-]*")
_JWT = re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?")
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([\w.~+/-]{16,4096}=*)")
_PLACEHOLDER = re.compile(
    r"(?:[*•x.…#_-]+|<.*|\$\{?.*|%[\w(].*|\{\{?.*|\[.*|[A-Za-z_][\w.]*[(\[].*|pass|passwd|passwor[dt]|none|null|nil|true|false|undefined|"
    r"required|optional|string|str|secret|hidden|redacted|removed|changed?|reset|invalid|incorrect|wrong|expired|"
    r"forgotten|missing|empty|your[-_ ]?.*|self\..*|os\..*|process\..*|env\..*|config\..*|settings\..*|args\..*)",
    re.IGNORECASE,
)
_VALUE = re.compile(r"\"([^\"\n]{4,200})\"|'([^'\n]{4,200})'|([^\s\"'<>,;&|]{4,200})")


def read_key_block(text: str, start: int) -> tuple[Span, int]:
    """A private key in PEM from its first line to its last, or as far as it can reach; and where to go on."""
    limit = min(len(text), start + _MOST_OF_A_KEY_BLOCK)
    first = text.find(_END, start, limit)
    if first < 0:
        end = text.find("-----", start + 5, start + 80)
        end = start + 27 if end < 0 else end + 5
    else:
        closing = text.find("-----", first + len(_END), first + 80)
        end = first + len(_END) if closing < 0 else closing + 5
    return Span(start, min(end, len(text)), _P.PRIVATE_KEY, 0.99), min(end, len(text))


def read_key(text: str, start: int, end: int) -> tuple[Span | None, int]:
    """The key of a service or a token that begins here, and where to go on."""
    if text.startswith("eyJ", start):
        return _token(text, start)
    bearer = _BEARER.match(text, start)
    if bearer is not None:
        inner, went = _token(text, bearer.start(1)) if bearer[1].startswith("eyJ") else (None, 0)
        if inner is not None:
            return inner, went
        if any(char.isdigit() for char in bearer[1]):
            return Span(bearer.start(1), bearer.end(1), _P.API_KEY, 0.9, "bearer"), bearer.end(1)
        return None, end
    for service, pattern in _KEYS:
        found = pattern.match(text, start)
        if found is not None:
            return Span(start, found.end(), _P.API_KEY, 0.97, service), found.end()
    return None, end


def read_secret(text: str, at: int, cls: PersonalClass) -> Span | None:
    """The value after the label of a password or a key, unless it only says that there is one."""
    found = _VALUE.match(text, at - 1 if text[at - 1 : at] in ("'", '"') else at)
    if found is None:
        return None
    group = found.lastindex or 0
    value = found[group].rstrip(".)]:,") if group == 3 else found[group]
    if len(value) < 4 or _PLACEHOLDER.fullmatch(value):
        return None
    # "Password: please reset it" is a sentence; keys have more than letters in them.
    plain = value.isalpha() and group == 3
    if cls is _P.API_KEY and (len(value) < 12 or not any(char.isdigit() for char in value)):
        return None
    if plain and (text[found.end() : found.end() + 2].strip()[:1].isalpha() or len(value) < 6):
        return None
    return Span(found.start(group), found.start(group) + len(value), cls, 0.7 if plain else 0.85)


def _token(text: str, start: int) -> tuple[Span | None, int]:
    found = _JWT.match(text, start)
    if found is not None:
        return Span(start, found.end(), _P.JWT, 0.98), found.end()
    # All of it is skipped: beginning again inside would look at a long run once for every hyphen in it.
    run = _BASE64URL.match(text, start)
    return None, run.end() if run is not None else start + 3
