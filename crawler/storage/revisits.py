"""``revisit`` records (WARC 1.1 section 6.7): the head of a response whose payload is held already, and where.

The payload lies in the record that is named by id, target URI and date, and above all by its digest; in a crawl of
another folder where a field of ours names one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crawler.storage.entries import RecordDraft
    from crawler.values.digest import Digest

IDENTICAL_PAYLOAD: Final = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED: Final = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
CRAWL_FIELD: Final = "Clearcrawl-Refers-To-Crawl"
"""Ours: id of the crawl in another folder that holds the payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The record that holds a payload."""

    record_id: str
    target_uri: str
    date: str
    crawl_id: str | None = None
    """The crawl, where it lies in another folder."""


def revisit(draft: RecordDraft, payload: Digest, held: Held, *, profile: str) -> RecordDraft:
    """Make the record that stands for a response, with its head and without its body."""
    fields = {
        **(draft.fields or {}),
        "WARC-Profile": profile,
        "WARC-Refers-To": f"<{held.record_id}>",
        "WARC-Refers-To-Target-URI": held.target_uri,
        "WARC-Refers-To-Date": held.date,
    }
    if held.crawl_id is not None:
        fields[CRAWL_FIELD] = held.crawl_id
    return replace(draft, type="revisit", body=b"", payload_digest=payload, fields=fields)
