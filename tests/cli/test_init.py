"""``clearcrawl init``: a working copy that reads, keeps edits, and leaves other people's folders alone."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from crawler import __version__
from crawler.cli import init
from crawler.cli.main import main
from crawler.errors import UsageError
from crawler.policy.reading import CRAWL_POLICY, read_policy
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

IDENTITY = ("--operator", 'Example "GmbH" \\ Söhne', "--contact", "https://example.org/bot", "--token", "ExampleBot")


def _init(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["init", str(folder), *options])


def _identity(folder: Path) -> dict[str, str]:
    document = tomllib.loads((folder / "policies" / "crawl-policy.toml").read_text(encoding="utf-8"))
    found: dict[str, str] = document["identity"]
    return {key: found[key] for key in init.QUESTIONS}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_working_copy_is_complete(tmp_path: Path) -> None:
    """Policies and lists as shipped, Scrapy's files beside them, the identity filled in."""
    folder = tmp_path / "new" / "work"
    result = _init(folder, *IDENTITY)
    assert result.exit_code == 0
    assert _identity(folder) == {
        "operator": 'Example "GmbH" \\ Söhne',
        "contact": "https://example.org/bot",
        "product_token": "ExampleBot",
    }
    files = _files(folder)
    assert {"scrapy.cfg", "project.py", "spiders/__init__.py", "spiders/example.py"} <= files.keys()
    for name in ("policies", "blocklists"):
        for path in (ROOT / name).rglob("*"):
            relative = path.relative_to(ROOT)
            if path.is_file() and relative != init.POLICY:
                assert files[relative.as_posix()] == path.read_bytes()
    assert not [name for name in files if name.startswith(".")]


def test_only_the_identity_lines_differ_from_what_was_shipped(tmp_path: Path) -> None:
    """Comments, order and every other key stay as shipped."""
    _init(tmp_path / "work", *IDENTITY)
    before = (ROOT / init.POLICY).read_text(encoding="utf-8").split("\n")
    after = (tmp_path / "work" / init.POLICY).read_text(encoding="utf-8").split("\n")
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.partition("=")[0].strip() for line in changed] == list(init.QUESTIONS)


def test_missing_answers_are_named_where_nobody_can_be_asked(tmp_path: Path) -> None:
    """Without a terminal nothing is asked; the message says which keys to fill in."""
    result = _init(tmp_path / "work", "--operator", "Example")
    assert result.exit_code == 0
    assert "fill in [identity] contact, product_token" in result.stderr


def test_again_keeps_every_edit(tmp_path: Path) -> None:
    """In a working copy only the identity is set; comments, other values and other files stay."""
    folder = tmp_path / "work"
    _init(folder, *IDENTITY)
    policy = folder / init.POLICY
    policy.write_bytes(policy.read_bytes() + b"# our own remark\r\n")
    (folder / "spiders" / "mine.py").write_text("x = 1\n", encoding="utf-8")
    before = _files(folder)
    result = _init(folder, "--token", "OtherBot")
    assert result.exit_code == 0
    after = _files(folder)
    name = init.POLICY.as_posix()
    assert after[name] == before[name].replace(b'"ExampleBot"', b'"OtherBot"')
    assert {key: value for key, value in after.items() if key != name} == {
        key: value for key, value in before.items() if key != name
    }


def test_foreign_folder_is_refused_and_untouched(tmp_path: Path) -> None:
    """A folder that holds anything visible and is no working copy: exit 2, nothing written."""
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    result = _init(tmp_path, *IDENTITY)
    assert result.exit_code == 2
    assert "thesis.tex" in result.stderr
    assert list(_files(tmp_path)) == ["thesis.tex"]


