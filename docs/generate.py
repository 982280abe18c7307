"""Writes the parts of the documents that the code knows: commands, columns, reasons, protocols.

``python docs/generate.py`` writes them; a test compares them with what ``documents`` answers.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.audit.database import TABLES
from crawler.audit.queries import queries
from crawler.cli.main import main as command_line
from crawler.extensions.always import ALWAYS, NAMES
from crawler.optout.interface import OptOutReader
from crawler.optout.lookup import LOOKUPS
from crawler.optout.registry import READERS
from crawler.optout.robots.specifications import SPECIFICATIONS
from crawler.policy.profile_reading import PROFILES
from crawler.policy.reading import FILES
from crawler.policy.reasons import TABLE
from crawler.provenance.row import SCHEMA_VERSION
from crawler.reports.copyright_policy.figures import OWN
from crawler.reports.copyright_policy.obligations import chapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.reports.copyright_policy.obligations import Obligation

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100
MADE = "<!-- Made by docs/generate.py; do not edit. -->"

COMMON_CRAWL = frozenset(
    {
        "url", "url_surtkey", "url_host_name", "url_host_registered_domain", "url_host_registry_suffix",
        "url_protocol", "url_path", "fetch_time", "fetch_status", "fetch_redirect", "content_digest",
        "content_mime_type", "content_mime_detected", "content_charset", "content_languages", "content_truncated",
        "warc_filename", "warc_record_offset", "warc_record_length",
    }
)  # fmt: skip
"""Columns that mean the same as in Common Crawl's columnar index."""

COMMANDS_OPENING = f"""{MADE}

# Commands

Results go to stdout, progress and complaints to stderr.
Colour is used on a terminal only, and never where `NO_COLOR` is set.
`CLEARCRAWL_DEBUG=1` shows where an internal error arose.

| variable | meaning |
|---|---|
| `CLEARCRAWL_KEYS` | folder of the signing keys, in place of the user's data folder |
| `CLEARCRAWL_KEY_PASSPHRASE` | passphrase of the key in use, where nobody can be asked |
| `CLEARCRAWL_NEW_KEY_PASSPHRASE` | passphrase of a key that is being made |

## Exit status

| code | meaning |
|---|---|
| 0 | clean |
| 1 | findings, or a mismatch |
| 2 | misuse, or a refused start: the message names file and key |
| 3 | incomplete: stopped and can be resumed, or cannot be decided yet |
| 4 | another run holds the folder |
| 5 | damaged state, or storage failed |

Under `scrapy crawl` a failure is 1, and `crawl.json` holds the exact code."""

MANIFEST_OPENING = f"""{MADE}

# Manifest

One row per URL per crawl, written when the verdict is final; schema version {SCHEMA_VERSION}.
Times are UTC with microseconds, digests carry their algorithm, absent is null.
Columns marked CC mean the same as in Common Crawl's columnar index."""

REASONS_OPENING = f"""{MADE}

# Reasons

Codes of the columns `reason` and `reasons`; each is also a Scrapy stat.
A code is never renamed or used again.
Liftable codes may be named by a dated `[[override]]` of the policy.

| code | check | may lead to | liftable | meaning |
|---|---|---|---|---|"""

COVERAGE_OPENING = f"""{MADE}

# The Copyright chapter, obligation by obligation

What the Copyright chapter of the Code of Practice for General-Purpose AI Models ({chapter().dated}) asks,
what clearcrawl does for it, which command shows it, and what stays with people.
The words are ours, and no legal advice; check against the official text before you rely on them.
This is list {chapter().version}, kept in `crawler/reports/copyright_policy/obligations.toml`.

`clearcrawl policy render` answers every row in one document, and refuses while one is open;
[Copyright policy](copyright-policy.md) shows how.

Strength: *commit* binds a signatory, *encouraged* does not, *scope* and *reminder* bound the others.
Certainty: *primary* wording was seen, *agreed* by several sources, *unverified* not seen, *own* is our addition."""

QUERIES_OPENING = f"""{MADE}

# Audit queries

`clearcrawl audit query DIR... NAME` asks one of these of one or many crawls; `--sql` asks your own.
`--show` prints the SQL of a question, `--format` and `-o` write CSV, JSON or Parquet.
DuckDB answers in memory: it opens no file but those of the crawls, changes none, and needs no network.
In CSV a text that a spreadsheet would run as a formula gets a leading `'`; JSON and Parquet hold it as it is.

## Tables

| table | holds |
|---|---|"""

POLICY_OPENING = f"""{MADE}

# Policy

The files of `policies/` as they are shipped; a comment beside every key says what it does.
The first three decide: a key that is not known, or a value out of its bounds, stops the start with file, key and line.
Documents are made from the last three, which decide nothing; `clearcrawl policy lint` looks at all of them."""

