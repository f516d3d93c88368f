"""What stands behind the port ``Upstream``: chosen by a model's provider, and by what is installed."""

from __future__ import annotations

import hashlib
import importlib.util
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.address import Address, bearer
from roadworthy.ports.upstream import Endpoint, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from roadworthy.adapters.llamacpp import LocalServer
    from roadworthy.charter import LanguageModelPlan

Client = Literal["pyreqwest", "aiohttp"]
_JSON = {"content-type": "application/json"}
_shared: WeakValueDictionary[tuple[str, ...], Upstream] = WeakValueDictionary()
"""Those in use, so that models of one server share its connections."""


def upstream_for(
    plan: LanguageModelPlan, *, key: str, client: Client | None = None, alone: bool = False
) -> Endpoint:
    """Where a model is asked. Models of the same server share its connections, unless ``alone``.

    ``plan`` with its variables resolved; ``key`` may be empty. ``client`` names the HTTP client; default:
    the first of pyreqwest and aiohttp that is installed. Who asks for connections of his own closes them.

    Errors: ``InputProblem`` RW-LLM-001 and 002 for an address or a key that cannot be used, RW-UPSTREAM-001
    for a package that is missing, RW-UPSTREAM-002 to 004 for a provider that cannot be asked.
    """
    address = Address.parse(plan.url) if plan.url else None
    if plan.provider != "openai":
        return _of_provider(plan.provider, key, address, alone=alone)
    if address is None:
        raise InputProblem(
            "RW-LLM-001", Problem("a model behind the OpenAI wire names its `url`", place="url")
        )
    chosen = client or installed_client()
    headers = {**_JSON, "authorization": bearer(key)} if key else _JSON
    if alone:
        return Endpoint(_over(chosen, address), address.base, headers)
    place = (chosen, address.base)
    upstream = _shared.get(place)
    if upstream is None:
        upstream = _shared[place] = _over(chosen, address)
    return Endpoint(upstream, address.base, headers)


def installed_client() -> Client:
    """The HTTP client to use. Errors: ``InputProblem`` RW-UPSTREAM-001 where neither is installed."""
    known: tuple[Client, ...] = ("pyreqwest", "aiohttp")
    for name in known:
        if importlib.util.find_spec(name) is not None:
            return name
    raise InputProblem(
        "RW-UPSTREAM-001",
        Problem("models are asked with `pyreqwest` or `aiohttp`, and neither is installed"),
        hint="pip install pyreqwest, or pip install 'roadworthy[aiohttp]'",
    )


async def close_upstreams() -> None:
    """Give back every connection, at the end of a process."""
    for upstream in list(_shared.values()):
        await upstream.close()


def local_server(
    file: Path,
    *,
    port: int,
    context: int,
    threads: int,
    embeddings: bool,
    on_wait: Callable[[float], None],
) -> LocalServer:
    """A model of a GGUF file, served while its context is open. Errors: see ``LocalServer``."""
    from roadworthy.adapters.llamacpp import LocalServer

    return LocalServer(
        file, port=port, context=context, threads=threads, embeddings=embeddings, on_wait=on_wait
    )


def _over(client: Client, address: Address) -> Upstream:
    if client == "aiohttp":
        from roadworthy.adapters.aiohttp import AiohttpUpstream

        return AiohttpUpstream(address)
    from roadworthy.adapters.pyreqwest import PyreqwestUpstream

    return PyreqwestUpstream(address)


def _of_provider(provider: str, key: str, address: Address | None, *, alone: bool) -> Endpoint:
    from roadworthy.adapters.anyllm import AnyLlmUpstream

    base = address.base if address else f"provider:{provider}"
    if alone:
        return Endpoint(AnyLlmUpstream(provider, key=key, address=address), base, _JSON)
    place = (provider, base, hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest())
    upstream = _shared.get(place)
    if upstream is None:
        upstream = _shared[place] = AnyLlmUpstream(provider, key=key, address=address)
    return Endpoint(upstream, base, _JSON)
