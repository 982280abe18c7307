"""Reads a crawl folder as a stranger would and checks the invariants of reliability section 8 against it.

Nothing here imports the product: Parquet by pyarrow, the journal by sqlite3, WARC records by zlib.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of the journal."""

    number: int
    url: str
    outcome: str
    detail: str
    is_page: bool
    replies: int
    """Records of answers."""
    failures: int
    """Records of other kinds: no whole answer came."""

    @property
    def is_answered(self) -> bool:
        """Whether the server answered; further hops of a site file have their records with the first attempt."""
        return self.replies > 0 or (not self.is_page and self.outcome == "ok" and not self.failures)

    @property
    def is_open(self) -> bool:
        """Whether the server may have seen it or not."""
        return not self.is_answered and (self.outcome in {"interrupted", "failed"} or self.failures > 0)


@dataclass(frozen=True, slots=True)
class Record:
    """One WARC record."""

    file: str
    offset: int
    length: int
    fields: dict[str, str]
    block: bytes

    @property
    def payload(self) -> bytes:
        """Body of an HTTP message."""
        return self.block.split(b"\r\n\r\n", 1)[1]


def rows_of(out: Path) -> list[dict[str, Any]]:
    """All rows of all visible segments."""
    rows: list[dict[str, Any]] = []
    for path in sorted((out / "manifest").glob("*.parquet")):
        rows += pq.read_table(path, page_checksum_verification=True).to_pylist()
    return rows


def by_url(out: Path) -> dict[str, dict[str, Any]]:
    """Rows by URL; fails where a URL has two."""
    rows = rows_of(out)
    found = {row["url"]: row for row in rows}
    assert len(found) == len(rows), [url for url, n in Counter(row["url"] for row in rows).items() if n > 1]
    return found


def kept(out: Path) -> set[str]:
    """URLs of pages that were kept; hops are not pages."""
    return {row["url"] for row in rows_of(out) if row["verdict"] == "allow" and row["reason"] != "redirect"}


def crawl_file(out: Path) -> dict[str, Any]:
    """Content of crawl.json."""
    found: dict[str, Any] = json.loads((out / "crawl.json").read_bytes())
    return found


def workers_of(out: Path) -> list[str]:
    """Names of all workers that have a state."""
    return sorted(path.parent.name for path in (out / "state").glob("*/state.db"))


def journal(out: Path, worker: str = "w0") -> sqlite3.Connection:
    """Open a worker's journal to read."""
    return sqlite3.connect(f"file:{out / 'state' / worker / 'state.db'}?mode=ro", uri=True)


def attempts_of(out: Path) -> list[Attempt]:
    """All attempts of all workers, those of one worker in order."""
    return [attempt for worker in workers_of(out) for attempt in attempts_by(out, worker)]


def attempts_by(out: Path, worker: str) -> list[Attempt]:
    """All attempts of one worker, in order."""
    connection = journal(out, worker)
    try:
        return [
            Attempt(number, url, outcome, detail or "", bool(is_page), replies, failures)
            for number, url, outcome, detail, is_page, replies, failures in connection.execute(
                "SELECT a.id, coalesce(f.url, target), outcome, detail, frontier_id IS NOT NULL,"
                " (SELECT count(*) FROM records WHERE attempt_id = a.id AND type NOT IN ('request', 'resource')),"
                " (SELECT count(*) FROM records WHERE attempt_id = a.id AND type = 'resource')"
                " FROM attempts a LEFT JOIN frontier f ON f.id = frontier_id ORDER BY a.id"
            )
        ]
    finally:
        connection.close()


def pending_rows(out: Path) -> list[str]:
    """URLs whose row is committed and in no segment yet."""
    connection = journal(out)
    try:
        found = connection.execute("SELECT data FROM pending WHERE is_row").fetchall()
    finally:
        connection.close()
    return [json.loads(data)["body"]["url"] for (data,) in found]


def members(path: Path, size: int | None = None) -> Iterator[tuple[int, int, bytes]]:
    """Gzip members of a WARC: offset, length, content; raises where the last one is cut."""
    data = path.read_bytes()[:size]
    at = 0
    while at < len(data):
        unpacker = zlib.decompressobj(31)
        content = unpacker.decompress(data[at:])
        assert unpacker.eof, f"{path} is cut at {at}"
        length = len(data) - at - len(unpacker.unused_data)
        yield at, length, content
        at += length


def parse_record(file: str, offset: int, length: int, content: bytes) -> Record:
    """Split a record and check its block digest."""
    head, _, rest = content.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "WARC/1.1"
    fields = dict(line.split(": ", 1) for line in lines[1:])
    block = rest[: int(fields["Content-Length"])]
    assert rest[len(block) :] == b"\r\n\r\n"
    assert matches(fields["WARC-Block-Digest"], block)
    return Record(file, offset, length, fields, block)


