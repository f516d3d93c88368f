"""What people are reached by and known as on the net: addresses of mail, of computers and devices, and logins in URLs."""

from __future__ import annotations

import re

from roadworthy.data.personal import checks
from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.topics import Context, Topic, around
from roadworthy.data.personal.words import words

_P = PersonalClass
_LOCAL_BACKWARDS = re.compile(r"[\w.+%'’&~!#$*/=?^`{|}-]{1,64}")
_NO_BEGINNING = ".-+%'’&~!#$*/=?^`{|}"
# Characters that are allowed before the @ and yet nearly always stand for something else there.
_PARTING = re.compile(r"[=/?&|`{}'’!#$*^~]")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_IN_FIGURES = re.compile(r"\[(?:\d{1,3}\.){3}\d{1,3}\]")
_FILES = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "ts", "json", "html", "map", "scss", "ico")
)
_ROLES = words("""info support contact kontakt sales service office admin administrator noreply no-reply donotreply postmaster
    webmaster help hello billing abuse security press jobs hr team mail bounce newsletter marketing""")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+._]{1,31}://[^\s/@\"'<>]{1,130}\Z")
_DEVICE = re.compile(
    r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![\w:])|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![\w-])"
)
_IPV6 = re.compile(r"[0-9A-Fa-f:]{2,39}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?")


def read_at(text: str, at: int) -> tuple[Span | None, int]:
    """The address of mail, or the URL with a login, around an ``@``; and where to go on."""
    login = _login(text, at)
    if login is not None:
        return login, login.end
    domain = _domain(text, at)
    if not domain:
        return None, at + 1
    backwards = _LOCAL_BACKWARDS.match(text[max(0, at - 64) : at][::-1])
    if backwards is None:
        return None, at + 1
    local = backwards[0][::-1]
    # "o'brien@…" keeps its apostrophe, "'jane@…'" and "to=jane@…" lose what is before it.
    partings = () if local.replace(".", "").isalnum() else tuple(_PARTING.finditer(local))
    for parting in reversed(partings):
        if parting[0] not in "'’" or parting.start() == 0 or not local[parting.start() - 1].isalpha():
            local = local[parting.end() :]
            break
    local = local.lstrip(_NO_BEGINNING).rstrip("'’")
    end = at + 1 + len(domain)
    # "git@host.org:team/project" names a repository, not a person.
    if not local or local[-1:] == "." or (local == "git" and text[end : end + 1] in (":", "/")):
        return None, at + 1
    role = "role address" if local.lower() in _ROLES else ""
    return Span(at - len(local), end, _P.EMAIL, 0.9 if role else 0.99, role), end


def _login(text: str, at: int) -> Span | None:
    first = max(0, at - 150)
    colon = text.rfind("://", first, at)
    if colon < 0:
        return None
    before = text[first:at]
    scheme = _URL.search(before, max(0, colon - first - 32))
    if scheme is None:
        return None
    end = at + 1
    while end < len(text) and end < at + 255 and (text[end].isalnum() or text[end] in ".-[]:"):
        end += 1
    end = at + 1 + len(text[at + 1 : end].rstrip(".:-"))
    if end == at + 1:
        return None
    secret = ":" in scheme[0].partition("://")[2]
    return Span(
        at - len(scheme[0]),
        end,
        _P.URL_WITH_USER,
        0.97 if secret else 0.8,
        "with password" if secret else "",
    )


def _domain(text: str, at: int) -> str:
    if text[at + 1 : at + 2] == "[":
        figures = _IN_FIGURES.match(text, at + 1)
        return "" if figures is None else figures[0]
    found = _DOMAIN.match(text, at + 1, at + 255)
    if found is None:
        return ""
    labels = found[0].split(".")
    # "…@mail.de.Thanks": the sentence that goes on without a blank is no domain.
    if len(labels) > 2 and labels[-1][:1].isupper() and labels[-2].islower():
        labels.pop()
    if labels[-1].lower() in _FILES or labels[0].startswith("-"):
        return ""
    return ".".join(labels)


def read_device(text: str, start: int, lead: Context) -> tuple[Span | None, int]:
    """An IPv6 or MAC address, and where to go on."""
    if text[start - 1 : start] in (":", ".", "-"):
        return None, start + 1
    device = _DEVICE.match(text, start)
    if device is not None:
        value = device[0].replace("-", ":").lower()
        # Broadcast and the empty address are no device; "12-05-20-24-10-30" may be a moment.
        nobody = value in ("ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00")
        unsure = "-" in device[0] and not any(char.isalpha() for char in value)
        if nobody or (unsure and not around(text, start, device.end(), lead).all & Topic.NETWORK):
            return None, start + 2
        return Span(start, device.end(), _P.MAC_ADDRESS, 0.95), device.end()
    found = _IPV6.match(text, start)
    if found is None:
        return None, start + 1
    value = found[0].rstrip(":") if not found[0].endswith("::") else found[0]
    end = start + len(value)
    if text[end : end + 1].isalnum() or value.count(":") < 2 or not _is_ipv6(value):
        return None, start + len(value.split(":")[0])
    groups = [group for group in value.split(":") if group]
    # "cafe::bad" is as much a name in a program as an address.
    named = bool(around(text, start, end, lead).all & Topic.NETWORK)
    if not named and (len(groups) < 3 or not any(char.isdigit() for char in value)):
        return None, end
    return Span(start, end, _P.IP_ADDRESS, 0.95 if named else 0.85, "IPv6"), end


def _is_ipv6(value: str) -> bool:
    head, _, tail = value.rpartition(":")
    groups = value.split(":")
    if "." in tail:
        if not checks.is_ipv4(tail):
            return False
        groups = [*head.split(":"), "0", "0"]
    if any(len(group) > 4 for group in groups):
        return False
    if value.count("::") > 1 or ":::" in value:
        return False
    if "::" in value:
        return len([group for group in groups if group]) < 8
    return len(groups) == 8 and all(groups)
