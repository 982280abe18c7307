"""``clearcrawl blocklist review``: a page that names sites for people becomes a list, line by line, by a person."""

from __future__ import annotations

from datetime import UTC, datetime
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
from crawler.cli.common import complain, json_option, print_json
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.list_folder import ListFolder
    from crawler.storage.list_review import Review
    from crawler.storage.list_updates import Acceptance, Outcome


@click.command("review", short_help="Make a list of a page that names sites for people.")
@click.argument("page_id", metavar="ID")
@click.option("--apply", "is_apply", is_flag=True, help="Put in force what a person accepted in the CSV.")
@click.option("--review-by", type=click.DateTime(formats=["%Y-%m-%d"]), help="When somebody looks at it again.")
@acceptance_options
@blocklists_option
@policies_option
@json_option
def command(
    *,
    page_id: str,
    is_apply: bool,
    review_by: datetime | None,
    accept: str | None,
    accepted_by: str | None,
    reason: str | None,
    blocklists: Path | None,
    policies: Path | None,
    as_json: bool,
) -> ExitCode:
    """Fetch the page ID of the catalog, keep it, and write what it may name to reviews/ID.csv.

    A person writes accept or reject into each line, with name and date, and adds what the page names otherwise; a PDF
    is kept, and read by the person alone. Decisions stay when the page changes. Then --apply puts the accepted names
    in force as the list ID, each with its reference, dates, and who accepted it.

    Exit status: 0 done, 1 refused, 3 the page did not answer, or lines wait for a person.
    """
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.list_review import page_named  # noqa: PLC0415 - as above

    word = acceptance_of(accept, accepted_by, reason)
    if not is_apply and (word is not None or accepted_by is not None or review_by is not None):
        raise UsageError("--review-by, --accept, --accepted-by and --reason go with --apply")
    with ListFolder.open(to_change(blocklists)) as lists:
        page_named(lists, page_id)
        if is_apply:
            outcome = _apply(lists, page_id, word, review_by=review_by)
            return tell(outcome, blocklists, as_json=as_json, command=f"review {page_id} --apply")
        review = _record(lists, page_id, policies)
    if review is None:
        return ExitCode.INCOMPLETE
    return _tell(review, as_json=as_json)


def _record(lists: ListFolder, page_id: str, policies: Path | None) -> Review | None:
    from crawler.cli.blocklist_sources import Sources  # noqa: PLC0415 - as above
    from crawler.storage.list_review import page_named, record_page  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    page = page_named(lists, page_id)
    got = Sources(policies).retrieve(page.source, None)
    if got.content is None or got.failure is not None:
        complain(f"{page_id}: {got.failure}; the review stays as it was")
        return None
    return record_page(lists, page, got.content, now=datetime.now(UTC), suffixes=bundled_suffixes())


def _apply(lists: ListFolder, page_id: str, word: Acceptance | None, *, review_by: datetime | None) -> Outcome:
    from crawler.cli.blocklist_sources import updater_of  # noqa: PLC0415 - as above
    from crawler.storage.list_review import apply_review, page_named  # noqa: PLC0415 - as above

    day = None if review_by is None else review_by.date()
    page = page_named(lists, page_id)
    return apply_review(lists, page, updater_of(lists, None), review_by=day, acceptance=word)


def _tell(review: Review, *, as_json: bool) -> ExitCode:
    from crawler.blocklists.review import undecided  # noqa: PLC0415 - as above

    waiting = len(undecided(review.rows))
    if as_json:
        print_json(
            "blocklist-review",
            {
                "page": review.page,
                "version": review.digest,
                "is_new": review.is_new,
                "is_read": review.is_read,
                "file": review.file,
                "rows": len(review.rows),
                "undecided": waiting,
            },
        )
    else:
        state = "new" if review.is_new else "unchanged"
        click.echo(f"{review.page}: {state}, {len(review.rows)} lines, {waiting} to decide")
        click.echo(f"  {review.digest}")
        if not review.is_read:
            click.echo(wrapped("A PDF: write the names that it lists into the CSV, one a line.", indent=2))
        click.echo(
            wrapped(f"Decide in {review.file}, then: clearcrawl blocklist review {review.page} --apply", indent=2)
        )
    return ExitCode.INCOMPLETE if waiting or not review.rows else ExitCode.CLEAN
