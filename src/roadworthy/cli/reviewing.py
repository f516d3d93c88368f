"""One review with what it takes to answer it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Mapping


def show_review(
    review: Annotated[str, typer.Argument(help="The review's id.")],
    *,
    own: Annotated[
        str, typer.Option("--own", help="Your own answer first, where the proposal is hidden until then.")
    ] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What is asked and why, what came in, what is proposed, and how to answer.

    In a spot check nothing of what was answered is shown before your own answer.
    """
    from roadworthy.cli.session import opened
    from roadworthy.operate.reviews.holding import answer_first
    from roadworthy.server.asking import Ask
    from roadworthy.server.views.reviews import review as view

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        if own:
            answer_first(deployment, principal, review, own)
        page = view(Ask(deployment, principal, path={"id": review}))
    if as_json:
        out.data(page)
        return
    _tell(page, out)


def tell_origins(effect: Mapping[str, Any], out: Output) -> None:
    """Where each value that steers an effect came from."""
    for origin in effect.get("origins", ()):
        out.say(
            f"  {origin['argument']} from {origin['source']}"
            + ("" if origin["trusted"] else ", not trusted"),
            "dim" if origin["trusted"] else "yellow",
        )


def _tell(page: Mapping[str, Any], out: Output) -> None:
    asked = page["review"]
    out.say(
        f"{asked['kind']} · {asked['use_case']} · case {page['case']['key']} · {asked['state']}", "bold"
    )
    for reason in asked["reasons"]:
        out.say(f"  because {reason}")
    out.say("Inputs", "bold cyan")
    given = page["input"]
    for name, value in given.items() if isinstance(given, dict) else (("", given),):
        out.say(f"  {name:10} {str(value)[:1000]}")
    for effect in [*([page["effect"]] if page["effect"] else []), *page["other_effects"]]:
        out.say(f"Proposed: {effect['tool']}", "bold cyan")
        out.say(f"  {json.dumps(effect['arguments'], ensure_ascii=False)[:1000]}")
        tell_origins(effect, out)
    if page["blind"]:
        out.say("What was answered is shown after your own answer.", "dim")
    question = page["question"]
    if question:
        out.say("Question", "bold cyan")
        out.say(f"  {question['question']}")
        if question["choices"]:
            out.say(f"  one of: {', '.join(question['choices'])}")
    if asked["state"] == "open":
        out.say(
            f"  next: roadworthy review decide {asked['id']} {'|'.join(page['verdicts'])}"
            + (" --answer …" if "answer" in page["verdicts"] else ""),
            "cyan",
        )
    elif asked["decided_by"]:
        out.say(f"  {asked['verdict']} by {asked['decided_by']}")
