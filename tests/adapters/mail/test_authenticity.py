"""Whose word on a sender counts, and what it has to say (RFC 8601)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.mail.authenticity import is_proven


def proven(*results: str, sender: str = "ada@news.example.com") -> bool:
    return is_proven(results, authserv="mx.example.org", sender=sender)


@pytest.mark.parametrize(
    "result",
    [
        "mx.example.org; dkim=pass (2048-bit key) header.d=news.example.com header.b=abc=",
        "MX.example.org 1; dkim=pass header.d=example.com",
        "mx.example.org; dkim=pass header.i=@example.com",
        "mx.example.org;\r\n\tspf=pass smtp.mailfrom=bounce@example.com; dkim=none",
        'mx.example.org; spf=fail reason="not; this one" smtp.mailfrom=x.example; dmarc=pass (p=none) header.from=news.example.com',
    ],
)
def test_a_result_that_speaks_of_the_sender_s_domain_proves_it(result: str) -> None:
    assert proven(result)


@pytest.mark.parametrize(
    "result",
    [
        "mx.example.org; none",
        "mx.example.org",
        "",
        "mx.evil.example; dkim=pass header.d=example.com",
        "mx.example.org.evil.example; dkim=pass header.d=example.com",
        "mx.example.org; dkim=fail header.d=example.com",
        "mx.example.org; dkim=pass header.d=evil.example",
        "mx.example.org; dkim=pass header.d=com",
        "mx.example.org; dkim=pass header.d=ample.com",
        "mx.example.org; dkim=pass header.d=sub.news.example.com",
        "mx.example.org; spf=pass smtp.helo=example.com",
        "mx.example.org; dmarc=pass header.from=example.com",
        "mx.example.org; (dkim=pass header.d=example.com)",
        "mx.example.org; dkim=pass (unclosed header.d=example.com",
        'mx.example.org; dkim=fail reason="dkim=pass header.d=example.com',
        'mx.example.org; dkim=fail reason="a" dkim=pass header.d=example.com',
        "mx.example.org; dkim=fail header.d=evil.example header.d=example.com",
        "mx.example.org; auth=pass dkim=pass header.d=example.com",
        "mx.example.org; dkim=pass " + "x" * 5_000 + " header.d=example.com",
    ],
)
def test_anything_else_proves_nothing(result: str) -> None:
    assert not proven(result)


def test_the_first_word_of_the_server_counts_and_what_was_forged_below_it_does_not() -> None:
    forged = "mx.example.org; dkim=pass header.d=news.example.com"
    assert proven("other.example; dkim=fail", forged)
    assert not proven("mx.example.org; dkim=fail header.d=news.example.com", forged)
    assert not proven("mx.example.org; dkim=(", forged)


@given(st.text(max_size=80))
def test_whatever_a_header_says_it_is_read(text: str) -> None:
    assert proven(f"mx.example.org; {text}") in {True, False}
