"""The commands as people use them: hostile text in every field, wrong arguments, Ctrl-C, two at once, damage."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from crawler.complaints.fields import FIELDS, Kind
from tests.complaints.registers import WHOLE
from tests.demo_run import clearcrawl
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "=cmd|' /C calc'!A0\x1b]0;x\x07\x1b[2J<script>alert(1)</script>\u202e\u2028\u0085{{7*7}}"


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A register with one complaint that holds hostile text wherever it can."""
    given = {one.name: [HOSTILE] if one.kind is Kind.LIST else HOSTILE for one in FIELDS}
    given |= {"urls": [f"https://a.example/{HOSTILE}"], "capacity": "cmo", HOSTILE: HOSTILE}
    (tmp_path / "a.json").write_text(json.dumps(given))
    place = str(tmp_path / "complaints")
    done = clearcrawl("complaints", "add", str(tmp_path / "a.json"), "--register", place)
    assert done.returncode == 0, done.stderr
    return place


def _is_inert(text: str) -> bool:
    return not any(mark in text for mark in ("\x1b", "\x07", "\u202e", "\u2028", "\u0085"))


@pytest.mark.parametrize("command", [["show", "1"], ["show", "1", "--letter"], ["list"], ["stats"]])
def test_terminal(place: str, command: list[str]) -> None:
    """No control character of a stranger reaches a terminal."""
    done = clearcrawl("complaints", *command, "--register", place)
    assert done.returncode == 0
    assert _is_inert(done.stdout + done.stderr)


def test_csv_and_json(place: str) -> None:
    """A spreadsheet runs nothing; JSON is ASCII and holds the text as it was."""
    rows = list(csv.reader(io.StringIO(clearcrawl("complaints", "list", "--csv", "--register", place).stdout)))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    done = clearcrawl("complaints", "show", "1", "--json", "--register", place)
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["complaint"]["remedy"] == HOSTILE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "7"], "no such case"),
        (["show", "x\x1b[2J"], "is no case"),
        (["add", "nowhere.json"], "cannot be read"),
        (["add", "README.md", "--received", "soon"], "2026-05-31"),
        (["decide", "1", "--by", "x"], "--outcome"),
        (["decide", "1", "--by", " ", "--outcome", "rejected", "--reason", "It was never fetched."], "--by"),
        (["decide", "1", "--by", "x", "--outcome", "maybe"], "maybe"),
        (["decide", "1", "--by", "x", "--receipt", "nowhere"], "cannot be read"),
        (["control", "1", "not a domain"], "not a domain"),
        (["control", "1", "other.example"], "no host of"),
        (["acknowledge", "1", "--by", "x", "--sent", "2999-01-01"], "future"),
        (["bundle", "1", "-o", "docs"], "is there already"),
        (["stats", "--since", "yesterday"], "2026-01-01"),
        (["erase", "1", "--by", "x", "--reason", "because he asked", "--yes"], "not decided"),
    ],
)
def test_misuse(place: str, arguments: list[str], words: str) -> None:
    """Exit 2, one message, no traceback, nothing entered."""
    done = clearcrawl("complaints", *arguments, "--register", place)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert _is_inert(done.stderr)


def test_no_register(tmp_path: Path) -> None:
    """Reading what is not there makes nothing."""
    for command in ("list", "stats"):
        done = clearcrawl("complaints", command, "--register", str(tmp_path / "none"))
        assert done.returncode == 2
        assert "begins a register" in done.stderr
    assert not list(tmp_path.iterdir())


def test_damaged(place: str, tmp_path: Path) -> None:
    """Named, exit 5, and written to no further."""
    log = tmp_path / "complaints" / "log" / "000002.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"cmo"', b'"CMO"'))
    for arguments in (["list"], ["acknowledge", "1", "--by", "x"]):
        done = clearcrawl("complaints", *arguments, "--register", place)
        assert done.returncode == 5
        assert "complaints/" in done.stderr
        assert "changed" in done.stderr or "earlier copy" in done.stderr


def test_two_at_once(place: str) -> None:
    """The second one ends with 4."""
    descriptor = os.open(place, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert clearcrawl("complaints", "acknowledge", "1", "--by", "x", "--register", place).returncode == 4
        assert clearcrawl("complaints", "list", "--register", place).returncode == 0
    finally:
        os.close(descriptor)


def test_due_is_a_finding(place: str, tmp_path: Path) -> None:
    """For a daily job: exit 1 where something is due."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "crawl-policy.toml").write_text('version = "1"\n')
    (tmp_path / "policies" / "provider.toml").write_text("[rightsholders]\nacknowledge_days = 2\ndecide_days = 30\n")
    done = clearcrawl("complaints", "list", "--due", "--register", place, "--policies", str(tmp_path / "policies"))
    assert done.returncode == 1
    assert "acknowledge" in done.stdout


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """After Ctrl-C or a kill the register opens, and holds all of a file or nothing of it."""
    many = tmp_path / "many.json"
    many.write_text(json.dumps([{**WHOLE, "name": f"Jane {number}"} for number in range(300)]))
    place = str(tmp_path / "complaints")
    command = [sys.executable, "-m", "crawler", "complaints", "add", str(many), "--register", place]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0  # noqa: S603 - ours
    stopped = 0
    for number in range(6):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - ours
        time.sleep(0.35 + 0.12 * number)
        process.send_signal(signal.SIGINT if number % 2 else signal.SIGKILL)
        _, complaints = process.communicate()
        stopped += process.returncode != 0
        assert b"Traceback" not in complaints or number % 2 == 0
    assert stopped
    done = clearcrawl("complaints", "list", "--json", "--register", place)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["cases"]) % 300 == 0
    assert clearcrawl("complaints", "acknowledge", "1", "--by", "x", "--register", place).returncode == 0
