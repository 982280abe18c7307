"""The documents say what the code does: generated parts are current, links resolve, nothing public is missing."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from crawler import __version__
from crawler.extensions.always import NAMES
from crawler.optout.registry import READERS
from crawler.policy.reasons import TABLE
from crawler.provenance.row import COLUMN_NAMES, StatementColumn, UnreadColumn
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "policies" / "README.md",
        ROOT / "blocklists" / "README.md",
    ]
)


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_generated_documents_are_current() -> None:
    """``python docs/generate.py`` would change nothing."""
    stale = [
        _relative(path)
        for path, text in _generator().documents().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == []


def test_readme_help_is_what_the_command_prints() -> None:
    """The help text of the README equals ``clearcrawl --help`` on a terminal of that width."""
    run = subprocess.run(
        [sys.executable, "-m", "crawler", "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    block = re.search(
        r"<!-- help: clearcrawl -->\n```text\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert block is not None
    printed = [line.rstrip() for line in run.stdout.rstrip().splitlines()]
    assert " ".join(block[1].split()) == " ".join(" ".join(printed).split())


def test_every_manifest_column_is_explained() -> None:
    """docs/manifest.md has one row for each column, and says what it means."""
    text = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", text, re.MULTILINE))
    nested = [field.name for kind in (StatementColumn, UnreadColumn) for field in fields(kind)]
    names = [*COLUMN_NAMES, *nested]
    assert [name for name in names if not rows.get(name, "").strip()] == []


def test_every_reason_is_documented() -> None:
    """docs/reasons.md has one row for each code, in the order of the table."""
    text = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [reason.code for reason in TABLE]


def test_every_reader_is_documented() -> None:
    """docs/protocols.md has one row for each reader, and its vectors have a folder."""
    text = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w.-]+)` \|", text, re.MULTILINE) == [reader.id for reader in READERS]
    assert [reader.id for reader in READERS if not (ROOT / "tests" / "vectors" / reader.id).is_dir()] == []


COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    """Every name with our prefix that the code uses is a known setting, and docs/settings.md has a row for each."""
    used = set()
    for path in (ROOT / "crawler").rglob("*.py"):
        used |= set(re.findall(r"[\"'](CLEARCRAWL_[A-Z_]*[A-Z])[\"']", path.read_text(encoding="utf-8")))
    environment = {name for name in used if re.search(rf"^\| `{name}` \|", COMMANDS, re.MULTILINE)}
    used -= {"CLEARCRAWL_DEBUG", *environment}  # docs/commands.md has them
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(CLEARCRAWL_\w+)` \|", text, re.MULTILINE) == list(NAMES)
    assert used <= NAMES.keys()


@pytest.mark.parametrize("page", PAGES, ids=_relative)
def test_links_resolve(page: Path) -> None:
    """Every relative link leads to a file of the repository."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_relative)
def test_paths_named_in_documents_exist(page: Path) -> None:
    """A file or room of the package that a document names is there."""
    named = re.findall(
        r"`((?:crawler|tests|docs|policies|blocklists|\.ci)/[\w./-]+)`", page.read_text(encoding="utf-8")
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_page_of_docs_is_linked() -> None:
    """No page of docs/ is an orphan: the index or the list of decision records leads to it."""
    linked = set()
    for page in (ROOT / "docs" / "index.md", ROOT / "docs" / "adr" / "README.md"):
        linked |= {
            (page.parent / target).resolve()
            for target in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
        }
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "index.md"}
    assert sorted(_relative(page) for page in pages - linked) == []


def test_changelog_has_decisions_first() -> None:
    """Every version begins with what could change a verdict."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert versions
    assert [
        version.splitlines()[0]
        for version in versions
        if re.findall(r"^### (.+)$", version, re.MULTILINE)[0] != "Decisions"
    ] == []


def test_version_stands_in_one_place() -> None:
    """The package's version is the one that the build takes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "crawler/__init__.py"
    assert project["project"]["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
