"""Real databases for the checker."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.mariadb import MariaDB, running_mariadb
from tests.postgres import NoServer


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A real server. Without binaries a test is skipped, except where CI is set: there it fails."""
    try:
        with running_mariadb() as server:
            yield server
    except NoServer as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
