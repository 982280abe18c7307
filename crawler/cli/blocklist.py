"""The group ``blocklist``: lists of sites that are never visited, with origin, versions and a person's word."""

from __future__ import annotations

import click

from crawler.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "add": Entry(module="crawler.cli.blocklist_add", summary="Fetch a list and put it in force, with its origin."),
    "update": Entry(module="crawler.cli.blocklist_update", summary="Ask the sources of lists for newer versions."),
    "review": Entry(
        module="crawler.cli.blocklist_review", summary="Make a list of a page that names sites for people."
    ),
    "list": Entry(
        module="crawler.cli.blocklist_list", summary="Show the lists, what they rest on and how old they are."
    ),
    "lint": Entry(module="crawler.cli.blocklist_lint", summary="Find everything that is wrong or due."),
    "diff": Entry(
        module="crawler.cli.blocklist_diff", summary="Show what changed, and whom of past crawls it touches."
    ),
    "check": Entry(module="crawler.cli.blocklist_check", summary="Ask whether names are listed, and where."),
    "snapshot": Entry(
        module="crawler.cli.blocklist_snapshot", summary="Keep the present state, or show the kept ones."
    ),
    "restore": Entry(module="crawler.cli.blocklist_restore", summary="Put a kept state in force again."),
}


@click.group("blocklist", cls=LazyGroup, entries=COMMANDS)
def command() -> None:
    """Keep the lists of sites that are never visited: sources, versions, guard rails.

    Measure 1.2 of the Code of Practice asks for the findings of courts and authorities of the EU and EEA.
    """
