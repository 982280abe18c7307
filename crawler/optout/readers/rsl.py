"""Really Simple Licensing 1.0: where licences are declared, and which of them bind us (opt-outs.md section 7, PC-11).

What a document says is in ``rsl/``. A licence that is declared and cannot be used is a condition nobody can meet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.optout.interface import OptOutReader
from crawler.optout.link_header import links
from crawler.optout.rsl.document import NAMESPACE, UnusableError, read_contents, read_hosted
from crawler.optout.rsl.terms import Term, Terms
from crawler.optout.scoping import Place, place
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Problem, Reference, Use
from crawler.values.links import base_url
from crawler.values.media_type import HTML_TYPES, essence_of
from crawler.values.url import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead, SiteFile
    from crawler.optout.robots.groups import Record, RobotsFile
    from crawler.optout.statement import Question, Reading, RobotsRecords, SoftDirective, Source, Statement
    from crawler.values.url import CanonicalUrl

RECORD = "license"
MEDIA_TYPE = "application/rsl+xml"
DOCUMENTS_LIMIT = 8
"""Documents that one carrier may ask for; what is beyond is a condition that nobody read."""
NAMED_LIMIT = 100
"""Values that are told apart in one carrier; what is beyond counts as one without a usable URL."""

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})
_MARKS = tuple(NAMESPACE.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)


class RobotsLicences:
    """All License records of one robots.txt: which of them bind a product token (RSL section 4.4)."""

    __slots__ = ("_bound", "_file", "records")

    def __init__(self, file: RobotsFile, records: tuple[Record, ...]) -> None:
        self._file = file
        self.records = records
        self._bound: dict[str, tuple[frozenset[int], bool]] = {}

    def bound(self, token: str) -> tuple[frozenset[int], bool]:
        """Lines of the records that bind the token, and whether they may grant.

        Those of the selected group, else the global ones. Where there is neither, records behind all groups are
        taken as meant for everybody, as far as they restrict (PC-4).
        """
        known = self._bound.get(token)
        if known is None:
            placed = place(self._file, self.records, token)
            ours, everybodys, trailing = (
                frozenset(one.record.line for one in placed if one.place is Place.OURS),
                frozenset(one.record.line for one in placed if one.place is Place.GLOBAL),
                frozenset(one.record.line for one in placed if one.record.is_trailing),
            )
            known = ours or everybodys or trailing, bool(ours or everybodys)
            self._bound[token] = known
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Reference):
    """A licence document as a carrier declares it."""

    carrier: Carrier
    layer: Layer
    text: str
    """The record, header or element that names it; the first where several do."""
    position: int
    may_grant: bool
    """Whether it is declared as RSL demands: by an absolute URL, for the whole page."""
    lines: frozenset[int] = frozenset()
    """Of the records, in robots.txt."""
    licences: RobotsLicences | None = None

    def heard(self, token: str) -> bool | None:
        """Whether the token may take a grant from it; ``None`` where it is meant for others."""
        if self.licences is None:
            return self.may_grant
        lines, may_grant = self.licences.bound(token)
        return self.may_grant and may_grant if lines & self.lines else None


@dataclass(frozen=True, slots=True)
class _Undocumented:
    """Licences whose terms nobody read: declared without a usable URL, not to be had, or not conforming."""

    reader: RslReader
    left: tuple[Declared, ...]
    references: tuple[Reference, ...] = ()
    problems: tuple[Problem, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        return tuple(
            self.reader.said(_unread(one.text, one.position), question, one.carrier, one.layer, one.source)
            for one in self.left
            if one.heard(question.token) is not None
        )


@dataclass(frozen=True, slots=True)
class _Document:
    """A document that was read, or an inline one."""

    reader: RslReader
    source: Source
    carrier: Carrier
    layer: Layer
    terms: Terms
    declared: Declared
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        may_grant = self.declared.heard(question.token)
        if may_grant is None or question.use not in _TRAINING:
            return ()
        return tuple(
            self.reader.said(term, question, self.carrier, self.layer, self.source)
            for term in self.terms.about(question)
            if may_grant or term.preference is not Preference.ALLOWED
        )


@dataclass(frozen=True, slots=True)
class _Several:
    """Inline documents and references of one page."""

    readings: tuple[Reading, ...]
    soft: tuple[SoftDirective, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for reading in self.readings for problem in reading.problems)

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(reference for reading in self.readings for reference in reading.references)

    def about(self, question: Question) -> tuple[Statement, ...]:
        return tuple(statement for reading in self.readings for statement in reading.about(question))


def mentions_rsl(document: bytes) -> bool:
    """Whether the namespace of RSL can occur in the octets, in UTF-8 or UTF-16; spares most documents the parse."""
    return any(mark in document for mark in _MARKS)


def _unread(text: str, position: int | None) -> Term:
    return Term(preference=Preference.CONDITIONAL, rule="PC-11", text=text, line=position)


class RslReader(OptOutReader):
    """``License`` in robots.txt, ``Link`` header, ``link`` element, inline script, inside media files and feeds."""

    id = "rsl"
    title = "Really Simple Licensing"
    spec_url = "https://rslstandard.org/rsl"
    spec_version = "1.0 (2025-12-10), errata to 2026-08-07"
    version = "2"

    def read_robots(self, robots: RobotsRecords) -> Reading:
        """Refer to the documents of the records that can bind us; to all where it is not known who will ask."""
        file, base = robots.file, robots.source.url
        records = tuple(record for record in file.records(RECORD) if record.octets)
        licences = RobotsLicences(file, records)
        named: dict[str, list[Record]] = {}
        for record in records:
            same = named.get(record.value)
            if same is None and len(named) >= NAMED_LIMIT:
                same = named.setdefault("", [])
            if same is None:
                named[record.value] = [record]
            else:
                same.append(record)
        declared = [
            Declared(
                url=(_resolved(base, value) or "") if value else "",
                protocol=self.id,
                source=robots.source,
                scope="robots",
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                text=same[0].text,
                position=same[0].line,
                may_grant=_ABSOLUTE.match(value) is not None,
                lines=frozenset(record.line for record in same),
                licences=licences,
            )
            for value, same in named.items()
        ]
        return self._declaring(declared, robots.token)

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Refer to the documents of Link fields about the resource itself."""
        base = head.source.url
        declared = [
            self._on_page(
                base,
                link.target,
                head.source,
                Carrier.RESPONSE_HEAD,
                text=f"Link: {link.text}",
                position=link.index,
            )
            for link in links(head, "license")
            if "license" in link.rel and link.type == MEDIA_TYPE and not link.anchor
        ]
        return self._declaring(declared)

    def read_html(self, html: HtmlHead) -> Reading:
        """Read inline documents, and refer to those that are linked. What covers a part of the page grants nothing."""
        page = html.page
        scripts = [script for script in page.scripts if script.type == MEDIA_TYPE]
        named = [link for link in page.links if link.type == MEDIA_TYPE and "license" in link.rel]
        if not scripts and not named:
            return SILENCE
        base = base_url(page, html.source.url)
        declared = [
            self._on_page(
                base,
                link.href,
                html.source,
                Carrier.HTML_HEAD,
                text=link.markup,
                position=link.index,
                may_grant=link.tag == "link" and link.covers_page,
            )
            for link in named
        ]
        inline = [
            self._read(
                script.text.strip().encode("utf-8", "surrogatepass"),
                Declared(
                    url=html.source.url,
                    protocol=self.id,
                    source=html.source,
                    scope="inline",
                    carrier=Carrier.HTML_HEAD,
                    layer=Layer.RESOURCE,
                    text=f'<script type="{MEDIA_TYPE}">',
                    position=script.index,
                    may_grant=script.covers_page,
                ),
            )
            for script in scripts
        ]
        return _Several((*inline, self._declaring(declared)))

    def read_media(self, media: MediaFile) -> Reading:
        """Read licences inside the XMP of a file, the package of an EPUB, or a feed."""
        found = [
            self._read_hosted(document, media.source, position)
            for position, document in enumerate(media.embedded.documents)
            if mentions_rsl(document)
        ]
        readings = tuple(reading for reading in found if reading is not SILENCE)
        return _Several(readings) if readings else SILENCE

    def _read_hosted(self, document: bytes, source: Source, position: int) -> Reading:
        declared = Declared(
            url=source.url,
            protocol=self.id,
            source=source,
            scope="embedded",
            carrier=Carrier.MEDIA_FILE,
            layer=Layer.ASSET,
            text=f"RSL elements in the metadata, part {position}",
            position=position,
            may_grant=True,
        )
        try:
            contents = read_hosted(document)
        except UnusableError as error:
            return self._unusable(declared, error)
        if not contents:
            return SILENCE
        terms = Terms(contents, is_page=True, is_asset=True)
        return _Document(self, source, Carrier.MEDIA_FILE, Layer.ASSET, terms, declared)

    def read_site_file(self, file: SiteFile) -> Reading:
        """Read a document that was referred to; what is served as a page for people only restricts."""
        declared = self._declaration(file.reference, file.source)
        if essence_of(file.content_type) in HTML_TYPES:
            declared = replace(declared, may_grant=False)
        return self._read(file.body, declared, file.source)

    def read_unfetched(self, reference: Reference) -> Reading:
        """RSL section 4.3: without a valid document nothing is licensed."""
        return _Undocumented(self, (self._declaration(reference, reference.source),))

    def said(self, term: Term, question: Question, carrier: Carrier, layer: Layer, source: Source) -> Statement:
        """Make a statement of a term."""
        return self.statement(
            use=question.use,
            preference=term.preference,
            carrier=carrier,
            layer=layer,
            value=term.text,
            position=term.line,
            rule=term.rule,
            source=source,
            duties=term.duties,
        )

    def _read(self, body: bytes, declared: Declared, document: Source | None = None) -> Reading:
        """Read a document; ``document`` is where it was fetched from, if it was."""
        try:
            contents = read_contents(body)
        except UnusableError as error:
            return self._unusable(declared, error)
        terms = Terms(contents, is_page=declared.licences is None)
        carrier = declared.carrier if document is None else Carrier.SITE_FILE
        return _Document(self, document or declared.source, carrier, declared.layer, terms, declared)

    def _unusable(self, declared: Declared, error: UnusableError) -> Reading:
        problem = Problem(line=None, text=f"not usable: {error}"[:200])
        return _Undocumented(self, (declared,), problems=(problem,))

    def _declaration(self, reference: Reference | None, source: Source) -> Declared:
        """Say how the document was declared; where that is not known it binds everybody and grants nothing."""
        if isinstance(reference, Declared):
            return reference
        url = source.url if reference is None else reference.url
        text = f"a licence document: {url}"
        return self._on_page(source.url, url, source, Carrier.SITE_FILE, text=text, may_grant=False)

    def _on_page(
        self,
        base: CanonicalUrl,
        target: str,
        source: Source,
        carrier: Carrier,
        *,
        text: str,
        position: int = 0,
        may_grant: bool = True,
    ) -> Declared:
        return Declared(
            url=_resolved(base, target) or "",
            protocol=self.id,
            source=source,
            scope=carrier.value,
            carrier=carrier,
            layer=Layer.RESOURCE,
            text=text,
            position=position,
            may_grant=may_grant and _ABSOLUTE.match(target) is not None,
        )

    def _declaring(self, declared: Iterable[Declared], token: str | None = None) -> Reading:
        """Refer to what can be fetched and binds the token; the rest stays a condition for whom it binds."""
        references: dict[str, Declared] = {}
        left: list[Declared] = []
        for one in declared:
            is_ours = token is None or one.heard(token) is not None
            known = references.get(one.url)
            if known is not None and is_ours:
                references[one.url] = _joined(known, one)
            elif one.url and is_ours and len(references) < DOCUMENTS_LIMIT:
                references[one.url] = one
            elif len(left) <= NAMED_LIMIT:
                left.append(one)
        if not references and not left:
            return SILENCE
        problems = tuple(Problem(line=None, text=f"a licence that is not asked for: {one.text}"[:200]) for one in left)
        return _Undocumented(self, tuple(left), tuple(references.values()), problems)


def _joined(first: Declared, second: Declared) -> Declared:
    """One declaration for two of the same document: in robots.txt it binds whom either binds."""
    if first.licences is None:
        return second if second.may_grant else first
    return replace(first, lines=first.lines | second.lines, may_grant=first.may_grant and second.may_grant)


def _resolved(base: CanonicalUrl, target: str) -> CanonicalUrl | None:
    try:
        return resolve(base, target)
    except UrlError:
        return None
