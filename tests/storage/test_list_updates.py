"""Updates of lists: what comes into force, what waits for a person, and that a failure leaves what was in force."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.errors import DamagedStateError, DocumentError, FolderInUseError, StorageError, UsageError
from crawler.policy.document import Blocklists
from crawler.storage.blocklists import open_blocklists
from crawler.storage.list_folder import ListFolder
from crawler.storage.list_snapshots import contents_of, find_snapshot, restore_snapshot, snapshots, take_snapshot
from crawler.storage.list_updates import Acceptance, Retrieved, Updater
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from tests.shared import ROOT, shared_path

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.list_updates import Outcome

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
VALUES = {
    "id": "a", "title": "t", "issuer": "i", "country": "DE", "legal_basis": "b", "kind": "authority",
    "licence": "l", "source": "the source", "updates": True,
}  # fmt: skip
NAMES = [f"n{number}.example" for number in range(20)]


def text(*names: str) -> bytes:
    """A plain list."""
    return "".join(f"{name}\n" for name in names).encode()


class Source:
    """What the source answers, and what it was asked."""

    def __init__(self, content: bytes | None, etag: str | None = None, failure: str | None = None) -> None:
        self.reply = Retrieved(content=content, etag=etag, failure=failure)
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, source: str, etag: str | None) -> Retrieved:
        """As ``retrieve`` of an updater."""
        self.asked.append((source, etag))
        return self.reply


def updater(folder: ListFolder, source: Source, now: datetime = NOW) -> Updater:
    """Whoever changes the folder."""
    return Updater(folder, suffixes=bundled_suffixes(), retrieve=source, now=now, tool="test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder with one list of twenty names in force."""
    folder = tmp_path / "blocklists"
    folder.mkdir()
    (folder / "protected.txt").write_text("google.com\n")
    with ListFolder.open(folder) as lists:
        assert updater(lists, Source(text(*NAMES), '"1"')).add(VALUES).outcome == "new"
    return folder


def update(path: Path, source: Source, acceptance: Acceptance | None = None, now: datetime = NOW) -> Outcome:
    """Update the one list."""
    with ListFolder.open(path) as lists:
        return updater(lists, source, now).update("a", acceptance)


def names_in_force(path: Path) -> set[str]:
    """Which of our names a crawl that starts now would not visit; the folder opens, or the test fails."""
    opened = open_blocklists(
        path, today=NOW.date(), ages=Blocklists(warn_age=7, refuse_age=30), suffixes=bundled_suffixes()
    )
    names = [*NAMES, *(f"x{number}.example" for number in range(20)), "any.org", "www.google.com"]
    return {name for name in names if opened.matcher.find(name) is not None}


def test_added_and_opened(path: Path) -> None:
    """The entry holds what the bytes brought about; a crawl opens it; versions, snapshot and history are kept."""
    with ListFolder.open(path) as lists:
        (record,) = lists.catalog().lists
        assert (record.entries, record.format, record.etag, record.accepted_by) == (20, "domains", '"1"', None)
        assert record.last_checked == record.retrieved_at == date(2026, 11, 23)
        assert lists.version(record.digest) == text(*NAMES)
        (snapshot,) = snapshots(lists)
        assert contents_of(lists, snapshot)[record.file] == text(*NAMES)
        (line,) = lists.history()
        assert (line["list"], line["after"], line["snapshot"]) == ("a", record.digest, snapshot.digest)
    assert names_in_force(path) == set(NAMES)
    opened = open_blocklists(
        path, today=NOW.date(), ages=Blocklists(warn_age=7, refuse_age=30), suffixes=bundled_suffixes()
    )
    assert opened.digest == snapshot.digest
    assert opened.warnings == ()


