"""How a tool's credential is sent: as a header, or as a variable of a program that is started."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.tooling import Secret

if TYPE_CHECKING:
    import httpx2

    from roadworthy.wiring.tools import Making


def auth_of(making: Making, default: str) -> str:
    """How the credential is sent. Errors: ``InputProblem`` RW-TOOL-001 for a form that there is not."""
    form = str(making.tool.options.get("auth", default))
    child = "command" in making.tool.options
    kind, _, name = form.partition(":")
    fits = (
        (not form and not (child and making.secret is not None))
        or (
            not child
            and (form in {"bearer", "basic"} or (kind == "header" and name.replace("-", "").isalnum()))
        )
        or (child and kind == "env" and name.isidentifier())
    )
    if not fits:
        hint = "`env:NAME` for a server that is started, else `bearer`, `basic` or `header:NAME`"
        raise InputProblem(
            "RW-TOOL-001",
            Problem("says not how the credential is sent", f"tools.{making.name}.options.auth", hint=hint),
        )
    return form


def headers_of(form: str, secret: Secret | None) -> dict[str, str]:
    """The header with the secret, read now."""
    if secret is None:
        return {}
    value = secret.value()
    if form == "basic":
        return {"authorization": f"Basic {base64.b64encode(value.encode()).decode()}"}
    if form.startswith("header:"):
        return {form.removeprefix("header:"): value}
    return {"authorization": f"Bearer {value}"}


def http_auth(form: str, secret: Secret | None) -> httpx2.Auth:
    """The same for each request of a client."""
    import httpx2

    class SecretAuth(httpx2.Auth):
        def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
            request.headers.update(headers_of(form, secret))
            yield request

    return SecretAuth()
