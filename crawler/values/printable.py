"""Text from strangers, made harmless for the place where it is shown: one function per kind of output (R7.2).

HTML is not here: templates escape it. Logs use ``for_terminal``.
"""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls
    "\u2028\u2029"  # line ends of Unicode
    "\ud800-\udfff]"  # lone surrogates cannot be encoded
)
_PUNCTUATION = re.compile(r"""[!-/:-@\[-`{-~]""")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def for_terminal(text: str) -> str:
    r"""Show control, C1 and bidi characters, line ends and lone surrogates as ``\uXXXX``; the result is one line."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def for_csv(cell: str) -> str:
    """Put ``'`` before what a spreadsheet would run as a formula; quoting is the ``csv`` module's part."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def for_markdown(text: str) -> str:
    """Escape for running text or a table cell of CommonMark; renders as ``for_terminal`` shows it."""
    escaped = _PUNCTUATION.sub(r"\\\g<0>", for_terminal(text))
    lead, trail = len(escaped) - len(escaped.lstrip(" ")), len(escaped) - len(escaped.rstrip(" "))
    if lead == len(escaped):
        return "&#32;" * lead
    return "&#32;" * lead + escaped[lead : len(escaped) - trail] + "&#32;" * trail
