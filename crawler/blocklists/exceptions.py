"""What legal lets pass although a list names it, ``exceptions.toml``: each for one list, with reason and document.

An ``[[exception]]`` ends on a day; a ``[[false_positive]]`` names the appeal that was sent to the issuer of the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry
from crawler.blocklists.reading import path_entry
from crawler.errors import DocumentError
from crawler.values.strict_toml import Source

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from crawler.values.strict_toml import Table

EXCEPTIONS = "exceptions.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListException:
    """What one list does not cover. It opens no other list, and no entry for something below the name."""

    entry: Entry
    """Name with all below it, path with all below it, or network."""
    list_id: str
    reason: str
    document: str
    """Of an exception: the agreement or decision; of a false positive: reference of the appeal."""
    decided_by: str
    is_false_positive: bool
    valid_from: date | None
    valid_to: date | None
    """Last day; always there for an exception."""

    def is_in_force(self, today: date) -> bool:
        """Whether the day lies within the dates."""
        return not (self.valid_from and today < self.valid_from) and not (self.valid_to and today > self.valid_to)


def read_exceptions(content: bytes, list_ids: Collection[str]) -> tuple[ListException, ...]:
    """Read the file; raises ``DocumentError`` with every mistake, e.g. a list that the catalog does not know."""
    source = Source(EXCEPTIONS, content)
    root = source.root()
    found = [_exception(table, list_ids, is_false_positive=False) for table in root.tables("exception")]
    found += [_exception(table, list_ids, is_false_positive=True) for table in root.tables("false_positive")]
    root.finish()
    if source.mistakes:
        raise DocumentError(source.mistakes)
    return tuple(one for one in found if one is not None)


def _exception(table: Table, list_ids: Collection[str], *, is_false_positive: bool) -> ListException | None:
    if not is_false_positive:
        table.require("valid_to")
    text, list_id = table.text("entry"), table.text("list")
    entry = next((item for item in path_entry(text, 0) if isinstance(item, Entry)), None)
    if text and entry is None:
        table.mistake("entry", f'is "{text}"; write a name, host/path, an address or a network')
    if list_id and list_id not in list_ids:
        table.mistake("list", f'is "{list_id}"; write the id of one list of the catalog, or "local"')
    valid_from, valid_to = table.day("valid_from"), table.day("valid_to")
    if valid_from and valid_to and valid_from > valid_to:
        table.mistake("valid_to", "lies before valid_from")
    reason, document = table.text("reason"), table.text("appeal" if is_false_positive else "document")
    decided_by = table.text("decided_by")
    table.finish()
    if entry is None:
        return None
    return ListException(
        entry=entry,
        list_id=list_id,
        reason=reason,
        document=document,
        decided_by=decided_by,
        is_false_positive=is_false_positive,
        valid_from=valid_from,
        valid_to=valid_to,
    )
