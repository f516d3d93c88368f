"""Commands about ideas, before any model is built: a blank file, a form, the verdict, the portfolio, the report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from roadworthy.cli.judging import (
    bytes_of,
    judge,
    parse_day,
    read_idea,
    read_ideas,
    read_policy,
    tell,
    write_new,
    write_over,
)
from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output

File = Annotated[Path, typer.Argument(help="The assessment's file.")]
Files = Annotated[list[Path], typer.Argument(help="The files of the ideas.")]
FactsFile = Annotated[
    Path | None, typer.Option("--facts", help="What was measured, as JSON; it replaces what was answered.")
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="Thresholds and assumptions; default: those that are shipped."),
]
Seed = Annotated[int, typer.Option(help="Decides the draws: the same seed gives the same figures.")]
Today = Annotated[str, typer.Option("--today", help="The day that is taken for today, such as 2027-06-30.")]
ReviewerHours = Annotated[
    float | None, typer.Option(help="Hours a week of all reviewers together; default: no limit.")
]
Budget = Annotated[float | None, typer.Option(help="Money to build with; default: no limit.")]
HighTier = Annotated[
    int | None, typer.Option(help="Ideas of a high risk tier at the same time; default: no limit.")
]
Quarters = Annotated[int, typer.Option(help="Quarters to plan.")]


class FileOrCommand(TyperGroup):
    """``assess FILE`` says the same as ``assess show FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words of the command line, with `show` in front of a file."""
        first = next((one for one in args if not one.startswith("-")), "")
        # A word without a dot or a slash that is no file is rather a mistyped command.
        names_file = "." in first or "/" in first or (bool(first) and Path(first).exists())
        if first not in self.commands and names_file:
            args = ["show", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        cls=FileOrCommand,
        help="Is an idea worth building? `assess FILE` gives the verdict; nothing but the file is needed.",
        no_args_is_help=True,
    )
    for name, command in (
        ("new", new),
        ("fill", fill),
        ("check", check),
        ("show", show),
        ("portfolio", portfolio),
        ("charter", charter),
        ("report", report),
    ):
        group.command(name)(command)
    app.add_typer(group, name="assess")


def new(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    *,
    idea: Annotated[str, typer.Option(help="The idea's name; default: from the file's name.")] = "",
) -> int:
    """Write a blank assessment: eighteen questions with their help, to fill in with an editor or with `assess fill`."""
    from roadworthy.business.reading import blank, read_assessment

    out = Output(as_json=False)
    name = idea or _name_from(file)
    text = blank(name)
    read_assessment(text, file="--idea")
    write_new(file, text)
    out.say(f"wrote {file}")
    out.say(f"  fill it in with an editor, or: roadworthy assess fill {file}", "cyan")
    return OK


def fill(
    file: File,
    *,
    all_of_it: Annotated[
        bool, typer.Option("--all", help="Ask answered questions too, to change them.")
    ] = False,
) -> int:
    """Ask the questions one at a time; what was answered is kept when you quit, and the next time goes on there."""
    from roadworthy.business.reading import blank, read_assessment
    from roadworthy.business.writing import with_answers
    from roadworthy.cli.filling import form_of
    from roadworthy.wiring import acting_name

    out = Output(as_json=False)
    there = file.exists()
    text = bytes_of(file) if there else blank(_name_from(file)).encode()
    told = read_assessment(text, file=str(file))
    form = form_of(file, told, out, _ask)
    form.last_owner = form.last_owner or acting_name()
    if there and text != with_answers(form.idea, form.title, form.answers).encode():
        kept = _beside(file)
        kept.write_bytes(text)
        out.say(f"{file} is written anew with every answer; its text as it was is kept in {kept}", "yellow")
    elif not there:
        out.say(f"{file} is new")
    if not told.answers and told.title == _UNTITLED:
        try:
            form.title = _ask("what do people call this idea? ").strip()[:200] or _UNTITLED
        except EOFError:
            form.title = _UNTITLED
    form.save()
    finished = form.run(all_of_it=all_of_it)
    after = read_idea(file)
    out.say(
        f"\n{len(after.answered)} of 18 questions say something, {len(after.open)} fields are open; kept in {file}",
        "bold",
    )
    if not finished:
        out.say(f"  go on with: roadworthy assess fill {file}", "cyan")
    out.say(f"  the verdict: roadworthy assess {file}", "cyan")
    return OK


_UNTITLED = "What people call it"


def _ask(prompt: str) -> str:
    line = input(prompt)
    if not sys.stdin.isatty():
        # Through a pipe nobody pressed enter: the prompt stays on a line of its own.
        print()
    return line


def _name_from(file: Path) -> str:
    stem = file.name.partition(".")[0].lower()
    name = "".join(one if one.isascii() and one.isalnum() else "-" for one in stem).strip("-")[:63]
    return name if name[:1].isalpha() else "my-idea"


def _beside(file: Path) -> Path:
    """A name for the old text that is still free."""
    number, kept = 1, file.with_name(f"{file.name}.before")
    while kept.exists():
        number += 1
        kept = file.with_name(f"{file.name}.before-{number}")
    return kept


def check(
    files: Files,
    *,
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Owners of answers must have an account in the workspace.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Say everything that is wrong with some assessments, with line and column. Exit code 2: something is."""
    out = Output(as_json=as_json)
    known = _accounts(home) if accounts else None
    found = read_ideas(files, known)
    if as_json:
        out.data(
            [{"idea": one.idea, "answered": list(one.answered), "open": list(one.open)} for one in found]
        )
    for one in found:
        out.say(
            f"✓ {one.idea}: {len(one.answered)} of 18 questions say something, {len(one.open)} fields are open"
        )
        for field in one.open:
            out.say(f"    open: {field}", "dim")
    return OK


