"""CDXJ lines (SURT key, 14-digit time, JSON) for page records, so that WARC tools find them by URL."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from isal import isal_zlib

from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

_GZIP = 31
_LEVEL = 2
_ALLOW = "allow"
_FIELDS = {
    "url": "url",
    "mime": "content_mime_type",
    "status": "fetch_status",
    "digest": "content_digest",
    "length": "warc_record_length",
    "offset": "warc_record_offset",
    "filename": "warc_filename",
}
_COLUMNS = ["verdict", "url_surtkey", "fetch_time", "decided_at", "bytes_retained", *_FIELDS.values()]
_REVISIT = "warc/revisit"
"""What WARC tools expect as ``mime`` where the record repeats the body of another one."""
_BODILESS = frozenset({None, sha256(b"")})
_NOT_MODIFIED = 304


def index_lines(table: pa.Table) -> list[str]:
    """Lines of the rows that keep a page; other rows have none."""
    # In Python: a comparison with a Python value would make Arrow import pandas, where there is one.
    rows = table.select(_COLUMNS).to_pylist()
    return [_line(row) for row in rows if row["verdict"] == _ALLOW and row["warc_filename"] is not None]


def _is_revisit(row: Mapping[str, Any]) -> bool:
    """Whether the record of a kept row repeats a body; an empty one does so only where the server answered 304."""
    if row["bytes_retained"]:
        return False
    return row["fetch_status"] == _NOT_MODIFIED or row["content_digest"] not in _BODILESS


def _line(row: Mapping[str, Any]) -> str:
    moment = row["fetch_time"] or row["decided_at"]
    values = {field: row[column] for field, column in _FIELDS.items()}
    if _is_revisit(row):
        values["mime"] = _REVISIT
    kept = {field: str(value) for field, value in values.items() if value is not None}
    return f"{row['url_surtkey']} {moment:%Y%m%d%H%M%S} {json.dumps(kept)}"


def index_file(lines: Iterable[str]) -> bytes:
    """Sorted by octets, one gzip member."""
    text = b"".join(sorted(line.encode() + b"\n" for line in lines))
    return bytes(isal_zlib.compress(text, _LEVEL, _GZIP))


def read_index(data: bytes) -> list[tuple[str, str, dict[str, str]]]:
    """Key, time and fields of each line. Raises ValueError for a damaged file."""
    try:
        text = gzip.decompress(data).decode()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"no index: {error}") from error
    entries = []
    for line in text.splitlines():
        key, moment, fields = line.split(" ", 2)
        entries.append((key, moment, json.loads(fields)))
    return entries
