from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operate.outside.agency import Agency


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Agency]:
    office = Agency(tmp_path)
    yield office
    office.store.close()
