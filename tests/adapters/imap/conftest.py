from collections.abc import Iterator

import pytest
from tests.dovecot import Dovecot, NoDovecot, running_dovecot


@pytest.fixture(scope="session")
def running() -> Iterator[Dovecot]:
    try:
        with running_dovecot() as server:
            yield server
    except NoDovecot as problem:
        pytest.skip(str(problem))


@pytest.fixture
def dovecot(running: Dovecot) -> Dovecot:
    running.empty()
    return running
