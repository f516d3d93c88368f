"""What outsiders wrote stays text in a real browser: nothing runs, nothing is asked for, nobody else is told."""

from __future__ import annotations

import csv
import io

from tests.browser.conftest import Furnished, elsewhere
from tests.browser.hostile import EVIL, KEY
from tests.browser.visiting import Visited
from tests.server.furnished import EVERY

from roadworthy.server.screens import PAGES

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def test_no_page_asks_another_host(visited: tuple[Visited, ...]) -> None:
    assert {one.address: one.elsewhere for one in visited if one.elsewhere} == {}


def test_nothing_runs_and_the_policy_on_content_has_nothing_to_stop(visited: tuple[Visited, ...]) -> None:
    assert {one.address: one.told for one in visited if one.told} == {}


def test_outside_text_becomes_no_element(visited: tuple[Visited, ...]) -> None:
    assert {one.address: one.owned for one in visited if one.owned} == {}


def test_a_turned_word_turns_only_itself(visited: tuple[Visited, ...]) -> None:
    """What came from outside lies in a box that keeps its direction to itself."""
    assert {one.address: one.loose for one in visited if one.loose} == {}


def test_a_table_for_a_spreadsheet_holds_no_formula(furnished: Furnished) -> None:
    browser = furnished.site.desk.browser(EVERY)
    shown = []
    for page in PAGES:
        address = (
            next(one for one in furnished.addresses if page.rows and _fits(one, page.path))
            if page.rows
            else ""
        )
        if not address:
            continue
        answer = elsewhere(lambda address=address: browser.get(f"{address}.csv"))  # type: ignore[misc]
        assert answer.status_code == 200, f"{address}: {answer.text}"
        for row in csv.reader(io.StringIO(answer.text)):
            shown += row
            assert [cell for cell in row if cell.startswith(FORMULA) and not _number(cell)] == [], address
    assert f"'{KEY}" in shown
    assert any(EVIL[:40] in cell for cell in shown)


def _fits(address: str, path: str) -> bool:
    parts, wanted = address.split("?")[0].split("/"), path.split("/")
    return len(parts) == len(wanted) and all(
        a == b or b.startswith("{") for a, b in zip(parts, wanted, strict=True)
    )


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
