"""From carriers to the statements on one question: who reads what, and which carriers stayed unread.

Nothing is weighed here: the join over protocols is policy's (opt-outs.md section 2). A reader that breaks its promise
and raises leaves its carrier unread, which holds the verdict back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader, SiteFile
from crawler.optout.lookup import LOOKUPS
from crawler.optout.registry import READERS, site_files
from crawler.optout.site_file import Found
from crawler.optout.statement import SILENCE, Partial, Preference, Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead
    from crawler.optout.lookup import LookupReader
    from crawler.optout.site_file import SiteFileOutcome
    from crawler.optout.statement import (
        Problem,
        Question,
        Reading,
        Reference,
        RobotsRecords,
        SoftDirective,
        Source,
        Statement,
    )

    Read = tuple[OptOutReader, Reading]


_NOTHING_THERE = frozenset({404, 410})
"""Statuses by which a service says that it knows nothing of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierReadings:
    """What all readers made of some carriers, parsed once and asked as often as needed; ``+`` joins carriers."""

    reads: tuple[Read, ...] = ()
    """Readers that found something, in the order of the carriers."""
    unread: tuple[Unread, ...] = ()
    outcomes: tuple[SiteFileOutcome, ...] = ()
    """Every look at a site file or referred document, absent and not fetched ones included."""

    def __add__(self, other: CarrierReadings) -> CarrierReadings:
        if other is NOTHING:
            return self
        if self is NOTHING:
            return other
        return CarrierReadings(
            reads=self.reads + other.reads,
            unread=self.unread + other.unread,
            outcomes=self.outcomes + other.outcomes,
        )

    @property
    def references(self) -> tuple[Reference, ...]:
        """Documents that must be fetched before the carriers have been read whole, each URL and scope once."""
        named = [reference for _, reading in self.reads for reference in reading.references]
        return tuple({(one.protocol, one.url, one.scope): one for one in named}.values()) if named else ()

    @property
    def problems(self) -> tuple[tuple[str, Problem], ...]:
        """Protocol and oddity, in order of appearance."""
        return tuple([(reader.id, problem) for reader, reading in self.reads for problem in reading.problems])


NOTHING = CarrierReadings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """All that was said on one question, ready for ``Facts``."""

    statements: tuple[Statement, ...]
    """Readers' own orders applied; inherited statements last."""
    unread: tuple[Unread, ...]
    problems: tuple[tuple[str, Problem], ...]
    references: tuple[Reference, ...]
    soft: tuple[SoftDirective, ...]
    """Those that are addressed to all or to us."""
    outcomes: tuple[SiteFileOutcome, ...]


def read_site(
    robots: RobotsRecords | None,
    outcomes: Sequence[SiteFileOutcome],
    *,
    readers: Sequence[OptOutReader] = READERS,
) -> CarrierReadings:
    """Read the site files of one origin, once; ``robots`` is ``None`` where there is no robots.txt.

    A registered file without an outcome is unread (``not_asked``) and blocks: forgetting to ask is no permission.
    """
    found = NOTHING if robots is None else _read_by(readers, robots.source.url, lambda one: one.read_robots(robots))
    expected = site_files(readers)
    by_path = {outcome.path: outcome for outcome in outcomes}
    for path, concerned in expected.items():
        outcome = by_path.get(path)
        if outcome is None:
            forgotten = (Unread(protocol=one.id, why="not_asked", url=path, blocks=True) for one in concerned)
            found += CarrierReadings(unread=tuple(forgotten))
        else:
            found += _read_file(concerned, outcome, None)
    return found


def read_document(
    reference: Reference, outcome: SiteFileOutcome, *, readers: Sequence[OptOutReader] = (*READERS, *LOOKUPS)
) -> CarrierReadings:
    """Read a document that a reading referred to; its reader says what its absence means (e.g. PC-11)."""
    concerned = tuple(reader for reader in readers if reader.id == reference.protocol)
    found = _read_file(concerned, outcome, reference)
    if outcome.found is not Found.READ:
        found += _read_by(concerned, reference.url, lambda one: one.read_unfetched(reference))
    return found


def read_head(head: ResponseHead, *, readers: Sequence[OptOutReader] = READERS) -> CarrierReadings:
    """Read the header fields of a resource."""
    able = _able(tuple(readers), "read_response_head")
    return _read_by(able, head.source.url, lambda one: one.read_response_head(head))


def read_html(html: HtmlHead, *, readers: Sequence[OptOutReader] = READERS) -> CarrierReadings:
    """Read the elements of a page."""
    able = _able(tuple(readers), "read_html")
    return _read_by(able, html.source.url, lambda one: one.read_html(html))


def read_media(media: MediaFile, *, readers: Sequence[OptOutReader] = READERS) -> CarrierReadings:
    """Read the metadata inside a file."""
    return _read_by(readers, media.source.url, lambda one: one.read_media(media))