def test_new_repository_is_no_foreign_folder(tmp_path: Path) -> None:
    """Hidden entries, such as those of git, do not count."""
    (tmp_path / ".git").mkdir()
    assert _init(tmp_path, *IDENTITY).exit_code == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--operator", " "),
        ("--operator", "two\nlines"),
        ("--contact", "bot@example.org"),
        ("--contact", "javascript:alert(1)"),
        ("--contact", "https://example.org/ x"),
        ("--token", "Example Bot"),
        ("--token", "Bot/1.0"),
        ("--token", ""),
    ],
)
def test_wrong_answers_are_refused_before_anything_is_written(tmp_path: Path, option: str, value: str) -> None:
    """Exit 2, the option named, no folder made."""
    result = _init(tmp_path / "work", option, value)
    assert result.exit_code == 2
    assert option in result.stderr
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (b"[identity\n", "no TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[identity]\noperator = 3\n", "operator"),
        (b"[politeness]\n", "operator"),
    ],
)
def test_broken_policy_is_named_and_untouched(tmp_path: Path, policy: bytes, problem: str) -> None:
    """A policy that cannot be edited line by line stays as it is: exit 2 with file and problem."""
    path = tmp_path / init.POLICY
    path.parent.mkdir()
    path.write_bytes(policy)
    result = _init(tmp_path, *IDENTITY)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert "crawl-policy.toml" in result.stderr
    assert path.read_bytes() == policy


def test_unwritable_place_is_one_message(tmp_path: Path) -> None:
    """A parent that is a file: exit 2, no traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = _init(tmp_path / "file" / "work", *IDENTITY)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Where writing fails midway, the folder stays empty: exit 2."""
    code = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
        "from crawler.cli.main import main\nmain(['init', sys.argv[1], '--operator', 'Example'])"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-B", "-c", code, str(tmp_path / "work")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert list((tmp_path / "work").iterdir()) == []


def test_person_is_asked_only_for_what_is_missing(tmp_path: Path) -> None:
    """On a terminal: two questions, one of them again after a wrong answer."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "crawler", "init", str(tmp_path / "work"), "--operator", "Example"],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    for answer in (b"bot@example.org\n", b"mailto:bot@example.org\n", b"ExampleBot\n"):
        asked = seen.count(b"]: ") + seen.count(b"): ")
        while seen.count(b"]: ") + seen.count(b"): ") == asked:
            assert select.select([ours], [], [], 120)[0]
            seen += os.read(ours, 4096)
        os.write(ours, answer)
    assert process.wait(timeout=120) == 0
    os.close(ours)
    assert b"Who operates" not in seen
    assert _identity(tmp_path / "work") == {
        "operator": "Example",
        "contact": "mailto:bot@example.org",
        "product_token": "ExampleBot",
    }


def test_scrapy_finds_the_example_spider(tmp_path: Path) -> None:
    """In the working copy ``scrapy list`` names it."""
    folder = tmp_path / "work"
    _init(folder, *IDENTITY)
    run = subprocess.run(
        [sys.executable, "-m", "scrapy", "list"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "example\nsitemap\nurls\nweb\n")


@given(value=st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(lambda v: v.strip()))
def test_any_operator_survives_the_file(value: str) -> None:
    """What is written into the TOML line is what the TOML reader reads, whatever the name holds."""
    text = '# before\n[identity]\noperator = "" # who\nproduct_token = "x"\n'
    written = init._set(text, "operator", value, "p.toml")
    assert tomllib.loads(written)["identity"] == {"operator": value, "product_token": "x"}
    assert [line for line in written.split("\n") if not line.startswith("operator")] == [
        "# before",
        "[identity]",
        'product_token = "x"',
        "",
    ]
    assert init._set(written, "operator", "y", "p.toml") == text.replace('""', '"y"')


ANSWERS = {
    "operator": st.text(),
    "contact": st.from_regex(r"\A(https?://|mailto:)[ -~]*\Z"),
    "product_token": st.from_regex(r"\A[A-Za-z_-]{1,66}\Z"),
}


@given(st.data())
def test_accepted_answers_pass_the_policy_reader(data: st.DataObject) -> None:
    """An answer is refused with ``UsageError``, or it makes a policy that reads and says the same."""
    shipped = (ROOT / init.POLICY).read_text(encoding="utf-8")
    for key, answers in ANSWERS.items():
        value = data.draw(answers, label=key)
        try:
            init._check(key, value)
        except UsageError:
            continue
        text = init._set(shipped, key, value, "p.toml")
        policy = read_policy({CRAWL_POLICY: text.encode()}, tool_version=__version__)
        assert getattr(policy.identity, key) == (value.strip() if key == "operator" else value)
