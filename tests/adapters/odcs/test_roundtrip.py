"""What is read and written again is the same contract, whatever stands in it."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.odcs.documents import document

from roadworthy.adapters.odcs import read, write
from roadworthy.adapters.odcs.yamltext import Report, parse
from roadworthy.data.contract import contract_of

TEXT = st.text(max_size=12)
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT)
ANYTHING = st.one_of(SCALAR, st.lists(SCALAR, max_size=3), st.dictionaries(TEXT, SCALAR, max_size=3))


@pytest.mark.parametrize("seeds", range(4))
def test_any_document_of_the_standard_survives_reading_and_writing(seeds: int) -> None:
    for seed in range(seeds * 40, seeds * 40 + 40):
        made = document(seed)
        first = read(write(contract_of(made)), file="a.yaml")
        assert first.document == made, seed
        assert list(first.document) == list(made), seed
        again = read(write(first), file="a.yaml")
        assert again.document == made, seed
        assert (again.tables, again.team) == (first.tables, first.team), seed


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(TEXT, ANYTHING, max_size=4))
def test_any_plain_value_is_written_so_that_it_reads_the_same(document: dict[str, Any]) -> None:
    report = Report("a.yaml")
    assert parse(write(contract_of(document)), report) == document
    assert report.problems == []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(TEXT, st.one_of(TEXT, st.booleans(), st.none(), st.integers()), max_size=3))
def test_another_reader_with_the_older_yaml_reads_the_same(document: dict[str, Any]) -> None:
    assert yaml.safe_load(write(contract_of(document))) == document


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        ["NO", "1:30", "1e3", "0o17", "017", "~", "2024-01-01", "y", "<<", "=", "0x1F", ".5", "1_000"]
    )
)
def test_a_text_that_looks_like_something_else_stays_a_text(word: str) -> None:
    document = {"value": word, word: 1}
    written = write(contract_of(document))
    assert parse(written, Report("a.yaml")) == document
    assert yaml.safe_load(written) == document


def test_a_query_of_several_lines_stays_readable() -> None:
    assert "|\n" in write(contract_of({"query": "select count(*)\nfrom t\nwhere a > 1\n"}))


def test_writing_twice_gives_the_same_text() -> None:
    text = (
        "id: x\nversion: '1'\nkind: DataContract\napiVersion: v3.1.0\nzebra: 1\nalpha: [2, {b: 1, a: 2}]\n"
    )
    once = write(read(text, file="a.yaml"))
    assert write(read(once, file="a.yaml")) == once
    assert once.index("zebra") < once.index("alpha")
