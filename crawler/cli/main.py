"""The command ``clearcrawl``: finds one file per command and turns every outcome into the documented exit status.

A command's file is imported when the command is used, so ``--version`` and ``--help`` stay quick and an auditor's
commands never import Scrapy. What a command does is not here.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.common import colour, complain
from crawler.cli.lazy import Entry, LazyGroup
from crawler.errors import ClearcrawlError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry(module="crawler.cli.demo", summary="Crawl a small built-in web on loopback and explain it."),
    "init": Entry(module="crawler.cli.init", summary="Set up a working copy: policies, blocklists, an example spider."),
    "crawl": Entry(module="crawler.cli.crawl", summary="Crawl sites into a folder; the same folder again resumes."),
    "status": Entry(module="crawler.cli.status", summary="A running or finished crawl at a glance."),
    "doctor": Entry(module="crawler.cli.doctor", summary="What a crawl stands on, and what to do about it."),
    "check": Entry(module="crawler.cli.check", summary="What sites state now, and what would be decided."),
    "export": Entry(module="crawler.cli.export", summary="Kept, unrevoked documents for training, with provenance."),
    "recheck": Entry(
        module="crawler.cli.recheck", summary="Ask sites of ended crawls again; write what was reserved since."
    ),
    "purge": Entry(module="crawler.cli.purge", summary="Remove revoked or named content, with a receipt."),
    "audit": Entry(module="crawler.cli.audit", summary="Questions to a finished crawl; needs no Scrapy."),
    "summary": Entry(
        module="crawler.cli.training_summary", summary="The public training summary, Article 53(1)(d), from crawls."
    ),
    "conformance": Entry(module="crawler.cli.conformance", summary="Run opt-out vectors through readers and decision."),
    "policy": Entry(module="crawler.cli.policy", summary="The files that decide, and the documents made from them."),
    "blocklist": Entry(module="crawler.cli.blocklist", summary="Lists of sites that are never visited."),
    "complaints": Entry(module="crawler.cli.complaints", summary="The register of complaints of rightsholders."),
    "publish": Entry(
        module="crawler.cli.publish", summary="Public site: crawler page, feed, look-up, complaints, documents."
    ),
    "keys": Entry(module="crawler.cli.keys", summary="Keys that sign crawls: made on first use, rotated."),
    "completion": Entry(module="crawler.cli.completion", summary="Print the completion script of a shell."),
}


class CommandLine(LazyGroup):
    """The outermost group: one message and the right exit status instead of a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, report, and leave with the exit status that docs/commands.md lists.

        A command returns its ``ExitCode``, or ``None`` for 0.
        """
        extra.update(standalone_mode=False, prog_name="clearcrawl")
        try:
            code = super().main(*args, **extra)
        except click.ClickException as error:
            error.show()
            code = ExitCode.MISUSE
        except click.Abort:
            complain("stopped")
            code = ExitCode.INCOMPLETE
        except ClearcrawlError as error:
            _trace()
            complain(str(error))
            code = error.exit_code
        except ModuleNotFoundError as error:
            _trace()
            name = (error.name or "").partition(".")[0]
            complain(
                f"this needs {name}, which is not installed: pip install clearcrawl (an auditor's install lacks it)"
            )
            code = ExitCode.MISUSE if name != "crawler" else ExitCode.DAMAGED
        except Exception as error:  # noqa: BLE001 - the last place where a failure can become a message
            _trace()
            complain(f"internal error: {type(error).__name__}: {error}\nCLEARCRAWL_DEBUG=1 shows where.")
            code = ExitCode.DAMAGED
        sys.exit(int(code) if code is not None else 0)


def _trace() -> None:
    """Print the exception being handled in full, if the user asked for it."""
    if os.environ.get("CLEARCRAWL_DEBUG") == "1":
        traceback.print_exc()


@click.group(
    cls=CommandLine,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="clearcrawl", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Collect web data for AI training lawfully, and prove it.

    Exit status: 0 clean, 1 findings or mismatch, 2 misuse or refused start, 3 incomplete, 4 another run holds the
    folder, 5 damaged state or storage failure.
    """
    ctx.color = colour()