def test_unchanged(path: Path) -> None:
    """A source that has nothing new, by ETag or by bytes, moves the day of the last check and nothing else."""
    later = datetime(2026, 11, 25, tzinfo=UTC)
    source = Source(None)
    assert update(path, source, now=later).outcome == "unchanged"
    assert source.asked == [("the source", '"1"')]
    with ListFolder.open(path) as lists:
        assert lists.catalog().lists[0].last_checked == date(2026, 11, 25)
        assert lists.catalog().lists[0].retrieved_at == date(2026, 11, 23)
        (lists.path / lists.catalog().lists[0].file).unlink()
    assert update(path, Source(text(*NAMES), '"2"')).outcome == "unchanged"
    assert names_in_force(path) == set(NAMES)
    with ListFolder.open(path) as lists:
        assert lists.catalog().lists[0].etag == '"2"'
        assert len(list(lists.history())) == 1


def test_within_limits(path: Path) -> None:
    """A moderate change comes into force at once, under a file of its own."""
    outcome = update(path, Source(text(*NAMES[1:], "x0.example")))
    assert (outcome.outcome, outcome.change and (outcome.change.added, outcome.change.removed)) == ("updated", (1, 1))
    assert names_in_force(path) == {*NAMES[1:], "x0.example"}
    assert len(list((path / "lists").iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (text(*NAMES[3:]), ["lost"]),
        (text(*NAMES, *(f"x{number}.example" for number in range(11))), ["grown"]),
        (text(*NAMES, "org"), ["bare_label"]),
        (text(*NAMES, "co.uk"), ["public_suffix"]),
        (text(*NAMES, "google.com"), ["protected"]),
    ],
)
def test_two_steps(path: Path, content: bytes, codes: list[str]) -> None:
    """A doubtful version waits; a person's word puts exactly these bytes in force, and a crawl opens them."""
    outcome = update(path, Source(content))
    assert outcome.outcome == "refused"
    assert outcome.can_be_accepted
    assert [doubt.code for doubt in outcome.change.doubts] == codes  # type: ignore[union-attr]
    assert names_in_force(path) == set(NAMES)
    wrong = Acceptance(digest=sha256(b"other"), by="A. Person", reason="checked")
    assert update(path, Source(content), wrong).outcome == "refused"
    word = Acceptance(digest=sha256(content), by="A. Person", reason="checked")
    unasked = Source(b"something else by now")
    assert update(path, unasked, word).outcome == "updated"
    assert unasked.asked == []
    names_in_force(path)
    with ListFolder.open(path) as lists:
        record = lists.catalog().lists[0]
        assert (record.digest, record.accepted_by) == (word.digest, "A. Person")
        *_, line = lists.history()
        assert (line["accepted_by"], line["reason"], len(line["doubts"])) == ("A. Person", "checked", 1)
        assert lists.waiting("a") is None
    assert update(path, Source(content + b"# later\n")).outcome == "updated"


def test_back_to_an_earlier_version(path: Path) -> None:
    """Every accepted version can be put in force again by its digest."""
    assert update(path, Source(text(*NAMES[1:]))).outcome == "updated"
    word = Acceptance(digest=sha256(text(*NAMES)), by="A", reason="mistaken")
    assert update(path, Source(None, failure="gone"), word).outcome == "updated"
    assert names_in_force(path) == set(NAMES)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty list"),
        (b"# nothing\n", "empty list"),
        (b"<!DOCTYPE html><html><body>Please log in</body></html>", "page in HTML"),
        (b"\x1f\x8b\x08\x00\x00", "unpack it"),
        (text(*NAMES) + b"two words\n", "more than one word"),
        (text(*NAMES) + b"\xff\xfe.example\n", "not UTF-8"),
        (text(*NAMES) + b"*\n", "every name"),
        ("\u0430pple.example\n".encode(), "mixes the scripts"),
    ],
    ids=["empty", "comments", "html", "binary", "words", "encoding", "star", "look-alike"],
)
def test_what_nobody_can_accept(path: Path, content: bytes, words: str) -> None:
    """What cannot be read is refused with the line, and no word of a person loads it."""
    word = Acceptance(digest=sha256(content), by="A", reason="x")
    for acceptance in (None, word):
        outcome = update(path, Source(content), acceptance)
        assert (outcome.outcome, outcome.can_be_accepted) == ("refused", False)
        assert words in outcome.errors[0].problem
    assert names_in_force(path) == set(NAMES)


