"""The group ``audit``: questions to a finished crawl. Nothing here or below imports Scrapy."""

from __future__ import annotations

import click

from crawler.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "verify": Entry(module="crawler.cli.audit_verify", summary="Whether a crawl is as it was written and signed."),
    "explain": Entry(module="crawler.cli.explain", summary="Why a URL was taken, left or deferred."),
    "replay": Entry(module="crawler.cli.audit_replay", summary="Decide all rows again from stored evidence."),
    "report": Entry(module="crawler.cli.audit_report", summary="HTML report with charts, and the same facts as JSON."),
    "sample": Entry(module="crawler.cli.audit_sample", summary="Worksheet of a random sample, and its score."),
    "query": Entry(module="crawler.cli.audit_query", summary="SQL over one or many crawls, shipped or free."),
}


@click.group("audit", cls=LazyGroup, entries=COMMANDS)
def command() -> None:
    """Ask a finished crawl; needs no Scrapy and changes nothing."""
