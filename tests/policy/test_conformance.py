"""Vectors through readers and decision: what is compared, and what a file that is none is told."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from crawler.policy.conformance import VectorError, run_case, run_vectors
from tests.shared import SHARED

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = {"url": "https://site.example/a", "purpose": "train-genai", "user_agent": "ExampleBot"}
OPEN = {"access": "allow", "state": "unknown"}


def got(given: dict[str, Any] | None = None, **detail: Any) -> dict[str, Any]:
    """What a case comes to; ``detail`` names what is asked for beside access and state."""
    case = {"id": "x", "given": GIVEN | (given or {}), "expect": OPEN | {"detail": detail}}
    return dict(run_case(case).got)


def test_nothing_given() -> None:
    """No robots.txt, no statement: access, and nothing known."""
    assert got() == OPEN


@pytest.mark.parametrize(
    ("given", "access", "state"),
    [
        ({"robots_txt": "User-agent: *\nDisallow: /"}, "deny", "no-access"),
        ({"robots_fetch": {"status": 500, "body": "User-agent: *\nAllow: /"}}, "deny", "no-access"),
        ({"robots_fetch": {"error": "timeout"}}, "deny", "no-access"),
        ({"robots_fetch": {"error": "timeout", "cached_body": "", "cached_age_s": 90}}, "allow", "unknown"),
        ({"robots_fetch": {"redirects": 6}}, "defer", "no-access"),
        ({"robots_fetch": {"redirects": 1, "final_url": "https://other.example/r", "body": "x"}}, "allow", "unknown"),
        ({"robots_fetch": {"body_b64": b64encode(b"User-agent: *\nDisallow: /").decode()}}, "deny", "no-access"),
        ({"robots_fetch": {"body_parts": [["User-agent: *\n", 1], ["Disallow: /\n", 2]]}}, "deny", "no-access"),
        ({"status": 451}, "deny", "no-access"),
        ({"status": 429, "headers": [["Retry-After", "120"]]}, "defer", "no-access"),
        ({"headers": [["cf-mitigated", "challenge"]], "status": 403}, "deny", "no-access"),
        ({"headers": [["tdm-reservation", "1"]]}, "allow", "reserved"),
        ({"html": '<meta name=robots content="noai">'}, "allow", "reserved"),
        ({"embedded": {"xmp": "<a"}}, "allow", "unknown"),
        ({"well_known": {"/.well-known/tdmrep.json": {"status": 503}}}, "allow", "unknown"),
    ],
)
def test_access_and_state(given: dict[str, Any], access: str, state: str) -> None:
    """Both come from the decision that the crawl makes."""
    assert got(given) == {"access": access, "state": state}


def test_agreement() -> None:
    """A written licence of the operator lifts a reservation for its scope and purpose, never a refusal of access."""
    reserved = {"headers": [["tdm-reservation", "1"]]}
    ours = {"agreements": [{"scope": "https://site.example/", "permits": ["train-genai"], "ref": "7"}]}
    other = {"agreements": [{"scope": "https://site.example/b/", "permits": ["train-genai"], "ref": "7"}]}
    assert got(reserved | ours)["state"] == "allowed"
    assert got(reserved | other)["state"] == "reserved"
    assert got(ours | {"robots_txt": "User-agent: *\nDisallow: /"})["state"] == "no-access"


def test_details() -> None:
    """Only what is asked for is compared; the order of lists does not count."""
    given = {
        "robots_txt": "User-agent: *\nCrawl-delay: 5\nSitemap: https://b.example/\nSitemap: https://a.example/",
        "html": '<meta name=robots content="noindex"><link rel=license href="https://creativecommons.org/licenses/by/4.0/">',
    }
    detail = {
        "crawl_delay": 5,
        "sitemaps": ["https://b.example/", "https://a.example/"],
        "soft": ["noindex"],
        "licences": ["CC-BY-4.0"],
        "spec_state": "allowed",
    }
    result = run_case({"id": "x", "title": "y", "given": GIVEN | given, "expect": OPEN | {"detail": detail}})
    assert result.passed
    assert "spec_state" not in result.expected
    assert got(given, crawl_delay=6) == OPEN | {"crawl_delay": 5}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[\n{]", 2, "not JSON"),
        ("{}", 1, "list"),
        ("[\n\n3]", 3, "object"),
        ("[\n{}]", 2, "given"),
        ('[\n{"id": "x", "given": {"url": "https://site.example/"}, "expect": {}}]', 2, "purpose"),
        (json.dumps([{"id": "x", "given": GIVEN | {"url": "data:x"}, "expect": OPEN}]), 1, "Url"),
        (json.dumps([{"id": "x", "given": GIVEN | {"purpose": "fun"}, "expect": OPEN}]), 1, "fun"),
        ("[" * 100_000, 1, "nested"),
    ],
)
def test_no_vectors(text: str, line: int, problem: str) -> None:
    """The message names the line where the first wrong case begins."""
    with pytest.raises(VectorError, match=problem) as error:
        list(run_vectors(text))
    assert error.value.line == line


def test_file() -> None:
    """Cases come in order, whatever white space and byte order mark stand around them."""
    cases = [{"id": name, "given": GIVEN, "expect": OPEN} for name in ("a", "b")]
    text = "\ufeff \n[" + ",\n \n".join(json.dumps(case) for case in cases) + "\n]\n"
    assert [(result.id, result.passed) for result in run_vectors(text)] == [("a", True), ("b", True)]
    assert list(run_vectors("[]")) == []


@pytest.mark.parametrize("path", sorted((SHARED / "vectors").glob("*.json")), ids=lambda path: path.stem)
def test_published(path: Path) -> None:
    """Every published case."""
    results = list(run_vectors(path.read_text("utf-8")))
    assert results
    assert [one.id for one in results if not one.passed] == []
