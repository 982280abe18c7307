"""Whatever comes in is understood as far as it goes: JSON, forms, CSV, mails; huge and hostile ones too."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.complaints import intake
from crawler.complaints.complaint import read
from crawler.complaints.fields import FIELDS, schema
from crawler.complaints.intake import read_intake
from crawler.complaints.mail import MOST_PARTS, read_mail
from crawler.errors import UsageError
from tests.complaints.registers import WHOLE

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "=cmd|' /C calc'!A0\x1b]0;x\x07<script>alert(1)</script>\u202e\ud800\x00"


def _file(path: Path, name: str, data: bytes) -> Path:
    found = path / name
    found.write_bytes(data)
    return found


def test_json_form_and_csv_say_the_same(tmp_path: Path) -> None:
    """One complaint in three forms is understood alike, by name of file or by content."""
    flat = {name: "\n".join(value) if isinstance(value, list) else value for name, value in WHOLE.items()}
    header = ",".join(flat)
    cells = ",".join(f'"{value}"' for value in flat.values())
    files = [
        _file(tmp_path, "a.json", json.dumps(WHOLE).encode()),
        _file(tmp_path, "b", urlencode(flat).encode()),
        _file(tmp_path, "c.csv", f"\ufeff{header}\r\n{cells}\r\n\r\n".encode()),
        _file(tmp_path, "d", json.dumps([WHOLE]).encode()),
        _file(tmp_path, "e", f"{header.replace(',', ';')}\n{cells.replace(',', ';')}\n".encode()),
    ]
    found = [read_intake(path) for path in files]
    assert [one[0].channel for one in found] == ["json", "form", "csv", "json", "csv"]
    assert all(one[0].complaint == found[0][0].complaint for one in found)
    assert found[0][0].complaint.missing == ()


def test_what_is_missing_is_named() -> None:
    """An empty complaint is told everything that it needs; a cmo also has to show its mandate."""
    names = [sentence.partition(":")[0] for sentence in read({}).missing]
    assert names == [
        "name", "email or address", "capacity", "works", "urls or domains", "statement or measure", "reservation",
        "reservation_since",
    ]  # fmt: skip
    assert [one.partition(":")[0] for one in read({**WHOLE, "capacity": "cmo"}).missing] == ["mandate"]
    assert [one.partition(":")[0] for one in read({**WHOLE, "capacity": "representative"}).missing] == [
        "on_behalf_of", "mandate"
    ]  # fmt: skip


def test_other_measures_need_no_reservation() -> None:
    """Who complains about the contact point has reserved nothing."""
    assert read({**WHOLE, "measure": "1.5", "reservation": None, "reservation_since": None}).missing == ()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"urls": ["ftp://x/", "no url at all"]}, "urls:"),
        ({"urls": 7}, "urls: is no list"),
        ({"urls": [7]}, "urls: '7'"),
        ({"works": [["x"]]}, "works:"),
        ({"domains": ["exa mple"]}, "domains:"),
        ({"capacity": "owner"}, "capacity:"),
        ({"reservation_since": "last year"}, "reservation_since:"),
        ({"reservation_since": "2025-02-30"}, "reservation_since:"),
        ({"name": 5}, "name: is no text"),
        ({"statement": "x" * 30_000}, "statement: longer"),
        ({"reservation_since": "the 1st of March 2026"}, "reservation_since: is 'the 1st of March 2026'"),
        ({"email": "x"}, "email: 'x' is no address"),
        ({"email": "a@b.example\nBcc: c@d.example"}, "email: 'a@b.example Bcc: c@d.example' is no address"),
        ({"domains": ["com"]}, "domains: 'com': is a public suffix"),
        ({"domains": ["*.co.uk"]}, "domains: '*.co.uk': is a public suffix"),
        ({"surprise": "x"}, "'surprise': no field"),
        ({"urls": [f"no url {number}" for number in range(100)]}, "urls: 95 more"),
    ],
)
def test_unusable_values_become_problems(given: dict[str, Any], problem: str) -> None:
    """Nothing is refused; what cannot be used is named, briefly."""
    found = read(given)
    assert any(one.startswith(problem) for one in found.problems), found.problems
    assert all(len(one) < 300 for one in found.problems)


def test_urls_are_spelt_as_records_are() -> None:
    """Canonical, each once; a wildcard domain is its host."""
    found = read({"urls": ["HTTPS://Press.Example/a", "press.example/a", ""], "domains": ["*.Press.Example"]})
    assert found.entries("urls") == ("https://press.example/a",)
    assert found.entries("domains") == ("press.example",)


def test_mail(tmp_path: Path) -> None:
    """Fields by their titles, URLs of the text, sender and subject; attachments as octets with the sender's names."""
    mail = EmailMessage()
    mail["From"] = "Jäne Doe <jane@press.example>"
    mail["Subject"] = "You took my book ✂"
    mail["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    mail.set_content("Capacity: cmo\nMandate: all of them,\nsee file\n\nIt is at https://press.example/novel.\nBye\n")
    mail.add_attachment(b"\x7fELF", maintype="application", subtype="x-sh", filename="../../etc/passwd\x1b[2J")
    (found,) = read_intake(_file(tmp_path, "a.eml", mail.as_bytes()))
    complaint = found.complaint
    assert complaint.text("name") == "Jäne Doe"
    assert complaint.text("email") == "jane@press.example"
    assert complaint.text("mandate") == "all of them,\nsee file"
    assert complaint.entries("urls") == ("https://press.example/novel",)
    assert complaint.text("statement").startswith("You took my book ✂")
    assert [(one.octets, one.media_type) for one in found.attachments] == [(b"\x7fELF", "application/x-sh")]
    assert found.sent_at == "Mon, 02 Nov 2026 10:00:00 +0100"


def test_mail_of_hypertext_alone() -> None:
    """Its text counts, its programs do not."""
    data = b"From: a@b.example\nContent-Type: text/html\n\n<script>x()</script><p>Capacity: cmo</p><p>https://a.example/x</p>"
    found = read_mail(data)
    assert found.fields["capacity"] == "cmo"
    assert found.fields["urls"] == "https://a.example/x"
    assert "x()" not in str(found.fields)


@pytest.mark.parametrize(
    "data",
    [
        b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\nContent-Type: text/plain\n\nz\n" * 500,
        b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n"
        + b"".join(b"--x%d\nContent-Type: multipart/mixed; boundary=x%d\n\n" % (n, n + 1) for n in range(3000)),
        b"From: " + b"=?utf-8?b?" * 100_000 + b"\n\nx",
        b"From: " + b"(" * 500_000 + b"\n\nx",
        b"From: a@b\nContent-Type: text/plain; charset=no-such\nContent-Transfer-Encoding: base64\n\n!!!!",
        b"From: a@b\nContent-Type: application/x; name*=utf-8''%ff%00\nContent-Transfer-Encoding: base64\n\nAAAA",
        b"From: a@b\nContent-Type: message/rfc822\n\nFrom: c@d\nContent-Type: message/rfc822\n\n" * 200,
        b"Subject: x\n\n" + b"a: " * 300_000,
    ],
)
def test_hostile_mail_is_bounded(data: bytes) -> None:
    """Many parts, deep nesting, endless fields, broken codings: an answer or a refusal, never a traceback."""
    try:
        found = read_mail(data)
    except (ValueError, RecursionError):
        return
    assert len(found.attachments) <= MOST_PARTS
    read(found.fields)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.json", b"{", "cannot be read as json"),
        ("a.json", b"[" * 200_000, "nested too deeply"),
        ("a.json", b"[]", "a file holds one"),
        ("a.json", b'{"name":"a","name":"b"}', "stands twice"),
        ("a.json", b'{"format":"other/1"}', "clearcrawl-complaint/1"),
        ("a.json", b"\xff\xfe", "cannot be read as json"),
        ("a.csv", b"colour,size\n1,2\n", "names no field"),
        ("a.csv", b"name,email\n", "no complaint below"),
        ("a.csv", b'name,email\n"a', "cannot be read as csv"),
        ("a.csv", b"name\na,b,c\n", "more cells"),
        ("a.form", b"&" * 20_000, "form"),
        ("a.eml", b"just words", "neither From nor Subject"),
        ("a.eml", b"X: y\n" * 3_000, "over 2000 lines"),
        ("a.json", b" \n", "is empty"),
        ("a.csv", b"\xff\xfe", "names no field"),
        ("a.csv", b"name\nJos\xe9\n", "not UTF-8 from octet 9 on"),
        ("a.txt", b"Dear Sirs,\nyou copied my work.\n", "neither JSON nor a form"),
        ("a.pdf", b"%PDF-1.7\n", "neither JSON nor a form"),
        ("a", b"\xff\xfe", "neither JSON nor a form"),
    ],
)
def test_unreadable_files_are_refused_by_name(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """One message with file and reason; --as is named."""
    with pytest.raises(UsageError, match=words) as caught:
        read_intake(_file(tmp_path, name, data))
    assert name in str(caught.value)


TABLE = "Name;E-mail;URLs\nJosé;a@b.example;<https://a.example/x>\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode("utf-16"),
        TABLE.replace(";", "\t").encode("utf-16"),
        TABLE.replace("\n", "\r").encode(),
        b"sep=;\r\n" + TABLE.replace("\n", "\r\n").encode("utf-8"),
        b"sep=\t\n" + TABLE.replace(";", "\t").encode("utf-8"),
        b"name=Jos%E9&email=a%40b.example&urls=https%3A%2F%2Fa.example%2Fx",
        b"other=1&name=Jos%C3%A9&email=a%40b.example&urls=https%3A%2F%2Fa.example%2Fx",
    ],
)
def test_tables_and_forms_as_programs_write_them(tmp_path: Path, data: bytes) -> None:
    """UTF-16, tabs, CR alone, a line that names the separator, a form not in UTF-8: their content tells them."""
    (found,) = read_intake(_file(tmp_path, "a", data))
    said = found.complaint
    assert (said.text("name"), said.text("email")) == ("José", "a@b.example")
    assert said.entries("urls") == ("https://a.example/x",)


