"""A second, slow reading of RFC 9309 for tests: a function a sentence, no cleverness, nothing shared with the product.

Written from RFC 9309 sections 2.2.1 to 2.2.4 and the project's additions PC-24 (lenient names) and PC-28 (dot
segments). It knows the answer to a 200 only; what other outcomes of the fetch mean is not here.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

PARSED_OCTETS = 2 * 1024 * 1024
"""Whole lines of this many octets are read; where a longer file has no matching rule, the answer is deny."""

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
SLASH, QUESTION, STAR, DOLLAR, PERCENT = b"/?*$%"
ENCODING_MATTERS_IN_PATH = frozenset(b"/?")
ENCODING_MATTERS_IN_QUERY = frozenset(b"?&=")

Octet = tuple[int, bool]
"""An octet after percent-decoding, and whether it was written as an escape that must stay one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One Allow or Disallow line with a value."""

    allow: bool
    pattern: tuple[Octet | None, ...]
    """``None`` is the wildcard."""
    anchored: bool
    octets: tuple[int, int]
    """Length of the normalised pattern, ``*`` and ``$`` included, in the two ways to read it."""


@dataclass(slots=True)
class Group:
    """A run of user-agent lines and the rules behind it."""

    names: list[bytes] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    is_closed: bool = False
    """A rule, even an empty one, was seen: the next user-agent line opens another group."""


@dataclass(frozen=True, slots=True)
class File:
    """A parsed robots.txt."""

    groups: tuple[Group, ...]
    is_cut: bool


def decide(body: bytes, token: str, url: str) -> str:
    """``allow`` or ``deny`` for a robots.txt that was answered with status 200."""
    return decide_parsed(parse(body), token, url)


def decide_parsed(file: File, token: str, url: str) -> str:
    """PC-24: where leniency alone made a group ours, what the strict selection denies stays denied."""
    octets = target(url)
    answers = {decide_rules(rules, octets, is_cut=file.is_cut) for rules in selections(file, token)}
    return "deny" if "deny" in answers else "allow"


def decide_rules(rules: list[Rule], octets: tuple[Octet, ...], *, is_cut: bool) -> str:
    """RFC 9309 section 2.2.2: the match with the most octets is used, allow where two are equal."""
    if octets == tuple((octet, False) for octet in b"/robots.txt"):
        return "allow"
    matching = [rule for rule in rules if matches(rule, octets)]
    if not matching:
        return "deny" if is_cut else "allow"
    answers = set()
    for reading in (0, 1):
        longest = max(rule.octets[reading] for rule in matching)
        answers.add(any(rule.allow for rule in matching if rule.octets[reading] == longest))
    return "deny" if False in answers else "allow"


# --- lines and groups


def lines(body: bytes) -> tuple[list[bytes], bool]:
    """UTF-8 lines without comments; and whether the file was longer than what is read."""
    is_cut = len(body) > PARSED_OCTETS
    body = body[:PARSED_OCTETS]
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", errors="replace")
    else:
        text = body.decode("utf-8-sig", errors="replace")
    found = re.split(rb"\r\n|\r|\n", text.encode("utf-8", errors="replace"))
    if is_cut:
        found.pop()
    return [line.split(b"#", 1)[0].strip(b" \t") for line in found], is_cut


def parse(body: bytes) -> File:
    """RFC 9309 section 2.2: consecutive user-agent lines share the rules that follow; other records end nothing."""
    groups: list[Group] = []
    found, is_cut = lines(body)
    for line in found:
        name, colon, value = line.partition(b":")
        if not colon:
            continue
        name, value = name.strip(b" \t").lower(), value.strip(b" \t")
        if name == b"user-agent":
            if not groups or groups[-1].is_closed:
                groups.append(Group())
            groups[-1].names.append(value.lower())
        elif name in (b"allow", b"disallow") and groups:
            groups[-1].is_closed = True
            if value:
                groups[-1].rules.append(rule(value, allow=name == b"allow"))
    return File(tuple(groups), is_cut)


# --- which groups are ours


def selections(file: File, token: str) -> list[list[Rule]]:
    """Give the rules of the strict selection, and those of the lenient one where it differs."""
    name = token.lower().encode()
    strict = [group for group in file.groups if name in group.names]
    lenient = [group for group in file.groups if any(name in lenient_names(value) for value in group.names)]
    general = [group for group in file.groups if any(is_general(value) for value in group.names)]
    result = [strict or general]
    if len(lenient) > len(strict):
        result.append(lenient)
    return [[rule for group in groups for rule in group.rules] for groups in result]


def lenient_names(value: bytes) -> set[bytes]:
    """PC-24: the value whole, its parts between commas, and each of these up to a slash."""
    parts = {value, *value.split(b",")}
    parts |= {part.split(b"/", 1)[0] for part in parts}
    return {part.strip(b" \t") for part in parts}


def is_general(value: bytes) -> bool:
    """``*`` alone, or with white space and more behind it."""
    return value == b"*" or value.startswith((b"* ", b"*\t"))


# --- octets


def octets_of(text: bytes) -> list[Octet]:
    """RFC 9309 section 2.2.2: escapes of unreserved octets are the octets; all other escapes stay what they are."""
    found: list[Octet] = []
    position = 0
    while position < len(text):
        escape = re.match(rb"%([0-9A-Fa-f]{2})", text[position : position + 3])
        if escape:
            octet = int(escape[1], 16)
            found.append((octet, octet not in UNRESERVED))
            position += 3
        else:
            # A percent sign that begins no escape can only mean itself: it equals %25.
            found.append((text[position], text[position] == PERCENT))
            position += 1
    return found


def target(url: str) -> tuple[Octet, ...]:
    """Path and query of the URL as octets, without fragment and dot segments (PC-28); an empty path is ``/``."""
    rest = url.encode("utf-8").split(b"#", 1)[0].split(b"://", 1)[1]
    authority = re.match(rb"[^/?]*", rest)
    rest = rest[authority.end() if authority else 0 :]
    path, question, query = rest.partition(b"?")
    result = without_dot_segments(octets_of(path))
    if question:
        result += [(QUESTION, False), *octets_of(query)]
    return tuple(result)


def without_dot_segments(path: list[Octet]) -> list[Octet]:
    """RFC 3986 section 5.2.4 for a path that begins with a slash or is empty."""
    segments: list[list[Octet]] = [[]]
    for octet in path:
        if octet == (SLASH, False):
            segments.append([])
        else:
            segments[-1].append(octet)
    dot, dots = [(ord("."), False)], [(ord("."), False)] * 2
    kept: list[list[Octet]] = []
    for segment in segments[1:]:
        if segment == dots and kept:
            kept.pop()
        if segment not in (dot, dots):
            kept.append(segment)
    if not kept or segments[-1] in (dot, dots):
        kept.append([])
    return [octet for segment in kept for octet in [(SLASH, False), *segment]]


# --- patterns


def rule(value: bytes, *, allow: bool) -> Rule:
    """RFC 9309 section 2.2.3: ``*`` is any run of octets, a ``$`` at the end is the end."""
    anchored = value.endswith(b"$")
    octets = octets_of(value[:-1] if anchored else value)
    return Rule(
        allow=allow,
        pattern=tuple(None if octet == (STAR, False) else octet for octet in octets),
        anchored=anchored,
        octets=(
            normalised_length(octets, is_every_delimiter_escaped=False) + anchored,
            normalised_length(octets, is_every_delimiter_escaped=True) + anchored,
        ),
    )


def normalised_length(octets: list[Octet], *, is_every_delimiter_escaped: bool) -> int:
    """Octets of the pattern once everything that may be escaped is escaped; wildcards count one.

    Section 2.2.2 has reserved octets escaped before comparison, while those that give a URL its shape must stay.
    Behind a wildcard nobody knows in which part of a URL a ``=``, ``&`` or ``/`` of the pattern comes to stand. So a
    delimiter may count one octet or, outside its own part, the three of its escape; what either way denies is denied.
    """
    length = 0
    in_query = False
    for octet, is_escape in octets:
        delimiters = ENCODING_MATTERS_IN_PATH | ENCODING_MATTERS_IN_QUERY
        if is_every_delimiter_escaped:
            delimiters = ENCODING_MATTERS_IN_QUERY if in_query else ENCODING_MATTERS_IN_PATH
        stays = octet in UNRESERVED or octet == STAR or octet in delimiters
        length += 1 if stays and not is_escape else 3
        in_query = in_query or (octet, is_escape) == (QUESTION, False)
    return length


def matches(rule: Rule, octets: tuple[Octet, ...]) -> bool:
    """Whether the pattern matches from the first octet of the target."""
    query_at = octets.index((QUESTION, False)) if (QUESTION, False) in octets else len(octets)
    reached = {0}
    for wanted in rule.pattern:
        if wanted is None:
            reached = set(range(min(reached), len(octets) + 1))
        else:
            reached = {
                at + 1 for at in reached if at < len(octets) and is_equal(wanted, octets[at], in_query=at > query_at)
            }
        if not reached:
            return False
    return len(octets) in reached if rule.anchored else True


def is_equal(wanted: Octet, octet: Octet, *, in_query: bool) -> bool:
    """Compare two octets: plain and escaped are one, except where that gives the URL its shape at this place."""
    if wanted[0] != octet[0]:
        return False
    shape = ENCODING_MATTERS_IN_QUERY if in_query else ENCODING_MATTERS_IN_PATH
    return wanted[1] == octet[1] or wanted[0] not in shape
