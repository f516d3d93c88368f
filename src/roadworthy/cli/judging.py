"""What the commands about ideas share: their files, and a judged idea as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.cli.output import Output, replace_file
from roadworthy.errors import Conflict, InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.business.assessment import Assessment
    from roadworthy.business.decision import Verdict
    from roadworthy.business.policy import Policy
    from roadworthy.business.portfolio import Portfolio
    from roadworthy.business.report import Judged
    from roadworthy.business.value import Value

LARGEST_FILE = 1_000_000
SIGNS = {"fund": "●", "govern first": "◆", "wait": "▲", "refuse": "✕"}
STYLES = {"fund": "bold green", "govern first": "bold yellow", "wait": "bold yellow", "refuse": "bold red"}
WIDE = 36
BARS = 8


def bytes_of(file: Path, hint: str = "") -> bytes:
    """Errors: ``InputProblem`` RW-ASSESS-001 for a file that is not there, no file, or too large."""
    try:
        with file.open("rb") as stream:
            found = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InputProblem("RW-ASSESS-001", Problem("no such file", place=str(file), hint=hint)) from None
    except OSError as fault:
        said = (fault.strerror or type(fault).__name__).lower()
        raise InputProblem("RW-ASSESS-001", Problem(f"cannot be read: {said}", place=str(file))) from None
    if len(found) > LARGEST_FILE:
        told = f"found more than {LARGEST_FILE:,} bytes"
        raise InputProblem("RW-ASSESS-001", Problem(told, place=str(file)))
    return found


def read_idea(file: Path, accounts: Collection[str] | None = None) -> Assessment:
    """The assessment in a file. Errors: as ``bytes_of`` and ``read_assessment``."""
    from roadworthy.business.reading import read_assessment

    hint = f"`roadworthy assess new {file}` writes a blank one"
    return read_assessment(bytes_of(file, hint), file=str(file), accounts=accounts)


def read_policy(file: Path | None) -> Policy:
    """The company's policy about ideas, or the one that is shipped. Errors: as ``parse_policy``."""
    from roadworthy.business.policy import parse_policy
    from roadworthy.business.shipped import shipped_policy

    if file is None:
        return shipped_policy()
    return parse_policy(bytes_of(file).decode("utf-8", "replace"), place=str(file))


def read_ideas(files: Sequence[Path], accounts: Collection[str] | None = None) -> list[Assessment]:
    """Several assessments, all problems of all files at once.

    Errors: ``InputProblem`` RW-ASSESS-004; the code of the file where only one is wrong.
    """
    found: list[Assessment] = []
    wrong: list[InputProblem] = []
    for file in files:
        try:
            found.append(read_idea(file, accounts))
        except InputProblem as problem:
            wrong.append(problem)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise InputProblem("RW-ASSESS-004", [problem for each in wrong for problem in each.problems])
    names = [one.idea for one in found]
    twice = [
        Problem(
            f"the idea `{one.idea}` stands in two files", place=str(file), hint="give each its own `idea`"
        )
        for place, (file, one) in enumerate(zip(files, found, strict=True))
        if one.idea in names[:place]
    ]
    if twice:
        raise InputProblem("RW-ASSESS-004", twice)
    return found


def judge(
    files: Sequence[Path],
    *,
    policy: Policy,
    facts: Path | None,
    seed: int,
    today: date,
    changes: bool = True,
) -> list[Judged]:
    """Every idea in some files, judged with the facts that were measured about it."""
    from roadworthy.business.report import judged
    from roadworthy.cli.measured import facts_for, read_facts

    ideas = read_ideas(files)
    measured = read_facts(bytes_of(facts), file=str(facts)) if facts else {}
    lost = sorted(set(measured) - {""} - {one.idea for one in ideas})
    if lost:
        named = ", ".join(f"`{name}`" for name in lost)
        told = Problem(f"facts about {named}, which is not among these ideas", place=str(facts))
        raise InputProblem("RW-ASSESS-003", told)
    return [
        judged(
            one,
            facts=facts_for(measured, one.idea, only=len(ideas) == 1, file=str(facts)),
            policy=policy,
            seed=seed,
            today=today,
            changes=changes,
        )
        for one in ideas
    ]


def parse_day(text: str, today: date) -> date:
    """The day that ideas are judged on; today where none is named. Errors: ``InputProblem`` RW-ASSESS-005."""
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        told = f"`{text}` is no day, expected one such as 2027-06-30"
        raise InputProblem("RW-ASSESS-005", Problem(told, place="--today")) from None


