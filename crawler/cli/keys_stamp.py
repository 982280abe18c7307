"""``clearcrawl keys stamp``: time stamps that an ended crawl lacks, renewals, and the hand-over anew. No Scrapy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.arguments import folder
from crawler.cli.common import json_option, print_json
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from crawler.storage.stamping import Stamper


@click.command("stamp", short_help="Ask for pending time stamps and renewals, and hand over anew.")
@click.argument("crawls", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
@click.option("--renew", is_flag=True, help="Also renew stamps whose certificates end soon.")
@click.option(
    "--within",
    type=click.IntRange(1, 36500),
    default=90,
    show_default=True,
    metavar="DAYS",
    help="With --renew: what counts as soon.",
)
@json_option
def command(*, crawls: tuple[Path, ...], policies: Path | None, renew: bool, within: int, as_json: bool) -> ExitCode:
    """Ask the authorities of [timestamps] for every stamp that is pending, and for one over the newest head of a crawl.

    The crawl has to have ended. Where an answer came, it is checked and stored, and crawl.json, the signed list of
    files and the bag are written anew; without an answer nothing changes.

    A stamp is worth as much as the certificates behind it, and those end. --renew has a later token made over the
    earlier reply and the head while they are valid; it changes nothing where none of them ends within --within days.

    Exit status 0: nothing is pending. 3: a stamp still is, a renewal was not given or came too late, or the crawl could
    not be signed anew.
    """
    from crawler.purging.crawl import PurgeableCrawl  # noqa: PLC0415 - Arrow is loaded only to stamp

    stamper = _stamper(policies or folder("policies"))
    told = []
    for path in crawls:
        with PurgeableCrawl(path) as crawl:
            told.append(_stamp(crawl, stamper, datetime.now(UTC) + timedelta(days=within) if renew else None))
    if as_json:
        print_json("stamps", {"crawls": told})
    else:
        for one in told:
            _print(one)
    return ExitCode.INCOMPLETE if any(one["pending"] or one["unsealed"] for one in told) else ExitCode.CLEAN


def _stamper(policies: Path) -> Stamper:
    from crawler.signing.stamps import open_stamper  # noqa: PLC0415 - an extra
    from crawler.storage.policies import open_policy  # noqa: PLC0415 - as above

    stamps = open_policy(policies, tool_version=__version__).policy.timestamps
    stamper = open_stamper(stamps.urls, stamps.roots, stamps.interval)
    if stamper is None:
        raise UsageError(f"{policies / 'crawl-policy.toml'}: [timestamps] names no authority to ask")
    return stamper


def _stamp(crawl: Any, stamper: Stamper, renewed_before: datetime | None) -> dict[str, Any]:
    from crawler.signing.sealer import open_sealer  # noqa: PLC0415 - as above

    stamped = crawl.ask_again(stamper, renewed_before=renewed_before)
    answers = sorted(name for name in stamped.files if name.endswith(".tsr"))
    unsealed = None
    if answers or not crawl.is_sealed:
        crawl.put_stamps(stamped)
        unsealed = crawl.seal(open_sealer())
    else:
        crawl.close_untouched()
    return {
        "folder": str(crawl.path), "stamped": answers, "pending": sorted({*crawl.pending_stamps(), *stamped.problems}),
        "problems": dict(stamped.problems), "unsealed": unsealed,
    }  # fmt: skip


def _print(told: dict[str, Any]) -> None:
    click.echo(wrapped(f"{told['folder']}: {len(told['stamped'])} stamps stored, {len(told['pending'])} pending"))
    for name, why in told["problems"].items():
        click.echo(wrapped(f"{name}: {why}", indent=2))
    if told["unsealed"]:
        click.echo(wrapped(f"NOT SEALED: {told['unsealed']}; run it again once this is mended", indent=2))
