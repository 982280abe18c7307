"""The group ``policy``: the operator's files under ``policies/``, and the documents that are made from them."""

from __future__ import annotations

import click

from crawler.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "diff": Entry(module="crawler.cli.policy_diff", summary="What changed between two versions, and what it does."),
    "lint": Entry(module="crawler.cli.policy_lint", summary="Find everything that is wrong, due or open."),
    "render": Entry(module="crawler.cli.policy_render", summary="Make the copyright policy, or its public summary."),
}


@click.group("policy", cls=LazyGroup, entries=COMMANDS)
def command() -> None:
    """Look after the files that decide, and make documents from them.

    Measure 1.1 of the Code of Practice asks for one policy that is kept up to date and put into practice.
    """
