"""The purge of one or more crawls: the newest first, since later crawls repeat the bodies of earlier ones."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.errors import UsageError
from crawler.purging.crawl import PurgeableCrawl
from crawler.purging.later import later_crawls
from crawler.purging.selection import select
from crawler.storage.reading import CrawlReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crawler.provenance.removal_index import RemovalIndex
    from crawler.provenance.removals import Removal
    from crawler.purging.due import Due
    from crawler.purging.selection import Selection
    from crawler.storage.notary import Sealer

FORMAT = "clearcrawl-purge-receipt/1"


@dataclass(slots=True, kw_only=True)
class CrawlReceipt:
    """What became of one crawl."""

    folder: str
    crawl_id: str
    is_test: bool
    rows: int = 0
    repeats: int = 0
    """Of ``rows``: those that only repeated a body that went."""
    octets: int = 0
    """Of the bodies removed."""
    reasons: dict[str, int] = field(default_factory=dict)
    seqs: dict[str, list[int]] = field(default_factory=dict)
    """Worker to the numbers of the erased leaves."""
    files: list[dict[str, Any]] = field(default_factory=list)
    """Every file before and after, as the log's entry says."""
    unsealed: str | None = None
    """Why what is left is not signed to its end."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """What an earlier purge erased before it was killed, so that no receipt told of it: entries `erasure` of the log
    with their moment and worker. Not counted in ``rows``."""
    later: list[str] = field(default_factory=list)
    """Folders of crawls beside it that build on it and were not named: what they repeat of it has no body now."""
    is_done: bool = False
    """Whether all that stands here is removed and the rest handed over anew."""


@dataclass(slots=True, kw_only=True)
class Receipt:
    """What a purge did, for the files of legal; it names what went, so it is never put into a crawl's folder."""

    purged_at: str
    authority: str
    removals: tuple[Removal, ...]
    is_dry_run: bool
    due: Due | None = None
    """Pages fetched before that moment go as well."""
    crawls: list[CrawlReceipt] = field(default_factory=list)
    unmatched: tuple[Removal, ...] = ()
    """Entries that named no row with content: never taken, erased before, or spelt otherwise."""

    @property
    def rows(self) -> int:
        """Over all crawls."""
        return sum(one.rows for one in self.crawls)

    def as_json(self) -> dict[str, Any]:
        """Values in the order in which people read them."""
        return {
            "purged_at": self.purged_at,
            "authority": self.authority,
            "is_dry_run": self.is_dry_run,
            "rows": self.rows,
            "due_before": None if self.due is None else self.due.before.isoformat(),
            "removals": _as_json(self.removals),
            "unmatched": _as_json(self.unmatched),
            "crawls": [{name: getattr(one, name) for name in one.__slots__} for one in self.crawls],
        }

    def as_file(self) -> bytes:
        """Octets of the receipt."""
        body = {"format": FORMAT, "tool": f"clearcrawl {__version__}", **self.as_json()}
        return json.dumps(body, indent=2).encode() + b"\n"


def purge(
    folders: Sequence[Path],
    index: RemovalIndex,
    receipt: Receipt,
    *,
    open_sealer: Callable[[], Sealer | None],
    keep: Callable[[Receipt], None] = lambda _: None,
) -> None:
    """Remove from all crawls what the lists name, and fill the receipt as it goes.

    ``open_sealer`` is asked once something is to be signed. ``keep`` gets the receipt once, where a crawl is done, and
    puts it where it outlasts a kill; what no kept receipt tells of is told by the next one. Raises UsageError,
    FolderInUseError, DamagedStateError, StorageError; crawls that the receipt calls done are purged all the same.
    """
    with ExitStack() as stack:
        crawls = [stack.enter_context(PurgeableCrawl(folder)) for folder in folders]
        crawls.sort(key=lambda one: (one.crawl.started_at, one.crawl.crawl_id), reverse=True)
        if len({one.crawl.crawl_id for one in crawls}) < len(crawls):
            raise UsageError("a crawl is named twice; name each folder once")
        chosen = [_select(crawl, index, receipt) for crawl in crawls]
        payloads: set[bytes] = set()
        for crawl, selections in zip(crawls, chosen, strict=True):
            payloads.update(*(crawl.payloads(one) for one in selections))
        matched = set().union(*(one.matched for selections in chosen for one in selections))
        receipt.unmatched = tuple(one for one in receipt.removals if one not in matched)
        signer = cache(open_sealer)
        try:
            for crawl, selections in zip(crawls, chosen, strict=True):
                for one in selections:
                    one.repeats = crawl.add_repeats(one, payloads, receipt.authority)
                receipt.crawls.append(told := _tell(crawl, selections))
                if told.rows:
                    told.later = later_crawls(crawl.crawl, crawl.path, named=folders)
                if receipt.is_dry_run or not (told.rows or not crawl.is_sealed):
                    crawl.close_untouched()
                    told.is_done = bool(told.earlier) and not receipt.is_dry_run
                else:
                    _purge(crawl, selections, told, signer)
        finally:
            done = [crawl for crawl, told in zip(crawls, receipt.crawls, strict=False) if told.is_done]
            if done:
                keep(receipt)
            for crawl in done:
                crawl.settle_receipt()


def _purge(
    crawl: PurgeableCrawl, selections: Sequence[Selection], told: CrawlReceipt, signer: Callable[[], Sealer | None]
) -> None:
    sealer = signer()
    for one in selections:
        if one.rows:
            told.files += [file.as_json() for file in crawl.purge(one)]
    told.unsealed = crawl.seal(sealer)
    told.is_done = True


def _as_json(removals: Sequence[Removal]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in one.__slots__ if getattr(one, name) is not None} for one in removals]


def _select(crawl: PurgeableCrawl, index: RemovalIndex, receipt: Receipt) -> list[Selection]:
    with CrawlReader.open(crawl.path) as reader:
        return select(reader, index, authority=receipt.authority, due=receipt.due)


def _tell(crawl: PurgeableCrawl, selections: Sequence[Selection]) -> CrawlReceipt:
    return CrawlReceipt(
        folder=str(crawl.path),
        crawl_id=crawl.crawl.crawl_id,
        is_test=crawl.crawl.is_test,
        rows=sum(len(one.rows) for one in selections),
        repeats=sum(one.repeats for one in selections),
        octets=sum(one.octets for one in selections),
        reasons=dict(Counter(reason for one in selections for reason, _ in one.rows.values())),
        seqs={one.worker: sorted(one.rows) for one in selections if one.rows},
        earlier=crawl.unreceipted(),
    )
