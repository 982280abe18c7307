"""Kept pages of ended crawls, judged by what their sites say now; a reservation becomes an entry of a removal list.

Whoever does not answer has revoked nothing: such pages are undecided, and are asked about again another time.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

from crawler.errors import DamagedStateError
from crawler.policy.decision import Verdict
from crawler.policy.reasons import reason_of
from crawler.provenance.removals import Removal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from crawler.asking.pages import Asker, Judged
    from crawler.storage.reading import CrawlReader

REVOKING = frozenset(
    {
        *("blocklist", "robots_disallow", "optout_reserved", "optout_conditional", "unknown_denied"),
        *("paywall", "http_451"),
    }
)
"""Reasons by which somebody says no to what was taken. Other refusals only say that nothing can be had now."""
_COLUMNS = (
    *("url", "verdict", "erased_at", "fetch_redirect", "warc_filename", "warc_record_offset", "warc_record_length"),
)
_BATCH = 5_000
_BASIS = 300
"""Characters of what an entry rests on; the evidence is asked for with ``check``."""


@dataclass(slots=True, kw_only=True)
class Recheck:
    """What asking again came to."""

    pages: int = 0
    revoked: list[Removal] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """Pages by ``stands``, ``revoked``, ``restricted`` (refused for another reason), ``undecided``."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Pages that do not stand, by reason."""


def recheck(
    readers: Sequence[CrawlReader], asker: Asker, *, asks_pages: bool, since: str, tell: Callable[[Recheck], None]
) -> Recheck:
    """Judge every kept page once; ``tell`` is called after each. ``since``: the moment that entries name, RFC 3339.

    Raises DamagedStateError.
    """
    found = Recheck()
    for url in _each_once(url for reader in readers for url in _kept_urls(reader)):
        judged = list(asker.judge(url)) if asks_pages else [asker.judge_by_site(url)]
        _count(found, url, judged, since)
        tell(found)
    return found


def _each_once(urls: Iterable[str]) -> Iterator[str]:
    """In their order; what was seen is remembered by SQLite on disk, since crawls may keep more than memory holds."""
    with closing(sqlite3.connect("", isolation_level=None)) as seen:
        seen.execute("PRAGMA journal_mode = OFF")
        seen.execute("CREATE TABLE seen (url BLOB PRIMARY KEY) WITHOUT ROWID")
        seen.execute("BEGIN")  # and never a commit: nothing of it is to last
        for url in urls:
            digest = blake2b(url.encode(), digest_size=16).digest()
            if seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount:
                yield url


def _kept_urls(reader: CrawlReader) -> Iterator[str]:
    for path in reader.segments():
        for row in _rows(path):
            is_page = row["verdict"] == "allow" and row["erased_at"] is None and row["fetch_redirect"] is None
            if is_page and row["warc_filename"] is not None:
                yield _exact_url(reader, row)


def _exact_url(reader: CrawlReader, row: dict[str, Any]) -> str:
    """The record's, where the row shows it redacted."""
    if "REDACTED:" not in row["url"]:
        return str(row["url"])
    return reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"]).target_uri


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=list(_COLUMNS)):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{path}: cannot be read as a segment of the manifest: {error}") from error


def _count(found: Recheck, url: str, hops: Sequence[Judged], since: str) -> None:
    """The strictest of all hops counts: a reservation, else doubt, else any other refusal."""
    found.pages += 1
    revoking = next((hop for hop in hops if is_revocation(hop)), None)
    verdicts = {hop.decision.verdict for hop in hops}
    if revoking is not None:
        found.revoked.append(_removal(url, revoking, since))
        outcome, reason = "revoked", revoking.decision.reason
    elif verdicts == {Verdict.ALLOW}:
        found.outcomes["stands"] += 1
        return
    else:
        other = next(hop for hop in hops if hop.decision.verdict is not Verdict.ALLOW)
        reason = other.decision.reason
        # What may put a page off in a crawl says nothing about a page that is held, whatever the policy makes of it.
        outcome = "undecided" if Verdict.DEFER in {*verdicts, *reason_of(reason).verdicts} else "restricted"
    found.outcomes[outcome] += 1
    found.reasons[reason] += 1


def is_revocation(judged: Judged) -> bool:
    """Whether somebody says no now."""
    return judged.decision.verdict is Verdict.DENY and judged.decision.reason in REVOKING


def _removal(url: str, judged: Judged, since: str) -> Removal:
    decision = judged.decision
    basis, authority = decision.reason, judged.url.split("/")[2]
    if judged.listed is not None:
        basis = f"{judged.listed.list_id} {judged.listed.list_digest} line {judged.listed.line}"
        authority = judged.listed.list_id
    elif decision.reason == "robots_disallow" and judged.robots is not None:
        basis = f"robots.txt {judged.robots.digest} line {judged.robots.line}: {judged.robots.rule}"
    else:
        said = next((one for one in decision.statements if one.preference.value in {"reserved", "conditional"}), None)
        if said is not None:
            basis = f"{said.protocol} {said.carrier.value} {said.source.url} {said.source.digest}: {said.value}"
    return Removal(
        kind="url", value=url, reason=decision.reason, basis=basis[:_BASIS], since=since, authority=authority
    )
