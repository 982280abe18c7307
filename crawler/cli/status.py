"""``clearcrawl status``: a crawl at a glance, beside a running one too."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.layout import table, wrapped
from crawler.values.amounts import counted, duration, octets
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from crawler.audit.state import CrawlState

_SAME = "with the same --policies, --blocklists and --previous"
_COLOURS = {"running": "green", "finished": "green", "stopped": "yellow", "interrupted": "yellow", "failed": "red"}


@click.command("status", short_help="A running or finished crawl at a glance.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Show where the crawl in DIR stands, what it came to so far, and what to do next.

    Changes nothing and takes no lock, so it may be asked while the crawl runs.
    """
    from crawler.audit.state import state_of  # noqa: PLC0415 - Arrow is loaded only to read

    state = state_of(folder, now=time.time())
    if as_json:
        print_json("status", state.as_json())
    else:
        _print(state)


def _print(state: CrawlState) -> None:
    crawl = state.crawl
    ended = "" if crawl.finish_reason is None else f" ({crawl.finish_reason}, exit {crawl.exit_code})"
    word = click.style(state.state, fg=_COLOURS.get(state.state), bold=True)
    click.echo(f"{for_terminal(str(state.folder))}: {word}{for_terminal(ended)}")
    if crawl.is_test:
        click.echo(wrapped("TEST: test hosts were allowed; this crawl proves nothing about the web."))
    lines = [("crawl", f"{crawl.crawl_id}, purpose {crawl.purpose}"), ("who", _who(state)), ("when", _when(state))]
    if state.counts:
        lines += _counted(state)
    if state.quotes:
        lines.append(
            ("people", f"{counted(state.quotes, 'quote')} to read: clearcrawl audit query {state.folder} prose")
        )
    if state.unsealed:
        lines.append(("evidence", state.unsealed))
    sizes = ", ".join(f"{name} {octets(size)}" for name, size in state.sizes.items() if size)
    click.echo(table([*lines, ("disk", sizes or "nothing yet"), ("next", _next(state))]))
    if state.resume is not None:
        click.echo(f"    {for_terminal(state.resume)}")


def _who(state: CrawlState) -> str:
    return f"{state.crawl.operator or 'nobody named'}, as {state.crawl.user_agent or 'nobody'}"


def _when(state: CrawlState) -> str:
    started = datetime.fromisoformat(state.crawl.started_at)
    told = f"started {_moment(started)}"
    if state.crawl.ended_at is not None:
        ended = datetime.fromisoformat(state.crawl.ended_at)
        told += f", ended {_moment(ended)}, {duration((ended - started).total_seconds())} later"
    elif state.state == "running":
        told += f", {duration((datetime.now(UTC) - started).total_seconds())} ago"
    earlier = len(state.crawl.earlier)
    return f"{told}; {earlier} earlier in this folder" if earlier else told


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _counted(state: CrawlState) -> list[tuple[str, str]]:
    counts = state.counts
    settled = counts["done"] + counts["denied"] + counts["failed"]
    rows = counts["rows_allow"] + counts["rows_deny"] + counts["rows_defer"]
    verdicts = f"{counts['rows_allow']} allow, {counts['rows_deny']} deny, {counts['rows_defer']} defer"
    rate = "" if state.rate is None else f"; {state.rate:.1f} attempts/s in the last minute"
    against = ((name.removeprefix("change_"), number) for name, number in counts.items() if name.startswith("change_"))
    erased = counts.get("rows_erased")
    changes = ", ".join(f"{number} {name}" for name, number in against if number)
    urls = f"{counts['waiting']} URLs wait, {counts['sent']} under way, {settled} settled, {counts['lanes']} domains"
    return [
        ("rows", f"{rows}: {verdicts}"),
        *(
            [("erased", f"{erased} more; their records are overwritten in place, the files keep their length")]
            if erased
            else []
        ),
        *([("changes", f"{changes} (against earlier crawls)")] if changes else []),
        ("frontier", urls + rate),
        ("segments", f"{counts['segments']} published, {counts['unpublished']} rows in the journal alone"),
        ("octets", f"{octets(counts['bytes_fetched'])} fetched, {octets(counts['bytes_retained'])} kept"),
    ]


def _next(state: CrawlState) -> str:
    """What a person does now."""
    if state.state == "running":
        return "let it run; Ctrl-C or SIGTERM to its process stops it cleanly"
    if state.resume is None:
        return f"clearcrawl audit explain URL --in {state.folder} says why a URL was taken or left"
    if state.state == "running or interrupted":
        return f"if no run is under way, this goes on ({_SAME}):"
    if state.state == "finished":
        if state.crawl.finish_reason == "max_pages":
            return f"the limit of pages was reached; this goes on, best with a larger --max-pages ({_SAME}):"
        return f"some URLs wait for another time; this asks them again ({_SAME}):"
    return f"nothing committed is lost; this goes on ({_SAME}):"
