"""Interpreter, packages and settings: whether what is installed is what this version was made for."""

from __future__ import annotations

import ast
import configparser
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crawler import __version__
from crawler.doctor.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

DISTRIBUTION = "clearcrawl"
OLDEST, NEWEST = (3, 11), (3, 14)
"""Versions of Python that are tested."""
KNOWN_VARIABLES = frozenset(
    {"CLEARCRAWL_KEYS", "CLEARCRAWL_KEY_PASSPHRASE", "CLEARCRAWL_NEW_KEY_PASSPHRASE", "CLEARCRAWL_DEBUG"}
)
CRAWLING = frozenset({"pyopenssl", "scrapy", "service-identity", "twisted", "zope-interface"})
"""What only crawling needs: an auditor's install has none of it."""
_LARGEST_SETTINGS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRules:
    """What a project's settings are held against."""

    always: Mapping[str, Any]
    is_unknown: Callable[[str], bool]


def installation(folder: Path, rules: SettingsRules) -> Iterator[Finding]:
    """Look at interpreter, packages, environment variables, and the settings of the Scrapy project in the folder."""
    yield _python()
    yield from _packages()
    yield from _variables()
    if (folder / "scrapy.cfg").is_file():
        yield _settings(folder, rules)


def _python() -> Finding:
    found = sys.version_info[:2]
    told = f"Python {sys.version.split()[0]}, clearcrawl {__version__}"
    if OLDEST <= found <= NEWEST:
        return Finding(part="python", state=State.FINE, told=told)
    span = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    return Finding(part="python", state=State.WARNING, told=told, advice=f"use one of Python {span}, which are tested")


def _packages() -> Iterator[Finding]:
    try:
        wanted = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        yield Finding(
            part="packages",
            state=State.UNKNOWN,
            told="clearcrawl is not installed as a package",
            advice="pip install .",
        )
        return
    base = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    problems = {canonicalize_name(one.name): problem for one in base if (problem := _problem(one)) is not None}
    is_audit = {name for name in CRAWLING if _version(name) is None} == CRAWLING
    wrong = [problem for name, problem in problems.items() if not is_audit or name not in CRAWLING]
    extras = {
        one.name
        for one in wanted
        if one not in base and one.marker is not None and one.marker.evaluate({"extra": "all"})
    }
    absent = sorted(name for name in extras if _version(name) is None)
    if wrong:
        advice = "install them: pip install --upgrade clearcrawl (auditors: -r requirements-audit.txt, and no crawling)"
        yield Finding(part="packages", state=State.PROBLEM, told="; ".join(wrong), advice=advice)
    elif is_audit:
        told = f"{len(base) - len(problems)} as wanted by the auditor's half; without Scrapy nothing is crawled here"
        yield Finding(part="packages", state=State.NOTE, told=told, advice="pip install clearcrawl brings the rest")
    else:
        told = f"{len(base)} as wanted, Scrapy {_version('scrapy')}"
        yield Finding(part="packages", state=State.FINE, told=told)
    if absent:
        told = f"not installed, of the extras: {', '.join(absent)}"
        yield Finding(part="extras", state=State.NOTE, told=told, advice="pip install 'clearcrawl[all]' brings them")


def _problem(one: Requirement) -> str | None:
    found = _version(one.name)
    if found is None:
        return f"{one.name} is missing"
    return None if one.specifier.contains(found, prereleases=True) else f"{one.name} is {found}, not {one.specifier}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _variables() -> Iterator[Finding]:
    strange = sorted(name for name in os.environ if name.startswith("CLEARCRAWL_") and name not in KNOWN_VARIABLES)
    if strange:
        told = f"no variable of clearcrawl: {', '.join(strange)}"
        advice = f"known are {', '.join(sorted(KNOWN_VARIABLES))}; settings go into -s or settings.py"
        yield Finding(part="environment", state=State.WARNING, told=told, advice=advice)


def _settings(folder: Path, rules: SettingsRules) -> Finding:
    """Read the project's settings without running them: what is weakened in plain sight, and names that are none."""
    try:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string((folder / "scrapy.cfg").read_text(encoding="utf-8")[:_LARGEST_SETTINGS])
        module = parser.get("settings", "default")
        path = folder.joinpath(*module.split(".")).with_suffix(".py")
        if not path.is_file():
            return Finding(part="settings", state=State.NOTE, told=f"{module}: lies outside of {folder}")
        tree = ast.parse(path.read_text(encoding="utf-8")[:_LARGEST_SETTINGS])
    except (OSError, ValueError, SyntaxError, configparser.Error, RecursionError) as error:
        told = f"scrapy.cfg or its settings cannot be read: {error}"
        return Finding(part="settings", state=State.PROBLEM, told=told, advice="mend the file; scrapy will not start")
    wrong = list(_weakened(tree, rules))
    if wrong:
        advice = f"take them out of {path}: the start is refused with them"
        return Finding(part="settings", state=State.PROBLEM, told="; ".join(wrong), advice=advice)
    return Finding(part="settings", state=State.FINE, told=f"{path}: nothing that must hold is changed there")


def _weakened(tree: ast.Module, rules: SettingsRules) -> Iterator[str]:
    for statement in tree.body:
        if not isinstance(statement, ast.Assign):
            continue
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        for name in names:
            if rules.is_unknown(name):
                yield f"line {statement.lineno}: {name} is no setting of clearcrawl"
            elif name in rules.always and isinstance(statement.value, ast.Constant):
                value = statement.value.value
                if value != rules.always[name]:
                    yield f"line {statement.lineno}: {name} is {value!r}, must be {rules.always[name]!r}"
