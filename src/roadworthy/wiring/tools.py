"""Which technology stands behind which kind of tool: a table, and the entry points ``roadworthy.tools``.

A plugin is a callable ``(name, tool, secret) -> Connector``, registered in the group ``roadworthy.tools`` under
the word that charters write in ``use``. ``secret`` is None where the charter names no credential.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from roadworthy.casework.toolstate import Look
from roadworthy.charter import Charter, Tool, seconds
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.tools.contracts import Contracted, undeclared_lookup
from roadworthy.operate.tools.keeping import note
from roadworthy.operate.tools.lock import FILE, read_lock
from roadworthy.ports import Connector, Store
from roadworthy.ports.tooling import Background, Definition, Described, Http, Secret
from roadworthy.quantities import Digest
from roadworthy.wiring.credentials import auth_of, headers_of, http_auth
from roadworthy.wiring.place import Workspace, credential, plain_environment
from roadworthy.wiring.sending import file_tool, mail_tool, webhook_tool

if TYPE_CHECKING:
    from roadworthy.adapters.mcptools import Server
    from roadworthy.ports.tooling import Check

GROUP: Final = "roadworthy.tools"
_REFERENCES: Final = ("env:", "file:")
_MARGIN: Final = 65_536
_COPIES: Final = 3
"""An MCP answer stands on the wire as structure and, quoted, as text: so much longer may it be there."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a kind is made from: one tool, and where its release lies. ``module``: of the release's workflow."""

    name: str
    tool: Tool
    charter: Charter
    folder: Path
    data: Path
    module: str
    pinned: Definition | None
    secret: Secret | None


