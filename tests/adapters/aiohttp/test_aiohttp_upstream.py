"""Calls to models over aiohttp keep every promise of the port."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from tests.adapters.upstream.certificates import self_signed_context

from roadworthy.adapters.aiohttp import AiohttpUpstream
from roadworthy.ports.address import Address
from roadworthy.testing.conformance.upstream import Opener, UpstreamConformance


class TestAiohttpUpstream(UpstreamConformance):
    @pytest.fixture
    def open_upstream(self) -> Opener:
        return lambda base: AiohttpUpstream(Address.parse(base))

    @pytest.fixture
    def self_signed(self, tmp_path: Path) -> ssl.SSLContext:
        return self_signed_context(tmp_path)
