"""Lineage: what a decision rests on, and which decisions rest on a thing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import Output

Version = Annotated[str, typer.Option(help="Only this version: a digest.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=200)]
After = Annotated[str, typer.Option(help="Go on after this cursor.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    lineage = typer.Typer(help="What decisions rest on, in both directions.", no_args_is_help=True)
    lineage.command("document")(document)
    lineage.command("model")(model)
    lineage.command("tool")(tool)
    lineage.command("case")(case)
    app.add_typer(lineage, name="lineage")


def document(
    name: Annotated[str, typer.Argument(help="The document's name, or the digest of one version.")],
    *,
    version: Version = "",
    limit: Limit = 50,
    after: After = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Which decisions used this document, and what they caused."""
    _uses("document", name, version=version, limit=limit, after=after, as_json=as_json, home=home)


def model(
    name: Annotated[str, typer.Argument(help="The task, or the digest of one model.")],
    *,
    version: Version = "",
    limit: Limit = 50,
    after: After = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Which decisions used this task's model."""
    _uses("model", name, version=version, limit=limit, after=after, as_json=as_json, home=home)


def tool(
    name: Annotated[str, typer.Argument(help="The read tool, such as crm.find_customer.")],
    *,
    limit: Limit = 50,
    after: After = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Which decisions used what this tool said."""
    _uses("tool", name, version="", limit=limit, after=after, as_json=as_json, home=home)


def case(
    name: Annotated[str, typer.Argument(help="The case's key (T-100001) or id.")],
    *,
    use_case: Annotated[str, typer.Option("--use-case", help="Whose key it is.")] = "",
    prov: Annotated[bool, typer.Option("--prov", help="Print PROV-JSON (W3C) instead.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What a case's decision rests on, and what it caused."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.lineage import lineage_of_case, prov_of_case

    out = Output(as_json=as_json or prov)
    with opened(home) as (deployment, principal, _):
        tell = prov_of_case if prov else lineage_of_case
        told = tell(deployment, principal, name, use_case=use_case)
    if as_json or prov:
        out.data(told)
        return
    out.say(f"{told['case']['key']} · {told['case']['use_case']} · {told['case']['state']}", "bold")
    out.table(
        ["from", "", "to", "version"],
        [(e["from"], e["relation"], e["to"], _short(e["digest"])) for e in told["edges"]],
        empty="nothing is on record",
    )


def _uses(kind: str, name: str, *, as_json: bool, home: Any, **asked: Any) -> None:
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.lineage import decisions_that_used

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        told = decisions_that_used(deployment, principal, name, kind=kind, **asked)
    if as_json:
        out.data(told)
        return
    out.table(
        ["case", "use case", "release", "when", "version", "answer", "by", "effects"],
        [
            (
                use["case"]["key"], use["case"]["use_case"], use["release"], use["at"][:16], _short(use["digest"]),
                use["answer"] or "-", use["handled_by"] or "-",
                ", ".join(f"{one['tool']} {one['state']}" for one in use["effects"]) or "none",
            )
            for use in told["uses"]
        ],
        empty="no decision that you may read",
    )  # fmt: skip
    if told["after"]:
        out.note(f"more: --after {told['after']}")


def _short(digest: str) -> str:
    algorithm, separator, rest = digest.partition(":")
    return rest[:12] if separator and algorithm in {"sha256", "hmac-sha256"} else digest[:24]
