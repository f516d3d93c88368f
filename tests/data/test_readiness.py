"""What to do with the data first: the order, what each step claims, and the document that goes out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.data import Finding
from roadworthy.data.readiness import (
    Age,
    Duplicates,
    Effort,
    FailedCheck,
    Gap,
    SourceFacts,
    Step,
    SuspectCells,
    Unevaluated,
    steps,
)
from roadworthy.errors import InputProblem

CHECKS, FRESH, SINGLE = "data.checks:crm", "data.fresh:crm", "data.duplicates:crm"


def kinds(found: Sequence[Step]) -> list[str]:
    return [step.kind for step in found]


def everything_bought(found: Iterable[Step]) -> set[str]:
    return {one for step in found for one in step.buys}


# What a step claims ---------------------------------------------------------------------------


def test_a_repair_of_all_failing_rows_buys_the_check_and_its_requirement() -> None:
    facts = SourceFacts(
        "crm",
        checks=(FailedCheck("city_valid", 3, columns=("city",), sample=(4, 7, 9), requirement=CHECKS),),
        suspects=(SuspectCells("city", "typo", 5, (1, 4, 7, 8, 9), 0.97),),
    )
    (step,) = steps([facts])
    assert step.kind == "repair-cells"
    assert step.buys == ("city_valid", CHECKS)
    assert step.nearer == ()
    assert step.rows == 5
    assert step.why == "mends all 3 rows that fail `city_valid`"


def test_a_repair_of_some_failing_rows_brings_nearer_with_the_count_and_the_rest_is_to_be_looked_at() -> (
    None
):
    facts = SourceFacts(
        "crm",
        checks=(FailedCheck("city_valid", 3, columns=("city",), sample=(4, 7, 9), requirement=CHECKS),),
        suspects=(SuspectCells("city", "typo", 1, (4,), 0.97),),
    )
    repair, look = steps([facts])
    assert repair.buys == ()
    assert repair.nearer == ("city_valid", CHECKS)
    assert repair.why == "mends 1 of the 3 rows that fail `city_valid`"
    assert look.kind == "look"
    assert look.rows == 2
    assert look.buys == ("city_valid", CHECKS)


def test_a_repair_in_another_column_of_the_same_rows_buys_nothing() -> None:
    facts = SourceFacts(
        "crm",
        checks=(FailedCheck("city_valid", 1, columns=("city",), sample=(4,), requirement=CHECKS),),
        suspects=(SuspectCells("street", "typo", 1, (4,), 1.0),),
    )
    look, repair = steps([facts])
    assert (look.kind, repair.kind) == ("look", "repair-cells")
    assert repair.buys == repair.nearer == ()
    assert repair.why == "no failing check rests on these cells alone"


def test_failing_rows_that_are_not_known_by_number_are_never_taken_as_mended() -> None:
    facts = SourceFacts(
        "crm",
        checks=(FailedCheck("city_valid", 2_000, columns=("city",), sample=(0, 1, 2)),),
        suspects=(SuspectCells("city", "typo", 2_000, tuple(range(2_000)), 1.0),),
    )
    found = {step.kind: step for step in steps([facts])}
    assert found["repair-cells"].why == "mends 3 of the 2,000 rows that fail `city_valid`"
    assert found["look"].rows == 1_997
    assert steps([facts])[-1].buys == ("city_valid",)


def test_rows_that_a_bound_allows_need_no_mending() -> None:
    facts = SourceFacts(
        "crm",
        checks=(
            FailedCheck("phone_there", 12, columns=("phone",), sample=tuple(range(12)), allowed=5, requirement=CHECKS),
        ),
        suspects=(SuspectCells("phone", "missing", 7, tuple(range(7)), 0.5),),
    )  # fmt: skip
    (step,) = steps([facts])
    assert step.buys == (CHECKS, "phone_there")


def test_a_row_that_two_repairs_mend_counts_once() -> None:
    facts = SourceFacts(
        "crm",
        checks=(FailedCheck("city_valid", 4, columns=("city",), sample=(1, 2, 3, 4), requirement=CHECKS),),
        suspects=(
            SuspectCells("city", "typo", 3, (1, 2, 3), 1.0),
            SuspectCells("city", "dependency", 3, (2, 3, 4), 1.0),
        ),
    )
    first, second = steps([facts])
    assert first.nearer == ("city_valid", CHECKS)
    assert second.buys == ("city_valid", CHECKS)
    three = replace(facts, suspects=(*facts.suspects, SuspectCells("city", "case", 2, (2, 3), 1.0)))
    *_, last = steps([three])
    assert last.what == "Look over 2 proposed repairs in `city` (case)"
    assert last.buys == last.nearer == ()


def test_a_requirement_passes_only_once_all_that_fails_for_it_is_cleared() -> None:
    facts = SourceFacts(
        "crm",
        checks=(
            FailedCheck("a", 1, columns=("x",), sample=(1,), requirement=CHECKS),
            FailedCheck("b", 1, columns=("y",), sample=(1,), requirement=CHECKS),
        ),
        suspects=(SuspectCells("x", "typo", 1, (1,), 1.0), SuspectCells("y", "typo", 1, (1,), 1.0)),
    )
    first, second = steps([facts])
    assert first.buys == ("a",)
    assert first.nearer == (CHECKS,)
    assert second.buys == ("b", CHECKS)


def test_one_requirement_over_several_sources_waits_for_all_of_them() -> None:
    def stale(name: str) -> SourceFacts:
        return SourceFacts(name, age=Age(90, 60), requirements={Gap.AGE: "data.fresh"})

    first, second = steps([stale("crm"), stale("shop")])
    assert (first.buys, first.nearer) == ((), ("data.fresh",))
    assert second.buys == ("data.fresh",)


def test_what_nobody_could_evaluate_is_never_bought() -> None:
    facts = SourceFacts(
        "crm",
        unevaluated=(
            Unevaluated("b", "the column `vat` is not there", CHECKS),
            Unevaluated("a", "the column `vat` is not there", CHECKS),
            Unevaluated("c", "the query took too long", ""),
        ),
    )
    first, second = steps([facts])
    assert first.what == "Make 2 checks answerable: the column `vat` is not there"
    assert first.nearer == ("a", "b", CHECKS)
    assert second.nearer == ("c",)
    assert everything_bought([first, second]) == set()


def test_unclear_pairs_may_be_duplicates_too_so_that_merging_alone_does_not_buy() -> None:
    asked = {Gap.DUPLICATES: SINGLE}
    facts = SourceFacts("crm", duplicates=Duplicates(40, 1_000, 0.01, 30), requirements=asked)
    assert {step.kind: step.buys for step in steps([facts])} == {
        "merge-duplicates": (),
        "decide-pairs": (SINGLE,),
    }
    few = SourceFacts("crm", duplicates=Duplicates(40, 1_000, 0.01, 8), requirements=asked)
    merge, pairs = steps([few])
    assert merge.buys == (SINGLE,)
    assert merge.why == "4.0 % of the rows are another row's duplicate, 1.0 % are allowed"
    assert pairs.buys == pairs.nearer == ()


def test_as_many_duplicates_as_are_allowed_stand_in_nobody_s_way() -> None:
    facts = SourceFacts(
        "crm", duplicates=Duplicates(30, 1_000, 0.03), requirements={Gap.DUPLICATES: SINGLE}
    )
    assert everything_bought(steps([facts])) == set()


def test_merging_clears_a_check_of_uniqueness_as_far_as_it_removes_its_rows() -> None:
    check = FailedCheck("email_unique", 3, columns=("email",), sample=(5, 6, 7), of_duplicates=True)
    facts = SourceFacts("crm", checks=(check,), duplicates=Duplicates(3, 100, sample=(5, 6, 7)))
    (merge,) = steps([facts])
    assert merge.buys == ("email_unique",)
    assert merge.why.endswith("mends all 3 rows that fail `email_unique`")
    partly = replace(facts, duplicates=Duplicates(3, 100, sample=(5, 6)))
    assert {step.kind for step in steps([partly])} == {"merge-duplicates", "look"}


def test_a_check_that_fails_without_a_failing_row_still_fails() -> None:
    (step,) = steps([SourceFacts("crm", checks=(FailedCheck("enough_rows", 0, requirement=CHECKS),))])
    assert step.what == "Find out why `enough_rows` fails, and mend the source"
    assert step.buys == (CHECKS, "enough_rows")


def test_a_contract_covers_its_columns_and_gaps_are_worded_with_their_names() -> None:
    asked = {Gap.CONTRACT: "data.contract", Gap.UNDECLARED: "data.declared", Gap.PERSONAL: "data.personal"}
    none = SourceFacts("crm", contract=False, undeclared=("b", "a"), requirements=asked)
    (step,) = steps([none])
    assert step.kind == "contract"
    assert step.buys == ("data.contract", "data.declared")
    some = SourceFacts(
        "crm", undeclared=("b", "a"), personal=(("mail", "email"), ("mail", "name")), requirements=asked
    )
    found = {step.kind: step for step in steps([some])}
    assert found["declare-columns"].what == "Declare 2 columns: `a`, `b`"
    assert found["classify"].what == "Say of 1 column whether they hold personal data (email, name): `mail`"
    assert found["classify"].buys == ("data.personal",)


def test_what_reading_noticed_is_looked_at_last() -> None:
    facts = SourceFacts(
        "crm",
        age=Age(90, 60),
        findings=(
            Finding(
                "RW-DATA-110", "3 rows have more cells than the header", "crm.csv:17", "quote commas", 3
            ),
        ),
        requirements={Gap.AGE: FRESH},
    )
    assert kinds(steps([facts])) == ["refresh", "look"]


# The order ------------------------------------------------------------------------------------


def test_what_buys_most_verdict_per_minute_comes_first() -> None:
    """One short step that buys nothing alone, but two requirements together with a long one."""
    facts = SourceFacts(
        "crm",
        checks=(
            FailedCheck("long", 90, columns=("x",), sample=tuple(range(90)), requirement="A"),
            FailedCheck("both", 90, columns=("x",), sample=tuple(range(90)), requirement="B"),
            FailedCheck("short", 1, columns=("y",), sample=(1,), requirement="B"),
            FailedCheck("alone", 60, columns=("z",), sample=tuple(range(60)), requirement="C"),
        ),
        suspects=(
            SuspectCells("x", "typo", 90, tuple(range(90)), 0.2),
            SuspectCells("y", "typo", 1, (1,), 0.2),
            SuspectCells("z", "typo", 60, tuple(range(60)), 0.2),
        ),
    )
    found = steps([facts])
    assert [step.column for step in found] == ["x", "y", "z"]
    assert found[0].buys == ("A", "both", "long")
    assert found[0].nearer == ("B",)


def test_equal_steps_come_by_rows_and_then_by_name() -> None:
    flat = Effort(sure_cell_s=0, unsure_cell_s=0)
    sources = [
        SourceFacts(name, suspects=(SuspectCells("x", "typo", cells),))
        for name, cells in (("b", 5), ("a", 5), ("c", 9))
    ]
    assert [step.source for step in steps(sources, effort=flat)] == ["c", "a", "b"]


def test_surer_proposals_take_less_time_and_nobody_reads_a_million_rows() -> None:
    effort = Effort()
    assert effort.cells(100, 1.0) < effort.cells(100, 0.8) < effort.cells(100, 0.0)
    assert effort.cells(100, float("nan")) == effort.cells(100, 0.0)
    assert effort.looking(10**6) == effort.looking(effort.rows_looked_at) < 120


def test_commands_carry_names_quoted_for_a_shell() -> None:
    facts = SourceFacts("crm; rm -rf", suspects=(SuspectCells("it's {source}", "typo", 1),))
    (step,) = steps([facts], commands={"repair-cells": "roadworthy mend {source} --column={column}"})
    assert step.command == """roadworthy mend 'crm; rm -rf' --column='it'"'"'s {source}'"""
    assert steps([facts])[0].command == ""


def test_two_things_of_one_name_are_all_named() -> None:
    twice = FailedCheck("same", 1)
    facts = SourceFacts("crm", checks=(twice,), unevaluated=(Unevaluated("same", "why"),))
    with pytest.raises(InputProblem) as found:
        steps([facts, replace(facts, suspects=(SuspectCells("x", "typo", 1),) * 2)])
    assert found.value.code == "RW-DATA-601"
    assert len(found.value.problems) == 4


def test_no_facts_make_no_steps() -> None:
    assert steps([]) == ()
    assert steps([SourceFacts("crm", duplicates=Duplicates(0, 0), age=Age(5, 60))]) == ()


# Properties over any facts --------------------------------------------------------------------

ROWS = st.frozensets(st.integers(0, 12), max_size=8)
WANTED = st.sampled_from(["", "R1", "R2", "R3"])
COLUMNS = ("x", "y", "z")


@st.composite
def facts_of(draw: st.DrawFn, name: str) -> SourceFacts:
    checks = []
    for number in range(draw(st.integers(0, 4))):
        sample = tuple(sorted(draw(ROWS)))
        checks.append(
            FailedCheck(
                f"{name}.{number}",
                len(sample) + draw(st.integers(0, 3)),
                columns=tuple(draw(st.sets(st.sampled_from(COLUMNS), max_size=2))),
                sample=sample,
                allowed=draw(st.integers(0, 2)),
                requirement=draw(WANTED),
                of_duplicates=draw(st.booleans()),
            )
        )
    groups = draw(
        st.sets(st.tuples(st.sampled_from(COLUMNS), st.sampled_from(["typo", "rule"])), max_size=5)
    )
    suspects = []
    for column, rule in sorted(groups):
        rows = tuple(sorted(draw(ROWS)))
        suspects.append(SuspectCells(column, rule, len(rows) + 1, rows, draw(st.floats(0, 1))))
    merged = tuple(sorted(draw(ROWS)))
    return SourceFacts(
        name,
        contract=draw(st.booleans()),
        checks=tuple(checks),
        unevaluated=tuple(
            Unevaluated(f"{name}.u{number}", draw(st.sampled_from(["why", "how"])), draw(WANTED))
            for number in range(draw(st.integers(0, 2)))
        ),
        suspects=tuple(suspects),
        duplicates=draw(st.sampled_from([None, Duplicates(len(merged), 20, 0.1, draw(st.integers(0, 4)), merged)])),
        undeclared=draw(st.sampled_from([(), ("p",), ("p", "q")])),
        personal=draw(st.sampled_from([(), (("x", "email"),)])),
        age=draw(st.sampled_from([None, Age(5, 9), Age(9, 5)])),
        findings=draw(st.sampled_from([(), (Finding("RW-DATA-101", "odd", rows=2),)])),
        requirements={gap: draw(WANTED) for gap in Gap},
    )  # fmt: skip


SOURCES = st.tuples(facts_of("crm"), facts_of("shop"))


def failing(sources: Sequence[SourceFacts], done: Sequence[Step]) -> tuple[set[str], set[str]]:
    """Written apart from the code under test: checks and requirements that fail after these steps."""
    checks: set[str] = set()
    asked: set[str] = set()
    for facts in sources:
        mine = [step for step in done if step.source == facts.name]
        taken = {step.kind for step in mine}
        merging = set(facts.duplicates.sample) if facts.duplicates and facts.duplicates.rows else set()

        def mended(check: FailedCheck, *, facts: SourceFacts = facts, merging: set[int] = merging, groups: Sequence[SuspectCells], merged: bool) -> set[int]:  # fmt: skip
            rows = set(merging) if check.of_duplicates and merged else set()
            for group in groups:
                if group.column in check.columns:
                    rows |= set(group.rows)
            return rows & set(check.sample)

        looked_over = [
            group
            for group in facts.suspects
            if any(
                step.kind == "repair-cells"
                and step.column == group.column
                and step.what.endswith(f"({group.rule})")
                for step in mine
            )
        ]
        for check in facts.checks:
            pieces = max(check.rows, check.allowed + 1)
            left = pieces - len(mended(check, groups=looked_over, merged="merge-duplicates" in taken))
            if any(step.kind == "look" and f"`{check.id}`" in step.what for step in mine):
                left -= pieces - len(mended(check, groups=facts.suspects, merged=True))
            if left > check.allowed:
                checks.add(check.id)
                asked.add(check.requirement)
        checks |= {one.id for one in facts.unevaluated}
        asked |= {one.requirement for one in facts.unevaluated}
        found = facts.duplicates
        if found and found.rows > 0.1 * found.among:
            left = found.rows * ("merge-duplicates" not in taken)
            left += found.unclear_pairs * ("decide-pairs" not in taken)
            if left > 0.1 * found.among:
                asked.add(facts.requirements[Gap.DUPLICATES])
        open_gaps = {
            Gap.CONTRACT: not facts.contract and "contract" not in taken,
            Gap.UNDECLARED: bool(facts.undeclared) and not taken & {"contract", "declare-columns"},
            Gap.PERSONAL: bool(facts.personal) and "classify" not in taken,
            Gap.AGE: facts.age == Age(9, 5) and "refresh" not in taken,
        }
        asked |= {facts.requirements[gap] for gap, is_open in open_gaps.items() if is_open}
    return checks, asked - {""}


@settings(max_examples=80, deadline=None)
@given(SOURCES)
def test_a_step_buys_what_begins_to_pass_with_it_and_never_what_still_fails(
    sources: tuple[SourceFacts, SourceFacts],
) -> None:
    found = steps(sources)
    before = set.union(*failing(sources, ()))
    for number, step in enumerate(found, start=1):
        after = set.union(*failing(sources, found[:number]))
        assert set(step.buys) == before - after
        assert set(step.nearer) <= after
        before = after


@settings(max_examples=60, deadline=None)
@given(SOURCES)
def test_doing_every_step_clears_every_requirement_that_can_be_cleared(
    sources: tuple[SourceFacts, SourceFacts],
) -> None:
    checks, asked = failing(sources, steps(sources))
    unknown = [one for facts in sources for one in facts.unevaluated]
    assert checks == {one.id for one in unknown}
    assert asked == {one.requirement for one in unknown} - {""}


@settings(max_examples=50, deadline=None)
@given(SOURCES, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(
    sources: tuple[SourceFacts, SourceFacts], chance: random.Random
) -> None:
    def shuffled(items: Sequence[object]) -> tuple[object, ...]:
        return tuple(chance.sample(list(items), len(items)))

    other = [
        replace(
            facts,
            checks=tuple(replace(one, sample=shuffled(one.sample), columns=shuffled(one.columns)) for one in shuffled(facts.checks)),
            unevaluated=shuffled(facts.unevaluated),
            suspects=tuple(replace(one, rows=shuffled(one.rows)) for one in shuffled(facts.suspects)),
            undeclared=shuffled(facts.undeclared),
        )
        for facts in shuffled(sources)
    ]  # fmt: skip
    assert steps(other) == steps(sources)


@settings(max_examples=50, deadline=None)
@given(SOURCES)
def test_requirements_that_can_be_bought_are_bought_before_anything_else_is_done(
    sources: tuple[SourceFacts, SourceFacts],
) -> None:
    found = steps(sources)
    wanted = failing(sources, ())[1]
    buying = [number for number, step in enumerate(found) if wanted & set(step.buys)]
    for step in found[: max(buying, default=-1) + 1]:
        assert set(step.buys) | set(step.nearer), "a step on the way to a requirement moves something"


def test_thousands_of_failing_checks_are_put_in_order_in_a_second_or_two() -> None:
    sources = [
        SourceFacts(
            f"s{source}",
            checks=tuple(
                FailedCheck(f"s{source}.{n}", 3, columns=(f"c{n}",), sample=(n, n + 1, n + 2), requirement=f"data.checks:s{source}")
                for n in range(200)
            ),
            suspects=tuple(SuspectCells(f"c{n}", "typo", 2, (n, n + 1), 0.9) for n in range(200)),
        )
        for source in range(20)
    ]  # fmt: skip
    found = steps(sources)
    assert len(found) == 8_000
    assert everything_bought(found) >= {f"data.checks:s{source}" for source in range(20)}
