import pytest
from tests.operate.office import CHARTER

from roadworthy.charter import Charter, read
from roadworthy.errors import InputProblem
from roadworthy.operate.sandbox import sandboxed_sources


def charter(url: str, *, more: str = "") -> Charter:
    text = CHARTER.replace('url: "sqlite:///none"', f'url: "{url}"')
    return read(text.replace("tools:\n", f"tools:\n{more}"), file="charter.yaml")


@pytest.mark.parametrize(
    "url", ["sqlite:///{data}/books.sqlite", "sqlite:///books.sqlite", "books.csv", "{data}/a/books.csv"]
)
def test_what_lies_in_the_data_folder_can_be_copied(url: str) -> None:
    assert sandboxed_sources(charter(url)) == ("books",)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://db/books", "it is a server"),
        ("sqlite:////srv/books.sqlite", "outside the data folder"),
        ("/srv/books.csv", "outside the data folder"),
        ("../books.csv", "outside the data folder"),
        ("sqlite:///{data}/../books.sqlite", "outside the data folder"),
        ("sqlite:////srv/{data}/books.sqlite", "outside the data folder"),
        ("sqlite:///", "outside the data folder"),
        ("s3://bucket/books.csv", "it is a server"),
        ("${BOOKS}", "comes from the environment"),
    ],
)
def test_what_lies_elsewhere_is_refused(url: str, why: str) -> None:
    with pytest.raises(InputProblem, match=why):
        sandboxed_sources(charter(url))


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InputProblem) as refused:
        sandboxed_sources(charter("postgresql://db/x", more="  web.look: {use: web.get}\n"))
    assert [problem.place for problem in refused.value.problems] == ["tools.web.look", "data.books.url"]
