"""Which line belongs to whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.robots.groups import TEXT_LIMIT, RobotsFile, parse
from crawler.optout.robots.rules import NO_RULE
from crawler.optout.robots.text import PROBLEM_LIMIT

SIGNALS = b"""\
Content-Signal: global
# comment
User-agent: A
User-agent: B
Content-Signal: ab
Content-Usage: ab too
User-agent: C
Content-Signal: c
Disallow: /x # why
Content-Signal: abc

User-agent: *
User-agent: a
content-signal : star a
Allow: /
Content-Signal: trailing
"""


def _values(records: object) -> list[str]:
    return [record.value for record in records]  # type: ignore[attr-defined]


def test_records_belong_to_the_agents_written_before_them() -> None:
    """Since the previous record of the run; behind the first rule, to the whole group; before all agents, to all."""
    file = parse(SIGNALS)
    name = "Content-Signal"
    assert _values(file.records(name)) == ["global", "ab", "c", "abc", "star a", "trailing"]
    assert _values(file.global_records(name)) == ["global"]
    assert _values(file.trailing_records(name)) == ["trailing"]
    assert _values(file.group_for("b").records(name)) == ["ab", "abc"]
    assert _values(file.group_for("B").records("content-usage")) == ["ab too"]
    assert _values(file.group_for("c").records(name)) == ["c", "abc"]
    assert _values(file.group_for("A").records(name)) == ["ab", "abc", "star a", "trailing"]
    assert _values(file.group_for("zzz").records(name)) == ["star a", "trailing"]
    assert not file.group_for("zzz").owns(file.global_records(name)[0])


def test_a_record_knows_its_place() -> None:
    """Line, literal text, octets, and owner are evidence."""
    first, *_, last = parse(SIGNALS).records("content-signal")
    assert (first.line, first.group, first.run, first.is_trailing) == (1, None, None, False)
    assert (last.line, last.group, last.run, last.is_trailing) == (16, 1, None, True)
    assert (last.name, last.text, last.octets) == ("content-signal", "Content-Signal: trailing", b"trailing")
    bad = parse(b"License: \xff # c\n").records("license")[0]
    assert (bad.value, bad.octets, bad.text) == ("�", b"\xff", "License: � # c")


def test_values_come_without_their_owners() -> None:
    """Empty ones are left out, and the number is bounded."""
    file = parse(b"Sitemap: a\nsitemap:\nUser-agent: *\nSITEMAP: b#c\nSitemap: d")
    assert file.values("sitemap", 9) == ("a", "b", "d")
    assert file.values("sitemap", 2) == ("a", "b")


def test_a_run_of_agents_survives_everything_but_a_rule() -> None:
    """Blank lines, comments and other records do not end it; an empty rule does (RFC 9309 sections 2.1 and 2.2.4)."""
    file = parse(b"User-agent: a\n\n# c\nX: y\nnonsense\nUser-agent: b\nDisallow:\nUser-agent: c\nDisallow: /\n")
    assert file.group_for("a").rules.decide("/x") == NO_RULE
    assert file.group_for("b").rules is file.group_for("a").rules
    assert file.group_for("c").rules.decide("/x") >= 0


def test_selection() -> None:
    """Named groups replace the general ones even when empty; ``named_group`` never falls back."""
    file = parse(b"User-agent: *\nDisallow: /\nUser-agent: Named\n")
    assert (file.group_for("named").basis, file.group_for("other").basis) == ("named", "general")
    assert parse(b"").group_for("other").basis == "none"
    assert file.named_group("other") is None
    assert file.named_group("*") is not None
    assert file.group_for("named").text == "User-agent: Named"
    assert file.group_for("other").text == "User-agent: *\nDisallow: /"
    assert [file.group_for(token).token for token in ("OTHER", "Named")] == ["OTHER", "named"]


@pytest.mark.parametrize(
    ("value", "token", "lenient", "strict"),
    [
        ("ExampleBot", "examplebot", True, True),
        ("ExampleBot/2.1", "ExampleBot", True, False),
        ("ExampleBot /2.1", "ExampleBot", True, False),
        ("x, ExampleBot", "ExampleBot", True, False),
        ("x,ExampleBot/2,y", "ExampleBot", True, False),
        ("ExampleBot,x", "ExampleBot", True, False),
        ("ExampleBot-News", "ExampleBot", False, False),
        ("xExampleBot/2", "ExampleBot", False, False),
        ("ExampleBot 2.1", "ExampleBot", False, False),
        ("Kangaroo Bot", "Kangaroo Bot", True, True),
        ("a/b", "a/b", True, True),
        ("", "", True, True),
    ],
)
def test_naming(value: str, token: str, lenient: bool, strict: bool) -> None:
    """PC-24: whole value, then cut at a slash and split at commas; strictly, the whole value only."""
    file = parse(f"User-agent: {value}\nDisallow: /\n".encode())
    assert (file.named_group(token) is not None) is lenient
    assert (file.named_group(token, is_strict=True) is not None) is strict


@pytest.mark.parametrize(
    ("value", "lenient", "strict"),
    [("*", True, True), ("* x", True, False), ("*\tx", True, False), ("*x", False, False)],
)
def test_general_groups(value: str, lenient: bool, strict: bool) -> None:
    """``*`` is general alone, or leniently with something behind white space."""
    file = parse(f"User-agent: {value}\nDisallow: /\n".encode())
    assert (file.group_for("t").basis == "general") is lenient
    assert (file.group_for("t", is_strict=True).basis == "general") is strict


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /\r\n",
        b"User-agent: *\rDisallow: /",
        "\ufeffUser-agent: *\nDisallow: /\n".encode("utf-16-le"),
        "\ufeffUser-agent: *\nDisallow: /\n".encode("utf-16-be"),
        b"User-agent: *\nDisallow: /\n\xff\xfe\n",
    ],
)
def test_encodings_and_line_ends(body: bytes) -> None:
    """Marks are dropped, UTF-16 is decoded, CR, LF and CRLF end lines."""
    assert parse(body).group_for("t").rules.decide("/") >= 0


@pytest.mark.parametrize("byte", [b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xe2\x80\xa8", b"\x00"])
def test_nothing_else_ends_a_line(byte: bytes) -> None:
    """VT, FF, FS, NEL, LS and NUL are octets of the value."""
    file = parse(b"User-agent: *\nAllow: /a" + byte + b"Allow: /s\nDisallow: /s\n")
    code = file.group_for("t").rules.decide("/s")
    assert file.rule(code >> 1).line == 3


def test_whole_lines_of_the_first_octets_are_read() -> None:
    """What lies behind the limit is not seen, nor is the line that it cuts."""
    body = b"User-agent: *\nDisallow: /abc\nDisallow: /x\n"
    assert parse(body, limit=20).body == b"User-agent: *\n"
    assert parse(body, limit=len(body)).body == body
    assert parse(body[:25], is_truncated=True).body == b"User-agent: *\n"
    assert parse(b"Disallow: /", is_truncated=True).body == b""


def test_misspelt_names_and_missing_colons_are_logged() -> None:
    """With their lines, up to a bound; none is applied, and the real names are none of them."""
    file = parse(
        b"User-agent: *\nDissallow: /a\nDisallow /b\n Disalow : /c\nUseragent: x\nDisallowAITraining: /\n"
        b"disallow-all: x\nAllow: /\nDisallow: /z\n"
    )
    assert [problem.line for problem in file.problems] == [2, 3, 4, 5]
    assert file.problems[0].text == "not read as a rule: Dissallow: /a"
    assert file.group_for("t").rules.decide("/a") & 1
    assert len(parse(b"disalow: /\n" * 500).problems) == PROBLEM_LIMIT


def test_the_text_of_groups_is_cut() -> None:
    """Evidence in a row stays small; the file is stored whole elsewhere."""
    body = b"User-agent: a\n" + b"Disallow: /\xc3\xa9\n" * 999 + b"User-agent: b\nUser-agent: a\nDisallow: /x\n"
    text = parse(body).group_for("a").text
    assert len(text) == TEXT_LIMIT
    assert text.startswith("User-agent: a\nDisallow: /é\n")
    merged = parse(b"User-agent: a\nDisallow: /1\nUser-agent: b\nAllow: /\nUser-agent: a\nDisallow: /2\n").group_for(
        "a"
    )
    assert merged.text == "User-agent: a\nDisallow: /1\nUser-agent: a\nDisallow: /2"


def test_a_rule_is_given_back_as_written() -> None:
    """Line number and literal text of the decisive line."""
    file = parse(b"#1\nUser-agent: *\n  dISALLOW :  /x  # why\n")
    rule = file.rule(file.group_for("t").rules.decide("/x") >> 1)
    assert (rule.is_allow, rule.octets, rule.line, rule.text) == (False, b"/x", 3, "dISALLOW :  /x  # why")


LINES = st.sampled_from(
    [
        b"User-agent: A",
        b"User-agent: B",
        b"User-agent: *",
        b"User-agent:",
        b"Disallow: /",
        b"Disallow:",
        b"Allow: /a",
        b"X: y",
        b"",
        b"# c",
        b"junk",
    ]
)


def _by_hand(lines: list[bytes], token: str) -> tuple[set[int], dict[int, str]]:
    """Walk the lines one by one: numbers of the token's rule lines, and of the X records with their owner."""
    groups: list[tuple[set[str], list[int], list[tuple[int, set[str] | None]]]] = []
    agents_open = fresh = False
    owners: set[str] = set()
    for number, line in enumerate(lines):
        name, _, value = line.decode().partition(": ")
        if name.startswith("User-agent"):
            if not agents_open:
                groups.append((set(), [], []))
                fresh = True
            agents_open = True
            if fresh:
                owners = set()
            fresh = False
            owners.add(value.lower())
            groups[-1][0].add(value.lower())
        elif name.startswith(("Allow", "Disallow")):
            agents_open = False
            if groups:
                groups[-1][1].append(number)
        elif name == "X" and groups:
            groups[-1][2].append((number, owners if agents_open else None))
            fresh = True
    for wanted in (token.lower(), "*"):
        mine = [group for group in groups if wanted in group[0]]
        if mine:
            rules = {number for group in mine for number in group[1]}
            records = {
                number: wanted for group in mine for number, whose in group[2] if whose is None or wanted in whose
            }
            return rules, records
    return set(), {}