PROTOCOLS_OPENING = f"""{MADE}

# Protocols

robots.txt decides access and is read first ({", ".join(one.id for one in SPECIFICATIONS)}; a successor takes over on
the day that `crawler/optout/robots/specifications.py` names, for files fetched from then on).
The protocols below state reservations and permissions; they are joined by one rule: any reservation wins, then any
condition, then any permission; where nobody said anything, the profile of the policy decides.
PC-n are the choices of this project where specifications are silent or contradict one another.
The status of each protocol is a dated line of `policies/protocols.toml`.

| id | title | specification | revision | reader |
|---|---|---|---|---|"""

LOOKUPS_OPENING = """## Look-up services

Registries that have to be asked about each file; all are off.
A line of `[lookups]` in the policy gives one the address of a bridge that the operator runs or rents.
Everything that is about to be kept is then asked about, through the gate:

```text
GET ADDRESS?url=URL&digest=sha256:HEX&type=MEDIA-TYPE
200  {"statements": [{"use": "train-genai", "preference": "reserved", "evidence": "https://..."}]}
404  nothing is registered; so says an empty list
```

`use` is `train-genai`, `train-other`, `search` or `ai-input`; `preference` is `reserved` or `conditional`.
`allowed` is recorded and never counts.
Any other answer, and none, is unread and holds the page back.
"""


def documents() -> dict[Path, str]:
    """Path of every generated document, and the text it must have."""
    return {
        ROOT / "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
        ROOT / "docs" / "audit-queries.md": audit_queries(),
        ROOT / "docs" / "commands.md": commands(),
        ROOT / "docs" / "coverage.md": coverage(),
        ROOT / "docs" / "manifest.md": manifest(),
        ROOT / "docs" / "policy.md": policy(),
        ROOT / "docs" / "protocols.md": protocols(),
        ROOT / "docs" / "reasons.md": reasons(),
        ROOT / "docs" / "settings.md": settings((ROOT / "docs" / "settings.md").read_text(encoding="utf-8")),
    }


def readme(text: str) -> str:
    """The README with the help text of the command line in its place."""
    return _filled(text, "help: clearcrawl", f"```text\n{_help(command_line, 'clearcrawl')}\n```")


def settings(text: str) -> str:
    """The page on settings with the tables of our own names and of what always holds."""
    own = [f"| `{name}` | {_cell(meaning)} |" for name, meaning in NAMES.items()]
    always = [f"| `{name}` | `{value!r}` |" for name, value in ALWAYS.items()]
    text = _filled(text, "own settings", "\n".join(["| setting | meaning |", "|---|---|", *own]))
    return _filled(text, "always", "\n".join(["| setting | value |", "|---|---|", *always]))


def _filled(text: str, name: str, content: str) -> str:
    """The text with what stands between ``<!-- name -->`` and the next ``<!-- end -->`` replaced."""
    block = f"<!-- {name} -->\n{content}\n<!-- end -->"
    return re.sub(rf"<!-- {re.escape(name)} -->.*?<!-- end -->", lambda _: block, text, flags=re.DOTALL)


def commands() -> str:
    """Every command with its help text, and the exit status."""
    parts = [COMMANDS_OPENING]
    for name, command in _commands(command_line, "clearcrawl"):
        parts += [f"## {name}", f"```text\n{_help(command, name)}\n```"]
    return "\n\n".join(parts) + "\n"