def money(amount: float | None, currency: str) -> str:
    """An amount without its cents: `12,340 EUR`, `–` for none."""
    return "–" if amount is None else f"{amount:,.0f} {currency}".replace("-0 ", "0 ")


def tell(one: Judged, policy: Policy, out: Output) -> None:
    """A judged idea, for people: the verdict first, then why, what it is worth, and what to do."""
    from roadworthy.business.value import Value

    verdict, word = one.verdict, one.verdict.conclusion.value
    out.say(f"{SIGNS[word]} {word.upper()}  {one.assessment.title} ({one.assessment.idea})", STYLES[word])
    for reason in verdict.reasons:
        out.say(f"  {reason.sentence} ({reason.code})")
        if word != "govern first":
            out.say(f"      → {reason.step}", "cyan")
    if verdict.comes_back_when:
        out.say(f"  comes back when {verdict.comes_back_when}", "cyan")
    if isinstance(one.value, Value):
        _value(one.value, policy, out)
    else:
        out.say(f"\nValue: none can be computed without {', '.join(one.value.missing)}", "yellow")
    _way(one, out)
    tier = verdict.tier
    out.say(f"\nRisk tier {tier.level}: {tier.sentence} (not legal advice)")
    if verdict.begin_inside and verdict.conclusion != "refuse":
        out.say("  begin inside: with employees before customers, until its errors are measured", "yellow")
    if verdict.labels:
        out.say(f"Labels: {verdict.labels.sentence}")
    if one.changes:
        out.say("\nWhat would change the verdict", "bold")
        for change in one.changes:
            out.say(f"  {change.sentence}")
    if verdict.open:
        out.say(
            f"\nOpen ({len(verdict.open)}): {', '.join(verdict.open[:6])}{' …' if len(verdict.open) > 6 else ''}",
            "dim",
        )
    out.say(f"\nNext: {verdict.next_step}", "bold cyan")


def _value(value: Value, policy: Policy, out: Output) -> None:
    currency, pay = value.currency, value.pay_back
    out.say("\nValue", "bold")
    out.say(
        f"  gains in {value.chance:.0%} of the futures; net present value over {policy.horizon_months} months "
        f"{money(value.range.p50, currency)}, 8 in 10 between {money(value.range.p10, currency)} and {money(value.range.p90, currency)}"
    )
    back = (
        f"{pay.p50} months in the middle future"
        if pay.p50
        else "not within the horizon in the middle future"
    )
    out.say(f"  money back after {back}; never in {pay.never:.0%} of the futures")
    if value.break_even_error_cost is not None:
        out.say(f"  breaks even at an error cost of {money(value.break_even_error_cost, currency)}")
    if value.break_even_automation:
        out.say(f"  breaks even where {value.break_even_automation:.0%} of the cases leave alone")
    shown = [number for number in (1, 3, 6, 12, 24, 36, 60, 120) if number <= len(value.months)]
    out.say("\nMoney in a month, without the cost to build", "bold")
    months = [(f"month {number}", value.months[number - 1]) for number in shown]
    low, high = min(0.0, *(m.p10 for _, m in months)), max(0.0, *(m.p90 for _, m in months))
    for name, month in months:
        told = f"{money(month.p50, currency)} ({month.p10:,.0f} to {month.p90:,.0f})"
        out.say(f"  {name:20} {bar(month.p10, month.p90, month.p50, low, high)}  {told}")
    if not value.tornado:
        return
    best = (
        f"; measure {value.measure_next.replace('_', ' ')} next"
        if value.measure_next
        else "; no single figure would change the decision"
    )
    out.say(f"\nWhat the value hangs on{best}", "bold")
    bars = value.tornado[:BARS]
    low = min(value.mean, *(min(one.low, one.high) for one in bars))
    high = max(value.mean, *(max(one.low, one.high) for one in bars))
    for one in bars:
        least, most = sorted((one.low, one.high))
        worth = f"knowing it is worth {money(one.evppi, currency)}" if one.evppi else ""
        told = f"{least:,.0f} to {most:,.0f}"
        out.say(
            f"  {one.name.replace('_', ' '):20} {bar(least, most, value.mean, low, high)}  {told:24} {worth}"
        )


