"""From the ``given`` of a conformance vector to carriers and readings (schema of the published vectors).

Everything that is not given does not exist: a site file that is not listed answers 404, a header not listed is absent.
What the vector's robots.txt disallows is not fetched (PC-30); other origins have no robots.txt.
The digest and time of the evidence are those of the text and a fixed day. The decision is not made here.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.optout.collect import NOTHING, collect, read_document, read_head, read_html, read_media, read_site
from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead
from crawler.optout.media.embedded import ManifestStore, packet_of
from crawler.optout.media.opening import describe
from crawler.optout.registry import READERS, site_files
from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.groups import parse
from crawler.optout.robots.outcome import RobotsAccess, RobotsFetch, judge
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.html import scan
from crawler.values.url import canonicalise, resolve, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crawler.optout.collect import CarrierReadings, Collected
    from crawler.optout.interface import OptOutReader
    from crawler.optout.media.embedded import Embedded
    from crawler.optout.statement import Reference
    from crawler.values.url import CanonicalUrl

RETRIEVED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Time of all evidence of a vector: none depends on a clock."""

_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One vector, ready to be asked."""

    question: Question
    robots: RobotsRecords | None
    carriers: CarrierReadings

    def collected(self) -> Collected:
        """Collect what all carriers of the vector say."""
        return collect(self.question, self.carriers)


def build(given: Mapping[str, Any], *, readers: Sequence[OptOutReader] = READERS) -> Case:
    """Build the carriers of a vector and let the readers read them."""
    url = canonicalise(given["url"])
    question = question_of(given, url)
    robots = robots_of(given, url)
    answers = {canonicalise(name): answer for name, answer in given.get("external", {}).items()}
    answers.update((resolve(url, path), answer) for path, answer in given.get("well_known", {}).items())
    rules = RobotsRules(judge(robots_fetch_of(given)), (question.token,))
    paths = {path: resolve(url, path) for path in site_files(readers)}
    closed = _closed(rules, split(url).origin, [*paths.values(), *answers])
    answers.update((one, {"error": "disallowed_by_robots"}) for one in closed)
    outcomes = [outcome(path, file, answers.get(file)) for path, file in paths.items()]
    carriers = read_site(robots, outcomes, readers=readers)
    carriers += resource_of(given, url, readers=readers)
    carriers += documents_of(carriers.references, answers, readers=readers)
    return Case(question=question, robots=robots, carriers=carriers)


def _closed(rules: RobotsRules, origin: str, urls: Iterable[CanonicalUrl]) -> Iterator[CanonicalUrl]:
    """Give what the rules of the origin keep us from asking for."""
    for url in urls:
        parts = split(url)
        if parts.origin == origin and rules.answer(parts).access is not RobotsAccess.ALLOW:
            yield url


def question_of(given: Mapping[str, Any], url: CanonicalUrl) -> Question:
    """Whom, what and which use a vector asks about."""
    operator = given.get("operator", {})
    return Question(
        url=url,
        use=Use(given["purpose"]),
        token=given["user_agent"],
        media_type=_media_type(given),
        user_class=operator.get("user_class", "commercial"),
        country=operator.get("geo", "DE"),
    )


def robots_of(given: Mapping[str, Any], url: CanonicalUrl) -> RobotsRecords | None:
    """Records of the vector's robots.txt; ``None`` where it has none that may be parsed."""
    body = judge(robots_fetch_of(given)).body
    if body is None:
        return None
    return RobotsRecords(file=parse(body), source=_source(resolve(url, "/robots.txt"), body))


