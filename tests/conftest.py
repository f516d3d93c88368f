"""What tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.postgres import NoServer, Server, running_server

# The same examples on every machine: a change is judged by what it changed. To look for new examples,
# run `HYPOTHESIS_PROFILE=explore make test`.
# How long an example takes says something about the machine and what else it does: no test fails by it.
_UNHURRIED = settings(print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", _UNHURRIED, derandomize=True)
settings.register_profile("explore", _UNHURRIED, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real server. Without binaries a test is skipped, except where CI is set: there it fails."""
    try:
        with running_server() as server:
            yield server
    except NoServer as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The address of an empty database of this test alone."""
    address = postgres_server.create()
    yield address
    postgres_server.drop(address)
