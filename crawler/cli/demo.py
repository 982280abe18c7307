"""``clearcrawl demo``: crawls the built-in web, checks what was written, and explains it to a newcomer."""

from __future__ import annotations

import itertools
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, progress, quiet_option
from crawler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from crawler.cli.demo_report import DemoReport
    from crawler.demo.web import DemoWeb

DEFAULT = Path("demo-out")


@click.command("demo", short_help="Crawl a small built-in web on loopback and explain it.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the crawl, new or empty; default: ./demo-out, or the next free number after it.",
)
@json_option
@quiet_option
def command(out: Path | None, as_json: bool, quiet: bool) -> ExitCode:
    """Serve a small web of many sites on loopback, crawl it, and print what was taken, what was left, and why.

    No network and no configuration are needed. What was written is read back and compared with what each site
    allows: exit status 0 only if everything is as it should be, else 1.
    """
    from crawler.cli.demo_report import print_report, render_json  # noqa: PLC0415 - keeps --help quick

    folder = _free_folder(out)
    report = _crawl(folder, is_quiet=quiet or as_json)
    if report is None:
        progress(f"Stopped before the end. {folder} holds what was recorded: clearcrawl status {folder}")
        return ExitCode.INCOMPLETE
    (render_json if as_json else print_report)(report)
    return ExitCode.CLEAN if report.is_as_expected else ExitCode.FINDINGS


def _free_folder(out: Path | None) -> Path:
    """Find where to write. What an earlier demo wrote is never touched."""
    if out is not None:
        if not _is_free(out):
            raise UsageError(f"{out}: not empty; name a new folder, or leave out -o to get the next free one")
        return out
    numbered = (DEFAULT.with_name(f"{DEFAULT.name}-{number}") for number in itertools.count(2))
    return next(folder for folder in itertools.chain((DEFAULT,), numbered) if _is_free(folder))


def _is_free(folder: Path) -> bool:
    try:
        return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from error


def _crawl(folder: Path, *, is_quiet: bool) -> DemoReport | None:
    """Crawl the demo web into the folder and judge it; ``None`` after a stop by signal."""
    from crawler.cli.demo_documents import write_documents  # noqa: PLC0415 - as above
    from crawler.cli.demo_report import judge  # noqa: PLC0415 - as above
    from crawler.cli.running import run  # noqa: PLC0415 - as above
    from crawler.demo.folders import write_folders  # noqa: PLC0415 - as above
    from crawler.demo.web import DemoWeb  # noqa: PLC0415 - as above
    from crawler.extensions.plan import CrawlPlan  # noqa: PLC0415 - as above
    from crawler.extensions.runtime import Runtime  # noqa: PLC0415 - as above
    from crawler.optout.registry import READERS  # noqa: PLC0415 - as above
    from crawler.spiders.web import WebSpider  # noqa: PLC0415 - as above

    started = time.monotonic()
    web = DemoWeb(readers=[reader.id for reader in READERS])
    _start(web)
    with tempfile.TemporaryDirectory(prefix="clearcrawl-demo-") as made:
        try:
            policies, blocklists = write_folders(Path(made))
            plan = CrawlPlan(out=folder, policies=policies, blocklists=blocklists)
            runtime = Runtime.open(plan, web.seeds)
            if not is_quiet:
                for warning in runtime.parts.warnings:
                    progress(f"note: {warning}")
                progress(f"Crawling {len(web.sites)} sites that this program serves on loopback into {folder} ...")
            code = run(runtime, WebSpider, web.seeds, is_quiet=is_quiet)
        finally:
            web.stop()
        if code is ExitCode.INCOMPLETE:
            return None
        report = judge(folder, web, code, seconds=time.monotonic() - started)
        pages = write_documents(folder, report.verification, policies=policies, blocklists=blocklists)
        return replace(report, documents=pages)


def _start(web: DemoWeb) -> None:
    try:
        web.start()
    except OSError as error:
        raise UsageError(f"no port of 127.0.0.1 can be opened ({error.strerror}); the demo needs loopback") from error
