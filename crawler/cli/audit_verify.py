"""``clearcrawl audit verify``: whether a crawl is as it was written and signed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import colour, json_option, print_json, quiet_option
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode, UsageError
from crawler.values.amounts import octets
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.audit.verifying import Verification
    from crawler.provenance.trust import Trust

SHOWN = 20
_PAUSE = 0.2
"""Seconds between two lines of progress."""
_WORDS = {
    ExitCode.CLEAN: ("holds", "green"),
    ExitCode.FINDINGS: ("differs", "red"),
    ExitCode.INCOMPLETE: ("cannot be decided", "yellow"),
}


@click.command("verify", short_help="Whether a crawl is as it was written and signed.")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Whom to believe: keys that reached you by another way than the crawl. Default: this user's own keys.",
)
@click.option("--require-stamps", "is_demanded", is_flag=True, help="Undecided (3) where a time stamp is missing.")
@click.option("--deep", "is_deep", is_flag=True, help="Unpack and hash every record, also of files that are unchanged.")
@json_option
@quiet_option
def command(
    *, folders: tuple[Path, ...], trust_file: Path | None, is_demanded: bool, is_deep: bool, as_json: bool, quiet: bool
) -> ExitCode:
    """Check every file of crawls against their log, and the log against what was signed.

    Reads only; needs no network, no database and no Scrapy. Exit status 0: all holds. 1: something differs; the first
    file and its sequence number are named. 3: nothing differs, but it cannot be decided, for a reason that is named.
    """
    from crawler.audit.verifying import verify  # noqa: PLC0415 - Arrow is loaded only to read

    trust = trust_of(trust_file)
    found = [
        verify(
            folder,
            trust,
            is_trust_given=trust_file is not None,
            are_stamps_demanded=is_demanded,
            is_deep=is_deep,
            tell=_teller(folder, is_quiet=quiet or as_json),
        )
        for folder in folders
    ]
    if as_json:
        print_json("verification", {"crawls": [one.as_json() for one in found]})
    else:
        for one in found:
            print_verification(one)
    codes = {one.code for one in found}
    return next(
        (code for code in (ExitCode.FINDINGS, ExitCode.INCOMPLETE) if code in codes),
        ExitCode.CLEAN,
    )


def trust_of(path: Path | None) -> Trust:
    """Whom to believe: what the file names, else this user's own keys. Raises ``UsageError``."""
    from crawler.provenance.trust import read_trust  # noqa: PLC0415 - keeps --help quick
    from crawler.signing.key_folder import KeyFolder, default_folder  # noqa: PLC0415 - as above

    if path is None:
        return KeyFolder(default_folder()).trust()
    try:
        return read_trust(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a trust file ({error})") from error


def _teller(folder: Path, *, is_quiet: bool) -> Callable[[int, int], None]:
    """Progress on stderr: a line that is written over on a terminal, else one line a tenth."""
    if is_quiet:
        return lambda _done, _total: None
    is_terminal = sys.stderr.isatty()
    last = [time.monotonic() if is_terminal else -1.0]

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if is_terminal and (now - last[0] >= _PAUSE or done == total):
            last[0] = now
            share = 100 * done // max(total, 1)
            end = "\r\x1b[K" if done == total else ""
            click.echo(f"\r{for_terminal(str(folder))[-40:]}: {share} % of {octets(total)}{end}", err=True, nl=False)

    return tell


def print_verification(one: Verification) -> None:
    """Tell it to a person."""
    word, hue = _WORDS[one.code]
    name = for_terminal(str(one.root))
    click.echo(f"{name}: {click.style(word, fg=hue, bold=True)}", color=colour())
    seen = (
        f"{one.files} files, {octets(one.octets)}, {one.leaves} leaves, {one.records} records, {one.stamps} time"
        f" stamps, {one.heads} heads signed by {', '.join(one.signers) or 'nobody'}"
    )
    click.echo(wrapped(for_terminal(seen), indent=2))
    for finding in one.findings[:SHOWN]:
        click.echo(wrapped(for_terminal(str(finding)), indent=4, first="  ! "))
    if one.count > SHOWN:
        click.echo(f"  and {one.count - SHOWN} more; --json lists them")
    for text in one.undecided:
        click.echo(wrapped(for_terminal(text), indent=4, first="  ? "))
    for text in one.notes:
        click.echo(wrapped(for_terminal(text), indent=4, first="  - "))
