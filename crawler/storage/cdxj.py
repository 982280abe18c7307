"""CDXJ lines (SURT key, 14-digit time, JSON) for page records, so that WARC tools find them by URL."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_GZIP = 31
_LEVEL = 2
_DIGITS = str.maketrans("", "", "-:TZ")


def index_line(row: Mapping[str, Any]) -> str | None:
    """Line of a row that keeps a page, made of the leaf's body; ``None`` for any other row."""
    if row["verdict"] != "allow" or row["warc_filename"] is None:
        return None
    moment = (row["fetch_time"] or row["decided_at"])[:19].translate(_DIGITS)
    value = {
        "url": row["url"],
        "mime": row["content_mime_type"],
        "status": None if row["fetch_status"] is None else str(row["fetch_status"]),
        "digest": row["content_digest"],
        "length": str(row["warc_record_length"]),
        "offset": str(row["warc_record_offset"]),
        "filename": row["warc_filename"],
    }
    kept = {name: text for name, text in value.items() if text is not None}
    return f"{row['url_surtkey']} {moment} {json.dumps(kept, ensure_ascii=True)}"


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
