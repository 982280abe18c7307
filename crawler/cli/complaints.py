"""The group ``complaints``: the register of Measure 1.5. Nothing here or below imports Scrapy."""

from __future__ import annotations

import click

from crawler.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "add": Entry(module="crawler.cli.complaints_add", summary="Enter complaints from JSON, a form export, or a mail."),
    "list": Entry(module="crawler.cli.complaints_list", summary="Cases, and what is due."),
    "show": Entry(
        module="crawler.cli.complaints_show", summary="One case, what it lacks, and the letter that says so."
    ),
    "acknowledge": Entry(module="crawler.cli.complaints_acknowledge", summary="Enter that the letter was sent."),
    "control": Entry(module="crawler.cli.complaints_control", summary="Have the control of a domain proved."),
    "decide": Entry(module="crawler.cli.complaints_decide", summary="Decide a case, and link what was done."),
    "bundle": Entry(module="crawler.cli.complaints_bundle", summary="One case as a folder that OpenSSL checks."),
    "stats": Entry(module="crawler.cli.complaints_stats", summary="Figures for the policy document."),
    "erase": Entry(module="crawler.cli.complaints_erase", summary="Erase what is personal in a case."),
}


@click.group("complaints", cls=LazyGroup, entries=COMMANDS)
def command() -> None:
    """Keep the register of complaints, with a signed log of its own.

    The register is a folder, ./complaints unless --register names another one. What came in is kept apart from the
    log, so that it can be erased; the log keeps its hashes.
    """
