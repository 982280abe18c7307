"""SURT keys, against published examples and as an order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.surt import surt
from crawler.values.url import canonicalise

SESSION = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        # as the package surt shows on its page
        ("http://archive.org/goo/?a=2&b&a=1", "org,archive)/goo?a=1&a=2&b"),
        # as Common Crawl's notebooks show a line of their index
        (
            "https://commoncrawl.org/2021/02/january-2021-crawl-archive-now-available/",
            "org,commoncrawl)/2021/02/january-2021-crawl-archive-now-available",
        ),
        ("http://www.archive.org", "org,archive)/"),
        ("http://www34.archive.org/goo/?", "org,archive)/goo"),
        ("http://www.archive.org:8080/goo", "org,archive:8080)/goo"),
        ("https://www.com/", "com)/"),
        ("http://192.168.1.1/", "1,1,168,192)/"),
        ("http://[2001:db8::1]:81/", "[2001:db8::1]:81)/"),
        ("http://host.example//two///slashes?more//slashes", "example,host)/two/slashes?more//slashes"),
        ("http://host.example/%2525%252e/A%2f%2e%2e/%C3%89%20%23", "example,host)/%25./%c3%89%20%23"),
        (f"http://a.example/x;jsessionid={SESSION}?B=1&PHPSESSID={SESSION}&a=2", "example,a)/x?a=2&b=1"),
        (f"http://a.example/?sid={SESSION}", "example,a)/"),
        ("http://a.example/?b=1&cfid=1&cftoken=2&ASPSESSIONIDabcdefgh=" + "a" * 24, "example,a)/?b=1"),
        ("http://a.example/(S(0123456789abcdefghijklmn))/x.aspx", "example,a)/x.aspx"),
        ("http://a.example/?sid=short", "example,a)/?sid=short"),
    ],
)
def test_surt(url: str, key: str) -> None:
    """Host reversed, lower case, query sorted, session ids and the last slash left out."""
    assert surt(canonicalise(url)) == key


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_key_is_one_word(text: str) -> None:
    """A key is ASCII without blanks, whatever the URL holds: it stands in a line of an index."""
    key = surt(canonicalise(f"http://one.test/{text}"))
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key
    assert key.startswith("test,one)/")
