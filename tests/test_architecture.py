"""The house keeps its shape: what an import linter cannot see."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from crawler.doctor.installation import CRAWLING

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "crawler"
PURE_ROOMS = ("values", "optout", "blocklists", "policy", "facts", "provenance")

MODULES = sorted(PACKAGE.rglob("*.py"))
PURE_MODULES = [path for room in PURE_ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

IMPURE_CALLS = {
    "open", "input", "print", "breakpoint", "exec", "eval", "__import__",
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.process_time",
    "time.sleep",
    "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now", "date.today", "datetime.date.today",
    "uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4", "os.urandom", "urandom",
}  # fmt: skip
IMPURE_METHODS = {
    "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "glob", "rglob", "mkdir", "unlink", "exists",
    "is_file", "is_dir", "stat", "touch", "rename", "rmdir", "resolve",
}  # fmt: skip
IMPURE_MODULES = {
    "random", "secrets", "time", "os", "io", "pathlib", "shutil", "tempfile", "subprocess", "threading", "asyncio",
    "multiprocessing", "ssl", "logging", "importlib", "zipfile", "tarfile", "gzip", "select", "signal",
}  # fmt: skip
"""Standard library that a pure room has no business with. ``os`` brings the environment, ``io`` and ``gzip`` files."""

FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "misc",
    "common_utils",
    "data",
    "info",
    "lib",
    "core",
}
MACHINE_WORDS = re.compile(r"/(?:work|farm)/(?:main|shared)|/root/|/Users/\w+/|/tmp/\w*venv|file:///(?:opt|srv|home)")


def _name(node: ast.expr) -> str:
    """Dotted name of a call target, as written."""
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_impure(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in IMPURE_MODULES or module == "urllib.request"


def _impurities(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"{node.lineno}: import {alias.name}" for alias in node.names if _is_impure(alias.name)]
        elif isinstance(node, ast.ImportFrom):
            if _is_impure(node.module or ""):
                found.append(f"{node.lineno}: from {node.module} import ...")
        elif isinstance(node, ast.Call):
            name = _name(node.func)
            if name in IMPURE_CALLS or (isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS):
                found.append(f"{node.lineno}: {name or ast.unparse(node.func)}()")
        elif isinstance(node, ast.Attribute) and _name(node) in {"os.environ", "sys.argv", "sys.stdin", "sys.stdout"}:
            found.append(f"{node.lineno}: {_name(node)}")
    return found


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PURE_MODULES, ids=_relative)
def test_pure_room_does_no_io_and_knows_no_clock(path: Path) -> None:
    """Time, randomness, environment and bytes come into a pure room as values."""
    assert _impurities(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "from pathlib import Path",
        "p.read_text()",
        "import time",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.date.today()",
        "import random",
        "from secrets import token_bytes",
        "import os",
        "from uuid import uuid4\nuuid4()",
    ],
)
def test_the_search_for_impurities_finds(source: str) -> None:
    """Each way out of a pure room that the search must see."""
    assert _impurities(ast.parse(source))


@pytest.mark.parametrize("path", MODULES, ids=_relative)
def test_module_says_what_it_knows(path: Path) -> None:
    """Every module opens with a docstring of one to five lines."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    if path.name != "errors.py":  # holds the tree of all errors
        assert len([line for line in docstring.splitlines() if line]) <= 6


@pytest.mark.parametrize("path", MODULES, ids=_relative)
def test_module_is_named_for_what_it_does(path: Path) -> None:
    """No attics: nothing called utils, helpers or the like."""
    assert not FORBIDDEN_NAMES & {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts}


@pytest.mark.parametrize("path", MODULES, ids=_relative)
def test_names_are_imported_instead_of_the_package(path: Path) -> None:
    """Scrapy's ``crawler`` arguments would shadow a bare ``import crawler``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert [
                alias.name for alias in node.names if alias.name.split(".")[0] == "crawler" and not alias.asname
            ] == []


def _own_texts() -> list[Path]:
    """Files that git tracks, or would; none where this is no checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git as the user has it
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    skipped = {ROOT / "tests" / "test_architecture.py"}
    return [path for path in paths if path.is_file() and path not in skipped and path.suffix in SPOKEN]


SPOKEN = {".py", ".md", ".toml", ".cfg", ".txt", ".sh", ".json", ""}


