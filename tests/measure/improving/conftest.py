from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.measure.improving.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.store.close()
