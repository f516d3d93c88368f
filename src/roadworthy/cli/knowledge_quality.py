"""Knowledge judged: labelled questions, how well they are answered, and whether anybody finds what they may not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from roadworthy.cli.knowledge_figures import (
    Judged,
    Opening,
    keep_facts,
    other_version,
    questions_of,
    relevance_of,
    require_built,
    short,
)
from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output
from roadworthy.cli.shelves import Named, Source, one_shelf
from roadworthy.errors import InputProblem, Problem

Key = Annotated[str, typer.Argument(help="The key of a case.")]
SHOWN = 10


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the group `knowledge`."""
    app.command("evaluate")(evaluate)
    app.command("leak")(leak)
    questions = typer.Typer(
        help="Labelled questions: mined from resolved cases, confirmed by people.", no_args_is_help=True
    )
    questions.command("list")(list_questions)
    questions.command("propose")(propose)
    questions.command("confirm")(confirm_question)
    questions.command("reject")(reject_question)
    app.add_typer(questions, name="questions")


def evaluate(
    use_case: UseCase,
    source: Source,
    *,
    questions: Annotated[
        Path | None, typer.Option(help="A suite file of questions in place of those of the source.")
    ] = None,
    against: Annotated[
        str,
        typer.Option(
            help="Compare with another version: a file that --json wrote, a release such as r1, or settings "
            "such as means=words,chunk_chars=800,embedding=static."
        ),
    ] = "",
    metric: Annotated[str, typer.Option(help="What is compared: hit, recall, ndcg or mrr.")] = "ndcg",
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="How much worse still counts as not worse.")
    ] = 0.02,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Also by words alone and by meaning alone.")
    ] = False,
    k: Annotated[
        int | None, typer.Option(min=1, max=50, help="Passages looked at; default: what the charter says.")
    ] = None,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Ask every labelled question and compare what is found. Exit code 3 below the charter's promise.

    What the questions of the source itself show is kept as a measurement for the gate.
    """
    from roadworthy.cli.tables import progress
    from roadworthy.measure.knowledge import evaluating, quality
    from roadworthy.measure.knowledge.questions import shelve, unknown_documents
    from roadworthy.principal import allows

    out = Output(as_json=as_json)
    if metric not in evaluating.METRICS:
        raise InputProblem(
            "RW-KNOWLEDGE-058",
            Problem(f"`{metric}` is no figure", place="--metric", hint=", ".join(evaluating.METRICS)),
        )
    with one_shelf(home, use_case, release, source, verb="measure") as opened:
        deployment, principal, charter, base = opened
        require_built(base)
        promise = charter.knowledge[base.name]
        looked = k or promise.recall_at
        shelf = shelve(base)
        asked = questions_of(deployment, principal, charter, base.name, shelf, file=questions, home=home)
        opening = Opening(deployment, charter, base, deployment.now().date(), looked, home)
        with progress(out) as tell:
            found = opening.evaluate(base, asked.questions, tell)
            means = evaluating.MEANS if ablation else ()
            parts = {one: opening.evaluate(base, asked.questions, tell, means=one) for one in means}
            other = other_version(opening, against, asked.questions, tell) if against else None
        compared = None
        if other is not None:
            compared = evaluating.compare_versions(found.values(), other, metric=metric, margin=margin)
        missing = sorted(unknown_documents(asked.questions, shelf))
        if questions is None and looked == promise.recall_at:
            keep_facts(
                deployment, principal, use_case, release, list(quality.facts_of(found, missing=missing))
            )
        content = allows(principal, "case.read_content", use_case=use_case)
    kept = found.hit is not None and found.hit.interval.low >= promise.recall_min
    judged = Judged(found, parts, compared, metric, other, missing, asked.erased, promise, kept)
    if as_json:
        out.data(judged.as_json(content=content))
    else:
        judged.tell(out, content=content)
    return OK if kept or looked != promise.recall_at else NO


def leak(
    use_case: UseCase,
    source: Source,
    *,
    pairs: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Random pairs of reader and document.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of readers and documents.")] = 1,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Ask for documents with the rights of readers who may not read them. Exit code 3 where one is found."""
    from roadworthy.cli.tables import progress
    from roadworthy.measure.knowledge.leak import drill, leak_fact

    out = Output(as_json=as_json)
    with one_shelf(home, use_case, release, source, verb="measure") as opened:
        deployment, principal, _, base = opened
        with progress(out) as tell:
            found = drill(base, pairs=pairs, seed=seed, today=deployment.now().date(), progress=tell)
        fact = leak_fact(found)
        keep_facts(deployment, principal, use_case, release, [fact])
    if as_json:
        out.data(
            {"source": base.name, "leaks": found.leaks, "pairs": found.pairs, "seed": seed, **fact.detail}
        )
        return OK if not found.leaks else NO
    style = "green" if found.tight else "bold red" if found.leaks else "yellow"
    out.say(
        f"{found.leaks} leaks in {found.pairs:,} pairs of {found.readers} readers and {found.documents} documents, "
        f"{found.forbidden:,} of them forbidden",
        style,
    )
    for one in found.shown[:SHOWN]:
        out.say(f"  {one.document} through {one.through}", "red")
    if found.missing:
        out.say(f"  {found.missing} documents that a reader may read are not listed for them", "yellow")
    if found.not_found:
        out.say(
            f"  {found.not_found:,} pairs say nothing: not even the keeper found the document", "yellow"
        )
    if not found.forbidden:
        out.say("  every reader may read every document: nothing could leak", "yellow")
    return OK if not found.leaks else NO


