"""WARC records as octets: what others read back, what never gets in, and how a cut file shows."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.errors import DamagedStateError
from crawler.storage.entries import WarcKind
from crawler.storage.layout import Folder
from crawler.storage.warc import clean_uri, clean_value, gzip_member, new_record_id, serialise, serialise_warcinfo
from crawler.storage.warc_files import WarcFile
from crawler.storage.warc_reading import RecordFiles, read_record, walk_members
from crawler.values.digest import sha256
from tests.storage.making import NOW, page_records, record_id

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.entries import RecordDraft

INFO = record_id("info")
DRAFT = page_records("http://a.test/x", b"<p>hello</p>")[0]


def record_of(draft: RecordDraft) -> bytes:
    """The record as one gzip member."""
    return gzip_member(serialise(draft, payload=draft.payload_digest, warcinfo_id=INFO))


def read_by_warcio(data: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    """Type, fields and payload of each record; raises where a digest does not match."""
    return [
        (record.rec_type, dict(record.rec_headers.headers), record.raw_stream.read())
        for record in ArchiveIterator(io.BytesIO(data), check_digests="raise")
    ]


@settings(max_examples=150)
@given(
    body=st.binary(max_size=3000), head=st.sampled_from([b"HTTP/1.1 200 OK\r\n\r\n", b""]), value=st.text(max_size=60)
)
def test_round_trip_by_warcio_and_by_ourselves(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, head: bytes, value: str
) -> None:
    """Any body and any field value: both readers give the same block back, and no field has been added."""
    draft = replace(DRAFT, http_head=head, body=body, payload_digest=sha256(body), fields={"WARC-Note": value})
    draft = replace(
        draft, content_type=draft.content_type if head else "text/plain", type="response" if head else "resource"
    )
    member = record_of(draft)
    ((kind, fields, payload),) = read_by_warcio(member)
    assert (kind, payload) == (draft.type, body)
    assert set(fields) == {
        "WARC-Type", "WARC-Record-ID", "WARC-Warcinfo-ID", "WARC-Date", "WARC-Target-URI", "WARC-Note",
        "WARC-Block-Digest", "WARC-Payload-Digest", "Content-Type", "Content-Length",
    }  # fmt: skip
    path = tmp_path_factory.mktemp("warc") / "x"
    path.write_bytes(b"before" + member + b"after")
    with Folder.descend(path.parent) as folder:
        record = read_record(folder, "x", 6, len(member))
    assert (record.http_head, record.body) == (head, body)


def test_fastwarc_reads_it_and_its_digests_match() -> None:
    """A second independent reader agrees on types, target and digests."""
    warc = pytest.importorskip("fastwarc.warc")
    data = gzip_member(serialise_warcinfo(record_id=INFO, filename="x", date=NOW, fields={"software": "x"}))
    data += b"".join(record_of(draft) for draft in page_records("http://a.test/x", b"body" * 1000))
    records = []
    for record in warc.ArchiveIterator(io.BytesIO(data), parse_http=False):
        record.freeze()
        records.append((record.headers["WARC-Type"], record.headers.get("WARC-Target-URI")))
        assert record.headers["WARC-Block-Digest"] == sha256(record.reader.read())
    assert records == [("warcinfo", None), ("response", "http://a.test/x"), ("request", "http://a.test/x")]


@pytest.mark.parametrize(
    "text", ["a\r\nWARC-Type: request", "a\nb", "a\x00b", "a\x7fb", "a\x85b", "a\u2028b", "a\ud800b", "\r\n\r\n"]
)
def test_control_characters_are_percent_encoded(text: str) -> None:
    """R5.4: nothing in a value or a URI can end the field."""
    for cleaned in (clean_value(text), clean_uri(text)):
        assert cleaned.isprintable()
        assert "%" in cleaned
    data = serialise(replace(DRAFT, target_uri=text, fields={"WARC-Note": text}), payload=None, warcinfo_id=INFO)
    assert data.count(b"WARC-Type") == 1 + 2 * text.count("WARC-Type")
    assert data.partition(b"\r\n\r\n")[0].count(b"\r\n") == 9


def test_a_canonical_url_is_written_as_it_is() -> None:
    """The exact URL is the record's target: look-ups depend on it."""
    url = "https://xn--bcher-kva.test:8443/a%20b/%E2%82%AC?q=%0D%0A;x=[1]|2"
    assert clean_uri(url) == url


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "warcinfo"}, {"type": "response\r\nX: y"}, {"record_id": "x"}, {"record_id": f"<{record_id('x')}>"},
        {"concurrent_to": "urn:uuid:1"}, {"fields": {"a b": "c"}}, {"fields": {"WARC-Type": "request"}},
        {"fields": {"content-length": "0"}}, {"fields": {"": "x"}},
    ],
)  # fmt: skip
def test_what_we_never_write_is_refused(changes: dict) -> None:
    """Types, ids and names come from us: a wrong one is a fault, not something to clean."""
    with pytest.raises(ValueError, match="WARC"):
        serialise(replace(DRAFT, **changes), payload=None, warcinfo_id=INFO)


