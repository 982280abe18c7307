"""What the operator's files and the program say to each obligation, one function each. Figures are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import __version__
from crawler.optout.registry import READERS
from crawler.optout.robots.specifications import SPECIFICATIONS
from crawler.policy.decision import Verdict
from crawler.policy.profile_reading import PROVIDER, RETENTION
from crawler.policy.reading import AGREEMENTS, CRAWL_POLICY, PROTOCOLS
from crawler.reports.copyright_policy.answers import settings, statement, table, words
from crawler.reports.copyright_policy.obligations import chapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crawler.policy.document import ProtocolEntry
    from crawler.reports.copyright_policy.answers import Answer
    from crawler.reports.copyright_policy.inputs import Inputs

CATALOG = "blocklists/catalog.toml"
PROGRAM = f"clearcrawl {__version__}"


def configured(obligation: str, given: Inputs) -> list[Answer]:
    """Answers to one obligation, in the order of the document."""
    return list(_ANSWERS[obligation](given)) if obligation in _ANSWERS else []


def _policy(given: Inputs) -> Iterator[Answer]:
    policy = given.policy
    yield settings(
        {
            "Provider": given.provider.name or policy.identity.operator,
            "Signatory of the Code": _yes(given.provider.is_signatory),
            "Version of the crawl policy": policy.version,
            "Digest of the crawl policy": policy.digest,
            "Purpose of crawling": policy.purpose_name,
        },
        source=f"{PROVIDER}, {CRAWL_POLICY}",
    )


def _document(_given: Inputs) -> Iterator[Answer]:
    measures = ", ".join(chapter().measures)
    yield statement(
        f"This document is the one that holds the policy; its headings are the Measures {measures} of the chapter, and "
        "it is not written while one of their obligations has no answer.",
        source=PROGRAM,
        is_public=False,
    )


def _owners(given: Inputs) -> Iterator[Answer]:
    owners = (("Carries the policy out", given.provider.implementation), ("Oversees it", given.provider.oversight))
    yield settings({name: f"{one.role}, since {one.since}" for name, one in owners}, source=PROVIDER)
    contacts = {f"{name}: contact inside the organisation": one.contact for name, one in owners}
    yield settings(contacts, source=PROVIDER, is_public=False)


def _summary(given: Inputs) -> Iterator[Answer]:
    yield settings({"Public summary": given.provider.pages.policy_summary}, source=f"{PROVIDER}: pages.policy_summary")


def _kept_current(given: Inputs) -> Iterator[Answer]:
    yield statement(
        "What is written here was compared with what each crawl named below really ran under; a difference keeps this "
        "document from being written. Every version is kept with its date.",
        source=PROGRAM,
    )
    rows = [
        (one.kind, " and ".join(_span(one.years, one.days)), one.starts, one.basis) for one in given.retention.keeps
    ]
    yield table("How long records are kept", ["what", "how long", "from", "ground"], rows, source=RETENTION)


def _measures(given: Inputs) -> Iterator[Answer]:
    policy = given.policy
    yield statement(
        "The crawler says who it is in every request, never logs in, never solves a challenge, never changes identity "
        "or address to get past a refusal, and asks for no copy in a cache, archive or mirror. A page behind a login, "
        "a paywall, a captcha, or a status of refusal is not kept; paywalled text is not read out of a page's source.",
        source=PROGRAM,
    )
    yield statement(
        f"Of a page about which nobody said anything the profile {policy.profile.name!r} decides: "
        f"{'it may be collected' if policy.profile.unknown is Verdict.ALLOW else 'it is left'}.",
        source=f"{CRAWL_POLICY}: profile",
    )
    yield settings({"Seat of the operator": policy.identity.country or "not stated"}, source=CRAWL_POLICY)
    if policy.identity.on_behalf_of is not None:
        yield settings({"Crawled on behalf of": policy.identity.on_behalf_of}, source=CRAWL_POLICY)
    rows = [(one.scope, one.permits and ", ".join(sorted(one.permits)), one.ref) for one in policy.agreements]
    yield table("Licences", ["scope", "permits", "reference"], rows, source=AGREEMENTS, is_public=False)
    lifted = [
        (
            one.scope,
            ", ".join(one.lifts),
            one.reason,
            one.document,
            one.decided_by,
            f"{one.valid_from} to {one.valid_to}",
        )
        for one in policy.overrides
    ]
    names = ["scope", "lifts", "reason", "document", "decided by", "days"]
    yield table("Exceptions, each dated and decided", names, lifted, source=CRAWL_POLICY, is_public=False)


def _lists(given: Inputs) -> Iterator[Answer]:
    rows = [
        (
            one.title, one.issuer, one.country, one.legal_basis, one.kind, _yes(one.meets_measure),
            str(one.last_checked or one.retrieved_at),
        )
        for one in given.catalog.lists
    ]  # fmt: skip
    names = ["list", "issuer", "country", "legal basis", "kind", "EU or EEA court or authority", "checked"]
    yield table("Lists in force", names, rows, source=CATALOG)
    if not any(one.meets_measure for one in given.catalog.lists):
        yield statement(
            "None of these lists comes from a court or public authority of the Union or the EEA.", source=CATALOG
        )


def _ages(given: Inputs) -> Iterator[Answer]:
    ages = given.policy.blocklists
    yield statement(
        f"A list that is to be updated gives a warning {ages.warn_age} days after its last successful check, and keeps "
        f"crawls from starting after {ages.refuse_age} days.",
        source=f"{CRAWL_POLICY}: blocklists",
    )
    pages = [(one.title, one.issuer, one.country, str(one.retrieved_at or "not yet")) for one in given.catalog.pages]
    yield table(
        "Pages of authorities that are looked through", ["page", "issuer", "country", "seen"], pages, source=CATALOG
    )


def _robots(given: Inputs) -> Iterator[Answer]:
    policy = given.policy
    tokens = ", ".join((policy.identity.product_token, *policy.robots.also_bind))
    yield settings({"Product tokens that bind the crawler": tokens}, source=f"{CRAWL_POLICY}: identity, robots")
    unread = "left" if policy.unread.verdict is Verdict.DENY else "put off to another run"
    yield statement(
        "A robots.txt that answers with a server error or not at all closes its site: it is asked "
        f"{policy.unread.retries} more times, then what depends on it is {unread}.",
        source=f"{CRAWL_POLICY}: unread",
    )


def _specifications(_given: Inputs) -> Iterator[Answer]:
    rows = [(one.id, str(one.holds_from)) for one in SPECIFICATIONS]
    yield table("Texts by which robots.txt is read", ["text", "holds from"], rows, source=PROGRAM)


def _readers(_given: Inputs) -> Iterator[Answer]:
    rows = [(one.title, one.spec_version, one.version) for one in READERS]
    yield table("What is read besides robots.txt", ["protocol", "revision", "reader"], rows, source=PROGRAM)
    yield statement(
        "Statements are looked for in site files, response headers, HTML and inside of media files. Any reservation "
        "wins over any permission.",
        source=PROGRAM,
    )


def _protocols(given: Inputs) -> Iterator[Answer]:
    policy = given.policy
    rows = [(one.title, one.status, one.basis, str(one.since), _how(one)) for one in policy.protocols]
    names = ["protocol", "status", "ground", "since", "how"]
    yield table("Protocols and the ground on which each counts", names, rows, source=PROTOCOLS)
    yield statement("A protocol that is read counts, also where the table names no ground for it.", source=PROGRAM)
    off = [
        (", ".join(one.readers), one.reason, one.document, one.decided_by, f"{one.valid_from} to {one.valid_to}")
        for one in policy.protocols_off
    ]
    names = ["readers", "reason", "document", "decided by", "days"]
    yield table("Protocols set aside, each dated and decided", names, off, source=PROTOCOLS)


def _how(entry: ProtocolEntry) -> str:
    """Access itself, robots.txt and refusals, has no reader: the gate obeys it before anything is read."""
    if entry.readers:
        return "read"
    return "obeyed" if entry.status == "mandatory" else "known, not read"


def _prose(source: str, read: Callable[[Inputs], str], *, is_public: bool) -> Callable[[Inputs], Iterator[Answer]]:
    def answer(given: Inputs) -> Iterator[Answer]:
        text = read(given)
        if text:
            parts = [part for part in text.split("\n\n") if part.strip()]
            yield words(parts, source=f"{PROVIDER}: {source}", is_public=is_public)

    return answer


def _crawler(given: Inputs) -> Iterator[Answer]:
    one, manners = given.policy.identity, given.policy.politeness
    yield settings(
        {
            "Crawler": one.crawler_id,
            "Product token": one.product_token,
            "User agent": one.user_agent,
            "Operator": one.operator,
            "Contact": one.contact,
            "Page about the crawler": given.provider.pages.crawler,
            "Requests to one site": f"{manners.connections} at a time, {manners.delay:g} s between starts; Crawl-delay "
            f"and Retry-After are followed, above {manners.max_delay:g} s the site is left for later",
            "robots.txt in memory": f"once for each origin; {given.policy.limits.robots_cache_bytes:,} octets in all",
        },
        source=f"{CRAWL_POLICY}, {PROVIDER}",
    )


def _feed(given: Inputs) -> Iterator[Answer]:
    yield settings({"Feed of changes": given.provider.pages.feed}, source=f"{PROVIDER}: pages.feed")


def _search(given: Inputs) -> Iterator[Answer]:
    yield settings(
        {"Runs an online search engine": _yes(given.provider.runs_search_engine)},
        source=f"{PROVIDER}: search_engine_operated",
    )
    yield statement(
        "What a site says about training and about search is judged apart for every address; neither verdict follows "
        "from the other.",
        source=PROGRAM,
    )
    yield from _prose("search_engine", lambda one: one.provider.search_engine, is_public=True)(given)


def _outputs(given: Inputs) -> Iterator[Answer]:
    told = given.provider.outputs
    yield from _prose("outputs.acceptable_use", lambda _: told.acceptable_use, is_public=True)(given)
    yield from _prose("outputs.open_source_notice", lambda _: told.open_source_notice, is_public=True)(given)


def _contact(given: Inputs) -> Iterator[Answer]:
    rights = given.provider.rightsholders
    entries = {"Contact for rightsholders": rights.contact}
    if rights.languages:
        entries["Languages"] = ", ".join(rights.languages)
    yield settings(entries, source=f"{PROVIDER}: rightsholders")


def _complaints(given: Inputs) -> Iterator[Answer]:
    rights = given.provider.rightsholders
    yield settings({"Complaints": rights.form or given.provider.pages.complaints}, source=f"{PROVIDER}: rightsholders")
    yield from _prose("rightsholders.mechanism", lambda one: one.provider.rightsholders.mechanism, is_public=True)(
        given
    )


def _targets(given: Inputs) -> Iterator[Answer]:
    rights = given.provider.rightsholders
    yield settings(
        {
            "Receipt is acknowledged within": f"{rights.acknowledge_days} days",
            "A decision is made within": f"{rights.decide_days} days",
        },
        source=f"{PROVIDER}: rightsholders",
    )


def _bundle(_given: Inputs) -> Iterator[Answer]:
    yield statement(
        "A rightsholder can be given what was recorded about their sites: every fetch, the robots.txt then in force, "
        "all statements found, the verdicts, and the versions of policy and lists, with proofs that anybody can check.",
        source=PROGRAM,
    )


def _yes(value: bool | None) -> str:
    return "not answered" if value is None else "yes" if value else "no"


def _span(years: int, days: int) -> Iterator[str]:
    for amount, unit in ((years, "year"), (days, "day")):
        if amount:
            yield f"{amount:,} {unit}{'s' if amount > 1 else ''}"


_ANSWERS: Mapping[str, Callable[[Inputs], Iterator[Answer]]] = {
    "1.1-a": _policy,
    "1.1-b": _document,
    "1.1-c": _owners,
    "1.1-d": _summary,
    "1.1-e": _kept_current,
    "1.2-a": _measures,
    "1.2-b": _lists,
    "1.2-c": _ages,
    "1.3-a": _robots,
    "1.3-b": _specifications,
    "1.3-c": _readers,
    "1.3-d": _protocols,
    "1.3-e": _prose("third_party_data", lambda one: one.provider.third_party_data, is_public=True),
    "1.3-f": _prose("standards", lambda one: one.provider.standards, is_public=True),
    "1.3-g": _crawler,
    "1.3-h": _feed,
    "1.3-j": _search,
    "1.4-a": _prose("outputs.safeguards", lambda one: one.provider.outputs.safeguards, is_public=False),
    "1.4-b": _outputs,
    "1.4-c": _prose("outputs.scope", lambda one: one.provider.outputs.scope, is_public=True),
    "1.5-a": _contact,
    "1.5-b": _complaints,
    "1.5-d": _targets,
    "1.5-g": _bundle,
}
