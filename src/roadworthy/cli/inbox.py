"""The inbox on the command line: list, claim, hand on, decide, take back; figures and absences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
from roadworthy.cli.reviewing import show_review
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.casework.review import Review
    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal

Id = Annotated[str, typer.Argument(help="The review's id.")]
OnlyOf = Annotated[str, typer.Option("--use-case", help="Only of this use case.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=500)]
After = Annotated[str, typer.Option(help="Go on after this cursor.")]


def register(review: typer.Typer) -> None:
    """Add the commands of this module to ``roadworthy review``."""
    review.command("list")(list_reviews)
    review.command("show")(show_review)
    review.command("claim")(claim)
    review.command("release")(release)
    review.command("assign")(assign)
    review.command("delegate")(delegate)
    review.command("decide")(decide)
    review.command("undo")(undo)
    review.command("stats")(stats)
    review.command("absence")(absence)
    review.command("skill")(skill)
    review.command("mail")(mail)


def list_reviews(
    *,
    use_case: OnlyOf = "",
    view: Annotated[
        str, typer.Option(help="mine, queues (what I may answer), free (of those what nobody has) or all.")
    ] = "all",
    queue: Annotated[str, typer.Option(help="Only of this queue of the charter.")] = "",
    limit: Limit = 25,
    after: After = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What waits for a person, the most urgent first, and how much of it."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.listing import count_inbox, list_inbox
    from roadworthy.server.views.reviews import review_json

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        page = list_inbox(
            deployment, principal, view, use_case=use_case, queue=queue or None, after=after, limit=limit
        )
        counts = count_inbox(deployment, principal, use_case=use_case)
        with deployment.store.read() as tx:
            keys = {one.case: deployment.store.cases.get(tx, one.case) for one in page.rows}
        rows = [
            {**review_json(one, now=deployment.now()), "case": getattr(keys[one.case], "key", "")}
            for one in page.rows
        ]
    told = {"mine": counts.mine, "queues": counts.queues, "all": counts.all, "overdue": counts.overdue}
    if as_json:
        out.data({"reviews": rows, "after": page.after, "counts": told})
        return
    out.table(
        ["id", "case", "kind", "queue", "role", "due", "who", "why"],
        [
            (
                row["id"],
                row["case"],
                row["kind"],
                row["queue"],
                row["role"] + (f", {row['skill']}" if row["skill"] else ""),
                row["due_at"][:16] + (" overdue" if row["overdue"] else ""),
                row["claimed_by"] or row["assignee"],
                "; ".join(row["reasons"]),
            )
            for row in rows
        ],
        empty="nothing waits for a person" if view == "all" else "nothing here",
    )
    out.note(", ".join(f"{name} {number}" for name, number in told.items()))
    if page.after:
        out.note(f"more: --after {page.after}")


def claim(
    review: Annotated[
        str, typer.Argument(help="The review's id; left out, the one that comes first.")
    ] = "",
    *,
    use_case: OnlyOf = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Take a review for yourself for a while; again, the while begins anew."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import claim_next, claim_review

    with opened(home) as (deployment, principal, _):
        if review:
            found: Review | None = claim_review(deployment, principal, review)
        else:
            found = claim_next(deployment, principal, use_case=use_case)
        if found is None:
            Output(as_json=as_json).say("nothing waits for you")
            return NO
        until = f" until {found.claimed_until:%H:%M} UTC" if found.claimed_until else ""
        _told(deployment, found, f"{found.id} is yours{until}", as_json=as_json)
    return OK


def release(review: Id, *, as_json: Json = False, home: Home = None) -> None:
    """Give a review back to its queue."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import release_review

    with opened(home) as (deployment, principal, _):
        _told(deployment, release_review(deployment, principal, review), "given back", as_json=as_json)


