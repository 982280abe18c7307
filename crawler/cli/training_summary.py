"""``clearcrawl summary``: the public summary of training content, Article 53(1)(d), of crawls and people's files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.arguments import folder
from crawler.cli.common import json_option, print_json, progress
from crawler.errors import ExitCode, UsageError
from crawler.values.amounts import counted
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from datetime import date

    from crawler.reports.interface import Facts
    from crawler.reports.training.score import Mark


@click.command("summary", short_help="The Article 53(1)(d) template, filled from crawls.")
@click.argument("folders", nargs=-1, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
    help="Write there; the suffix chooses the format: .html, .md, .json, .docx.",
)  # fmt: skip
@click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder with provider.toml, model.toml, retention.toml."
)
@click.option(
    "--basis", type=click.Choice(("fetched", "retained")), default="fetched", show_default=True,
    help="What ranks the domains: octets that left the servers, or those kept.",
)  # fmt: skip
@click.option("--date", "day", metavar="YYYY-MM-DD", help="Day of the document. Default: today (UTC).")
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Whom to believe, as in audit verify.",
)
@click.option("--unverified", "is_unverified", is_flag=True, help="Do not verify the crawls; every page says so.")
@click.option(
    "--score", "is_scored", is_flag=True, help="Ask a grader's questions instead: present, specific, consistent."
)
@click.option(
    "--model-documentation", "is_form", is_flag=True, help="The training-data rows of the Model Documentation Form."
)
@click.option("--schema", "shows_schema", is_flag=True, help="Print the JSON Schema of the JSON output.")
@json_option
def command(
    *, folders: tuple[Path, ...], output: Path | None, policies: Path | None, basis: str, day: str | None,
    trust_file: Path | None, is_unverified: bool, is_scored: bool, is_form: bool, shows_schema: bool, as_json: bool,
) -> ExitCode:  # fmt: skip
    """Fill the template of the training summary from the crawls in DIR... and from provider.toml and model.toml.

    What neither the manifests nor people say is printed as a gap, with its reason and who has to fill it. Beside FILE
    lies the domain list as NAME.domains.csv, .json and .parquet.

    Exit status: 0 written, gaps included; 1 the document contradicts itself or a crawl does not hold, or --score found
    something open; 3 a crawl cannot be verified.
    """
    if shows_schema:
        _print_schema()
        return ExitCode.CLEAN
    if not folders:
        raise UsageError("name the crawls: clearcrawl summary DIR... -o summary.html")
    if output is None and not is_scored and not as_json:
        raise UsageError("name the file: -o summary.html (.md, .json, .docx); or --score, or --json for stdout")
    if is_scored and is_form:
        raise UsageError("--score asks about the summary; leave out --model-documentation")
    facts = _facts(
        folders, output, policies, basis=basis, today=_day(day), trust_file=trust_file, is_unverified=is_unverified,
        is_form=is_form,
    )  # fmt: skip
    if output is not None:
        _write(facts, output, folders)
    if is_scored:
        return _score(facts, as_json=as_json)
    if as_json:
        import json  # noqa: PLC0415 - keeps --help quick

        click.echo(json.dumps(facts.as_json(), indent=2))
    return _tell(facts)


def _facts(
    folders: tuple[Path, ...], output: Path | None, policies: Path | None, *, basis: str, today: date,
    trust_file: Path | None, is_unverified: bool, is_form: bool,
) -> Facts:  # fmt: skip
    from crawler.cli.audit_verify import trust_of  # noqa: PLC0415 - keeps --help quick
    from crawler.reports.training.document import summary_facts  # noqa: PLC0415 - DuckDB is loaded only to ask
    from crawler.reports.training.documentation import documentation_facts  # noqa: PLC0415 - as above
    from crawler.reports.training.formats import format_of  # noqa: PLC0415 - as above
    from crawler.reports.training.making import make, verified  # noqa: PLC0415 - as above
    from crawler.storage.profiles import open_profiles  # noqa: PLC0415 - as above

    if output is not None:
        format_of(output)
    profiles = open_profiles(policies or folder("policies"))
    names = tuple(dict.fromkeys(one.resolve() for one in folders))
    checked = verified(names, trust_of(trust_file), is_trust_given=trust_file is not None, is_unverified=is_unverified)
    context = make(checked, profiles, basis=basis, today=today, output=None if is_form else output)
    return documentation_facts(context) if is_form else summary_facts(context)


def _write(facts: Facts, output: Path, folders: tuple[Path, ...]) -> None:
    from crawler.reports.training.formats import render  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    content = render(output, facts)
    with replacing(output, outside=folders) as file:
        file.write(content)
    progress(f"{for_terminal(str(output))}: written")


def _tell(facts: Facts) -> ExitCode:
    """Gaps and checks on stderr; errors of the checks are findings."""
    for notice in facts.body["notices"]:
        progress(notice)
    gaps = facts.body["counts"]["gap"]
    fields = sum(facts.body["counts"].values())
    progress(
        f"{fields - gaps} of {fields} fields answered, {counted(gaps, 'gap')}"
        + (" (each names who fills it)" if gaps else "")
    )
    problems = 0
    for one in facts.body["checks"]:
        problems += one["level"] == "error"
        progress(f"{one['level']}: {for_terminal(one['text'])}")
    return ExitCode.FINDINGS if problems else ExitCode.CLEAN


def _score(facts: Facts, *, as_json: bool) -> ExitCode:
    from crawler.reports.training.score import score, total  # noqa: PLC0415 - keeps --help quick

    marks = score(facts.body)
    all_, crawled = total(marks), total(marks, "2.3")
    if as_json:
        print_json(
            "summary-score",
            {"score": round(all_, 4), "crawl_section": round(crawled, 4), "fields": [_mark_json(one) for one in marks]},
        )
    else:
        for one in marks:
            words = [word for word, good in zip(_WORDS, _good(one), strict=True) if good]
            told = for_terminal(f"{one.number:<6}{one.label}"[:70])
            click.echo(f"{told:<70} {one.points:>5.1f} of {one.weight:>2}  {', '.join(words) or 'missing'}")
            if one.why:
                click.echo(f"      {for_terminal(one.why)}")
        click.echo(f"{all_:.0%} of all points; {crawled:.0%} of those of section 2.3")
    return ExitCode.CLEAN if all(all(_good(one)) for one in marks) else ExitCode.FINDINGS


_WORDS = ("present", "specific", "consistent")


def _good(one: Mark) -> tuple[bool, bool, bool]:
    return one.is_present, one.is_specific, one.is_consistent


def _mark_json(one: Mark) -> dict[str, Any]:
    return {
        "id": one.field, "number": one.number, "label": one.label, "weight": one.weight, "points": one.points,
        "present": one.is_present, "specific": one.is_specific, "consistent": one.is_consistent, "why": one.why,
    }  # fmt: skip


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise UsageError(f"--date {text!r}: write a day like 2026-12-01") from None


def _print_schema() -> None:
    from importlib.resources import files  # noqa: PLC0415 - keeps --help quick

    click.echo(files("crawler.reports.training").joinpath("summary.schema.json").read_text("utf-8"), nl=False)
