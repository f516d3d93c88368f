"""What is known of tools: breaks noted as they happen, looks on demand, and a person's word that ends a hold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.casework.toolstate import Hold, Look, ToolState, after, first, released
from roadworthy.charter import Charter, Tool
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, RoadworthyError
from roadworthy.ledger import Event, encode
from roadworthy.operate.at_work import at_work
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports import Job, LoadedRelease, Store, Transaction
from roadworthy.ports.tooling import Watched
from roadworthy.principal import Principal, require, require_person
from roadworthy.quantities import Digest
from roadworthy.release import Release
from roadworthy.stage import ENDED, Stage

LOOK_EVERY: Final = timedelta(minutes=5)
"""How often a worker looks at the tools of releases that are on the road."""
_TRIES: Final = 3
_log = logging.getLogger("roadworthy.tools")


def note(
    store: Store, release: Digest, use_case: str, tool: str, look: Look, *, at: datetime
) -> ToolState | None:
    """Write down what a look found. None where the database did not take it: the next look tells it again.

    What begins a hold goes to the ledger. The same break told twice counts twice and holds once.
    """
    for _ in range(_TRIES):
        try:
            with store.write() as tx:
                before = store.tool_states.get(tx, release, tool)
                was = before or first(release, use_case, tool, at=at)
                now = after(was, look, at=at)
                store.tool_states.save(tx, now, expected=was.version)
                if now.hold is not Hold.NONE and was.hold is Hold.NONE:
                    _record(store, tx, "tool.held", "system", now, at)
                return now
        except Conflict:
            continue
        except RoadworthyError as problem:
            _log.warning(
                "a look at a tool is not written down: %s", problem.code, extra={"code": problem.code}
            )
            return None
    return None


def look_at(
    deployment: Deployment, release: LoadedRelease, *, only: str = ""
) -> Mapping[str, tuple[Look, ToolState | None]]:
    """Look at the tools of a release now, and write down what is found, by name; those that nothing holds to a
    contract are left out."""
    found: dict[str, tuple[Look, ToolState | None]] = {}
    for name, connector in release.tools.items():
        promised = name in release.charter.subjects("promised_tools") and only in {"", name}
        if not promised or not isinstance(connector, Watched):
            continue
        look = connector.look()
        if connector.can_be_probed:
            use_case = release.charter.use_case
            state = note(deployment.store, release.digest, use_case, name, look, at=deployment.now())
        else:
            with deployment.store.read() as tx:
                state = deployment.store.tool_states.get(tx, release.digest, name)
        found[name] = (look, state)
    return found


def keep_looking(deployment: Deployment) -> None:
    """Look at the tools of every release that works live cases, where the last look is old enough.

    Several workers may do this: a tool is then looked at a little more often.
    """
    for release in at_work(deployment):
        loaded = deployment.loader.load(release.digest)
        if not loaded.charter.subjects("promised_tools"):
            continue
        with deployment.store.read() as tx:
            known = {
                one.tool: one.looked_at
                for one in deployment.store.tool_states.of_release(tx, release.digest)
            }
        for name in loaded.charter.subjects("promised_tools"):
            if name not in known or deployment.now() - known[name] >= LOOK_EVERY:
                look_at(deployment, loaded, only=name)


def let_go(
    deployment: Deployment, principal: Principal, release: Release, tool: str, *, reason: str
) -> ToolState:
    """End a hold, by a person's word. Where the tool can be looked at, it is looked at first and has to be good.

    Parked cases go on. Errors: ``Refused`` RW-TOOL-012 while it is not what was promised; ``Conflict``
    RW-TOOL-013 where nothing is held; ``InputProblem`` RW-STOP-002 without a reason.
    """
    require(principal, "resume", use_case=release.use_case)
    require_person(principal, "setting a tool going again")
    check_words(reason=reason)
    if not reason.strip():
        raise InputProblem("RW-STOP-002", Problem("this needs a reason", hint="say why in a few words"))
    loaded = deployment.loader.load(release.digest)
    declared(loaded.charter, tool)
    connector = loaded.tools[tool]
    probed = isinstance(connector, Watched) and connector.can_be_probed
    with deployment.store.read() as tx:
        held = deployment.store.tool_states.get(tx, release.digest, tool)
    if held is None or held.hold is Hold.NONE:
        raise Conflict("RW-TOOL-013", Problem(f"`{tool}` is not held back"))
    if probed:
        look_at(deployment, loaded, only=tool)
    now = deployment.now()
    with deployment.store.write() as tx:
        state = deployment.store.tool_states.get(tx, release.digest, tool)
        assert state is not None, "it was there a moment ago, and states are never taken away"
        free = released(state, at=now, probed=probed)
        deployment.store.tool_states.save(tx, free, expected=state.version)
        key = f"unpark:tool:{release.digest}:{tool}:{free.version}"
        deployment.engine.enqueue(tx, Job("unpark", key, f"tool:{tool}"))
        _record(deployment.store, tx, "tool.released", principal.id, free, now, reason=reason)
    deployment.clearance.forget()
    return free


def chosen(deployment: Deployment, use_case: str) -> Release:
    """The release that is meant where none is named: in production, else the furthest on the road, else the newest.

    Errors: ``NotFound`` RW-TOOL-019 where there is none.
    """
    with deployment.store.read() as tx:
        releases = deployment.store.releases.rollout(tx, use_case).releases
    order = list(Stage)
    going = [one for one in releases if one.stage not in ENDED]
    if not going:
        raise NotFound(
            "RW-TOOL-019",
            Problem(f"`{use_case}` has no release", hint="`roadworthy release start FOLDER` builds one"),
        )
    return max(going, key=lambda one: (order.index(one.stage), one.number))


def declared(charter: Charter, tool: str) -> Tool:
    """A tool of the charter. Errors: ``NotFound`` RW-TOOL-014, with those there are."""
    found = charter.tools.get(tool)
    if found is None:
        hint = f"tools: {', '.join(sorted(charter.tools)) or 'none'}"
        raise NotFound("RW-TOOL-014", Problem(f"the charter has no tool `{tool}`", hint=hint))
    return found


def told(name: str, tool: Tool, state: ToolState | None, *, approved: bool | None) -> dict[str, Any]:
    """A tool and its state as every door shows them. ``approved``: None where nothing has to be."""
    held = state is not None and state.hold is not Hold.NONE
    return {
        "tool": name,
        "use": tool.use,
        "sink": tool.sink,
        "idempotency": tool.idempotency,
        "definition": "in the folder" if approved is None else "approved" if approved else "not approved",
        "state": str(state.hold)
        if state is not None and held
        else "good"
        if state is not None and state.good_at
        else "unknown",
        "reason": state.reason if state is not None else "",
        "since": state.since if state is not None else None,
        "looked_at": state.looked_at if state is not None else None,
        "good_at": state.good_at if state is not None else None,
        "breaks": state.breaks if state is not None else 0,
    }


def _record(
    store: Store,
    tx: Transaction,
    kind: str,
    actor: str,
    state: ToolState,
    at: datetime,
    **more: str,
) -> None:
    about = {"use_case": state.use_case, "release": state.release}
    data = {"tool": state.tool, "hold": str(state.hold), "why": state.reason, **more}
    store.ledger.append(tx, encode(Event(kind, actor, at, about, data)))
