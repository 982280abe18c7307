"""``clearcrawl policy render``: the copyright policy, or its public summary, from files of people and from crawls."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.arguments import folder
from crawler.cli.common import json_option, print_json, progress
from crawler.errors import UsageError
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from crawler.errors import ExitCode

ARCHIVE = "archive"
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("render", short_help="Make the copyright policy, or its public summary.")
@click.argument("policies", metavar="[DIR-OF-POLICIES]", required=False, type=_FOLDER)
@click.option(
    "--output", "-o", required=True, type=click.Path(path_type=Path), metavar="FILE", help=".html, .md, .json, .docx"
)
@click.option(
    "--crawl", "folders", multiple=True, type=_FOLDER, metavar="DIR", help="A crawl to show figures of; repeat."
)
@click.option("--public", "is_public", is_flag=True, help="The public summary: public parts alone.")
@click.option("--blocklists", type=_FOLDER, metavar="DIR", help="Default: ./blocklists, else the shipped ones.")
@click.option("--archive", type=_FOLDER, metavar="DIR", help="Versions; default: archive in the folder of policies.")
@click.option("--trust", "trust_file", type=click.Path(path_type=Path, dir_okay=False), help="As of audit verify.")
@click.option("--unverified", is_flag=True, help="Go on where a manifest fails its verification; every page says so.")
@json_option
def command(
    *, policies: Path | None, output: Path, folders: tuple[Path, ...], is_public: bool, blocklists: Path | None,
    archive: Path | None, trust_file: Path | None, unverified: bool, as_json: bool,
) -> ExitCode | None:  # fmt: skip
    """Write one document with the headings 1.1 to 1.5 in which every obligation of the chapter is answered.

    Answers come from the files of policies, from texts that a named person approved, and from the crawls named. While
    one is missing, nothing is written: every open key is named (exit status 2). Nothing is written either where a crawl
    ran under something else than what is written, or fails its verification (1); both are named.

    Every version is kept in the archive, with its sources, under its day and digest. Default folder: ./policies.
    """
    from crawler.cli.audit_verify import trust_of  # noqa: PLC0415 - keeps --help quick
    from crawler.reports.copyright_policy.document import check_crawls  # noqa: PLC0415 - as above
    from crawler.reports.copyright_policy.making import Job, make  # noqa: PLC0415 - as above
    from crawler.reports.copyright_policy.rendering import FORMATS  # noqa: PLC0415 - as above
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    kind = output.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UsageError(f"{output}: name a file that ends with .html, .md, .json or .docx")
    source = policies or folder("policies")
    crawls = check_crawls(
        folders, trust_of(trust_file), is_trust_given=trust_file is not None, is_unverified_ok=unverified
    )
    made = make(
        Job(
            policies=source,
            blocklists=blocklists or folder("blocklists"),
            archive=archive or source / ARCHIVE,
            crawls=crawls,
            today=datetime.now(UTC).date(),
        )
    )
    with replacing(output, outside=folders) as file:
        file.write(made.documents[f"{'policy-summary' if is_public else 'copyright-policy'}.{kind}"])
    progress(
        f"{for_terminal(str(output))}: written; version {made.version.dated}, kept in {for_terminal(str(made.place))}"
    )
    if as_json:
        print_json(
            "policy-render",
            {
                "file": str(output), "archive": str(made.place), "is_new": made.is_new, "dated": made.version.dated,
                "digest": made.version.digest, "policy_digest": made.version.policy_digest,
                "policy_version": made.version.policy_version, "sources_digest": made.version.sources_digest,
                "is_public": is_public, "is_test": made.is_test, "is_unverified": bool(crawls.failures),
            },
        )  # fmt: skip
    else:
        click.echo(f"digest of the facts          {made.version.digest}")
        click.echo(f"digest of the crawl policy   {made.version.policy_digest}")
        click.echo(f"digest of all its files      {made.version.sources_digest}")
    return None
