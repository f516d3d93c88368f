"""How values look on a page: times, shares, numbers, and the words for states and kinds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape

from roadworthy.quantities import NANO, Cost

_SPANS = (
    (timedelta(days=365), "y"),
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
)

WORDS: Mapping[str, str] = {
    "effect": "May this leave?",
    "spot_check": "What would have been right?",
    "question": "A question",
    "work": "Do the case",
    "unclear": "Was it felt?",
    "correction": "Look at what was sent",
    "risk_officer": "risk officer",
    "person": "by a person",
    "execute": "may leave",
    "review": "a person decides",
    "refuse": "refused",
    "not evaluated": "Not measured",
    "pass": "Holds",
    "waived": "Waived",
    "hold": "Hold",
    "fail": "Fails",
}
"""Words of the program in the words of a page; what is missing here is shown as it is."""

_STEPS = {
    "predict": "Predicted",
    "retrieve": "Searched",
    "call": "Looked up",
    "generate": "Wrote",
    "act": "Carried out",
    "ask": "Asked a person",
}


class _Compiled(BytecodeCache):
    """Templates as they were compiled, for every installation that this process serves."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def environment() -> Environment:
    """Templates with everything escaped; a name that is missing is a fault, never a gap in the page."""
    made = Environment(
        loader=PackageLoader("roadworthy.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    made.filters |= {
        "ago": ago,
        "remaining": remaining,
        "share": share,
        "count": count,
        "words": words,
        "step_name": step_name,
        "figure": figure,
        "flowing": flowing,
        "lasts_beyond": lasts_beyond,
        "price": price,
        "prose": prose,
        "readable": readable,
    }
    return made


@pass_context
def ago(context: Context, iso: str | None) -> Markup | str:
    """A time as people say it (`3 h ago`, `in 20 min`), with the exact one behind it."""
    if not iso:
        return "–"
    return _time(iso, _distance(datetime.fromisoformat(iso) - context["now"]))


@pass_context
def remaining(context: Context, iso: str | None) -> Markup | str:
    """How long something lasts yet (`for another 3 d`), or until when it did (`until 3 h ago`)."""
    if not iso:
        return "–"
    left = datetime.fromisoformat(iso) - context["now"]
    if left <= timedelta(0):
        return _time(iso, f"until {_distance(left)}")
    if left < timedelta(minutes=1):
        return _time(iso, "for a moment")
    return _time(iso, f"for another {_distance(left).removeprefix('in ')}")


def _time(iso: str, said: str) -> Markup:
    exact = f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso, exact, said)


def _distance(distance: timedelta) -> str:
    size = abs(distance)
    if size < timedelta(minutes=1):
        return "just now" if distance <= timedelta(0) else "in a moment"
    for span, unit in _SPANS:
        if size >= span:
            number = f"{size // span} {unit}"
            return f"in {number}" if distance > timedelta(0) else f"{number} ago"
    return "just now"


def share(value: float | None, digits: int = 1) -> str:
    """0.4321 as `43.2 %`."""
    return "–" if value is None else f"{value * 100:.{digits}f} %"


def count(value: int) -> str:
    """12345 as `12,345`."""
    return f"{value:,}"


def figure(value: float | None, digits: int = 3) -> str:
    """A score such as `0.912`."""
    return "–" if value is None else f"{value:.{digits}f}"


def flowing(text: str) -> str:
    """Text of a document whose lines were broken for an editor: paragraphs stay, lines within them flow."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def lasts_beyond(valid_until: str | None, measured_at: str | None) -> bool:
    """Whether a measurement holds long enough that its end is worth showing; some are taken anew each time."""
    if not valid_until or not measured_at:
        return False
    return datetime.fromisoformat(valid_until) - datetime.fromisoformat(measured_at) > timedelta(hours=1)


def price(value: str) -> str:
    """A usage cost as people read it: `0.0031 EUR`; what is smaller than a hundredth of a cent says so."""
    cost = Cost.parse(value)
    if 0 < cost.nano < NANO // 10_000:
        return f"< 0.0001 {cost.currency}"
    return f"{cost.nano / NANO:.4f} {cost.currency}" if cost.nano else f"0 {cost.currency}"


def prose(text: str) -> Markup:
    """A sentence of the program; what stands in backticks is set as code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def words(value: str) -> str:
    """A word of the program as a page says it."""
    return WORDS.get(value, value)


def step_name(name: str) -> str:
    """`predict:intent` as `Predicted intent`."""
    kind, _, what = name.partition(":")
    return f"{_STEPS.get(kind, kind)} {what}".strip()


def readable(value: Any) -> str:
    """Any JSON value as text: text as it is, the rest indented."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)
