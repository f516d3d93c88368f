import pytest
from tests.operate.office import CHARTER

from roadworthy.charter import Charter, read
from roadworthy.flow import of_answer, of_input, of_knowledge, why_not_asked
from roadworthy.policy import Marking

MODELS = """
models:
  near: {url: https://near/v1, model: m, call_bound: 0.01 EUR}
  far: {url: https://far/v1, model: m, call_bound: 0.01 EUR, region: eu, clearance: 1}
"""


def charter(*changes: tuple[str, str], more: str = "") -> Charter:
    text = CHARTER + more
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(text, file="charter.yaml")


def test_an_input_that_names_a_person_is_personal() -> None:
    marking = of_input(charter(), ["text"], subject="s")

    assert marking == Marking("untrusted", 2, "eu", frozenset({"testing"}), frozenset({"s"}))


def test_fields_say_their_class_themselves_and_the_gravest_counts() -> None:
    stated = charter(
        ("text: {type: text, max_length: 200}", "text: {type: text, max_length: 200, data_class: 3}")
    )

    assert of_input(stated, ["text", "sender"], subject="s").data_class == 3
    assert of_input(stated, ["sender"], subject="s").data_class == 2
    assert of_input(stated, ["sender"], subject="s").origin == "trusted"


@pytest.mark.parametrize(("personal", "expected"), [("", 1), ("personal", 2), ("special", 3)])
def test_an_answer_is_what_its_source_is(personal: str, expected: int) -> None:
    kept = f", personal: {personal}, purpose: care, retention: 1d" if personal else ""
    found = of_answer(charter(("steward: olga}", f"steward: olga{kept}}}")), "books.look", subject="s")

    assert found.data_class == expected
    assert found.purposes == frozenset({"care" if personal else "testing"})
    assert found.origin == "untrusted"


def test_an_answer_is_what_its_tool_says_where_it_says_something() -> None:
    said = (
        "books.look: {use: sql.query, marking: {data_class: 0, region: us, purposes: [any]}, source: books,"
    )
    found = of_answer(
        charter(("books.look: {use: sql.query, source: books,", said)), "books.look", subject="s"
    )

    assert found == Marking("untrusted", 0, "us", frozenset({"any"}), frozenset())


def test_any_purpose_of_personal_data_is_the_use_case_s_own() -> None:
    said = "books.look: {use: sql.query, marking: {data_class: 2, purposes: [any]}, source: books,"
    found = of_answer(
        charter(("books.look: {use: sql.query, source: books,", said)), "books.look", subject="s"
    )

    assert found.purposes == frozenset({"testing"})


def test_a_passage_is_what_its_document_is() -> None:
    found = of_knowledge(charter(), trusted=True, data_class=1, region="any", purposes=(), subjects=())

    assert found == Marking("trusted", 1, "any", frozenset({"any"}), frozenset())


def test_a_model_is_told_only_what_it_may_be_told() -> None:
    models = charter(more=MODELS)
    personal = Marking("untrusted", 2, "eu", frozenset({"testing"}), frozenset())

    assert why_not_asked(models, "near", personal) == ""
    assert "class 1 at most" in why_not_asked(models, "far", personal)
    elsewhere = Marking("untrusted", 1, "nowhere", frozenset({"any"}), frozenset())
    assert "runs in `eu`" in why_not_asked(models, "near", elsewhere)
