"""Releases as they are looked at: all of them, one, two side by side, and which a case gets; and the way back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import Output

Some = Annotated[
    str, typer.Argument(help="The name in its charter, such as support; default: all of them.")
]
One = Annotated[str, typer.Argument(help="r2, or the first digits of its digest.")]


def register(release: typer.Typer) -> None:
    """Add the commands of this module to the group `release`."""
    release.command("list")(list_releases)
    release.command("show")(show)
    release.command("diff")(diff)
    release.command("assigned")(assigned)
    release.command("rollback")(rollback)


def list_releases(use_case: Some = "", *, as_json: Json = False, home: Home = None) -> None:
    """Releases with their stages, newest first, and until when one may come back."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.telling import release_json
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "gate.read", use_case=use_case or principal.use_case)
        with deployment.store.read() as tx:
            names = [use_case] if use_case else deployment.store.releases.use_cases(tx)
            rows: list[dict[str, Any]] = []
            for name in names:
                known = deployment.store.releases.rollout(tx, name).releases
                rows += [release_json(one) for one in sorted(known, key=lambda one: -one.number)]
    if as_json:
        out.data({"releases": rows})
        return
    out.table(
        ["use case", "release", "digest", "stage", "share", "since", "author", "may come back until", "note / reason"],
        [
            (r["use_case"], r["release"], r["digest"][7:19], r["stage"], f"{r['share']:.0%}", r["since"],
             r["author"], r["fit_until"] or "", r["reason"] or r["note"])
            for r in rows
        ],
        empty="no release yet: `roadworthy release start FOLDER`",
    )  # fmt: skip


def show(
    use_case: UseCase,
    release: Annotated[
        str, typer.Argument(help="r2, or the first digits of its digest; default: the newest.")
    ] = "",
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """One release: its signature, its files, the steps of its canary and how far it is."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.telling import plan_of, tell
    from roadworthy.stage import ENDED

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        told = tell(deployment, principal, use_case, release)
        chosen = told.release
        plan = plan_of(deployment, chosen)
        if as_json:
            out.data({**told.as_json(), "plan": list(plan)})
            return
        out.say(
            f"{chosen.name} of {use_case}, {chosen.stage} since {chosen.stage_since:%Y-%m-%d %H:%M}", "bold"
        )
        out.say(f"  {chosen.digest}")
        signed = (
            f"signed by {chosen.key}"
            if chosen.key
            else "built before releases were signed; the ledger names it"
        )
        out.say(f"  built by {chosen.author}, {signed}")
        for line in filter(None, (chosen.note, chosen.reason)):
            out.say(f"  {line}")
        if chosen.fit_until is not None:
            back = f"roadworthy release rollback {use_case}"
            out.say(f"  may come back until {chosen.fit_until:%Y-%m-%d %H:%M}: {back}", "cyan")
        if chosen.stage not in ENDED:
            for line in plan:
                out.say(f"  {line}")
        if told.standing is not None:
            out.say(f"  {told.standing.sentence}", "green" if told.standing.passed else "yellow")
            for one in told.standing.metrics:
                out.say(f"    {one.sentence}")
        for name, digest in told.files.items():
            out.say(f"  {digest[7:19]} {name}", "dim")


def diff(use_case: UseCase, before: One, after: One, *, as_json: Json = False, home: Home = None) -> None:
    """What is new in a release, in words: prompts by line, models, thresholds, policies, tools, promises."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.telling import compare

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        found = compare(deployment, principal, use_case, before, after)
    if as_json:
        rows = [
            {"kind": one.kind, "about": one.about, "sentence": one.sentence, "before": one.before, "after": one.after}
            for one in found
        ]  # fmt: skip
        out.data({"use_case": use_case, "before": before, "after": after, "differences": rows})
        return
    for one in found:
        out.say(f"{one.kind:9} {one.sentence}")
    if not found:
        out.say(f"{before} and {after} are the same")


def assigned(
    use_case: UseCase,
    key: Annotated[str, typer.Argument(help="The external key of the case.")],
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Which release the case of this key has, or would get. The same key gets the same answer."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.assigning import assigned as find

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        found = find(deployment, principal, use_case, key)
    if as_json:
        out.data(found.as_json())
        return
    doer = found.release.name if found.release else "people"
    out.say(f"{doer}: {found.why}", "green" if found.release else "")
    if found.shadow is not None:
        out.say(f"  {found.shadow.name} watches it in shadow")
    if found.stopped:
        out.say(f"  nothing runs for it just now: {found.stopped}", "bold red")


def rollback(
    use_case: UseCase,
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Halt what is in production and bring back the release before it, at once.

    Cases with no effect sent begin again on it; people look at the others, with their undo.
    """
    from roadworthy.cli.session import opened
    from roadworthy.operate.rollout import back_to_previous

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        change = back_to_previous(deployment, principal, use_case, reason=reason)
    if as_json:
        rows = [
            {"release": one.name, "from": str(before), "to": str(one.stage)} for one, before in change.moved
        ]
        out.data({"use_case": use_case, "moved": rows})
        return
    for one, before in change.moved:
        out.say(f"{one.name}: {before} → {one.stage}", "green")
