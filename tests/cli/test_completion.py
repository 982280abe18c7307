"""Completion scripts for three shells, and what they complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from crawler.cli.completion import SHELLS
from crawler.cli.main import COMMANDS, main
from tests.shared import ROOT


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_printed(shell: str) -> None:
    """The script binds the name ``clearcrawl`` and asks it by environment variable."""
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_CLEARCRAWL_COMPLETE" in result.stdout
    assert "clearcrawl" in result.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_valid(shell: str) -> None:
    """The shell itself accepts the script."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = CliRunner().invoke(main, ["completion", shell]).stdout
    subprocess.run([program, "-n"], input=script, text=True, check=True)  # noqa: S603 - a shell that only parses


def _complete(words: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-m", "crawler"],
        cwd=ROOT,
        env={
            **os.environ,
            "_CLEARCRAWL_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.partition(",")[2] for line in run.stdout.splitlines()]


def test_commands_complete() -> None:
    """Nothing typed yet: all commands; a beginning: those that begin so; a group: its own commands."""
    assert _complete("clearcrawl ") == list(COMMANDS)
    assert _complete("clearcrawl c") == [name for name in COMMANDS if name.startswith("c")]
    assert _complete("clearcrawl audit e") == ["explain"]
    assert "--operator" in _complete("clearcrawl init --")
