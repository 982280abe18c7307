"""Words that can only be meant negatively, wherever a protocol's own grammar was missed (PC-5)."""

from __future__ import annotations

import re

from crawler.optout.stray import plain

NEGATIVE_VALUES = frozenset(
    {
        "n",
        "no",
        "false",
        "0",
        "?0",
        "none",
        "deny",
        "denied",
        "disallow",
        "disallowed",
        "prohibited",
        "forbidden",
        "not-permitted",
        "not-allowed",
        "opt-out",
        "disabled",
    },
)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_GAPS = re.compile(r"[\s_]+")


def is_negative(value: str) -> bool:
    """Whether a value says no, in any case, quoted or with blanks for hyphens; nothing else is ever made of it."""
    bare = plain(value).strip().strip(_QUOTES).strip().lower()
    return _GAPS.sub("-", bare) in NEGATIVE_VALUES
