"""What a line of the policy is about, and what it never reaches."""

from __future__ import annotations

import pytest

from crawler.policy.scope import covers, scope_problem
from crawler.values.url import parse


@pytest.mark.parametrize(
    ("scope", "url", "expected"),
    [
        ("https://example.com/", "https://example.com/a?b", True),
        ("https://example.com/open", "https://example.com/open", True),
        ("https://example.com/open", "https://example.com/open/x", True),
        ("https://example.com/open", "https://example.com/open?x", True),
        ("https://example.com/open", "https://example.com/opening", False),
        ("https://example.com/open/", "https://example.com/open", False),
        ("https://example.com/", "http://example.com/", False),
        ("https://example.com/", "https://example.com:8443/", False),
        ("https://example.com", "https://example.com.evil.example/", False),
        ("example.com", "https://www.example.com/x", True),
        ("example.com", "http://example.com/", True),
        ("example.com", "http://notexample.com/", False),
        ("www.example.com", "http://example.com/", False),
    ],
)
def test_covers(scope: str, url: str, *, expected: bool) -> None:
    """A prefix ends at a border of host, port and path; a host covers its subdomains."""
    assert covers(scope, parse(url)) is expected


def test_bare_labels_without_a_suffix_list() -> None:
    """Without the list only a bare label is known to be no domain."""
    assert scope_problem("com", None) is not None
    assert scope_problem("co.uk", None) is None