def _commands(group: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, group
    if isinstance(group, click.Group):
        context = click.Context(group, info_name=name)
        for child in group.list_commands(context):
            command = group.get_command(context, child)
            if command is not None:
                yield from _commands(command, f"{name} {child}")


def _help(command: click.Command, name: str) -> str:
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": WIDTH, "max_content_width": WIDTH}
    with click.Context(command, info_name=name, **settings) as context:  # type: ignore[arg-type]
        return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def manifest() -> str:
    """Every column of the manifest with its type and docstring."""
    tree = ast.parse((ROOT / "crawler" / "provenance" / "row.py").read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    parts = [
        MANIFEST_OPENING,
        _columns(classes["ManifestRow"]),
        "## Elements of `statements`",
        _columns(classes["StatementColumn"]),
        "## Elements of `statements_unread`",
        _columns(classes["UnreadColumn"]),
    ]
    return "\n\n".join(parts) + "\n"


def _columns(node: ast.ClassDef) -> str:
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for field, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign):
            continue
        name = ast.unparse(field.target)
        text = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = " ".join(str(following.value.value).replace("``", "`").split())
        mark = "CC." if name in COMMON_CRAWL else ""
        kind = ast.unparse(field.annotation).replace(" | None", "?")
        lines.append(f"| `{name}` | {_cell(kind)} | {_cell(f'{mark} {text}'.strip())} |")
    return "\n".join(lines)


def reasons() -> str:
    """Every reason code with the check that gives it, its verdicts and its sentence."""
    lines = [REASONS_OPENING]
    for row in TABLE:
        verdicts = ", ".join(verdict.value for verdict in row.verdicts)
        liftable = "yes" if row.is_liftable else ""
        lines.append(f"| `{row.code}` | {row.check.title} | {verdicts} | {liftable} | {_cell(row.sentence)} |")
    return "\n".join(lines) + "\n"


def audit_queries() -> str:
    """The tables that a query may ask, and every question that comes with the program."""
    lines = [QUERIES_OPENING, *(f"| `{name}` | {_cell(text)} |" for name, text in TABLES.items()), ""]
    for one in queries().values():
        lines += [f"## {one.name}", "", f"{one.title}. {one.asks}", "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{name}` | {_cell(text)} |" for name, text in one.columns.items()]
        lines.append("")
    return "\n".join(lines)


def coverage() -> str:
    """Every obligation of the Copyright chapter: asked, done, shown, and left to people."""
    known = chapter()
    parts = [COVERAGE_OPENING]
    for measure, title in known.measures.items():
        parts.append(f"## Measure {measure}: {title}")
        parts += [_obligation(one) for one in known.obligations if one.measure == measure]
    return "\n\n".join(parts) + "\n"


def _obligation(one: Obligation) -> str:
    lines = [
        f"### {one.id} {one.title}",
        "",
        f"{one.asks} *({one.strength}, {one.certainty})*",
        "",
        f"- What clearcrawl does: {one.toolkit}",
        f"- Shown by: {', '.join(f'`{command}`' for command in one.commands)}",
        f"- With people: {one.people}",
    ]
    keys = [f"{', '.join(f'`{key}`' for key in one.keys)} of `policies/provider.toml`"] if one.keys else []
    if one.either:
        named = " or ".join(f"`{key}`" for key in one.either)
        keys.append(f"{named} of `policies/provider.toml`, or `{one.id}.md` in `policies/texts/`")
    elif one.needs_text:
        keys.append(f"`{one.id}.md` in `policies/texts/`")
    if keys:
        lines.append(f"- Answered in: {'; '.join(keys)}")
    if one.figures:
        told = (
            f"*{OWN[name].title}*" if name in OWN else f"[`{name}`](audit-queries.md#{name})" for name in one.figures
        )
        lines.append(f"- Figures of crawls: {', '.join(told)}")
    return "\n".join(lines)


def policy() -> str:
    """The files that decide, with the comments that explain their keys."""
    parts = [POLICY_OPENING]
    for name in (*FILES, *PROFILES):
        text = (ROOT / "policies" / name).read_text(encoding="utf-8").rstrip()
        parts += [f"## {name}", f"```toml\n{text}\n```"]
    return "\n\n".join(parts) + "\n"


def protocols() -> str:
    """Every opt-out protocol that has a reader, what it reads, what silence means, and our choices."""
    told = tomllib.loads((ROOT / "docs" / "protocol-choices.toml").read_text(encoding="utf-8"))
    lines = [PROTOCOLS_OPENING]
    for reader in READERS:
        source = f"<{reader.spec_url}>" if reader.spec_url else ""
        cells = (f"`{reader.id}`", _cell(reader.title), source, _cell(reader.spec_version), reader.version)
        lines.append(f"| {' | '.join(cells)} |")
    for reader in READERS:
        lines += [f"\n## {reader.title}\n", f"`{reader.id}` reads {', '.join(_carriers(reader))}."]
        lines.append(f"Silence: {told[reader.id]['silence']}.\n")
        lines += [f"- {choice}" for choice in told[reader.id]["choices"]]
    lines += ["", LOOKUPS_OPENING, *(f"- `{one.id}`: {one.title}, <{one.spec_url}>" for one in LOOKUPS)]
    return "\n".join(lines) + "\n"


def _carriers(reader: OptOutReader) -> list[str]:
    """Places that a reader looks at, as its methods and attributes say."""
    named = {
        "read_robots": "records of robots.txt",
        "read_response_head": "header fields of the response",
        "read_html": "elements of the page",
        "read_media": "metadata inside the file",
        "read_unfetched": "documents that these name",
    }
    found = [f"`{path}`" for path in reader.site_files]
    overridden = (name for name in named if getattr(type(reader), name) is not getattr(OptOutReader, name))
    return found + [named[name] for name in overridden]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write what differs."""
    for path, text in documents().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