@pytest.mark.parametrize("case", ["n1", "n2", "n3", "n4"])
def test_adversarial_cases(tmp_path: Path, case: str) -> None:
    """The shared cases: the base is in force, each other file is an update of it."""
    folder = shared_path("vectors/adversarial/blocklists")
    wanted = json.loads((folder / "expected.json").read_text())[case]
    content = next(folder.glob(f"{case}_*.txt")).read_bytes()
    path = tmp_path / "blocklists"
    path.mkdir()
    with ListFolder.open(path) as lists:
        assert updater(lists, Source((folder / "base.txt").read_bytes())).add(VALUES).outcome == "new"
        outcome = updater(lists, Source(content)).update("a")
    told = [item.problem for item in outcome.errors]
    told += [doubt.problem for doubt in outcome.change.doubts] if outcome.change else []
    if wanted.startswith("accept"):
        assert outcome.outcome == "updated"
        assert (outcome.change and outcome.change.after, told) == (5, [])
    else:
        assert outcome.outcome == "refused"
        assert any(wanted.removeprefix("refuse: ") in problem for problem in told)


def test_failure_of_the_source(path: Path) -> None:
    """A source that does not answer changes nothing; the day of the last check stays."""
    before = (path / "catalog.toml").read_bytes()
    outcome = update(path, Source(None, failure="no route"))
    assert (outcome.outcome, outcome.detail) == ("failed", "no route")
    assert (path / "catalog.toml").read_bytes() == before


def test_doubtful_from_the_start(tmp_path: Path) -> None:
    """A new list with a protected name stays known and not loaded, until a person accepts it."""
    path = tmp_path / "blocklists"
    path.mkdir()
    (path / "protected.txt").write_text("google.com\n")
    content = text("google.com", "a.example")
    with ListFolder.open(path) as lists:
        one = updater(lists, Source(content))
        assert one.add(VALUES).outcome == "refused"
        assert [known.id for known in lists.catalog().known] == ["a"]
        with pytest.raises(DocumentError, match="stands twice"):
            one.add(VALUES)
        assert one.update("a", Acceptance(digest=sha256(content), by="A", reason="x")).outcome == "new"
        assert lists.catalog().lists[0].despite == ("google.com",)
    assert names_in_force(path) == {"www.google.com"}
    with ListFolder.open(path) as lists:
        assert updater(lists, Source(b"<html>")).add({**VALUES, "id": "b"}).outcome == "refused"
        assert updater(lists, Source(None, failure="x")).add({**VALUES, "id": "b"}).outcome == "failed"
        with pytest.raises(DocumentError):
            updater(lists, Source(b"x.example\n")).add({**VALUES, "id": "b", "country": "Germany"})
        with pytest.raises(UsageError, match="b: no"):
            updater(lists, Source(None)).update("b")
        assert [each.id for each in lists.catalog().lists] == ["a"]


def test_changed_by_hand(path: Path) -> None:
    """Bytes that differ from their digest are found again among the kept versions; lost ones stop the update."""
    file = next((path / "lists").iterdir())
    file.write_bytes(b"edited.example\n")
    assert update(path, Source(text(*NAMES, "x0.example"))).outcome == "updated"
    assert names_in_force(path) == {*NAMES, "x0.example"}
    next((path / "lists").iterdir()).unlink()
    for version in (path / "versions").iterdir():
        version.unlink()
    with pytest.raises(UsageError, match="no copy is kept"):
        update(path, Source(text(*NAMES)))


@pytest.mark.parametrize("number", range(1, 16))
def test_failed_fsync(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Whichever write fails, what is in force afterwards is the old list or the new one, whole."""
    calls = 0

    def fsync(descriptor: int, real: object = os.fsync) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            raise OSError(28, "No space left on device")
        real(descriptor)  # type: ignore[operator]

    monkeypatch.setattr(os, "fsync", fsync)
    new = text(*NAMES[1:], "x0.example")
    with suppress(StorageError):
        update(path, Source(new))
    assert calls >= min(number, 10)
    assert names_in_force(path) in ({*NAMES}, {*NAMES[1:], "x0.example"})
    monkeypatch.undo()
    assert update(path, Source(new)).outcome in {"updated", "unchanged"}
    assert names_in_force(path) == {*NAMES[1:], "x0.example"}


KILLED = """
import os, signal, sys
from pathlib import Path
from crawler.storage.list_folder import ListFolder
from tests.storage.test_list_updates import NAMES, Source, text, updater

left, real = int(sys.argv[2]), os.fsync

def fsync(descriptor):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)

