"""``clearcrawl complaints control``: has whoever complains prove that a domain is theirs to speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import now, open_to_write, policies_option, register_option, say_unsigned
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.asking.site_files import SiteAsker

_EXITS = {"proved": ExitCode.CLEAN, "absent": ExitCode.FINDINGS}


@click.command("control", short_help="Have the control of a domain proved.")
@click.argument("case", metavar="CASE")
@click.argument("domain", metavar="DOMAIN")
@click.option("--check", "is_check", is_flag=True, help="Ask the domain now; without it the token is printed.")
@click.option("--file", "is_file", is_flag=True, help="Ask the site alone, not DNS.")
@register_option
@policies_option
@click.option("--blocklists", type=click.Path(), help="Folder of blocklists; default as for policies.")
@json_option
def command(
    *,
    case: str,
    domain: str,
    is_check: bool,
    is_file: bool,
    place: Path,
    policies: Path | None,
    blocklists: str | None,
    as_json: bool,
) -> ExitCode:
    """Print what a domain has to show, and with --check ask whether it does, through the same gate as a crawl.

    A TXT record of _clearcrawl.DOMAIN (needs the extra dns), or the file /.well-known/clearcrawl-complaint.txt.

    Exit status with --check: 0 proved, 1 it answers without the token, 3 no answer, or nothing may be asked.
    """
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.control import domain_of, prove, require_dns, texts_in_dns, token_for  # noqa: PLC0415 - as above

    name = domain_of(domain)
    asker = _asker(policies, blocklists) if is_check else None
    if is_check and not is_file:
        require_dns()
    register, sealer = open_to_write(place, policies)
    with register:
        found = find(cases_of(register.entries), case)
        if asker is None:
            token = token_for(register, found, name, sealer=sealer, now=now())
            say_unsigned(register)
            _print_token(found.label, name, token, as_json=as_json)
            return ExitCode.CLEAN
        look_up = _nothing if is_file else texts_in_dns
        proof = prove(register, found, name, asker=asker, look_up=look_up, sealer=sealer, now=now())
        say_unsigned(register)
    if as_json:
        body = {"case": found.label, "domain": name, "outcome": proof.outcome, "method": proof.method}
        print_json("complaint-control", {**body, "detail": proof.detail})
    else:
        click.echo(wrapped(f"{found.label}, {name}: {proof.outcome} {proof.method}".rstrip()))
        click.echo(wrapped(proof.detail, indent=2))
    return _EXITS.get(proof.outcome, ExitCode.INCOMPLETE)


def _nothing(_name: str) -> Sequence[str]:
    return []


def _asker(policies: Path | None, blocklists: str | None) -> SiteAsker:
    from pathlib import Path  # noqa: PLC0415 - as above

    from crawler.cli.check import open_asker  # noqa: PLC0415 - as above

    return open_asker(policies, None if blocklists is None else Path(blocklists))[0].sites


def _print_token(label: str, domain: str, token: str, *, as_json: bool) -> None:
    from crawler.complaints.control import FILE, LABEL, line  # noqa: PLC0415 - as above

    record, address = f"{LABEL}.{domain}", f"https://{domain}{FILE}"
    if as_json:
        print_json(
            "complaint-token", {"case": label, "domain": domain, "txt": record, "file": address, "line": line(token)}
        )
        return
    click.echo(wrapped(f"{label}: ask for one of these, then run the command again with --check"))
    click.echo(f'  DNS   {record}. TXT "{line(token)}"')
    click.echo(f"  file  {address} with the line {line(token)}")
