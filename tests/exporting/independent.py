"""The same documents by another way: warcio reads the WARC files and undoes codings, DuckDB reads the manifest."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import brotli
import duckdb
from warcio.archiveiterator import ArchiveIterator

if TYPE_CHECKING:
    from pathlib import Path


def documents(*crawls: Path) -> dict[str, bytes]:
    """Record id to body, content codings undone, of every kept row that is no redirect."""
    responses: dict[str, bytes] = {}
    repeats: dict[str, str] = {}
    for crawl in crawls:
        for path in sorted((crawl / "warc").glob("*-pages-*.warc.gz")):
            with path.open("rb") as file:
                for record in ArchiveIterator(file):
                    name = record.rec_headers["WARC-Record-ID"].strip("<>")
                    if record.rec_type == "revisit":
                        repeats[name] = record.rec_headers["WARC-Refers-To"].strip("<>")
                    elif record.rec_type == "response":
                        responses[name] = _body(record)
    found = {}
    for crawl in crawls:
        for name in _kept(crawl):
            found[name] = responses.get(name) or responses[repeats.get(name, name)]
    return found


def _body(record: Any) -> bytes:
    """Undo the content coding; warcio's own way with brotli does not fit the brotli that is installed."""
    sent = record.raw_stream.read()
    undo = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}
    body: bytes = undo[record.http_headers.get_header("Content-Encoding")](sent)
    return body


def _kept(crawl: Path) -> list[str]:
    if not any((crawl / "manifest").iterdir()):
        return []
    query = (
        "SELECT record_id FROM read_parquet(?) WHERE verdict = 'allow' AND purpose = 'ai_training'"
        " AND fetch_redirect IS NULL AND erased_at IS NULL"
    )
    with duckdb.connect() as connection:
        return [name for (name,) in connection.execute(query, [f"{crawl}/manifest/*.parquet"]).fetchall()]


def exported(out: Path, format_name: str) -> list[tuple[str, bytes]]:
    """Record id and content of every document of an export with raw bodies, in order."""
    readers: dict[str, Any] = {"parquet": _parquet, "jsonl": _jsonl, "warc": _warc}
    found: list[tuple[str, bytes]] = readers[format_name](out)
    return found


def _parquet(out: Path) -> list[tuple[str, bytes]]:
    with duckdb.connect() as connection:
        query = (
            "SELECT record_id, content FROM read_parquet(?, file_row_number = true) ORDER BY filename, file_row_number"
        )
        return [(name, bytes(body)) for name, body in connection.execute(query, [f"{out}/data/*.parquet"]).fetchall()]


def _jsonl(out: Path) -> list[tuple[str, bytes]]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        query = "SELECT record_id, from_base64(content_base64) FROM read_json(?, maximum_object_size = 100000000)"
        return [(name, bytes(body)) for name, body in connection.execute(query, [f"{out}/data/*.jsonl.gz"]).fetchall()]


def _warc(out: Path) -> list[tuple[str, bytes]]:
    found = []
    for path in sorted((out / "data").glob("*.warc.gz")):
        with path.open("rb") as file:
            found += [
                (record.rec_headers["WARC-Record-ID"].strip("<>"), _body(record))
                for record in ArchiveIterator(file, check_digests="raise")
                if record.rec_type == "response"
            ]
    return found
