"""Links in content: what leads a reader, or a mail program, or money, somewhere else.

Addresses on the web and of mail, account numbers and telephone numbers are found where they stand in the
open and where they are hidden: in markdown and HTML, in entities, percent codes and backslashes, with
characters of no width between them, in letters and dots of other scripts. It errs towards finding too much:
what is found and stands in no trusted source goes before a person.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from roadworthy.data.personal.checks import iban_length, passes_iban
from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.words import words

if TYPE_CHECKING:
    from roadworthy.data.personal import Classifier

MOST: Final = 200
"""Links of one text that are told apart."""

_ROUNDS: Final = 3
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_REST = r"[^\s<>\"'`]{0,2000}"
_MORE = r"[^\s<>\"'`]{1,2000}"
# What may hold a link at all; most content does not, and is done with here.
_PERHAPS = re.compile(r"[@:\\%&<]|//|\w\.\w|\d(?:[\s().\-/]{0,3}\d){6}|0x|bc1|[A-Za-z]{2}\d\d|[\[(]\w")
_WEB = re.compile(rf"(?i)(?<![a-z0-9])[a-z][a-z0-9+.-]{{1,30}}:[/\\]+{_REST}")
_OTHER_SCHEMES = re.compile(
    r"(?i)(?<![\w])(?:mailto|tel|sms|smsto|callto|skype|facetime|whatsapp|intent|market|javascript|vbscript|blob|"
    rf"bitcoin|ethereum|litecoin|monero|magnet|view-source|data(?=:[a-z]+/)):{_MORE}"
)
_MAIL = re.compile(
    rf"[^\s<>()\[\]\",;:@\\]{{1,64}}@(?:{_LABEL}(?:\.{_LABEL}){{1,8}}|\[[0-9A-Fa-f.:]{{3,45}}\])"
)
_NETWORK = re.compile(rf"(?<![:\w/\\])[/\\]{{2}}{_LABEL}{_REST}")
_BARE = re.compile(
    rf"(?<![\w@.%+/-])(?:{_LABEL}\.){{1,8}}([^\W\d_]{{2,24}}|xn--[a-z0-9-]{{1,59}})(?![\w@])(?::\d{{1,5}})?"
    rf"(?:[/?#]{_REST})?"
)
_NUMERIC_HOST = re.compile(rf"(?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}}|/){_REST}")
_DESTINATION = re.compile(
    r"\]\(\s{0,9}<?([^\s)>]{1,2000})|^\s{0,3}\[[^\]\n]{1,200}\]:\s{0,9}<?([^\s>]{1,2000})"
    r"|(?i:\b(?:href|src|srcset|action|formaction|background|poster|data|cite|ping)\s{0,9}=\s{0,9}[\"']?([^\s\"'>]{1,2000}))"
    r"|(?i:\burl\(\s{0,9}[\"']?([^\s\"')]{1,2000}))",
    re.MULTILINE,
)
_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[\s.-]{0,2}[A-Za-z0-9]){11,30}", re.ASCII)
_EMPHASIS = re.compile(r"[*_~`]{1,6}")
_COIN = re.compile(r"(?<!\w)(?:bc1[a-z0-9]{20,80}|0x[0-9a-fA-F]{40}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)")
_INTERNATIONAL = re.compile(r"(?<![\w.,-])(?:\+|00)(?:[\s().\-/]{0,2}\d){8,15}(?!\d)", re.ASCII)
_MANY_DIGITS = re.compile(r"\d(?:[\s().\-/]{0,3}\d){6}")
_TAG = re.compile(r"<[^<>]{0,500}>")
_ESCAPED = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# Dots of other scripts that browsers take for one, and the bars that look like a stroke.
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": ".", "․": ".", "⁄": "/", "∕": "/", "＠": "@", "：": ":"})
_TRAILING = ".,;:!?'\"’”»)]}>*_~|"

_COUNTRIES = frozenset(
    words(
        """ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw
        by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et
        eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie
        il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv
        ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr
        nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl
        sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz
        va vc ve vg vi vn vu wf ws ye yt za zm zw"""
    )
)
_OTHERS = frozenset(
    words(
        """com net org info biz name pro edu gov mil int aero coop museum jobs mobi travel tel asia cat post
        arpa onion app dev page web site online website store shop blog cloud tech space live life world
        today news media press email work works agency company business finance financial bank money loan
        loans credit cash pay insurance tax legal law health care clinic doctor hotel restaurant bar pub
        cafe pizza food kitchen fit yoga games game fun club team social chat community network systems
        solutions services service support help center zone city town berlin london paris nyc tokyo
        amsterdam wien hamburg bayern koeln cologne ruhr saarland swiss africa global international group
        holdings ventures capital xyz top vip icu win bid trade download stream link click cam date racing
        review party science men loan gdn kim monster rest buzz cyou sbs cfd quest bond lol wtf moe ninja
        guru expert pics photo photos gallery video tube art design studio digital marketing plus best cheap
        deals sale discount gift gifts ltd llc inc gmbh limited ing zip mov foo new day how esq prof phd
        nexus rsvp boo google goog amazon apple microsoft"""
    )
)


def links(text: str) -> tuple[str, ...]:
    """Every link of a text, in one spelling each, in the order in which they are found; the first MOST of them.

    Edge: takes time linear in the text. A mere name of a host counts where it ends as hosts do.
    """
    if not _PERHAPS.search(text) and text.isascii():
        return ()
    found: dict[str, None] = {}
    for version in _versions(text):
        for link in _in(version):
            found[link] = None
            if len(found) >= MOST:
                return tuple(found)
    return tuple(found)


def _versions(text: str) -> Iterator[str]:
    """The text as a reader's program may come to see it, each version once."""
    plain = _visible(text)
    seen = {plain: None}
    for _ in range(_ROUNDS):
        before = plain
        if "&" in plain:
            plain = _visible(html.unescape(plain))
        if "%" in plain:
            plain = _visible(_PERCENT.sub(_decoded, plain))
        if "\\" in plain:
            plain = _ESCAPED.sub("", plain)
        if plain == before:
            break
        seen[plain] = None
    if "<" in plain:
        seen[_TAG.sub("", plain)] = None
    yield from seen