def robots_fetch_of(given: Mapping[str, Any]) -> RobotsFetch:
    """What came of asking for the vector's robots.txt; one that is not given answers 404."""
    fetch = given.get("robots_fetch")
    if fetch is None:
        fetch = {"body": given["robots_txt"]} if "robots_txt" in given else {"status": _NOT_FOUND}
    hops = tuple(f"hop {number}" for number in range(1, fetch.get("redirects", 0) + 1))
    copy = fetch.get("cached_body")
    error = fetch.get("error")
    return RobotsFetch(
        requested=resolve(canonicalise(given["url"]), "/robots.txt"),
        status=None if error else fetch.get("status", _OK),
        error=error,
        hops=(*hops[:-1], fetch["final_url"]) if hops and "final_url" in fetch else hops,
        content_type=fetch.get("content_type"),
        body=_robots_body(fetch),
        retrieved_at=RETRIEVED_AT,
        cached_body=None if copy is None else copy.encode("utf-8", "surrogatepass"),
        cached_age_s=fetch.get("cached_age_s"),
        unreachable_for_s=fetch.get("unreachable_for_s"),
    )


def outcome(path: str, url: CanonicalUrl, answer: str | Mapping[str, Any] | None) -> SiteFileOutcome:
    """One answer of the schema: a body, or an object with ``status``, ``content_type``, ``body``, ``error``."""
    if answer is None:
        answer = {"status": _NOT_FOUND}
    elif isinstance(answer, str):
        answer = {"body": answer}
    error = answer.get("error")
    status = None if error else answer.get("status", _OK)
    body = answer.get("body", "").encode("utf-8", "surrogatepass") if status == _OK else None
    return SiteFileOutcome(
        path=path,
        url=url,
        status=status,
        error=error,
        content_type=answer.get("content_type"),
        body=body,
        retrieved_at=RETRIEVED_AT,
        digest=None if body is None else sha256(body),
    )


def resource_of(
    given: Mapping[str, Any], url: CanonicalUrl, *, readers: Sequence[OptOutReader] = READERS
) -> CarrierReadings:
    """Read headers, page and metadata of the resource itself."""
    markup = given.get("html")
    body = b"" if markup is None else markup.encode("utf-8", "surrogatepass")
    source = _source(url, body)
    headers = tuple((name, value) for name, value in given.get("headers", ()))
    found = read_head(ResponseHead(source=source, status=given.get("status", _OK), headers=headers), readers=readers)
    if markup is not None:
        page = scan(body, content_type="text/html; charset=utf-8")
        found += read_html(HtmlHead(source=source, page=page), readers=readers)
    if "embedded" in given:
        media_type = _media_type(given) or "application/octet-stream"
        media = MediaFile(source=source, content_type=media_type, embedded=embedded_of(given["embedded"]))
        found += read_media(media, readers=readers)
    return found


def embedded_of(given: Mapping[str, Any]) -> Embedded:
    """What the file carries, as if its format had been read: ``xmp``, ``epub_opf``, ``c2pa``."""
    xmp, package, store = (given.get(name) for name in ("xmp", "epub_opf", "c2pa"))
    return describe(
        [] if xmp is None else [packet_of(xmp.encode("utf-8", "surrogatepass"))],
        package=None if package is None else package.encode("utf-8", "surrogatepass"),
        store=None if store is None else ManifestStore(report=json.dumps(store)),
    )


def documents_of(
    references: Sequence[Reference],
    answers: Mapping[CanonicalUrl, str | Mapping[str, Any]],
    *,
    readers: Sequence[OptOutReader] = READERS,
) -> CarrierReadings:
    """Read the documents that other carriers named."""
    found = NOTHING
    for reference in references:
        url = canonicalise(reference.url)
        found += read_document(reference, outcome(url, url, answers.get(url)), readers=readers)
    return found


def _media_type(given: Mapping[str, Any]) -> str | None:
    headers = {name.lower(): value for name, value in given.get("headers", ())}
    named = given.get("content_type") or headers.get("content-type")
    if named is None:
        return "text/html" if "html" in given else None
    return str(named).partition(";")[0].strip().lower()


def _robots_body(fetch: Mapping[str, Any]) -> bytes:
    if "body_b64" in fetch:
        return b64decode(fetch["body_b64"])
    if "body_parts" in fetch:
        return "".join(text * times for text, times in fetch["body_parts"]).encode("utf-8", "surrogatepass")
    return str(fetch.get("body", "")).encode("utf-8", "surrogatepass")


def _source(url: CanonicalUrl, body: bytes) -> Source:
    return Source(url=url, digest=sha256(body), retrieved_at=RETRIEVED_AT)
