"""Commands that tests fork behave as those that they start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.starting import Forked, start

if TYPE_CHECKING:
    from pathlib import Path

PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
PROBE = "import os, sys\nprint(os.getcwd(), sys.argv[1:], os.environ.get('GIVEN'), sys.stdin.read())\n"


def _both(*command: str, **options: object) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    words = [sys.executable, "-m", *command]
    options = {"env": {**os.environ, "GIVEN": "given"}, **PIPES, **options}
    return start(words, **options), subprocess.Popen(words, text=True, **options)  # noqa: S603 - our own words


@pytest.mark.parametrize(
    "command", [["crawler", "--version"], ["crawler", "nothing"], ["scrapy", "version"], ["scrapy", "crawl", "nobody"]]
)
def test_same_answer(command: list[str], tmp_path: Path) -> None:
    """Output, errors and exit status, of success and of misuse."""
    forked, plain = _both(*command, cwd=tmp_path)
    assert isinstance(forked, Forked)
    assert (*forked.communicate(timeout=120), forked.returncode) == (*plain.communicate(timeout=120), plain.returncode)
    assert forked.poll() == forked.wait() == plain.returncode


def test_streams_folder_environment_and_path(tmp_path: Path) -> None:
    """A module of the folder is found, gets its input, and sees arguments, folder and environment."""
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = mine\n")
    (tmp_path / "mine.py").write_text(PROBE)
    forked, plain = _both("scrapy", "version", cwd=tmp_path)
    answers = [process.communicate("input\n", timeout=120) for process in (forked, plain)]
    assert answers[0] == answers[1]
    assert answers[0][0].startswith(f"{tmp_path} ['version'] given input\n")


def test_signals() -> None:
    """A process that waits for its input is there until it is killed; its number is that of the process."""
    (forked,) = (start([sys.executable, "-m", "scrapy", "shell"], env=os.environ, **PIPES),)
    assert forked.poll() is None
    os.kill(forked.pid, 0)
    forked.send_signal(signal.SIGKILL)
    assert forked.wait(timeout=60) == -signal.SIGKILL
    forked.communicate()
    with pytest.raises(ProcessLookupError):
        os.kill(forked.pid, 0)


def test_what_the_interpreter_reads_itself(tmp_path: Path) -> None:
    """Another locale, flags of the interpreter and site customisation need a new one; so does any other program."""
    (tmp_path / "sitecustomize.py").write_text("")
    words = [sys.executable, "-m", "crawler", "--version"]
    for command, more in (
        (words, {"PYTHONUTF8": "1"}),
        (words, {"LANG": "xx"}),
        (words, {"PYTHONPATH": str(tmp_path)}),
        ([sys.executable, "-c", "print(1)"], {}),
    ):
        process = start(command, env={**os.environ, **more}, **PIPES)
        assert not isinstance(process, Forked)
        process.communicate(timeout=120)
        assert process.returncode == 0
