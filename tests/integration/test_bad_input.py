"""Wrong input ends before anything is written: one message with file and line, status 2, no traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.lab import wait
from tests.servers.replies import html

if TYPE_CHECKING:
    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb


def refused(lab: Lab, ended: Ended, *parts: str) -> None:
    """Check the message, the status, and that nothing was begun."""
    assert ended.code == 2, ended.text
    for part in parts:
        assert part in ended.err, ended.err
    assert "Traceback" not in ended.text
    assert ended.out == ""
    assert not lab.out.exists()


@pytest.mark.parametrize("seed", ["ftp://one.test/x", "file:///etc/hosts", "javascript:1", "http://", "http://[::1/x"])
def test_a_seed_that_is_no_url(lab: Lab, seed: str) -> None:
    """An unknown scheme or a broken URL is refused before the start."""
    refused(lab, lab.crawl(seed), seed.split(":", maxsplit=1)[0])


def test_a_missing_seeds_file(lab: Lab) -> None:
    """A path that is not there is named."""
    refused(lab, lab.crawl(str(lab.folder / "nowhere.txt")), "nowhere.txt")


def test_a_seeds_file_with_broken_lines(lab: Lab) -> None:
    """All broken lines are named with file and line; comments and blank lines are none."""
    lines = ["# seeds", "http://one.test/", "", "not a url", "gopher://one.test/", "http://a..b/", "http://two.test/"]
    refused(lab, lab.crawl(lab.seeds(lines)), "seeds.txt:4", "seeds.txt:5", "seeds.txt:6", "gopher")


def test_binary_noise_as_seeds(lab: Lab) -> None:
    """A file that is no text is refused without showing its control bytes."""
    (lab.folder / "seeds.txt").write_bytes(bytes(range(256)) * 20)
    ended = lab.crawl(str(lab.folder / "seeds.txt"))
    refused(lab, ended, "seeds.txt")
    assert "\x1b" not in ended.text
    assert "\x00" not in ended.text


def test_broken_parquet_as_seeds(lab: Lab) -> None:
    """A Parquet file that is none is named."""
    (lab.folder / "seeds.parquet").write_bytes(b"PAR1 nothing PAR1")
    refused(lab, lab.crawl(str(lab.folder / "seeds.parquet")), "seeds.parquet")


def test_csv_without_urls(lab: Lab) -> None:
    """A table without a column of that name is refused."""
    (lab.folder / "seeds.csv").write_text("name,place\none,two\n")
    refused(lab, lab.crawl(str(lab.folder / "seeds.csv")), "seeds.csv", "url")


def test_no_seeds(lab: Lab) -> None:
    """Nothing to do is said with what to give, and no folder is made."""
    refused(lab, lab.crawl(), "give URLs or seed files")


def test_an_ended_crawl_without_seeds(lab: Lab, web: ScriptedWeb) -> None:
    """It is said that the crawl has ended and what can be given; the folder stays as it ended, to the octet."""
    web.host("one.test").set("/", html("<p>one</p>"))
    assert lab.crawl(web.url("one.test")).code == 0
    files = [path for path in lab.out.rglob("*") if path.is_file() and "state" not in path.relative_to(lab.out).parts]
    before = {path: path.read_bytes() for path in files}
    for options in ((), ("--workers", "2")):
        ended = lab.crawl(*options)
        assert ended.code == 2, ended.text
        for part in (str(lab.out), "ended on", "(finished)", "Give URLs or seed files", f"--previous {lab.out}"):
            assert part in ended.err, ended.err
    assert {path: path.read_bytes() for path in before} == before


def test_a_folder_with_other_files(lab: Lab) -> None:
    """A folder with somebody's files is left alone."""
    lab.out.mkdir()
    (lab.out / "thesis.txt").write_text("years of work")
    ended = lab.crawl("http://one.test/")
    assert ended.code == 2, ended.text
    assert str(lab.out) in ended.err
    assert "Traceback" not in ended.text
    assert [path.name for path in lab.out.iterdir()] == ["thesis.txt"]


def test_somebody_elses_crawl_json(lab: Lab) -> None:
    """A crawl.json that no crawl wrote is left alone."""
    lab.out.mkdir()
    (lab.out / "crawl.json").write_text('{"name": "another tool"}')
    ended = lab.crawl("http://one.test/")
    assert ended.code in {2, 5}, ended.text
    assert "crawl.json" in ended.err
    assert "Traceback" not in ended.text
    assert (lab.out / "crawl.json").read_text() == '{"name": "another tool"}'
    assert [path.name for path in lab.out.iterdir()] == ["crawl.json"]


def test_a_file_in_place_of_the_folder(lab: Lab) -> None:
    """The output is a file."""
    lab.out.write_text("a file")
    ended = lab.crawl("http://one.test/")
    assert ended.code == 2, ended.text
    assert "Traceback" not in ended.text
    assert lab.out.read_text() == "a file"


