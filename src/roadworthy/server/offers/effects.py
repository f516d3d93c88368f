"""Effects and tools: where they stand, and a person's word that moves one on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from roadworthy.casework.effect import EffectRecord
from roadworthy.errors import NotFound
from roadworthy.operate import outgoing
from roadworthy.operate.tools.keeping import chosen, declared, let_go, look_at
from roadworthy.operate.tools.keeping import told as tool_told
from roadworthy.operate.tools.lock import FILE, read_lock
from roadworthy.ports import Transaction
from roadworthy.principal import require
from roadworthy.server.answers import effects as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import ONE_USE_CASE, PAGED, Nothing, Operation, doing, showing
from roadworthy.server.paging import paged, rows_limit


class NewWord(Body):
    """Why, in a few words."""

    reason: str


class NewLetting(Body):
    """Why; and ``behind``: let pass what waits behind it instead of itself."""

    reason: str
    behind: bool = False


def effects(ask: Ask) -> dict[str, Any]:
    """A page of effects, newest first."""
    return outgoing.list_effects(
        ask.deployment,
        ask.principal,
        use_case=ask.use_case,
        state=ask.query.get("state", ""),
        tool=ask.query.get("tool", ""),
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )


def effect(ask: Ask) -> dict[str, Any]:
    """One effect with what holds it."""
    return outgoing.show_effect(ask.deployment, ask.principal, ask.path["id"])


def _moved_by(verb: Callable[..., EffectRecord]) -> Callable[[Ask, NewWord], dict[str, Any]]:
    """An operation that asks a verb of ``outgoing`` and shows where the effect stands then."""

    def act(ask: Ask, body: NewWord) -> dict[str, Any]:
        verb(ask.deployment, ask.principal, ask.path["id"], reason=body.reason)
        return effect(ask)

    return act


def released(ask: Ask, body: NewLetting) -> dict[str, Any]:
    """Let go an effect that a person parked, or those that wait behind it."""
    outgoing.release_effect(
        ask.deployment, ask.principal, ask.path["id"], reason=body.reason, behind=body.behind
    )
    return effect(ask)


def version_of_effect(ask: Ask, tx: Transaction) -> str:
    """The version of the effect that the path names. Errors: ``NotFound`` RW-EFFECT-014."""
    found = ask.deployment.store.effects.get(tx, ask.path["id"])
    if found is None:
        raise NotFound("RW-EFFECT-014", f"no effect `{ask.path['id'][:100]}`")
    return str(found.version)


def tools(ask: Ask) -> dict[str, Any]:
    """Every tool of the release that works, and what is known of it."""
    name, store = ask.path["name"], ask.deployment.store
    require(ask.principal, "gate.read", use_case=name)
    release = chosen(ask.deployment, name)
    charter = ask.deployment.loader.charter(release.digest)
    with store.read() as tx:
        files = store.releases.archive(tx, release.digest).files
        states = {one.tool: one for one in store.tool_states.of_release(tx, release.digest)}
    approved, promised = read_lock(files.get(FILE)), charter.subjects("promised_tools")
    page, after = paged(ask, charter.tools.items(), lambda row: row[0])
    rows = [
        {
            **tool_told(
                key, tool, states.get(key), approved=key in approved if tool.use == "mcp" else None
            ),
            "promised": key in promised,
        }
        for key, tool in page
    ]
    times = ("since", "looked_at", "good_at")
    for row in rows:
        row.update({time: row[time].isoformat() if row[time] else None for time in times})
    return {"use_case": name, "release": release.name, "tools": rows, "after": after}


def looked(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Look at a tool now: its definition and the sample call of the charter."""
    name, tool = ask.path["name"], ask.path["tool"]
    require(ask.principal, "measure", use_case=name)
    loaded = ask.deployment.loader.load(chosen(ask.deployment, name).digest)
    declared(loaded.charter, tool)
    found = look_at(ask.deployment, loaded, only=tool)
    return {
        "use_case": name,
        "looks": [
            {
                "tool": key,
                "good": look.is_good,
                "hold": str(look.hold),
                "how": look.how,
                "reason": look.reason,
            }
            for key, (look, _state) in found.items()
        ],
    }


def freed(ask: Ask, body: NewWord) -> dict[str, Any]:
    """Set a tool going again that is held back."""
    name, tool = ask.path["name"], ask.path["tool"]
    require(ask.principal, "resume", use_case=name)
    let_go(ask.deployment, ask.principal, chosen(ask.deployment, name), tool, reason=body.reason)
    return {"use_case": name, "tool": tool, "state": "good"}


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/effects", "listEffects", "Effects, newest first, without content.",
        showing(effects),
        query={
            **ONE_USE_CASE, "state": "a state of effects, or `owed` for all that is still to happen",
            "tool": "only of this tool", **PAGED,
        },
        answer=told.EffectList,
    ),
    Operation(
        "GET", "/effects/{id}", "showEffect",
        "One effect: where it stands, what holds it, who is in front of it, how its receiver does.",
        showing(effect), answer=told.EffectTold, version=version_of_effect,
    ),
    Operation(
        "POST", "/effects/{id}/retry", "retryEffect", "A person says that a dead or unknown effect is to be sent.",
        doing(_moved_by(outgoing.retry_effect)), NewWord, answer=told.EffectTold, version=version_of_effect,
    ),
    Operation(
        "POST", "/effects/{id}/confirm", "confirmEffect", "A person says that an unknown or dead effect was felt.",
        doing(_moved_by(outgoing.confirm_effect)), NewWord, answer=told.EffectTold, version=version_of_effect,
    ),
    Operation(
        "POST", "/effects/{id}/park", "parkEffect", "Hold a ready effect until somebody releases it.",
        doing(_moved_by(outgoing.park_effect)), NewWord, answer=told.EffectTold, version=version_of_effect,
    ),
    Operation(
        "POST", "/effects/{id}/release", "releaseEffect",
        "Let go an effect that a person parked, or those that wait behind it.",
        doing(released), NewLetting, answer=told.EffectTold, version=version_of_effect,
    ),
    Operation(
        "GET", "/use-cases/{name}/tools", "listTools", "Tools of the release that works, and what is known of them.",
        showing(tools), query=PAGED, answer=told.ToolList,
    ),
    Operation(
        "POST", "/use-cases/{name}/tools/{tool}/check", "checkTool",
        "Look at a tool now: its definition, and the sample call of the charter.",
        doing(looked), Nothing, answer=told.LookList,
    ),
    Operation(
        "POST", "/use-cases/{name}/tools/{tool}/release", "releaseTool",
        "Set a tool going again that is held back; it is looked at first.",
        doing(freed), NewWord, answer=told.ToolFreed,
    ),
)  # fmt: skip
