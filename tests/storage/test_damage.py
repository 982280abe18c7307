"""Damaged state is named and refused, or put right without losing anything committed; failing disks stop the crawl."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.errors import DamagedStateError, StorageError
from crawler.storage.entries import Batch, ClaimRequest
from crawler.storage.journal import _TABLES, JOURNAL_VERSION
from crawler.storage.reading import CrawlReader
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN, allowed, new, robots

if TYPE_CHECKING:
    from collections.abc import Callable

WANT = ClaimRequest(now=1000.0, limit=4, per_lane=4)
CHILD = Path(__file__).with_name("committing.py")
COMMITTED = 6


def killed(out: Path, *, published: bool = True) -> None:
    """A crawl as a kill leaves it: some rows published, some in the journal, WARC files open, claims out."""
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from tests.storage.test_damage import fill\n"
        f"fill(Path(sys.argv[1]), published={published}); os._exit(9)"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run([sys.executable, "-c", script, str(out), root], check=False, capture_output=True)  # noqa: S603
    assert done.returncode == 9, done.stderr.decode()


def fill(out: Path, *, published: bool) -> None:
    """Commit pages; the last claims stay out."""
    store = CrawlStore.open(out, run=RUN)
    urls = tuple(new(f"http://a.test/{n}", "a.test") for n in range(10))
    claims = store.commit(Batch(new_urls=urls, claim=WANT)).claims
    store.commit(Batch(outcomes=tuple(allowed(c, c.new.url.encode() * 50) for c in claims)))
    if published:
        store.publish("rows")
    claims = store.commit(Batch(claim=WANT, site_files=(robots("http://a.test:80", b"x"),))).claims
    store.commit(Batch(outcomes=tuple(allowed(c, c.new.url.encode() * 50) for c in claims[:2])))


def finish(out: Path) -> CrawlStore:
    """Resume to the end; every URL then has exactly one row and one record that matches."""
    store = CrawlStore.open(out, run=RUN)
    claims = store.commit(
        Batch(new_urls=tuple(new(f"http://a.test/{n}", "a.test") for n in range(10)), claim=WANT)
    ).claims
    while claims:
        outcomes = tuple(allowed(claim, claim.new.url.encode() * 50) for claim in claims)
        claims = store.commit(Batch(outcomes=outcomes, claim=WANT)).claims
    store.close(clean=True, reason="finished", code=0)
    with CrawlReader.open(out) as reader:
        rows = reader.dataset().to_table().to_pylist()
        assert sorted(row["url"] for row in rows) == [f"http://a.test/{n}" for n in range(10)]
        for row in rows:
            record = reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
            assert record.body == row["url"].encode() * 50
        numbers = sorted([row["seq"] for row in rows] + [entry["seq"] for entry in reader.entries()])
        assert numbers == list(range(len(numbers)))
    return store


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One killed crawl, to be copied by each test."""
    out = tmp_path_factory.mktemp("killed") / "out"
    killed(out)
    return out


@pytest.fixture
def out(remains: Path, tmp_path: Path) -> Path:
    """A copy of a killed crawl."""
    shutil.copytree(remains, tmp_path / "out")
    return tmp_path / "out"


def one(out: Path, pattern: str) -> Path:
    """The only file of that pattern."""
    (path,) = out.glob(pattern)
    return path


def test_a_killed_crawl_goes_on_by_itself(out: Path) -> None:
    """Claims that were out wait again, and are listed."""
    store = finish(out)
    assert store.recovery.unclean
    assert store.recovery.interrupted == ("http://a.test/6", "http://a.test/7")
    assert (store.recovery.cut, store.recovery.removed) == ({}, ())


def test_a_random_tail_is_cut_and_noted(out: Path) -> None:
    """Octets behind the committed length go, and the log says so."""
    path = one(out, "warc/*pages*.open")
    path.write_bytes(path.read_bytes() + random.Random(1).randbytes(100))  # noqa: S311 - repeatable, not secret
    assert finish(out).recovery.cut == {"w0-pages-000001.warc.gz": 100}
    with CrawlReader.open(out) as reader:
        cuts = [entry["body"] for entry in reader.entries() if entry["type"] == "tail_cut"]
    assert cuts == [{"file": "warc/w0-pages-000001.warc.gz", "octets": 100}]


def test_unknown_and_temporary_files_go(out: Path) -> None:
    """What no commit knows and the journal can write again: temporary files, a WARC just begun."""
    for name in ("manifest/w0-000002.parquet.tmp", "log/w0-000002.jsonl.gz", "warc/w0-evidence-000009.warc.gz.open"):
        (out / name).write_bytes(b"half")
    assert set(finish(out).recovery.removed) == {
        "manifest/w0-000002.parquet.tmp", "log/w0-000002.jsonl.gz", "warc/w0-evidence-000009.warc.gz.open",
    }  # fmt: skip


def test_a_segment_that_no_commit_knows_is_written_again(out: Path, tmp_path: Path) -> None:
    """Killed between the rename and the database row: the segment goes, its rows are still in the journal."""
    shutil.copytree(out, tmp_path / "later")
    store = CrawlStore.open(tmp_path / "later", run=RUN)
    store.publish("rows")
    store.close(clean=False, reason="x", code=3)
    # The later run's segment also covers its own restart entries, which this journal lacks: it must be refused.
    shutil.copy(tmp_path / "later" / "manifest" / "w0-000002.parquet", out / "manifest" / "w0-000002.parquet")
    with pytest.raises(DamagedStateError, match="older than the segment"):
        CrawlStore.open(out, run=RUN)


