"""Passages: cut along the structure of a document, whole, in order, and the same where nothing changed."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge import Access, Block, Chunk, Document
from roadworthy.knowledge.chunking import LONGEST_HEADING, chunks
from roadworthy.policy.marking import NEUTRAL

OPEN = Access(NEUTRAL)
KINDS = st.sampled_from(["heading", "paragraph", "list", "table", "code", "quote"])
TEXTS = st.text(alphabet="ab .\n!?:|ÄЖ。\u2003\ud800", max_size=120) | st.sampled_from(
    ["", "  ", "One. Two three! Four", "k | v\n1 | 2\n3 | 4", "x" * 90, "word " * 30]
)
BLOCKS = st.lists(
    st.builds(Block, KINDS, TEXTS, st.integers(0, 12), st.sampled_from([0, 0, 0, 1, 2])), max_size=14
)


def a_document(*blocks: Block, name: str = "a.md", title: str = "") -> Document:
    return Document(name, title, tuple(blocks), OPEN)


def paragraph(text: str, page: int = 0) -> Block:
    return Block("paragraph", text, page=page)


def heading(text: str, level: int = 1) -> Block:
    return Block("heading", text, level)


def told(found: tuple[Chunk, ...]) -> list[tuple[tuple[str, ...], str]]:
    return [(chunk.headings, chunk.text) for chunk in found]


@settings(max_examples=300, deadline=None)
@given(BLOCKS, st.integers(1, 70), st.sampled_from(["", "One", "Ä"]))
def test_passages_are_spans_in_order_that_cover_everything_and_are_named_apart(
    blocks: list[Block], size: int, title: str
) -> None:
    document = a_document(*blocks, title=title)
    found = chunks(document, size=size)
    assert found == chunks(document, size=size)
    assert [chunk.ordinal for chunk in found] == list(range(len(found)))
    assert len({chunk.id for chunk in found}) == len(found)
    until = 0
    covered: set[int] = set()
    for chunk in found:
        assert until <= chunk.start < chunk.end <= len(document.text)
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert 0 < len(chunk.text) <= size
        assert len(chunk.id) == 32
        assert all(0 < len(name) <= LONGEST_HEADING for name in chunk.headings)
        covered.update(range(chunk.start, chunk.end))
        until = chunk.end
    at = 0
    for block in document.blocks:
        if block.kind != "heading":
            missed = [n for n, c in enumerate(block.text, at) if not c.isspace() and n not in covered]
            assert missed == []
        at += len(block.text) + 2


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(alphabet="abc ", min_size=1, max_size=30).filter(str.strip),
        min_size=1,
        max_size=40,
        # Of two passages that read alike the second is known by its place, which changes with the first.
        unique_by=lambda text: " ".join(text.split()),
    ),
    st.data(),
)
def test_a_changed_paragraph_changes_passages_around_it_alone(
    texts: list[str], data: st.DataObject
) -> None:
    size = 60
    place = data.draw(st.integers(0, len(texts) - 1))
    after = list(texts)
    after[place] = "changed " + data.draw(st.text(alphabet="xyz ", max_size=20))
    documents = [a_document(heading("H"), *map(paragraph, each)) for each in (texts, after)]
    old, new = ({chunk.id: chunk for chunk in chunks(document, size=size)} for document in documents)
    start = documents[0].text.index(texts[place], 3 + sum(len(text) + 2 for text in texts[:place]))
    for id_, chunk in old.items():
        if id_ not in new:
            assert chunk.end > start - 2 * size
            assert chunk.start < start + len(texts[place]) + 2 * size


def test_other_documents_and_other_headings_give_other_ids() -> None:
    (one,) = chunks(a_document(paragraph("x")))
    (two,) = chunks(a_document(paragraph("x"), name="b.md"))
    (three,) = chunks(a_document(heading("H"), paragraph("x")))
    assert len({one.id, two.id, three.id}) == 3


def test_the_same_passage_twice_has_two_ids() -> None:
    found = chunks(a_document(heading("A"), paragraph("x"), heading("A"), paragraph("x")))
    assert len({chunk.id for chunk in found}) == 2


def test_sections_are_kept_apart_and_their_headings_lead_to_them() -> None:
    found = chunks(
        a_document(
            paragraph("Before."), heading("Fees"), paragraph("One."), paragraph("Two."), heading("Abroad", 2),
            paragraph("Three."), heading("Cards"), paragraph("Four."), title="Prices",
        )
    )  # fmt: skip
    assert told(found) == [
        (("Prices",), "Before."),
        (("Prices", "Fees"), "One.\n\nTwo."),
        (("Prices", "Fees", "Abroad"), "Three."),
        (("Prices", "Cards"), "Four."),
    ]


def test_a_title_that_is_the_first_heading_too_leads_once() -> None:
    assert told(chunks(a_document(heading("Fees"), paragraph("x"), title="fees"))) == [(("fees",), "x")]


def test_a_heading_with_nothing_below_is_a_passage_of_its_own() -> None:
    found = chunks(a_document(heading("A"), heading("B", 2), heading("C"), paragraph("x")))
    assert told(found) == [(("A",), "B"), (("C",), "x")]


def test_a_heading_that_is_as_long_as_a_page_is_text_and_leads_shortened() -> None:
    found = chunks(a_document(heading("word " * 100), paragraph("x")))
    assert "word word" in found[0].text
    assert found[-1].headings[0].endswith("…")


def test_blocks_that_fit_are_kept_whole() -> None:
    blocks = [paragraph(f"Sentence {n}. And one more." + "x" * 30) for n in range(20)]
    starts = {sum(len(block.text) + 2 for block in blocks[:n]) for n in range(20)}
    assert {chunk.start for chunk in chunks(a_document(*blocks), size=150)} <= starts


def test_long_paragraphs_are_cut_at_ends_of_sentences_and_never_inside_a_word() -> None:
    text = " ".join(
        f"This is sentence number {n} of a long text, e.g. by Dr. Who on p. 3." for n in range(50)
    )
    found = chunks(a_document(paragraph(text)), size=200)
    assert all(chunk.text.startswith("This") and chunk.text.endswith("3.") for chunk in found)
    words = chunks(a_document(paragraph("supercalifragilistic " * 50)), size=50)
    assert {word for chunk in words for word in chunk.text.split()} == {"supercalifragilistic"}


def test_a_word_longer_than_a_passage_is_cut_inside() -> None:
    assert [len(chunk.text) for chunk in chunks(a_document(paragraph("x" * 25)), size=10)] == [10, 10, 5]


def test_a_table_is_cut_between_rows_and_its_header_row_leads_every_part() -> None:
    rows = ["name | city", *(f"person {n} | town {n}" for n in range(20))]
    first, *others = chunks(a_document(heading("People"), Block("table", "\n".join(rows))), size=100)
    assert first.headings == ("People",)
    assert first.text.startswith("name | city\nperson 0")
    assert others
    assert all(chunk.headings == ("People", "name | city") for chunk in others)
    assert all(line.startswith("person") for chunk in others for line in chunk.text.split("\n"))


def test_a_list_stays_with_the_sentence_that_announces_it() -> None:
    for n in range(30):
        blocks = [
            paragraph("x" * 60),
            paragraph(f"You need {n}:"),
            Block("list", f"- a {n}\n- b"),
            paragraph("y" * 60),
        ]
        texts = [chunk.text for chunk in chunks(a_document(*blocks), size=90)]
        assert any(f"You need {n}:\n\n- a {n}" in text for text in texts)


def test_pages_are_kept_apart() -> None:
    found = chunks(a_document(paragraph("one", 1), paragraph("two", 1), paragraph("three", 2)))
    assert [(chunk.page, chunk.text) for chunk in found] == [(1, "one\n\ntwo"), (2, "three")]


def test_equal_paragraphs_share_passages_too() -> None:
    found = chunks(a_document(*[paragraph("the same again")] * 400), size=1200)
    assert len(found) < 40


def test_nothing_gives_no_passages_and_no_size_is_refused() -> None:
    assert chunks(a_document(paragraph(" \n"))) == ()
    with pytest.raises(ValueError, match="at least one character"):
        chunks(a_document(), size=0)


@pytest.mark.parametrize(
    "block",
    [
        Block("paragraph", "word and another word. Then a sentence! " * 25_000),
        Block("table", "a | b\n" + "1 | 2\n" * 170_000),
        Block("paragraph", "." * 1_000_000),
        Block("paragraph", ". " * 500_000),
        Block("code", "\n" * 1_000_000 + "x"),
        Block("paragraph", "x" * 1_000_000),
    ],
    ids=["sentences", "rows", "dots", "dots and blanks", "blank lines", "one word"],
)
def test_a_megabyte_is_cut_in_moments(block: Block) -> None:
    began = time.process_time()
    chunks(a_document(block))
    assert time.process_time() - began < 2
