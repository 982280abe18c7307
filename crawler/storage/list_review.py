"""Records pages that name sites for people, keeps their review, and turns what a person accepted into a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.blocklists.catalog_editing import with_changes
from crawler.blocklists.page_names import candidates
from crawler.blocklists.review import (
    LIST_COLUMNS,
    accepted_list,
    merged,
    read_review,
    undecided,
    write_review,
)
from crawler.errors import UsageError
from crawler.storage.list_folder import REVIEWS

if TYPE_CHECKING:
    from datetime import date, datetime

    from crawler.blocklists.catalog import Page
    from crawler.blocklists.catalog_editing import Value
    from crawler.blocklists.review import Row
    from crawler.storage.list_folder import ListFolder
    from crawler.storage.list_updates import Acceptance, Outcome, Updater
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.values.digest import Digest

_PDF = b"%PDF-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Where the review of a page stands."""

    page: str
    file: str
    """Below the folder."""
    digest: Digest
    """Of the page, which is kept under it."""
    is_new: bool
    """Whether the page differs from the one recorded last."""
    is_read: bool
    """Whether names could be looked for; a PDF is read by a person alone."""
    rows: tuple[Row, ...]


def page_named(folder: ListFolder, page_id: str) -> Page:
    """The page of that id. Raises UsageError for none."""
    found = next((page for page in folder.catalog().pages if page.id == page_id), None)
    if found is None:
        raise UsageError(f"{page_id}: no [[page]] of the catalog has this id; clearcrawl blocklist list shows them")
    return found


def record_page(folder: ListFolder, page: Page, content: bytes, *, now: datetime, suffixes: BundledSuffixes) -> Review:
    """Keep the page, and write a review in which every earlier decision stands. Raises StorageError, DocumentError."""
    name = f"{REVIEWS}/{page.id}.csv"
    kept = folder.read(name)
    before = [] if kept is None else read_review(name, kept)
    digest = folder.keep(content)
    is_pdf = content.startswith(_PDF)
    rows = before
    if digest != page.digest or kept is None:
        found = [] if is_pdf else candidates(content.decode("utf-8", "replace"), page.source, suffixes.is_suffix)
        rows = before if is_pdf else merged(found, before, digest)
        folder.write(name, write_review(rows))
    changes: dict[str, Value | None] = {
        "sha256": digest.removeprefix("sha256:"),
        "retrieved_at": now.date(),
    }
    folder.put_in_force(with_changes(folder.text(), "page", page.id, changes), {})
    return Review(
        page=page.id, file=name, digest=digest, is_new=digest != page.digest, is_read=not is_pdf, rows=tuple(rows)
    )


def open_review(folder: ListFolder, page: Page) -> Review:
    """The review as a person left it. Raises UsageError where there is none, DocumentError with all its mistakes."""
    name = f"{REVIEWS}/{page.id}.csv"
    kept = folder.read(name)
    if kept is None or page.digest is None:
        raise UsageError(f"{folder.path / name}: no such review; clearcrawl blocklist review {page.id} makes one")
    rows = tuple(read_review(name, kept))
    return Review(page=page.id, file=name, digest=page.digest, is_new=False, is_read=True, rows=rows)


def apply_review(
    folder: ListFolder, page: Page, updater: Updater, *, review_by: date | None, acceptance: Acceptance | None
) -> Outcome:
    """Put in force what a person accepted of a page, as the list of the page's id.

    Raises UsageError while a line is undecided or no name is accepted.
    """
    review = open_review(folder, page)
    waiting = undecided(review.rows)
    if waiting:
        lines = ", ".join(str(row.line) for row in waiting[:10])
        raise UsageError(
            f"{folder.path / review.file}: {len(waiting)} lines are not decided (lines {lines}"
            f"{', ...' if len(waiting) > 10 else ''}); write accept or reject in each"  # noqa: PLR2004 - as above
        )
    accepted = [row for row in review.rows if row.decision == "accept" and row.what == "name"]
    if not accepted:
        raise UsageError(f"{folder.path / review.file}: no name is accepted; there is nothing to put in force")
    content = accepted_list(review.rows)
    names = ", ".join(sorted({row.decided_by for row in accepted}))
    return updater.take(_values(page, review, names, review_by), "csv", content, acceptance, columns=LIST_COLUMNS)


def _values(page: Page, review: Review, names: str, review_by: date | None) -> dict[str, Value]:
    values: dict[str, Value] = {
        "id": page.id,
        "title": page.title,
        "issuer": page.issuer,
        "country": page.country,
        "legal_basis": page.legal_basis,
        "kind": page.kind,
        "licence": page.licence,
        "source": f"{review.file}: accepted line by line from {page.source} ({review.digest})",
        "accepted_by": names[:500],
        "updates": False,
    }
    if page.scope is not None:
        values["scope"] = page.scope
    if review_by is not None:
        values["review_by"] = review_by
    return values
