"""Templates: what was approved is what is written, whatever the facts contain."""

import json
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.templates import TemplateWriter
from roadworthy.adapters.templates.writer import LONGEST_FACT, PLACEHOLDERS, plain
from roadworthy.errors import InputProblem
from roadworthy.quantities import Cost

REPLIES = {
    "fee": {
        "en": 'Hello {name}, see "{article}". It costs 1 €.',
        "de": "Guten Tag {name}, siehe „{article}“.",
    },
    "bye": {"en": "Goodbye {name}!"},
}


def written(**facts: object) -> str:
    fields, cost = TemplateWriter(REPLIES).write("reply", facts)
    assert cost == Cost(0)
    assert set(fields) == {"text"}
    return str(fields["text"])


def test_the_template_of_intent_and_language_is_filled_in() -> None:
    facts = {"intent": "fee", "name": "Ada", "article": "Fees"}
    assert written(language="en", **facts) == 'Hello Ada, see "Fees". It costs 1 €.'
    for language in ("de", "DE", "de-AT", "de_CH"):
        assert written(language=language, **facts) == "Guten Tag Ada, siehe „Fees“."


@pytest.mark.parametrize("name", ["", None, "  ", "\u202e"])
def test_an_unknown_name_takes_the_space_before_it_away(name: object) -> None:
    assert written(intent="bye", language="en", name=name) == "Goodbye!"
    assert written(intent="bye", language="en") == "Goodbye!"


def test_a_reply_that_should_cite_an_article_and_has_none_is_not_written() -> None:
    with pytest.raises(InputProblem, match="needs the fact `article`") as caught:
        written(intent="fee", language="en", name="Ada", article="")
    assert caught.value.code == "RW-WRITER-001"


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"intent": "nothing", "language": "en"}, "no template for `nothing`"),
        ({"intent": "my card 1234 is lost", "language": "en"}, "no template for this intent"),
        ({"language": "en"}, "no template for this intent"),
        (
            {"intent": "fee", "language": "fr"},
            "no template in this language; languages of this intent: de, en",
        ),
        ({"intent": "fee"}, "no template in this language"),
    ],
)
def test_a_missing_template_is_named(facts: dict[str, object], found: str) -> None:
    with pytest.raises(InputProblem, match=found) as caught:
        written(name="Ada", article="Fees", **facts)
    assert caught.value.code == "RW-WRITER-001"


def test_no_other_task_is_written() -> None:
    with pytest.raises(InputProblem, match="summary: templates write `reply`"):
        TemplateWriter(REPLIES).write("summary", {"intent": "fee", "language": "en"})


def test_a_fact_that_looks_like_a_placeholder_is_not_filled_in() -> None:
    text = written(intent="fee", language="en", name="{article}", article="{name.__class__} %s $x")
    assert text == 'Hello {article}, see "{name.__class__} %s $x". It costs 1 €.'


@given(name=st.text(), article=st.text(min_size=1), secret=st.text(min_size=1))
@settings(max_examples=200)
def test_a_reply_is_the_template_with_one_line_of_plain_text_at_each_place(
    name: str, article: str, secret: str
) -> None:
    if not plain(article):
        return
    facts = {"intent": "fee", "language": "en", "name": name, "article": article, "secret": secret}
    text = written(**facts)
    start, middle, end = "Hello", ', see "', '". It costs 1 €.'
    shown = f" {plain(name)}" if plain(name) else ""
    assert text == f"{start}{shown}{middle}{plain(article)}{end}"
    assert text.isprintable()


@given(st.text(max_size=1000))
def test_a_plain_fact_is_short_printable_and_stays_as_it_is(text: str) -> None:
    fact = plain(text)
    assert len(fact) <= LONGEST_FACT
    assert fact.isprintable()
    assert plain(fact) == fact


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("Ada\r\nBcc: all@example.com", "Ada Bcc: all@example.com"),
        ("a\u2028b\x00c\x1b[31m", "a b c [31m"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\ud800x", "x"),
        (3.5, "3.5"),
        (True, ""),
        (["Ada"], ""),
        ("x" * 500, "x" * LONGEST_FACT),
    ],
)
def test_facts_are_made_harmless(fact: object, shown: str) -> None:
    assert plain(fact) == shown


@pytest.mark.parametrize(
    ("replies", "found"),
    [
        ([], "expected intents"),
        ({"fee": "text"}, "replies.json: fee: expected languages"),
        ({"fee": {"en": " "}}, "replies.json: fee.en: expected a text"),
        ({"fee": {"en": "x" * 20_000}}, "found 20000 characters"),
        ({"fee": {"en": "Hello {nmae}"}}, "`{nmae}` is no placeholder; placeholders: {article}, {name}"),
        ({"fee": {"en": "Hello {name.x}"}}, "`{name.x}` is no placeholder"),
        ({"fee": {"en": "Hello {name"}}, "`{` is no placeholder"),
    ],
)
def test_what_is_no_template_is_refused_when_it_is_loaded(replies: dict[str, object], found: str) -> None:
    with pytest.raises(InputProblem) as caught:
        TemplateWriter(replies)
    assert caught.value.code == "RW-WRITER-002"
    assert found in caught.value.message


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with pytest.raises(InputProblem) as caught:
        TemplateWriter({"fee": {"en": "{a} {b} {a}", "de": ""}, "bye": {}})
    assert len(caught.value.problems) == 4


def test_the_example_has_a_reply_for_every_intent_in_both_languages() -> None:
    file = resources.files("roadworthy") / "example" / "support" / "replies.json"
    replies = json.loads(file.read_text(encoding="utf-8"))
    writer = TemplateWriter(replies)
    for intent in replies:
        for language in ("en", "de"):
            facts = {"intent": intent, "language": language, "name": "Ada", "article": "Fees"}
            text = str(writer.write("reply", facts)[0]["text"])
            assert "Ada" in text
            assert not any(f"{{{name}}}" in text for name in PLACEHOLDERS)
