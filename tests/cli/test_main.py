"""The frame of the command line: quick, one message instead of a traceback, the documented exit status."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from crawler import __version__
from crawler.cli import common
from crawler.cli.lazy import Entry, LazyGroup
from crawler.cli.main import COMMANDS, CommandLine, main
from crawler.errors import DamagedStateError, DocumentError, ExitCode, FolderInUseError, Mistake, UsageError
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def _frame(outcome: object) -> CommandLine:
    """A command line with one command ``go`` that answers or raises ``outcome``."""

    @click.group(cls=CommandLine, entries={})
    def group() -> None:
        """Frame under test."""

    @click.command("go")
    def go() -> object:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    group.get_command = lambda _ctx, name: go if name == "go" else None  # type: ignore[method-assign]
    assert isinstance(group, CommandLine)
    return group


def _run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "crawler", *args],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (None, 0),
        (ExitCode.FINDINGS, 1),
        (UsageError("no such seed"), 2),
        (DocumentError([Mistake(file="p.toml", key="a.b", line=3, problem="is wrong")]), 2),
        (click.UsageError("no such option"), 2),
        (click.BadParameter("not a number"), 2),
        (click.FileError("seeds.txt", "no such file"), 2),
        (ExitCode.INCOMPLETE, 3),
        (click.Abort(), 3),
        (KeyboardInterrupt(), 3),
        (FolderInUseError("out: in use"), 4),
        (DamagedStateError("out/state.db: cut"), 5),
        (OSError(errno.ENOSPC, "no space left"), 5),
        (RuntimeError("unforeseen"), 5),
    ],
    ids=str,
)
def test_outcome_becomes_the_documented_exit_status(outcome: object, code: int) -> None:
    """Whatever a command answers or raises ends as one of six exit statuses, without a traceback."""
    result = CliRunner().invoke(_frame(outcome), ["go"])
    assert result.exit_code == code
    assert "Traceback" not in result.output


def test_all_mistakes_of_a_document_are_printed() -> None:
    """A policy with two mistakes shows both, each with file, line and key."""
    mistakes = [
        Mistake(file="p.toml", key="a", line=1, problem="x"),
        Mistake(file="p.toml", key="b", line=None, problem="y"),
    ]
    result = CliRunner().invoke(_frame(DocumentError(mistakes)), ["go"])
    assert result.stderr == "Error: p.toml:1: a: x\n       p.toml: b: y\n"


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLEARCRAWL_DEBUG=1 adds the traceback to the message."""
    monkeypatch.setenv("CLEARCRAWL_DEBUG", "1")
    result = CliRunner().invoke(_frame(UsageError("no such seed")), ["go"])
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("Error: no such seed\n")


def test_remote_text_in_a_message_cannot_steer_the_terminal() -> None:
    """Escape sequences, carriage returns and bidi controls are shown, not obeyed."""
    result = CliRunner().invoke(_frame(UsageError("bad \x1b[2J\u202e\x9b name")), ["go"])
    assert not {"\x1b", "\u202e", "\x9b"} & set(result.stderr)


def test_message_has_colour_only_where_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR wins over a terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert common.colour() is None
    monkeypatch.setenv("NO_COLOR", "1")
    assert common.colour() is False
    result = CliRunner().invoke(_frame(UsageError("x")), ["go"], color=True)
    assert "\x1b" not in result.stderr


def test_json_is_one_document_that_names_its_format(capsys: pytest.CaptureFixture[str]) -> None:
    """What scripts read begins with format and version, and holds no raw control characters."""
    common.print_json("check", {"url": "https://example.org/\x1b\u202e"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "format": "clearcrawl-check/1",
        "tool": f"clearcrawl {__version__}",
        "url": "https://example.org/\x1b\u202e",
    }
    assert printed.isascii()
    assert "\x1b" not in printed


def test_version_and_help_import_no_command() -> None:
    """Neither Scrapy nor pyarrow nor any command is imported for ``--version`` and ``--help``."""
    check = (
        "import sys\nfrom crawler.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'scrapy', 'twisted', 'pyarrow', 'crawler.cli.crawl', 'crawler.storage'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    for option in ("--version", "--help"):
        run = subprocess.run(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", check, option], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (run.returncode, run.stderr) == (0, "")


def test_version() -> None:
    """``python -m crawler --version`` prints name and version on stdout."""
    run = _run("--version")
    assert (run.returncode, run.stdout, run.stderr) == (0, f"clearcrawl {__version__}\n", "")


def test_a_name_that_was_nearly_right() -> None:
    """The likely command is named, in groups as well; nothing is run."""
    for words, meant in ((["craw", "https://a.test/"], "crawl"), (["audit", "verfy"], "verify")):
        found = _run(*words)
        assert found.returncode == 2
        assert f"Did you mean {meant!r}?" in found.stderr


def test_unknown_command_and_option_are_misuse() -> None:
    """Exit 2 and one message on stderr, nothing on stdout."""
    for args in (["nonsense"], ["--nonsense"], ["audit", "nonsense"], ["completion", "tcsh"]):
        run = _run(*args)
        assert run.returncode == 2
        assert run.stdout == ""
        assert run.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_helps(name: str) -> None:
    """Each line of the table leads to a click command of that name with a help text."""
    context = click.Context(main, info_name="clearcrawl")
    command = main.get_command(context, name)
    assert command is not None
    assert command.name == name
    assert command.help
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0


def test_every_audit_command_loads() -> None:
    """The group ``audit`` finds each of its commands."""
    audit = main.get_command(click.Context(main), "audit")
    assert isinstance(audit, LazyGroup)
    for name in audit.entries:
        command = audit.get_command(click.Context(audit), name)
        assert command is not None
        assert command.name == name


def test_unknown_name_is_no_command() -> None:
    """A name that the table lacks is answered without an import."""
    group = LazyGroup(entries={"x": Entry(module="crawler.no_such_module", summary="-")})
    assert group.get_command(click.Context(group), "y") is None
    assert group.list_commands(click.Context(group)) == ["x"]


def test_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """``clearcrawl --help | head`` prints no traceback."""
    log = tmp_path / "err"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "crawler", "completion", "zsh"], cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr
        )
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=120)
    assert b"Traceback" not in log.read_bytes()