def _visible(text: str) -> str:
    """Without characters of no width, and with letters of width alone as plain ones."""
    if text.isascii():
        return text
    shown = "".join(
        char for char in text if unicodedata.category(char) != "Cf" and char not in "\u034f\u115f\u3164"
    )
    return unicodedata.normalize("NFKC", shown.translate(_DOTS)).translate(_DOTS)


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")


def _in(text: str) -> Iterator[str]:
    destinations = [_trimmed(next(filter(None, found.groups()))) for found in _DESTINATION.finditer(text)]
    # What was read as a part of something longer is not read again.
    for pattern in (_WEB, _OTHER_SCHEMES, _MAIL, _NETWORK, _NUMERIC_HOST):
        pieces, last = [], 0
        for found in pattern.finditer(text):
            link = _trimmed(found[0])
            yield link
            pieces += [text[last : found.start()], " "]
            last = found.start() + len(link)
        if last:
            text = "".join([*pieces, text[last:]])
    for found in _BARE.finditer(text):
        if _ends_as_hosts_do(found[1]) or found[0].lower().startswith("www."):
            yield _trimmed(found[0])
    for destination in destinations:
        if not destination.startswith("#") and any(mark in destination for mark in ".:\\"):
            yield destination
    yield from _numbers(text)


def _numbers(text: str) -> Iterator[str]:
    text = _EMPHASIS.sub("", text)
    for found in _ACCOUNT.finditer(text):
        compact = re.sub(r"[\s.-]", "", found[0]).upper()
        account = compact[: iban_length(compact)]
        if account and passes_iban(account):
            yield account
            text = text.replace(found[0], " " * len(found[0]))
    for found in _COIN.finditer(text):
        coin = found[0]
        if coin[0] in "b0" or (not coin.isupper() and not coin.islower() and not coin.isdigit()):
            yield coin
    if _MANY_DIGITS.search(text):
        yield from _called_or_paid(text)


def _called_or_paid(text: str) -> Iterator[str]:
    """Telephone numbers and national account numbers."""
    for found in _INTERNATIONAL.finditer(text):
        digits = "".join(filter(str.isdigit, found[0]))
        yield "+" + (digits if found[0].startswith("+") else digits[2:])
    try:
        spans = _classifier().spans(text)
    except ImportError:
        # Without the numbering plans (extra `data`) nobody can say that a number is none.
        for found in _MANY_DIGITS.finditer(text):
            yield found[0]
        return
    for span in spans:
        if span.cls in (PersonalClass.PHONE, PersonalClass.BANK_ACCOUNT):
            number = text[span.start : span.end].strip()
            if not number.startswith(("+", "00")):
                yield " ".join(number.split())


@cache
def _classifier() -> Classifier:
    from roadworthy.data.personal import Classifier

    return Classifier()


def _trimmed(link: str) -> str:
    return link.rstrip(_TRAILING) or link


def _ends_as_hosts_do(label: str) -> bool:
    # "It ends.So it begins": a sentence that goes on without a blank is no host.
    if label[:1].isupper() and not label.isupper():
        return False
    lower = label.lower()
    return lower in _COUNTRIES or lower in _OTHERS or lower.startswith("xn--") or not lower.isascii()
