"""From a response to a verdict: status and fields before the body, elements and metadata after it; nothing is kept.

``on_head`` runs while the body still waits on the wire; ``read`` and ``decide`` run once on the whole response. What a
response shows is read in ``policy.response``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.extensions.revisiting import UNUSABLE
from crawler.manifest_stores import read_manifest_store
from crawler.network.exchange import StopReason
from crawler.policy.decision import Verdict
from crawler.policy.facts import Refusal
from crawler.policy.media import WITH_CONTENT, most_octets, unwanted_type
from crawler.policy.response import Head, Seen, current, facts_after, see_body, see_head
from crawler.storage.entries import Role
from crawler.values.digest import sha256
from crawler.values.media_type import detect, essence_of

if TYPE_CHECKING:
    from crawler.extensions.admission import Admission
    from crawler.extensions.revisiting import Revisiting
    from crawler.extensions.site_files import SiteFiles
    from crawler.extensions.visit import Visit
    from crawler.network.exchange import Exchange
    from crawler.policy.decision import Decision
    from crawler.policy.gate import Gate


class Responses:
    """Judges what came back. One per worker, on the event loop."""

    def __init__(self, gate: Gate, admission: Admission, sites: SiteFiles, revisiting: Revisiting) -> None:
        self._revisiting = revisiting
        self._gate = gate
        self._sites = sites
        self._admission = admission
        self._limits = gate.policy.limits
        self._media = gate.policy.media

    def on_head(self, visit: Visit, exchange: Exchange) -> StopReason | None:
        """Read status and fields, and say whether the body is wanted."""
        head, redirects = _head(visit, exchange), self._limits.redirects
        seen = see_head(head, chain=visit.new.chain, redirects=redirects, stored=visit.stored)
        _note(visit, seen)
        declared = essence_of(visit.content_type)
        if visit.new.role is Role.PAGE:
            exchange.max_bytes = most_octets(declared, self._limits)
        decision = self.decide(visit, seen.refusal or self._unwanted(visit, declared))
        if decision.verdict is Verdict.ALLOW:
            return None
        return StopReason(code=decision.reason, detail=decision.detail)

    def read(self, visit: Visit, body: bytes) -> Refusal | None:
        """Read the body, decoded; answers what alone refuses the page."""
        exchange = visit.exchange
        assert exchange is not None  # noqa: S101 - a response has an exchange
        visit.body = body
        head = _head(visit, exchange)
        seen = see_body(
            _seen(visit),
            head,
            body,
            as_sent=exchange.body_as_sent,
            digest=exchange.payload_digest,
            limits=self._limits,
            read_store=read_manifest_store,
            lookups=self._gate.policy.lookups,
            keeps_text=True,
        )
        _note(visit, seen)
        self._sites.prose.page(visit)
        return seen.refusal or self._unwanted(visit, detect(body, essence_of(visit.content_type)))

    def _unwanted(self, visit: Visit, media_type: str | None) -> Refusal | None:
        """Say why a body of this type is not kept; only of an answer that brings what was asked for."""
        if visit.exchange is None or visit.exchange.status not in WITH_CONTENT or visit.redirect is not None:
            return None
        return unwanted_type(media_type, self._media, is_embedded=visit.new.role is Role.MEDIA)

    async def read_unchanged(self, visit: Visit) -> Refusal | None:
        """Read the stored body after a 304, with the fields that hold now; answers what alone refuses the page."""
        exchange = visit.exchange
        assert exchange is not None  # noqa: S101 - a response has an exchange
        body = await self._revisiting.read(visit)
        if body is None or visit.payload is None:
            visit.payload = None
            detail = "status 304, and the copy cannot be read any more"
            return Refusal(code=UNUSABLE, detail=detail, defers=True, retry_after=0.0)
        visit.body = body
        head = visit.current = current(_head(visit, exchange), visit.stored)
        seen = see_body(
            _seen(visit),
            head,
            body,
            as_sent=visit.payload.body,
            limits=self._limits,
            read_store=read_manifest_store,
            lookups=self._gate.policy.lookups,
        )
        _note(visit, seen)
        return seen.refusal

    async def read_documents(self, visit: Visit) -> None:
        """Fetch what the carriers of the page refer to, and read it: without it they are not read whole."""
        for reference in visit.carriers.references:
            visit.carriers += await self._sites.document(reference)

    def decide(self, visit: Visit, refusal: Refusal | None) -> Decision:
        """Decide with everything that is known by now."""
        site, exchange = visit.site, visit.exchange
        assert site is not None  # noqa: S101 - nothing is sent before the site was read
        assert exchange is not None  # noqa: S101 - as above
        media_type = essence_of(visit.content_type)
        facts = facts_after(
            _head(visit, exchange),
            _seen(visit, refusal),
            self._admission.collect(visit, site.carriers + visit.carriers, media_type),
            today=datetime.now(UTC).date(),
            robots=visit.robots,
            unread_tries=max(site.unread_tries, visit.claim.tries),
        )
        decision = visit.decision = self._gate.judge(facts)
        return decision


def _head(visit: Visit, exchange: Exchange) -> Head:
    """Make the head once for each exchange; before the body it is whole already."""
    if visit.told is None or visit.told[0] is not exchange:
        head = Head(
            url=visit.url,
            status=exchange.status or 0,
            fields=exchange.headers,
            digest=sha256(exchange.head),
            retrieved_at=exchange.started_at or datetime.now(UTC),
        )
        visit.told = exchange, head
    return visit.told[1]


def _seen(visit: Visit, refusal: Refusal | None = None) -> Seen:
    """What the visit knows of its response, as one value."""
    return Seen(
        carriers=visit.carriers,
        content_type=visit.content_type,
        barrier=visit.barrier,
        redirect=visit.redirect,
        redirect_text=visit.redirect_text,
        refusal=refusal,
        retry_after=visit.retry_after,
        page=visit.page,
        media=visit.media,
    )


def _note(visit: Visit, seen: Seen) -> None:
    visit.carriers = seen.carriers
    visit.content_type = seen.content_type
    visit.barrier = seen.barrier
    visit.redirect = seen.redirect
    visit.redirect_text = seen.redirect_text
    visit.retry_after = seen.retry_after
    visit.page = seen.page
    visit.media = seen.media
