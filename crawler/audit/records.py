"""The WARC record of a row, compared with what the row says about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.kept import warc_place
from crawler.errors import DamagedStateError
from crawler.storage.revisits import NOT_MODIFIED
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.storage.reading import CrawlReader
    from crawler.storage.warc_reading import StoredRecord
    from crawler.values.url import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck:
    """What looking at the record came to."""

    place: str | None
    """File and octets; ``None`` where the row has no record."""
    digests: frozenset[str]
    """Of everything in the record from which a statement can have been read: head, body, body that was not kept."""
    problems: tuple[str, ...]


def check_record(reader: CrawlReader, url: Url, row: Mapping[str, Any]) -> RecordCheck:
    """Read the record of a row and compare its id, URL and digests; never raises."""
    if row["warc_filename"] is None:
        is_missing = row["verdict"] == "allow" and row["erased_at"] is None
        return RecordCheck(place=None, digests=frozenset(), problems=("kept without a record",) if is_missing else ())
    name, offset, length = row["warc_filename"], row["warc_record_offset"], row["warc_record_length"]
    place = warc_place(name, offset, length)
    try:
        record = reader.record(name, offset, length)
        digests = _digests(record)
        if record.fields.get("WARC-Profile") == NOT_MODIFIED:
            digests |= _stored_heads(reader.record_at(name, offset + length))
    except (DamagedStateError, ValueError, KeyError) as error:
        return RecordCheck(place=place, digests=frozenset(), problems=(str(error),))
    problems = []
    if record.fields.get("WARC-Record-ID") != row["record_id"]:
        problems.append(f"{place}: the record is {record.fields.get('WARC-Record-ID')}, not {row['record_id']}")
    if record.target_uri != url.text:
        problems.append(f"{place}: the record is about {record.target_uri}")
    if row["content_digest"] is not None and row["content_digest"] not in digests:
        problems.append(f"{place}: the body's digest is not {row['content_digest']}")
    return RecordCheck(place=place, digests=digests, problems=tuple(problems))


def _stored_heads(record: StoredRecord) -> frozenset[str]:
    """Digests of the heads that held besides that of a 304, from the record behind it. Raises ValueError, KeyError."""
    return frozenset(sha256(str(one["head"]).encode("latin-1")) for one in json.loads(record.body)["heads"])


def _digests(record: StoredRecord) -> frozenset[str]:
    """Raises ValueError where a record of ours holds something else than was written."""
    if record.http_head:
        found = {sha256(record.http_head), record.fields.get("WARC-Payload-Digest") or sha256(record.body)}
        return frozenset(found if record.type == "revisit" else found | {sha256(record.body)})
    told = json.loads(record.body)
    found = {sha256(str(told["head"]).encode("latin-1"))}
    if told.get("body_digest") is not None:
        found.add(str(told["body_digest"]))
    return frozenset(found)
