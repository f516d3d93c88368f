"""The search itself: offsets in any script, bounded time on hostile text, many threads, light to load."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from roadworthy.data.personal import Classifier, PersonalClass
from roadworthy.data.personal.topics import NOWHERE, of_words

CLASSIFIER = Classifier()
FINDINGS = {
    "jane.doe@example.org": PersonalClass.EMAIL,
    "+49 171 2345678": PersonalClass.PHONE,
    "DE89 3704 0044 0532 0130 00": PersonalClass.IBAN,
    "4111 1111 1111 1111": PersonalClass.CREDIT_CARD,
    "203.0.113.77": PersonalClass.IP_ADDRESS,
    "536-90-4399": PersonalClass.US_SSN,
    "00:1A:2B:3C:4D:5E": PersonalClass.MAC_ADDRESS,
    "postgres://app:s3cr3t@db.example.org": PersonalClass.URL_WITH_USER,
    "RSSMRA85T10A562S": PersonalClass.NATIONAL_ID,
}


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=("L", "M", "So", "Zs"), exclude_characters="@"), max_size=12),
            st.sampled_from(sorted(FINDINGS)),
        ),
        max_size=5,
    )
)
def test_offsets_are_characters_whatever_stands_around(parts: list[tuple[str, str]]) -> None:
    # A word that means something ("price", "order") may rightly speak against a number beside it.
    assume(all(of_words(around) == NOWHERE for around, _ in parts))
    text, expected = "", []
    for around, value in parts:
        text += f"{around} ; "
        expected.append((len(text), len(text) + len(value), FINDINGS[value]))
        text += f"{value} ; "
    found = {(span.start, span.end, span.cls) for span in CLASSIFIER.spans(text)}
    assert set(expected) <= found


@given(st.text(max_size=300))
def test_spans_of_any_text_lie_in_it_in_order_and_apart(text: str) -> None:
    last = 0
    for span in CLASSIFIER.spans(text):
        assert last <= span.start < span.end <= len(text)
        assert 0.5 <= span.confidence <= 1.0
        last = span.end


@given(st.text("0123456789 +-()./@:,aeADEZ_\n\"'", max_size=120))
def test_spans_of_what_looks_like_numbers_lie_in_it_in_order_and_apart(text: str) -> None:
    last = 0
    for span in CLASSIFIER.spans(text):
        assert last <= span.start < span.end <= len(text)
        last = span.end


def test_emoji_and_combining_marks_count_as_python_counts_them() -> None:
    text = "👨‍👩‍👧‍👦 e\u0301 🇩🇪 mail: jane@example.org"
    (span,) = CLASSIFIER.spans(text)
    assert text[span.start : span.end] == "jane@example.org"


def test_half_of_a_surrogate_pair_is_no_reason_to_stop() -> None:
    text = "\ud83d call 030 / 123456 and jane@example.org"
    assert [text[span.start : span.end] for span in CLASSIFIER.spans(text)][-1] == "jane@example.org"


def test_a_text_without_digits_signs_or_labels_costs_next_to_nothing() -> None:
    text = "please tell me how long it usually takes until a transfer arrives at my friend " * 12
    CLASSIFIER.spans(text)
    assert min(cpu(text) for _ in range(5)) < 100e-6


HOSTILE = [
    "1", "1 ", "12 34-", "(", "+1(", "@", "a@", "a@a.", "@a.a", "eyJaaaaaaaaaaa-", "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY----- ", "AA11", "DE89 ", "DE893704004405320130001", "name: ", 'name:"', "password=a",
    "://a@", "://aaaa:", "a:b:", "12:34:", "::", "1.1.1.1.", "Mr. A", "my name is ", "born 1", "12 rue ",
    "1 A St ", "A straße 1 ", "é", "😀@", "sk-aaaaaaaaaaaaaaaaaaa", "passport no ", "4111 1111 1111 1111 ",
    "12-34-56-78-90-12", "A1 1AA ", "01.02.2024 ", "550e8400-e29b-41d4-a716-446655440000 ", "bearer a", "née ",
    "Calle A", "ssn 123456789 ", "[[[[", "<a", '\\"',
]  # fmt: skip


def cpu(text: str) -> float:
    begun = time.process_time()
    CLASSIFIER.spans(text)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    short = (piece * 4_000)[:4_000]
    long = (piece * 40_000)[:40_000]
    # Ten times the text; a search that begins anew at every character would need a hundred times as long.
    assert cpu(long) < 35 * max(cpu(short), 1e-3)


@pytest.mark.parametrize("piece", ["1", "a@", "eyJaaaaaaaaaaa-"])
def test_a_megabyte_of_hostile_text_is_done_in_seconds(piece: str) -> None:
    assert cpu((piece * 1_000_000)[:1_000_000]) < 20


def test_many_threads_share_one_classifier() -> None:
    texts = [
        f"{value} and call 0171 23456{number:02d} now" for number, value in enumerate(sorted(FINDINGS))
    ] * 20
    alone = [CLASSIFIER.spans(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(CLASSIFIER.spans, texts)) == alone


def test_importing_the_package_loads_none_of_its_libraries() -> None:
    code = (
        "import sys, json, roadworthy.data.personal as p; before = [n for n in ('re2', 'stdnum', 'phonenumbers', 'scipy') "
        "if n in sys.modules]; p.Classifier().spans('my order 12345678'); "
        "print(json.dumps([before, [n for n in ('stdnum', 'phonenumbers') if n in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], []]


def test_a_name_that_the_package_does_not_have_is_told() -> None:
    from roadworthy.data import personal

    with pytest.raises(AttributeError, match="Nothing"):
        _ = personal.Nothing


def test_less_sure_findings_are_left_out_when_asked() -> None:
    text = "my zip is 4012888888881881"
    assert [span.cls for span in Classifier(least=0.5).spans("sent 4012888888881881")] == ["credit_card"]
    assert Classifier(least=0.9).spans(text) == ()


def test_a_number_without_a_country_is_read_as_one_of_the_regions_asked_for() -> None:
    text = "Anna Schmidt, 030 12345678"
    assert [span.cls for span in Classifier(regions=("DE",)).spans(text)] == ["phone"]
    assert Classifier(regions=("FR",)).spans(text) == ()
