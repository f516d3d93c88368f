"""A language model on this machine: serve a GGUF file where a charter can point at it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.output import Output


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command("local-model")(local_model)


def local_model(
    file: Annotated[Path, typer.Argument(help="A model as a GGUF file.")],
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on this machine; 0: any that is free.")
    ] = 8_080,
    context: Annotated[
        int, typer.Option(min=0, help="Tokens read and written in one call; 0: as the model was trained.")
    ] = 4_096,
    threads: Annotated[
        int, typer.Option(min=0, max=1_024, help="Threads that compute; 0: the engine decides.")
    ] = 0,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Serve embeddings, for a model that gives them.")
    ] = False,
) -> None:
    """Serve a language model from a file on this machine, until Ctrl+C. Nothing leaves it."""
    from roadworthy.wiring.upstream import local_server

    out = Output(as_json=False)
    try:
        size = f" ({file.stat().st_size / 1e6:,.0f} MB)"
    except OSError:
        size = ""  # whoever opens it says why
    with local_server(
        file,
        port=port,
        context=context,
        threads=threads,
        embeddings=embeddings,
        on_wait=lambda seconds: out.note(f"loading {file.name}{size}, {seconds:.0f} s"),
    ) as server:
        able = "embeddings" if embeddings else "chat, streaming, json_schema"
        out.say(f"{server.name} answers at {server.base}", "green")
        out.say("in a charter:")
        out.say(
            "  models:\n"
            "    local:\n"
            f"      url: {server.base}\n"
            f"      model: {server.name}\n"
            "      read_price: 0 EUR\n"
            "      written_price: 0 EUR\n"
            f"      able: [{able}]\n" + (f"      context: {context}\n" if context else "")
        )
        out.note("Ctrl+C ends it")
        server.wait()
