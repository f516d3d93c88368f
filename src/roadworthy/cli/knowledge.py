"""Knowledge: build its index, look at it, search it and see why, with the rights of a reader."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import OK, UNREACHABLE, Output
from roadworthy.cli.shelves import Named, Source, one_shelf, only, shelves
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.quantities import natural_name

if TYPE_CHECKING:
    from roadworthy.knowledge import Reader
    from roadworthy.operate.knowledge.building import Built
    from roadworthy.ports.knowledge import Hit, IndexState, KnowledgeSource, Means

SHOWN = 300
"""Characters of a passage that are shown."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    from roadworthy.cli import knowledge_health, knowledge_quality

    group = typer.Typer(
        help="Documents that answers rest on: kept, searched, judged.", no_args_is_help=True
    )
    group.command("build")(build)
    group.command("status")(status)
    group.command("search")(search)
    knowledge_quality.add(group)
    knowledge_health.add(group)
    app.add_typer(group, name="knowledge")


def build(
    use_case: UseCase,
    source: Annotated[str, typer.Argument(help="The knowledge source; default: all of them.")] = "",
    *,
    embed_for: Annotated[
        float | None,
        typer.Option("--embed-for", min=0, help="Seconds to embed at most; default: to the end."),
    ] = None,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Bring the index up to date with the documents. Interrupted, it goes on where it was."""
    out = Output(as_json=as_json)
    with shelves(home, use_case, release, verb="knowledge.build") as (_, _, _, bases):
        wanted = [only(bases, source)] if source else list(bases.values())
        told = {}
        for base in wanted:
            built = _built(base, embed_for, out)
            told[base.name] = built.as_json()
            out.say(f"{base.name}: {built.in_words}", "green" if not built.waiting else "yellow")
            if built.findings:
                out.say(
                    f"  {built.findings} findings: roadworthy knowledge status {use_case} {base.name}",
                    "yellow",
                )
        if as_json:
            out.data(told)
    return UNREACHABLE if any(one["trouble"] for one in told.values()) else OK


def _built(base: KnowledgeSource, embed_for: float | None, out: Output) -> Built:
    from roadworthy.operate.knowledge.building import build as build_index

    with Progress(console=out.err, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(base.name, total=None)

        def move(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{base.name}: {what}", completed=done, total=total or None)

        return build_index(base, progress=move, embed_for_s=embed_for)


def status(
    use_case: UseCase,
    source: Annotated[str, typer.Argument(help="The knowledge source; default: all of them.")] = "",
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Findings shown of each source.")] = 20,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """How far the index is, and what a person has to look at."""
    out = Output(as_json=as_json)
    with shelves(home, use_case, release, verb="knowledge.read") as (_, _, _, bases):
        wanted = [only(bases, source)] if source else list(bases.values())
        told: dict[str, object] = {}
        for base in wanted:
            state = base.index.state()
            findings, _ = base.index.findings(limit=limit)
            best = base.embedders[0] if base.embedders else None
            embedded = _embedded(base, state)
            told[base.name] = {
                "documents": state.documents,
                "chunks": state.chunks,
                "embedding": best.name if best else "none",
                "embedded": embedded,
                "bytes": state.bytes,
                "findings_in_all": state.findings,
                "findings": [
                    {"kind": one.kind, "document": one.document, "place": one.place, "detail": one.detail}
                    for one in findings
                ],
            }
            by = _by(best.name, embedded) if best else "searched by words alone"
            out.say(f"{base.name}: {state.documents} documents in {state.chunks} passages, {by}")
            if not as_json and state.findings:
                out.table(
                    ("finding", "document", "where", "what"),
                    [(one.kind, one.document, one.place, one.detail) for one in findings],
                    empty="",
                )
                if state.findings > len(findings):
                    out.say(f"and {state.findings - len(findings)} more: --limit", "dim")
        if as_json:
            out.data(told)
        elif not told:
            out.say("the charter declares no knowledge source")


def _embedded(base: KnowledgeSource, state: IndexState) -> int | None:
    """Passages with a vector of the best model; None where its server cannot say which model that is."""
    try:
        return state.embedded.get(base.embedders[0].digest, 0) if base.embedders else 0
    except Unavailable:
        return None


def _by(model: str, embedded: int | None) -> str:
    return f"{model} does not answer" if embedded is None else f"{embedded} of them embedded by {model}"


def search(
    use_case: UseCase,
    source: Source,
    question: Annotated[str, typer.Argument(help="What is looked for.")],
    *,
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=50, help="Passages at most.")] = 4,
    means: Annotated[str, typer.Option(help="both, words or meaning.")] = "both",
    group: Annotated[
        list[str] | None, typer.Option(help="Read as a member of this group; may stand several times.")
    ] = None,
    clearance: Annotated[
        int | None,
        typer.Option(min=0, max=3, help="Highest data class; default: what the charter gives releases."),
    ] = None,
    subject: Annotated[str, typer.Option(help="On behalf of this person, such as an e-mail address.")] = "",
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Search as a release would, and show why each passage stands where it does."""
    from roadworthy.operate.knowledge.retrieving import find

    out = Output(as_json=as_json)
    if means not in ("both", "words", "meaning"):
        raise InputProblem(
            "RW-KNOWLEDGE-003", Problem(f"`{means}` is none of both, words, meaning", place="--means")
        )
    with one_shelf(home, use_case, release, source, verb="knowledge.read") as (deployment, _, _, base):
        reader = _reader(base.reader, group, clearance)
        if subject:
            person = deployment.vault.pseudonym(natural_name(subject))
            reader = replace(reader, subjects=frozenset({person}))
        chosen: Means = means  # type: ignore[assignment]
        hits = find(base, question, reader=reader, today=deployment.now().date(), top_k=top_k, means=chosen)
        state = base.index.state()
    if as_json:
        out.data({"question": question, "hits": [_as_json(hit) for hit in hits]})
        return
    for number, hit in enumerate(hits, start=1):
        _show(out, number, hit)
    if not hits and not state.documents:
        out.say(f"nothing is indexed yet: roadworthy knowledge build {use_case} {source}", "yellow")
    elif not hits:
        out.say("nothing found that this reader may see", "yellow")


def _reader(given: Reader, groups: list[str] | None, clearance: int | None) -> Reader:
    """The rights of the release, where no others are named."""
    return replace(
        given,
        groups=given.groups if groups is None else frozenset(groups),
        clearance=given.clearance if clearance is None else clearance,
    )


def _show(out: Output, number: int, hit: Hit) -> None:
    from roadworthy.operate.knowledge.retrieving import passage_of

    passage = passage_of(hit)
    out.say(f"{number}. {passage.title}", "bold")
    stale = ", past its validity" if hit.stale else ""
    as_of = f" as of {passage.as_of}" if passage.as_of else ""
    out.say(f"   {passage.citation}{as_of}{stale}", "cyan")
    out.say(f"   {_why(hit)}", "dim")
    text = " ".join(passage.text.split())
    out.say(f"   {text[:SHOWN]}{'…' if len(text) > SHOWN else ''}")


def _why(hit: Hit) -> str:
    words = (
        f"words: place {hit.word_rank}, {hit.word_score:.1f}"
        if hit.word_rank
        else "words: not among the best"
    )
    meaning = (
        f"meaning: place {hit.meaning_rank}, similarity {hit.similarity:.2f}"
        if hit.meaning_rank
        else "meaning: not among the best"
    )
    halved = " (halved: not valid today)" if hit.stale else ""
    return f"score {hit.score:.1f}{halved} · {words} · {meaning}"


def _as_json(hit: Hit) -> dict[str, object]:
    from roadworthy.operate.knowledge.retrieving import passage_of

    similarity = None if hit.similarity != hit.similarity else round(hit.similarity, 6)
    return passage_of(hit).as_json() | {
        "citation": passage_of(hit).citation,
        "word_rank": hit.word_rank,
        "word_score": round(hit.word_score, 6),
        "meaning_rank": hit.meaning_rank,
        "similarity": similarity,
        "region": hit.marking.region,
        "purposes": sorted(hit.marking.purposes),
    }
