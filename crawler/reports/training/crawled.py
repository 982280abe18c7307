"""Section 2.3 of the form, from the manifest: who crawled, for what, how, when, what, and which domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.optout.registry import READERS
from crawler.policy.reasons import reason_of
from crawler.reports.training.answer import DRAFT, MEASURED, Answer, Table, gap, modality_boxes, optional, yes_no
from crawler.reports.training.context import in_all, month_of
from crawler.reports.training.evidence import OWN
from crawler.reports.training.general import counted
from crawler.reports.training.wording import action, barrier, outcome, urls
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.reports.training.context import Context

LISTED = 500
"""Domains that are printed in the document; the files beside it hold all."""
PURPOSES = {
    "ai_training": "collecting publicly accessible content for training general-purpose AI models",
    "train-genai": "collecting publicly accessible content for training general-purpose AI models",
    "search_index": "building an index of an online search engine",
    "search": "building an index of an online search engine",
}
_TITLES = {reader.id: reader.title for reader in READERS}
_PREFERENCES = ("reserved", "conditional", "allowed")


def crawl_used(context: Context) -> Answer:
    """Yes where any manifest has a row of one's own crawl, taken or left."""
    if context.evidence.has_own:
        considered = sum(row["urls"] for row in context.evidence.of("crawlers"))
        text = (
            f"The crawls behind this document considered {urls(considered)} and kept {context.evidence.pages:,} pages."
        )
        return yes_no(True, status=MEASURED, text=(text,), queries=("summary-crawlers",))
    return gap(
        "The manifests hold no row of a crawl by the provider or on its behalf; that there was none, only a "
        "person can say.",
        choices=(("Yes", False), ("No", False)),
        queries=("summary-crawlers",),
    )


def crawler_names(context: Context) -> Answer:
    """Every crawler with its token, header and who is behind it."""
    rows = _by_crawler(context)
    table = Table(
        caption="Crawlers",
        columns=("Crawler", "Name in robots.txt", "User-Agent header", "Operated by", "On behalf of"),
        rows=tuple(
            (one["crawler_id"], one["product_token"], one["user_agent"], _operator(context, one), one["on_behalf_of"])
            for one in rows
        ),
    )
    names = [one["crawler_id"] for one in rows]
    links = (("About the crawler", context.provider.pages.crawler),) if context.provider.pages.crawler else ()
    nameless = [one for one in rows if not one["crawler_id"] or not one["product_token"]]
    common: dict[str, Any] = {"tables": (table,), "links": links, "queries": ("summary-crawlers",)}
    if nameless:
        return gap("A crawler has no id or no name in robots.txt.", **common)
    return Answer(status=MEASURED, value=names, **common)


def crawler_purposes(context: Context) -> Answer:
    """The purpose that each crawl's policy states, and what people say in plain language."""
    found = sorted({(one["crawler_id"], one["purpose"]) for one in context.evidence.of("crawlers")}, key=str)
    rows = tuple((name, PURPOSES.get(purpose, purpose)) for name, purpose in found)
    table = Table(caption="Purpose as the crawls' policies state it", columns=("Crawler", "Purpose"), rows=rows)
    said = context.model.crawling.purposes
    common: dict[str, Any] = {"tables": (table,), "queries": ("summary-crawlers",)}
    if said:
        return Answer(status="given", value=said, text=(said,), **common)
    text = "The purpose of each crawler, as the policy in force at the time of crawling states it:"
    return Answer(status=DRAFT, value=[list(row) for row in rows], text=(text,), **common)


