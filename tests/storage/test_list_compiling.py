"""Large lists are built once, shared, and rebuilt when they have to be; folders, dates and exceptions of a snapshot."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from crawler.errors import DocumentError, UsageError
from crawler.policy.document import Blocklists
from crawler.storage import blocklists as module
from crawler.storage import list_compiling, list_digests, list_files
from crawler.storage.blocklists import open_blocklists, open_contents, read_contents
from crawler.storage.list_compiling import COMPILED
from crawler.storage.list_files import ListFile, folder_digest
from crawler.storage.list_loading import Loading
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.host import Host
from tests.shared import ROOT, shared_path

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.blocklists import OpenedBlocklists

TODAY = date(2026, 11, 23)
EXCEPTION = """
[[exception]]
entry = "n7.test"
list = "a"
reason = "r"
document = "d"
decided_by = "p"
valid_to = 2026-12-31
"""


def _add(folder: Path, name: str, form: str, digest: str, more: str = "") -> None:
    with (folder / "catalog.toml").open("a") as file:
        file.write(
            f'[[list]]\nid = "{name}"\ntitle = "t"\nissuer = "i"\ncountry = "EU"\nlegal_basis = "b"\n'
            f'kind = "authority"\nlicence = "CC0-1.0"\nsource = "s"\nformat = "{form}"\nfile = "lists/{name}"\n'
            f'retrieved_at = 2026-11-01\nsha256 = "{digest}"\nupdates = false\n{more}\n'
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a catalog and no lists."""
    (tmp_path / "blocklists" / "lists").mkdir(parents=True)
    (tmp_path / "blocklists" / "catalog.toml").touch()
    return tmp_path / "blocklists"


def _file(folder: Path, name: str, content: bytes, form: str = "domains", more: str = "") -> None:
    (folder / "lists" / name).write_bytes(content)
    _add(folder, name, form, hashlib.sha256(content).hexdigest(), more)


def _open(folder: Path, today: date = TODAY) -> OpenedBlocklists:
    return open_blocklists(folder, today=today, ages=Blocklists(warn_age=7, refuse_age=30), suffixes=bundled_suffixes())


