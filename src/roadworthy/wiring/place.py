"""Where an installation lies and who acts: the only reader of the environment.

ROADWORTHY_HOME          the workspace (default: ``~/.roadworthy``)
ROADWORTHY_DATABASE_URL  where state lives (default: ``roadworthy.sqlite`` in the workspace)
ROADWORTHY_KNOWLEDGE_URL where documents are indexed (default: ``knowledge.sqlite`` in the workspace)
ROADWORTHY_PRINCIPAL     who acts on the command line where nobody signed in
ROADWORTHY_ENVIRONMENT   what this installation is for: stands on every page
ROADWORTHY_LOG           how logs are written: ``text`` (default) or ``json``, one object a line
OTEL_…                   where traces are sent, in OpenTelemetry's own words (see `docs/operations.md`)

Addresses of data sources, and the language models of a charter, may name further variables, which hold
their secrets.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roadworthy.errors import InputProblem, Problem

_DATABASE = "roadworthy.sqlite"
_KNOWLEDGE = "knowledge.sqlite"
_LONGEST_SECRET = 16_384
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where an installation keeps its files. Secrets lie apart, so that they can be backed up apart."""

    home: Path
    database_url: str
    data_folder: Path | None = None
    """Where the data of use cases lie, if not in the workspace: a copy to rehearse on."""
    knowledge_address: str = ""
    """Where documents are indexed, if not in the workspace."""

    @property
    def data(self) -> Path:
        return self.data_folder or self.home / "data"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def ideas(self) -> Path:
        """Assessments that people fill in on the pages."""
        return self.home / "ideas"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def stops(self) -> Path:
        """Stops that the database could not take."""
        return self.home / "stops"

    @property
    def cache(self) -> Path:
        """What costs work to lose and nothing else."""
        return self.home / "cache"

    @property
    def knowledge_url(self) -> str:
        """The database in which documents are indexed. It can be built again from the documents."""
        return self.knowledge_address or f"sqlite:///{self.home / _KNOWLEDGE}"

    @property
    def session(self) -> Path:
        """The key of whoever is signed in on this machine."""
        return self.home / "session"

    @property
    def belongings(self) -> tuple[Path, ...]:
        """Everything that an installation with its database in the workspace makes there."""
        ends = ("", "-wal", "-shm", "-journal")
        database = [self.home / f"{name}{end}" for name in (_DATABASE, _KNOWLEDGE) for end in ends]
        return (
            self.data,
            self.keys,
            self.models,
            self.ideas,
            self.releases,
            self.stops,
            self.cache,
            self.session,
            *database,
        )


def workspace(home: Path | None = None, *, database_url: str = "") -> Workspace:
    """The workspace named by the arguments, else by the environment, else the default one."""
    place = home or Path(os.environ.get("ROADWORTHY_HOME") or Path.home() / ".roadworthy")
    place = place.expanduser().absolute()
    url = database_url or os.environ.get("ROADWORTHY_DATABASE_URL") or _own_database(place)
    return Workspace(place, url, knowledge_address=os.environ.get("ROADWORTHY_KNOWLEDGE_URL", ""))


def demo_workspace(home: Path | None = None) -> Workspace:
    """Where a demo lies: in ``demo`` of the workspace unless told otherwise, always with a database of its own."""
    place = workspace(home or workspace().home / "demo")
    return Workspace(place.home, _own_database(place.home))


def acting_on(place: Workspace) -> str:
    """How a command line begins that acts on this workspace and the database in it."""
    settings = {"ROADWORTHY_HOME": shlex.quote(str(place.home))}
    if os.environ.get("ROADWORTHY_DATABASE_URL"):
        settings["ROADWORTHY_DATABASE_URL"] = ""
    return " ".join([*(f"{name}={value}" for name, value in settings.items()), "roadworthy"])


def _own_database(home: Path) -> str:
    return f"sqlite:///{home / _DATABASE}"


def acting_name() -> str:
    """The account that acts on the command line where nobody signed in: the operating system's user."""
    raw = os.environ.get("ROADWORTHY_PRINCIPAL") or getpass.getuser()
    name = re.sub(r"[^a-z0-9._-]", "-", raw.lower())
    return name if re.match(r"[a-z]", name) and len(name) > 1 else f"user-{name}"


def secret(name: str) -> str:
    """The secret that a variable of the environment holds; empty for no name.

    Errors: ``InputProblem`` RW-LLM-020 for a variable that is not set, by its name alone.
    """
    if name and not os.environ.get(name):
        raise InputProblem(
            "RW-LLM-020",
            Problem(f"the variable `{name}` is not set", hint="set it where this runs: it holds the key"),
        )
    return os.environ[name] if name else ""


def credential(reference: str, *, home: Path) -> str:
    """The secret that a charter names as ``env:NAME`` or ``file:PATH``, read now; paths begin at ``home``.

    Errors: ``InputProblem`` RW-TOOL-007 for one that is not there, or that no header could carry; never its value.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = os.environ.get(name, "")
    else:
        try:
            value = (home / name).read_text(encoding="utf-8")[: _LONGEST_SECRET + 1]
        except (OSError, UnicodeError, ValueError):
            value = ""
    value = value.rstrip("\r\n")
    if not value or len(value) > _LONGEST_SECRET or not value.isprintable():
        raise InputProblem(
            "RW-TOOL-007",
            Problem(
                f"`{reference}` holds no secret", hint="set it where workers run: one line of plain text"
            ),
        )
    return value


def plain_environment() -> dict[str, str]:
    """What a program that tools start may know of this environment: where programs and its home are, no more."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if os.environ.get(name)}
    return {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", **kept}


def resolved(address: str) -> str:
    """An address with the variables of the environment that it names: secrets by reference.

    Errors: ``InputProblem`` RW-DATA-214 for a variable that is not set, by its name alone.
    """
    missing = sorted({name for name in _VARIABLE.findall(address) if name not in os.environ})
    if missing:
        shown = _VARIABLE.sub("…", address)
        raise InputProblem(
            "RW-DATA-214",
            [Problem(f"the variable `{name}` is not set", place=shown) for name in missing],
            hint="set it where this runs, or write the address without it",
        )
    return _VARIABLE.sub(lambda found: os.environ[found[1]], address)


def environment(*, but: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of this process, ``but`` with these words: what a process of ours starts with."""
    return {**os.environ, **but}


def environment_name() -> str:
    """What this installation is called on its pages (`Staging`); empty where nothing was said. At most 30 characters."""
    return "".join(one for one in os.environ.get("ROADWORTHY_ENVIRONMENT", "") if one.isprintable())[:30]


def log_form() -> str:
    """How logs are written: ``text`` or ``json``. Errors: ``InputProblem`` RW-TELEMETRY-005 for anything else."""
    form = os.environ.get("ROADWORTHY_LOG") or "text"
    if form not in {"text", "json"}:
        raise InputProblem(
            "RW-TELEMETRY-005",
            Problem(f"`{form}` is no form of a log", place="ROADWORTHY_LOG", hint="`text` or `json`"),
        )
    return form


def open_telemetry() -> dict[str, str]:
    """What the environment says to OpenTelemetry, by the rest of the name: ``TRACES_SAMPLER_ARG``."""
    return {
        name.removeprefix("OTEL_"): value
        for name, value in os.environ.items()
        if name.startswith("OTEL_") and value
    }
