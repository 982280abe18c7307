"""What an export came to: one object from which the screen, ``export.json``, the card and Croissant are made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.exporting.state import totals

if TYPE_CHECKING:
    from crawler.exporting.job import ExportJob
    from crawler.exporting.state import Part, Problem
    from crawler.storage.crawl_file import CrawlFile

PROBLEMS = 1_000
"""Problems that are named; all are counted."""
DOMAINS = 20
_KINDS = ("modality", "language", "media_type", "licence", "reason", "origin", "profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Documents that have one thing in common."""

    value: str | None
    """Text of strangers in places; ``None`` where it is not known."""
    documents: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSummary:
    """Facts of a finished export."""

    is_test: bool
    format: str
    is_text: bool
    is_unique: bool
    identity: dict[str, str]
    crawls: tuple[CrawlFile, ...]
    rows: int
    documents: int
    octets: int
    left: dict[str, int]
    """Rows that gave no document, by reason."""
    unpublished: int
    domains: int
    """Registrable domains, or addresses, with a document."""
    top_domains: tuple[Tally, ...]
    by: dict[str, tuple[Tally, ...]]
    """Kind to its values."""
    policies: tuple[tuple[str, str], ...]
    """Digests of policies and of blocklists in force: kind and digest."""
    policy_versions: tuple[str, ...]
    first_day: str | None
    last_day: str | None
    """When the bodies left their servers, UTC."""
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """For ``export.json`` and scripts."""
        told = {name: getattr(self, name) for name in self.__slots__ if name not in {"crawls", "by"}}
        told["crawls"] = [
            {name: getattr(crawl, name) for name in ("crawl_id", "operator", "purpose", "started_at", "ended_at")}
            for crawl in self.crawls
        ]
        told |= {f"by_{kind}": tallies for kind, tallies in self.by.items()}
        for name in ("parts", "problems", "top_domains", *(f"by_{kind}" for kind in self.by)):
            told[name] = [asdict(one) for one in told[name]]
        told["policies"] = [{"kind": kind, "digest": digest} for kind, digest in self.policies]
        return told

    def as_file(self) -> bytes:
        """Octets of ``export.json``."""
        body = {"format_of_this_file": "clearcrawl-export/1", "tool": f"clearcrawl {__version__}", **self.as_json()}
        return json.dumps(body, indent=2).encode() + b"\n"


def summarise(job: ExportJob) -> ExportSummary:
    """Gather the facts of an export whose parts are all there."""
    state = job.state
    counts = state.counts()
    _, first_day, last_day = state.distinct("day")
    return ExportSummary(
        is_test=job.is_test,
        format=job.plan.format,
        is_text=job.plan.is_text,
        is_unique=job.plan.is_unique,
        identity=job.identity,
        crawls=tuple(source.reader.crawl for source in job.sources),
        rows=counts.get("rows", 0),
        documents=counts.get("documents", 0),
        octets=counts.get("octets", 0),
        left=totals(counts, "left"),
        unpublished=sum(source.unpublished for source in job.sources),
        domains=state.distinct("domain")[0],
        top_domains=_tallies(job, "domain", DOMAINS),
        by={kind: _tallies(job, kind, 200) for kind in _KINDS},
        policies=tuple(
            (kind, one.value) for kind in ("policy", "lists") for one in _tallies(job, kind, 100) if one.value
        ),
        policy_versions=tuple(one.value for one in _tallies(job, "policy_version", 100) if one.value),
        first_day=first_day,
        last_day=last_day,
        parts=tuple(state.parts()),
        problems=tuple(state.problems(limit=PROBLEMS)),
    )


def _tallies(job: ExportJob, kind: str, limit: int) -> tuple[Tally, ...]:
    return tuple(
        Tally(value=value or None, documents=documents, octets=octets)
        for value, documents, octets in job.state.tallies(kind, limit=limit)
    )
