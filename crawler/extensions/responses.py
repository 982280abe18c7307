"""From a response to a verdict: status and fields before the body, elements and metadata after it. Nothing is kept here.

``on_head`` runs while the body still waits on the wire; ``read`` and ``decide`` run once on the whole response.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.network.exchange import StopReason
from crawler.optout.collect import read_head, read_html, read_media
from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead
from crawler.optout.statement import Source
from crawler.policy.barriers import find_barrier
from crawler.policy.decision import Decision, Stage, Verdict
from crawler.policy.facts import Facts, Refusal
from crawler.policy.site import REDIRECTS
from crawler.policy.waiting import read_retry_after
from crawler.values.digest import sha256
from crawler.values.html import HtmlLimits, scan
from crawler.values.links import refresh
from crawler.values.media_type import HTML_TYPES, detect, essence_of, modality
from crawler.values.url import resolve, split

if TYPE_CHECKING:
    from crawler.extensions.admission import Admission
    from crawler.extensions.site_files import SiteFiles
    from crawler.extensions.visit import Visit
    from crawler.network.exchange import Exchange
    from crawler.policy.gate import Gate

_MEDIA = frozenset({"image", "audio", "video", "document"})


class Responses:
    """Judges what came back. One per worker, on the event loop."""

    def __init__(self, gate: Gate, admission: Admission, sites: SiteFiles) -> None:
        self._gate = gate
        self._sites = sites
        self._admission = admission
        limits = gate.policy.limits
        self._html_limits = HtmlLimits(
            body_bytes=limits.page_bytes, depth=limits.html_depth, links=limits.links_per_page
        )

    def on_head(self, visit: Visit, exchange: Exchange) -> StopReason | None:
        """Read status and fields, and say whether the body is wanted."""
        now = exchange.started_at or datetime.now(UTC)
        headers = _text(exchange)
        status = exchange.status or 0
        visit.content_type = _last(exchange, b"content-type")
        head = ResponseHead(
            source=Source(url=visit.url.text, digest=sha256(exchange.head), retrieved_at=now),
            status=status,
            headers=headers,
        )
        visit.carriers = read_head(head)
        refusal = self._redirect(visit, exchange) if status in REDIRECTS else None
        visit.barrier = find_barrier(
            url=visit.url,
            status=status,
            headers=headers,
            redirect=visit.redirect,
            retry_after=_retry_after(exchange, now),
        )
        decision = visit.decision = self._decide(visit, refusal)
        if decision.verdict is Verdict.ALLOW:
            return None
        return StopReason(code=decision.reason, detail=decision.detail)

    def read(self, visit: Visit, body: bytes) -> Refusal | None:
        """Read the body, decoded; answers what alone refuses the page."""
        exchange = visit.exchange
        assert exchange is not None  # noqa: S101 - a response has an exchange
        visit.body = body
        if visit.redirect is not None or not body:
            return None
        declared = essence_of(visit.content_type)
        detected = detect(body, declared)
        now = exchange.started_at or datetime.now(UTC)
        if declared in HTML_TYPES or detected in HTML_TYPES:
            return self._read_page(visit, exchange, now)
        if detected is not None and modality(detected) in _MEDIA:
            source = Source(url=visit.url.text, digest=sha256(exchange.body_as_sent), retrieved_at=now)
            visit.carriers += read_media(MediaFile(source=source, content_type=detected, body=body))
        return None

    async def read_documents(self, visit: Visit) -> None:
        """Fetch what the carriers of the page refer to, and read it: without it they are not read whole."""
        for reference in visit.carriers.references:
            visit.carriers += await self._sites.document(reference)

    def decide(self, visit: Visit, refusal: Refusal | None) -> Decision:
        """Decide with everything that is known by now."""
        decision = visit.decision = self._decide(visit, refusal)
        return decision

    def _read_page(self, visit: Visit, exchange: Exchange, now: datetime) -> Refusal | None:
        page = visit.page = scan(visit.body, content_type=visit.content_type, limits=self._html_limits)
        source = Source(url=visit.url.text, digest=sha256(exchange.body_as_sent), retrieved_at=now)
        visit.carriers += read_html(HtmlHead(source=source, page=page))
        target = refresh(page, visit.url.text)
        visit.barrier = find_barrier(
            url=visit.url,
            status=exchange.status or 0,
            headers=_text(exchange),
            redirect=None if target is None else split(target),
            page=page,
            body=visit.body,
        )
        if page.is_truncated:
            return Refusal(code="unparseable", detail="longer or deeper than the limits: not all of it could be read")
        return None

    def _decide(self, visit: Visit, refusal: Refusal | None) -> Decision:
        site = visit.site
        assert site is not None  # noqa: S101 - nothing is sent before the site was read
        media_type = essence_of(visit.content_type)
        collected = self._admission.collect(visit, site.carriers + visit.carriers, media_type)
        return self._gate.judge(
            Facts(
                url=visit.url,
                stage=Stage.AFTER_FETCH,
                today=datetime.now(UTC).date(),
                refusal=refusal,
                robots=visit.robots,
                status=None if visit.exchange is None else visit.exchange.status,
                barrier=visit.barrier,
                retry_after=None if visit.exchange is None else _retry_after(visit.exchange, datetime.now(UTC)),
                statements=collected.statements,
                soft=collected.soft,
                unread=collected.unread,
                unread_tries=max(site.unread_tries, visit.claim.tries),
            )
        )

    def _redirect(self, visit: Visit, exchange: Exchange) -> Refusal | None:
        """Find the target; a chain that cannot go on is a refusal of the hop."""
        values = exchange.field_values(b"location")
        if not values:
            return Refusal(code="http_unavailable", detail=f"status {exchange.status} without Location")
        location = values[-1].decode("utf-8", "surrogateescape")
        visit.redirect_text = location.encode("utf-8", "backslashreplace").decode()
        try:
            target = resolve(visit.url.text, location)
        except UrlError as error:
            return Refusal(code=error.reason, detail=str(error))
        visit.redirect = split(target)
        visit.redirect_text = target
        chain = (*visit.new.chain, visit.url.text)
        if target in chain:
            return Refusal(code="redirect_loop", detail=target)
        if len(chain) > self._gate.policy.limits.redirects:
            return Refusal(code="too_many_redirects", detail=f"{len(chain)} hops")
        return None


def _text(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.headers)


def _last(exchange: Exchange, name: bytes) -> str | None:
    """Value of a field that should stand once; of several the last, as browsers do."""
    values = exchange.field_values(name)
    return values[-1].decode("latin-1") if values else None


def _retry_after(exchange: Exchange, now: datetime) -> float | None:
    value = _last(exchange, b"retry-after")
    return None if value is None else read_retry_after(value, now)
