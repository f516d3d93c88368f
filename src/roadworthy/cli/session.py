"""Who acts on the command line, and the installation it acts on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roadworthy.errors import Refused
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.wiring import Workspace, acting_name, open_deployment, workspace
from roadworthy.wiring.telemetry import begin_logs


@contextmanager
def opened(
    home: Path | None = None, *, workers: int = 2
) -> Iterator[tuple[Deployment, Principal, Workspace]]:
    """The installation and the signed-in principal; closed afterwards."""
    place = workspace(home)
    begin_logs()
    deployment = open_deployment(place, workers=workers)
    try:
        yield deployment, signed_in(deployment, place), place
    finally:
        deployment.store.close()


def signed_in(deployment: Deployment, place: Workspace) -> Principal:
    """Who is signed in. In a new installation: who set it up, with an account made on the spot.

    Errors: ``Refused`` RW-ACCESS-014 where accounts exist and nobody is signed in.
    """
    if place.session.exists():
        return access.recognise(
            deployment, place.session.read_text(encoding="utf-8").strip(), kind=access.KEY
        )
    with deployment.store.read() as tx:
        somebody = deployment.store.people.all(tx, limit=1)
    if somebody:
        raise Refused("RW-ACCESS-014", "nobody is signed in", hint="`roadworthy login NAME`")
    name = acting_name()
    account = access.first_account(deployment, id_=name, name=name)
    keep_session(place, access.issue(deployment, account, account.id, access.KEY))
    return account


def keep_session(place: Workspace, token: str) -> None:
    """Write the key where only this user reads it."""
    place.session.touch(mode=0o600, exist_ok=True)
    place.session.chmod(0o600)
    place.session.write_text(token + "\n", encoding="utf-8")
