"""The library any-llm and its providers, imported only when a charter names one."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.placed import near
from roadworthy.ports.address import Address

if TYPE_CHECKING:
    from any_llm import AnyLLM

KNOWN_BASES = {"anthropic": "https://api.anthropic.com"}
"""Addresses that a provider's SDK would otherwise take from the environment."""
BY_IDENTITY = frozenset({"bedrock", "sagemaker", "vertexai", "vertexaianthropic"})
"""Providers that may be asked without a key: the machine's own identity in their cloud is one."""


def open_provider(provider: str, *, key: str, address: Address | None) -> AnyLLM:
    """A client of the provider that sends each request once, and follows no redirect where it can be told.

    Errors: ``InputProblem`` RW-UPSTREAM-001 where a package is missing, RW-UPSTREAM-002 for a provider that
    the library does not know, RW-UPSTREAM-003 where it needs a key, RW-UPSTREAM-004 where it cannot be set up.
    """
    library = _library()
    kind = _kind(library, provider)
    if not key and provider not in BY_IDENTITY:
        # Without this, the library would take a key from the environment that no charter names.
        raise InputProblem(
            "RW-UPSTREAM-003",
            Problem(f"the provider `{provider}` needs a key", place="secret"),
            hint="name the environment variable that holds it in `secret`",
        )
    base = address.base if address else getattr(kind, "API_BASE", None) or KNOWN_BASES.get(provider)
    options = _client_options(kind, address)
    try:
        try:
            return kind(
                api_key=key or None, api_base=base, unified_exceptions=True, max_retries=0, **options
            )
        except _errors().UnsupportedParameterError:
            return kind(api_key=key or None, api_base=base, unified_exceptions=True, **options)
    except ImportError:
        raise _missing(provider, f"pip install 'any-llm-sdk[{provider}]'") from None
    except Exception as fault:  # noqa: BLE001 - whatever an SDK raises about its settings; what it says may hold them
        raise InputProblem(
            "RW-UPSTREAM-004",
            Problem(
                f"the provider `{provider}` cannot be set up ({type(fault).__name__})", place="provider"
            ),
            hint="check `url` and `secret`, and the identity of this machine where it has one",
        ) from None


def _library() -> type[AnyLLM]:
    try:
        from any_llm import AnyLLM
    except ImportError:
        raise _missing("any-llm-sdk", "pip install 'roadworthy[providers]'") from None
    return AnyLLM


def _errors() -> Any:
    return importlib.import_module("any_llm.exceptions")


def _kind(library: type[AnyLLM], provider: str) -> type[AnyLLM]:
    known = sorted(library.get_supported_providers())
    if provider not in known:
        raise InputProblem(
            "RW-UPSTREAM-002",
            Problem(
                f"the provider `{provider}` is not known", place="provider", hint=near(provider, known)
            ),
        )
    try:
        kind = library.get_provider_class(provider)
    except ImportError:
        raise _missing(provider, f"pip install 'any-llm-sdk[{provider}]'") from None
    if kind.MISSING_PACKAGES_ERROR is not None:
        raise _missing(provider, f"pip install 'any-llm-sdk[{provider}]'")
    return kind


def _client_options(kind: type[AnyLLM], address: Address | None) -> dict[str, Any]:
    """A client of our own for SDKs that take one: theirs follow redirects, and take the key along."""
    names = {each.__name__ for each in kind.__mro__}
    if not names & {"BaseAnthropicProvider", "BaseOpenAIProvider"} or "AzureopenaiProvider" in names:
        return {}
    import httpx

    return {
        "http_client": httpx.AsyncClient(
            follow_redirects=False,
            # A proxy of the environment sees only what is encrypted.
            trust_env=address is None or address.encrypted,
            timeout=httpx.Timeout(60.0, connect=10.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
        )
    }


def _missing(what: str, hint: str) -> InputProblem:
    return InputProblem(
        "RW-UPSTREAM-001",
        Problem(f"the package for `{what}` is not installed", place="provider"),
        hint=hint,
    )
