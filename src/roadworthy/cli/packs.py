"""Packs of the ledger: check one without the installation that it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import Json
from roadworthy.cli.output import NO, OK, Output


def check(
    pack: Annotated[Path, typer.Argument(help="The zip that the audit page gave for a period.")],
    *,
    key: Annotated[
        str, typer.Option(help="The ledger's public key, `name+id+key`, obtained from somewhere else.")
    ],
    as_json: Json = False,
) -> int:
    """Prove offline that a period is as it was signed. Exit code 3 if it is not."""
    from roadworthy.ledger import VerifyKey
    from roadworthy.operate.packs import check_pack

    out = Output(as_json=as_json)
    found = check_pack(pack, VerifyKey.parse(key))
    if as_json:
        out.data(
            {
                "holds": found.holds,
                "start": found.start,
                "entries": found.entries,
                "size": found.size,
                "origin": found.origin,
                "message": found.message,
            }
        )
    elif found.holds:
        out.say(f"✓ {found.entries} entries from {found.start} on, as they were signed", "green")
        out.say(f"  in the ledger {found.origin} of {found.size} entries")
    else:
        out.say(f"✗ {found.message}", "bold red")
    return OK if found.holds else NO