@given(st.lists(LINES, max_size=14), st.sampled_from(["A", "b", "other"]))
def test_grouping_agrees_with_a_walk_by_hand(lines: list[bytes], token: str) -> None:
    """Offsets and regular expressions give what reading line by line gives."""
    file = parse(b"\n".join(lines))
    selection = file.group_for(token)
    rules, records = _by_hand(lines, token)
    with_value = {number for number in rules if not lines[number].endswith(b":")}
    assert {file.rule(number).line - 1 for number, _, _ in file.numbered_rules(selection.groups)} == with_value
    assert {record.line - 1 for record in selection.records("x")} == set(records)


@given(st.binary(max_size=300), st.sampled_from(["a", "*", "", "é"]))
def test_any_bytes_give_a_file(body: bytes, token: str) -> None:
    """Nothing raises; what is found has lines within the file."""
    file = parse(body)
    for strict in (False, True):
        selection = file.group_for(token, is_strict=strict)
        assert selection.text == selection.text[:TEXT_LIMIT]
        assert selection.rules.decide("/") >= -2
    assert file.cost > len(file.body)
    assert all(1 <= (problem.line or 0) <= file.body.count(b"\n") + 1 for problem in file.problems)
    assert isinstance(file, RobotsFile)


WORDS = [b"user-agent", b"disallow", b"allow", b":", b" ", b"\n", b"\r", b"*", b"/", b"a", b"$", b"#", b","]


@given(st.lists(st.sampled_from(WORDS)).map(b"".join))
def test_any_mixture_of_words_gives_a_file(body: bytes) -> None:
    """As above, on input that looks like robots.txt: a group needs a user-agent line."""
    file = parse(body)
    assert file.is_empty or b"user-agent" in body
    assert file.group_for("a").rules.decide("/a") >= -2
