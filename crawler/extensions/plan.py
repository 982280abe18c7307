"""What the operator asked for: where, how far, how many. Nothing in here changes what compliance means."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.errors import UsageError
from crawler.storage.shipped import shipped

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


CONCURRENCY = 64
"""Requests under way at once where the operator says nothing."""


_PLACES = frozenset({"out", "policies", "blocklists", "previous", "worker", "workers"})


class Scope(StrEnum):
    """Which links of a page are followed."""

    HOST = "host"
    """Links to the host of the page."""
    DOMAIN = "domain"
    """Links to the registrable domain of the page."""
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlPlan:
    """One run. Paths are folders."""

    out: Path
    policies: Path
    blocklists: Path
    worker: str = "w0"
    workers: int = 1
    """How many share the crawl, this one among them."""
    scope: Scope = Scope.HOST
    max_pages: int | None = None
    """Kept pages after which the crawl ends, counted over all runs of the folder."""
    max_depth: int | None = None
    """Links away from a seed; the policy's trap depth holds as well."""
    sitemaps: bool = False
    """Whether the sitemaps that robots.txt files name, and feeds, are read for further pages."""
    is_list: bool = False
    """Whether the given URLs are fetched and no links of theirs."""
    concurrency: int = CONCURRENCY
    """Requests under way at once over all hosts."""
    previous: tuple[Path, ...] = ()
    """Folders of earlier crawls: what they hold is asked for on condition, and not stored again."""

    def config(self) -> dict[str, Any]:
        """Options that shape the crawl, for crawl.json and the configuration digest; no paths, no names of workers."""
        return {key: value for key, value in asdict(self).items() if key not in _PLACES}


def plan_of(settings: BaseSettings) -> CrawlPlan:
    """Read the plan from Scrapy settings (``extensions.always.NAMES``). Raises ``UsageError``."""
    out = settings.get("CLEARCRAWL_OUT")
    if not out:
        raise UsageError("CLEARCRAWL_OUT is not set: name the folder of the crawl (-s CLEARCRAWL_OUT=DIR)")
    scope = settings.get("CLEARCRAWL_SCOPE", "host")
    if scope not in set(Scope):
        raise UsageError(f"CLEARCRAWL_SCOPE is {scope!r}: write host, domain or any")
    return CrawlPlan(
        out=Path(out),
        policies=Path(settings.get("CLEARCRAWL_POLICIES") or shipped("policies")),
        blocklists=Path(settings.get("CLEARCRAWL_BLOCKLISTS") or shipped("blocklists")),
        scope=Scope(scope),
        max_pages=_number(settings, "CLEARCRAWL_MAX_PAGES"),
        max_depth=_number(settings, "CLEARCRAWL_MAX_DEPTH", least=0),
        sitemaps=settings.getbool("CLEARCRAWL_SITEMAPS"),
        concurrency=_number(settings, "CLEARCRAWL_CONCURRENCY") or CONCURRENCY,
        previous=tuple(Path(folder) for folder in settings.getlist("CLEARCRAWL_PREVIOUS")),
    )


def _number(settings: BaseSettings, name: str, *, least: int = 1) -> int | None:
    value = settings.get(name)
    if value is None:
        return None
    if not str(value).isdecimal() or int(value) < least:
        raise UsageError(f"{name} is {value!r}: write a whole number from {least}")
    return int(value)
