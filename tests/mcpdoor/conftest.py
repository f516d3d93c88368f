from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.emptydatabase import quick_installations


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_installations():
        yield