class Toolmaker:
    """Makes the connectors of releases. What they share (an event loop, connections, servers) begins with the first
    that needs it and ends with ``close``, with this object, or with the process."""

    def __init__(self, place: Workspace, store: Store | None = None) -> None:
        self._place = place
        self._store = store
        self._lock = threading.Lock()
        self._servers: dict[str, Server] = {}
        self._secrets: dict[str, Secret] = {}
        self._ended: list[Callable[[], None]] = []
        self.close = weakref.finalize(self, _end_all, self._ended)

    def connectors(
        self, digest: str, charter: Charter, module: str, folder: Path, data: Path
    ) -> Mapping[str, Connector]:
        """The connectors of a release, by tool, each held to its contract.

        Errors: ``InputProblem`` with what the declaration of one tool lacks: RW-TOOL-001, RW-TOOL-015, RW-TOOL-016, RW-SQL-001.
        """
        lock = read_lock(_file(folder, FILE))
        made: dict[str, Connector] = {}
        # Those that answer for keys come before those that ask them.
        for name, tool in sorted(charter.tools.items(), key=lambda one: bool(one[1].lookup)):
            secret = self._secret(tool)
            making = Making(name, tool, charter, folder, data, module, lock.get(name), secret)
            problem = undeclared_lookup(name, tool, charter.tools)
            if problem is not None:
                raise InputProblem("RW-TOOL-001", problem)
            made[name] = self._held(digest, making, self._made(making), made.get(tool.lookup))
        return {name: made[name] for name in charter.tools}

    def definitions(self, charter: Charter, folder: Path) -> Iterator[tuple[str, Definition]]:
        """What servers say now of the tools that they describe themselves. Errors: as connecting to them."""
        for name, tool in charter.tools.items():
            making = Making(
                name,
                tool,
                charter,
                folder,
                self._place.data / charter.use_case,
                "",
                None,
                self._secret(tool),
            )
            connector = self._made(making) if tool.use == "mcp" else None
            if isinstance(connector, Described):
                yield name, connector.definition()

    # ── the table ──

    def _made(self, making: Making) -> Connector:
        kinds: Mapping[str, Callable[[Making], Connector]] = {
            "python": _python,
            "openapi": self._openapi,
            "mcp": self._mcp,
            "mail.send": self._mail,
            "webhook.send": self._webhook,
            "file.drop": partial(file_tool, place=self._place),
        }
        use = making.tool.use
        if use in kinds:
            return kinds[use](making)
        if use.startswith("sql."):
            return _sql(making)
        for point in entry_points(group=GROUP, name=use):
            connector: Connector = point.load()(making.name, making.tool, making.secret)
            return connector
        known = [*kinds, "sql.query", "sql.insert", "sql.delete", *entry_points(group=GROUP).names]
        raise InputProblem(
            "RW-TOOL-001",
            Problem(
                f"no kind of tool `{use}`",
                f"tools.{making.name}.use",
                hint=f"known: {', '.join(sorted(known))}",
            ),
        )

    def _held(self, digest: str, making: Making, inner: Connector, asks: Connector | None) -> Connector:
        tool, name = making.tool, making.name
        if tool.use.startswith("sql.") and not (tool.answer or tool.lookup):
            return inner
        if tool.idempotency == "lookup" and not tool.lookup and tool.use in {"python", "mcp", "openapi"}:
            hint = "name in `lookup` the read tool that answers for a `key`"
            raise InputProblem(
                "RW-TOOL-001", Problem("promises `lookup`", f"tools.{name}.idempotency", hint=hint)
            )
        check = _check_of(tool.answer, place=f"tools.{name}.answer") if tool.answer else None
        return Contracted(
            name,
            tool,
            inner,
            check=check,
            note=partial(self._note, digest, making.charter.use_case, name),
            secret=making.secret,
            asks=asks,
        )

    def _note(self, digest: str, use_case: str, name: str, look: Look) -> None:
        if self._store is not None:
            note(self._store, Digest(digest), use_case, name, look, at=datetime.now(UTC))

    def _secret(self, tool: Tool) -> Secret | None:
        """One object for all tools that share it: what one of them gave away, every one hides."""
        if not tool.credential:
            return None
        with self._lock:
            read = partial(credential, tool.credential, home=self._place.home)
            return self._secrets.setdefault(tool.credential, Secret(read))

    # ── kinds that speak HTTP ──

    @cached_property
    def _background(self) -> Background:
        with _extra():
            from roadworthy.adapters.httpx2 import EventLoop
        loop = EventLoop()
        self._ended.append(loop.close)
        return loop

    @cached_property
    def _http(self) -> Http:
        from roadworthy.adapters.httpx2 import GuardedHttp

        http = GuardedHttp(self._background)
        self._ended.append(http.close)
        return http

    def _openapi(self, making: Making) -> Connector:
        from roadworthy.adapters.openapitools import build

        with self._lock:
            http = self._http
        connector = build(
            making.name,
            making.tool,
            read=partial(_file, making.folder),
            http=http,
            authorise=partial(headers_of, auth_of(making, ""), making.secret),
            compiled=partial(_check_of, place=f"tools.{making.name}.options.document"),
        )
        _require_named(making, connector.address)
        return connector

    def _mail(self, making: Making) -> Connector:
        with _extra():
            return mail_tool(making)

    def _webhook(self, making: Making) -> Connector:
        with self._lock:
            http = self._http
        connector = webhook_tool(making, http)
        _require_named(making, making.tool.options["url"])
        return connector

    def _mcp(self, making: Making) -> Connector:
        with _extra():
            from roadworthy.adapters.mcptools import McpTool
        options, place = making.tool.options, f"tools.{making.name}"
        known = {"url", "command", "tool", "environment", "auth", "key", "probe"}
        problems = [
            Problem(f"`mcp` has no option `{one}`", f"{place}.options")
            for one in sorted(options.keys() - known)
        ]
        if not isinstance(options.get("tool"), str):
            problems.append(Problem("expected the tool's name on the server", f"{place}.options.tool"))
        command = options.get("command")
        if isinstance(options.get("url"), str) == (isinstance(command, list) and bool(command)):
            problems.append(
                Problem("expected either `url` or `command`, a list of words", f"{place}.options")
            )
        if problems:
            raise InputProblem("RW-TOOL-001", problems)
        if "url" in options:
            _require_named(making, options["url"])
        promised = making.pinned.output_schema if making.pinned is not None else None
        check = _check_of(promised, place=f"{FILE}: {making.name}") if promised is not None else None
        return McpTool(
            making.name,
            making.tool,
            self._server(making),
            pinned=making.pinned,
            secret=making.secret,
            check=check,
        )

    def _server(self, making: Making) -> Server:
        from roadworthy.adapters.mcptools import Server

        options, tool = making.tool.options, making.tool
        most = tool.max_answer * _COPIES + _MARGIN
        said = {name: options.get(name) for name in ("url", "command", "environment", "auth")}
        release = str(making.folder) if "command" in options else ""
        shared = json.dumps(
            [said, tool.credential, sorted(tool.hosts), most, release, str(making.data)], sort_keys=True
        )
        transport = (
            partial(_over_http, making, most)
            if "url" in options
            else partial(_as_child, making, most, self._place)
        )
        with self._lock:
            if shared not in self._servers:
                server = Server(self._background, transport, restarts="command" in options)
                self._servers[shared] = server
                self._ended.append(server.close)
            return self._servers[shared]


