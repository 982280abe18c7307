"""``clearcrawl blocklist``: what a person of legal types, and what comes back; sources on loopback or in files."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from crawler.blocklists.catalog import read_whole
from crawler.cli import blocklist_sources
from crawler.cli.blocklist_sources import HOPS, Sources
from crawler.cli.main import main
from crawler.provenance.removals import read_removals
from tests.servers.certificates import server_context
from tests.servers.replies import Reply, html, redirect
from tests.servers.web import ScriptedWeb
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.demo_run import DemoRun
    from tests.servers.replies import Request

NAMES = [f"n{number}.example" for number in range(20)]
POLICY = """version = "test"
[identity]
operator = "Lab"
contact = "mailto:lab@lab.test"
product_token = "LabBot"
[limits]
total_timeout = 5.0
[network]
test_hosts = {"*.test" = "127.0.0.1"}
"""
ORIGIN = (
    "--title", "T", "--issuer", "I", "--country", "DE", "--legal-basis", "B", "--licence", "L",
)  # fmt: skip


def text(*names: str) -> bytes:
    """A plain list."""
    return "".join(f"{name}\n" for name in names).encode()


class Desk:
    """Policies, lists and a source file of one person."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lists = folder / "blocklists"
        shutil.copytree(ROOT / "blocklists", self.lists)
        (folder / "policies").mkdir()
        (folder / "policies" / "crawl-policy.toml").write_text(POLICY)
        self.source = folder / "names.txt"
        self.source.write_bytes(text(*NAMES))

    def run(self, command: str, *arguments: str, with_policies: bool = False) -> Result:
        """Run one command of the group on this folder."""
        more = ["--blocklists", str(self.lists)]
        if with_policies:
            more += ["--policies", str(self.folder / "policies")]
        return CliRunner().invoke(main, ["blocklist", command, *arguments, *more])

    def json(self, command: str, *arguments: str, **more: bool) -> dict[str, Any]:
        """What ``--json`` prints."""
        found: dict[str, Any] = json.loads(self.run(command, *arguments, "--json", **more).stdout)
        return found

    def add(self, source: str | None = None, list_id: str = "a", kind: str = "authority", *more: str) -> Result:
        """Add a list."""
        values = (source or str(self.source), "--id", list_id, "--kind", kind, *ORIGIN, *more)
        return self.run("add", *values, with_policies=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A working copy as ``init`` makes it."""
    return Desk(tmp_path)


@pytest.fixture
def web() -> Iterator[ScriptedWeb]:
    """Plain HTTP, which test hosts alone may speak."""
    with ScriptedWeb() as running:
        yield running


def test_add_check_list_lint(desk: Desk) -> None:
    """A list is added, asked about in any spelling, shown with what it rests on, and found in order."""
    before = desk.json("list")["measure_1_2"]
    assert before["met"] is False
    assert "USTR" in before["sentence"]
    added = desk.add()
    assert (added.exit_code, added.stdout.splitlines()[0]) == (0, "a: new, 20 entries")
    asked = desk.json("check", "WWW.N3.example.", "fine.example", "https://n4.example:8443/x?y", "192.0.2.1")["names"]
    assert [(each["listed"], each["list"], each["entry"], each["line"]) for each in asked] == [
        (True, "a", "n3.example", 4),
        (False, None, None, None),
        (True, "a", "n4.example", 5),
        (False, None, None, None),
    ]
    assert asked[0]["version"].startswith("sha256:")
    assert desk.run("check", "n3.example").exit_code == 1
    assert desk.run("check", "fine.example").exit_code == 0
    shown = desk.json("list")
    assert shown["measure_1_2"]["met"] is True
    (mine,) = [each for each in shown["lists"] if each["id"] == "a"]
    assert (mine["entries"], mine["age_days"], mine["counts_for_measure_1_2"]) == (20, 0, True)
    assert "known, not fetched" in desk.run("list").stdout
    assert desk.json("lint", with_policies=True)["errors"] == 0
    assert desk.run("lint", with_policies=True).exit_code == 0


def test_a_table_with_columns_of_its_own(desk: Desk) -> None:
    """``--column`` says what the columns hold; the reference of an entry is part of the answer, a port is none."""
    desk.source.write_text("Seite;Az\nbad.test;1 O 2/26\n2001:db8::/32;1 O 3/26\n")
    columns = ("--column", "entry=Seite", "--column", "reference=Az", "--column", "delimiter=;")
    assert desk.add(None, "a", "court", "--format", "csv", *columns).exit_code == 0
    asked = desk.json("check", "www.bad.test:8080", "2001:db8::1", "[2001:db8::2]", "[2001:db8::3]:80")["names"]
    assert [each["reference"] for each in asked] == ["1 O 2/26", "1 O 3/26", "1 O 3/26", "1 O 3/26"]
    assert "line 2: bad.test (1 O 2/26)" in desk.run("check", "bad.test").stdout


def test_what_is_wrong_goes_by_the_name_of_its_option(desk: Desk) -> None:
    """Nothing names a line of the catalog that nobody has written; a pipe is not waited for."""
    said = desk.run("add", str(desk.source), "--id", "NO", "--kind", "court", *ORIGIN, "--valid-from", "2026-02-01",
                    "--valid-to", "2026-01-01", with_policies=True)  # fmt: skip
    assert (said.exit_code, said.stdout) == (2, "")
    assert "--id: is" in said.stderr
    assert "--valid-to: lies before" in said.stderr
    assert "catalog.toml" not in said.stderr
    columns = ("--format", "csv", "--column", "entri=x")
    assert "--column entri" in desk.add(None, "a", "court", *columns).stderr
    page = desk.add("https://example.org/", "NO", "court", "--page")
    assert (page.exit_code, "--id: is" in page.stderr) == (2, True)
    os.mkfifo(desk.folder / "pipe")
    pipe = desk.add(str(desk.folder / "pipe"))
    assert (pipe.exit_code, "is a pipe" in pipe.stderr) == (2, True)


def test_shipped_catalog(desk: Desk) -> None:
    """The lists that users name are known, none is copied, and only courts and authorities of the EEA count."""
    catalog = read_whole((desk.lists / "catalog.toml").read_bytes())
    assert [each.id for each in catalog.lists] == ["demonstration"]
    assert {each.id for each in catalog.known} == {"ut1-warez", "blp-piracy", "hagezi-anti-piracy"}
    meets = {each.id: each.meets_measure for each in (*catalog.known, *catalog.pages)}
    assert {name for name, does in meets.items() if does} == {"agcom", "arcom"}
    assert meets["ustr-notorious-markets"] is meets["eu-watch-list"] is False
    assert all(each.source.startswith("https://") for each in (*catalog.known, *catalog.pages))


def test_update_from_a_file(desk: Desk) -> None:
    """Unchanged, moderate and doubtful versions; the second step takes the bytes that were shown."""
    desk.add()
    assert desk.json("update", "a")["lists"][0]["outcome"] == "unchanged"
    desk.source.write_bytes(text(*NAMES[1:]))
    assert desk.json("update")["lists"][0]["removed"] == 1
    desk.source.write_bytes(text("n1.example", "org"))
    refused = desk.run("update", "a")
    assert refused.exit_code == 1
    assert "line 2: org is a public suffix" in refused.stdout
    assert "lost 18 of 19 entries" in refused.stdout
    (answer,) = desk.json("update", "a")["lists"]
    assert [each["code"] for each in answer["doubts"]] == ["bare_label", "lost"]
    assert answer["can_be_accepted"] is True
    assert desk.run("check", "n9.example").exit_code == 1
    digest = answer["digest"]
    taken = desk.run("update", "a", "--accept", digest, "--accepted-by", "A. Person", "--reason", "court said so")
    assert taken.exit_code == 0
    assert desk.json("check", "any.org")["names"][0]["entry"] == "org"
    desk.source.unlink()
    gone = desk.run("update", "a")
    assert (gone.exit_code, "cannot be read" in " ".join(gone.stdout.split())) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["update", "nobody"], "nobody: no [[list]]"),
        (["update", "agcom", "nobody"], "agcom: is a page for people"),
        (["update", "demonstration", "--accept", "x", "--accepted-by", "A", "--reason", "r"], "is no digest"),
        (["update", "demonstration", "--accept", "ab" * 32], "--accepted-by and --reason"),
        (["update", "demonstration", "--accepted-by", "A"], "goes with --accept"),
        (["update", "demonstration", "--reason", "A"], "goes with --accept"),
        (["update", "--accept", "ab" * 32, "--accepted-by", "A", "--reason", "r"], "for one list"),
        (["update", "x", "--accept", "ab" * 32, "--accepted-by", "A\nB", "--reason", "r"], "one line"),
        (["check", "a b", "http://[x", "n.example"], "'http://[x'"),
        (["check"], "NAME"),
        (["restore", "sha256:00"], "no snapshot"),
        (["diff", "nobody"], "no list in force"),
        (["diff", "demonstration"], "no other version"),
        (["diff", "demonstration", "--from", "ab" * 32], "no version"),
        (["diff"], "no other snapshot"),
        (["diff", "--purge-list", "x"], "--crawl"),
        (["review", "nobody"], "no [[page]]"),
        (["review", "agcom", "--apply"], "no such review"),
        (["review", "agcom", "--accepted-by", "A"], "go with --apply"),
        (["add", "x", "--id", "y"], "--title"),
        (["add", "nowhere.txt", "--id", "y", "--kind", "court", *ORIGIN], "No such file"),
        (["add", "x", "--id", "y", "--kind", "court", *ORIGIN, "--column", "entry=a"], "--format csv or json"),
        (["add", "x", "--id", "y", "--kind", "court", *ORIGIN, "--format", "csv", "--column", "entry"], "KEY=NAME"),
        (["add", "x", "--id", "a b", "--kind", "court", *ORIGIN], "--id: is"),
        (["add", "x", "--id", "agcom", "--kind", "court", *ORIGIN, "--page"], "stands twice"),
        (["add", "x", "--id", "p", "--kind", "court", *ORIGIN, "--page", "--format", "csv"], "at its review"),
        (["add", "x", "--id", "p", "--kind", "court", *ORIGIN, "--format", "word"], "format"),
        (["add", "x", "--id", "p", "--kind", "court", *ORIGIN, "--reason", "word"], "goes with --accept"),
        (["add", "x", "--id", "p", "--kind", "court", *ORIGIN, "--valid-to", "tomorrow"], "%Y-%m-%d"),
    ],
)
def test_misuse(desk: Desk, arguments: list[str], words: str) -> None:
    """Wrong arguments end with one message and exit status 2, and change nothing."""
    before = (desk.lists / "catalog.toml").read_bytes()
    result = desk.run(*arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert (desk.lists / "catalog.toml").read_bytes() == before


def test_shipped_folder_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a working copy nothing is changed; questions go to the lists that came with the program."""
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(main, ["blocklist", "update"])
    assert (refused.exit_code, "clearcrawl init" in refused.stderr) == (2, True)
    assert CliRunner().invoke(main, ["blocklist", "check", "pirate.test"]).exit_code == 1
    (tmp_path / "blocklists").mkdir()
    nothing = CliRunner().invoke(main, ["blocklist", "update"])
    assert (nothing.exit_code, "Nothing to update" in nothing.stderr) == (0, True)
    none = CliRunner().invoke(main, ["blocklist", "list", "--blocklists", "none"])
    assert none.exit_code == 2


def test_lint_says_everything(desk: Desk) -> None:
    """Errors, warnings and notes of all files at once, with file and line; findings are exit status 1."""
    desk.add()
    (desk.lists / "local.txt").write_text("fine.example\ntwo words\n")
    (desk.lists / "lists" / "stray.txt").touch()
    catalog = desk.lists / "catalog.toml"
    changed = catalog.read_text().replace("last_checked = ", "valid_to = 2020-01-01\nlast_checked = ")
    catalog.write_text(changed.replace("review_by = 2030-12-31", "review_by = 2020-12-31"))
    found = desk.json("lint", with_policies=True)["remarks"]
    told = {(each["level"], each["file"], each["line"]): each["problem"] for each in found}
    assert told["error", "local.txt", 2].startswith("has more than one word")
    warnings = " ".join(each["problem"] for each in found if each["level"] == "warning")
    assert "a: has been out of force since 2020-01-01" in warnings
    assert "demonstration: was to be reviewed by 2020-12-31" in warnings
    assert "is not in the catalog" in warnings
    shown = desk.run("lint", with_policies=True)
    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[-1].startswith("1 error, 3 warnings")
    catalog.write_text("[[list]]\nid = 1\n")
    assert desk.json("lint", with_policies=True)["errors"] > 5


def test_lint_of_a_folder(desk: Desk) -> None:
    """A category folder of UT1 is read member by member; a list without bytes, or with others, is an error."""
    desk.add()
    (desk.lists / "lists" / "ut1").mkdir()
    (desk.lists / "lists" / "ut1" / "domains").write_text("two words\n")
    catalog = desk.lists / "catalog.toml"
    entry = (
        catalog.read_text()
        .split("\n[[list]]\n")[1]
        .replace("demonstration", "ut1")
        .replace("lists/ut1.txt", "lists/ut1")
    )
    entry = entry.split("# Below")[0].replace('format = "domains"', 'format = "ut1"')
    catalog.write_text(f"{catalog.read_text()}\n[[list]]\n{entry}")
    (desk.lists / "lists" / "demonstration.txt").write_text("other.example\n")
    next(path for path in (desk.lists / "lists").iterdir() if path.name.startswith("a-")).unlink()
    errors = [each["problem"] for each in desk.json("lint", with_policies=True)["remarks"] if each["level"] == "error"]
    assert len(errors) == 4, errors
    folder = desk.add(str(desk.lists / "lists"), "b")
    assert (folder.exit_code, "is a folder" in folder.stderr) == (2, True)


def test_a_category_folder_is_one_list(desk: Desk) -> None:
    """A folder of UT1 is added, compared and updated as one list; what it blocks is found with its line."""
    category = desk.folder / "warez"
    category.mkdir()
    (category / "domains").write_bytes(text(*NAMES).rstrip(b"\n"))
    (category / "urls").write_text("shared.example/warez/\n")
    (category / "expressions").write_text("(^|[-.])warez[0-9]+\\.example\n")
    (category / "usage").write_text("black\n")
    assert desk.add(str(category), "warez", "community").exit_code == 0
    (found,) = desk.json("check", "https://shared.example/warez/x")["names"]
    assert (found["list"], found["entry"], found["line"]) == ("warez", "shared.example/warez", 21)
    (category / "domains").write_bytes(text(*NAMES, "new.example"))
    (updated,) = desk.json("update", "warez", with_policies=True)["lists"]
    assert (updated["outcome"], updated["added"], updated["removed"]) == ("updated", 1, 0)
    (changed,) = desk.json("diff", "warez")["lists"]
    assert [each["entry"] for each in changed["added"]] == ["new.example"]
    assert desk.json("lint", with_policies=True)["errors"] == 0


def test_lint_of_exceptions(desk: Desk) -> None:
    """A mistake in exceptions.toml is an error with file and line; one that has ended is work for a person."""
    desk.add()
    exceptions = desk.lists / "exceptions.toml"
    ended = """[[exception]]
entry = "n1.example"
list = "a"
reason = "r"
document = "d"
decided_by = "p"
valid_to = 2020-01-01
"""
    exceptions.write_text(ended)
    remarks = desk.json("lint", with_policies=True)["remarks"]
    (found,) = [each for each in remarks if each["file"] == "exceptions.toml"]
    assert found["level"] == "warning"
    assert "n1.example ended on 2020-01-01" in found["problem"]
    exceptions.write_text(ended.replace('"a"', '"nobody"'))
    remarks = desk.json("lint", with_policies=True)["remarks"]
    assert [(each["level"], each["line"]) for each in remarks if each["file"] == "exceptions.toml"] == [("error", 3)]


@pytest.mark.parametrize(
    ("day", "level"), [("2020-01-01", "error"), ("{week}", "warning")], ids=["too old", "growing old"]
)
def test_lint_ages(desk: Desk, day: str, level: str) -> None:
    """Ages count from the last successful check, by the keys of the policy, for lists that are to be updated."""
    desk.add()
    today = datetime.now(UTC).date()
    catalog = desk.lists / "catalog.toml"
    wanted = day.format(week=today - timedelta(days=9))
    catalog.write_text(catalog.read_text().replace(f"last_checked = {today}", f"last_checked = {wanted}"))
    assert next(each["level"] for each in desk.json("lint", with_policies=True)["remarks"]) == level
    assert desk.json("update", "a")["lists"][0]["outcome"] == "unchanged"
    assert desk.run("lint", with_policies=True).exit_code == 0


def test_from_the_network(desk: Desk, web: ScriptedWeb) -> None:
    """Fetched over redirects with our name; asked again by ETag; a good list survives every bad answer."""
    host = web.host("lists.test")

    def answer(request: Request) -> Reply:
        if request.header("If-None-Match") == '"v1"':
            return Reply(status=304)
        return Reply(headers=(("ETag", '"v1"'),), body=text(*NAMES))

    host.set("/old", redirect("/names.txt")).set("/names.txt", answer)
    assert desk.add(web.url("lists.test", "/old")).exit_code == 0
    assert desk.json("update", "a", with_policies=True)["lists"][0]["outcome"] == "unchanged"
    assert any(name == "User-Agent" and "LabBot" in value for name, value in next(iter(web.log)).headers)
    bad: list[tuple[Reply, int]] = [
        (Reply(status=500), 3),
        (Reply(status=404), 3),
        (Reply(action="close"), 3),
        (Reply(body=text(*NAMES), cut_after=50), 3),
        (redirect("/names.txt"), 3),
        (redirect("http://names.example/"), 3),
        (redirect("http://[bad"), 3),
        (Reply(headers=(("Content-Encoding", "gzip"),), body=b"no gzip"), 3),
        (html("Please log in"), 1),
        (Reply(), 1),
        (Reply(body=bytes(range(256))), 1),
    ]
    before = (desk.lists / "catalog.toml").read_bytes()
    for reply, code in bad:
        host.set("/names.txt", reply)
        result = desk.run("update", "a", with_policies=True)
        assert (result.exit_code, "stays in force" in " ".join(result.stdout.split())) == (code, True), result.output
        assert (desk.lists / "catalog.toml").read_bytes() == before
    assert desk.run("check", "n3.example").exit_code == 1


def test_too_long_a_list(desk: Desk, web: ScriptedWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an answer nor a file beyond the limit is read to its end."""
    monkeypatch.setattr(blocklist_sources, "LIST_LIMIT", 100)
    web.host("lists.test").set("/x", Reply(body=text(*NAMES)))
    answer = desk.add(web.url("lists.test", "/x"))
    assert (answer.exit_code, "body_too_large" in answer.stdout) == (3, True)
    file = desk.add(str(desk.source))
    assert (file.exit_code, "no list is that long" in file.stderr) == (2, True)


def test_https_alone(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are checked; plain HTTP and refused addresses are not asked; nobody asks without a name."""
    context, authority = server_context(tmp_path, ["lists.test"])
    with ScriptedWeb(tls=context) as web:
        web.host("lists.test").set("/x", Reply(body=text(*NAMES)))
        url = web.url("lists.test", "/x")
        untrusted = desk.add(url)
        assert (untrusted.exit_code, "tls_error" in untrusted.stdout) == (3, True)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert desk.add(url).exit_code == 0
    for source, words in (
        ("http://names.example/x", "is not HTTPS"),
        ("https://127.0.0.1/x", "address_refused"),
        ("ftp://names.example/x", "ftp"),
    ):
        result = desk.add(source, "b")
        assert (result.exit_code, words in result.stdout) == (3, True), result.stdout
    (desk.folder / "policies" / "crawl-policy.toml").write_text('version = "test"\n')
    nameless = desk.add("https://lists.test/x", "b")
    assert (nameless.exit_code, "operator" in nameless.stderr) == (2, True)


def test_redirects_end(desk: Desk, web: ScriptedWeb) -> None:
    """A circle of redirects is left after a few hops."""
    web.host("lists.test", redirect("/again"))
    got = Sources(desk.folder / "policies").retrieve(web.url("lists.test", "/x"), None)
    assert got.failure is not None
    assert "more than 5 redirects" in got.failure
    assert len(web.log) == HOPS + 1


def test_snapshot_and_restore(desk: Desk) -> None:
    """Changes by hand are kept on demand; what was in force comes back byte by byte."""
    assert "No state is kept" in desk.run("snapshot", "--list").stderr
    first = desk.json("snapshot", "--note", "as shipped")["snapshots"][0]
    before = (desk.lists / "catalog.toml").read_bytes()
    desk.add()
    assert len(desk.run("snapshot", "--list").stdout.splitlines()) == 2
    changed = desk.json("diff")["lists"]
    assert [(each["id"], each["before"], len(each["added"])) for each in changed] == [("a", None, 20)]
    assert desk.json("diff", "--from", first["digest"])["lists"] == changed
    shown = desk.run("diff")
    assert (shown.exit_code, "and 10 more" in shown.stdout) == (1, True)
    restored = desk.json("restore", first["digest"][:20])
    assert restored["in_force"] == first["digest"]
    assert (desk.lists / "catalog.toml").read_bytes() == before
    assert desk.run("check", "n3.example").exit_code == 0
    assert desk.run("diff", "--from", first["digest"]).stdout == "Nothing changed.\n"
    assert "in force" in desk.run("restore", restored["before"]).stdout


def test_diff_of_versions(desk: Desk) -> None:
    """A waiting version is compared with the one in force, an accepted one with the one before, named ones as named."""
    desk.add()
    first = desk.json("list")["lists"][1]["version"]
    desk.source.write_bytes(text(*NAMES[1:]))
    desk.run("update", "a")
    assert [each["entry"] for each in desk.json("diff", "a")["lists"][0]["removed"]] == ["n0.example"]
    assert desk.json("diff", "a", "--to", first)["lists"][0]["added"] == [{"entry": "n0.example", "line": 1}]
    desk.source.write_bytes(text("org"))
    desk.run("update", "a")
    waiting = desk.json("diff", "a")["lists"][0]
    assert ([each["entry"] for each in waiting["added"]], len(waiting["removed"])) == (["org"], 19)
    assert desk.json("diff", "a", "--from", first, "--to", waiting["after"])["lists"][0]["before"] == first


def test_diff_touches_past_crawls(desk: Desk, demo: DemoRun, tmp_path: Path) -> None:
    """Kept pages that are listed now are told host by host, and written down as what has to go."""
    kept = sorted({site["host"] for site in demo.report["sites"] for row in site["rows"] if row["verdict"] == "allow"})
    (desk.lists / "local.txt").write_text("blocked.test\n")
    first = desk.json("snapshot")["snapshots"][0]["digest"]
    (desk.lists / "local.txt").write_text("")
    desk.source.write_bytes(text(kept[0], "other.example"))
    desk.add()
    target = tmp_path / "purge.jsonl"
    found = desk.json("diff", "--from", first, "--crawl", str(demo.folder), "--purge-list", str(target))
    assert {each["host"] for each in found["covered"]} == {kept[0]}
    assert found["covered"][0]["urls"] > 0
    assert {each["host"] for each in found["released"]} == {"blocked.test"}
    (removal,) = read_removals("purge.jsonl", target.read_bytes())
    assert (removal.kind, removal.value, removal.reason) == ("domain", kept[0], "blocklist")
    assert removal.urls == found["covered"][0]["urls"]
    assert kept[0] in desk.run("diff", "--from", first, "--crawl", str(demo.folder)).stdout
    nothing = desk.run("diff", "--crawl", str(tmp_path / "none"))
    assert nothing.exit_code == 2
    lost = desk.run("diff", "--from", first, "--crawl", str(demo.folder), "--purge-list", str(tmp_path / "none" / "x"))
    assert (lost.exit_code, "cannot be written" in lost.stderr) == (5, True)


PAGE = "<h1>Orders</h1><p>1 O 12/26: page-pirate.example</p><p>1 O 13/26: page-leak[.]to</p>"


def test_review_of_a_page(desk: Desk, web: ScriptedWeb) -> None:
    """A page becomes a CSV, a person decides line by line, and what is accepted comes into force with its reference."""
    host = web.host("court.test").set("/orders", html(PAGE))
    assert desk.add(web.url("court.test", "/orders"), "p", "court", "--page").exit_code == 0
    first = desk.run("review", "p", with_policies=True)
    assert (first.exit_code, first.stdout.splitlines()[0]) == (3, "p: new, 2 lines, 2 to decide")
    waiting = desk.run("review", "p", "--apply")
    assert (waiting.exit_code, "lines 2, 3" in waiting.stderr) == (2, True)
    file = desk.lists / "reviews" / "p.csv"
    head, one, two = file.read_text().splitlines()
    accept = one.replace('""', '"accept"', 1)
    file.write_text(f"{head}\n{accept}\n{two}\n")
    assert "decided_by" in desk.run("review", "p", "--apply").stderr
    own = '"accept","name","typed.example","","1 O 12/26","","","A. Person","2026-11-23",""'
    reject = two.replace('""', '"reject"', 1).removesuffix('"","",""') + '"A. Person","",""'
    other = one.replace('""', '"reject"', 1)
    file.write_text("\n".join([head, own, reject, other.removesuffix('"","",""') + '"B","",""', ""]))
    assert desk.run("review", "p", "--apply", "--review-by", "2099-01-01").exit_code == 0
    assert desk.json("check", "www.typed.example", "page-leak.to")["names"][0]["list"] == "p"
    (record,) = [each for each in desk.json("list")["lists"] if each["id"] == "p"]
    assert (record["accepted_by"], record["review_by"], record["updates"]) == ("A. Person", "2099-01-01", False)
    unchanged = desk.json("review", "p", with_policies=True)
    assert (unchanged["is_new"], unchanged["undecided"], unchanged["rows"]) == (False, 0, 3)
    host.set("/orders", html(PAGE + "<p>new-one.example</p>"))
    changed = desk.json("review", "p", with_policies=True)
    assert (changed["is_new"], changed["undecided"], changed["rows"]) == (True, 1, 4)
    assert desk.run("update", "p").exit_code == 2
    host.set("/orders", Reply(status=500))
    assert desk.run("review", "p", with_policies=True).exit_code == 3
    assert desk.run("lint", with_policies=True).exit_code == 0


def test_review_of_a_pdf(desk: Desk) -> None:
    """A PDF is kept as it is; the person writes the lines."""
    desk.source.write_bytes(b"%PDF-1.7 ...")
    desk.add(None, "p", "watch-list", "--page")
    first = desk.run("review", "p")
    assert (first.exit_code, "A PDF" in first.stdout) == (3, True)
    assert "no name is accepted" in desk.run("review", "p", "--apply").stderr
    file = desk.lists / "reviews" / "p.csv"
    file.write_text(file.read_text() + '"accept","name","org","","","","","A","",""\n')
    doubtful = desk.run("review", "p", "--apply")
    assert (doubtful.exit_code, "clearcrawl blocklist review p --apply --accept" in doubtful.stdout) == (1, True)
    digest = desk.json("review", "p", "--apply")["lists"][0]["digest"]
    word = ("--accept", digest, "--accepted-by", "A", "--reason", "r")
    assert desk.run("review", "p", "--apply", *word).exit_code == 0
    assert "does not count" in desk.run("list").stdout
