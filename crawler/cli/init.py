"""``clearcrawl init``: a working copy of the operator's files, with the identity filled in.

Files are written from what was shipped; an existing working copy keeps every edit, and only its identity is set.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import click

from crawler.cli.common import is_interactive, progress
from crawler.errors import UsageError
from crawler.storage.shipped import shipped
from crawler.values.toml_lines import line_of

POLICY = Path("policies") / "crawl-policy.toml"
TEMPLATES = Path(__file__).parent / "templates"

QUESTIONS = {
    "operator": "Who operates the crawler (company or person)",
    "contact": "Where site owners reach you (https://... or mailto:...)",
    "product_token": "Product token for robots.txt (letters, _ and -)",
}
"""Keys of ``[identity]`` in the policy, and how a person is asked for them."""

_FORMS = {
    "operator": (re.compile(r"(?=.*\S).{1,500}"), "a name on one line, at most 500 characters"),
    "contact": (re.compile(r"(?:https?://|mailto:(?=.+@.))[!-'*-~]+"), "an https:// page or a mailto: address"),
    "product_token": (re.compile(r"[A-Za-z_-]{1,63}"), "letters, _ and - only, at most 63 (RFC 9309 section 2.2.1)"),
}
"""What an answer must look like; narrower than the policy's reader, which a test shows."""
_STRING_LINE = re.compile(r"""([ \t]*[\w.]+[ \t]*=[ \t]*)("(?:[^"\\]|\\.)*"|'[^']*')([ \t]*(?:#.*)?\r?)""")


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--operator", help="Who crawls: company or person.")
@click.option("--contact", help="Page (https://) or address (mailto:) where site owners reach you.")
@click.option("--token", help="Product token that robots.txt files name: letters, _ and -.")
def command(folder: Path, operator: str | None, contact: str | None, token: str | None) -> None:
    """Set up DIR: policies, blocklists, scrapy.cfg and a typed example spider.

    In an existing working copy only the identity is set; every other edit stays.
    Asks for what is missing, and only on a terminal.
    """
    given = {"operator": operator, "contact": contact, "product_token": token}
    for key, value in given.items():
        if value is not None:
            _check(key, value)
    exists = (folder / POLICY).is_file()
    source = (folder if exists else shipped("policies").parent) / POLICY
    try:
        if not exists:
            _refuse_foreign(folder)
        text, missing = _with_identity(source.read_bytes().decode(), given, str(source))
        if exists:
            _replace(folder / POLICY, text)
        else:
            _write_new(folder, text)
    except OSError as error:
        raise UsageError(_told(error, folder)) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{source}: not UTF-8: {error}") from error
    progress(f"{folder}: identity set" if exists else f"{folder}: policies, blocklists, scrapy.cfg and spiders written")
    if missing:
        keys = ", ".join(missing)
        progress(f"Before a crawl of other people's sites, fill in [identity] {keys} of {folder / POLICY}.")


def _told(error: OSError, folder: Path) -> str:
    """Where it failed, and why; copying a tree tells of all its files at once, of which the first will do."""
    if isinstance(error, shutil.Error):
        _, target, why = error.args[0][0]
        return f"{target}: {why}"
    return f"{error.filename or folder}: {error.strerror or error}"


def _check(key: str, value: str) -> None:
    form, wanted = _FORMS[key]
    if not (value.isprintable() and form.fullmatch(value)):
        option = "token" if key == "product_token" else key
        raise UsageError(f"--{option}: {value!r} is not {wanted}")


def _refuse_foreign(folder: Path) -> None:
    """A folder with anything visible in it that is not a working copy of ours stays untouched."""
    if folder.is_dir():
        for found in sorted(folder.iterdir()):
            if not found.name.startswith("."):
                raise UsageError(f"{folder}: not empty (holds {found.name}) and no working copy; name a new folder")


def _with_identity(text: str, given: dict[str, str | None], name: str) -> tuple[str, list[str]]:
    """The policy's text with the identity put into its own lines, and what is missing; comments and order stay."""
    missing = []
    for key, question in QUESTIONS.items():
        value = given[key]
        if value is None and not _is_empty(text, key, name):
            continue
        if value is None and is_interactive():
            value = _ask(key, question)
        if value is None:
            missing.append(key)
        else:
            text = _set(text, key, value, name)
    return text, missing


def _ask(key: str, question: str) -> str:
    while True:
        value: str = click.prompt(question, err=True)
        try:
            _check(key, value)
        except UsageError as error:
            progress(str(error))
        else:
            return value


def _find(text: str, key: str, name: str) -> tuple[list[str], int, re.Match[str]]:
    """All lines, the index of the one that sets the key, and its parts: before the value, the value, behind it."""
    try:
        number = line_of(text, ("identity", key))
    except ValueError as error:
        raise UsageError(f"{name}: no TOML: {error}") from error
    lines = text.split("\n")
    match = None if number is None else _STRING_LINE.fullmatch(lines[number - 1])
    if number is None or match is None:
        raise UsageError(f'{name}: [identity] {key}: needs a line {key} = "" to fill in')
    return lines, number - 1, match


def _is_empty(text: str, key: str, name: str) -> bool:
    _, _, match = _find(text, key, name)
    return len(match[2]) == len('""')


def _set(text: str, key: str, value: str, name: str) -> str:
    lines, index, match = _find(text, key, name)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    lines[index] = f'{match[1]}"{escaped}"{match[3]}'
    return "\n".join(lines)


def _replace(path: Path, text: str) -> None:
    """A reader sees the old file or the new one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(text.encode())
    beside.replace(path)


def _write_new(folder: Path, policy: str) -> None:
    """Everything is made in a folder beside and moved in at the end; a failure leaves nothing half-written."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".init-") as made:
        build = Path(made)
        for name in ("policies", "blocklists"):
            shutil.copytree(shipped(name), build / name, ignore=shutil.ignore_patterns("__pycache__"))
        for template in sorted(TEMPLATES.rglob("*")):
            if template.is_file():
                target = build / template.relative_to(TEMPLATES).with_suffix(
                    "" if template.suffix == ".txt" else ".cfg"
                )
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(template, target)
        _replace(build / POLICY, policy)
        for part in sorted(build.iterdir()):
            part.rename(folder / part.name)
