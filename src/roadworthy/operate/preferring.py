"""How somebody wants pages to be: looks and keys. Nothing is decided by it, so the ledger does not keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal

PREFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "theme": ("system", "light", "dark"),
    "keys": ("on", "off"),
    "tour": ("shown", "dismissed"),
    "seen:refusal": ("no", "yes"),
    "seen:rollback": ("no", "yes"),
}
"""What can be chosen, the usual first."""
USUAL: Final[Mapping[str, str]] = {name: choices[0] for name, choices in PREFERENCES.items()}


def preferences(deployment: Deployment, principal: Principal) -> dict[str, str]:
    """What this person chose, the usual where they chose nothing."""
    with deployment.store.read() as tx:
        chosen = deployment.store.people.preferences(tx, principal.id)
    return {
        name: chosen[name] if chosen.get(name) in choices else choices[0]
        for name, choices in PREFERENCES.items()
    }


def prefer(deployment: Deployment, principal: Principal, wanted: Mapping[str, str]) -> None:
    """Keep what somebody wants for themselves; what is not named stays. Twice is once.

    Errors: ``InputProblem`` RW-ACCESS-018 for what cannot be chosen.
    """
    problems = [
        Problem(
            f"`{value}` cannot be chosen",
            place=name,
            hint=", ".join(PREFERENCES.get(name, ())) or "nothing",
        )
        for name, value in wanted.items()
        if value not in PREFERENCES.get(name, ())
    ]
    if problems:
        raise InputProblem("RW-ACCESS-018", problems)
    with deployment.store.write() as tx:
        for name, value in wanted.items():
            usual = PREFERENCES[name][0]
            deployment.store.people.set_preference(tx, principal.id, name, "" if value == usual else value)
