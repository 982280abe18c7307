"""What a response shows: carriers, barrier, target; the head before the body, each read once. Nothing is decided here.

The crawl and ``check`` share it; whoever fetched brings the octets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.optout.collect import NOTHING, read_head, read_html, read_media, refer_to_lookups
from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead
from crawler.optout.media.embedded import Embedded, no_manifest_store_reader
from crawler.optout.media.opening import media_file
from crawler.optout.readers.rsl import mentions_rsl
from crawler.optout.rsl.document import extract
from crawler.optout.statement import Source
from crawler.policy.barriers import find_barrier
from crawler.policy.decision import Stage
from crawler.policy.facts import Facts, Refusal
from crawler.policy.revalidation import holding, is_about
from crawler.policy.site import REDIRECTS
from crawler.policy.waiting import read_retry_after
from crawler.values.digest import sha256
from crawler.values.html import HtmlLimits, scan
from crawler.values.links import refresh
from crawler.values.media_type import HTML_TYPES, detect, essence_of, modality
from crawler.values.url import resolve, split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from crawler.optout.collect import CarrierReadings, Collected
    from crawler.optout.media.embedded import ManifestStoreReader
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.barriers import Barrier
    from crawler.policy.carriers import KeptCarriers
    from crawler.policy.document import Limits
    from crawler.policy.revalidation import Fields
    from crawler.values.digest import Digest
    from crawler.values.html import HtmlPage
    from crawler.values.url import Url

NOT_MODIFIED = 304
_MEDIA = frozenset({"image", "audio", "video", "document"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status and fields of one response."""

    url: Url
    status: int
    fields: Sequence[tuple[bytes, bytes]]
    """As received, in order."""
    digest: Digest
    """Of the head as received."""
    retrieved_at: datetime
    _headers: tuple[tuple[str, str], ...] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values, decoded as latin-1; decoded once."""
        if self._headers is None:
            found = tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.fields])
            object.__setattr__(self, "_headers", found)
            return found
        return self._headers

    def last(self, name: bytes) -> bytes | None:
        """Value of a field that should stand once; of several the last, as browsers do. ``name`` in lower case."""
        for told, value in reversed(self.fields):
            if told.lower() == name:
                return value
        return None

    def text(self, name: bytes) -> str | None:
        """The same, decoded as latin-1."""
        value = self.last(name)
        return None if value is None else value.decode("latin-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What has been read of a response so far."""

    carriers: CarrierReadings = NOTHING
    """Of the resource itself."""
    content_type: str | None = None
    """As sent."""
    barrier: Barrier | None = None
    redirect: Url | None = None
    redirect_text: str | None = None
    """Target of a redirect: canonical, or as sent where it has no canonical form."""
    refusal: Refusal | None = None
    """Why the chain of redirects cannot go on, or why the page was not read whole."""
    retry_after: float | None = None
    page: HtmlPage | None = None
    media: MediaFile | None = None
    """What was looked into of a file with metadata of its own; of a feed nothing, for it would be its body."""


def see_head(head: Head, *, chain: Sequence[str], redirects: int, stored: Sequence[Head] = ()) -> Seen:
    """Read status and fields. ``chain`` are the hops before this URL, ``redirects`` how many are allowed.

    ``stored`` are the heads of the copy that a conditional request was about, newest first and the response last: after
    a 304 their fields hold as well, but for those that a newer head names.
    """
    if head.status == NOT_MODIFIED:
        return _see_unchanged(head, stored)
    retry_after = head.text(b"retry-after")
    seconds = None if retry_after is None else read_retry_after(retry_after, head.retrieved_at)
    headers = head.headers
    redirect, text, refusal = _target(head, chain, redirects) if head.status in REDIRECTS else (None, None, None)
    return Seen(
        carriers=_carriers(head, headers),
        content_type=head.text(b"content-type"),
        barrier=find_barrier(url=head.url, status=head.status, headers=headers, redirect=redirect, retry_after=seconds),
        redirect=redirect,
        redirect_text=text,
        refusal=refusal,
        retry_after=seconds,
    )


def _see_unchanged(head: Head, stored: Sequence[Head]) -> Seen:
    """Read all fields that hold after a 304, each from the head that sent it; without a copy nothing came."""
    if not stored:
        refusal = Refusal(code="http_unavailable", detail="status 304 to a request without a condition")
        return Seen(content_type=head.text(b"content-type"), refusal=refusal)
    seen = Seen(content_type=stored[-1].text(b"content-type"))
    if not is_about(tuple(head.fields), joined(stored)):
        detail = "status 304 about another entity tag"
        refusal = Refusal(code="stored_copy_unusable", detail=detail, defers=True, retry_after=0.0)
        return replace(seen, refusal=refusal)
    for one, fields in zip((head, *stored), holding([tuple(one.fields) for one in (head, *stored)]), strict=True):
        held = replace(one, fields=fields)
        seen = replace(seen, carriers=seen.carriers + _carriers(held, held.headers))
    barrier = find_barrier(url=head.url, status=head.status, headers=head.headers, redirect=None)
    return replace(seen, barrier=barrier)


def joined(heads: Sequence[Head]) -> Fields:
    """All fields that hold of stored heads, given newest first."""
    return tuple(field for fields in holding([tuple(one.fields) for one in heads]) for field in fields)


def current(head: Head, stored: Sequence[Head]) -> Head:
    """Head of the stored response as a 304 has updated it: what its body is read with."""
    return replace(stored[-1], url=head.url, fields=joined((head, *stored)), retrieved_at=head.retrieved_at)


