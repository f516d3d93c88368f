"""Setting out: serve the pages, sign in, look at charters, check the installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    charter = typer.Typer(help="What was promised for a use case.", no_args_is_help=True)
    charter.command("lint")(charter_lint)
    charter.command("show")(charter_show)
    app.add_typer(charter, name="charter")
    app.command()(up)
    app.command()(login)
    app.command()(doctor)


def up(
    *,
    host: Annotated[
        str, typer.Option(help="Where to listen. Other machines see it only if you say so.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Taken: the next free one.")] = 8787,
    costs_to: Annotated[
        Path | None,
        typer.Option(help="A folder in which the FOCUS files of this month and the last one are kept."),
    ] = None,
    gateway: Annotated[
        bool, typer.Option(help="Serve the OpenAI wire too, on the port after the pages.")
    ] = True,
    public_url: Annotated[
        str,
        typer.Option(
            metavar="<url>",
            help="Its address for people and webhooks, where that is not this machine's own.",
        ),
    ] = "",
    home: Home = None,
) -> None:
    """Serve API, pages and the gateway, and work cases, all in this process. Ctrl+C stops."""
    from contextlib import ExitStack
    from functools import partial

    from roadworthy.cli.focus import kept_in
    from roadworthy.cli.gateway import beside
    from roadworthy.cli.session import opened
    from roadworthy.measure.duties import DUTIES
    from roadworthy.operate import access
    from roadworthy.operate.work import Worker
    from roadworthy.server.app import application
    from roadworthy.server.serve import serve
    from roadworthy.wiring.costs import book_duties
    from roadworthy.wiring.incoming import incoming_duties, mail_door
    from roadworthy.wiring.knowledge import forget_subject
    from roadworthy.wiring.place import credential, environment_name
    from roadworthy.wiring.telemetry import watching_duties

    out = Output(as_json=False)
    if costs_to is not None and not costs_to.is_dir():
        raise InputProblem("RW-COST-006", Problem("there is no such folder", place=str(costs_to)))
    with opened(home) as (deployment, principal, place):
        duties = (*DUTIES, *watching_duties(place), *incoming_duties(place))
        duties = (*duties, *book_duties(place, principal))
        if costs_to is not None:
            duties = (*duties, kept_in(costs_to, principal, place=place))
        worker = Worker(deployment, name=f"up-{deployment.new_id()}", duties=duties)
        worker.start()

        def ready(address: str) -> None:
            token = access.issue(deployment, principal, principal.id, access.LINK)
            out.say("Roadworthy is up", "bold green")
            out.say(f"  pages   {address}/sign-in?token={token}")
            out.say(
                "          (signs you in once, within 15 minutes; `roadworthy login --link` makes another)"
            )
            out.say(f"  API     {address}/api/v1")
            out.say(f"  files   {place.home}")
            out.say("  Ctrl+C stops", "dim")

        try:
            with ExitStack() as stack:
                if gateway:
                    stack.enter_context(beside(deployment, place, host=host, port=port + 1, out=out))
                if listening := stack.enter_context(mail_door(deployment, place)):
                    out.say(f"  mail    {listening}")
                secret = partial(credential, home=place.home)
                app = application(
                    deployment,
                    environment=environment_name(),
                    public_url=public_url,
                    secret=secret,
                    forget=partial(forget_subject, place),
                    place=place,
                )
                serve(app, host=host, port=port, on_ready=ready)
        finally:
            worker.stop(grace_s=20)


def login(
    name: Annotated[str, typer.Argument(help="The account; leave it out for your own.")] = "",
    *,
    link: Annotated[
        bool, typer.Option("--link", help="Print a one-time link for the pages instead.")
    ] = False,
    home: Home = None,
) -> None:
    """Sign in on this machine, or print a link that signs in a browser."""
    from roadworthy.cli.session import keep_session, signed_in
    from roadworthy.operate import access
    from roadworthy.wiring import open_deployment, workspace

    out = Output(as_json=False)
    place = workspace(home)
    deployment = open_deployment(place)
    try:
        if link or not name:
            principal = signed_in(deployment, place)
            token = access.issue(deployment, principal, name or principal.id, access.LINK)
            out.say(f"/sign-in?token={token}")
            out.note(
                "append this to the address that `roadworthy up` prints; it works once, within 15 minutes"
            )
            return
        password = typer.prompt(f"password of {name}", hide_input=True, err=True)
        session = access.sign_in(deployment, name, password)
        account = access.recognise(deployment, session, kind=access.SESSION)
        access.sign_out(deployment, session)
        keep_session(place, access.issue(deployment, account, account.id, access.KEY))
        out.say(f"signed in as {account.name}: {', '.join(sorted(account.roles))}")
    finally:
        deployment.store.close()


def charter_lint(
    path: Annotated[Path, typer.Argument(help="charter.yaml, or the folder it lies in.")],
    *,
    as_json: Json = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema instead.")] = False,
) -> int:
    """Check a charter: every problem at once, each with its line; and what it allows but probably should not."""
    from roadworthy.charter import cautions, json_schema

    out = Output(as_json=as_json)
    if schema:
        out.data(json_schema())
        return OK
    charter = _read(path)
    doubtful = cautions(charter)
    if as_json:
        told = [{"place": each.place, "message": each.message, "hint": each.hint} for each in doubtful]
        out.data({"use_case": charter.use_case, "problems": [], "cautions": told})
    for each in doubtful:
        out.say(f"! {each.place}: {each.message}; {each.hint}", "yellow")
    out.say(
        f"✓ {charter.use_case}: no problems; {len(charter.write_tools)} write tools, tier {charter.risk.tier}",
        "green",
    )
    return OK


def charter_show(
    path: Annotated[Path, typer.Argument(help="charter.yaml, or the folder it lies in.")],
    *,
    as_json: Json = False,
) -> None:
    """What a charter promises, in words."""
    charter = _read(path)
    out = Output(as_json=as_json)
    if as_json:
        out.data(charter.model_dump(mode="json"))
        return
    out.say(f"{charter.title} ({charter.use_case}, {charter.phase}, risk {charter.risk.tier})", "bold")
    out.say(f"  objective  {charter.objective.strip()}")
    owners = charter.owners
    out.say(
        f"  owners     business {owners.business}, technical {owners.technical}, risk {owners.risk}, support {owners.support}"
    )
    out.say(
        f"  KPI        {charter.kpi.name}: target {charter.kpi.target:g}, baseline from {charter.kpi.baseline.source}"
    )
    out.say(f"  autonomy   {charter.autonomy}; worst case: {charter.risk.worst_case}")
    out.say(f"  budget     {charter.budget.per_case} a case, {charter.budget.per_month} a month")
    for name, promise in charter.certificates.items():
        out.say(
            f"  promise    errors of kind `{name}` at most {promise.alpha:.1%} (certainty {1 - promise.delta:.0%})"
        )
    out.table(
        ["tool", "sink", "covered error", "repeats", "undo"],
        [(name, t.sink, t.error or "-", t.idempotency, t.undo or "-") for name, t in charter.tools.items()],
        empty="  no tools",
    )


def doctor(*, as_json: Json = False, home: Home = None) -> int:
    """Check this installation: what is there, what is missing, what to do."""
    from roadworthy.cli.checkup import checkup

    out = Output(as_json=as_json)
    findings = checkup(home)
    if as_json:
        out.data({"findings": [finding._asdict() for finding in findings]})
    for finding in findings:
        style = {"ok": "green", "warn": "yellow", "bad": "red"}[finding.mark]
        sign = {"ok": "✓", "warn": "!", "bad": "✗"}[finding.mark]
        out.say(f"{sign} {finding.what:22} {finding.found}", style)
        if finding.next_step:
            out.say(f"    → {finding.next_step}", "cyan")
    return NO if any(finding.mark == "bad" for finding in findings) else OK


def _read(path: Path) -> Charter:
    from roadworthy.charter import read

    file = path / "charter.yaml" if path.is_dir() else path
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise InputProblem(
            "RW-CHARTER-003", Problem(f"cannot be read: {problem.strerror}", place=str(file))
        ) from None
    return read(content, file=str(file))
