"""``clearcrawl policy lint``: everything that is wrong at once, with file, key and line; what is open on demand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.storage.shipped import shipped
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path


def _folder(path: Path, **files: str) -> str:
    for name, text in files.items():
        (path / f"{name.replace('_', '-')}.toml").write_text(text, "utf-8")
    return str(path)


def test_shipped() -> None:
    """What ships is clean; the open questions are counted, and listed on demand."""
    folder = str(shipped("policies"))
    done = clearcrawl("policy", "lint", folder)
    assert done.returncode == 0
    assert "0 errors, 0 warnings" in done.stdout.splitlines()[-1]
    assert "(--open lists them)" in done.stdout
    assert "owner_oversight" not in done.stdout
    assert "owner_oversight.role" in clearcrawl("policy", "lint", "--open", folder).stdout


def test_mistakes(tmp_path: Path) -> None:
    """All files at once, exit 1; remote characters cannot steer the terminal."""
    folder = _folder(tmp_path, crawl_policy='version = "1"\nprofile = "x"\n', model='modalities = ["\\u001b[2J"]\n')
    done = clearcrawl("policy", "lint", folder)
    assert done.returncode == 1
    told = " ".join(done.stdout.split())  # a long path breaks the line
    assert "crawl-policy.toml:2: profile:" in told
    assert "model.toml:1: modalities[1]:" in told
    assert "2 errors" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_of_files(tmp_path: Path) -> None:
    """Files may be looked at alone; scripts get level, file, line, key."""
    _folder(tmp_path, agreements='[[agreement]]\nscope = "x"\n', retention="[pages]\n")
    done = clearcrawl("policy", "lint", "--json", str(tmp_path / "agreements.toml"), str(tmp_path / "retention.toml"))
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["errors"] == len([one for one in answer["remarks"] if one["level"] == "error"])
    assert {(one["line"], one["key"]) for one in answer["remarks"]} >= {(2, "agreement[1].scope"), (1, "pages.basis")}
    assert {one["file"] for one in answer["remarks"]} == {
        str(tmp_path / "agreements.toml"), str(tmp_path / "retention.toml")
    }  # fmt: skip


def test_misuse(tmp_path: Path) -> None:
    """No folder, or a file that is none of ours: exit 2 and one message."""
    (tmp_path / "other.toml").write_text("", "utf-8")
    for argument, words in ((tmp_path / "nowhere", "no such file or folder"), (tmp_path / "other.toml", "no file of")):
        done = clearcrawl("policy", "lint", str(argument))
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
