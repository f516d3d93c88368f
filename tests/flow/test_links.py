import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.flow import links

IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://evil.example/x?y=1.", "https://evil.example/x?y=1"),
        ("see evil.com", "evil.com"),
        ("see Link:evil.com/a", "evil.com/a"),
        ("see www.evil.unheardof", "www.evil.unheardof"),
        ("write to eve@evil.com, please", "eve@evil.com"),
        ("write to mailto:eve@evil.com", "mailto:eve@evil.com"),
        (f"pay to {IBAN} now", IBAN.replace(" ", "")),
        ("call +49 171 2345678", "+491712345678"),
        ("call 0049 171 2345678", "+491712345678"),
        ("call us: 0171 2345678", "0171 2345678"),
        ("javascript:alert(1)", "javascript:alert(1"),
        ("data:text/html,x", "data:text/html,x"),
        ("\\\\evil\\share", "\\\\evil\\share"),
        ("//evil.com/a", "//evil.com/a"),
        ("1.2.3.4/x", "1.2.3.4/x"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ],
)
def test_what_leads_elsewhere_is_found(text: str, found: str) -> None:
    assert found in links(text)


@pytest.mark.parametrize(
    "text",
    [
        "[click](//evil.com)",
        "![pixel](evil.com/p.png)",
        "[text][1]\n\n[1]: evil.com/x",
        "<a href='evil.com/x'>here</a>",
        "<img src=evil.com/x>",
        '<div style="background:url(//evil.com/x)">',
        "&#104;ttps://evil.com",
        "https&colon;//evil.com",
        "https%3A%2F%2Fevil.com",
        "https%253A%252F%252Fevil.com",
        "ht\u200btps://ev\u200dil.com",
        "e\u00advil.com",
        "evil\\.com",
        "e<b></b>vil.com",
        "evil。com",
        "ＥＶＩＬ．ＣＯＭ",
        "\u202eevil.com",
    ],
)
def test_what_is_hidden_is_found_as_well(text: str) -> None:
    assert any("evil.com" in link.lower() for link in links(text))


@pytest.mark.parametrize("host", ["xn--80ak6aa92e.com", "еvil.com", "münchen.de"])
def test_hosts_in_other_letters_are_found_as_they_are(host: str) -> None:
    assert links(f"see {host}") == (host,)


@pytest.mark.parametrize(
    "text",
    [
        "Hello Ada, thank you for your message. It ends.So what? See e.g. the report.pdf, Node.js or v1.2.3.",
        "On 12.05.2026 at 10:00 we moved 1,250.00 EUR (order 2026-05-04-00123).",
        "Guten Tag, z.B. am 4.5. um 9.30 Uhr; 50 % von 1.234.567,00.",
        "Ratio 3:4, and/or either/or; a <- b; C:D, [see above] (or not).",
        "",
    ],
)
def test_ordinary_sentences_hold_none(text: str) -> None:
    assert links(text) == ()


def test_a_part_of_something_longer_is_not_found_twice() -> None:
    assert links("https://help.example.com/a/b.com?mail=a@b.com") == (
        "https://help.example.com/a/b.com?mail=a@b.com",
    )


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_link_between_blanks_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    found = links(f"{before} https://evil.example/x {after}")

    assert any("evil.example/x" in link for link in found) or len(found) == 200


@pytest.mark.parametrize(
    "piece",
    [
        "a.",
        "a",
        "@a",
        "<",
        "[a](",
        "&amp;",
        "%25",
        "http:",
        "1 ",
        "xn--",
        "//a",
        "DE89 ",
        "\\",
        "a@b.",
        "+1",
    ],
)
def test_hostile_text_takes_no_more_time_than_it_is_long(piece: str) -> None:
    begun = time.process_time()
    links((piece * 20_000)[:40_000])

    assert time.process_time() - begun < 2
