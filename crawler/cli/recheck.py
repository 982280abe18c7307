"""``clearcrawl recheck``: asks the sites of ended crawls again and writes what was reserved since. No Scrapy."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler import __version__
from crawler.cli.common import json_option, print_json, progress, quiet_option
from crawler.cli.layout import table, wrapped
from crawler.errors import ExitCode, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.recheck.sites import Recheck

_EVERY = 100
"""Pages between two lines of progress."""
_WORDS = {
    "stands": "may be kept",
    "revoked": "reserved or refused now: in the list",
    "restricted": "cannot be had now, though nobody says no to what was taken",
    "undecided": "undecided: the site did not answer; ask again later",
}


@click.command("recheck", short_help="Ask the sites of ended crawls again; write what was reserved since.")
@click.argument("crawls", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Removal list, new; default: ./revocations-TIME.jsonl.",
)
@click.option("--pages", "asks_pages", is_flag=True, help="Ask every page again too, not only lists and site files.")
@click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
@click.option("--blocklists", type=click.Path(path_type=Path), help="Folder of blocklists; default as for policies.")
@json_option
@quiet_option
def command(  # noqa: PLR0917 - click passes by name
    crawls: tuple[Path, ...],
    out: Path | None,
    asks_pages: bool,
    policies: Path | None,
    blocklists: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Judge every kept page of ended crawls by the lists of today and by what its site says now.

    Site files are asked for once each, as politely as a crawl does; --pages asks for the pages as well, so that
    headers and markup speak too. What is reserved goes into a removal list for `purge --revocations` and `export
    --revocations`; nothing is removed here. Exit status: 0 all may be kept, 1 something was reserved, 3 nothing was,
    but some sites did not answer.
    """
    from crawler.cli.check import open_asker  # noqa: PLC0415 - keeps --help quick
    from crawler.provenance.removals import write_removals  # noqa: PLC0415 - as above
    from crawler.recheck.sites import recheck  # noqa: PLC0415 - as above
    from crawler.storage.reading import CrawlReader  # noqa: PLC0415 - as above
    from crawler.storage.writing import keep_outside  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    target = out or Path(f"revocations-{now:%Y%m%dt%H%M%S}.jsonl")
    if target.exists():
        raise UsageError(f"{target}: is there already; name a new file with -o")
    keep_outside(target, crawls)
    if not target.parent.is_dir():
        raise UsageError(f"{target}: there is no folder {target.parent}; make it, or name another place with -o")
    with ExitStack() as stack:
        readers = [stack.enter_context(CrawlReader.open(crawl)) for crawl in crawls]
        asker, _ = open_asker(policies, blocklists)
        tell = _teller(is_quiet=quiet or as_json)
        found = recheck(readers, asker, asks_pages=asks_pages, since=now.isoformat(), tell=tell)
    if found.revoked:
        try:
            with target.open("xb") as file:
                file.writelines(
                    write_removals(found.revoked, tool=f"clearcrawl {__version__}", made_at=now.isoformat())
                )
        except OSError as error:
            raise StorageError(f"{target}: cannot be written ({error.strerror})") from error
    _print(found, target if found.revoked else None, as_json=as_json)
    if found.revoked:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if found.outcomes["undecided"] else ExitCode.CLEAN


def _teller(*, is_quiet: bool) -> Callable[[Recheck], None]:
    def tell(found: Recheck) -> None:
        if not is_quiet and found.pages % _EVERY == 0:
            progress(f"{found.pages} pages, {len(found.revoked)} reserved since")

    return tell


def _print(found: Recheck, target: Path | None, *, as_json: bool) -> None:
    if as_json:
        body = {
            "pages": found.pages,
            "outcomes": {name: found.outcomes[name] for name in _WORDS},
            "reasons": dict(found.reasons),
            "revocations": None if target is None else str(target),
        }
        print_json("recheck", body)
        return
    click.echo(wrapped(f"{found.pages} kept pages were asked about:"))
    click.echo(table([(f"{found.outcomes[name]}", words) for name, words in _WORDS.items() if found.outcomes[name]]))
    for reason, number in sorted(found.reasons.items()):
        click.echo(wrapped(f"{number}  {reason}", indent=4))
    if target is not None:
        click.echo(wrapped(f"Removal list: {target}. To remove it: clearcrawl purge DIR... --revocations {target}"))
    else:
        click.echo("Nothing has to go: no removal list is written.")