def crawler_behaviour(context: Context) -> Answer:
    """Captchas, passwords, paywalls, robots.txt and every other protocol, each with its count."""
    robots, closed = context.evidence.of("robots"), _barriers(context)
    refused = sum(row["disallowed"] for row in robots)
    unread = sum(row["urls"] for row in robots if row["outcome"] in _UNREAD)
    lists = sum(row["urls"] - row["kept"] for row in context.evidence.of("lists"))
    texts = (
        "The crawlers always identify themselves with the same name and contact, and never rotate identity or address.",
        f"Captchas and other challenges: never solved; the content behind them is left ({urls(closed['captcha'])}).",
        (
            f"Password-protected sites: the crawlers never log in; login pages and answers that ask for credentials "
            f"are left ({urls(closed['login'])})."
        ),
        f"Paywalls: never circumvented; paywalled or paid content is left ({urls(closed['paywall'])}).",
        (
            f"Other refusals by the site (such as 403 and 451): respected, no other copy is asked for "
            f"({urls(closed['other'])})."
        ),
        (
            f"robots.txt (RFC 9309): read for every site before anything else and obeyed; {urls(refused)} "
            f"{'was' if refused == 1 else 'were'} closed by a rule. "
            f"A robots.txt that exists and cannot be read counts as a complete refusal, never as permission "
            f"({urls(unread)})."
        ),
        (
            "Other protocols: statements in site files, response headers, pages and media metadata are read "
            "before anything is kept; "
            "any reservation wins. The table shows every protocol that is read, those that were not met included."
        ),
        f"Exclusion lists: hosts on a list in force are not contacted at all ({urls(lists)}).",
        (
            "Pace: the crawlers keep a pause between requests to one host, and obey Crawl-delay, Request-rate and "
            "Retry-After."
        ),
    )
    return Answer(
        status=MEASURED,
        value={"barriers": closed, "robots_disallowed": refused, "robots_unread": unread, "listed": lists},
        text=texts,
        tables=(_barrier_table(context), _robots_table(context), protocol_table(context)),
        queries=("summary-barriers", "summary-robots", "summary-protocols", "summary-lists"),
    )


_UNREAD = {
    *("robots_forbidden", "robots_busy", "robots_unreachable", "robots_redirect"),
    *("robots_truncated", "robots_too_complex"),
}


def crawl_period(context: Context) -> Answer:
    """First and last month in which a page was kept, for each crawler."""
    rows: list[tuple[Any, ...]] = []
    value = []
    for one in _by_crawler(context):
        if one["first_kept"]:
            first, last = month_of(one["first_kept"]), month_of(one["last_kept"])
            value.append({"crawler": one["crawler_id"], "from": first, "to": last})
            rows.append((one["crawler_id"], first, last, one["pages"]))
        else:
            rows.append((one["crawler_id"], None, None, 0))
    table = Table(caption="Period by crawler", columns=("Crawler", "From", "To", "Pages kept"), rows=tuple(rows))
    if not value:
        return gap("No page was kept, so that nothing was collected.", tables=(table,), queries=("summary-crawlers",))
    texts = tuple(f"{one['crawler']}: from {one['from']} to {one['to']}" for one in value)
    return Answer(status=MEASURED, value=value, text=texts, tables=(table,), queries=("summary-crawlers",))


def crawl_content(context: Context) -> Answer:
    """Kinds of sites, countries, languages, media types; demographic traits only of a person."""
    tables = (
        counted(context, "kinds", "Kinds of sites, by dated rules about their form", "Kind"),
        counted(context, "languages", "Languages that the pages declare", "Language (ISO 639)"),
        counted(context, "countries", "Countries that the sites show", "Country (ISO 3166)"),
        counted(context, "media-types", "Media types", "Media type"),
    )
    queries = ("summary-kinds", "summary-languages", "summary-countries", "summary-media-types")
    text = (
        f"{context.evidence.pages:,} pages of {context.domains.total['domains']:,} domains were kept "
        f"({octets(in_all(context, 'bytes_retained'))}). A site that no rule knows stays unclassified; a "
        f"country is what the "
        "site itself shows, never where its address is said to lie."
    )
    demographic = context.model.crawling.demographics
    common: dict[str, Any] = {"tables": tuple(one for one in tables if one.rows), "queries": queries}
    if not demographic:
        why = "Demographic traits of the crawled content are not described; no manifest can know them."
        return gap(why, text=(text,), **common)
    return Answer(status=DRAFT, value=demographic, text=(text, demographic), **common)


