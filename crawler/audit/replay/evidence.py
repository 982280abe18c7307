"""What a row's record shows of the response: read by the same functions as in the crawl, or the error that ended it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute

from crawler.audit.replay.state import UnreplayableError
from crawler.errors import DamagedStateError
from crawler.manifest_stores import read_manifest_store
from crawler.policy.carriers import carriers_from_json
from crawler.policy.response import Head, current, see_body, see_carriers, see_head, see_lookups
from crawler.storage.revisits import NOT_MODIFIED
from crawler.values.coding import codings_of, decode
from crawler.values.digest import Digest, sha256
from crawler.values.http_head import head_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.policy.document import CrawlPolicy
    from crawler.policy.response import Seen
    from crawler.storage.reading import CrawlReader
    from crawler.storage.warc_reading import StoredRecord
    from crawler.values.url import Url

    Row = Mapping[str, Any]

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")
_BODY_CARRIERS = frozenset({"html_head", "media_file"})
_LOST = partial(UnreplayableError, "record_lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response that was read."""

    head: Head
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request that got no whole answer."""

    code: str
    detail: str


class Records:
    """The records of one crawl folder."""

    def __init__(self, reader: CrawlReader, others: Sequence[CrawlReader] = ()) -> None:
        """``others`` are looked through for payloads that ``reader`` names and does not hold."""
        self._reader = reader
        self._others = others
        self._payloads: dict[str, tuple[CrawlReader, tuple[str, int, int]]] | None = None

    def of(self, row: Row) -> StoredRecord:
        """The record of a row, checked against it. Raises ``UnreplayableError``."""
        try:
            record = self._reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
        except DamagedStateError as error:
            raise _LOST(str(error)) from error
        if record.fields.get("WARC-Record-ID") != row["record_id"]:
            raise _LOST(f"{_place(row)}: the record is {record.fields.get('WARC-Record-ID')}, not {row['record_id']}")
        return record

    def read(self, url: Url, row: Row, record: StoredRecord, policy: CrawlPolicy) -> Response | Failure:
        """Read what the record shows. Raises ``UnreplayableError`` where it does not fit the row."""
        try:
            if record.type == "resource":
                told = json.loads(record.body)
                return Failure(code=str(told["error"]), detail=str(told["detail"]))
            if record.type == "metadata":
                return _refused(url, row, json.loads(record.body), policy)
            if record.fields.get("WARC-Profile") == NOT_MODIFIED:
                return self._unchanged(url, row, record, policy)
            return self._kept(url, row, record, policy)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _LOST(f"{_place(row)}: the record does not hold what was written: {error!r}") from error

    def _kept(self, url: Url, row: Row, record: StoredRecord, policy: CrawlPolicy) -> Response:
        head = _head(url, record.http_head, row["fetch_time"])
        as_sent = self._payload(row, record) if record.type == "revisit" else record.body
        digest = sha256(as_sent)
        if row["content_digest"] is not None and digest != row["content_digest"]:
            raise _LOST(f"{_place(row)}: the body is not {row['content_digest']}")
        seen = see_head(head, chain=row["redirect_chain"], redirects=policy.limits.redirects)
        body = _decoded(head, as_sent, policy.limits.page_bytes)
        seen = see_body(
            seen,
            head,
            body,
            as_sent=as_sent,
            limits=policy.limits,
            digest=digest,
            read_store=read_manifest_store,
            lookups=policy.lookups,
        )
        return Response(head=head, seen=seen)

    def _unchanged(self, url: Url, row: Row, record: StoredRecord, policy: CrawlPolicy) -> Response:
        """A 304: the record behind it tells of the stored copy, so that no other crawl is needed."""
        end = row["warc_record_offset"] + row["warc_record_length"]
        try:
            told = json.loads(self._reader.record_at(row["warc_filename"], end).body)
        except DamagedStateError as error:
            raise _LOST(str(error)) from error
        head = _head(url, record.http_head, row["fetch_time"])
        stored = _stored(url, told)
        seen = see_head(head, chain=row["redirect_chain"], redirects=policy.limits.redirects, stored=stored)
        held, digest = current(head, stored), Digest(told["body_digest"])
        if policy.lookups:
            seen = see_lookups(seen, held, digest, policy.lookups)
        return Response(head=head, seen=see_carriers(seen, held, carriers_from_json(told["carriers"]), digest))

    def _payload(self, row: Row, record: StoredRecord) -> bytes:
        """Body of a payload that another record holds."""
        digest = record.fields.get("WARC-Payload-Digest", "")
        found = self._places().get(digest)
        if found is None and row["payload_crawl_id"] is not None:
            detail = f"{_place(row)}: the body {digest} is in the crawl {row['payload_crawl_id']}; give its folder too"
            raise UnreplayableError("payload_elsewhere", detail)
        if found is None:
            raise _LOST(f"{_place(row)}: no record in this folder holds the payload {digest}")
        reader, place = found
        try:
            return reader.record(*place).body
        except DamagedStateError as error:
            raise _LOST(str(error)) from error

    def _places(self) -> dict[str, tuple[CrawlReader, tuple[str, int, int]]]:
        """Where payloads lie that more than one row names; read at the first revisit."""
        if self._payloads is None:
            self._payloads = {}
            for reader in (*reversed(self._others), self._reader):
                self._payloads.update((digest, (reader, place)) for digest, place in _payloads_of(reader).items())
        return self._payloads


def _payloads_of(reader: CrawlReader) -> dict[str, tuple[str, int, int]]:
    """Digest to the place of the record that holds it."""
    found: dict[str, tuple[str, int, int]] = {}
    field = pyarrow.compute.field
    columns = ["content_digest", "warc_filename", "warc_record_offset", "warc_record_length", "bytes_retained"]
    condition = (field("bytes_retained") > 0) & field("warc_filename").is_valid()
    for one in reader.dataset().to_table(columns=columns, filter=condition).to_pylist():
        digest, place = (
            one["content_digest"],
            (one["warc_filename"], one["warc_record_offset"], one["warc_record_length"]),
        )
        # Of the records of one payload the longest holds it; the others are revisits.
        if digest is not None and place[2] > found.get(digest, ("", 0, 0))[2]:
            found[digest] = place
    return found


def _refused(url: Url, row: Row, told: Mapping[str, Any], policy: CrawlPolicy) -> Response:
    """A response whose body was not kept."""
    head = _head(url, told["head"].encode("latin-1"), row["fetch_time"])
    copy = told.get("stored")
    stored = [] if copy is None else _stored(url, copy)
    seen = see_head(head, chain=row["redirect_chain"], redirects=policy.limits.redirects, stored=stored)
    kept = carriers_from_json(told["carriers"])
    digest = told["body_digest"] if copy is None else copy["body_digest"]
    held = current(head, stored) if stored else head
    is_read = kept.page is not None or kept.embedded is not None
    has_body = told["stopped"] is None and digest is not None and (is_read or told["body_bytes"] > 0)
    if policy.lookups and has_body and seen.redirect is None:
        seen = see_lookups(seen, held, Digest(digest), policy.lookups)
    if is_read:
        seen = see_carriers(seen, held, kept, Digest(digest or sha256(b"")))
    elif any(one.carrier in _BODY_CARRIERS and one.source_url == url.text for one in row["statements"]):
        raise UnreplayableError("carrier_not_kept", f"{_place(row)}: what was read of the body is not in the record")
    return Response(head=head, seen=seen)


def _stored(url: Url, copy: Mapping[str, Any]) -> list[Head]:
    """Heads of the copy that a 304 is about, newest first."""
    return [_head(url, one["head"].encode("latin-1"), one["retrieved_at"]) for one in copy["heads"]]


def _head(url: Url, octets: bytes, retrieved_at: datetime | str) -> Head:
    status = _STATUS.match(octets)
    if status is None:
        raise ValueError("no status line")
    moment = datetime.fromisoformat(retrieved_at) if isinstance(retrieved_at, str) else retrieved_at
    return Head(url=url, status=int(status[1]), fields=head_fields(octets), digest=sha256(octets), retrieved_at=moment)


def _decoded(head: Head, as_sent: bytes, limit: int) -> bytes:
    codings = codings_of(value for name, value in head.fields if name.lower() == b"content-encoding")
    if not codings or not as_sent:
        return as_sent
    decoded = decode(as_sent, codings, limit)
    if decoded.code is not None:
        raise ValueError(f"the body cannot be decoded: {decoded.detail}")
    return decoded.body


def _place(row: Row) -> str:
    return f"{row['warc_filename']} at {row['warc_record_offset']}"
