"""Which client asks a model: by its provider, and by what is installed."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import pytest

from roadworthy.adapters.aiohttp import AiohttpUpstream
from roadworthy.adapters.anyllm import AnyLlmUpstream
from roadworthy.adapters.pyreqwest import PyreqwestUpstream
from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import InputProblem
from roadworthy.wiring.upstream import close_upstreams, installed_client, upstream_for


def plan(**fields: Any) -> LanguageModelPlan:
    return LanguageModelPlan(
        **{
            "url": "https://host/v1/",
            "model": "small",
            "read_price": "1 EUR",
            "written_price": "1 EUR",
            **fields,
        }
    )


def test_models_of_one_server_share_an_upstream_and_keep_their_own_keys() -> None:
    one = upstream_for(plan(), key="k-1", client="pyreqwest")
    other = upstream_for(plan(model="large"), key="k-2", client="pyreqwest")
    third = upstream_for(plan(url="https://other/v1"), key="", client="pyreqwest")
    assert isinstance(one.upstream, PyreqwestUpstream)
    assert one.upstream is other.upstream
    assert one.upstream is not third.upstream
    assert one.base == "https://host/v1"
    assert one.headers["authorization"] == "Bearer k-1"
    assert other.headers["authorization"] == "Bearer k-2"
    assert "authorization" not in third.headers
    asyncio.run(close_upstreams())


def test_either_client_stands_in_where_the_other_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"pyreqwest", "aiohttp"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in there else None)
    assert installed_client() == "pyreqwest"
    assert isinstance(upstream_for(plan(), key="").upstream, PyreqwestUpstream)
    there.remove("pyreqwest")
    assert installed_client() == "aiohttp"
    assert isinstance(upstream_for(plan(), key="").upstream, AiohttpUpstream)
    there.remove("aiohttp")
    with pytest.raises(InputProblem) as caught:
        installed_client()
    assert caught.value.code == "RW-UPSTREAM-001"


def test_another_provider_is_asked_through_the_library_one_client_for_each_key() -> None:
    one = upstream_for(plan(url="", provider="anthropic"), key="k-1")
    same = upstream_for(plan(url="", provider="anthropic"), key="k-1")
    other = upstream_for(plan(url="", provider="anthropic"), key="k-2")
    assert isinstance(one.upstream, AnyLlmUpstream)
    assert one.upstream is same.upstream
    assert one.upstream is not other.upstream
    assert one.base == "provider:anthropic"
    assert "authorization" not in one.headers
    asyncio.run(close_upstreams())


@pytest.mark.parametrize(
    ("fields", "key", "code"),
    [
        ({"url": "http://93.184.216.34/v1"}, "", "RW-LLM-001"),
        ({}, "a b", "RW-LLM-002"),
        ({}, "a\n", "RW-LLM-002"),
        ({"provider": "nobody", "url": ""}, "k", "RW-UPSTREAM-002"),
        ({"provider": "anthropic", "url": ""}, "", "RW-UPSTREAM-003"),
        ({"provider": "anthropic", "url": "http://93.184.216.34/"}, "k", "RW-LLM-001"),
    ],
)
def test_what_cannot_be_asked_says_why(fields: dict[str, Any], key: str, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        upstream_for(plan(**fields), key=key)
    assert caught.value.code == code
    assert key == "" or key not in str(caught.value) or len(key) < 2