def crawl_modality(context: Context) -> Answer:
    """What the kept pages are."""
    found = context.evidence.modalities(*OWN)
    if not found:
        return gap("No page was kept.", choices=modality_boxes(()).choices, queries=("summary-sizes",))
    return modality_boxes(found, status=MEASURED, queries=("summary-sizes",))


def crawl_domains(context: Context) -> Answer:
    """The list, how it was made, and where all of it lies."""
    found = context.domains
    rule = (
        "the top 5 % of all domain names, or 1 000 where that is lower (small and medium-sized enterprise)"
        if found.is_sme
        else "the top 10 % of all domain names"
    )
    texts = [
        (
            f"Rule: {rule}, ranked by the size of the content scraped, within each modality; the list is the union, "
            f"{found.names:,} domains. n = {found.facts()['rule']} of D domains with kept content."
        ),
        (
            f"Unit: registrable domain by the Public Suffix List "
            f"({', '.join(_suffix_lists(context)) or 'no snapshot'}), an address "
            f"where there is none. Size: octets {found.basis} (column {found.facts()['column']}); equal sizes "
            f"are ordered by name."
        ),
    ]
    if found.only_in_total:
        names = ", ".join(found.only_in_total[:LISTED])
        if len(found.only_in_total) > LISTED:
            names += f" and {len(found.only_in_total) - LISTED:,} more in the JSON file"
        texts.append(
            f"Within the first {found.total['listed']:,} of all modalities taken together, and of no single "
            f"one: {names}."
        )
    if context.provider.is_sme is None:
        texts.append("Whether the provider is an SME is not stated; the longer list of all other providers is given.")
    tables = (_numbers(context), _listed(context), _files(context))
    common: dict[str, Any] = {"tables": tables, "text": tuple(texts), "queries": ("domains",)}
    if not found.table.num_rows:
        return gap("No page was kept, so that there is no domain to list.", **common)
    return Answer(status=MEASURED, value={**found.facts(), "files": _file_facts(context)}, **common)


def crawl_comments(context: Context) -> Answer:
    """What people add, and how much was left."""
    left = sum(row["urls"] for row in context.evidence.of("reasons") if row["verdict"] != "allow")
    rows = tuple(
        (row["reason"], row["urls"], reason_of(row["reason"]).sentence)
        for row in context.evidence.of("reasons")
        if row["verdict"] != "allow"
    )
    table = Table(caption="Why URLs were left", columns=("Reason", "URLs", "Meaning"), rows=rows)
    told = f"URLs considered and left: {left:,}." if context.evidence.has_own else ""
    if erased := context.evidence.erased:
        told = f"{told} Pages removed after they had been collected: {erased:,}; none counts here.".strip()
    common: dict[str, Any] = {"tables": (table,) if rows else (), "queries": ("summary-reasons",), "status": MEASURED}
    return optional(context.model.crawling.comments, told, **common)


def protocol_table(context: Context) -> Table:
    """Every protocol that is read, with what was said and done; those that were not met have zeros."""
    found: dict[str, dict[str, int]] = {name: {} for name in _TITLES}
    for row in context.evidence.of("protocols"):
        numbers = found.setdefault(row["protocol"], {})
        numbers[row["preference"]] = numbers.get(row["preference"], 0) + row["urls"]
        for name in ("left", "kept"):
            numbers[name] = numbers.get(name, 0) + row[name]
    rows = tuple(
        (
            _TITLES.get(name, name),
            *(numbers.get(one, 0) for one in _PREFERENCES),
            numbers.get("left", 0),
            numbers.get("kept", 0),
        )
        for name, numbers in found.items()
    )
    columns = ("Protocol", "Reserved", "On conditions", "Allowed", "Left", "Kept")
    note = (
        "URLs; one with statements of both kinds counts in both columns. Kept beside a reservation: another statement, "
        "a licence or a dated exception allowed it."
    )
    return Table(caption="Opt-out protocols", columns=columns, rows=rows, note=note)


