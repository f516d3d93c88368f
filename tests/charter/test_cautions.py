import pytest
from tests.operate.office import CHARTER

from roadworthy.charter import cautions, read

BARE = "  note.add: {use: sql.insert, source: books, sink: write, error: intent}\nreview:"


def found(text: str) -> list[str]:
    return [each.place for each in cautions(read(text, file="charter.yaml"))]


def test_strangers_private_data_and_an_unguarded_change_that_leaves_alone_are_told() -> None:
    (caution,) = cautions(read(CHARTER.replace("\nreview:", "\n" + BARE, 1), file="charter.yaml"))

    assert caution.place == "tools.note.add.control"
    assert "the untrusted input `text`" in caution.message
    assert "the personal input `text`" in caution.message


@pytest.mark.parametrize(
    "changes",
    [
        [("autonomy: automatic", "autonomy: approve")],
        [("sink: write", "sink: write, control: [to]")],
        [("sink: write, error: intent", "sink: write")],
        [("sink: write", "sink: write, arguments: {kind: {one_of: [a, b]}}")],
        [("text: {type: text, max_length: 200}", "text: {type: text, trusted: true}")],
        [("subject: true, ", ""), ("type: email", "type: text")],
    ],
    ids=["a person", "guarded", "no certificate", "closed lists", "no stranger", "nothing private"],
)
def test_where_one_of_the_three_is_missing_nothing_is_told(changes: list[tuple[str, str]]) -> None:
    text = CHARTER.replace("\nreview:", "\n" + BARE, 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)

    if "trusted: true}" in text and "type: text, trusted" in text:
        # Its answers are still somebody else's words.
        text = text.replace(
            "books.look: {use: sql.query,", "books.look: {use: sql.insert, sink: delete, control: [key],"
        )
        text = text.replace("trusted: [account]", "undo: mail.withdraw")
    assert found(text) == []
