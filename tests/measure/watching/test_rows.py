"""Rows of a CSV input as they arrive."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.measure.watching.rows import LONGEST_LINE, Findings, Rows


def rows_of(data, *, live=False):
    return Rows(io.BytesIO(data), Findings("RW-WATCH-010", "x.csv", live))


def test_a_quoted_cell_may_run_over_lines_and_the_row_has_the_last_one():
    found = list(rows_of(b'a,b\n"x\ny",1\n\nz,2\n'))
    assert [(row.line, row.cells) for row in found] == [(3, ["x\ny", "1"]), (5, ["z", "2"])]


def test_no_more_is_read_than_a_row_needs():
    class Pipe(io.BytesIO):
        asked = 0

        def readline(self, size=-1):
            self.asked += 1
            return super().readline(size)

    pipe = Pipe(b"a,b\n1,2\n3,4\n")
    rows = iter(Rows(pipe, Findings("RW-WATCH-010", "x.csv", live=True)))
    next(rows)
    assert pipe.asked == 2


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(InputProblem, match="longer than"):
        rows_of(b"a" * (LONGEST_LINE * 3))


def test_a_live_input_stops_at_its_first_fault():
    rows = rows_of(b"a,b\n1\n1\n", live=True)
    with pytest.raises(InputProblem) as found:
        list(rows)
    assert len(found.value.problems) == 1


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_problem_with_its_line(data):
    lines = [1]
    try:
        rows = rows_of(data)
        for row in rows:
            assert len(row.cells) == len(rows.header)
        rows.findings.stop()
    except InputProblem as problem:
        lines = [each.line for each in problem.problems]
    assert min(lines) >= 1
