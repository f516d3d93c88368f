"""What if the charter promised something else: the same evidence before the gate again. Nothing is kept."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.gate import Finding
from roadworthy.operate.whatif import Turned, what_if
from roadworthy.principal import require
from roadworthy.server.asking import Ask
from roadworthy.server.views.portfolio import headline
from roadworthy.server.views.shared import plain, release_json, rollout_of
from roadworthy.server.views.use_case import chosen, stage_asked
from roadworthy.stage import ROAD

SET: Final = "set."
"""Parameters that begin so name a value of the charter by its path."""


def known(query: list[tuple[str, str]]) -> tuple[str, ...]:
    """The parameters of a query that the page takes."""
    return ("stage", "release", *dict.fromkeys(name for name, _ in query if name.startswith(SET)))


def what_if_page(ask: Ask) -> dict[str, Any]:
    """The form of everything that the gate reads, the verdict now, and what would turn.

    Errors: ``InputProblem`` RW-GATE-011 for values a charter could not hold.
    """
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    with ask.deployment.store.read() as tx:
        rollout = rollout_of(ask, tx, name)
    release = chosen(ask, rollout)
    stage = stage_asked(ask, release)
    changes = {path.removeprefix(SET): text for path, text in ask.query.items() if path.startswith(SET)}
    found = what_if(ask.deployment, ask.principal, name, release.name, stage, changes)
    return plain(  # type: ignore[no-any-return]
        {
            "name": name,
            "title": found.weighed.charter.title,
            "release": release_json(release),
            "stage": stage,
            "stages": list(ROAD[1:]),
            "promises": [
                {
                    "path": one.path,
                    "field": SET + one.path,
                    "value": one.value,
                    "wanted": found.changed.get(one.path, one.value),
                    "changed": one.path in found.changed,
                    "choices": list(one.choices),
                    "read_by": list(one.read_by),
                }
                for one in found.promises
            ],
            "changed": dict(found.changed),
            "before": {"word": found.before.word, "headline": headline(found.before, release)},
            "after": {
                "word": found.after.word,
                "headline": headline(found.after, release),
                "open": len(found.after.open),
                "of": len(found.after.findings),
            },
            "turned": [_turned(one) for one in found.turned],
        }
    )


def _turned(one: Turned) -> dict[str, Any]:
    shown = one.after or one.before
    return {
        "requirement": shown.requirement if shown else "",
        "subject": shown.subject if shown else "",
        "asks": shown.asks if shown else "",
        "before": _side(one.before),
        "after": _side(one.after),
    }


def _side(finding: Finding | None) -> dict[str, str] | None:
    return {"mark": finding.mark, "reason": finding.reason} if finding else None
