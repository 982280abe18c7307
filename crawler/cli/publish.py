"""``clearcrawl publish``: the public site about the crawler and what it did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler import __version__
from crawler.cli.arguments import folder
from crawler.cli.common import json_option, print_json, progress
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from crawler.errors import ExitCode

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("publish", short_help="Public site: crawler page, feed, look-up, complaints, documents.")
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=_FOLDER)
@click.option(
    "--output", "-o", type=_FOLDER, metavar="SITE", help="Folder of the site. Default: the one that the policy names."
)
@click.option("--policies", type=_FOLDER, metavar="DIR", help="Default: ./policies, else the shipped ones.")
@click.option("--blocklists", type=_FOLDER, metavar="DIR", help="Default: ./blocklists, else the shipped ones.")
@click.option("--archive", type=_FOLDER, metavar="DIR", help="Of the policy's versions, as of policy render.")
@click.option("--trust", "trust_file", type=click.Path(path_type=Path, dir_okay=False), help="As of audit verify.")
@click.option("--unverified", is_flag=True, help="Go on where a crawl fails its verification; every page says so.")
@json_option
def command(
    *, folders: tuple[Path, ...], output: Path | None, policies: Path | None, blocklists: Path | None,
    archive: Path | None, trust_file: Path | None, unverified: bool, as_json: bool,
) -> ExitCode | None:  # fmt: skip
    """Make or renew a static site from the policies in force and from the crawls in DIR...: none, one or many.

    It holds the page about the crawler with examples of opting out, the same as JSON, an Atom feed with an entry for
    every change, all earlier versions, the summaries of policy and training content, how to complain, and a look-up
    of domains. Serve the folder as it is; nothing in it needs a program, a tracker or another site.

    Publish before the first crawl and after every change: crawl.json names the entry that announced its configuration,
    or says that it is unpublished. A crawl that fails its verification is refused (exit status 1).
    """
    from crawler.cli.audit_verify import trust_of  # noqa: PLC0415 - keeps --help quick
    from crawler.publishing.site import Job, publish  # noqa: PLC0415 - as above
    from crawler.reports.copyright_policy.document import check_crawls  # noqa: PLC0415 - as above

    source = policies or folder("policies")
    names = tuple(dict.fromkeys(one.resolve() for one in folders))
    crawls = check_crawls(
        names, trust_of(trust_file), is_trust_given=trust_file is not None, is_unverified_ok=unverified
    )
    done = publish(
        Job(
            site=output,
            policies=source,
            blocklists=blocklists or folder("blocklists"),
            archive=archive or source / "archive",
            crawls=crawls,
            now=datetime.now(UTC),
            tool_version=__version__,
        )
    )
    for note in done.notes:
        progress(f"note: {for_terminal(note)}")
    count = len(done.entry.changes)
    news = f"{count} change{'' if count == 1 else 's'}" if count else "first publication"
    progress(
        f"{for_terminal(str(done.site))}: version {done.entry.number}"
        + (f", announced now ({news})" if done.is_new else ", unchanged since it was announced")
        + f"; {done.names:,} domain{'' if done.names == 1 else 's'} can be looked up"
    )
    if as_json:
        print_json(
            "publish",
            {
                "site": str(done.site), "entry": done.entry.id, "number": done.entry.number,
                "published_at": done.entry.published_at, "is_new": done.is_new,
                "settings_digest": done.entry.settings_digest, "page_digest": done.entry.page_digest,
                "changes": [
                    {"key": one.key, "before": one.before, "after": one.after} for one in done.entry.changes
                ] if done.is_new else [],
                "domains": done.names, "crawls": len(names), "notes": list(done.notes),
                "is_unverified": bool(crawls.failures),
            },
        )  # fmt: skip
    return None
