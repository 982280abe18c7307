"""Path patterns of RFC 9309 section 2.2.3 on normalised octets; also used by other protocols with the same patterns.

Both sides are brought to one spelling first (section 2.2.2): everything but unreserved octets is percent-encoded,
encoded unreserved octets are decoded. Delimiters keep their meaning: ``/`` and ``%2F`` differ in the path and are one
in the query, ``=`` and ``&`` the other way round. Neither scheme nor host is looked at.
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = re.compile(r"/[A-Za-z0-9\-._~/=&?]*").fullmatch
_PLAIN_PATTERN: Final = re.compile(r"[A-Za-z0-9\-._~/=&?*]*\$?").fullmatch
_ODD: Final = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~/=&?]")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HEX: Final = "0123456789ABCDEFabcdef"


def _spellings(raw: str, either: str) -> dict[str, str]:
    """Map each spelling of an octet to one character: itself, or its number plus 256 where it stays encoded.

    ``raw``: means itself where it stands unencoded; ``either``: also where it is encoded. An encoded octet is one
    character, so that no literal matches inside an escape.
    """
    table = {}
    for octet in range(256):
        char = chr(octet)
        table[char] = char if char in raw or char in either or char in _UNRESERVED else chr(256 + octet)
    for escape in (f"%{high}{low}" for high in _HEX for low in _HEX):
        octet = int(escape[1:], 16)
        table[escape] = chr(octet) if chr(octet) in either or chr(octet) in _UNRESERVED else chr(256 + octet)
    return table


_IN_PATH: Final = _spellings("/", "=&")
_IN_QUERY: Final = _spellings("?=&", "/")


def _path(octets: str) -> str:
    return _ODD.sub(lambda found: _IN_PATH[found[0]], octets)


def _query(octets: str) -> str:
    return _ODD.sub(lambda found: _IN_QUERY[found[0]], octets)


def _octets(text: str) -> str:
    """Give each octet of the UTF-8 form as one character; any string is taken, half surrogate pairs too."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def normalise_target(target: str) -> str:
    """Path and query of a URL in normal spelling; a fragment is cut off, an empty path becomes ``/``.

    One character stands for one octet; an octet that stays percent-encoded is its number plus 256. Dot segments are
    expected to be gone (PC-28). A string that is no target is read as one; nothing raises.
    """
    if _PLAIN(target):
        return target
    path, mark, query = _octets(target).partition("#")[0].partition("?")
    if not path.startswith("/"):
        path = "/" + path
    return f"{_path(path)}?{_query(query)}" if mark else _path(path)


def encoded_length(text: str) -> int:
    """Octets of a text in normal spelling as it would be sent: three for each that stays percent-encoded."""
    return len(text) if text.isascii() else 3 * len(text) - 2 * len(text.encode("ascii", "ignore"))


def other_lengths(text: str) -> tuple[int, int]:
    """Octets of a text in normal spelling under the two other readings of section 2.2.2.

    ``encoded_length`` counts a delimiter as the one octet that it is in a URL. The first reading here takes it as
    percent-encoded wherever it delimits nothing (``=`` and ``&`` in the path, ``/`` in the query), the second one
    everywhere but for ``/`` in the path and the ``?`` between the two.
    """
    path, _, query = text.partition("?")
    by_region = encoded_length(text) + 2 * (path.count("=") + path.count("&") + query.count("/"))
    return by_region, by_region + 2 * (query.count("=") + query.count("&") + query.count("?"))


