"""How knowledge is kept: what its owners have to do, what people ask and nothing answers, and what was dismissed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import Output
from roadworthy.cli.shelves import Named, one_shelf

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.knowledge.gaps import Gaps, Question
    from roadworthy.measure.knowledge.asked import Collected
    from roadworthy.measure.knowledge.health import Health
    from roadworthy.operate.deployment import Deployment
    from roadworthy.ports.knowledge import KnowledgeSource
    from roadworthy.principal import Principal

Source = Annotated[
    str, typer.Argument(help="The knowledge source, as the charter calls it; default: the only one.")
]
Days = Annotated[int, typer.Option(min=1, max=3650, help="Questions of the last so many days.")]
SHOWN = 20


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the group `knowledge`."""
    app.command("health")(health)
    app.command("gaps")(gaps)
    app.command("dismiss")(dismiss)


def health(
    use_case: UseCase,
    source: Source = "",
    *,
    days: Days = 90,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="Entries of the list that are shown.")
    ] = SHOWN,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What the owners of a knowledge source have to do, the most urgent first.

    Questions of recorded cases weigh the list where they may be read; without that right it is by severity alone.
    The page "Data" of the dashboard shows what was found, too.
    """
    from roadworthy.principal import allows

    out = Output(as_json=as_json)
    with one_shelf(home, use_case, release, source, verb="knowledge.read") as opened:
        deployment, principal, charter, base = opened
        content = allows(principal, "case.read_content", use_case=use_case)
        told, touched = None, None
        if content:
            collected, found, asked, _ = _asked(deployment, principal, use_case, base, days)
            told, touched = (found, asked), collected.touched
        report = look_over_knowledge(
            deployment, principal, charter, base, touched=touched, gaps=told, content=content
        )
    if as_json:
        out.data(report.as_json())
        return
    _tell(out, use_case, report, limit)


def look_over_knowledge(
    deployment: Deployment, principal: Principal, charter: Charter, base: KnowledgeSource, **asked: Any
) -> Health:
    """What the owners of a source have to do, without pairs that were dismissed; it is kept for the dashboard.

    ``asked``: as ``health`` of `measure.knowledge` takes people's questions.
    """
    from roadworthy.measure.knowledge import health as measured
    from roadworthy.measure.lookovers import keep_knowledge_look
    from roadworthy.operate.knowledge.dismissing import dismissals
    from roadworthy.wiring.costs import outlooks

    owner = charter.knowledge[base.name].owner
    first = measured.health(base, today=deployment.now().date(), owner=owner, **asked)
    report = first.without(dismissals(deployment, charter.use_case, base.name, first.pairs))
    keep_knowledge_look(deployment, principal, outlooks(), charter.use_case, base, report)
    return report


def gaps(
    use_case: UseCase,
    source: Source = "",
    *,
    days: Days = 90,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Gaps that are shown.")] = SHOWN,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the share of unanswered questions as a measurement.")
    ] = False,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What people asked and nothing answers, gathered by what it is about, the most urgent first."""
    from roadworthy.cli.releases import chosen_release
    from roadworthy.measure.fact import keep as keep_facts
    from roadworthy.measure.knowledge.freshness import gap_fact

    out = Output(as_json=as_json)
    with one_shelf(home, use_case, release, source, verb="case.read_content") as opened:
        deployment, principal, _, base = opened
        collected, found, asked, below = _asked(deployment, principal, use_case, base, days)
        if keep:
            fact = gap_fact(base.name, found, below=below)
            keep_facts(deployment, principal, chosen_release(deployment, use_case, release), [fact])
    if as_json:
        out.data(_gaps_as_json(base.name, collected, found, asked, below))
        return
    out.say(
        f"{base.name}: {found.unanswered} of {found.asked} questions of {collected.cases} cases probably find no answer "
        f"(score below {below:.2f})",
        "bold",
    )
    out.table(
        ("asked", "share", "trend", "about", "for example", "nearest document"),
        [
            (
                gap.size,
                f"{gap.share:.1%}",
                _trend(gap.trend),
                ", ".join(gap.words),
                _short(asked[gap.medoid].text),
                gap.nearest,
            )
            for gap in found.gaps[:limit]
        ],
        empty="nothing is left unanswered",
    )
    _tell_left_out(out, collected, found)


