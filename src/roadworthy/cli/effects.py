"""Effects: what is on its way to the outside world, what holds it, and a person's word about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import Output

Effect = Annotated[str, typer.Argument(help="The effect's id.")]
Reason = Annotated[str, typer.Option(help="Why, in a few words.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    effects = typer.Typer(help="What leaves for the outside world.", no_args_is_help=True)
    effects.command("list")(list_them)
    effects.command("show")(show)
    effects.command("retry")(retry)
    effects.command("confirm")(confirm)
    effects.command("release")(release)
    effects.command("park")(park)
    app.add_typer(effects, name="effects")


def list_them(
    *,
    use_case: Annotated[str, typer.Option("--use-case", help="Only of this use case.")] = "",
    state: Annotated[
        str, typer.Option(help="Only in this state; `owed` is all that is still to happen.")
    ] = "",
    tool: Annotated[str, typer.Option(help="Only of this tool.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 50,
    after: Annotated[str, typer.Option(help="Go on after this cursor.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Effects, newest first: their state, and what holds them."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.outgoing import list_effects

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        told = list_effects(
            deployment, principal, use_case=use_case, state=state, tool=tool, after=after, limit=limit
        )
    if as_json:
        out.data(told)
        return
    out.table(
        ["effect", "case", "tool", "state", "tries", "waits for"],
        [
            (one["id"], one["case"], one["tool"], one["state"], str(one["attempts"]), _waits(one))
            for one in told["effects"]
        ],
        empty="no effect that you may see",
    )
    if told["after"]:
        out.note(f"more: --after {told['after']}")


def show(effect: Effect, *, as_json: Json = False, home: Home = None) -> None:
    """One effect: what became of its attempts, what holds it, who is in front of it and behind it."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.outgoing import show_effect

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        told = show_effect(deployment, principal, effect)
    if as_json:
        out.data(told)
        return
    out.say(f"{told['tool']} · {told['use_case']} · case {told['case']} · {told['state']}", "bold")
    for name in ("key", "attempts", "lookups", "sent_at", "in_front", "behind", "receiver", "undoes"):
        if told[name]:
            out.say(f"  {name.replace('_', ' '):10} {told[name]}")
    if waits := _waits(told):
        out.say(f"  waits for  {waits}", "yellow")
    for reason in told["reasons"]:
        out.say(f"  because {reason}")
    if told["review"]:
        out.say(f"  a person is asked: roadworthy review show {told['review']}", "cyan")


def retry(effect: Effect, *, reason: Reason, as_json: Json = False, home: Home = None) -> None:
    """Send a dead or unknown effect (again), under the key it had: your answer to the review that asks it."""
    from roadworthy.operate.outgoing import retry_effect

    _act(retry_effect, effect, as_json=as_json, home=home, reason=reason)


def confirm(effect: Effect, *, reason: Reason, as_json: Json = False, home: Home = None) -> None:
    """Say that an unknown or dead effect was felt: your answer to the review that asks it."""
    from roadworthy.operate.outgoing import confirm_effect

    _act(confirm_effect, effect, as_json=as_json, home=home, reason=reason)


def release(
    effect: Effect,
    *,
    reason: Reason,
    behind: Annotated[
        bool, typer.Option("--behind", help="Let those go that wait behind it in its lane; it stays.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Let go an effect that a person parked, or those behind one that blocks its lane."""
    from roadworthy.operate.outgoing import release_effect

    _act(release_effect, effect, as_json=as_json, home=home, reason=reason, behind=behind)


def park(effect: Effect, *, reason: Reason, as_json: Json = False, home: Home = None) -> None:
    """Hold a ready effect, and its case with it, until somebody releases it."""
    from roadworthy.operate.outgoing import park_effect

    _act(park_effect, effect, as_json=as_json, home=home, reason=reason)


def _act(verb: Any, effect: str, *, as_json: bool, home: Any, **asked: Any) -> None:
    from roadworthy.cli.session import opened
    from roadworthy.operate.outgoing import show_effect

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        after = verb(deployment, principal, effect, **asked)
        if as_json:
            out.data(show_effect(deployment, principal, after.id))
    out.say(f"{after.tool}: {after.state}", "green")


def _waits(told: dict[str, Any]) -> str:
    held = str(told["held"])
    words = {
        "rate": "its tool's rate",
        "circuit": "its receiver to answer again",
        "turn": "nothing: it is its turn",
    }
    if held.startswith("order:"):
        return f"the effect in front: {held.removeprefix('order:')}"
    if held.startswith("by:"):
        return f"a person: {held.removeprefix('by:')}"
    if held:
        return words.get(held, held)
    return f"its next try at {told['due_at'][:19]}" if told["due_at"] else ""
