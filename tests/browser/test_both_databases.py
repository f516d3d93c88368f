"""Every page says the same on SQLite and on Postgres."""

from __future__ import annotations

import re

import pytest
from tests.browser.conftest import Furnished, elsewhere
from tests.server.desk import text_of
from tests.server.furnished import EVERY

pytestmark = pytest.mark.postgres
OF_ONE_RUN = re.compile(
    r"0\.0000\d+ EUR|nano\": \"\d+|[0-9a-f]{12,}…?|[0-9A-Za-z+/]{40,}=*|(?<=Waiting for a place )\d+|\d+(?= hashes)|(?<=cost_nano )\d+"
)
"""What our own processor's time costs, and the hashes of entries that name it; how many sessions there were, and how far away in the tree."""


def said(where: Furnished) -> dict[str, tuple[int, list[str]]]:
    browser = where.site.desk.browser(EVERY)
    found = {}
    for address in where.addresses:
        answer = browser.get(address)
        words = text_of(answer.text.partition("<main")[2].partition("</main>")[0])
        found[address] = answer.status_code, OF_ONE_RUN.sub("", words).split(" ")
    return found


def test_pages_say_the_same_on_both_databases(
    furnished: Furnished, furnished_in_postgres: Furnished
) -> None:
    assert furnished.addresses == furnished_in_postgres.addresses
    here, there = elsewhere(lambda: said(furnished)), elsewhere(lambda: said(furnished_in_postgres))
    different = {}
    for address, (status, words) in here.items():
        status_there, words_there = there[address]
        apart = [
            (" ".join(words[max(0, at - 5) : at + 4]), b)
            for at, (a, b) in enumerate(zip(words, words_there, strict=False))
            if a != b
        ]
        if apart or status != status_there or len(words) != len(words_there):
            different[address] = (status, status_there, apart[:9])
    assert different == {}