def assign(
    review: Id,
    to: Annotated[str, typer.Argument(help="Whom; left out, nobody in particular.")] = "",
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Have somebody do it; who is away is stood in for."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import assign_review

    with opened(home) as (deployment, principal, _):
        found = assign_review(deployment, principal, review, to)
        _told(deployment, found, f"it is for {to or 'nobody in particular'}", as_json=as_json)


def delegate(
    review: Id,
    to: Annotated[str, typer.Argument(help="Whom.")],
    *,
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Hand on what you have. Nobody gains a role by it."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import delegate_review

    with opened(home) as (deployment, principal, _):
        found = delegate_review(deployment, principal, review, to, reason=reason)
        _told(deployment, found, f"it is for {to}", as_json=as_json)


def decide(
    review: Id,
    verdict: Annotated[str, typer.Argument(help="approve, edit, reject, answer, escalate or done.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; needed to reject or escalate.")] = "",
    answer: Annotated[str, typer.Option(help="The answer to a question.")] = "",
    edit: Annotated[
        list[str] | None, typer.Option("--set", help="argument=value, for edit; may stand several times.")
    ] = None,
    seen: Annotated[
        str, typer.Option(help="Digest of the proposal you saw; default: the present one.")
    ] = "",
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Approve or reject with it all that ask exactly the same.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Answer a review as the person signed in."""
    from roadworthy.casework.review import Verdict
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviewing import decide_review

    if verdict not in set(Verdict):
        raise InputProblem(
            "RW-CLI-006", f"`{verdict}` is no verdict", hint=f"verdicts: {', '.join(Verdict)}"
        )
    with opened(home) as (deployment, principal, _):
        if bulk:
            return _decide_bulk(deployment, principal, review, verdict, reason, as_json=as_json)
        with deployment.store.read() as tx:
            present = deployment.store.reviews.get(tx, review)
        decided = decide_review(
            deployment,
            principal,
            review,
            Verdict(verdict),
            seen=seen or (present.proposal if present else ""),
            reason=reason,
            edits=dict(_edit(one) for one in edit or ()),
            answer=answer,
        )
        words = (
            f"{decided.kind} review {decided.state}: {decided.verdict or 'escalated to ' + decided.role}"
        )
        if decided.leaves_at:
            words += f"; it leaves at {decided.leaves_at:%H:%M:%S} UTC, until then `roadworthy review undo {decided.id}`"
        _told(deployment, decided, words, as_json=as_json)
    return OK


def undo(review: Id, *, as_json: Json = False, home: Home = None) -> None:
    """Take an approval back before its effect leaves."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviewing import undo_decision

    with opened(home) as (deployment, principal, _):
        _told(deployment, undo_decision(deployment, principal, review), "it is open again", as_json=as_json)


def stats(
    use_case: Annotated[str, typer.Argument(help="The use case.")],
    *,
    reviewer: Annotated[str, typer.Option(help="Whose; default: everybody's, for the owner only.")] = "",
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=3_660)] = 90,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """How long reviewers look, how they agree, what they catch. Only they and the owner see it."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.figures import LEAST, reviewer_figures

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        found = reviewer_figures(deployment, principal, use_case, reviewer=reviewer, days=days)
    rows = [one.as_json() for one in found]
    if as_json:
        out.data({"reviewers": rows})
        return
    out.table(
        ["reviewer", "answers", "seconds", "approved", "blind kappa", "with colleagues", "planted caught"],
        [
            (
                row["reviewer"],
                row["answers"],
                row["seconds"] if row["seconds"] is not None else "-",
                _share(row["approved"]),
                _agreement(row["blind_agreement"]),
                _agreement(row["agreement_with_colleagues"]),
                _share(row["planted_caught"]),
            )
            for row in rows
        ],
        empty="nobody answered anything",
    )
    out.note(f"- : fewer than {LEAST} answers, of which nothing is told")


def absence(
    *,
    starts: Annotated[
        str, typer.Option("--from", help="From when, with zone: 2026-08-03T08:00+02:00.")
    ] = "",
    ends: Annotated[str, typer.Option("--until", help="Until when.")] = "",
    deputy: Annotated[str, typer.Option(help="Who stands in.")] = "",
    person: Annotated[str, typer.Option(help="Who is away; default: you.")] = "",
    end: Annotated[str, typer.Option("--end", help="End the absence of this id.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Who is away: say it, end it, or list it without options."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import end_absence, note_absence
    from roadworthy.principal import require
    from roadworthy.server.offers.inbox import moment

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "review.read")
        if end:
            end_absence(deployment, principal, end)
        elif starts or ends:
            note_absence(
                deployment,
                principal,
                person=person or principal.id,
                deputy=deputy,
                starts_at=moment(starts, "--from"),
                ends_at=moment(ends, "--until"),
            )
        with deployment.store.read() as tx:
            found = deployment.store.inbox.absences(tx, ending_after=deployment.now())
    rows = [
        {
            "id": one.id,
            "person": one.principal,
            "deputy": one.deputy,
            "from": one.starts_at.isoformat(timespec="minutes"),
            "until": one.ends_at.isoformat(timespec="minutes"),
        }
        for one in found
    ]
    if as_json:
        out.data({"absences": rows})
    else:
        out.table(
            ["id", "who", "deputy", "from", "until"],
            [tuple(row.values()) for row in rows],
            empty="nobody is away",
        )


def skill(
    person: Annotated[str, typer.Argument(help="Whose account.")],
    name: Annotated[str, typer.Argument(help="What they can do: german.")],
    *,
    take: Annotated[bool, typer.Option("--take", help="They cannot any more.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say what a reviewer can do beside their role; queues of a charter ask for it."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import set_skill

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        changed = set_skill(deployment, principal, person, name, has=not take)
    if as_json:
        out.data({"changed": changed})
    else:
        out.say(f"{person} {'no longer ' if take else ''}knows {name}" + ("" if changed else ", as before"))


def _decide_bulk(
    deployment: Deployment, principal: Principal, review: str, verdict: str, reason: str, *, as_json: bool
) -> int:
    from roadworthy.casework.review import Verdict
    from roadworthy.operate.reviews.bulk import alike, decide_bulk

    found = alike(deployment, principal, review)
    told = decide_bulk(
        deployment, principal, {one.id: one.proposal for one in found}, Verdict(verdict), reason=reason
    )
    out = Output(as_json=as_json)
    if as_json:
        out.data({"decided": [one.id for one in told.decided], "problems": dict(told.problems)})
    else:
        out.say(f"{len(told.decided)} reviews that ask the same: {verdict}", "green")
        for id_, why in told.problems.items():
            out.say(f"  {id_}: {why}", "yellow")
    return NO if told.problems else OK


def _told(deployment: Deployment, found: Review, words: str, *, as_json: bool) -> None:
    from roadworthy.server.views.reviews import review_json

    out = Output(as_json=as_json)
    if as_json:
        out.data({"review": review_json(found, now=deployment.now())})
    else:
        out.say(words, "green")


def _edit(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InputProblem("RW-CLI-007", Problem(f"`{text}` is not argument=value", place="--set"))
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _share(rate: dict[str, Any] | None) -> str:
    return "-" if rate is None else f"{rate['hits']}/{rate['n']} ({rate['low']:.0%} to {rate['high']:.0%})"


def _agreement(kappa: dict[str, Any] | None) -> str:
    if kappa is None or kappa["kappa"] is None:
        return "-"
    return f"{kappa['kappa']:.2f} ({kappa['low']:.2f} to {kappa['high']:.2f}), n={kappa['n']}"


def mail(*, as_json: Json = False, home: Home = None) -> int:
    """Who is written to about reviews, when last, and what keeps a mail from leaving. Exit code 3 if one was refused."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.reminding import reminders
    from roadworthy.wiring.receivers import review_mail

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        rows = reminders(deployment, principal)
        said = review_mail(place)
    every = f"at most every {said.every}" if said else ""
    if as_json:
        out.data({"on": said is not None, "every": every, "people": rows})
    else:
        out.say(f"mail is on, {every}" if said else "mail is off: name `reviews` in `alerts.yaml`", "bold")
        out.table(
            ["person", "last", "not before", "attempts", "problem"],
            [
                (one["person"], (one["sent_at"] or "-")[:16], (one["next_at"] or "-")[:16], one["attempts"], one["problem"] or "-")
                for one in rows
            ],
            empty="nobody has an address: `roadworthy user email NAME ADDRESS`",
        )  # fmt: skip
    return NO if any(one["problem"] for one in rows) else OK
