"""Static files: read once, named by their content, kept by browsers for ever."""

from __future__ import annotations

import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.server.problems import no_such_page, problem_json

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOREVER = "public, max-age=31536000, immutable"


def _sent(script: bytes) -> bytes:
    """A script without its indentation and the lines that are comments alone: what browsers need of it."""
    lines = (line.strip() for line in script.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))


class Assets:
    """The files of ``static/``. ``url("style.css")`` is ``/static/style.3f9a….css``."""

    def __init__(self) -> None:
        folder = resources.files("roadworthy.server") / "static"
        self._urls: dict[str, str] = {}
        self._files: dict[str, tuple[bytes, str]] = {}
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            stem, _, ending = file.name.rpartition(".")
            if ending not in _TYPES:
                continue
            content = file.read_bytes()
            if ending == "js":
                content = _sent(content)
            url = f"/static/{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
            self._urls[file.name] = url
            self._files[url] = (content, _TYPES[ending])

    def url(self, name: str) -> str:
        """The address of a file. Errors: ``KeyError`` for one that is not shipped."""
        return self._urls[name]

    def routes(self) -> list[BaseRoute]:
        """Where the files are served."""
        return [Route("/static/{name}", self._send, methods=["GET"], name="static")]

    async def _send(self, request: Request) -> Response:
        found = self._files.get(f"/static/{request.path_params['name']}")
        if found is None:
            return problem_json(no_such_page(request.url.path))
        content, kind = found
        return Response(content, headers={"Cache-Control": _FOREVER, "Content-Type": kind})
