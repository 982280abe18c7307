"""Crawls made without a network, for export: pages as a test describes them, committed by the real store."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import brotli

from crawler.storage.entries import (
    AttemptOutcome,
    Batch,
    ClaimRequest,
    Outcome,
    RecordDraft,
    UrlState,
    WarcKind,
)
from crawler.storage.store import CrawlStore
from crawler.values.digest import sha256
from tests.storage.making import NOW, RUN, new, record_id, row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crawler.storage.entries import Claim, RunInfo

CODINGS = {"": lambda body: body, "gzip": gzip.compress, "br": brotli.compress}


@dataclass(frozen=True)
class Page:
    """One URL of a made-up crawl."""

    url: str
    body: bytes = b"<html><body><p>Some words.</p></body></html>"
    coding: str = ""
    columns: dict[str, Any] = field(default_factory=dict)

    @property
    def sent(self) -> bytes:
        """The body as it is on the wire."""
        sent: bytes = CODINGS[self.coding](self.body)
        return sent


def crawl(out: Path, pages: Iterable[Page], *, run: RunInfo = RUN, segment: int = 1_000, **options: Any) -> str:
    """Write a finished crawl; answer its id. ``segment``: rows of each Parquet file."""
    store = CrawlStore.open(out, run=run, **options)
    wanted = {page.url: page for page in pages}
    claims = store.commit(
        Batch(
            new_urls=tuple(new(url, "example.test") for url in wanted),
            claim=ClaimRequest(now=1e12, limit=len(wanted) or 1, per_lane=len(wanted) or 1),
        )
    ).claims
    for start in range(0, len(claims), segment):
        some = claims[start : start + segment]
        outcomes = tuple(outcome_of(claim, wanted[claim.new.url], store.crawl_id) for claim in some)
        store.commit(Batch(outcomes=outcomes))
        store.publish("rows")
    store.close(clean=True, reason="finished", code=0)
    return store.crawl_id


def outcome_of(claim: Claim, page: Page, crawl_id: str) -> Outcome:
    """What became of a page: its row, and its record where it is kept."""
    coding = f"Content-Encoding: {page.coding}\r\n" if page.coding else ""
    name = record_id(f"{crawl_id} {page.url}")
    response = RecordDraft(
        kind=WarcKind.PAGES, type="response", target_uri=page.url, date=NOW, record_id=name,
        content_type="application/http; msgtype=response", body=page.sent, payload_digest=sha256(page.sent),
        http_head=f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{coding}\r\n".encode(),
    )  # fmt: skip
    host = page.url.split("/")[2]
    columns = {
        "crawl_id": crawl_id, "verdict": "allow", "purpose": "ai_training", "record_id": name, "fetch_time": NOW,
        "fetch_status": 200, "content_digest": sha256(page.sent), "content_mime_type": "text/html",
        "content_mime_detected": "text/html", "content_charset": "utf-8", "modality": "text", "url_host_name": host,
        "url_host_registered_domain": host, "bytes_fetched": len(page.sent), "bytes_retained": len(page.sent),
    } | page.columns  # fmt: skip
    is_kept = columns["verdict"] == "allow"
    return Outcome(
        claim=claim,
        attempt=AttemptOutcome.OK if is_kept else AttemptOutcome.REFUSED,
        state=UrlState.DONE if is_kept else UrlState.DENIED,
        records=(response,) if is_kept else (),
        row=row(**{"url": page.url, **columns}),
    )
