"""Reports as one HTML file: mailed, opened from a disk, printed. No network, no script.

What a report says stands in a JSON document, its twin; a page shows as much of it as can be read, and
says what it leaves out.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from roadworthy.data.readiness.schema import Document, read
from roadworthy.server import charts
from roadworthy.server.charts import legible
from roadworthy.server.looks import environment
from roadworthy.server.sources import seen, source_view

# What a page shows at most; the rest is counted.
_STEPS = 200
_REQUIREMENTS = 300

_MARKS = frozenset(("pass", "waived", "hold", "fail", "not evaluated"))


def readiness_page(document: Mapping[str, object]) -> str:
    """The data readiness report of a use case, from its document (see ``data.readiness.schema``).

    Holds:   every text of the document is text on the page, whatever it looks like. Nothing is fetched
             and nothing runs: the page forbids both by its own policy.
    Edge:    the page of a large document shows the columns that need attention as cards, others as rows
             of a table, and counts what it leaves out; it stays below some megabytes.
    Errors:  ``InputProblem`` RW-DATA-602 and RW-DATA-603 for a document of another form or version.
    """
    page = _page(read(document))
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    html = (
        _templates()
        .get_template("readiness.html")
        .render(page=page, style=style, policy=policy, mark=_mark())
    )
    # Half of a surrogate pair is no character and cannot be written to a file.
    return html.encode("utf-8", "replace").decode("utf-8")


@cache
def _templates() -> Environment:
    made = environment()
    made.filters |= {"seen": seen, "minutes": minutes}
    return made


@cache
def _style() -> Markup:
    """The style of all pages, of charts and of reports. It is ours, and so no text to escape."""
    folder = resources.files("roadworthy.server") / "static"
    return Markup("\n").join(
        Markup((folder / name).read_text(encoding="utf-8"))  # noqa: S704 - our own files
        for name in ("style.css", "charts.css", "report.css")
    )


@cache
def _mark() -> Markup:
    drawn = (resources.files("roadworthy.server") / "static" / "mark.svg").read_text(encoding="utf-8")
    # Inside a page the drawing needs no namespace, and a report holds no address at all.
    inline = drawn.replace(
        ' xmlns="http://www.w3.org/2000/svg"', ' width="22" height="22" aria-hidden="true"', 1
    )
    return Markup(inline)  # noqa: S704 - our own file


def minutes(value: int) -> str:
    """Planned work: `40 min`, `2 h 10 min`, `3.5 working days` of eight hours. Longer work is told more roughly."""
    if value < 60:
        return f"{value} min"
    if value < 12 * 60:
        hours, left = divmod(math.ceil(value / 5) * 5, 60)
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{math.ceil(value / (8 * 60) * 2) / 2:g} working days"


def _page(document: Document) -> dict[str, Any]:
    requirements = [
        {
            "key": _key(one["id"], one["subject"]),
            "id": one["id"],
            "asks": one["asks"],
            "mark": one["mark"] if one["mark"] in _MARKS else "not evaluated",
            "reason": one["reason"],
            "next": one["next_step"] if one["mark"] not in {"pass", "waived"} else "",
        }
        for one in document["requirements"]
    ]
    requirements.sort(key=lambda one: one["mark"] in {"pass", "waived"})
    open_ones = [one for one in requirements if one["mark"] not in {"pass", "waived"}]
    sources = document["sources"]
    rows = sum(one["rows"] for one in sources)
    held = f"{len(requirements) - len(open_ones)} of {len(requirements)}"
    steps, whole = _steps(document, requirements, open_ones)
    return {
        "title": document["title"],
        "use_case": document["use_case"],
        "made": _made(document["made_at"]),
        "ready": document["verdict"]["ready"],
        "sentence": document["verdict"]["sentence"],
        "figures": [
            ("Requirements that hold", held),
            ("Sources", charts.number(len(sources))),
            ("Rows", charts.number(rows)),
            ("Work in this plan", minutes(_total(document)) if steps else "none"),
        ],
        "steps": steps,
        "more_steps": len(document["steps"]) - len(steps),
        "whole": whole,
        "asked": f"{held} hold" if requirements else "",
        "requirements": requirements[:_REQUIREMENTS],
        "more_requirements": max(0, len(requirements) - _REQUIREMENTS),
        "sources": [
            source_view(one, number, of=len(sources)) for number, one in enumerate(sources, start=1)
        ],
    }


def _key(requirement: str, subject: str) -> str:
    return f"{requirement}:{subject}" if subject else requirement


def _total(document: Document) -> int:
    return sum(max(0, one["minutes"]) for one in document["steps"])


def _steps(
    document: Document, requirements: Sequence[Mapping[str, Any]], open_ones: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], str]:
    """The steps as a page shows them, and what all of them come to in one sentence."""
    named = {one["id"]: one["asks"] for one in requirements} | {
        one["key"]: one["asks"] for one in requirements
    }
    left = {one["key"] for one in open_ones}
    made, work, turns = [], 0, 0
    for number, one in enumerate(document["steps"], start=1):
        work += max(0, one["minutes"])
        bought = set(one["buys"])
        was_open = bool(left)
        left -= {each["key"] for each in open_ones if each["id"] in bought or each["key"] in bought}
        turning = was_open and not left
        if turning:
            turns, turn_work = number, work
        cleared = [check for check in one["buys"] if check not in named]
        made.append(
            {
                "what": one["what"], "why": one["why"], "source": one["source"], "minutes": max(0, one["minutes"]),
                "command": one["command"], "turns": turning,
                "holds": [named[each] for each in one["buys"] if each in named][:4],
                "clears": f"check {cleared[0]}" if len(cleared) == 1 else f"{len(cleared)} checks" if cleared else "",
                "clears_one": len(cleared) == 1,
                "nearer": [named.get(each, f"check {each}") for each in one["nearer"]][:3],
            }
        )  # fmt: skip
    if turns:
        first = f"Steps 1 to {turns}" if turns > 1 else "Step 1"
        whole = f"{first}, about {minutes(turn_work)} of work, and every requirement holds by what is known today."
        if turns < len(made):
            whole += " The steps after them improve the data further."
    elif left:
        many = "1 requirement stays" if len(left) == 1 else f"{len(left)} requirements stay"
        whole = f"All steps together are about {minutes(work)} of work. {many} open after them, by what is known today."
    else:
        whole = "No requirement waits for these steps; they improve the data further."
    return made[:_STEPS], whole


def _made(text: str) -> str:
    try:
        return f"Made {datetime.fromisoformat(text):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return f"Made {legible(text, 40)}"