def refer_to_lookups(
    addresses: Mapping[str, str], source: Source, media_type: str | None, *, lookups: Sequence[LookupReader] = LOOKUPS
) -> CarrierReadings:
    """Refer to what look-up services say of a file; ``addresses`` are those of the slots that are on."""
    reads: list[Read] = []
    unread: list[Unread] = []
    for reader in lookups:
        if reader.id in addresses:
            reading = reader.refer(addresses[reader.id], source, media_type)
            if not reading.references:
                unread.append(Unread(protocol=reader.id, why="refused", url=addresses[reader.id], blocks=True))
            reads.append((reader, reading))
    return CarrierReadings(reads=tuple(reads), unread=tuple(unread))


def collect(question: Question, carriers: CarrierReadings, inherited: Iterable[Statement] = ()) -> Collected:
    """Ask all carriers of one resource (its origin's site files among them) one question.

    ``inherited`` are reservations of earlier hops and of the page (inherit.py); no order of carriers sets them aside.
    """
    if not carriers.reads:
        return Collected(
            statements=tuple([one for one in inherited if one.use is question.use]),
            unread=carriers.unread,
            problems=(),
            references=(),
            soft=(),
            outcomes=carriers.outcomes,
        )
    said: dict[str, list[Statement]] = {}
    readers: dict[str, OptOutReader] = {}
    unread = list(carriers.unread)
    soft: list[SoftDirective] = []
    token = question.token.lower()
    for reader, reading in carriers.reads:
        readers[reader.id] = reader
        try:
            said.setdefault(reader.id, []).extend(reading.about(question))
        except Exception as error:  # noqa: BLE001 - recorded, and it blocks
            unread.append(_broken(reader, question.url, error))
        if reading.soft:
            soft += [directive for directive in reading.soft if directive.agent in {"", token}]
    settled: list[Statement] = []
    for protocol, statements in said.items():
        settled += readers[protocol].settle(tuple(statements))
    settled += [one for one in inherited if one.use is question.use]
    return Collected(
        statements=tuple(settled),
        unread=tuple(unread),
        problems=carriers.problems,
        references=carriers.references,
        soft=tuple(soft),
        outcomes=carriers.outcomes,
    )


def reserve_for_media(page: CarrierReadings, question: Question, kind: str) -> tuple[Statement, ...]:
    """Reservations of a page that also bind what is found through it (PC-29); ``kind`` as in ``image/*``.

    ``question.url`` is the page. Grants of a page never reach what it embeds.
    """
    asked = replace(question, media_type=f"{kind}/*")
    carriers = CarrierReadings(reads=tuple(read for read in page.reads if read[0].binds_media_of_page))
    return tuple(one for one in collect(asked, carriers).statements if one.preference is Preference.RESERVED)


def _read_file(
    concerned: Sequence[OptOutReader], outcome: SiteFileOutcome, reference: Reference | None
) -> CarrierReadings:
    looked = CarrierReadings(outcomes=(outcome,))
    found = outcome.found
    if found is Found.READ:
        file = SiteFile(
            source=outcome.source,
            path=outcome.path,
            content_type=outcome.content_type,
            body=outcome.body or b"",
            reference=reference,
        )
        return looked + _read_by(concerned, outcome.url, lambda one: one.read_site_file(file))
    unread = []
    for one in concerned:
        is_demanded = one.must_answer and outcome.status not in _NOTHING_THERE
        if is_demanded or found not in {Found.ABSENT, Found.SOFT_404}:
            blocks = is_demanded or found is Found.UNREAD
            unread.append(Unread(protocol=one.id, why=outcome.why, url=outcome.url, blocks=blocks))
    return looked + CarrierReadings(unread=tuple(unread))


@cache
def _able(readers: tuple[OptOutReader, ...], method: str) -> tuple[OptOutReader, ...]:
    """The readers that read this kind of carrier at all; asked for every page."""
    return tuple(one for one in readers if getattr(type(one), method) is not getattr(OptOutReader, method))


def _read_by(readers: Sequence[OptOutReader], url: str, read: Callable[[OptOutReader], Reading]) -> CarrierReadings:
    reads: list[Read] = []
    unread: list[Unread] = []
    for reader in readers:
        try:
            reading = read(reader)
        except Exception as error:  # noqa: BLE001 - recorded, and it blocks
            unread.append(_broken(reader, url, error))
        else:
            if isinstance(reading, Partial):
                unread.append(Unread(protocol=reader.id, why=reading.why, url=url, blocks=reading.blocks))
            if reading is not SILENCE:
                reads.append((reader, reading))
    return CarrierReadings(reads=tuple(reads), unread=tuple(unread)) if reads or unread else NOTHING


def _broken(reader: OptOutReader, url: str, error: Exception) -> Unread:
    return Unread(protocol=reader.id, why=f"internal_error: {type(error).__name__}", url=url, blocks=True)
