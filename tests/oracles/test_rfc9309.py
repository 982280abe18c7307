"""The oracle itself: its own cases, and the conformance vectors where they are at hand."""

from __future__ import annotations

import base64
import json

import pytest

from tests.oracles.rfc9309 import PARSED_OCTETS, decide
from tests.shared import shared_path

CASES = [
    ("the longest match wins", "User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", "allow"),
    ("allow wins a tie", "User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", "allow"),
    ("groups of one name are merged", "User-agent: Bee\nAllow: /x\n\nUser-agent: bee\nDisallow: /a\n", "/a", "deny"),
    (
        "a named group replaces the general one",
        "User-agent: *\nDisallow: /\n\nUser-agent: Bee\nAllow:\n",
        "/a",
        "allow",
    ),
    ("a part of the name is another crawler", "User-agent: Be\nDisallow: /\n", "/a", "allow"),
    ("other records end no run", "User-agent: Bee\nHost: x\n\nUser-agent: Zed\nDisallow: /a\n", "/a", "deny"),
    ("an empty rule ends the run", "User-agent: Bee\nDisallow:\nUser-agent: Zed\nDisallow: /a\n", "/a", "allow"),
    ("lenient deny", "User-agent: Bee/2\nDisallow: /a\n", "/a", "deny"),
    (
        "lenient allow does not lift the strict deny",
        "User-agent: Bee/2\nAllow: /\nUser-agent: *\nDisallow: /\n",
        "/a",
        "deny",
    ),
    ("a list of names", "User-agent: Zed, Bee/1.0\nDisallow: /a\n", "/a", "deny"),
    ("a wildcard may cross into the query", "User-agent: *\nDisallow: /*u=http://\n", "/go?u=http://x", "deny"),
    ("and meets the escaped form there", "User-agent: *\nDisallow: /*u=http://\n", "/go?u=http%3a%2F%2fx", "deny"),
    ("an escaped slash in the path is no slash", "User-agent: *\nDisallow: /a/b\n", "/a%2fb", "allow"),
    ("an escaped question mark starts no query", "User-agent: *\nDisallow: /a?\n", "/a%3Fb", "allow"),
    ("an escaped equals sign in a query is data", "User-agent: *\nDisallow: /?a=b\n", "/?a%3Db", "allow"),
    ("an escaped dot is a dot", "User-agent: *\nDisallow: /b\n", "/a/%2e%2E/b", "deny"),
    ("a stray percent sign is itself", "User-agent: *\nDisallow: /100%\n", "/100%25", "deny"),
    ("delimiters count in two ways", "User-agent: *\nDisallow: /*abc=*\nAllow: /*.html$\n", "/abc=d.html", "deny"),
    ("dollar alone matches nothing", "User-agent: *\nDisallow: $\n", "/", "allow"),
    ("a pattern without slash matches nothing", "User-agent: *\nDisallow: a\n", "/a", "allow"),
    ("robots.txt is always allowed", "User-agent: *\nDisallow: /\n", "/robots.txt", "allow"),
    ("with a query it is another resource", "User-agent: *\nDisallow: /\n", "/robots.txt?x", "deny"),
]


@pytest.mark.parametrize(("body", "path", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_sentence_of_the_rfc(body: str, path: str, expected: str) -> None:
    """Each sentence holds as its id says."""
    assert decide(body.encode(), "Bee", "https://site.test" + path) == expected


def test_utf16_file_is_read() -> None:
    """A byte order mark of UTF-16 is believed."""
    assert decide("User-agent: *\nDisallow: /\n".encode("utf-16"), "Bee", "https://site.test/a") == "deny"


def test_file_over_the_limit_denies_what_no_rule_names() -> None:
    """Rules behind the limit are unknown, so silence is no permission there; a line cut in two is not read."""
    body = b"User-agent: *\nAllow: /open\n" + b"#" * PARSED_OCTETS + b"\nDisallow: /open/x\n"
    assert decide(body, "Bee", "https://site.test/open/x") == "allow"
    assert decide(body, "Bee", "https://site.test/other") == "deny"


def test_conformance_vectors() -> None:
    """The oracle agrees with every hand-written case."""
    cases = json.loads(shared_path("vectors/robots.json").read_text(encoding="utf-8"))
    wrong = [
        case["id"]
        for case in cases
        if decide(case["given"]["robots_txt"].encode(), case["given"]["user_agent"], case["given"]["url"])
        != case["expect"]["access"]
    ]
    assert cases
    assert wrong == []


def test_adversarial_vectors() -> None:
    """The oracle agrees with every hostile case."""
    cases = json.loads(shared_path("vectors/adversarial/robots/cases.json").read_text(encoding="utf-8"))
    wrong = []
    for case in cases:
        body = case["robots_utf8"].encode() if "robots_utf8" in case else base64.b64decode(case["robots_base64"])
        if decide(body, case["product_token"], case["url"]) != case["expected"]:
            wrong.append(case["id"])
    assert cases
    assert wrong == []
