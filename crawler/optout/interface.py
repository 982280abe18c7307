"""What a reader is, and the carriers that it may be handed.

A new protocol is one file in ``readers/``, one line in ``registry.py``, one folder of vectors and one row in
docs/protocols.md. A reader overrides only the inputs that its protocol uses, does no I/O and never raises on content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from crawler.optout.statement import SILENCE, VALUE_LIMIT, Statement

if TYPE_CHECKING:
    from collections.abc import KeysView

    from crawler.optout.media.embedded import Embedded
    from crawler.optout.statement import Carrier, Layer, Preference, Reading, Reference, RobotsRecords, Source, Use
    from crawler.values.html import HtmlPage


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFile:
    """A file at a fixed place of an origin (or one that a reader referred to), answered with 2xx."""

    source: Source
    path: str
    """Path that was asked for, e.g. ``/.well-known/tdmrep.json``; an absolute URL for a referred document."""
    content_type: str | None
    body: bytes
    """After content decoding, within the size limit of site files."""
    reference: Reference | None = None
    """What led here, for a referred document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """Status and header fields of the resource itself."""

    source: Source
    status: int
    headers: tuple[tuple[str, str], ...]
    """Fields in order of arrival, names as sent, values decoded as latin-1, repeated fields kept."""
    _by_name: dict[str, tuple[tuple[int, str], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the fields by name once for all readers."""
        found: dict[str, tuple[tuple[int, str], ...]] = {}
        for index, (name, value) in enumerate(self.headers):
            folded = name.lower()
            found[folded] = (*found.get(folded, ()), (index, value))
        object.__setattr__(self, "_by_name", found)

    def values(self, name: str) -> tuple[tuple[int, str], ...]:
        """Index and value of every field of that name, in lower case here and compared without case."""
        return self._by_name.get(name, ())

    @property
    def names(self) -> KeysView[str]:
        """Names of all fields, lower case."""
        return self._by_name.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlHead:
    """What one pass over an HTML page found (elements anywhere in the page, not only in ``head``)."""

    source: Source
    page: HtmlPage


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """An image, audio, video, PDF or EPUB file that may carry metadata of its own."""

    source: Source
    content_type: str
    """Essence, lower case; detected from the bytes where the header is wrong."""
    embedded: Embedded
    """What it carries, read once for all readers (media/opening.py)."""


class OptOutReader:
    """Base of all readers. The registry says which site files to fetch from the class attributes."""

    id: ClassVar[str]
    title: ClassVar[str]
    spec_url: ClassVar[str]
    spec_version: ClassVar[str]
    version: ClassVar[str]
    """Of this reader; raised by every change that could read a carrier otherwise."""
    site_files: ClassVar[tuple[str, ...]] = ()
    """Paths at the origin that this protocol needs besides /robots.txt."""
    must_answer: ClassVar[bool] = False
    """Whether a document that a reading referred to holds the verdict back unless it was read, or answered 404, 410."""
    binds_media_of_page: ClassVar[bool] = False
    """Whether what a page reserves also holds for images, videos and PDF files found through it (PC-29)."""

    def read_robots(self, robots: RobotsRecords) -> Reading:  # noqa: ARG002 - overridden where the protocol uses it
        """Read the protocol's own records of robots.txt."""
        return SILENCE

    def read_site_file(self, file: SiteFile) -> Reading:  # noqa: ARG002 - see above
        """Read one of ``site_files``, or a document that a reading referred to."""
        return SILENCE

    def read_unfetched(self, reference: Reference) -> Reading:  # noqa: ARG002 - see above
        """Say what it means that a document which a reading referred to was not to be had."""
        return SILENCE

    def read_response_head(self, head: ResponseHead) -> Reading:  # noqa: ARG002 - see above
        """Read header fields; called before the body is downloaded."""
        return SILENCE

    def read_html(self, html: HtmlHead) -> Reading:  # noqa: ARG002 - see above
        """Read elements of a page."""
        return SILENCE

    def read_media(self, media: MediaFile) -> Reading:  # noqa: ARG002 - see above
        """Read metadata inside a file; bounded, pixels are never decoded."""
        return SILENCE

    def settle(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """Apply an order of carriers of the protocol's own (only TDMRep has one) to all its statements on a URL."""
        return statements

    def statement(
        self,
        *,
        use: Use,
        preference: Preference,
        carrier: Carrier,
        layer: Layer,
        value: str,
        position: int | None,
        rule: str,
        source: Source,
        duties: tuple[str, ...] = (),
    ) -> Statement:
        """Make a statement of this reader; ``value`` is cut to ``VALUE_LIMIT``."""
        return Statement(
            protocol=self.id,
            use=use,
            preference=preference,
            carrier=carrier,
            layer=layer,
            value=value[:VALUE_LIMIT],
            position=position,
            rule=rule,
            source=source,
            reader_version=self.version,
            duties=duties,
        )
