"""``clearcrawl blocklist add``: a list with its origin, fetched, checked and put in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.blocklist_options import (
    acceptance_of,
    acceptance_options,
    blocklists_option,
    policies_option,
    tell,
    to_change,
)
from crawler.cli.common import json_option, progress
from crawler.errors import DocumentError, ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.blocklists.catalog_editing import Value
    from crawler.errors import Mistake
    from crawler.storage.list_updates import Outcome

KINDS = click.Choice(["authority", "court", "watch-list", "community"])
TABLES = ("csv", "json")
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("add", short_help="Fetch a list and put it in force, with its origin.")
@click.argument("source")
@click.option("--id", "list_id", required=True, help="Short name, for rows and reports: court-2026-117.")
@click.option("--title", required=True, help="What the list is, in one line.")
@click.option("--issuer", required=True, help="Court, authority or group that decided what is on it.")
@click.option("--country", required=True, help="Two letters (ISO 3166-1), or EU.")
@click.option("--legal-basis", required=True, help="Act, decision, date, link.")
@click.option("--kind", required=True, type=KINDS, help="Who decided; only the first two can meet Measure 1.2.")
@click.option("--licence", required=True, help="On what terms the list may be used.")
@click.option("--scope", help="What it is about, where that is more or less than copyright.")
@click.option("--format", "form", help="How it is written; default: told by its content.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="KEY=NAME",
    help="Which column of a table holds what: entry=Seite, valid_from, valid_to, reference, delimiter, is_url=true.",
)
@click.option("--valid-from", type=DAY, help="First day on which it counts.")
@click.option("--valid-to", type=DAY, help="Last day on which it counts.")
@click.option("--review-by", type=DAY, help="When somebody looks at it again.")
@click.option(
    "--updates/--no-updates", default=None, help="Whether it changes at its source; default: yes, unless kind is court."
)
@click.option("--signed-by", metavar="KEY", help="Key of the publisher, name+id+base64: take only what it signed.")
@click.option("--page", "is_page", is_flag=True, help="SOURCE is a page (HTML, PDF) that names sites for people.")
@acceptance_options
@blocklists_option
@policies_option
@json_option
def command(
    *,
    source: str,
    list_id: str,
    title: str,
    issuer: str,
    country: str,
    legal_basis: str,
    kind: str,
    licence: str,
    scope: str | None,
    form: str | None,
    columns: tuple[str, ...],
    valid_from: datetime | None,
    valid_to: datetime | None,
    review_by: datetime | None,
    updates: bool | None,
    signed_by: str | None,
    is_page: bool,
    accept: str | None,
    accepted_by: str | None,
    reason: str | None,
    blocklists: Path | None,
    policies: Path | None,
    as_json: bool,
) -> ExitCode:
    """Fetch the list at SOURCE (a file, or an https:// address) and put it in force.

    A list that nobody can mean, such as one with a public suffix on it, is left for a person to accept.

    Exit status: 0 in force, 1 refused, 3 nothing could be fetched.
    """
    from crawler.cli.blocklist_sources import absolute  # noqa: PLC0415 - keeps --help quick

    values: dict[str, Value | None] = {
        "id": list_id,
        "title": title,
        "issuer": issuer,
        "country": country,
        "legal_basis": legal_basis,
        "kind": kind,
        "licence": licence,
        "source": absolute(source),
        "scope": scope,
        "signed_by": signed_by,
    }
    known = {key: value for key, value in values.items() if value is not None}
    if is_page:
        if any((form, columns, valid_from, valid_to, review_by, accept, accepted_by, updates is not None)):
            raise UsageError(
                "--page: only origin, licence and scope are said of a page; the rest is said at its review"
            )
        return _add_page(blocklists, known)
    known["updates"] = kind != "court" if updates is None else updates
    dates = {"valid_from": valid_from, "valid_to": valid_to, "review_by": review_by}
    known |= {key: value.date() for key, value in dates.items() if value is not None}
    if accepted_by is not None and accept is None:
        known["accepted_by"] = accepted_by
    if form is None and "://" not in source and Path(source).is_dir():
        form = "ut1"
    if columns:
        known["columns"] = _mapping(columns)
        if form not in TABLES:
            raise UsageError(f"--column goes with --format {' or '.join(TABLES)}")
    outcome = _add(known, form, acceptance=(accept, accepted_by, reason), blocklists=blocklists, policies=policies)
    if outcome.outcome == "failed" and "://" not in source:
        raise UsageError(f"{outcome.detail}; name a list that can be read, or its https:// address")
    return tell(outcome, blocklists, as_json=as_json)


def _add(
    values: dict[str, Value],
    form: str | None,
    *,
    acceptance: tuple[str | None, str | None, str | None],
    blocklists: Path | None,
    policies: Path | None,
) -> Outcome:
    from crawler.cli.blocklist_sources import updater_of  # noqa: PLC0415 - as above
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - as above

    accept, accepted_by, reason = acceptance
    word = acceptance_of(accept, accepted_by, reason if accept is not None else None)
    if accept is None and reason is not None:
        raise UsageError("--reason goes with --accept DIGEST --accepted-by NAME")
    with ListFolder.open(to_change(blocklists)) as lists:
        updater = updater_of(lists, policies)
        lists.catalog()  # its own mistakes have lines; what is wrong below was given here
        try:
            return updater.add(values, form, word)
        except DocumentError as error:
            raise UsageError("\n".join(map(_as_option, error.mistakes))) from error


def _mapping(columns: tuple[str, ...]) -> dict[str, str | bool]:
    mapping: dict[str, str | bool] = {}
    for column in columns:
        key, equals, name = column.partition("=")
        if not equals or not name or key in mapping:
            raise UsageError(f"--column {column}: write each KEY=NAME once, for example entry=Domain")
        mapping[key] = name == "true" if key == "is_url" else name
    return mapping


def _as_option(mistake: Mistake) -> str:
    _, _, key = mistake.key.partition("].")
    if key.startswith("columns"):
        return f"--column {key.partition('.')[2]}: {mistake.problem}"
    return f"--{key.replace('_', '-')}: {mistake.problem}"


def _add_page(blocklists: Path | None, values: dict[str, Value]) -> ExitCode:
    from crawler.blocklists.catalog_editing import with_entry  # noqa: PLC0415 - as above
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - as above

    with ListFolder.open(to_change(blocklists)) as lists:
        lists.catalog()
        try:
            lists.put_in_force(with_entry(lists.text(), "page", values), {})
        except DocumentError as error:
            raise UsageError("\n".join(map(_as_option, error.mistakes))) from error
    progress(f"{values['id']}: in the catalog as a page; next: clearcrawl blocklist review {values['id']}")
    return ExitCode.CLEAN
