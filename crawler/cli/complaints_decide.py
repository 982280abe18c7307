"""``clearcrawl complaints decide``: a person's decision with its reason and links, or the receipt that answers it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.arguments import folder
from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import (
    by_option,
    now,
    open_to_write,
    policies_option,
    register_option,
    say_unsigned,
)
from crawler.cli.layout import wrapped
from crawler.complaints.case import OUTCOMES
from crawler.errors import UsageError

if TYPE_CHECKING:
    from crawler.blocklists.matcher import Matcher
    from crawler.policy.document import CrawlPolicy

_FILE = click.Path(path_type=Path, dir_okay=False)
_LONGEST = 64 * 1024 * 1024
"""Octets of a removal list or a receipt."""


@click.command("decide", short_help="Decide a case, and link what was done.")
@click.argument("case", metavar="CASE")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="What is decided.")
@by_option
@click.option("--reason", help="Why; a sentence that a person wrote.")
@click.option("--duplicate-of", metavar="CASE", help="With --outcome duplicate: the answered case that it repeats.")
@click.option("--blocked", multiple=True, metavar="HOST", help="A blocklist in force names it since; checked.")
@click.option("--agreement", "agreements", multiple=True, metavar="REF", help="Entry of agreements.toml; checked.")
@click.option("--action", help="What else is done.")
@click.option("--removals", type=_FILE, help="A removal list that is there, for purge.")
@click.option("--write-removals", type=_FILE, help="Write the removal list of all that the complaint names.")
@click.option("--receipt", type=_FILE, help="Receipt of the purge that the decision asked for; closes the case.")
@click.option("--again", is_flag=True, help="Replace an earlier decision; both stay in the log.")
@register_option
@policies_option
@click.option("--blocklists", type=click.Path(path_type=Path), help="Folder of blocklists; default as for policies.")
@json_option
def command(
    *, case: str, by: str, receipt: Path | None, place: Path, policies: Path | None, as_json: bool, **options: Any
) -> None:
    """Enter a decision. No program decides: --by and --reason are a person's, above all for the two exceptions.

    A complaint that repeats an answered one of the same rightsholder may be left (duplicate), and one that is
    manifestly unfounded (unfounded). After upheld or partly_upheld say what is done; with a removal list the case
    stays open until the receipt of the purge is entered with --receipt.
    """
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - keeps --help quick

    if (receipt is None) == (options["outcome"] is None):
        raise UsageError("name --outcome with --reason, or --receipt alone")
    answer = None if receipt is None else _read(receipt)
    given = None if options["removals"] is None else _read(options["removals"])
    if given is not None and options["write_removals"] is not None:
        raise UsageError("--removals and --write-removals exclude each other")
    policy, matcher = _rules(policies, options["blocklists"], has_lists=bool(options["blocked"]))
    register, sealer = open_to_write(place, policies)
    with register:
        cases = cases_of(register.entries)
        found = find(cases, case)
        body: dict[str, Any] = {"case": found.label}
        if answer is not None:
            from crawler.complaints.deciding import enter_receipt  # noqa: PLC0415 - as above

            body["rows_removed"] = enter_receipt(register, found, answer, by=by, sealer=sealer, now=now())
        else:
            body["outcome"] = options["outcome"]
            body["removals"] = _decide(register, sealer, found, cases, by, given, options, policy, matcher)
        say_unsigned(register)
        state = cases_of(register.entries)[found.number].state
    if as_json:
        print_json("complaint-decided", {**body, "state": state})
        return
    what = f"{body['rows_removed']} rows removed" if answer is not None else body["outcome"]
    click.echo(wrapped(f"{found.label}: {what}; {state}"))
    if body.get("removals") is not None:
        click.echo(wrapped(f"Next: clearcrawl purge DIR... --revocations {body['removals']} --receipt FILE, then"))
        click.echo(wrapped(f"clearcrawl complaints decide {found.label} --receipt FILE --by ...", indent=6))


def _decide(  # noqa: PLR0917 - one call
    register: Any, sealer: Any, found: Any, cases: Any, by: str, given: bytes | None, options: dict[str, Any],
    policy: CrawlPolicy, matcher: Matcher | None,
) -> str | None:  # fmt: skip
    from crawler.complaints.case import find  # noqa: PLC0415 - as above
    from crawler.complaints.deciding import Wanted, decide, removals_of  # noqa: PLC0415 - as above
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    target: Path | None = options["write_removals"]
    moment = now()
    if target is not None:
        if target.exists():
            raise UsageError(f"{target}: is there already; name a new file, or use --removals")
        given = removals_of(found, by=by, now=moment)
    earlier = options["duplicate_of"]
    wanted = Wanted(
        outcome=options["outcome"],
        by=by,
        reason=options["reason"] or "",
        duplicate_of=None if earlier is None else find(cases, earlier),
        blocked=options["blocked"],
        agreements=options["agreements"],
        action=options["action"],
        removals=given,
        again=options["again"],
    )
    decide(register, found, wanted, matcher=matcher, known_agreements=policy.agreements, sealer=sealer, now=moment)
    if target is not None and given is not None:
        with replacing(target) as file:
            file.write(given)
    named = target or options["removals"]
    return None if named is None else str(named)


def _rules(policies: Path | None, blocklists: Path | None, *, has_lists: bool) -> tuple[CrawlPolicy, Matcher | None]:
    from crawler.storage.blocklists import open_blocklists  # noqa: PLC0415 - as above
    from crawler.storage.policies import open_policy  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    suffixes = bundled_suffixes()
    policy = open_policy(policies or folder("policies"), tool_version=__version__, suffixes=suffixes).policy
    if not has_lists:
        return policy, None
    today = datetime.now(UTC).date()
    lists = open_blocklists(blocklists or folder("blocklists"), today=today, ages=policy.blocklists, suffixes=suffixes)
    return policy, lists.matcher


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > _LONGEST:
        raise UsageError(f"{path}: is larger than {_LONGEST} octets")
    return data