def test_a_folder_that_cannot_be_written(lab: Lab) -> None:
    """The parent of the output refuses, also to the superuser."""
    parent = lab.folder / "file"
    parent.write_text("no folder")
    ended = lab.crawl("http://one.test/", out=parent / "out")
    assert ended.code == 2, ended.text
    assert str(parent) in ended.err
    assert "Traceback" not in ended.text


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_permission(lab: Lab) -> None:
    """The parent of the output is read-only."""
    lab.folder.chmod(0o500)
    try:
        refused(lab, lab.crawl("http://one.test/"), str(lab.out))
    finally:
        lab.folder.chmod(0o700)


def test_three_mistakes_in_the_policy(lab: Lab) -> None:
    """All three are told at once with file, key and line."""
    lab.policy(politeness={"delay": -1.0}, limits={"page_bites": 5}, robots={"also_bind": "GPTBot"})
    text = (lab.policies / "crawl-policy.toml").read_text().splitlines()
    ended = lab.crawl("http://one.test/")
    keys = ("delay", "page_bites", "also_bind")
    places = [f"crawl-policy.toml:{1 + next(n for n, line in enumerate(text) if line.startswith(key))}" for key in keys]
    refused(lab, ended, *places, *keys)


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "version = \n", "\x00\x01", "[identity"])
def test_a_policy_that_is_no_toml(lab: Lab, text: str) -> None:
    """A file of another kind is refused by name."""
    (lab.policies / "crawl-policy.toml").write_text(text)
    refused(lab, lab.crawl("http://one.test/"), "crawl-policy.toml")


def test_no_policy(lab: Lab) -> None:
    """The policy is missing."""
    (lab.policies / "crawl-policy.toml").unlink()
    refused(lab, lab.crawl("http://one.test/"), "crawl-policy.toml")


def test_a_broken_blocklist(lab: Lab) -> None:
    """A list in force with a line that blocks the world is refused by name."""
    lab.block("good.test", "*")
    refused(lab, lab.crawl("http://one.test/"), "local.txt")


def test_a_list_that_was_changed(lab: Lab) -> None:
    """A list whose digest is not the one accepted is refused."""
    path = next((lab.blocklists / "lists").glob("*.txt"))
    path.write_text(path.read_text() + "more.example\n")
    refused(lab, lab.crawl("http://one.test/"), path.name)


@pytest.mark.parametrize("missing", ["operator", "contact", "product_token"])
def test_nobody_crawls_without_saying_who(lab: Lab, missing: str) -> None:
    """Without test hosts the identity is complete or nothing starts."""
    lab.policy(identity={missing: ""}, network__test_hosts=None)
    refused(lab, lab.crawl("https://example.org/"), missing)


def test_no_working_copy(lab: Lab) -> None:
    """Where nothing but the shipped policy is found, nobody is sent to a file of the program: ``init`` is named."""
    empty = lab.folder / "empty"
    empty.mkdir()
    command = [sys.executable, "-m", "crawler", "crawl", "https://example.org/", "-o", "out"]
    ended = wait(lab.spawn(command, cwd=empty))
    refused(lab, ended, "no working copy here", "clearcrawl init DIR", "--policies")
    assert "Fill them in" not in ended.err
    assert not list(empty.iterdir())


def test_no_identity_asks_nobody_else(lab: Lab, web: ScriptedWeb) -> None:
    """With test hosts and without identity, hosts of the public web are refused in their row."""
    lab.policy(identity={"operator": "", "contact": "", "product_token": ""})
    web.host("one.test").set("/", html("<a href='http://example.org/'>out</a>"))
    ended = lab.crawl(web.url("one.test"), "--scope", "any")
    assert ended.code in {0, 2}, ended.text
    assert "Traceback" not in ended.text


@pytest.mark.parametrize(
    "options",
    [["--scope", "world"], ["--max-pages", "0"], ["--max-depth", "-1"], ["--concurrency", "many"], ["--ignore-robots"]],
)
def test_wrong_options(lab: Lab, options: list[str]) -> None:
    """An unknown option or value is misuse."""
    ended = lab.crawl("http://one.test/", *options)
    assert ended.code == 2, ended.text
    assert "Traceback" not in ended.text
    assert not lab.out.exists()


def test_no_output_named(lab: Lab) -> None:
    """The folder has no default."""
    from tests.integration.lab import wait  # noqa: PLC0415 - only here

    ended = wait(lab.spawn([sys.executable, "-m", "crawler", "crawl", "http://one.test/"]))
    assert ended.code == 2, ended.text
    assert "--out" in ended.err


def test_no_network(lab: Lab) -> None:
    """Nobody listens: the crawl ends, and the row says why."""
    ended = lab.crawl("http://one.test:9/")
    assert ended.code == 0, ended.text
    assert "Traceback" not in ended.text
    assert "robots_unreachable" in ended.out