def test_a_record_file_that_no_commit_closed_is_told_of(out: Path) -> None:
    """Killed between its rename and the commit of that: the resume logs that it is closed; nothing is foreign."""
    begun = list((out / "warc").glob("*.open"))
    for path in begun:
        path.rename(path.with_suffix(""))
    assert begun
    finish(out)
    with CrawlReader.open(out) as reader:
        told = [entry["body"]["file"] for entry in reader.entries() if entry["type"] == "warc_closed"]
    assert sorted(told) == sorted(f"warc/{path.name}" for path in (out / "warc").iterdir())


def cut_half(path: Path) -> None:
    """Keep the first half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def raise_version(path: Path) -> None:
    """As a newer version would write it."""
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("state/w0/state.db", cut_half),
        ("state/w0/state.db", Path.unlink),
        ("state/w0/state.db-wal", Path.unlink),
        ("warc/*pages*.open", cut_half),
        ("warc/*pages*.open", flip),
        ("warc/*pages*.open", Path.unlink),
        ("manifest/*.parquet", Path.unlink),
        ("manifest/*.parquet", cut_half),
        ("manifest/*.parquet", flip),
        ("log/*.jsonl.gz", Path.unlink),
        ("index/*.cdxj.gz", flip),
        ("crawl.json", Path.unlink),
        ("crawl.json", cut_half),
        ("crawl.json", raise_version),
    ],
)
def test_damage_is_named_and_refused(out: Path, pattern: str, damage: Callable[[Path], None]) -> None:
    """R5.9: nothing committed is repaired in silence; the message names the file and the exit status is 5."""
    path = one(out, pattern)
    damage(path)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and "state" not in p.parts}
    with pytest.raises(DamagedStateError) as caught:
        CrawlStore.open(out, run=RUN)
    assert path.name.removesuffix("-wal") in str(caught.value)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and "state" not in p.parts} == before


@pytest.mark.parametrize("version", [JOURNAL_VERSION - 1, JOURNAL_VERSION + 1])
def test_a_journal_of_another_version_is_refused(tmp_path: Path, version: int) -> None:
    """Its tables may mean something else: one message with both versions, for writers and readers; never an SQL error.

    Without its state the finished crawl can be read.
    """
    store = CrawlStore.open(tmp_path, run=RUN)
    store._journal.connection.execute(f"PRAGMA user_version = {version}")
    store.close(clean=True, reason="finished", code=0)
    told = rf"state\.db: journal of version {version}, but .* reads version {JOURNAL_VERSION}"
    with pytest.raises(DamagedStateError, match=told):
        CrawlStore.open(tmp_path, run=RUN)
    with pytest.raises(DamagedStateError, match=told):
        CrawlReader.open(tmp_path)
    shutil.rmtree(tmp_path / "state")
    with CrawlReader.open(tmp_path) as reader:
        assert reader.counts() is None


def test_the_version_goes_up_with_the_tables() -> None:
    """Tables that change without it would greet crawls of yesterday with an SQL error."""
    assert (JOURNAL_VERSION, hashlib.sha256(_TABLES.encode()).hexdigest()[:16]) == (2, "cdaefa4ad8c7b128")


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_in_the_database_refuse_or_resume(out: Path, seed: int) -> None:
    """Any bit of database or log file: a named refusal, or a resume that ends complete."""
    chosen = random.Random(seed)  # noqa: S311 - repeatable, not secret
    path = one(out, chosen.choice(["state/w0/state.db", "state/w0/state.db-wal"]))
    data = bytearray(path.read_bytes())
    for _ in range(3):
        data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
    path.write_bytes(data)
    with suppress(DamagedStateError, StorageError):
        finish(out)


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_each_failing_call_stops_and_the_resume_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The n-th write, fsync or rename fails once, for every n: nothing is written after it, nothing is lost."""
    real = getattr(os, call)
    is_done = False
    failures = 0
    while not is_done:
        out = tmp_path / f"{call}{failures}"
        calls = 0

        def failing(*arguments: object, number: int = failures, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls == number + 1:
                raise OSError(5, "Input/output error")
            return real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                store = CrawlStore.open(out, run=RUN)
            except StorageError:
                pass
            else:
                is_done = run_to_failure(store)
                if not is_done:
                    with pytest.raises(StorageError, match="after a failure"):
                        store.commit(Batch())
        failures += not is_done
        finish(out)
    assert failures > 2


def run_to_failure(store: CrawlStore) -> bool:
    """A short crawl with two segments; answer whether nothing failed."""
    try:
        claims = store.commit(
            Batch(new_urls=tuple(new(f"http://a.test/{n}", "a.test") for n in range(10)), claim=WANT)
        ).claims
        store.commit(Batch(outcomes=tuple(allowed(c, c.new.url.encode() * 50) for c in claims)))
        store.publish("rows")
        store.close(clean=False, reason="stopped", code=3)
    except StorageError:
        store.close(clean=False, reason="storage_error", code=5)
        return False
    return True


@pytest.mark.parametrize("limit", [20_000, 60_000, 120_000, 200_000])
def test_a_full_disk_stops_the_crawl_and_the_resume_is_whole(tmp_path: Path, limit: int) -> None:
    """No file may grow over a limit: the run ends with a storage error, and goes on to the end with space."""
    out = tmp_path / "out"

    def restrict() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, str(CHILD), str(out), "600", "1"]
    done = subprocess.run(command, preexec_fn=restrict, capture_output=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 1
    assert b"StorageError" in done.stderr
    committed = sum(len(line.split()) - 1 for line in done.stdout.decode().splitlines() if line.startswith("row"))
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)  # noqa: S603
    assert done.returncode == 0, done.stderr.decode()
    with CrawlReader.open(out) as reader:
        urls = reader.dataset().to_table(columns=["url"]).column(0).to_pylist()
    assert len(urls) == len(set(urls)) == 600
    assert committed <= 600
