"""Oneself: which account this is, what it may do, and how pages shall be."""

from __future__ import annotations

from typing import Any

from roadworthy.operate.preferring import PREFERENCES, preferences
from roadworthy.principal import VERBS, allows
from roadworthy.server.asking import Ask


def profile(ask: Ask) -> dict[str, Any]:
    """The account that asks, its rights, and its preferences with what can be chosen."""
    me = ask.principal
    with ask.deployment.store.read() as tx:
        email = ask.deployment.store.people.emails(tx).get(me.id, "")
    return {
        "id": me.id,
        "name": me.name,
        "kind": me.kind,
        "roles": sorted(me.roles),
        "use_case": me.use_case,
        "demo": me.demo,
        "email": email,
        "rights": sorted(verb for verb in VERBS if allows(me, verb, use_case=me.use_case)),
        "preferences": preferences(ask.deployment, me),
        "choices": {name: list(PREFERENCES[name]) for name in ("theme", "keys")},
    }
