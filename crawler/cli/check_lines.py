"""What a site states, protocol by protocol and carrier by carrier; absent and not fetched as explicitly as found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crawler.optout.collect import collect
from crawler.optout.interface import OptOutReader
from crawler.optout.registry import READERS
from crawler.optout.site_file import Found
from crawler.optout.statement import Carrier, Question, Use
from crawler.values.media_type import essence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.asking.pages import Judged
    from crawler.optout.statement import Statement
    from crawler.policy.document import CrawlPolicy
    from crawler.values.url import CanonicalUrl

FOUND, SILENT, ABSENT, NOT_FETCHED, UNREAD = "found", "says nothing", "absent", "not fetched", "unread"

_STATES = {
    Found.READ: SILENT,
    Found.ABSENT: ABSENT,
    Found.SOFT_404: ABSENT,
    Found.NOT_FETCHED: NOT_FETCHED,
    Found.UNREAD: UNREAD,
}
_CARRIERS = {
    Carrier.RESPONSE_HEAD: "response head",
    Carrier.HTML_HEAD: "HTML",
    Carrier.MEDIA_FILE: "media file",
}
_READ_BY = {
    Carrier.RESPONSE_HEAD: "read_response_head",
    Carrier.HTML_HEAD: "read_html",
    Carrier.MEDIA_FILE: "read_media",
}
_USES = {
    Use.TRAIN_GENAI: "training of generative AI",
    Use.TRAIN_OTHER: "training of other models",
    Use.SEARCH: "search",
    Use.AI_INPUT: "input of AI at use",
}
_DECISIVE = {
    "optout_reserved": "reserved",
    "optout_conditional": "conditional",
    "condition_met": "conditional",
    "statement_allowed": "allowed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One carrier of one protocol, about one use."""

    protocol: str
    carrier: str
    state: str
    """``found``, ``says nothing``, ``absent``, ``not fetched`` or ``unread``."""
    literal: str = ""
    """The line, field or element as sent."""
    meaning: str = ""
    decides: bool = False
    """Whether the verdict rests on it."""

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def lines_of(judged: Judged, policy: CrawlPolicy) -> list[Line]:
    """Every place that was looked at, or would have been, in the order in which it is asked."""
    found = [] if judged.listed is None else [_listed(judged)]
    found.append(_robots(judged))
    for reader in READERS:
        found += _of_reader(judged, reader, policy)
    if judged.seen is not None and judged.seen.barrier is not None:
        barrier = judged.seen.barrier
        found.append(
            Line(
                protocol="access",
                carrier="response",
                state=FOUND,
                literal=barrier.evidence,
                meaning=f"a barrier ({barrier.kind.value}); nothing gets round it",
                decides=judged.decision.reason == barrier.reason,
            )
        )
    return found


def _listed(judged: Judged) -> Line:
    listed = judged.listed
    assert listed is not None  # noqa: S101 - asked before
    return Line(
        protocol="blocklist",
        carrier=listed.list_id,
        state=FOUND,
        literal=f"line {listed.line}: {listed.entry}",
        meaning="never visited",
        decides=judged.decision.reason == "blocklist",
    )


def _robots(judged: Judged) -> Line:
    robots = judged.robots
    if robots is None:
        return Line(protocol="robots.txt", carrier="/robots.txt", state=NOT_FETCHED)
    told = robots.error or ("" if robots.status is None else f"status {robots.status}")
    return Line(
        protocol="robots.txt",
        carrier="/robots.txt",
        state=FOUND if robots.digest is not None else ABSENT if robots.code == "robots_unavailable" else UNREAD,
        literal=told if robots.rule is None else f"line {robots.line}: {robots.rule}",
        meaning=f"{robots.access.value} ({robots.reason.value})",
        decides=judged.decision.reason == robots.reason.value,
    )


def _of_reader(judged: Judged, reader: OptOutReader, policy: CrawlPolicy) -> Iterator[Line]:
    statements = _statements(judged, reader, policy)
    said = {one.source.url for one in statements if one.carrier is Carrier.SITE_FILE}
    for outcome in judged.carriers.outcomes:
        if outcome.path in reader.site_files and outcome.url not in said:
            why = "" if outcome.why in {"", outcome.found} else outcome.why
            yield Line(
                protocol=reader.id, carrier=outcome.path, state=_STATES[outcome.found], literal=why,
                decides=outcome.found is Found.UNREAD and judged.decision.reason == "site_file_unread",
            )  # fmt: skip
    if judged.site is None:
        for path in reader.site_files:
            yield Line(protocol=reader.id, carrier=path, state=NOT_FETCHED)
    for carrier, method in _READ_BY.items():
        can_read = getattr(type(reader), method) is not getattr(OptOutReader, method)
        if can_read and not any(one.carrier is carrier for one in statements):
            yield Line(protocol=reader.id, carrier=_CARRIERS[carrier], state=_silence(judged, carrier))
    for one in statements:
        yield _stated(judged, one, policy)


def _statements(judged: Judged, reader: OptOutReader, policy: CrawlPolicy) -> list[Statement]:
    """What the reader made of the carriers about the purpose and about search, and what earlier hops handed on."""
    identity = policy.identity
    found: list[Statement] = []
    for use in dict.fromkeys((policy.purpose, Use.SEARCH)):
        question = Question(
            url=_canonical(judged),
            use=use,
            token=identity.product_token,
            media_type=None if judged.seen is None else essence_of(judged.seen.content_type),
            user_class=identity.user_class,
            country=identity.country,
        )
        asked = collect(question, judged.carriers, judged.inherited).statements
        found += [one for one in asked if one.protocol == reader.id]
    return list(dict.fromkeys(found))


def _canonical(judged: Judged) -> CanonicalUrl:
    return judged.url  # type: ignore[return-value] # a URL that has carriers has passed the gate


def _silence(judged: Judged, carrier: Carrier) -> str:
    seen = judged.seen
    if seen is None or (carrier is not Carrier.RESPONSE_HEAD and not judged.has_body):
        return NOT_FETCHED
    is_page = seen.page is not None
    return ABSENT if carrier is Carrier.RESPONSE_HEAD or is_page == (carrier is Carrier.HTML_HEAD) else "does not apply"


def _stated(judged: Judged, one: Statement, policy: CrawlPolicy) -> Line:
    carrier = one.source.url if one.carrier is Carrier.SITE_FILE else _CARRIERS[one.carrier]
    place = one.position if one.carrier is Carrier.SITE_FILE else None
    duties = f" ({', '.join(one.duties)})" if one.duties else ""
    is_decisive = one.preference == _DECISIVE.get(judged.decision.reason) and one.use is policy.purpose
    return Line(
        protocol=one.protocol,
        carrier=carrier,
        state=FOUND,
        literal=one.value if place is None else f"line {place}: {one.value}",
        meaning=f"{_USES[one.use]}: {one.preference.value}{duties}",
        decides=is_decisive,
    )
