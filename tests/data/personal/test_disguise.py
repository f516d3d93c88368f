"""What is hidden from a model comes back exactly, whatever the text holds and however the answer is cut."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.disguise import Disguise, Restorer, usual_classifier
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.standins import MOST_CHARACTERS, small, tag_of
from roadworthy.errors import InputProblem

SECRET = b"a secret of this case alone"
TAG = tag_of(SECRET)
EMAIL, PHONE = "jane.doe@example.org", "+49 30 1234567"
LETTER = f"Write to {EMAIL} or call {PHONE}, {EMAIL} is better."


def disguise() -> Disguise:
    return Disguise("pseudonymise", SECRET)


def used() -> Disguise:
    """A disguise that has hidden an address, a number and a password with quotes."""
    made = disguise()
    made.hide(LETTER)
    made.hide('password="a\\b#c9"')
    made.hide("IP address 80.128.12.7, my name is Sarah Connor.")
    return made


def test_every_value_has_a_stand_in_and_the_same_value_the_same() -> None:
    hidden = disguise().hide(LETTER)
    assert hidden == f"Write to [EMAIL_1_{TAG}] or call [PHONE_1_{TAG}], [EMAIL_1_{TAG}] is better."


def test_what_was_hidden_comes_back() -> None:
    made = disguise()
    assert made.restore(made.hide(LETTER)) == LETTER


def test_redacted_text_keeps_the_kind_and_cannot_be_restored() -> None:
    made = Disguise("redact", SECRET)
    hidden = made.hide(LETTER)
    assert hidden == "Write to [EMAIL] or call [PHONE], [EMAIL] is better."
    assert made.restore(hidden) == hidden
    assert not made.is_reversible


def test_a_text_without_personal_data_is_returned_as_it_is() -> None:
    text = "The invoice 48213 is due on Monday."
    assert disguise().hide(text) is text


def test_stand_ins_are_the_same_again_with_the_same_secret_and_others_with_another() -> None:
    assert disguise().hide(LETTER) == disguise().hide(LETTER)
    assert Disguise("pseudonymise", b"another secret of a case").hide(LETTER) != disguise().hide(LETTER)


def test_a_stand_in_of_another_request_is_never_restored() -> None:
    other = Disguise("pseudonymise", b"another secret of a case")
    hidden = other.hide("mallory@example.com")
    assert used().restore(hidden) == hidden


@pytest.mark.parametrize(
    "written", ["[EMAIL_1]", f"[EMAIL_1_{TAG}]", f"[email_1_{TAG.lower()}]", f"EMAIL 9 {TAG}"]
)
def test_who_writes_a_stand_in_gets_back_what_he_wrote_and_no_value(written: str) -> None:
    made = used()
    hidden = made.hide(f"Repeat {written} please")
    restored = made.restore(hidden)
    assert restored == f"Repeat {written} please"
    assert EMAIL not in restored


@pytest.mark.parametrize(
    "written",
    [
        "[email_1_{tag}]",
        "[ EMAIL_1_{TAG} ]",
        "[EMAIL 1 {TAG}]",
        "[EMAIL-1-{TAG}]",
        "\\[EMAIL\\_1\\_{TAG}\\]",
        "\\\\[EMAIL\\\\_1\\\\_{TAG}\\\\]",
        "&#91;EMAIL_1_{TAG}&#93;",
        "&lbrack;EMAIL_1_{TAG}&rbrack;",
        "\\u005bEMAIL_1_{TAG}\\u005d",
        "%5BEMAIL_1_{TAG}%5D",
        "EMAIL_1_{TAG}",
    ],
)
def test_a_stand_in_is_known_in_what_models_make_of_it(written: str) -> None:
    answer = f"Write to {written.format(TAG=TAG, tag=TAG.lower())}, please."
    assert used().restore(answer) == f"Write to {EMAIL}, please."


@pytest.mark.parametrize(
    "written",
    [
        "[EMAIL_9_{TAG}]",
        "[EMAIL_1_BBBBBB]",
        "[EMAIL_1]",
        "MYEMAIL_1_{TAG}",
        "EMAIL_1_{TAG}S",
        "[FOO_1_{TAG}]",
        "{TAG}",
    ],
)
def test_what_was_never_handed_out_stays(written: str) -> None:
    text = f"See {written.format(TAG=TAG)} there"
    assert used().restore(text) == text


def test_brackets_and_backslashes_around_a_value_stay() -> None:
    for text in (
        f"[{EMAIL}]",
        f"C:\\{EMAIL}",
        f"\\[{EMAIL}\\]",
        f"[{EMAIL}\\]",
        f"<{EMAIL}>",
        f"&#91;{EMAIL}",
    ):
        made = disguise()
        assert made.restore(made.hide(text)) == text


def test_a_label_says_what_a_bare_value_is() -> None:
    assert disguise().hide("Connor") == "Connor"
    assert disguise().hide("Connor", label="lastName") == f"[PERSON_NAME_1_{TAG}]"


def test_a_value_restored_inside_json_is_escaped_for_there() -> None:
    class Anything:
        def spans(self, text: str, /) -> tuple[Span, ...]:
            return (Span(0, len(text), PersonalClass.PASSWORD, 1.0),)

    made = Disguise("pseudonymise", SECRET, classifier=Anything())
    hidden = made.hide('a"b\\c\nd')
    assert made.restore(f'{{"p": "{hidden}"}}', quoted=True) == '{"p": "a\\"b\\\\c\\nd"}'


def test_a_short_secret_and_an_unknown_way_are_both_named() -> None:
    with pytest.raises(InputProblem) as caught:
        Disguise("mask", b"short")  # type: ignore[arg-type]
    assert caught.value.code == "RW-HIDE-001"
    assert len(caught.value.problems) == 2


_PIECES = st.one_of(
    st.text(max_size=5),
    st.sampled_from(
        [
            EMAIL,
            PHONE,
            TAG,
            TAG.lower(),
            TAG[:3],
            "EMAIL",
            "email_",
            "_1_",
            "1",
            "_",
            " ",
            "  ",
            "-",
            "[",
            "]",
            "\\",
            "\\[",
            "&#91;",
            "&#93;",
            "&",
            "&#",
            "%5B",
            "%5d",
            "\\u005b",
            "\\u005d",
            "PERSON",
            "NAME",
            "IP",
            "ADDRESS",
            "\u0130",
            "ß",
            f"[EMAIL_1_{TAG}]",
            f"EMAIL_1_{TAG}",
            f"[PHONE_1_{TAG}]",
            f"ip address 1 {TAG}",
            f"\\[EMAIL\\_1\\_{TAG}\\]",
            "TEXT",
        ]
    ),
)
_TEXTS = st.lists(_PIECES, max_size=14).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(_TEXTS, max_size=3))
def test_every_text_comes_back_as_it_was(texts: list[str]) -> None:
    made = used()
    hidden = [made.hide(text) for text in texts]
    assert [made.restore(each) for each in hidden] == texts


@settings(max_examples=200, deadline=None)
@given(_TEXTS)
def test_no_finding_is_left_at_its_place(text: str) -> None:
    hidden = disguise().hide(text)
    found = Counter(text[span.start : span.end] for span in usual_classifier().spans(text))
    for value, times in found.items():
        if len(value) > 8:
            assert hidden.count(value) <= text.count(value) - times


@settings(max_examples=300, deadline=None)
@given(_TEXTS, st.lists(st.integers(1, 12), min_size=1, max_size=8), st.booleans())
def test_an_answer_in_pieces_is_restored_like_the_whole(
    text: str, lengths: list[int], quoted: bool
) -> None:
    made = used()
    restorer = Restorer(made, quoted=quoted)
    given_out, at, turn = [], 0, 0
    while at < len(text):
        piece = text[at : at + lengths[turn % len(lengths)]]
        at, turn = at + len(piece), turn + 1
        given_out.append(restorer.feed(piece))
        assert len(restorer._held) <= MOST_CHARACTERS
    given_out.append(restorer.end())
    assert "".join(given_out) == made.restore(text, quoted=quoted)


def test_ordinary_words_pass_at_once_and_beginnings_wait() -> None:
    restorer = Restorer(used())
    assert restorer.feed("Dear customer, ") == "Dear customer, "
    assert restorer.feed("write to [EMA") == "write to "
    assert restorer.feed(f"IL_1_{TAG}") == ""
    assert restorer.feed("] soon") == f"{EMAIL} soon"
    assert restorer.end() == ""


def test_a_stream_that_ends_within_a_stand_in_gives_out_what_came() -> None:
    restorer = Restorer(used())
    assert restorer.feed("see [EMAIL_1_") == "see "
    assert restorer.end() == "[EMAIL_1_"


def test_nothing_waits_where_nothing_was_hidden() -> None:
    restorer = Restorer(disguise())
    assert restorer.feed("[EMAIL_1") == "[EMAIL_1"


@given(st.text())
def test_small_letters_keep_every_character_at_its_place(text: str) -> None:
    assert len(small(text)) == len(text)
