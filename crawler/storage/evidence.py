"""The evidence of one run as the store sees it: heads, stamps and hand-over, or none of them where nobody signs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from crawler.provenance.checkpoint import TEST_DOMAIN
from crawler.storage.handover import put_bag, put_envelope
from crawler.storage.layout import TIMESTAMPS
from crawler.storage.notary import Notary
from crawler.storage.stamping import Stamping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.storage.crawl_file import CrawlFile
    from crawler.storage.entries import RunInfo
    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder
    from crawler.storage.notary import Sealer
    from crawler.storage.stamping import Stamper

STAMP_SECONDS = 8.0
"""That the end of a run waits for its last time stamp."""
_TOLD = (
    *("crawl_id", "software", "operator", "product_token", "purpose", "is_test", "started_at", "ended_at"),
    *("finish_reason", "exit_code", "counts", "details"),
)


class Evidence:
    """Used by the store, in its thread; ``begin`` comes first."""

    def __init__(self, run: RunInfo, sealer: Sealer | None, stamper: Stamper | None) -> None:
        self._run = run
        self._sealer = sealer
        self._stamper = stamper
        self._notary: Notary | None = None
        self._stamping: Stamping | None = None
        self._stamped_at = 0.0
        self._problem: str | None = None
        self.pending: list[str] = []
        """Stamps without an answer, as of the end of the run."""

    def begin(self, folder: CrawlFolder, journal: Journal, *, crawl_id: str) -> None:
        """Look at what was signed before. Raises DamagedStateError, OSError, sqlite3.Error."""
        self._folder = folder
        self._journal = journal
        if self._sealer is None:
            return
        domain = TEST_DOMAIN if self._run.is_test else self._run.domain
        self._notary = Notary(folder, journal, self._sealer, domain=domain, crawl_id=crawl_id)
        if self._stamper is not None and self._stamper.roots:
            self._stamping = Stamping(folder, self._stamper)

    def start_body(self) -> dict[str, Any]:
        """What the entry of a start says, but for the crawl id."""
        run = self._run
        signing = None
        if self._sealer is not None:
            signing = {"key": str(self._sealer.key), "protection": self._sealer.protection}
        return {
            "software": run.software, "details": dict(run.details), "operator": run.operator,
            "product_token": run.product_token, "purpose": run.purpose, "user_agent": run.user_agent,
            "is_test": run.is_test, "environment": dict(run.environment), "signing": signing,
            "origin": None if self._notary is None else self._notary.origin,
        }  # fmt: skip

    def log_change(self, *, time: str) -> None:
        """Write that a new origin begins, where one does. Inside a transaction."""
        if self._notary is not None and self._notary.change is not None:
            self._journal.log_event("origin_changed", time=time, body=self._notary.change)
            self._notary.accept_change()

    def log_stop(self, stop: Mapping[str, Any]) -> None:
        """Remember a stop for the statement. Inside a transaction."""
        self._journal.put("stops", json.dumps([*self._stops(), dict(stop)]))

    def _stops(self) -> list[dict[str, Any]]:
        stops: list[dict[str, Any]] = json.loads(self._journal.get("stops") or "[]")
        return stops

    def sign(self, *, is_stamped: bool = False) -> None:
        """Sign the log as it is, and have it stamped where asked or due."""
        if self._notary is None or not self._notary.sign_head():
            return
        head = self._notary.head
        if self._stamping is None or self._stamper is None or head is None:
            return
        if is_stamped or time.monotonic() - self._stamped_at >= self._stamper.interval:
            self._stamped_at = time.monotonic()
            self._stamping.submit(head.number)

    def sign_if_due(self) -> None:
        """At least hourly."""
        if self._notary is not None and self._notary.is_due:
            self.sign()

    def wait(self) -> None:
        """Give the last stamp its time; afterwards nothing more is written by others than the store's thread."""
        if self._stamping is not None:
            self._stamping.wait(STAMP_SECONDS)
            self._stamping.close()
            self.pending = self._stamping.pending()

    @property
    def unsigned(self) -> str | None:
        """Why the newest leaves are not signed."""
        return None if self._notary is None else self._notary.problem

    @property
    def unsealed(self) -> str | None:
        """Why head or list of files is not signed; ``None`` where they are, or where nobody was to sign."""
        if self.unsigned is not None:
            return f"not signed: {self.unsigned}"
        return None if self._problem is None else f"the list of files is not signed: {self._problem}"

    @property
    def problem(self) -> str | None:
        """The same, or that stamps are pending."""
        if self._notary is None or self.unsealed is not None:
            return self.unsealed
        if self.pending:
            why = "" if self._stamping is None or self._stamping.problem is None else f": {self._stamping.problem}"
            return f"{len(self.pending)} time stamps are pending{why}"
        return None

    def described(self) -> dict[str, Any] | None:
        """For ``crawl.json``."""
        if self._notary is None or self._sealer is None:
            return None
        head = self._notary.head
        return {
            "origin": self._notary.origin, "key": str(self._sealer.key), "protection": self._sealer.protection,
            "checkpoint": None if head is None else head.number,
            "size": None if head is None else head.checkpoint.size,
            "unsigned": self._notary.problem, "pending": self.pending,
        }  # fmt: skip

    def hand_over(self, crawl: CrawlFile, *, sealed_at: str) -> None:
        """Sign the list of all files and write the bag. Raises OSError."""
        root, journals = self._folder.root, [self._journal.connection]
        if self._notary is not None and self._notary.head is not None and self._sealer is not None:
            is_stamped = any(name.endswith(".tsr") for name in self._folder[TIMESTAMPS].names())
            stamps = "pending" if self.pending else "complete" if is_stamped else "none"
            predicate = predicate_of(crawl, self._sealer, stamps=stamps, stops=self._stops(), sealed_at=sealed_at)
            self._problem = put_envelope(
                root, journals, self._sealer, self._notary.head, worker=self._folder.worker, predicate=predicate
            )
        put_bag(root, journals, bag_info(crawl, sealed_at=sealed_at))


def predicate_of(
    crawl: CrawlFile, sealer: Sealer, *, stamps: str, stops: Sequence[Mapping[str, Any]], sealed_at: str
) -> dict[str, Any]:
    """What the signed list of files says of the crawl, but for origin and head."""
    return {name: getattr(crawl, name) for name in _TOLD} | {
        "stops": list(stops), "timestamps": {"status": stamps}, "sealed_at": sealed_at,
        "signing": {"key": str(sealer.key), "protection": sealer.protection},
    }  # fmt: skip


def bag_info(crawl: CrawlFile, *, sealed_at: str) -> dict[str, str]:
    """Lines of ``bag-info.txt``."""
    info = {
        "Bag-Software-Agent": crawl.software, "Source-Organization": crawl.operator, "Bagging-Date": sealed_at[:10],
        "External-Identifier": crawl.crawl_id,
        "External-Description": "TEST: test hosts were allowed" if crawl.is_test else "Crawl with its evidence",
    }  # fmt: skip
    return {name: value for name, value in info.items() if value.strip()}