def matches(digest: str, content: bytes) -> bool:
    """Whether a digest with its algorithm, hexadecimal or base32, is that of the content."""
    algorithm, _, value = digest.partition(":")
    made = hashlib.new(algorithm, content).digest()
    return value.lower() == made.hex() or value == base64.b32encode(made).decode()


def records_of(out: Path, kind: str = "*") -> Iterator[Record]:
    """All records of finished WARC files."""
    for path in sorted((out / "warc").glob(f"*-{kind}-*.warc.gz")):
        for offset, length, content in members(path):
            yield parse_record(f"warc/{path.name}", offset, length, content)


def check_visible(out: Path) -> int:
    """I3: every visible Parquet and closed WARC opens; answer how many files that were."""
    count = 0
    for path in (out / "manifest").glob("*.parquet"):
        pq.read_table(path, page_checksum_verification=True)
        count += 1
    for path in (out / "warc").glob("*.warc.gz"):
        for offset, length, content in members(path):
            parse_record(path.name, offset, length, content)
        count += 1
    for path in (out / "index").glob("*.cdxj.gz"):
        zlib.decompress(path.read_bytes(), 31)
        count += 1
    return count


def _check_index(out: Path, records: Mapping[tuple[str, int], Record]) -> None:
    """Each line of the index leads to a record with a body, or is marked as a repeat, as WARC tools expect."""
    for path in (out / "index").glob("*.cdxj.gz"):
        for line in zlib.decompress(path.read_bytes(), 31).decode().splitlines():
            entry = json.loads(line.split(" ", 2)[2])
            record = records[entry["filename"], int(entry["offset"])]
            is_repeat = record.fields["WARC-Type"] == "revisit"
            assert (entry.get("mime") == "warc/revisit") == is_repeat, line


def check_rows(out: Path) -> list[dict[str, Any]]:
    """Design section 3: one row a URL, with policy, reason and evidence; ALLOW and record belong together."""
    rows = list(by_url(out).values())
    records = {(one.file, one.offset): one for one in records_of(out)}
    _check_index(out, records)
    asked = {entry["body"]["origin"]: entry for entry in log_entries(out) if entry["type"] == "robots"}
    for row in rows:
        place = (row["warc_filename"], row["warc_record_offset"])
        about = f"{row['url']}: {row['verdict']} {row['reason']}"
        assert row["policy_digest"].startswith("sha256:"), about
        assert row["lists_digest"].startswith("sha256:"), about
        assert row["reason"], about
        assert row["reasons"][0] == row["reason"], about
        assert (row["verdict"] == "allow") <= (row["warc_filename"] is not None), about
        assert (row["verdict"] != "allow") <= (row["bytes_retained"] == 0), about
        if row["warc_filename"] is not None:
            record = records[place]
            assert record.length == row["warc_record_length"], about
            assert row["verdict"] != "allow" or "-pages-" in place[0], about
            if row["verdict"] == "allow" and record.fields["WARC-Type"] == "response":
                assert matches(row["content_digest"], record.payload), about
                assert record.fields["WARC-Payload-Digest"] == row["content_digest"], about
        elif row["stage"] == "before_fetch" and row["reason"].startswith("robots_"):
            assert row["robots_status"], about
            assert any(row["url"].startswith(origin + "/") for origin in asked), about
    allowed = {(row["warc_filename"], row["warc_record_offset"]) for row in rows if row["verdict"] == "allow"}
    for place, record in records.items():
        if record.fields["WARC-Type"] in {"response", "revisit"} and "-pages-" in record.file:
            assert place in allowed, f"a page body without an ALLOW row: {record.fields}"
    return rows


def log_entries(out: Path) -> list[dict[str, Any]]:
    """Entries of the published evidence log."""
    entries: list[dict[str, Any]] = []
    for path in sorted((out / "log").glob("*.jsonl.gz")):
        entries += map(json.loads, zlib.decompress(path.read_bytes(), 31).splitlines())
    return entries


def check_requests(out: Path, asked: Iterable[str]) -> None:
    """I6, R2.1: each request that the server saw is an attempt, and each answered attempt was seen by the server."""
    seen = Counter(asked)
    answered: Counter[str] = Counter()
    possible: Counter[str] = Counter()
    for attempt in attempts_of(out):
        answered[attempt.url] += attempt.is_answered
        possible[attempt.url] += attempt.is_open
    for url in seen | answered:
        assert seen[url] <= answered[url] + possible[url], f"{url}: {seen[url]} requests without an attempt"
        assert answered[url] <= seen[url], f"{url}: {answered[url]} attempts, {seen[url]} requests"
