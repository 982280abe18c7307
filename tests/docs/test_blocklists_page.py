"""The worked example of docs/blocklists.md, executed as it stands there."""

from __future__ import annotations

import doctest
import os
import re
import shlex
from typing import TYPE_CHECKING

from crawler.blocklists.registry import FORMATS
from tests.shared import ROOT
from tests.starting import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

_STEP = re.compile(r"<!-- example(?:: ([^>]*?))? -->\n```(\w+)\n(.*?)\n```", re.DOTALL)


def test_worked_example(tmp_path: Path) -> None:
    """Every file and command of the page, in order, gives the answer and the exit status that the page shows."""
    steps = _STEP.findall((ROOT / "docs" / "blocklists.md").read_text(encoding="utf-8"))
    assert len([step for step in steps if step[1] == "console"]) == 7
    _run(tmp_path, ["init", "copy"])
    copy = tmp_path / "copy"
    for note, kind, text in steps:
        if kind == "text":
            (copy / note).write_text(text + "\n", encoding="utf-8")
            continue
        command, _, wanted = text.partition("\n")
        name, *arguments = shlex.split(command.removeprefix("$ "))
        assert name == "clearcrawl"
        run = _run(copy, arguments)
        got = "\n".join(line.rstrip() for line in run.stdout.rstrip().splitlines())
        assert doctest.OutputChecker().check_output(wanted + "\n", got + "\n", doctest.ELLIPSIS), got
        assert run.returncode == int(note.removeprefix("exit ") or 0), command


def test_every_format_is_documented() -> None:
    """The page has one row for each format of lists."""
    text = (ROOT / "docs" / "blocklists.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [form.id for form in FORMATS]


def _run(folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "120", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return run(*arguments, cwd=folder, env=environment)
