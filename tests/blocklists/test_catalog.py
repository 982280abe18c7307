"""The catalog: what it must say, and how its mistakes are reported."""

from __future__ import annotations

from datetime import date

import pytest

from crawler.blocklists.catalog import ListRecord, read_catalog, read_whole
from crawler.blocklists.interface import Columns
from crawler.errors import DocumentError

GOOD = f"""
[[list]]
id = "court-1"
title = "A judgment"
issuer = "A court"
country = "DE"
legal_basis = "1 O 1/26"
kind = "court"
licence = "public record"
source = "https://court.example/1"
format = "domains"
file = "lists/court-1.txt"
retrieved_at = 2026-03-10
sha256 = "{"ab" * 32}"
updates = false
"""


def _mistakes(text: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(DocumentError) as failure:
        read_catalog(text.encode())
    return [(mistake.key, mistake.line, mistake.problem) for mistake in failure.value.mistakes]


def test_read() -> None:
    """Every key has its value, absent ones are ``None``."""
    text = GOOD + 'entries = 3\nvalid_from = 2026-01-01\nvalid_to = 2026-12-31\naccepted_by = "A. Person"\n'
    (record,) = read_catalog(text.encode())
    assert record == ListRecord(
        id="court-1",
        title="A judgment",
        issuer="A court",
        country="DE",
        legal_basis="1 O 1/26",
        kind="court",
        licence="public record",
        source="https://court.example/1",
        format="domains",
        file="lists/court-1.txt",
        retrieved_at=date(2026, 3, 10),
        digest="sha256:" + "ab" * 32,  # type: ignore[arg-type]
        entries=3,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
        review_by=None,
        accepted_by="A. Person",
        updates=False,
        last_checked=None,
    )
    assert record.is_in_force(date(2026, 1, 1))
    assert record.is_in_force(date(2026, 12, 31))
    assert not record.is_in_force(date(2025, 12, 31))
    assert not record.is_in_force(date(2027, 1, 1))


def test_without_lists() -> None:
    """An empty catalog is a catalog; a list without dates is always in force."""
    assert read_catalog(b"# none yet\n") == ()
    (record,) = read_catalog(GOOD.encode())
    assert record.is_in_force(date(1900, 1, 1))


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "title",
        "issuer",
        "country",
        "legal_basis",
        "kind",
        "licence",
        "source",
        "format",
        "file",
        "retrieved_at",
        "sha256",
        "updates",
    ],
)
def test_needed_keys(key: str) -> None:
    """Without origin, licence, digest or any other needed key a list is not loaded."""
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(f"{key} ="))
    assert (f"list[1].{key}", 2, "is missing") in _mistakes(text)


def test_digests_may_be_in_capitals() -> None:
    """As other programs print them; it is one digest."""
    assert read_whole(GOOD.replace("ab" * 32, "AB" * 32).encode()) == read_whole(GOOD.encode())


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ('"court-1"', '"Court 1"', "id", 3),
        ('"DE"', '"Germany"', "country", 6),
        ('"court"', '"judge"', "kind", 8),
        ('"domains"', '"hosts?"', "format", 11),
        ("lists/court-1.txt", "../court-1.txt", "file", 12),
        ("2026-03-10", '"yesterday"', "retrieved_at", 13),
        ("ab" * 32, "ab", "sha256", 14),
        ("false", '"no"', "updates", 15),
        ("updates = false", "updates = true", "last_checked", 2),
        ("updates = false", "updates = false\nvalid_from = 2026-02-01\nvalid_to = 2026-01-01", "valid_to", 17),
        ("updates = false", "updates = false\nlicense = 1", "license", 16),
        ("updates = false", "updates = false\nentries = -1", "entries", 16),
    ],
)
def test_wrong_values(old: str, new: str, key: str, line: int) -> None:
    """A wrong value is named with its key and line."""
    assert [(f"list[1].{key}", line)] == [found[:2] for found in _mistakes(GOOD.replace(old, new, 1))]


def test_all_at_once() -> None:
    """Mistakes of several lists come together; ids and files stand once; unknown tables are named."""
    found = _mistakes(GOOD + GOOD.replace("DE", "de") + "[other]\n")
    assert {key for key, _, _ in found} == {"list[2].id", "list[2].file", "list[2].country", "other"}


def test_no_toml() -> None:
    """What is no TOML is named with the line."""
    assert _mistakes("a = 1\nb = = 2")[0][:2] == ("", 2)


def test_columns() -> None:
    """A table may be told which column holds what; of any other format, and with any other key, that is a mistake."""
    more = '[list.columns]\nentry = "Seite"\nis_url = true\nreference = "Az"\ndelimiter = ";"\n'
    (record,) = read_catalog((GOOD.replace('"domains"', '"csv"') + more).encode())
    assert record.columns == Columns(entry="Seite", is_url=True, reference="Az", delimiter=";")
    assert [key for key, _, _ in _mistakes(GOOD + more)] == ["list[1].columns"]
    (found,) = _mistakes(GOOD.replace('"domains"', '"json"') + '[list.columns]\nentri = "x"\n')
    assert found[0] == "list[1].columns.entri"
    (found,) = _mistakes(GOOD.replace('"domains"', '"csv"') + '[list.columns]\ndelimiter = "#"\n')
    assert found[0] == "list[1].columns.delimiter"


KNOWN = """
[[list]]
id = "known-1"
fetched = false
title = "t"
issuer = "i"
country = "US"
legal_basis = "b"
kind = "authority"
licence = "l"
source = "https://a.example/x.txt"
format = "domains"
review_by = 2027-01-01
"""
PAGE = KNOWN.replace("list]]", "page]]").replace("fetched = false\n", "").replace('format = "domains"\n', "")


def test_known_lists_and_pages() -> None:
    """A list that was not fetched is known and not loaded; a page may have the id of the list that is made of it."""
    catalog = read_whole((KNOWN + GOOD + PAGE).encode())
    assert [record.id for record in catalog.lists] == ["court-1"]
    assert catalog.lists[0].place == 1
    (known,), (page,) = catalog.known, catalog.pages
    assert (known.id, known.format, known.updates, known.review_by) == ("known-1", "domains", True, date(2027, 1, 1))
    assert (page.id, page.digest, page.retrieved_at) == ("known-1", None, None)
    recorded = read_whole((PAGE + f'sha256 = "{"ab" * 32}"\nretrieved_at = 2026-01-02\n').encode()).pages[0]
    assert (recorded.digest, recorded.retrieved_at) == ("sha256:" + "ab" * 32, date(2026, 1, 2))


def test_what_only_bytes_bring_about() -> None:
    """A list that was not fetched has no file, and ids of lists and of pages stand once each."""
    assert [key for key, _, _ in _mistakes(KNOWN + 'file = "lists/x.txt"\n')] == ["list[1].file"]
    assert [key for key, _, _ in _mistakes(KNOWN + KNOWN + PAGE + PAGE)] == ["list[2].id", "page[2].id"]


@pytest.mark.parametrize(
    ("country", "kind", "meets"),
    [
        ("DE", "court", True),
        ("IS", "authority", True),
        ("EU", "authority", True),
        ("EU", "watch-list", False),
        ("DE", "community", False),
        ("US", "authority", False),
        ("GB", "court", False),
    ],
)
def test_what_meets_measure_1_2(country: str, kind: str, meets: bool) -> None:
    """Findings of courts and authorities of the EU and EEA, and nothing else."""
    text = GOOD.replace('"DE"', f'"{country}"').replace('kind = "court"', f'kind = "{kind}"')
    assert read_catalog(text.encode())[0].meets_measure is meets