@pytest.fixture
def large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two lists that count as large."""
    monkeypatch.setattr(module, "COMPILED_FROM", 1)
    _file(folder, "a", b"".join(b"n%d.test\n" % number for number in range(100)) + b"http://m.test/x\nn1.test\n")
    _file(folder, "b", b"n7.test\nshared.test/u/x\n192.0.2.0/24\n", "urls")
    (folder / "local.txt").write_bytes(b"own.test\n")
    return folder


def _tables(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / COMPILED).glob("*.table"))


def test_built_once(large: Path) -> None:
    """The second time the table is opened as it is, and says the same as the lists in memory."""
    first = _open(large)
    (table,) = _tables(large)
    stamp = (large / COMPILED / table).stat().st_mtime_ns
    second = _open(large)
    assert (large / COMPILED / table).stat().st_mtime_ns == stamp
    kept = open_contents(read_contents(large), today=TODAY, suffixes=bundled_suffixes())
    for opened in (first, second):
        assert (opened.digest, opened.lists, opened.warnings) == (kept.digest, kept.lists, kept.warnings)
        for asked in (
            "n7.test",
            "www.n99.test",
            "own.test",
            "m.test",
            "http://shared.test/u/x/y",
            "192.0.2.9",
            "o.test",
        ):
            assert opened.matcher.find(asked) == kept.matcher.find(asked)
    assert [(one.id, one.entries, one.notes) for one in first.lists] == [("local", 1, 0), ("a", 101, 1), ("b", 2, 0)]
    assert (large / COMPILED / ".gitignore").read_text() == "*\n"


def test_another_snapshot_is_another_table(large: Path) -> None:
    """Changed bytes make a new table; the old ones go in time."""
    for number in range(7):
        (large / "local.txt").write_bytes(b"own%d.test\n" % number)
        assert _open(large).matcher.find(f"own{number}.test") is not None
    assert len(_tables(large)) == list_compiling._KEPT


def test_digests_are_remembered(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that lay still is not read again; one that was written again is, whatever times it claims."""
    monkeypatch.setattr(list_digests, "REMEMBERED_FROM", 1)
    monkeypatch.setattr(list_files, "_STILL_SECONDS", -1.0)
    noted = large / COMPILED / list_digests.DIGESTS
    _open(large)
    first = _open(large)
    assert set(json.loads(noted.read_bytes())) == {"catalog.toml", "local.txt", "lists/a", "lists/b"}
    noted.write_bytes(noted.read_bytes().replace(first.lists[0].digest.encode(), b"sha256:" + b"0" * 64))
    with pytest.raises(DocumentError, match="was changed while it was read"):  # the note was believed, the bytes not
        _open(large)
    times = (large / "local.txt").stat()
    (large / "local.txt").write_bytes(b"new.test\n")
    os.utime(large / "local.txt", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert _open(large).matcher.find("new.test") is not None
    noted.write_bytes(b"[")
    assert _open(large).matcher.find("new.test") is not None


def test_a_file_just_written_is_not_remembered(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its times cannot tell it from what is written in the same moment."""
    monkeypatch.setattr(list_digests, "REMEMBERED_FROM", 1)
    _open(large)
    _open(large)
    assert not (large / COMPILED / list_digests.DIGESTS).exists()


def test_a_damaged_table_is_built_again(large: Path) -> None:
    """The table is only a copy: the lists are what counts."""
    _open(large)
    (table,) = _tables(large)
    path = large / COMPILED / table
    path.write_bytes(path.read_bytes()[:-1])
    assert _open(large).matcher.find("n5.test") is not None
    path.write_bytes(b"")
    assert _open(large).matcher.find("n5.test") is not None


def test_a_folder_that_cannot_be_written(large: Path) -> None:
    """The table then lives as long as the process."""
    (large / COMPILED).write_text("in the way")
    opened = _open(large)
    listed = opened.matcher.find("x.n5.test")
    assert listed is not None
    assert listed.line == 6
    assert (large / COMPILED).is_file()


def test_mistakes_build_nothing(large: Path) -> None:
    """One wrong entry and there is no table."""
    _file(large, "c", b"co.uk\n")
    with pytest.raises(DocumentError, match="public suffix"):
        _open(large)
    assert _tables(large) == []
    assert [path.name for path in (large / COMPILED).iterdir()] == []


def test_workers_build_one_table(large: Path) -> None:
    """Processes that start together end with one table and the same answer."""
    program = (
        "import sys, datetime, pathlib\n"
        "from crawler.storage import blocklists\n"
        "from crawler.storage.suffixes import bundled_suffixes\n"
        "from crawler.policy.document import Blocklists\n"
        "blocklists.COMPILED_FROM = 1\n"
        "opened = blocklists.open_blocklists(pathlib.Path(sys.argv[1]), today=datetime.date(2026, 11, 23),\n"
        "    ages=Blocklists(warn_age=7, refuse_age=30), suffixes=bundled_suffixes())\n"
        "print(opened.matcher.find('n42.test').line)\n"
    )
    runs = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", program, str(large)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(3)
    ]
    assert [run.communicate()[0] for run in runs] == ["43\n"] * 3
    assert len(_tables(large)) == 1


@pytest.mark.parametrize("threshold", [1, 1 << 40], ids=["in a file", "in memory"])
def test_exceptions(large: Path, threshold: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception opens one list alone, is part of the digest, and ends on its day with a warning."""
    monkeypatch.setattr(module, "COMPILED_FROM", threshold)
    before = _open(large).digest
    (large / "exceptions.toml").write_text(EXCEPTION)
    opened = _open(large)
    listed = opened.matcher.find("n7.test")
    assert listed is not None
    assert (listed.list_id, opened.digest != before, len(opened.exceptions)) == ("b", True, 1)
    (large / "exceptions.toml").write_text(EXCEPTION + EXCEPTION.replace('"a"', '"b"'))
    assert _open(large).matcher.find("n7.test") is None
    later = _open(large, date(2027, 1, 1))
    assert later.matcher.find("n7.test") is not None
    assert later.exceptions == ()
    assert "exceptions.toml: n7.test of the list a ended on 2026-12-31; it is blocked again" in later.warnings
    (large / "exceptions.toml").write_text(EXCEPTION.replace('"a"', '"z"'))
    with pytest.raises(DocumentError, match=r"exceptions\.toml:4: exception\[1\]\.list"):
        _open(large)


@pytest.mark.parametrize("threshold", [1, 1 << 40], ids=["in a file", "in memory"])
def test_dates_and_references_of_entries(folder: Path, threshold: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry counts on its own days, and its reference is in the answer."""
    monkeypatch.setattr(module, "COMPILED_FROM", threshold)
    content = b"site;until;case\nold.test;2026-11-22;1\nnew.test;2026-11-23;2\nany.test;;\n"
    _file(folder, "a", content, "csv", '[list.columns]\nentry = "site"\nvalid_to = "until"\nreference = "case"')
    opened = _open(folder)
    assert opened.matcher.find("old.test") is None
    listed = opened.matcher.find("www.new.test")
    assert listed is not None
    assert (listed.line, listed.reference) == (3, "2")
    assert opened.warnings == ("a: 1 entries are not in force on 2026-11-23, not loaded",)
    assert _open(folder, date(2026, 11, 24)).matcher.find("new.test") is None


def _ut1(folder: Path, members: dict[str, bytes]) -> str:
    (folder / "lists" / "warez").mkdir()
    for name, content in members.items():
        (folder / "lists" / "warez" / name).write_bytes(content)
    return folder_digest(ListFile.of_bytes(f"lists/warez/{name}", content) for name, content in members.items())


def test_ut1_folder(folder: Path) -> None:
    """A folder is read member by member; its digest is what two runs of sha256sum say."""
    members = {"domains": b"bad.test\n", "urls": b"x.test/y\n", "expressions": b"(warez)\n", "usage": b"black\n"}
    digest = _ut1(folder, members)
    _add(folder, "warez", "ut1", digest.removeprefix("sha256:"))
    lines = "".join(f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in sorted(members))
    assert digest == f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
    opened = _open(folder)
    assert [(one.id, one.entries, one.notes, one.digest) for one in opened.lists] == [("warez", 2, 1, digest)]
    assert opened.warnings == ()
    listed = opened.matcher.find("http://x.test/y/z")
    assert listed is not None
    member = next(file for file in opened.files if file.digest == listed.list_digest)
    assert (listed.list_id, member.name, member.content) == ("warez", "lists/warez/urls", b"x.test/y\n")
    again = open_contents(read_contents(folder), today=TODAY, suffixes=bundled_suffixes())
    assert (again.digest, again.matcher.find("bad.test")) == (opened.digest, opened.matcher.find("bad.test"))
    (folder / "lists" / "warez" / "urls").unlink()
    with pytest.raises(DocumentError, match="but the catalog accepted"):
        _open(folder)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"domains": b"", "usage": b"black\n"}, "has no entries"),
        ({"domains": b"com\n"}, "lists/warez/domains:1: com is a bare label"),
        ({}, "no such file"),
    ],
)
def test_ut1_folders_that_are_none(folder: Path, members: dict[str, bytes], problem: str) -> None:
    """A folder without entries, with wrong ones, or without files is named with its file."""
    digest = _ut1(folder, members)
    _add(folder, "warez", "ut1", digest.removeprefix("sha256:"))
    with pytest.raises(DocumentError) as failure:
        _open(folder)
    assert problem in str(failure.value)
    assert len(failure.value.mistakes) == 1


def test_ut1_as_one_file(folder: Path) -> None:
    """A file alone is read as names and paths."""
    _file(folder, "warez", b"bad.test\nx.test/y\n", "ut1")
    assert _open(folder).matcher.find("http://x.test/y") is not None


def test_files_that_change_meanwhile(folder: Path) -> None:
    """Bytes that are no longer those of the digest are never taken for them."""
    _file(folder, "a", b"bad.test\n")
    opened = _open(folder)
    (folder / "lists" / "a").write_bytes(b"good.test\n")
    with pytest.raises(UsageError, match="was changed while it was read"):
        _ = opened.files[-1].content
    files = {file.name: file for file in opened.files}
    loading = Loading(files, (), bundled_suffixes(), today=TODAY)
    (record,) = [one.record for one in opened.lists if one.record is not None]
    loading.take(record)
    assert [mistake.problem for mistake in loading.mistakes] == ["was changed while it was read; start again"]
    (folder / "lists" / "a").unlink()
    for read in (lambda: opened.files[-1].content, opened.files[-1].open):
        with pytest.raises(UsageError, match="cannot be read"):
            read()


def test_hosts_beside_a_naive_oracle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real hosts and a real list: listed is what an independent reading covers, and nothing else, in each table."""
    with pa.input_stream(
        str(shared_path("data/blocklists/hagezi-anti.piracy.adblock.txt.zst")), compression="zstd"
    ) as stream:
        content = stream.read()
    with pa.input_stream(str(shared_path("data/hosts/hosts.tsv.zst")), compression="zstd") as stream:
        rows = stream.read().decode().splitlines()[1:]
    hosts = [row.split("\t")[0].lower() for row in rows]
    hosts = [host for host in hosts if ":" not in host and not host[-1].isdigit()]
    assert len(hosts) > 170_000
    wanted = {line[2:-1] for line in content.decode().splitlines() if line.startswith("||")}
    assert len(wanted) == 38_059
    monkeypatch.setattr(module, "COMPILED_FROM", 1)
    _file(folder, "hagezi", content, "adblock")
    mapped = _open(folder)
    memory = open_contents(read_contents(folder), today=TODAY, suffixes=bundled_suffixes())
    assert [one.entries for one in mapped.lists] == [one.entries for one in memory.lists] == [38_059]
    covered = 0
    for host in hosts:
        labels = host.split(".")
        parents = (".".join(labels[start:]) for start in range(len(labels)))
        expected = next((parent for parent in parents if parent in wanted), None)
        found, other = mapped.matcher.about_host(Host(host)), memory.matcher.about_host(Host(host))
        assert found == other
        assert (found and found.entry) == expected
        covered += expected is not None
    assert covered > 0


def test_real_lists_load_together(folder: Path) -> None:
    """All lists at hand in one folder, each with as many entries as it has lines that are rules."""
    source = shared_path("data/blocklists")
    for file, form in (
        ("blp-piracy.domains.txt", "domains"),
        ("blp-piracy.hosts.txt", "hosts"),
        ("blp-piracy.adguard.txt", "adblock"),
        ("blp-piracy.dnsmasq.conf", "dnsmasq"),
    ):
        _file(
            folder,
            file.removesuffix(".txt").removesuffix(".conf").replace(".", "-"),
            (source / file).read_bytes(),
            form,
        )
    shutil.copytree(source / "ut1-warez", folder / "lists" / "warez")
    os.chmod(folder / "lists" / "warez", 0o755)  # noqa: PTH101, S103 - the copy of a folder that cannot be written
    names = ("domains", "expressions", "urls", "usage")
    digest = folder_digest(ListFile.of_bytes(name, (source / "ut1-warez" / name).read_bytes()) for name in names)
    _add(folder, "warez", "ut1", digest.removeprefix("sha256:"))
    opened = _open(folder)
    assert [(one.id, one.entries) for one in opened.lists][:4] == [
        *(("blp-piracy-domains", 2154), ("blp-piracy-hosts", 0), ("blp-piracy-adguard", 0), ("blp-piracy-dnsmasq", 0))
    ]
    lines = [line for name in ("domains", "urls") for line in (source / "ut1-warez" / name).read_text().split()]
    blp = {line for line in (source / "blp-piracy.domains.txt").read_text().split("\n") if line and line[0] != "#"}
    assert opened.lists[4].entries == len(set(lines) - blp)
