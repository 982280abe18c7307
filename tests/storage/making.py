"""Values for the storage tests: rows, pages and outcomes of a made-up site."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_URL, uuid5

from crawler.provenance.row import COLUMN_NAMES, ManifestRow
from crawler.storage.entries import (
    AttemptOutcome,
    NewUrl,
    Outcome,
    RecordDraft,
    RunInfo,
    SiteFileEntry,
    UrlState,
    Via,
    WarcKind,
)
from crawler.values.digest import sha256
from crawler.values.url import CanonicalUrl

if TYPE_CHECKING:
    from crawler.storage.entries import (
        Claim,
    )

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
RUN = RunInfo(
    operator="Example Ltd",
    product_token="ExampleBot",  # noqa: S106 - a crawler's name
    purpose="ai_training",
    user_agent="ExampleBot/1.0 (+https://example.test/bot)",
    software="clearcrawl/test",
    name="test",
    details={"policy_digest": "sha256:00"},
)
_HINTS = get_type_hints(ManifestRow)


def row(url: str, **columns: Any) -> ManifestRow:
    """A row whose unnamed columns are absent, or a plain value of their type."""
    return ManifestRow(**{name: _value(_HINTS[name]) for name in COLUMN_NAMES} | {"url": url} | columns)


def _value(hint: Any) -> Any:
    if type(None) in get_args(hint):
        return None
    if get_origin(hint) is list:
        return []
    return {str: "x", int: 0, bool: False, datetime: NOW}[hint]


def new(url: str, lane: str = "example.test", **fields: Any) -> NewUrl:
    """A URL to be put into the frontier."""
    values = {"depth": 0, "via": Via.SEED, "discovered_at": NOW} | fields
    return NewUrl(url=CanonicalUrl(url), lane=lane, **values)


def record_id(text: str) -> str:
    """The same record id for the same text."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, text)}"


def page_records(url: str, body: bytes, *, tag: str = "") -> tuple[RecordDraft, ...]:
    """Request and response of a page."""
    response = record_id(f"response {url} {tag}")
    return (
        RecordDraft(
            kind=WarcKind.PAGES, type="response", target_uri=url, date=NOW, record_id=response,
            content_type="application/http; msgtype=response",
            http_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", body=body, payload_digest=sha256(body),
            fields={"WARC-IP-Address": "192.0.2.1"},
        ),
        RecordDraft(
            kind=WarcKind.PAGES, type="request", target_uri=url, date=NOW, record_id=record_id(f"request {url} {tag}"),
            content_type="application/http; msgtype=request", concurrent_to=response,
            http_head=b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n",
        ),
    )  # fmt: skip


def allowed(claim: Claim, body: bytes, *links: NewUrl, crawl_id: str = "test") -> Outcome:
    """A page that was fetched and kept."""
    return Outcome(
        claim=claim, attempt=AttemptOutcome.OK, state=UrlState.DONE, records=page_records(claim.new.url, body),
        row=row(
            claim.new.url, crawl_id=crawl_id, verdict="allow", bytes_fetched=len(body), bytes_retained=len(body),
            content_digest=sha256(body), fetch_time=NOW, fetch_status=200, content_mime_type="text/html",
            url_surtkey=f"surt-{claim.frontier_id}", record_id=record_id(f"response {claim.new.url} "),
        ),
        links=links,
    )  # fmt: skip


def denied(claim: Claim, *, crawl_id: str = "test") -> Outcome:
    """A URL that the gate refused."""
    return Outcome(
        claim=claim, attempt=AttemptOutcome.REFUSED, state=UrlState.DENIED,
        row=row(claim.new.url, crawl_id=crawl_id, verdict="deny", reason="robots_rules"),
    )  # fmt: skip


def later(claim: Claim, *, not_before: float | None) -> Outcome:
    """A try that failed and will be repeated."""
    return Outcome(claim=claim, attempt=AttemptOutcome.FAILED, state=UrlState.WAITING, not_before=not_before)


def robots(origin: str, body: bytes, *, sent: bytes | None = None, **fields: Any) -> SiteFileEntry:
    """A robots.txt as it was parsed; ``sent`` is the body on the wire where that differs."""
    on_wire = body if sent is None else sent
    parsed = fields.pop("parsed", body)
    values: dict[str, Any] = {"digest": sha256(body), "body": parsed, "attempt_id": None} | fields
    return SiteFileEntry(
        origin=origin, path="/robots.txt", outcome='{"status":200}', retrieved_at=NOW, expires_at=NOW,
        records=(
            RecordDraft(
                kind=WarcKind.EVIDENCE, type="response", target_uri=f"{origin}/robots.txt", date=NOW,
                record_id=record_id(f"robots {origin}"), content_type="application/http; msgtype=response",
                http_head=b"HTTP/1.1 200 OK\r\n\r\n", body=on_wire,
            ),
        ),
        **values,
    )  # fmt: skip
