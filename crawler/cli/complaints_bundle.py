"""``clearcrawl complaints bundle``: one case as a folder that a stranger checks without our code."""

from __future__ import annotations

from pathlib import Path

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import case_as_json, policies_option, provider_and_targets, register_option
from crawler.cli.layout import wrapped


@click.command("bundle", short_help="One case as a folder that OpenSSL checks.")
@click.argument("case", metavar="CASE")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="New folder of the bundle.")
@click.option("--without-personal", is_flag=True, help="Leave out what may name people; its hashes stay.")
@register_option
@policies_option
@json_option
def command(*, case: str, out: Path, without_personal: bool, place: Path, policies: Path | None, as_json: bool) -> None:
    """Write the entries of a case with their proofs under the signed head, the files, and check.sh, which checks them.

    For the evidence of crawls about a URL or domain: clearcrawl audit explain URL --in DIR --bundle OUT.
    """
    from crawler.complaints.bundling import write_bundle  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - as above
    from crawler.complaints.register import Register  # noqa: PLC0415 - as above

    _, targets = provider_and_targets(policies)
    with Register.open(place) as register:
        found = find(cases_of(register.entries), case)
        summary = case_as_json(found, targets)
        if without_personal:
            kept = ("case", "state", "received_at", "channel", "capacity", "acknowledged_at", "decided_at", "outcome")
            summary = {name: summary[name] for name in kept}
        entries = write_bundle(register, found, out, summary=summary, has_personal=not without_personal)
    if as_json:
        print_json("complaint-bundle", {"case": found.label, "folder": str(out), "entries": entries})
    else:
        click.echo(wrapped(f"{found.label}: {entries} entries in {out}; sh {out / 'check.sh'} checks them"))