def _carriers(head: Head, headers: tuple[tuple[str, str], ...]) -> CarrierReadings:
    return read_head(
        ResponseHead(
            source=Source(url=head.url.text, digest=head.digest, retrieved_at=head.retrieved_at),
            status=head.status,
            headers=headers,
        )
    )


def _target(head: Head, chain: Sequence[str], redirects: int) -> tuple[Url | None, str | None, Refusal | None]:
    """Find where a redirect leads, as a URL and as text; a chain that cannot go on is a refusal of the hop."""
    value = head.last(b"location")
    if value is None:
        return None, None, Refusal(code="http_unavailable", detail=f"status {head.status} without Location")
    location = value.decode("utf-8", "surrogateescape")
    try:
        target = resolve(head.url.text, location)
    except UrlError as error:
        shown = location.encode("utf-8", "backslashreplace").decode()
        return None, shown, Refusal(code=error.reason, detail=str(error))
    hops = (*chain, head.url.text)
    refusal = None
    if target in hops:
        refusal = Refusal(code="redirect_loop", detail=target)
    elif len(hops) > redirects:
        refusal = Refusal(code="too_many_redirects", detail=f"{len(hops)} hops")
    return split(target), target, refusal


def see_body(
    seen: Seen,
    head: Head,
    body: bytes,
    *,
    as_sent: bytes,
    limits: Limits,
    digest: Digest | None = None,
    read_store: ManifestStoreReader = no_manifest_store_reader,
    lookups: Mapping[str, str] = MappingProxyType({}),
    keeps_text: bool = False,
) -> Seen:
    """Read elements of a page or metadata of a file; ``body`` is decoded, ``as_sent`` what its digest is made of.

    ``digest`` is that of ``as_sent`` where it is known already. ``lookups`` are the services of the policy that are
    asked about everything that has a body. ``keeps_text`` as for ``scan``.
    """
    if seen.redirect is not None or not body:
        return seen
    if lookups:
        seen = see_lookups(seen, head, digest or sha256(as_sent), lookups)
    declared = essence_of(seen.content_type)
    detected = detect(body, declared)
    if declared in HTML_TYPES or detected in HTML_TYPES:
        bounds = HtmlLimits(body_bytes=limits.page_bytes, depth=limits.html_depth, links=limits.links_per_page)
        page = scan(body, content_type=seen.content_type, limits=bounds, keeps_text=keeps_text)
        return _with_page(seen, head, page, digest or sha256(as_sent), body=body)
    if detected is not None and modality(detected) in _MEDIA:
        source = Source(url=head.url.text, digest=digest or sha256(as_sent), retrieved_at=head.retrieved_at)
        media = media_file(source, detected, body, read_store)
        return replace(seen, media=media, carriers=seen.carriers + read_media(media))
    if _is_xml(declared) and mentions_rsl(body):
        source = Source(url=head.url.text, digest=digest or sha256(as_sent), retrieved_at=head.retrieved_at)
        feed = MediaFile(source=source, content_type=declared or "", embedded=Embedded(documents=(extract(body),)))
        return replace(seen, media=feed, carriers=seen.carriers + read_media(feed))
    return seen


def see_lookups(seen: Seen, head: Head, digest: Digest, lookups: Mapping[str, str]) -> Seen:
    """Refer to what services say of a body; they are asked about whatever has one, ``digest`` is that of its octets."""
    source = Source(url=head.url.text, digest=digest, retrieved_at=head.retrieved_at)
    return replace(seen, carriers=seen.carriers + refer_to_lookups(lookups, source, essence_of(seen.content_type)))


def _is_xml(essence: str | None) -> bool:
    """Whether it may be a feed that carries licences."""
    return essence is not None and (essence in {"application/xml", "text/xml"} or essence.endswith("+xml"))


def _with_page(
    seen: Seen, head: Head, page: HtmlPage, digest: Digest, *, body: bytes = b"", visible: int | None = None
) -> Seen:
    source = Source(url=head.url.text, digest=digest, retrieved_at=head.retrieved_at)
    target = refresh(page, head.url.text)
    barrier = find_barrier(
        url=head.url,
        status=head.status,
        headers=head.headers,
        redirect=None if target is None else split(target),
        page=page,
        body=body,
        visible=visible,
    )
    refusal = seen.refusal
    if page.is_truncated:
        detail = "longer or deeper than the limits: not all of it could be read"
        refusal = Refusal(code="unparseable", detail=detail)
    carriers = seen.carriers + read_html(HtmlHead(source=source, page=page))
    return replace(seen, page=page, carriers=carriers, barrier=barrier, refusal=refusal)


def see_carriers(seen: Seen, head: Head, kept: KeptCarriers, digest: Digest) -> Seen:
    """Read again what was read of a body that is not kept; ``digest`` is the body's."""
    if kept.page is not None:
        return _with_page(seen, head, kept.page, digest, visible=kept.visible)
    if kept.embedded is not None:
        source = Source(url=head.url.text, digest=digest, retrieved_at=head.retrieved_at)
        media = MediaFile(source=source, content_type=kept.content_type, embedded=kept.embedded)
        return replace(seen, media=media, carriers=seen.carriers + read_media(media))
    return seen


def facts_after(
    head: Head, seen: Seen, collected: Collected, *, today: date, robots: RobotsAnswer | None, unread_tries: int
) -> Facts:
    """Put together what the gate judges after a response, or after its head."""
    return Facts(
        url=head.url,
        stage=Stage.AFTER_FETCH,
        today=today,
        refusal=seen.refusal,
        robots=robots,
        status=head.status,
        barrier=seen.barrier,
        retry_after=seen.retry_after,
        statements=collected.statements,
        soft=collected.soft,
        unread=collected.unread,
        unread_tries=unread_tries,
    )
