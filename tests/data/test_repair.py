"""Plans of repairs: proposed, decided by people, applied to what they saw and to nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.repair import Decision, RepairPlan, applied, approve, plan_of, propose, reject
from roadworthy.data.suspects import Suspect
from roadworthy.errors import InputProblem
from roadworthy.quantities import digest

SNAPSHOT = digest(b"as it was")
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TABLE: dict[str, list[str | None]] = {
    "city": ["Bonn", "Bnn", "Köln", None],
    "zip": ["53111", "53111", "50667", "N/A"],
}


def suspect(
    row: int, column: str, repair: str | None, *, rule: str = "typo", confidence: float = 0.8
) -> Suspect:
    return Suspect(row, column, TABLE[column][row], repair, "because", rule, confidence)


def plan(*, show_old: bool = True) -> RepairPlan:
    return propose(
        [
            suspect(1, "city", "Bonn"),
            suspect(3, "city", "Köln", rule="dependency", confidence=0.6),
            suspect(3, "zip", "", rule="missing", confidence=0.95),
            suspect(2, "zip", None),
        ],
        source="places.csv",
        snapshot=SNAPSHOT,
        show_old=show_old,
    )


def approved(of: RepairPlan, **chosen: object) -> RepairPlan:
    return approve(of, digest=of.digest, who="ada", at=NOON, **(chosen or {"at_least": 0.0}))  # type: ignore[arg-type]


def test_only_suspects_that_know_a_repair_are_proposed() -> None:
    assert [(one.cell, one.decision) for one in plan().cells] == [
        ((1, "city"), Decision.PROPOSED),
        ((3, "city"), Decision.PROPOSED),
        ((3, "zip"), Decision.PROPOSED),
    ]


def test_approved_repairs_are_made_and_their_origin_is_told() -> None:
    agreed = approved(plan(), cells=[(1, "city"), (3, "zip")])

    table, lineage = applied(TABLE, agreed)

    assert table == {"city": ["Bonn", "Bonn", "Köln", None], "zip": ["53111", "53111", "50667", ""]}
    assert [(one.row, one.column, one.rule, one.who, one.at) for one in lineage.cells] == [
        (1, "city", "typo", "ada", NOON),
        (3, "zip", "missing", "ada", NOON),
    ]
    assert (lineage.plan, lineage.snapshot, lineage.already) == (plan().digest, SNAPSHOT, 0)
    assert TABLE["city"][1] == "Bnn"


def test_applying_twice_changes_nothing_more_and_says_so() -> None:
    agreed = approved(plan())
    once, first = applied(TABLE, agreed)
    twice, second = applied(once, agreed)

    assert twice == once
    assert (first.already, second.already) == (0, 3)
    assert first.cells == second.cells


def test_a_plan_without_an_approval_is_not_applied() -> None:
    with pytest.raises(InputProblem) as told:
        applied(TABLE, reject(plan(), digest=plan().digest, who="ada", at=NOON, rule="typo"))

    assert told.value.code == "RW-DATA-311"
    assert plan().digest in told.value.problems[0].hint


def test_a_table_that_is_not_the_one_seen_is_refused_with_every_misfit_and_no_value() -> None:
    other: dict[str, list[str | None]] = {"city": ["Bonn", "Secret", "Köln"], "name": ["a", "b", "c"]}

    with pytest.raises(InputProblem) as told:
        applied(other, approved(plan()))

    assert told.value.code == "RW-DATA-310"
    assert [str(problem) for problem in told.value.problems] == [
        "city:2:1: the cell holds another value than the plan saw",
        "city:4:1: row 4 of 3 is not there",
        "zip: no column `zip`",
    ]
    assert "Secret" not in str(told.value)


def test_a_rule_or_a_confidence_chooses_and_leaves_the_rejected_alone() -> None:
    first = plan()
    without = reject(first, digest=first.digest, who="ben", at=NOON, cells=[(3, "zip")])

    some = approved(without, at_least=0.7)

    assert [one.decision.value for one in some.cells] == ["approved", "proposed", "rejected"]
    assert some.cells[2].who == "ben"
    assert [one.cell for one in approved(without, rule="dependency").approved] == [(3, "city")]
    assert [one.cell for one in approved(without, cells=[(3, "zip")]).approved] == [(3, "zip")]


def test_who_approved_first_stays() -> None:
    first = approved(plan(), rule="typo")
    again = approve(first, digest=first.digest, who="ben", at=NOON, at_least=0.0)

    assert [one.who for one in again.cells] == ["ada", "ben", "ben"]


def test_decisions_leave_the_digest_and_proposals_change_it() -> None:
    assert approved(plan()).digest == plan().digest
    assert plan(show_old=False).digest == plan().digest
    assert (
        propose([suspect(1, "city", "Berlin")], source="places.csv", snapshot=SNAPSHOT).digest
        != plan().digest
    )


def test_a_decision_about_another_plan_is_refused() -> None:
    with pytest.raises(InputProblem) as told:
        approve(plan(), digest=digest(b"another"), who="ada", at=NOON, at_least=0.5)

    assert told.value.code == "RW-DATA-312"


def test_a_decision_says_all_that_it_lacks() -> None:
    with pytest.raises(InputProblem) as told:
        approve(plan(), digest=plan().digest, who=" ", at=datetime(2026, 5, 4), cells=[(9, "city")])
    assert told.value.code == "RW-DATA-313"
    assert [problem.place for problem in told.value.problems] == ["who", "at", "city"]

    for choice in ({}, {"rule": "unheard of"}):
        with pytest.raises(InputProblem) as told:
            approve(plan(), digest=plan().digest, who="ada", at=NOON, **choice)
        assert told.value.problems[0].place == "cells"


def test_a_plan_may_keep_old_values_to_itself() -> None:
    quiet = approved(plan(show_old=False))

    assert "Bnn" not in json.dumps(quiet.as_json())
    assert applied(TABLE, plan_of(json.loads(json.dumps(quiet.as_json()))))[0]["city"][1] == "Bonn"


def test_a_cell_named_twice_is_no_plan() -> None:
    with pytest.raises(InputProblem) as told:
        propose([suspect(1, "city", "Bonn"), suspect(1, "city", "Born")], source="x", snapshot=SNAPSHOT)

    assert told.value.code == "RW-DATA-315"


def test_a_plan_that_was_changed_by_hand_is_not_read() -> None:
    body = json.loads(json.dumps(approved(plan()).as_json()))
    body["cells"][0]["new"] = "Paris"

    with pytest.raises(InputProblem) as told:
        plan_of(body)

    assert (told.value.code, told.value.problems[0].place) == ("RW-DATA-314", "digest")


def test_a_plan_that_cannot_be_read_tells_every_field() -> None:
    body = json.loads(json.dumps(plan().as_json()))
    body["schema_version"] = 2
    body["cells"][0]["row"] = "1"
    body["cells"][1]["decision"] = "perhaps"
    body["cells"][2] |= {"decision": "approved"}

    with pytest.raises(InputProblem) as told:
        plan_of(body)

    assert [problem.place for problem in told.value.problems] == [
        "schema_version",
        "cells[0].row",
        "cells[1].decision",
        "cells[2].decision",
    ]


@pytest.mark.parametrize(
    "value", [None, [], "plan", {}, {"kind": "repair-plan", "cells": "x"}, {"cells": [1]}]
)
def test_what_is_no_plan_is_an_input_problem(value: object) -> None:
    with pytest.raises(InputProblem) as told:
        plan_of(value)

    assert told.value.code == "RW-DATA-314"


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=8).flatmap(
        lambda cells: st.tuples(
            st.just(cells), st.sets(st.integers(0, len(cells) - 1), min_size=1), st.text(max_size=3)
        )
    )
)
def test_applying_reaches_the_approved_cells_and_no_other(
    case: tuple[list[str | None], set[int], str],
) -> None:
    cells, rows, new = case
    found = [Suspect(row, "c", cells[row], new, "why", "typo", 0.5) for row in sorted(rows)]
    agreed = approved(
        plan_of(json.loads(json.dumps(propose(found, source="s", snapshot=SNAPSHOT).as_json())))
    )

    table, lineage = applied({"c": cells}, agreed)

    assert list(table["c"]) == [new if row in rows else value for row, value in enumerate(cells)]
    assert lineage.already == sum(cells[row] == new for row in rows)
    assert applied(table, agreed)[0] == table
