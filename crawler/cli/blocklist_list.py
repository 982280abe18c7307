"""``clearcrawl blocklist list``: the lists, what each rests on, its version and age, and what is still missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.blocklist_options import blocklists_option, section, to_read
from crawler.cli.common import json_option, print_json
from crawler.cli.layout import table, wrapped

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from crawler.blocklists.catalog import KnownList, ListRecord, Origin, Page


@click.command("list", short_help="Show the lists, what they rest on and how old they are.")
@blocklists_option
@json_option
def command(*, blocklists: Path | None, as_json: bool) -> None:
    """Show every list of the catalog: in force or not, fetched or only known, and the pages for people.

    Ends with whether Measure 1.2 of the Code of Practice is served: by findings of courts and authorities of the EU
    and EEA, and by nothing else.
    """
    from crawler.blocklists.catalog import CATALOG, read_whole  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.blocklists import read_contents  # noqa: PLC0415 - as above
    from crawler.storage.list_report import measure_sentence  # noqa: PLC0415 - as above

    today = datetime.now(UTC).date()
    catalog = read_whole(read_contents(to_read(blocklists))[CATALOG])
    is_met, sentence = measure_sentence(catalog, today)
    if as_json:
        body = {
            "measure_1_2": {"met": is_met, "sentence": sentence},
            "lists": [_list_as_json(each, today) for each in catalog.lists],
            "known": [_known_as_json(each) for each in catalog.known],
            "pages": [_page_as_json(each) for each in catalog.pages],
        }
        print_json("blocklist-list", body)
        return
    for record in catalog.lists:
        _print(record, [("version", _version(record)), ("state", _state(record, today))])
    for known in catalog.known:
        _print(known, [("state", f"known, not fetched: clearcrawl blocklist update {known.id}")])
    for page in catalog.pages:
        recorded = "never recorded" if page.retrieved_at is None else f"recorded {page.retrieved_at}"
        _print(page, [("state", f"page for people, {recorded}: clearcrawl blocklist review {page.id}")])
    click.echo(wrapped(sentence))


def _print(origin: Origin, more: list[tuple[str, str]]) -> None:
    measure = "counts for Measure 1.2" if origin.meets_measure else "does not count for Measure 1.2"
    section(f"{origin.id}: {origin.title}")
    rows = [
        ("issuer", f"{origin.issuer} ({origin.country}), {origin.kind}; {measure}"),
        ("basis", origin.legal_basis),
        ("source", origin.source),
        ("licence", origin.licence),
    ]
    if origin.scope is not None:
        rows.append(("scope", origin.scope))
    click.echo(table(rows + more))
    click.echo()


def _version(record: ListRecord) -> str:
    entries = "" if record.entries is None else f", {record.entries} entries"
    return f"{record.digest} of {record.retrieved_at}{entries}"


def _state(record: ListRecord, today: date) -> str:
    told = "in force" if record.is_in_force(today) else "not in force"
    if record.valid_from or record.valid_to:
        told += f" ({record.valid_from or '...'} to {record.valid_to or '...'})"
    if record.updates and record.last_checked is not None:
        told += f"; checked {record.last_checked}, {(today - record.last_checked).days} days ago"
    elif not record.updates:
        told += "; not updated"
    if record.review_by is not None:
        told += f"; review by {record.review_by}"
    if record.accepted_by is not None:
        told += f"; accepted by {record.accepted_by}"
    return told


def _origin_as_json(origin: Origin) -> dict[str, Any]:
    return {
        "id": origin.id,
        "title": origin.title,
        "issuer": origin.issuer,
        "country": origin.country,
        "legal_basis": origin.legal_basis,
        "kind": origin.kind,
        "counts_for_measure_1_2": origin.meets_measure,
        "licence": origin.licence,
        "source": origin.source,
        "scope": origin.scope,
        "valid_from": _day(origin.valid_from),
        "valid_to": _day(origin.valid_to),
        "review_by": _day(origin.review_by),
        "accepted_by": origin.accepted_by,
    }


def _list_as_json(record: ListRecord, today: date) -> dict[str, Any]:
    return {
        **_origin_as_json(record),
        "format": record.format,
        "file": record.file,
        "version": record.digest,
        "entries": record.entries,
        "retrieved_at": _day(record.retrieved_at),
        "updates": record.updates,
        "last_checked": _day(record.last_checked),
        "age_days": (today - record.last_checked).days if record.updates and record.last_checked else None,
        "in_force": record.is_in_force(today),
    }


def _known_as_json(known: KnownList) -> dict[str, Any]:
    return {**_origin_as_json(known), "format": known.format, "updates": known.updates}


def _page_as_json(page: Page) -> dict[str, Any]:
    return {**_origin_as_json(page), "version": page.digest, "retrieved_at": _day(page.retrieved_at)}


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
