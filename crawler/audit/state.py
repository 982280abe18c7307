"""Where a crawl stands: running, interrupted or ended, in numbers, and what to do next. Reads without the lock."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from crawler.errors import ExitCode
from crawler.policy.decision import Verdict
from crawler.storage.lock import is_locked
from crawler.storage.reading import CrawlReader

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.crawl_file import CrawlFile

RUNNING, INTERRUPTED, UNCLEAR = "running", "interrupted", "running or interrupted"
FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"
RECENT = 60.0
"""Seconds over which the rate of a running crawl is taken."""
_DEFAULTS = {"scope": "host", "max_pages": None, "max_depth": None, "concurrency": 64}
_FLAGS = {"is_list": "--list", "sitemaps": "--sitemaps"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlState:
    """A crawl at one moment."""

    folder: Path
    state: str
    """``running``, ``interrupted`` (killed), ``stopped`` (on request), ``finished``, ``failed``; where the system
    does not tell whether a run holds the folder, ``running or interrupted``."""
    crawl: CrawlFile
    counts: dict[str, int]
    """Over all runs of the folder; empty where neither journal nor ``crawl.json`` has them."""
    sizes: dict[str, int]
    """Octets on disk by folder."""
    rate: float | None
    """Attempts a second during the last ``RECENT`` seconds; ``None`` unless the crawl runs."""
    quotes: int | None
    """Quotes in prose that wait for a person (``audit query prose``); ``None`` where the state is not here."""
    has_frontier: bool
    """Whether the state is here without which nothing can be resumed."""

    @property
    def unsealed(self) -> str | None:
        """What is missing of the signatures over a crawl that has ended, and what to do; ``None`` where nothing is."""
        told = self.crawl.evidence or {}
        pending = told.get("pending") or []
        if told.get("unsigned"):
            return f"not signed to its end: {told['unsigned']}; mend it and run the crawl or a purge again"
        if pending:
            return f"{len(pending)} time stamps are pending: clearcrawl keys stamp {shlex.quote(str(self.folder))}"
        return None

    @property
    def resume(self) -> str | None:
        """Command that goes on; ``None`` where it runs, or nothing is left to be asked.

        With the options that shaped the last run, but for a limit of pages that was reached: it would end at once.
        """
        is_over = self.state == FINISHED and not self.counts.get("waiting")
        if self.state == RUNNING or is_over or not self.has_frontier:
            return None
        words = ["clearcrawl", "crawl", "-o", shlex.quote(str(self.folder))]
        plan = self.crawl.details.get("config", {}).get("plan", {})
        words += [flag for name, flag in _FLAGS.items() if plan.get(name)]
        for name, default in _DEFAULTS.items():
            is_reached = name == self.crawl.finish_reason
            if plan.get(name, default) != default and not is_reached:
                words += [f"--{name.replace('_', '-')}", shlex.quote(str(plan[name]))]
        return " ".join(words)

    def as_json(self) -> dict[str, Any]:
        """JSON values; keys are stable."""
        crawl = asdict(self.crawl)
        names = ("crawl_id", "is_test", "operator", "product_token", "purpose", "software", "started_at", "ended_at")
        return {
            "out": str(self.folder),
            "state": self.state,
            **{name: crawl[name] for name in (*names, "finish_reason", "exit_code")},
            "counts": self.counts,
            "bytes_on_disk": self.sizes,
            "attempts_per_second": self.rate,
            "quotes_for_people": self.quotes,
            "unsealed": self.unsealed,
            "resume": self.resume,
            "earlier": list(self.crawl.earlier),
        }


def state_of(folder: Path, *, now: float) -> CrawlState:
    """Look at a crawl folder; ``now`` is Unix time.

    Raises ``UsageError`` where there is no crawl, ``DamagedStateError`` where it cannot be read.
    """
    is_held = is_locked(folder)
    with CrawlReader.open(folder) as reader:
        counts = reader.counts()
        state = _state(reader.crawl, is_held=is_held, is_over=bool(reader.is_over()))
        rate = reader.attempts_since(now - RECENT) / RECENT if state == RUNNING else None
        told = dict(reader.crawl.counts or {}) if counts is None else asdict(counts)
        return CrawlState(
            folder=folder,
            state=state,
            crawl=reader.crawl,
            counts=told | _after_erasures(reader) if told else told,
            sizes=reader.sizes(),
            rate=rate,
            quotes=reader.logged("prose"),
            has_frontier=counts is not None,
        )


def _after_erasures(reader: CrawlReader) -> dict[str, int]:
    """``rows_erased``, and where rows were erased what is left: the counters of a run know nothing of later purges."""
    if reader.logged("erasure") == 0:
        return {"rows_erased": 0}
    columns = ["verdict", "fetch_redirect", "bytes_retained", "erased_at"]
    left = pa.concat_tables([reader.unpublished().select(columns), reader.dataset().to_table(columns=columns)])
    verdicts = Counter(left["verdict"].drop_null().to_pylist())
    hops = left.filter((pc.field("verdict") == Verdict.ALLOW) & pc.field("fetch_redirect").is_valid())
    return {
        "rows_erased": len(left) - left["erased_at"].null_count,
        **{f"rows_{verdict}": verdicts[verdict] for verdict in Verdict},
        "pages_kept": verdicts[Verdict.ALLOW] - len(hops),
        "bytes_retained": pc.sum(left["bytes_retained"]).as_py() or 0,
    }


def _state(crawl: CrawlFile, *, is_held: bool | None, is_over: bool) -> str:
    if is_held:
        return RUNNING
    if crawl.ended_at is None:
        return UNCLEAR if is_held is None else INTERRUPTED
    is_unsealed = crawl.exit_code == ExitCode.INCOMPLETE and is_over
    if crawl.exit_code == ExitCode.CLEAN or is_unsealed:
        return FINISHED
    return STOPPED if crawl.exit_code == ExitCode.INCOMPLETE else FAILED
