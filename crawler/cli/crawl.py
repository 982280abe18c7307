"""``clearcrawl crawl``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, progress, quiet_option

if TYPE_CHECKING:
    from crawler.errors import ExitCode


@click.command("crawl", short_help="Crawl sites into a folder; the same folder again resumes.")
@click.argument("seeds", nargs=-1, metavar="[URL or FILE]...")
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the crawl."
)
@click.option(
    "--scope",
    type=click.Choice(["host", "domain", "any"]),
    default="host",
    show_default=True,
    help="Which links are followed: to the page's host, its registrable domain, or anywhere.",
)
@click.option("--list", "is_list", is_flag=True, help="Fetch the given URLs only and follow no links.")
@click.option(
    "--sitemaps", "with_sitemaps", is_flag=True, help="Read the sitemaps that robots.txt names, and feeds, as well."
)
@click.option("--max-pages", type=click.IntRange(min=1), help="Keep at most so many pages over all runs of the folder.")
@click.option("--max-depth", type=click.IntRange(min=0), help="Follow links at most so far from a seed.")
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of an earlier crawl, repeatable: only what has changed is fetched and stored again.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that share the crawl, each with domains of its own; default: 1, or as many as began the folder.",
)
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Requests under way at once over all hosts.")
@click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
@click.option("--blocklists", type=click.Path(path_type=Path), help="Folder of blocklists; default as for policies.")
@json_option
@quiet_option
def command(  # noqa: PLR0917 - click passes by name
    seeds: tuple[str, ...],
    out: Path,
    scope: str,
    is_list: bool,
    with_sitemaps: bool,
    max_pages: int | None,
    max_depth: int | None,
    previous: tuple[Path, ...],
    workers: int | None,
    concurrency: int | None,
    policies: Path | None,
    blocklists: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Crawl the given sites into a folder with WARC files, a Parquet manifest and the evidence of every decision.

    Seeds are URLs, or files with one URL a line, CSV or Parquet with a column named url. The same folder again
    resumes; then no seeds are needed. With --previous they are not needed either: the kept pages of the earlier
    crawls are asked for again.
    """
    from crawler.cli.arguments import folder  # noqa: PLC0415 - keeps --help quick
    from crawler.cli.running import run  # noqa: PLC0415 - Scrapy is needed only to crawl
    from crawler.cli.summary import print_summary  # noqa: PLC0415 - as above
    from crawler.extensions.plan import CONCURRENCY, CrawlPlan, Scope  # noqa: PLC0415 - as above
    from crawler.extensions.runtime import Runtime  # noqa: PLC0415 - as above
    from crawler.extensions.work import check_work  # noqa: PLC0415 - as above
    from crawler.spiders.urls import UrlsSpider  # noqa: PLC0415 - as above
    from crawler.spiders.web import WebSpider  # noqa: PLC0415 - as above
    from crawler.storage.layout import has_owners  # noqa: PLC0415 - as above

    check_work(out, seeds, previous=previous)
    plan = CrawlPlan(
        out=out,
        policies=policies or folder("policies"),
        blocklists=blocklists or folder("blocklists"),
        scope=Scope(scope),
        sitemaps=with_sitemaps,
        is_list=is_list,
        max_pages=max_pages,
        max_depth=max_depth,
        concurrency=concurrency or CONCURRENCY,
        previous=previous,
        workers=workers or 1,
    )
    if plan.workers > 1 or has_owners(out):
        from crawler.cli.joint_crawl import crawl_together  # noqa: PLC0415 - as above

        return crawl_together(plan, seeds, is_quiet=quiet or as_json, as_json=as_json)
    runtime = Runtime.open(plan, seeds)
    for warning in runtime.parts.warnings:
        progress(f"note: {warning}")
    code = run(runtime, UrlsSpider if plan.is_list else WebSpider, seeds, is_quiet=quiet or as_json)
    print_summary(out, runtime, code, as_json=as_json)
    return code