def _end_all(ended: list[Callable[[], None]]) -> None:
    """Servers and connections first, the loop that they live on last."""
    while ended:
        # The process ends, or nobody asks any more: one that fails must not keep the others open.
        with suppress(Exception):
            ended.pop()()


# ── how a server is reached ──


@asynccontextmanager
async def _over_http(making: Making, most: int, _too_long: Callable[[], None]) -> Any:
    from mcp.client.streamable_http import streamable_http_client

    from roadworthy.adapters.httpx2 import guarded_client

    tool = making.tool
    async with (
        guarded_client(
            tool.hosts,
            timeout_s=seconds(tool.timeout),
            most_bytes=most,
            auth=http_auth(auth_of(making, ""), making.secret),
        ) as client,
        streamable_http_client(tool.options["url"], http_client=client, max_sse_event_size=most) as streams,
    ):
        yield streams


def _as_child(
    making: Making, most: int, place: Workspace, too_long: Callable[[], None]
) -> AbstractAsyncContextManager[Any]:
    from roadworthy.adapters.mcptools.pipe import piped

    options = making.tool.options
    places = {"folder": str(making.folder), "data": str(making.data), "python": sys.executable}
    command = [_filled(str(word), places) for word in options["command"]]
    environment = plain_environment()
    if shutil.which(command[0], path=environment["PATH"]) is None:
        raise InputProblem(
            "RW-TOOL-001",
            Problem(f"there is no program `{command[0]}`", f"tools.{making.name}.options.command"),
        )
    for name, value in (options.get("environment") or {}).items():
        told = str(value)
        environment[str(name)] = credential(told, home=place.home) if told.startswith(_REFERENCES) else told
    variable = auth_of(making, "").removeprefix("env:") if making.secret is not None else ""
    if variable and making.secret is not None:
        environment[variable] = making.secret.value()
    folder = str(making.data) if making.data.is_dir() else None
    return piped(command, environment=environment, folder=folder, most_bytes=most, too_long=too_long)


def _filled(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _require_named(making: Making, url: str) -> None:
    """The host that a tool is meant to reach stands in `hosts`, so that a look at the charter shows all of them."""
    with _extra():
        from roadworthy.adapters.httpx2 import why_not_named

    refused = why_not_named(url, making.tool.hosts)
    if refused:
        raise InputProblem("RW-TOOL-001", Problem(refused, f"tools.{making.name}.hosts"))


# ── kinds without a network ──


def _python(making: Making) -> Connector:
    from roadworthy.adapters.folders import import_beside
    from roadworthy.adapters.pythontools import build

    return build(making.name, making.tool, load=partial(import_beside, making.module), secret=making.secret)


def _sql(making: Making) -> Connector:
    from roadworthy.adapters.sqltools import build

    tool = making.tool
    source = making.charter.data[tool.source].url if tool.source else ""
    return build(making.name, tool, source, making.data)


def _file(folder: Path, name: str) -> bytes | None:
    """A file of the release; None where there is none, also for a path that leads out of it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return None
    return path.read_bytes()


@contextmanager
def _extra() -> Iterator[None]:
    """Tells what to install where a library of the extra ``tools`` is missing."""
    try:
        yield
    except ImportError as fault:
        raise InputProblem(
            "RW-TOOL-016",
            Problem(f"this kind of tool needs `{fault.name}`", hint="pip install roadworthy[tools]"),
        ) from None


def _check_of(schema: Mapping[str, Any], *, place: str) -> Check:
    """A check of answers against a JSON Schema. Errors: ``InputProblem`` RW-TOOL-001, RW-TOOL-016 without the library."""
    with _extra():
        from roadworthy.adapters.jsonschemars import compiled
    return compiled(schema, place=place)