def test_repository_speaks_of_the_project_alone() -> None:
    """No paths of somebody's machine."""
    found = []
    for path in _own_texts():
        if path.is_relative_to(ROOT / "blocklists" / "lists") or path.is_relative_to(ROOT / "tests" / "vectors"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if MACHINE_WORDS.search(line):
                found.append(f"{_relative(path)}:{number}: {line.strip()[:80]}")
    assert found == []


OURS = {"crawler", "tests"}
NEWER_STANDARD_LIBRARY = {"compression"}
"""Modules that a newer Python brings and an older one takes from a distribution."""


OPTIONAL = {"c2pa": "c2pa-python"}
"""Modules of the extras, imported where they are installed."""


READ_ONLY = {"tldextract"}
"""Declared for a file that it ships; its code is not run."""


def _imported_distributions(paths: list[Path]) -> set[str]:
    """Names of the distributions that the modules import directly."""
    owners = packages_distributions()
    names = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                top = module.split(".")[0]
                if top not in sys.stdlib_module_names | NEWER_STANDARD_LIBRARY and top not in OURS:
                    unknown = OPTIONAL.get(top, f"(not installed: {top})")
                    if len(owners.get(top, ())) > 1:  # a namespace of several distributions, like zope
                        names.add(".".join(module.split(".")[:2]))
                    else:
                        names |= {owner.lower() for owner in owners.get(top, [unknown])}
    return names


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def test_declared_dependencies_are_the_direct_imports() -> None:
    """What is imported is declared, and what is declared is imported."""
    project = PROJECT["project"]
    declared = _names([*project["dependencies"], *project["optional-dependencies"]["all"]])
    assert _imported_distributions(MODULES) | READ_ONLY == declared


def test_what_the_checks_import_is_declared() -> None:
    """The extra ``dev`` and the base hold all that runs in the checks."""
    project = PROJECT["project"]
    declared = _names([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    paths = [path for name in ("tests", ".ci", "docs") for path in sorted((ROOT / name).rglob("*.py"))]
    assert _imported_distributions(paths) <= declared


AUDITOR_ROOMS = (
    *PURE_ROOMS,
    "storage",
    "signing",
    "asking",
    "audit",
    "exporting",
    "purging",
    "recheck",
    "complaints",
    "doctor",
)
NEEDS_AN_EXTRA = {PACKAGE / "exporting" / "extraction.py", PACKAGE / "complaints" / "control.py"}
"""Modules whose one foreign import is looked for when it is used."""
AUDITOR_MODULES = [
    *(path for room in AUDITOR_ROOMS for path in sorted({*(PACKAGE / room).rglob("*.py")} - NEEDS_AN_EXTRA)),
    *(path for path in MODULES if path.name in {"errors.py", "fetching.py"} and path.parent == PACKAGE),
    *(
        PACKAGE / "cli" / f"{name}.py"
        for name in (
            "main",
            "lazy",
            "common",
            "layout",
            "arguments",
            "audit",
            "explain",
            "status",
            "check",
            "export",
            "purge",
            "recheck",
            "doctor",
        )
    ),
    *sorted((PACKAGE / "cli").glob("complaints*.py")),
]


def test_auditor_gets_what_the_audit_half_imports() -> None:
    """The group ``audit`` is a part of base and ``sign`` with the same bounds, and enough for the audit half."""
    group = PROJECT["dependency-groups"]["audit"]
    project = PROJECT["project"]
    assert set(group) <= {*project["dependencies"], *project["optional-dependencies"]["sign"]}
    assert not {"scrapy", "twisted"} & _names(group)
    only = _names(project["dependencies"]) - _names(group)
    assert {name.replace(".", "-") for name in only} == CRAWLING  # as metadata spell it
    assert _names(group) == _imported_distributions(AUDITOR_MODULES) | READ_ONLY


BLOCKED_IMPORT = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

BLOCKED = set(sys.argv[2].split(","))
sys.meta_path.insert(0, Blocker())
for room in sys.argv[1].split(","):
    package = importlib.import_module(f"crawler.{room}")
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package.__name__}."):
        importlib.import_module(found.name)
print(sorted(BLOCKED & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("rooms", "blocked"),
    [
        (PURE_ROOMS, "scrapy,twisted,click,pyarrow,tldextract,warcio,sqlite3,requests,cryptography"),
        (
            (
                "storage",
                "audit",
                "fetching",
                "asking",
                "cli.main",
                "cli.audit",
                "cli.explain",
                "cli.status",
                "cli.check",
                "exporting",
                "purging",
                "complaints",
                "doctor",
                "cli.export",
                "cli.purge",
                "cli.recheck",
                "recheck",
            ),
            "scrapy,twisted,itemadapter",
        ),
    ],
    ids=["pure rooms", "audit half"],
)
def test_rooms_import_without(rooms: tuple[str, ...], blocked: str) -> None:
    """Every module of the rooms can be imported where these distributions are not installed."""
    run = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", BLOCKED_IMPORT, ",".join(rooms), blocked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")


def test_rooms_of_linter_and_folder_are_the_same() -> None:
    """The pure rooms of this file are those that the import contract names."""
    contract = PROJECT["tool"]["importlinter"]["contracts"][1]
    assert contract["source_modules"] == [f"crawler.{room}" for room in PURE_ROOMS]


def test_data_folders_hold_no_python() -> None:
    """``policies/`` and ``blocklists/`` are legal's own: text only."""
    assert [_relative(path) for name in ("policies", "blocklists") for path in (ROOT / name).rglob("*.py")] == []


def test_lock_files_name_no_machine() -> None:
    """Lock files hold names, versions and hashes; no index host, no local file."""
    for name in ("requirements-dev.txt", "requirements-audit.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|--index|--find-links|@", text)
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", text)
    audit = (ROOT / "requirements-audit.txt").read_text(encoding="utf-8")
    assert not re.search(r"^(?:scrapy|twisted)==", audit, re.MULTILINE)


def test_every_exception_of_ours_is_in_the_tree() -> None:
    """The docstring of ``errors`` draws all of its classes."""
    tree = ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8"))
    drawn = ast.get_docstring(tree) or ""
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Error")]
    assert json.dumps([name for name in names if name not in drawn]) == "[]"
