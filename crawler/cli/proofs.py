"""What ``audit explain`` does with the signed log: proof that a URL has no row, and bundles to forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crawler.cli.audit_verify import trust_of
from crawler.cli.common import print_json, progress
from crawler.cli.layout import heading, wrapped
from crawler.errors import ExitCode
from crawler.values.host import canonical_host
from crawler.values.printable import for_terminal
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.audit.proving import Absence
    from crawler.storage.reading import CrawlReader


def tell_absence(folder: Path, texts: Sequence[str], trust: Path | None, *, as_json: bool) -> ExitCode:
    """Prove that URLs have no row, and say by what."""
    from crawler.audit.proving import absence  # noqa: PLC0415 - loaded only to read

    believed = trust_of(trust)
    found = [absence(folder, parse(text).text, believed, is_trust_given=trust is not None) for text in texts]
    if as_json:
        print_json("absence", {"in": str(folder), "urls": [_as_json(one) for one in found]})
    else:
        for one in found:
            _print(one)
    return max((one.code for one in found), key=[ExitCode.CLEAN, ExitCode.INCOMPLETE, ExitCode.FINDINGS].index)


def _print(one: Absence) -> None:
    click.echo(heading(one.url))
    for scan in one.scans:
        signers = ", ".join(scan.signers)
        told = f"The log {scan.origin} was read whole: {scan.leaves} leaves up to the head {scan.root}, signed by"
        told += f" {signers}."
        click.echo(wrapped(told, indent=2))
    for leaf in one.present:
        body = leaf.entry["body"]
        told = f"There is a row: leaf {leaf.seq} of worker {leaf.worker}, {body['verdict']}, {body['reason']}."
        click.echo(wrapped(told, indent=2))
    for finding in one.findings:
        click.echo(click.style(wrapped(f"DOES NOT HOLD: {finding}", indent=2), fg="red", bold=True))
    for text in one.undecided:
        click.echo(click.style(wrapped(f"Cannot be decided: {text}", indent=2), fg="yellow"))
    if one.code is ExitCode.CLEAN:
        click.echo(
            wrapped("None of these leaves is a row of this URL: the crawl neither took nor judged it.", indent=2)
        )
    click.echo()


def _as_json(one: Absence) -> dict[str, Any]:
    return {
        "url": one.url,
        "result": {0: "absent", 1: "present", 3: "undecided"}[int(one.code)]
        if one.present or not one.findings
        else "differs",
        "scanned": [
            {
                "worker": scan.worker, "origin": scan.origin, "leaves": scan.leaves, "root": scan.root,
                "signers": list(scan.signers), "erased": scan.erased,
            }
            for scan in one.scans
        ],
        "rows": [{"worker": leaf.worker, "seq": leaf.seq} for leaf in one.present],
        "findings": [str(finding) for finding in one.findings],
        "undecided": list(one.undecided),
    }  # fmt: skip


def make_bundle(
    reader: CrawlReader,
    out: Path,
    *,
    urls: Sequence[str],
    domains: Sequence[str],
    trust: Path | None,
    explanation: dict[str, Any],
) -> None:
    """Write the evidence for URLs and domains, and say what it came to."""
    from crawler.audit.bundling import write_bundle  # noqa: PLC0415 - loaded only to write
    from crawler.audit.proving import read_signed_log, rows_wanted  # noqa: PLC0415 - as above
    from crawler.storage.writing import keep_outside  # noqa: PLC0415 - as above

    keep_outside(out, [reader.root])
    names = [canonical_host(name) for name in domains]
    shown = [row["url"] for one in explanation["urls"] for row in (found["row"] for found in one["decisions"])]
    wanted = rows_wanted([*urls, *shown], names)
    log = read_signed_log(reader.root, trust_of(trust), wanted, is_trust_given=trust is not None)
    made = write_bundle(reader, log, out, explanation)
    for problem in (*map(str, log.findings), *log.evidence.undecided):
        progress(f"note: {for_terminal(problem)}")
    progress(
        f"{for_terminal(str(out))}: {made.rows} rows, {made.site_files} looks at site files, {made.records} records;"
        f" the largest proof has {made.largest_proof} octets. Check it with: sh {for_terminal(str(out))}/check.sh"
    )