def list_questions(
    use_case: UseCase,
    source: Source,
    *,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """The labelled questions of a source, with what answers them."""
    from roadworthy.measure.knowledge.questions import shelve, unknown_documents
    from roadworthy.principal import allows

    out = Output(as_json=as_json)
    with one_shelf(home, use_case, release, source, verb="knowledge.read") as opened:
        deployment, principal, charter, base = opened
        shelf = shelve(base)
        asked = questions_of(deployment, principal, charter, base.name, shelf, file=None, home=home)
        content = allows(principal, "case.read_content", use_case=use_case)
    missing = unknown_documents(asked.questions, shelf)
    rows: list[dict[str, Any]] = [
        {
            "id": one.id,
            "from": one.source,
            "question": one.text if content or one.source == "suite" else "",
            "documents": dict(one.relevance),
        }
        for one in asked.questions
    ]
    if as_json:
        out.data({"questions": rows, "not_in_the_source": sorted(missing), "erased": asked.erased})
        return
    out.table(
        ["id", "from", "question", "answered by"],
        [(r["id"], r["from"], short(r["question"]), ", ".join(r["documents"]) or "nothing") for r in rows],
        empty=f"no question yet: roadworthy knowledge questions propose {use_case} {base.name}",
    )
    for name in sorted(missing)[:SHOWN]:
        out.say(f"  the source has no document `{name}`", "yellow")


def propose(
    use_case: UseCase,
    source: Source,
    *,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 25,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Questions that cases asked which ended well, newest first, for a reviewer to confirm or reject."""
    from roadworthy.cli.tables import progress
    from roadworthy.operate.knowledge.mining import WHY_NOT, mine
    from roadworthy.operate.knowledge.questions import question_text, suite_of
    from roadworthy.operate.knowledge.retrieving import documents

    out = Output(as_json=as_json)
    with one_shelf(home, use_case, release, source, verb="case.read_content") as opened:
        deployment, who, charter, base = opened
        known = {one.name for one in documents(base)}
        with progress(out) as tell:
            found = mine(
                deployment, who, use_case, base.name,
                suite=suite_of(charter, base.name), known=known, limit=limit, progress=tell,
            )  # fmt: skip
        rows: list[dict[str, Any]] = [
            {
                "key": one.key,
                "step": one.step,
                "question": question_text(deployment, who, use_case, one.key, base.name, step=one.step),
                "documents": list(one.documents),
                "basis": one.basis,
                "weak": one.weak,
            }
            for one in found.proposals
        ]
    if as_json:
        out.data({"proposals": rows, "counted": dict(found.counted)})
        return
    out.table(
        ["case", "question", "proposed", "because"],
        [(r["key"], short(r["question"]), ", ".join(r["documents"]), _BASIS[r["basis"]]) for r in rows],
        empty="no case proposes a question",
    )
    for why, count in found.counted.items():
        if count and why in WHY_NOT:
            out.note(f"{count} cases: {WHY_NOT[why]}")
    if rows:
        out.say(f"  roadworthy knowledge questions confirm {use_case} {base.name} {rows[0]['key']}", "cyan")


_BASIS = {
    "cited": "the decision rests on it",
    "edited": "a person named it",
    "first": "it came first (weak)",
}


def confirm_question(
    use_case: UseCase,
    source: Source,
    key: Key,
    *,
    document: Annotated[
        list[str] | None,
        typer.Option(
            help="A document that answers it, NAME or NAME=RELEVANCE; may stand several times. "
            "Default: those proposed."
        ),
    ] = None,
    nothing: Annotated[
        bool, typer.Option("--nothing", help="No document of the source answers it.")
    ] = False,
    release: Named = "",
    home: Home = None,
) -> None:
    """Make the question of a case a test of the source: its content stays where it is."""
    from roadworthy.operate.knowledge.mining import propose_one
    from roadworthy.operate.knowledge.questions import confirm, suite_of
    from roadworthy.operate.knowledge.retrieving import documents

    if document and nothing:
        raise InputProblem("RW-KNOWLEDGE-058", "name documents or say that nothing answers it, not both")
    relevance = relevance_of(document or [])
    out = Output(as_json=False)
    with one_shelf(home, use_case, release, source, verb="case.read_content") as opened:
        deployment, who, charter, base = opened
        suite = suite_of(charter, base.name)
        known = {one.name for one in documents(base)}
        step = None
        if not document and not nothing:
            proposed = propose_one(deployment, who, use_case, key, base.name, suite=suite, known=known)
            relevance, step = dict.fromkeys(proposed.documents, 1.0), proposed.step
        added = confirm(
            deployment, who, use_case, key, base.name, relevance, suite=suite, step=step, known=known
        )
    told = ", ".join(relevance) or "nothing"
    out.say(
        f"{'was' if added.again else 'is'} a test of {suite}: {key}, answered by {told}",
        "dim" if added.again else "green",
    )


def reject_question(
    use_case: UseCase,
    source: Source,
    key: Key,
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    release: Named = "",
    home: Home = None,
) -> None:
    """Note that the question of a case is no test; it is not proposed again."""
    from roadworthy.operate.knowledge.questions import reject, suite_of

    with one_shelf(home, use_case, release, source, verb="case.read_content") as opened:
        deployment, who, charter, base = opened
        name = base.name
        reject(deployment, who, use_case, key, name, suite=suite_of(charter, name), reason=reason)
    Output(as_json=False).say(f"rejected: {key}", "green")
