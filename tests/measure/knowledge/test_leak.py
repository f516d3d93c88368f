from __future__ import annotations

from dataclasses import replace

import pytest
from tests.measure.knowledge.shelf import DOCUMENTS, TODAY, base

from roadworthy.errors import InputProblem
from roadworthy.knowledge import Access, Reader, may_read
from roadworthy.measure.knowledge.leak import drill, leak_fact


def test_an_index_that_filters_by_rights_leaks_nothing_and_was_tried() -> None:
    found = drill(base(DOCUMENTS), pairs=2_000, today=TODAY)
    assert found.leaks == 0
    assert found.pairs >= 2_000
    assert found.forbidden > 500
    assert found.missing == 0
    assert found.tight


@pytest.mark.parametrize("forgets", ["class", "group", "region", "purpose", "subject"])
def test_an_index_that_forgets_one_condition_is_found_out(forgets: str) -> None:
    def sees(reader: Reader, access: Access) -> bool:
        known = {
            "class": replace(reader, clearance=3),
            "group": replace(reader, groups=reader.groups | (access.groups or frozenset())),
            "region": replace(reader, region=access.marking.region),
            "purpose": replace(reader, purpose=min(access.marking.purposes)),
            "subject": replace(reader, subjects=access.marking.subjects),
        }
        return may_read(known[forgets], access)

    found = drill(base(DOCUMENTS, sees=sees), pairs=1_000, today=TODAY)
    assert found.leaks > 0
    assert not found.tight
    assert {one.through for one in found.shown} == {"search", "documents"}


def test_a_comparison_of_parts_of_names_is_found_out() -> None:
    def sees(reader: Reader, access: Access) -> bool:
        close = any(
            group.lower().strip() in name.lower() for name in reader.groups for group in access.groups or ()
        )
        return may_read(replace(reader, groups=access.groups or frozenset()) if close else reader, access)

    assert drill(base(DOCUMENTS, sees=sees), pairs=2_000, today=TODAY).leaks > 0


def test_an_index_that_finds_nothing_does_not_pass() -> None:
    class Blind:
        def __init__(self, index: object) -> None:
            self.documents = index.documents  # type: ignore[attr-defined]

        def search(self, query: object) -> tuple[()]:
            return ()

    there = base(DOCUMENTS)
    found = drill(replace(there, index=Blind(there.index)), pairs=500, today=TODAY)  # type: ignore[arg-type]
    assert (found.pairs, found.leaks) == (0, 0)
    assert found.not_found > 0
    assert not found.tight


def test_what_may_be_read_and_is_not_listed_is_counted_and_no_leak() -> None:
    found = drill(base(DOCUMENTS, sees=lambda reader, _: reader.keeper), pairs=500, today=TODAY)
    assert found.leaks == 0
    assert found.missing > 0


def test_the_same_seed_is_the_same_drill() -> None:
    one, other = (drill(base(DOCUMENTS), pairs=300, seed=4, today=TODAY) for _ in range(2))
    assert one == other


def test_the_fact_counts_leaks_and_says_how_they_were_looked_for() -> None:
    fact = leak_fact(drill(base(DOCUMENTS), pairs=300, today=TODAY))
    assert (fact.kind, fact.value, fact.unit, fact.subject) == ("knowledge.leak", 0.0, "leaks", "handbook")
    assert fact.n > 0
    assert "forbidden" in fact.method


def test_an_empty_index_is_no_proof() -> None:
    with pytest.raises(InputProblem) as caught:
        drill(base([]), today=TODAY)
    assert caught.value.code == "RW-KNOWLEDGE-056"