class Pattern:
    """A compiled pattern: ``*`` stands for any run of characters, a final ``$`` for the end of the target.

    ``length`` is the number of octets of the normalised pattern, wildcards and anchor included: the longer of two
    matching patterns is the more specific one.
    """

    __slots__ = ("anchored", "length", "query_segments", "segments", "text")

    def __init__(self, octets: bytes) -> None:
        value = octets.decode("latin-1")
        self.anchored = value.endswith("$")
        raw = (value[:-1] if self.anchored else value).split("*")
        self.segments: tuple[str, ...]
        self.query_segments: tuple[str, ...] | None
        if _PLAIN_PATTERN(value):
            self.segments, self.query_segments = tuple(raw), None
        else:
            self.segments, self.query_segments = _compile_segments(raw)
        self.text = "*".join(self.segments) + ("$" if self.anchored else "")
        self.length = encoded_length(self.text)

    def matches(self, target: str) -> bool:
        """Whether the pattern covers a target (path and query as sent)."""
        return self.matches_normalised(normalise_target(target))

    def matches_normalised(self, text: str) -> bool:
        """As ``matches``, for a target that went through ``normalise_target``."""
        segments = self.segments
        if not text.startswith(segments[0]):
            return False
        at = len(segments[0])
        if len(segments) == 1:
            return not self.anchored or at == len(text)
        if self.query_segments is not None:
            return self._matches_by_region(text, at, self.query_segments)
        for segment in segments[1:-1]:
            at = text.find(segment, at)
            if at < 0:
                return False
            at += len(segment)
        last = segments[-1]
        if self.anchored:
            return len(text) - len(last) >= at and text.endswith(last)
        return text.find(last, at) >= 0

    def _matches_by_region(self, text: str, at: int, query_segments: tuple[str, ...]) -> bool:
        """Match where a segment is spelled otherwise in the query than in the path.

        Taking the leftmost place for each segment stays right: an earlier end leaves every later place open.
        """
        mark = text.find("?")
        end_of_path = len(text) if mark < 0 else mark
        last = len(self.segments) - 1
        for index in range(1, last + 1):
            in_path, in_query = self.segments[index], query_segments[index]
            if index == last and self.anchored:
                return _ends_with(text, at, end_of_path, in_path, in_query)
            at = _find(text, at, end_of_path, in_path, in_query)
            if at < 0:
                return False
        return True


def compile_pattern(value: str | bytes) -> Pattern:
    """Compile a pattern as written in a file; a string stands for its UTF-8 octets. Any value compiles."""
    return Pattern(value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"))


def compile_literal(octets: bytes) -> tuple[bool, str]:
    """Normalise a pattern without ``*``: whether it is anchored at the end, and its text without the anchor."""
    value = octets.decode("latin-1")
    is_anchored = value.endswith("$")
    if is_anchored:
        value = value[:-1]
    if _PLAIN(value):
        return is_anchored, value
    head, mark, tail = value.partition("?")
    return is_anchored, _path(head) + mark + _query(tail)


def _compile_segments(raw: list[str]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Normalise the literals between wildcards, as part of the path and as part of the query.

    The second tuple is ``None`` where the region makes no difference. What stands before the first ``*`` begins in the
    path; what stands after a literal ``?`` is in the query; only literals between the two can be in either.
    """
    in_path, in_query, seen_mark = [], [], False
    for index, segment in enumerate(raw):
        as_path = as_query = _query(segment)
        if "%" in segment and not seen_mark:
            head, mark, tail = segment.partition("?")
            as_path = _path(head) + mark + _query(tail)
        in_path.append(as_path)
        in_query.append(as_query if index else as_path)
        seen_mark = seen_mark or "?" in segment
    segments = tuple(in_path)
    return segments, None if in_path == in_query else tuple(in_query)


def _find(text: str, at: int, end_of_path: int, in_path: str, in_query: str) -> int:
    """Index behind the leftmost occurrence from ``at`` on, or -1."""
    mark = in_path.find("?")
    if mark >= 0:
        start = end_of_path - mark
        if start >= at and text.startswith(in_path, start):
            return start + len(in_path)
    else:
        start = text.find(in_path, at, end_of_path)
        if start >= 0:
            return start + len(in_path)
    start = text.find(in_query, max(at, end_of_path + 1))
    return start + len(in_query) if start >= 0 else -1


def _ends_with(text: str, at: int, end_of_path: int, in_path: str, in_query: str) -> bool:
    """Whether the target ends with the segment, at or behind ``at``."""
    if text.endswith(in_query) and len(text) - len(in_query) >= max(at, end_of_path + 1):
        return True
    mark = in_path.find("?")
    start = len(text) - len(in_path)
    return start >= at and text.endswith(in_path) and end_of_path == (len(text) if mark < 0 else start + mark)
