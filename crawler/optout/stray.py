"""Characters that nobody meant: what is not seen, what only looks like a blank, a comma, a quote or a hyphen.

Only for second, stricter readings: nothing that was understood by way of this module may grant (PC-5).
"""

from __future__ import annotations

import re
import unicodedata

_BLANKS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\udca0"
"""The last one is an octet of Latin-1 that is no UTF-8, as ``surrogateescape`` hands it out."""
_UNSEEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffd"
)
"""U+FFFD stands for an octet that could not be read."""
_MISREAD = ("\u00ef\u00bb\u00bf", "\u00e2\u0080\u008b", "\u00c2\u00a0")
"""A byte order mark, a zero-width space and a no-break space that were taken for Latin-1 on the way."""
_ALIKE = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2039\u203a`\u00b4", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
    **dict.fromkeys("\u3001\u060c\ufe50\ufe51\uff0c\uff64", ","),
    "\u061b": ";",
    "\ua789": ":",
    "\u2236": ":",
}
_BLANK = re.compile(f"[{_BLANKS}]|{_MISREAD[2]}")
_NOT_SEEN = re.compile(f"{_MISREAD[0]}|{_MISREAD[1]}|[{_UNSEEN}]")
_ALIKE_TABLE = str.maketrans(_ALIKE)


def without_strays(text: str) -> str:
    """Leave out what is not seen, and make blanks of what looks like one; no other character changes."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_SEEN.sub("", _BLANK.sub(" ", text))


def plain(text: str) -> str:
    """Give a text as it looks: as above, and wide letters, quotes, commas and hyphens in their ASCII form."""
    if text.isascii() and text.isprintable():
        return text
    return without_strays(unicodedata.normalize("NFKC", without_strays(text).translate(_ALIKE_TABLE)))


def plain_field(value: str) -> str:
    """Give the value of a header field as it looks; one that is UTF-8 under the Latin-1 of HTTP is read as that."""
    if value.isascii():
        return plain(value)
    try:
        return plain(value.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return plain(value)
