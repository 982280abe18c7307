"""``clearcrawl audit explain``: why a URL was taken, left or put off, as text to forward or as JSON. No Scrapy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.audit.chapter import when
from crawler.cli.arguments import check_urls
from crawler.cli.common import json_option, print_json
from crawler.cli.layout import heading, verdict, wrapped
from crawler.cli.proofs import make_bundle, tell_absence
from crawler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.audit.chapter import Chapter
    from crawler.audit.explaining import Erasure, Explanation, RowExplanation

NUMBERS_SHOWN = 12
"""Leaf numbers of an erasure; ``--json`` has all."""
_WORDS = {"allow": "taken", "deny": "left", "defer": "put off"}


@click.command("explain", short_help="Why a URL was taken, left or deferred.")
@click.argument("urls", nargs=-1, metavar="URL...")
@click.option(
    "--in", "folder", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder of the crawl."
)
@click.option("--not", "absent", multiple=True, metavar="URL", help="Prove that the URL has no row; repeatable.")
@click.option(
    "--bundle", type=click.Path(path_type=Path), metavar="OUT", help="Write the evidence as a folder to forward."
)
@click.option("--domain", "domains", multiple=True, metavar="NAME", help="With --bundle: all rows of a domain as well.")
@click.option(
    "--trust", type=click.Path(path_type=Path, dir_okay=False), help="Whom to believe; default: this user's own keys."
)
@json_option
def command(
    *,
    urls: tuple[str, ...],
    folder: Path,
    absent: tuple[str, ...],
    bundle: Path | None,
    domains: tuple[str, ...],
    trust: Path | None,
    as_json: bool,
) -> ExitCode:
    """Tell why the crawl in DIR took, left or put off each URL, from the row to the bytes that were read.

    Works on finished crawls and beside a running one. Exit status 1 where the crawl has no row for a URL, or where
    what was kept does not fit the row.

    --not reads the whole log to the size that was signed, and proves that no row is about the URL: exit status 0
    proven, 1 there is one or the log does not hold, 3 it cannot be decided. --bundle writes leaves, proofs, signed
    head, site files, WARC slices and rules, with instructions to check them without clearcrawl.
    """
    from crawler.audit.explaining import explain  # noqa: PLC0415 - Arrow is loaded only to read
    from crawler.storage.reading import CrawlReader  # noqa: PLC0415 - as above

    if not urls and not absent and not domains:
        raise UsageError("name a URL, or one behind --not, or with --bundle a --domain")
    if domains and bundle is None:
        raise UsageError("--domain goes with --bundle OUT")
    check_urls((*urls, *absent))
    if absent:
        return tell_absence(folder, absent, trust, as_json=as_json)
    with CrawlReader.open(folder) as reader:
        found = explain(reader, urls)
        is_test = reader.crawl.is_test
        body = {"in": str(folder), "is_test": is_test, "urls": [_as_json(one) for one in found]}
        if bundle is not None:
            shown = [one.url.text for one in found]
            make_bundle(reader, bundle, urls=shown, domains=domains, trust=trust, explanation=body)
    if as_json:
        print_json("explanation", body)
    else:
        if is_test:
            click.echo(wrapped("TEST: test hosts were allowed; this crawl proves nothing about the web.") + "\n")
        for one in found:
            _print(one, folder)
    is_whole = all(one.rows and not any(row.problems for row in one.rows) for one in found)
    return ExitCode.CLEAN if is_whole else ExitCode.FINDINGS


def _print(explanation: Explanation, folder: Path) -> None:
    click.echo(heading(explanation.url.text))
    if not explanation.rows:
        _print_missing(explanation, folder)
    for row in explanation.rows:
        _print_row(row)


def _print_row(explained: RowExplanation) -> None:
    row = explained.row
    word = verdict(row["verdict"], f"{_WORDS.get(row['verdict'], row['verdict'])} ({row['verdict']}, {row['reason']})")
    click.echo(f"{word} by the crawl {row['crawl_id']}")
    click.echo(wrapped(explained.sentence))
    if explained.literal:
        click.echo(wrapped(explained.literal, indent=4, first="  >"))
    for chapter in explained.chapters:
        _print_chapter(chapter)
    click.echo()


def _print_chapter(chapter: Chapter) -> None:
    click.echo("\n" + heading(chapter.title))
    for sentence in chapter.sentences:
        click.echo(wrapped(sentence, indent=2))
    for name, value in chapter.evidence:
        click.echo(click.style(wrapped(f"{name}: {value}", indent=6, first="    -"), dim=True))
    for problem in chapter.problems:
        click.echo(click.style(wrapped(f"DOES NOT FIT: {problem}", indent=2), fg="red", bold=True))


def _print_missing(explanation: Explanation, folder: Path) -> None:
    if explanation.is_erased:
        _print_erased(explanation.erasures, only=len(explanation.erasures) == 1)
    elif explanation.states:
        names = ", ".join(state.name.lower() for state in explanation.states)
        click.echo(wrapped(f"No verdict yet: the URL stands in the frontier ({names}). Let the crawl go on.", indent=2))
        click.echo(f"    clearcrawl status {folder}")
    else:
        why = (
            "It was neither a start nor linked from a page within the crawl's scope, or it is spelt otherwise: scheme, "
            "www, port, a slash at the end and the query all count."
        )
        number = sum(len(one.seqs) for one in explanation.erasures)
        if explanation.has_state or not number:
            told = "This crawl never considered the URL: no row and no place in the frontier."
            click.echo(wrapped(f"{told} {why}", indent=2))
        else:
            told = f"No row names the URL, and that leaves two ways. Its row is one of the {number} that were erased: "
            told += "those do not keep their URL, and this folder has no state that would tell; the receipts do."
            click.echo(wrapped(told, indent=2))
            _print_erasures(explanation.erasures)
            click.echo(wrapped(f"Or this crawl never considered it. {why}", indent=2))
    if explanation.neighbours:
        click.echo(wrapped("Of this host the crawl knows, among others:", indent=2))
        for url in explanation.neighbours:
            click.echo(wrapped(url, indent=4))
    click.echo()


def _print_erased(erasures: Sequence[Erasure], *, only: bool) -> None:
    told = (
        "Erased: the crawl had decided about this URL, and a purge removed the row with the record and what it said. "
    )
    told += "Its leaf hash is left in the signed log, so that nobody can say that nothing was there. It went"
    click.echo(wrapped(told + (":" if only else " in one of these purges:"), indent=2))
    _print_erasures(erasures)
    told = "The receipt that the purge wrote names URLs, reasons and these leaf numbers; the operator keeps it outside "
    told += "of the crawl's folder."
    click.echo(wrapped(told, indent=2))


def _print_erasures(erasures: Sequence[Erasure]) -> None:
    for one in erasures:
        numbers = ", ".join(map(str, one.seqs[:NUMBERS_SHOWN]))
        more = f" and {len(one.seqs) - NUMBERS_SHOWN} more" if len(one.seqs) > NUMBERS_SHOWN else ""
        moment = when(datetime.fromisoformat(one.erased_at))
        told = f"{moment}, reason {one.reason}, by {one.authority or 'nobody named'}: "
        told += f"leaves {numbers}{more} (log entry {one.seq})"
        click.echo(wrapped(told, indent=6, first="    - "))


def _as_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "url": explanation.url.text,
        "is_known": bool(explanation.rows),
        "frontier": [state.name.lower() for state in explanation.states],
        "neighbours": list(explanation.neighbours),
        "is_erased": explanation.is_erased,
        "erasures": [
            {
                "log_entry": one.seq,
                "erased_at": one.erased_at,
                "reason": one.reason,
                "authority": one.authority,
                "leaves": list(one.seqs),
            }
            for one in explanation.erasures
        ],
        "decisions": [
            {
                "verdict": one.row["verdict"],
                "reason": one.row["reason"],
                "sentence": one.sentence,
                "literal": one.literal,
                "problems": one.problems,
                "chapters": [_chapter_as_json(chapter) for chapter in one.chapters],
                "row": _plain(one.row),
            }
            for one in explanation.rows
        ],
    }


def _chapter_as_json(chapter: Chapter) -> dict[str, Any]:
    return {
        "topic": chapter.topic,
        "sentences": chapter.sentences,
        "evidence": [{"name": name, "value": value} for name, value in chapter.evidence],
        "problems": chapter.problems,
    }


def _plain(value: Any) -> Any:
    """JSON values of a row."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
