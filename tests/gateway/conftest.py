"""A model's server that does what a test asks it to, for every test of the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.emptydatabase import quick_installations
from tests.gateway.upstream import Upstream


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_installations():
        yield


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server
