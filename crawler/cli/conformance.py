"""``clearcrawl conformance``: runs published vectors through the readers and the decision."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.layout import table
from crawler.errors import DocumentError, ExitCode, Mistake
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.policy.conformance import Result

    Results = list[tuple[Path, list[Result]]]


@click.command("conformance", short_help="Run opt-out vectors through the readers and the decision.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def command(files: Sequence[Path], as_json: bool) -> ExitCode:
    """Run the cases of each FILE through the readers and the decision; compare access, state and the compared details.

    A FILE is a JSON list of cases in the schema of the published opt-out vectors. Nothing is fetched. Exit status: 0 if
    all cases pass, 1 if some fail, 2 if a file cannot be read.
    """
    results = _run(files)
    cases = [result for _, found in results for result in found]
    passed = sum(result.passed for result in cases)
    if as_json:
        print_json("conformance", {"total": len(cases), "passed": passed, "cases": [_plain(one) for one in cases]})
    else:
        _print(results, len(cases), passed)
    return ExitCode.CLEAN if passed == len(cases) else ExitCode.FINDINGS


def _run(files: Sequence[Path]) -> Results:
    """Results of every file; raises ``DocumentError`` with what is wrong in each."""
    from crawler.policy.conformance import VectorError, run_vectors  # noqa: PLC0415 - readers are loaded to run only

    results: Results = []
    mistakes: list[Mistake] = []
    for file in files:
        try:
            results.append((file, list(run_vectors(file.read_bytes().decode("utf-8")))))
        except VectorError as error:
            mistakes.append(Mistake(file=str(file), key="", line=error.line, problem=str(error)))
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            mistakes.append(Mistake(file=str(file), key="", line=line, problem="not UTF-8"))
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
            mistakes.append(Mistake(file=str(file), key="", line=None, problem=problem))
    if mistakes:
        raise DocumentError(mistakes)
    return results


def _plain(result: Result) -> dict[str, Any]:
    return {
        "id": result.id,
        "passed": result.passed,
        "expected": dict(result.expected),
        "got": dict(result.got),
    }


def _print(results: Results, total: int, passed: int) -> None:
    rows = []
    for file, found in results:
        counts = Counter(result.passed for result in found)
        rows.append((file.name, f"{counts[True]} of {len(found)}"))
    click.echo(table(rows))
    for _, found in results:
        for result in found:
            if not result.passed:
                _print_failure(result)
    colour = "green" if passed == total else "red"
    click.echo(click.style(f"{passed} of {total} cases pass", fg=colour, bold=True))


def _print_failure(result: Result) -> None:
    click.echo(f"\n{click.style(for_terminal(result.id), fg='red')}  {for_terminal(result.title)}")
    click.echo(table([("expected", _shown(result.expected)), ("got", _shown(result.got))], indent=4))


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items())