os.fsync = fsync
with ListFolder.open(Path(sys.argv[1])) as lists:
    updater(lists, Source(text(*NAMES[1:], "x0.example"))).update("a")
"""


@pytest.mark.parametrize("number", range(1, 11))
def test_killed(path: Path, number: int) -> None:
    """Killed in the middle of an update, the folder opens with the old list or the new one, and the next one works."""
    run = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", KILLED, str(path), str(number)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    assert names_in_force(path) in ({*NAMES}, {*NAMES[1:], "x0.example"})
    assert update(path, Source(text(*NAMES[1:], "x0.example"))).outcome in {"updated", "unchanged"}
    assert names_in_force(path) == {*NAMES[1:], "x0.example"}


def test_one_writer(path: Path) -> None:
    """A second command waits for nothing: it is told that the folder is in use."""
    with ListFolder.open(path), pytest.raises(FolderInUseError):
        ListFolder.open(path)


def test_folder(tmp_path: Path) -> None:
    """No folder, or one of something else, is no folder of lists; an empty one becomes one."""
    with pytest.raises(UsageError, match="clearcrawl init"):
        ListFolder.open(tmp_path / "none")
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"holds thesis\.tex"):
        ListFolder.open(tmp_path)
    (tmp_path / "new").mkdir()
    with ListFolder.open(tmp_path / "new") as lists:
        assert lists.catalog().lists == ()
        with pytest.raises(UsageError, match="cannot be read"):
            lists.read(".")


def test_snapshots(path: Path) -> None:
    """A state is found again by the beginning of its digest and restored byte by byte; the present one is kept."""
    later = NOW + timedelta(days=1)
    assert update(path, Source(text(*NAMES[1:])), now=later).outcome == "updated"
    with ListFolder.open(path) as lists:
        first, second = snapshots(lists)
        assert take_snapshot(lists, now=NOW, note="again") == second
        (path / "local.txt").write_text("mine.example\n")
        before = restore_snapshot(lists, find_snapshot(lists, first.digest[:20]), now=NOW)
        assert [name for name, _ in before.files][:2] == ["catalog.toml", "local.txt"]
        assert not (path / "local.txt").exists()
        assert len(snapshots(lists)) == 3
    assert names_in_force(path) == set(NAMES)
    with ListFolder.open(path) as lists:
        with pytest.raises(UsageError, match="no snapshot has"):
            find_snapshot(lists, "sha256:0000")
        with pytest.raises(UsageError, match="3 snapshots have"):
            find_snapshot(lists, "sha256:")
        name = path / "snapshots" / f"{first.digest.replace(':', '-')}.json"
        content = name.read_text()
        name.write_text(content.replace("catalog.toml", "other.toml"))
        with pytest.raises(DamagedStateError, match="does not match"):
            snapshots(lists)
        name.write_text("{}")
        with pytest.raises(DamagedStateError, match="cannot be read"):
            snapshots(lists)
        name.write_text(content)
        version = path / "versions" / dict(first.files)["catalog.toml"].replace(":", "-")
        version.write_text("changed")
        with pytest.raises(DamagedStateError, match="not the version"):
            contents_of(lists, first)
        version.unlink()
        with pytest.raises(DamagedStateError, match="not kept any longer"):
            contents_of(lists, first)


def test_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the folder is read beyond the limit of a list."""
    monkeypatch.setattr("crawler.storage.list_folder.LIST_LIMIT", 10)
    with ListFolder.open(path) as lists, pytest.raises(UsageError, match="no list is that long"):
        lists.read("catalog.toml")