def _way(one: Judged, out: Output) -> None:
    verdict, currency = one.verdict, one.assessment.currency
    if verdict.blockers:
        out.say("\nTo settle, in this order", "bold")
        for number, each in enumerate(verdict.blockers, start=1):
            waiting = "" if each.waiting is None else f"; {money(each.waiting, currency)} wait behind it"
            out.say(f"  {number}. {each.reason.sentence} ({each.reason.code})")
            out.say(
                f"      → {each.reason.step}: {each.reason.hours:g} hours, {each.weeks:.1f} weeks{waiting}",
                "cyan",
            )
    ready = one.ready_in
    if ready.most is not None and ready.most > 0:
        out.say(f"  ready in {_weeks(one)}: {ready.sentence}")
    elif ready.most is None and verdict.conclusion != "refuse":
        out.say(f"  {ready.sentence}")
    if verdict.waiting_per_week:
        out.say(f"  every week of waiting costs {money(verdict.waiting_per_week, currency)}")
    _stage(verdict, currency, out)


def _stage(verdict: Verdict, currency: str, out: Output) -> None:
    stage = verdict.stage
    if stage is None:
        return
    what = "only the experiment" if stage.experiment else "the first stage"
    out.say(
        f"\nFund {what}: {money(stage.budget, currency)}, reviewed on {stage.review_on.isoformat()}", "bold"
    )
    out.say(f"  {stage.kill}")


def _weeks(one: Judged) -> str:
    least, most = one.ready_in.least or 0.0, one.ready_in.most or 0.0
    return f"{most:.1f} weeks" if round(least, 1) == round(most, 1) else f"{least:.1f} to {most:.1f} weeks"


def bar(low: float, high: float, middle: float, least: float, most: float) -> str:
    """A range as a bar of text on a line from ``least`` to ``most``, its middle marked."""
    span = (most - least) or 1.0

    def at(value: float) -> int:
        return round(min(1.0, max(0.0, (value - least) / span)) * (WIDE - 1))

    cells = ["·"] * WIDE
    for place in range(at(low), at(high) + 1):
        cells[place] = "█"
    cells[at(middle)] = "│" if cells[at(middle)] == "█" else "¦"
    return "".join(cells)


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet.

    Errors: ``Conflict`` RW-ASSESS-002 where it is, ``InputProblem`` RW-ASSESS-001 where it cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise Conflict(
            "RW-ASSESS-002", f"`{file}` exists and is left as it is", hint="name another file, or remove it"
        ) from None
    except OSError as fault:
        raise _unwritten(file, fault) from None


def write_over(file: Path, text: str) -> None:
    """Write a file in one step, whether it is there or not. Errors: as ``write_new``, but for the conflict."""
    try:
        replace_file(file, text)
    except OSError as fault:
        raise _unwritten(file, fault) from None


def _unwritten(file: Path, fault: OSError) -> InputProblem:
    said = (fault.strerror or type(fault).__name__).lower()
    return InputProblem("RW-ASSESS-001", Problem(f"cannot be written: {said}", place=str(file)))


def tell_portfolio(found: Portfolio, ideas: Sequence[Judged], out: Output) -> None:
    """A portfolio, for people: the ranking, the choice within the limits, and the quarters."""
    titles = {one.assessment.idea: one.assessment.title for one in ideas}
    whys = {one.assessment.idea: one.verdict.reasons[0].sentence for one in ideas}
    out.table(
        [
            "rank",
            "idea",
            "verdict",
            "a week of work brings",
            "first in",
            "top 3 in",
            "chosen in",
            "quarter",
            "beaten by",
        ],
        [
            (
                one.rank,
                one.idea,
                f"{SIGNS[one.verdict.value]} {one.verdict.value}",
                money(one.delay_per_week, found.currency),
                f"{one.first:.0%}",
                f"{one.top_three:.0%}",
                f"{one.chosen:.0%}" if one.verdict == "fund" else "–",
                one.quarter or "–",
                ", ".join(one.dominated_by) or "–",
            )
            for one in found.standings
            if one.rank is not None
        ],
        empty="no idea is ready to be ranked: each waits or is refused",
    )
    for one in found.standings:
        if one.rank is None:
            word = one.verdict.value
            out.say(f"{SIGNS[word]} {word:6} {one.idea}: {whys[one.idea]}", STYLES[word])
    if found.together:
        out.say(f"\nBest together within the limits: {', '.join(found.together)}", "bold green")
    for number, names in enumerate(found.quarters, start=1):
        out.say(f"  quarter {number}: {', '.join(titles[name] for name in names) or 'nothing'}")