def test_payload_digest_only_where_it_is_defined() -> None:
    """A metadata or request record has no payload digest of its own."""
    data = serialise(replace(DRAFT, type="metadata", payload_digest=None), payload=None, warcinfo_id=INFO)
    assert b"WARC-Payload-Digest" not in data


def write_file(folder: Folder, count: int) -> WarcFile:
    """A sealed file of that many records."""
    file = WarcFile(folder, "w0-pages-000001.warc.gz", warcinfo_id=INFO)
    file.create()
    for number in range(count):
        draft = replace(
            DRAFT,
            record_id=new_record_id(),
            body=random.Random(number).randbytes(700),  # noqa: S311 - repeatable, not secret
            payload_digest=None,
        )
        file.append(gzip_member(serialise(draft, payload=None, warcinfo_id=INFO)))
    file.seal()
    return file


def test_the_walk_finds_every_cut(tmp_path: Path) -> None:
    """WARC readers pass over a cut file in silence; the walk over the members to the committed length does not."""
    with Folder.descend(tmp_path) as folder:
        file = write_file(folder, 30)
        members = list(walk_members(folder, file.name, file.position))
        assert len(members) == 30
        assert sum(member.length for member in members) == file.position
        whole = (tmp_path / file.name).read_bytes()
        chosen = random.Random(5)  # noqa: S311 - repeatable, not secret
        for _ in range(60):
            (tmp_path / file.name).write_bytes(whole[: chosen.randrange(len(whole))])
            with pytest.raises(DamagedStateError, match="w0-pages"):
                list(walk_members(folder, file.name, file.position))


def test_every_flipped_bit_in_a_record_is_found(tmp_path: Path) -> None:
    """Reading one record checks its frame, its length and its digest."""
    with Folder.descend(tmp_path) as folder:
        file = write_file(folder, 2)
        first, second = walk_members(folder, file.name, file.position)
        whole = (tmp_path / file.name).read_bytes()
        good = read_record(folder, file.name, second.offset, second.length)
        chosen = random.Random(6)  # noqa: S311 - repeatable, not secret
        for _ in range(200):
            changed = bytearray(whole)
            place = chosen.randrange(second.offset, file.position)
            changed[place] ^= 1 << chosen.randrange(8)
            (tmp_path / file.name).write_bytes(changed)
            try:
                # Time and system in the gzip header are no part of the record.
                assert read_record(folder, file.name, second.offset, second.length) == good
                assert second.offset <= place < second.offset + 10
            except DamagedStateError:
                pass
        for offset, length in ((first.offset, file.position), (first.offset + 1, first.length), (file.position, 5)):
            with pytest.raises(DamagedStateError):
                read_record(folder, file.name, offset, length)
        with pytest.raises(DamagedStateError, match="cannot be read"):
            read_record(folder, "absent", 0, 1)


@settings(max_examples=40)
@given(order=st.lists(st.integers(0, 11), max_size=40), is_sorted=st.booleans())
def test_records_in_any_order(tmp_path_factory: pytest.TempPathFactory, order: list[int], is_sorted: bool) -> None:
    """Read ahead or not, forwards, backwards or twice: each place gives the record that lies there, or none."""
    bodies = [bytes([number]) * random.Random(number).choice([0, 40, 300_000]) for number in range(12)]  # noqa: S311 - no secret
    drafts = [replace(DRAFT, body=body, payload_digest=sha256(body)) for body in bodies]
    members = [record_of(draft) for draft in drafts]
    path = tmp_path_factory.mktemp("warc") / "x"
    path.write_bytes(b"".join(members))
    with Folder.descend(path.parent) as folder:
        files = RecordFiles(folder)
        for number in sorted(order) if is_sorted else order:
            offset, length = sum(map(len, members[:number])), len(members[number])
            assert files.read("x", offset, length).body == bodies[number]
            with pytest.raises(DamagedStateError):
                files.read("x", offset, length - 1)
        with pytest.raises(DamagedStateError):
            files.read("x", path.stat().st_size - 1, 2)
        files.close()


def test_files_are_made_private_and_never_through_a_link(tmp_path: Path) -> None:
    """R7.3: mode 0600, and a link in our folder is refused instead of followed."""
    with Folder.descend(tmp_path) as folder:
        file = write_file(folder, 1)
        assert (tmp_path / file.name).stat().st_mode & 0o777 == 0o600
        (tmp_path / "link").symlink_to(tmp_path / file.name)
        with pytest.raises(OSError, match="symbolic"):
            folder.read("link")


def test_kinds_have_names_of_their_own() -> None:
    """Pages and evidence never share a file."""
    assert {kind.value for kind in WarcKind} == {"pages", "evidence"}