def _accounts(home: Path | None) -> list[str]:
    from roadworthy.cli.session import opened

    with opened(home) as (deployment, _, _), deployment.store.read() as tx:
        return [person.id for person in deployment.store.people.all(tx, limit=100_000)]


def show(
    file: File,
    *,
    facts: FactsFile = None,
    policy: PolicyFile = None,
    seed: Seed = 1,
    today: Today = "",
    as_json: Json = False,
) -> int:
    """Give the verdict on an idea, with reasons, worth, and what to do next. Exit code 3: wait or refuse."""
    from roadworthy.wiring import now

    out = Output(as_json=as_json)
    rules = read_policy(policy)
    day = parse_day(today, now().date())
    [one] = judge([file], policy=rules, facts=facts, seed=seed, today=day)
    if as_json:
        out.data(one.as_json())
    else:
        tell(one, rules, out)
    return NO if one.verdict.conclusion in ("wait", "refuse") else OK


def portfolio(
    files: Files,
    *,
    budget: Budget = None,
    reviewer_hours: ReviewerHours = None,
    high_tier_at_most: HighTier = None,
    quarters: Quarters = 4,
    facts: FactsFile = None,
    policy: PolicyFile = None,
    seed: Seed = 1,
    today: Today = "",
    as_json: Json = False,
) -> int:
    """Rank ideas, choose among them within limits, and plan quarters. Exit code 3: none is to be funded."""
    from roadworthy.business.report import Limits, side_by_side
    from roadworthy.cli.judging import tell_portfolio
    from roadworthy.wiring import now

    out = Output(as_json=as_json)
    rules = read_policy(policy)
    day = parse_day(today, now().date())
    limits = Limits(budget, reviewer_hours, high_tier_at_most)
    ideas = judge(files, policy=rules, facts=facts, seed=seed, today=day, changes=False)
    found = side_by_side(ideas, rules, limits, quarters=quarters)
    if as_json:
        out.data({**found.as_json(), "limits": limits.as_json()})
    else:
        tell_portfolio(found, ideas, out)
    return OK if any(one.verdict.conclusion == "fund" for one in ideas) else NO


def charter(
    file: File,
    *,
    output: Annotated[
        Path | None,
        typer.Option(help="Write it to this file, which must not exist yet; default: to stdout."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Say instead what this charter promises otherwise than was assessed."),
    ] = None,
    facts: FactsFile = None,
    policy: PolicyFile = None,
    seed: Seed = 1,
    today: Today = "",
    as_json: Json = False,
) -> int:
    """Draft the charter of a funded idea, or compare one with its assessment. Exit code 3: it promises otherwise."""
    from roadworthy.business.drafting import charter_draft, compare_with_charter
    from roadworthy.charter import read as read_charter
    from roadworthy.wiring import now

    out = Output(as_json=as_json)
    rules = read_policy(policy)
    day = parse_day(today, now().date())
    [one] = judge([file], policy=rules, facts=facts, seed=seed, today=day, changes=False)
    if against is not None:
        promised = read_charter(bytes_of(against), file=str(against))
        found = compare_with_charter(one.assessment, promised, rules, facts=one.facts)
        if as_json:
            out.data([each.as_json() for each in found])
        for each in found:
            out.say(f"{'✗' if each.graver else '~'} {each.sentence}", "red" if each.graver else "yellow")
        if not found:
            out.say("the charter promises what was assessed", "bold green")
        return NO if found else OK
    text = charter_draft(one.assessment, one.verdict, rules, facts=one.facts)
    if as_json:
        out.data({"idea": one.assessment.idea, "charter": text})
    elif output is None:
        sys.stdout.write(text)
    else:
        write_new(output, text)
        out.say(f"wrote {output}; {text.count('gap')} lines marked `gap` are to be settled")
    return OK


def report(
    files: Files,
    *,
    output: Annotated[Path, typer.Option(help="The page's file.")] = Path("portfolio.html"),
    pdf: Annotated[
        Path | None, typer.Option(help="Print it to this file too, with an installed Chromium.")
    ] = None,
    title: Annotated[str, typer.Option(help="What stands on top.")] = "",
    budget: Budget = None,
    reviewer_hours: ReviewerHours = None,
    high_tier_at_most: HighTier = None,
    quarters: Quarters = 4,
    facts: FactsFile = None,
    policy: PolicyFile = None,
    seed: Seed = 1,
    today: Today = "",
    as_json: Json = False,
) -> int:
    """Write the report for a board: one page that needs no network, and its facts as JSON with `--json`."""
    from roadworthy.business.report import Limits, side_by_side
    from roadworthy.business.report import report as document
    from roadworthy.server.portfolio_report import portfolio_page
    from roadworthy.wiring import now
    from roadworthy.wiring.printing import print_page

    out = Output(as_json=as_json)
    rules = read_policy(policy)
    day = parse_day(today, now().date())
    limits = Limits(budget, reviewer_hours, high_tier_at_most)
    ideas = judge(files, policy=rules, facts=facts, seed=seed, today=day)
    several = side_by_side(ideas, rules, limits, quarters=quarters) if len(ideas) > 1 else None
    named = title or (ideas[0].assessment.title if several is None else f"{len(ideas)} ideas")
    facts_of_it = document(ideas, title=named, policy=rules, today=day, portfolio=several, limits=limits)
    if as_json:
        out.data(facts_of_it)
    page = "" if as_json and pdf is None else portfolio_page(facts_of_it)
    if not as_json:
        replaced = output.exists()
        write_over(output, page)
        out.say(f"{'replaced' if replaced else 'wrote'} {output}")
    if pdf is not None:
        print_page(page, pdf)
        out.say(f"printed {pdf}")
    return OK
