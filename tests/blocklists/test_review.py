"""Pages for people: what they may name, and the CSV in which a person decides."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists import page_names
from crawler.blocklists.page_names import Candidate, candidates
from crawler.blocklists.review import COLUMNS, Row, accepted_list, merged, read_review, undecided, write_review
from crawler.errors import DocumentError
from crawler.storage.suffixes import bundled_suffixes

PAGE = """<html><head><title>head.example</title><script>script.example</script></head><body>
<p>Blocked: pirate[.]to, hxxps://www.warez.example/x, again pirate.to; mail a@mail.example, file.pdf, Art. 3.4, co.uk,
192.0.2.7 and court.example itself. -bad-.example</p>
<p><a href="https://leak.to/x">Leak</a> <a href="/List.CSV?x">all</a> <a href="/about">About</a> <a>no</a>
<a href="mailto:x@y.example">m</a> <a href="http://[bad">bad</a></p></body></html>"""


TOO_LONG = "a." * 130 + "example"


def _found(page: str, base: str = "https://court.example/p") -> list[tuple[str, str]]:
    return [(each.what, each.value) for each in candidates(page, base, bundled_suffixes().is_suffix)]


def test_candidates() -> None:
    """Hosts of text and links, files that may be lists, once each; not the page's own host, suffixes, mail."""
    assert _found(PAGE) == [
        ("name", "leak.to"),
        ("link", "https://court.example/List.CSV?x"),
        ("name", "pirate.to"),
        ("name", "www.warez.example"),
    ]
    assert _found("", "names.html") == []
    assert _found(f"<p>{TOO_LONG}</p>") == []
    (leak, *_) = candidates(PAGE, "https://court.example/p", bundled_suffixes().is_suffix)
    assert leak.context == "Leak all About no m bad"
    (long,) = candidates("<p>" + "word " * 50 + "a.example " + "word " * 50, "x", lambda _: False)
    assert len(long.context) <= 160


def test_no_end_of_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that names without end is cut."""
    monkeypatch.setattr(page_names, "MOST", 3)
    assert len(_found("<p>" + " ".join(f"n{number}.example" for number in range(9)))) == 3


@given(st.text(max_size=200))
def test_any_page(page: str) -> None:
    """Any text is a page."""
    assert isinstance(_found(page), list)


def test_written_and_read() -> None:
    """What is written is read back; formulas are text, lines keep their numbers."""
    rows = [
        Row(
            value="a.example",
            context="=1+1",
            reference="'x",
            decision="accept",
            decided_by="A",
            decided_on="2026-01-02",
        ),
        Row(what="link", value="https://a.example/x.csv", context='"quoted", line'),
    ]
    written = write_review(rows)
    assert b"'=1+1" in written
    read = read_review("r.csv", written)
    assert [row.line for row in read] == [2, 3]
    assert [(row.value, row.context, row.reference) for row in read] == [
        ("a.example", "=1+1", "'x"),
        ("https://a.example/x.csv", '"quoted", line', ""),
    ]
    assert [row.value for row in undecided(read)] == ["https://a.example/x.csv"]


def test_as_a_spreadsheet_saves_it() -> None:
    """Semicolons, a byte order mark, blank lines and missing columns are taken."""
    content = "\ufeffdecision;what;value;decided_by\r\naccept;name;a.example;A\r\n;;;\r\n".encode()
    assert [(row.decision, row.value, row.decided_by) for row in read_review("r.csv", content)] == [
        ("accept", "a.example", "A")
    ]


@pytest.mark.parametrize(
    ("content", "line", "key"),
    [
        (b"", 1, ""),
        (b"value,what\nx,name\n", 1, ""),
        (b"\xff", 1, ""),
        (b"decision,what,value,decided_by\nperhaps,name,a.example,A\n", 2, "decision"),
        (b"decision,what,value,decided_by\naccept,site,a.example,A\n", 2, "what"),
        (b"decision,what,value,decided_by\naccept,name,,A\n", 2, "value"),
        (b"decision,what,value,decided_by\naccept,name,a.example,\n", 2, "decided_by"),
        (b"decision,what,value,decided_by,valid_to\naccept,name,a.example,A,1.2.2026\n", 2, "valid_to"),
        (b"decision,what,value,decided_by,decided_on\naccept,name,a.example,A,20260102\n", 2, "decided_on"),
        (b'decision,what,value,decided_by\n"accept"x,name,a.example,A\n', 2, ""),
    ],
)
def test_mistakes(content: bytes, line: int, key: str) -> None:
    """What cannot be meant is named with line and column."""
    with pytest.raises(DocumentError) as failure:
        read_review("r.csv", content)
    assert [(each.line, each.key) for each in failure.value.mistakes] == [(line, key)]


def test_decisions_stay_when_the_page_changes() -> None:
    """What is still there keeps its decision, what is new waits, what went and was accepted has to be decided again."""
    before = [
        Row(value="stays.example", context="x", decision="reject", decided_by="A", decided_on="2026-01-02"),
        Row(value="gone.example", context="x", decision="accept", decided_by="A", decided_on="2026-01-02"),
        Row(value="rejected.example", context="x", decision="reject", decided_by="A"),
        Row(value="own.example", decision="accept", decided_by="A"),
    ]
    found = [
        Candidate(what="name", value="new.example", context="n"),
        Candidate(what="name", value="stays.example", context="now"),
    ]
    rows = merged(found, before, "sha256:x")
    assert [(row.value, row.decision, row.context) for row in rows] == [
        ("new.example", "", "n"),
        ("stays.example", "reject", "now"),
        ("gone.example", "", "x"),
        ("own.example", "accept", ""),
    ]
    assert rows[2].note == "accepted by A on 2026-01-02; no longer on the page sha256:x"


def test_accepted_list() -> None:
    """Accepted names alone, each with reference, dates and person."""
    rows = [
        Row(value="a.example", decision="accept", reference="1 O 1/26", valid_to="2027-01-01", decided_by="A"),
        Row(value="b.example", decision="reject", decided_by="A"),
        Row(what="link", value="https://c.example/x.csv", decision="accept", decided_by="A"),
    ]
    lines = accepted_list(rows).decode().splitlines()
    assert list(csv.reader(lines)) == [
        ["domain", "reference", "valid_from", "valid_to", "accepted_by", "accepted_on"],
        ["a.example", "1 O 1/26", "", "2027-01-01", "A", ""],
    ]


def test_columns_are_fields() -> None:
    """Every column of the CSV is a field of the row."""
    assert set(COLUMNS) <= set(Row.__slots__)
