"""Section 3 of the form: reservations of rights, illegal content, and what else bears on rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.reports.training.answer import DRAFT, MEASURED, Answer, Table, gap, optional, yes_no
from crawler.reports.training.context import month_of
from crawler.reports.training.crawled import protocol_table

if TYPE_CHECKING:
    from crawler.reports.training.context import Context

_SILENCE = {
    "reservation": "a page about which nobody said anything is taken (Article 4(3) works by reservation)",
    "consent": "a page about which nobody said anything is left",
}


def signatory(context: Context) -> Answer:
    """Of a person."""
    said = context.provider
    text = (f"Signed on {said.signed_on:%d/%m/%Y}.",) if said.is_signatory and said.signed_on else ()
    return yes_no(said.is_signatory, text=text)


def reservations(context: Context) -> Answer:
    """What is read, how it decides, how it is kept current; from the policies in force."""
    if not context.evidence.has_own:
        return gap("There is no evidence of a crawl; the measures of others are theirs to describe.")
    left = {row["reason"]: row["urls"] for row in context.evidence.of("reasons") if row["verdict"] != "allow"}
    reserved = sum(left.get(name, 0) for name in ("optout_reserved", "optout_conditional"))
    texts: tuple[str, ...] = (
        (
            "Before a page is asked for, the site's robots.txt is read and obeyed (RFC 9309), then the site's files "
            "that may state reservations. Response headers are read before the body is downloaded; HTML and media "
            "metadata before anything is kept."
        ),
        (
            "All statements about a page are joined: any reservation wins, then any condition, then any permission. "
            f"{reserved:,} URLs were left for a reservation or an unmet condition."
        ),
        (
            "A file that may hold a reservation and cannot be read is never counted as silence: it is asked again, "
            "then the page is left."
        ),
        (
            "Kept current: site files are read again when they expire while a crawl runs, and anew by later crawls. "
            "Reservations that are made later are found by asking the sites of earlier crawls again (recheck); what is "
            "found is removed, or left out of exports, by removal lists and with a receipt."
        ),
    )
    silence = sorted({row["profile"] for row in context.evidence.of("rules")})
    texts += tuple(f"Profile {name}: {_SILENCE[name]}." for name in silence if name in _SILENCE)
    said = context.model.processing.reservations_comments
    return Answer(
        status=MEASURED,
        value={"protocols": [row[0] for row in protocol_table(context).rows], "left": reserved},
        text=(*texts, *((said,) if said else ())),
        tables=(protocol_table(context), *_status(context), _rules(context)),
        queries=("summary-protocols", "summary-reasons", "summary-rules"),
    )


def reservations_comments(context: Context) -> Answer:
    """The copyright policy."""
    pages = context.provider.pages
    named = (
        ("Summary of the copyright policy", pages.policy_summary),
        ("Complaints of rightsholders", pages.complaints),
    )
    links = tuple((text, link) for text, link in named if link)
    if not links:
        return optional()
    return Answer(status="given", value=[link for _, link in links], links=links)


def illegal_content(context: Context) -> Answer:
    """Lists that kept the crawlers away, and what people do afterwards."""
    rows = tuple((row["list"], row["entries"], row["urls"], row["kept"]) for row in context.evidence.of("lists"))
    columns = ("List", "Entries that spoke", "URLs", "Kept by a dated exception")
    tables = (Table(caption="Exclusion lists of the crawls", columns=columns, rows=rows),) if rows else ()
    text = "Hosts on exclusion lists in force (courts, authorities, the provider's own) are not contacted at all."
    said = context.model.processing.illegal_content
    common: dict[str, Any] = {"tables": tables, "queries": ("summary-lists",)}
    if not said:
        return gap(
            "Measures after crawling (keywords, classifiers, other lists) are not described.", text=(text,), **common
        )
    return Answer(status=DRAFT if rows else "given", value=said, text=(said, text), **common)


def other_processing(context: Context) -> Answer:
    """What people add."""
    return optional(context.model.processing.other)


def _status(context: Context) -> tuple[Table, ...]:
    """Ground on which each protocol is honoured, as the policies in force say."""
    entries = {
        (one.title, one.status, one.basis, one.since)
        for policy in context.evidence.policies
        for one in policy.protocols
    }
    off = [one for policy in context.evidence.policies for one in policy.protocols_off]
    tables = []
    if entries:
        rows = tuple((title, status, since.isoformat(), basis) for title, status, basis, since in sorted(entries))
        columns = ("Protocol or solution", "Status", "Since", "Basis")
        tables.append(Table(caption="Ground on which each is honoured", columns=columns, rows=rows))
    if off:
        rows = tuple(
            (", ".join(one.readers), f"{one.valid_from} to {one.valid_to}", one.reason, one.document) for one in off
        )
        columns = ("Readers", "Set aside", "Reason", "Document")
        tables.append(Table(caption="Protocols set aside between two days", columns=columns, rows=rows))
    return tuple(tables)


def _rules(context: Context) -> Table:
    rows = tuple(
        (row["policy_version"], row["policy_digest"], row["profile"], row["urls"], *(
            month_of(row[name]) if row[name] else None for name in ("first_decision", "last_decision")
        ))
        for row in context.evidence.of("rules")
    )  # fmt: skip
    columns = ("Policy", "Digest", "Profile", "URLs", "From", "To")
    note = "The crawls were decided under several policies." if len({row[1] for row in rows}) > 1 else ""
    return Table(caption="Policies in force", columns=columns, rows=rows, note=note)
