"""WARC records of what went over the wire: request and response pairs, and what stands in for them after a refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from crawler.provenance.leaf import time_text
from crawler.storage.entries import RecordDraft, WarcKind
from crawler.storage.revisits import NOT_MODIFIED, revisit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from crawler.network.exchange import Exchange
    from crawler.storage.stored_copies import Payload, StoredCopy

_NOT_MODIFIED = 304


def new_urn() -> str:
    """Name a record."""
    return uuid4().urn


def exchange_records(exchange: Exchange, kind: WarcKind, record_id: str) -> tuple[RecordDraft, ...]:
    """The response, whole as sent, and its request.

    The response comes first so that it lies where the row points; both name each other. ``record_id`` becomes the
    response's.
    """
    date = exchange.started_at or datetime.now(UTC)
    fields = connection_fields(exchange)
    if not exchange.is_body_complete:
        fields["WARC-Truncated"] = "length"
    response = RecordDraft(
        kind=kind,
        type="response",
        target_uri=exchange.url,
        date=date,
        record_id=record_id,
        content_type="application/http; msgtype=response",
        http_head=exchange.head,
        body=exchange.body_as_sent,
        payload_digest=exchange.payload_digest,
        fields=fields,
    )
    return (response, request_record(exchange, kind, date, record_id))


def unchanged_records(
    exchange: Exchange, record_id: str, copy: StoredCopy, payload: Payload, carriers: list[dict[str, Any]]
) -> tuple[RecordDraft, ...]:
    """A 304: its head as a revisit of the stored payload, what the decision was made of besides, and the request.

    The second one lies directly behind the first, so that whoever decides again needs no other crawl.
    """
    response, request = exchange_records(exchange, WarcKind.PAGES, record_id)
    told = {
        "crawl_id": payload.held.crawl_id,
        "record_id": payload.held.record_id,
        **_told_of(copy),
        "carriers": carriers,
    }
    stored = _json_record("metadata", exchange, new_urn(), told, kind=WarcKind.PAGES, concurrent_to=record_id)
    return (revisit(response, copy.digest, payload.held, profile=NOT_MODIFIED), stored, request)


def _told_of(copy: StoredCopy) -> dict[str, Any]:
    """The stored copy that a 304 is about."""
    return {
        "body_digest": copy.digest,
        "heads": [
            {
                "head": head.octets.decode("latin-1"),
                "status": head.status,
                "retrieved_at": time_text(head.retrieved_at),
            }
            for head in copy.heads
        ],
    }


def request_record(exchange: Exchange, kind: WarcKind, date: datetime, concurrent_to: str) -> RecordDraft:
    """The request as written."""
    return RecordDraft(
        kind=kind,
        type="request",
        target_uri=exchange.url,
        date=date,
        record_id=new_urn(),
        content_type="application/http; msgtype=request",
        http_head=exchange.request_head,
        concurrent_to=concurrent_to,
    )


def refusal_record(
    exchange: Exchange, record_id: str, carriers: list[dict[str, Any]], copy: StoredCopy | None = None
) -> RecordDraft:
    """What is kept of a response that was refused: head, the literal carriers, the digest of the body, no body.

    ``copy`` is what a 304 was about: its fields hold as well.
    """
    body: dict[str, Any] = {
        "head": exchange.head.decode("latin-1"),
        "request": exchange.request_head.decode("latin-1"),
        "status": exchange.status,
        "carriers": carriers,
        "body_digest": exchange.payload_digest if exchange.is_body_complete else None,
        "body_bytes": exchange.bytes_received,
        "stopped": None if exchange.stopped is None else exchange.stopped.code,
    }
    if copy is not None and exchange.status == _NOT_MODIFIED:
        body["stored"] = _told_of(copy)
    return _json_record("metadata", exchange, record_id, body)


def failure_record(exchange: Exchange, record_id: str) -> RecordDraft:
    """What is kept of a request that got no whole answer."""
    body = {
        "error": exchange.error,
        "detail": exchange.error_detail,
        "status": exchange.status,
        "head": exchange.head.decode("latin-1"),
        "request": exchange.request_head.decode("latin-1"),
        "bytes_received": exchange.bytes_received,
        "finished_at": exchange.finished_at.isoformat() if exchange.finished_at else None,
    }
    return _json_record("resource", exchange, record_id, body)


def _json_record(
    type_: str,
    exchange: Exchange,
    record_id: str,
    body: Mapping[str, Any],
    *,
    kind: WarcKind = WarcKind.EVIDENCE,
    concurrent_to: str | None = None,
) -> RecordDraft:
    """A JSON block."""
    return RecordDraft(
        kind=kind,
        type=type_,
        concurrent_to=concurrent_to,
        target_uri=exchange.url,
        date=exchange.started_at or datetime.now(UTC),
        record_id=record_id,
        content_type="application/json",
        body=json.dumps(body, sort_keys=True).encode(),
        fields=connection_fields(exchange),
    )


def connection_fields(exchange: Exchange) -> dict[str, str]:
    """Peer and protocol as WARC fields."""
    fields = {}
    if exchange.ip_address is not None:
        fields["WARC-IP-Address"] = exchange.ip_address
    if exchange.status is not None:
        spoken = "h2" if exchange.is_http2 else "http/1.1"
        fields["WARC-Protocol"] = spoken if exchange.tls_version is None else f"{spoken}, {exchange.tls_version}"
    if exchange.tls_cipher is not None:
        fields["WARC-Cipher-Suite"] = exchange.tls_cipher
    return fields
