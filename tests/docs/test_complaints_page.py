"""The worked example of docs/complaints.md, executed as it stands there, and its bundle checked with OpenSSL."""

from __future__ import annotations

import doctest
import os
import re
import shlex
from typing import TYPE_CHECKING

from tests.audit.test_proving import check
from tests.shared import ROOT
from tests.starting import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.demo_run import DemoRun

_STEP = re.compile(r"<!-- example(?:: ([^>]*?))? -->\n```(\w+)\n(.*?)\n```", re.DOTALL)


def test_worked_example(tmp_path: Path, demo: DemoRun) -> None:
    """From a mail to the receipt of a purge and a checked bundle, by commands alone."""
    steps = _STEP.findall((ROOT / "docs" / "complaints.md").read_text(encoding="utf-8"))
    assert len([step for step in steps if step[1] == "console"]) == 9
    _run(tmp_path, ["init", "copy"])
    copy = tmp_path / "copy"
    demo.copy(copy / "out")
    taken = next(row["url"] for one in demo.report["sites"] for row in one["rows"] if row["verdict"] == "allow")
    for note, kind, text in steps:
        if kind != "console":
            (copy / note).write_text(text.replace("URL_OF_A_KEPT_PAGE", taken) + "\n", encoding="utf-8")
            continue
        command, _, wanted = text.partition("\n")
        name, *arguments = shlex.split(command.removeprefix("$ "))
        assert name == "clearcrawl"
        run = _run(copy, arguments)
        got = "\n".join(line.rstrip() for line in run.stdout.rstrip().splitlines())
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(wanted + "\n", got + "\n", flags), got + run.stderr
        assert run.returncode == 0, command
        if "bundle" in arguments:
            done = check(copy / "bundle")
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.endswith("all holds\n")
    assert not list((copy / "complaints" / "personal").iterdir())


def _run(folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "120", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return run(*arguments, cwd=folder, env=environment)