def dismiss(
    use_case: UseCase,
    source: Annotated[str, typer.Argument(help="The knowledge source, as the charter calls it.")],
    pair: Annotated[str, typer.Argument(help="The id of a pair, as `health` shows it.")],
    *,
    reason: Annotated[str, typer.Option(help="Why it is no contradiction, or may say the same.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say of a pair that it is no fault. It comes back once one of its sentences changes."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.knowledge.dismissing import dismiss as note

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        new = note(deployment, principal, use_case, source, pair, reason=reason)
    if as_json:
        out.data({"pair": pair, "new": new})
    out.say("noted" if new else "that was noted before")


def _asked(
    deployment: Deployment, principal: Principal, use_case: str, base: KnowledgeSource, days: int
) -> tuple[Collected, Gaps, tuple[Question, ...], float]:
    from roadworthy.measure.knowledge.asked import UNCALIBRATED, gaps_of, questions_asked
    from roadworthy.measure.knowledge.freshness import line_drawn

    now = deployment.now()
    with deployment.store.read() as tx:
        earlier = deployment.store.evidence.measurements(tx, use_case)
    drawn = line_drawn(earlier, base.name)
    below = UNCALIBRATED if drawn is None else drawn
    collected = questions_asked(
        deployment, principal, use_case, base.name, since=now - timedelta(days=days)
    )
    found, asked = gaps_of(base, collected, now=now, below=below)
    return collected, found, asked, below


def _tell(out: Output, use_case: str, report: Health, limit: int) -> None:
    out.say(
        f"{report.source} on {report.today}: {report.documents} documents in {report.chunks} passages",
        "bold",
    )
    soon = sum(map(len, report.soon_stale.values()))
    for name, count in (
        ("past their validity", len(report.stale)),
        ("that a newer document contradicts", len(report.superseded)),
        ("soon past their validity", soon),
        ("without owner", len(report.without_owner)),
        ("without validity", report.without_validity),
        ("contradictions", len(report.contradictions)),
        ("pairs that say the same", len(report.repeats)),
        ("findings of reading", len(report.findings)),
        ("passages without vector", report.unembedded),
        ("pairs dismissed", report.dismissed),
    ):
        if count:
            out.say(f"  {count:6} {name}")
    out.table(
        ("priority", "what", "next", "who", "asked", "pair"),
        [
            (f"{one.priority:g}", _short(one.what), one.next_step, one.owner, one.questions or "", one.pair)
            for one in report.todo[:limit]
        ],
        empty="nothing to do",
    )
    for one in report.contradictions[:limit]:
        out.say(f"{one.why} (confidence {one.confidence:.0%})", "yellow")
        for side in (one.one, one.other):
            newer = ", newer" if side.document == one.newer else ""
            as_of = f" as of {side.updated}" if side.updated else ""
            out.say(
                f"  {side.document} sentence {side.place}{as_of}{newer}, {side.owner or 'no owner'}", "cyan"
            )
            out.say(f"    {_short(side.text)}")
    if len(report.todo) > limit:
        out.say(f"and {len(report.todo) - limit} more: --limit", "dim")
    for left in report.not_looked_at:
        out.note(f"not looked at: {left}")
    if report.contradictions or report.repeats:
        out.say(
            f"no fault: roadworthy knowledge dismiss {use_case} {report.source} PAIR --reason …", "cyan"
        )


def _tell_left_out(out: Output, collected: Collected, found: Gaps) -> None:
    if collected.erased:
        out.note(f"{collected.erased} cases dropped out: their data subjects were erased")
    if collected.unreadable:
        out.note(f"the records of {collected.unreadable} cases cannot be read")
    if collected.more:
        out.note("there are older questions in these days that were not looked at")
    if found.unread:
        out.note(f"{found.unread} questions have no vector and stand in no gap")


def _gaps_as_json(
    source: str, collected: Collected, found: Gaps, asked: tuple[Question, ...], below: float
) -> dict[str, Any]:
    return {
        "source": source,
        "below": below,
        "asked": found.asked,
        "unanswered": found.unanswered,
        "unread": found.unread,
        "cases": collected.cases,
        "erased": collected.erased,
        "unreadable": collected.unreadable,
        "more": collected.more,
        "gaps": [
            {
                "size": gap.size,
                "share": gap.share,
                "words": list(gap.words),
                "example": asked[gap.medoid].text,
                "case": asked[gap.medoid].case,
                "nearest": gap.nearest,
                "score": None if gap.score != gap.score else gap.score,
                "first": gap.first.isoformat(),
                "last": gap.last.isoformat(),
                "weeks": list(gap.weeks),
                "urgency": gap.urgency,
            }
            for gap in found.gaps
        ],
    }


def _trend(times: float) -> str:
    if times == float("inf"):
        return "new"
    return f"× {times:.1f}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
