"""``clearcrawl conformance``: results on stdout, what is wrong with a file on stderr, one exit status for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = {"url": "https://site.example/a", "purpose": "train-genai", "user_agent": "ExampleBot"}
GOOD = {"id": "good", "title": "nothing said", "given": GIVEN, "expect": {"access": "allow", "state": "unknown"}}
BAD = GOOD | {"id": "bad\x1b[31m", "expect": {"access": "allow", "state": "reserved", "detail": {"sitemaps": ["x"]}}}


def _file(folder: Path, *cases: object) -> str:
    path = folder / f"{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps(cases), encoding="utf-8")
    return str(path)


def test_all_pass(tmp_path: Path) -> None:
    """Exit 0, with a line for each file and one for all."""
    done = clearcrawl("conformance", _file(tmp_path, GOOD), _file(tmp_path, GOOD, GOOD))
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["  0.json  1 of 1", "  1.json  2 of 2", "3 of 3 cases pass"]


def test_some_fail(tmp_path: Path) -> None:
    """Exit 1; the failing case says what was expected and what came, and cannot steer the terminal."""
    done = clearcrawl("conformance", _file(tmp_path, GOOD, BAD))
    assert done.returncode == 1
    assert "1 of 2 cases pass" in done.stdout
    assert 'access allow, state reserved, sitemaps ["x"]' in done.stdout
    assert "access allow, state unknown, sitemaps []" in done.stdout
    assert "\x1b" not in done.stdout


def test_json(tmp_path: Path) -> None:
    """One document for scripts."""
    done = clearcrawl("conformance", "--json", _file(tmp_path, GOOD, BAD))
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["format"] == "clearcrawl-conformance/1"
    assert (answer["total"], answer["passed"]) == (2, 1)
    assert answer["cases"][0] == {
        "id": "good",
        "passed": True,
        "expected": {"access": "allow", "state": "unknown"},
        "got": {"access": "allow", "state": "unknown"},
    }


def test_unreadable_files(tmp_path: Path) -> None:
    """Exit 2 and nothing on stdout; each wrong file is named with its line."""
    odd, text = tmp_path / "odd.json", tmp_path / "text.json"
    odd.write_text('[\n{"id": 3}]', encoding="utf-8")
    text.write_bytes(b"[\n\n\xff]")
    done = clearcrawl("conformance", _file(tmp_path, GOOD), str(odd), str(text), str(tmp_path / "none.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "odd.json:2: not a case" in done.stderr
    assert "text.json:3: not UTF-8" in done.stderr
    assert "none.json: cannot be read" in done.stderr