def test_a_mailbox_holds_several(tmp_path: Path) -> None:
    """Each mail is a complaint with an original of its own; "From " inside a line parts nothing."""
    one = b"From a@b.example Mon Nov  2 10:00:00 2026\nFrom: a@b.example\nSubject: x\n\nFirst.\nFrom here on.\n\n"
    two = b"From c@d.example Mon Nov  2 10:00:01 2026\nFrom: c@d.example\nSubject: y\n\nSecond.\n"
    found = read_intake(_file(tmp_path, "mbox", one + two))
    assert [each.complaint.text("email") for each in found] == ["a@b.example", "c@d.example"]
    assert [b"Second" in each.original for each in found] == [False, True]
    assert "From here on." in found[0].complaint.text("statement")


def test_huge_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is read."""
    monkeypatch.setattr(intake, "MOST_OCTETS", 1000)
    with pytest.raises(UsageError, match="larger than 1000"):
        read_intake(_file(tmp_path, "a.json", b" " * 2000))


def test_numbers_of_a_million_digits(tmp_path: Path) -> None:
    """Are no text, and take no time."""
    (found,) = read_intake(_file(tmp_path, "a.json", b'{"name": ' + b"9" * 1_000_000 + b"}"))
    assert found.complaint.problems == ("name: is no text",)


def test_original_of_one_among_many(tmp_path: Path) -> None:
    """Of a file with several complaints each keeps its own part alone, so that erasing one leaves the others."""
    one, two = read_intake(_file(tmp_path, "a.json", json.dumps([WHOLE, {**WHOLE, "name": "John Roe"}]).encode()))
    assert b"John" not in one.original
    assert b"Jane" not in two.original


def test_schema_is_of_the_fields() -> None:
    """One table makes both."""
    found = schema()
    assert set(found["properties"]) == {"format", *(field.name for field in FIELDS)}
    assert found["additionalProperties"] is False


@given(st.binary(max_size=2000))
def test_mails_never_raise_anything_else(data: bytes) -> None:
    """Any octets behind a field From are a mail, or refused by ValueError."""
    try:
        read(read_mail(b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n" + data).fields)
        read_mail(data)
    except ValueError:
        pass


@given(
    st.dictionaries(st.text(max_size=20), st.recursive(st.text() | st.none() | st.integers(), st.lists, max_leaves=5))
)
def test_any_values_are_understood(given_: dict[str, Any]) -> None:
    """Never raises, and what was understood can be stored as UTF-8."""
    found = read({**given_, "name": HOSTILE, "works": [HOSTILE], "urls": [HOSTILE]})
    json.dumps(dict(found.values)).encode()
    str(found.values).encode()
    assert "\x00" not in found.text("name")