def _by_crawler(context: Context) -> list[dict[str, Any]]:
    """One entry a crawler, over its purposes and datasets."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    names = ("crawler_id", "product_token", "user_agent", "on_behalf_of")
    for row in context.evidence.of("crawlers"):
        one = found.setdefault(
            tuple(row[name] for name in names), {**row, "pages": 0, "first_kept": None, "last_kept": None}
        )
        one["pages"] += row["pages"]
        for name, choose in (("first_kept", min), ("last_kept", max)):
            one[name] = choose(filter(None, (one[name], row[name])), default=None)
    return list(found.values())


def _operator(context: Context, one: Mapping[str, Any]) -> str:
    operators = {
        crawl["operator"] for crawl in context.evidence.crawls if crawl["product_token"] == one["product_token"]
    }
    return ", ".join(sorted(operators))


def _barriers(context: Context) -> dict[str, int]:
    kinds = {"captcha": 0, "login": 0, "paywall": 0, "other": 0}
    for row in context.evidence.of("barriers"):
        kinds[_KINDS.get(row["barrier"], "other")] += row["urls"] - row["kept"]
    return kinds


_KINDS = {
    "captcha": "captcha", "challenge": "captcha", "login": "login", "http_401": "login", "http_407": "login",
    "paywall": "paywall", "paywall_hard": "paywall", "paywall_metered": "paywall", "http_402": "paywall",
}  # fmt: skip


def _barrier_table(context: Context) -> Table:
    rows = tuple(
        (barrier(row["barrier"]), action(row["action"]), row["urls"], row["kept"])
        for row in context.evidence.of("barriers")
    )
    return Table(
        caption="Barriers",
        columns=("Barrier", "What was done", "URLs", "Kept"),
        rows=rows,
        note="" if rows else "None was met.",
    )


def _robots_table(context: Context) -> Table:
    rows = tuple(
        (outcome(row["outcome"]), row["urls"], row["disallowed"], row["kept"]) for row in context.evidence.of("robots")
    )
    return Table(caption="robots.txt", columns=("Outcome", "URLs", "Closed by a rule", "Kept"), rows=rows)


def _numbers(context: Context) -> Table:
    groups: Sequence[Mapping[str, Any]] = (
        *context.domains.groups,
        {"modality": "all together", **context.domains.total},
    )
    rows = tuple((one["modality"], one["domains"], one["listed"], one["cut_off"]) for one in groups)
    note = "All modalities together stand here for comparison; the list is made within each."
    columns = ("Modality", "Domains (D)", "Listed (n)", "Cut-off size in octets")
    return Table(caption="How the list was cut", columns=columns, rows=rows, note=note)


def _listed(context: Context) -> Table:
    shown = context.domains.table.slice(0, LISTED).to_pylist()
    rows = tuple((row["rank"], row["domain"], row["modality"], row["bytes"], row["pages"]) for row in shown)
    more = context.domains.table.num_rows
    note = f"The first {LISTED:,} of {more:,} rows; the files hold all." if more > LISTED else ""
    return Table(
        caption="Domain names", columns=("Rank", "Domain", "Modality", "Octets", "Pages"), rows=rows, note=note
    )


def _files(context: Context) -> Table:
    rows = tuple((name, digest, size) for name, digest, size in context.files or ())
    return Table(caption="The whole list, to download", columns=("File", "SHA-256", "Octets"), rows=rows)


def _file_facts(context: Context) -> list[dict[str, Any]]:
    return [{"name": name, "digest": digest, "octets": size} for name, digest, size in context.files or ()]


def _suffix_lists(context: Context) -> list[str]:
    return sorted({row["suffix_list_digest"] for row in context.evidence.of("rules") if row["suffix_list_digest"]})
