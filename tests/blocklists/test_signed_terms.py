"""Signed terms of a list: five lines and nothing else, and what must not be put in force under them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pytest

from crawler.blocklists.signed_terms import FORMAT, SignedTerms, problem_of, read_terms
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from crawler.blocklists.catalog import ListRecord

LIST = sha256(b"list")
TERMS = SignedTerms(version=7, expires=date(2026, 12, 31), digest=LIST, octets=4)
TEXT = f"{FORMAT}\nversion 7\nexpires 2026-12-31\nsha256 {LIST[7:]}\noctets 4\n"
TODAY = date(2026, 12, 31)


@dataclass(frozen=True, slots=True)
class Known:
    """What is in force of a list."""

    signed_version: int | None = None
    digest: str | None = None


def problem(known: Known, *, today: date = TODAY, **changes: Any) -> str | None:
    """Ask about the version that was signed, or another."""
    came = {"digest": LIST, "octets": 4, **changes}
    return problem_of(TERMS, cast("ListRecord", known), digest=came["digest"], octets=came["octets"], today=today)


def test_the_five_lines() -> None:
    """They are read; another order, a sixth line, a day that is none or a number with a sign are refused."""
    assert read_terms(TEXT.encode()) == TERMS
    wrong = [TEXT + "more\n", TEXT[:-1], TEXT.replace("version 7", "version -7"), TEXT.replace("12-31", "13-31")]
    for text in wrong:
        with pytest.raises(ValueError, match=r"text is not|month"):
            read_terms(text.encode())


def test_what_may_be_put_in_force() -> None:
    """On its last day, over an older or the same version, with its own octets; also where these are not here."""
    for known in (Known(), Known(6, "sha256:older"), Known(7, LIST)):
        assert problem(known) is None
    assert problem(Known(), octets=None) is None


@pytest.mark.parametrize(
    ("known", "changes", "expected"),
    [
        (Known(), {"today": date(2027, 1, 1)}, "which is over"),
        (Known(8, LIST), {}, "a version never goes back"),
        (Known(7, "sha256:other"), {}, "one number stands for one version"),
        (Known(), {"digest": sha256(b"else")}, "what came is"),
        (Known(), {"octets": 5}, "what came is"),
    ],
)
def test_what_may_not(known: Known, changes: dict[str, Any], expected: str) -> None:
    """Each problem is a sentence of its own."""
    assert expected in (problem(known, **changes) or "")
