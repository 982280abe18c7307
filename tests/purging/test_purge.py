"""Purges of made-up crawls: the content is gone, all else is provable, and no moment to be killed is a bad one."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from crawler.audit.integrity import read_back
from crawler.audit.verifying import verify
from crawler.cli.purge import _write
from crawler.errors import DamagedStateError, ExitCode, FolderInUseError, UsageError
from crawler.provenance.removal_index import RemovalIndex
from crawler.provenance.removals import Removal
from crawler.purging.due import read_due
from crawler.purging.purge import Receipt, purge
from crawler.signing.sealer import open_sealer
from crawler.storage.crawl_file import read_crawl_file, write_crawl_file
from crawler.storage.entries import Batch, ClaimRequest
from crawler.storage.layout import Folder
from crawler.storage.lock import lock
from crawler.storage.reading import CrawlReader
from crawler.storage.store import CrawlStore
from tests.exporting.made import Page, crawl, outcome_of
from tests.exporting.test_export import export
from tests.shared import ROOT
from tests.storage.making import RUN, new

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawler.signing.sealer import Sealer

GONE = b"words of the rights holder who said no, later on "
KEPT = b"words of somebody else "
PAGES = [
    Page("http://gone.test/1", GONE * 40),
    Page("http://www.gone.test/2", GONE * 900, "gzip"),
    Page("http://kept.test/1", KEPT * 7),
    Page("http://kept.test/one?x=1", GONE * 3 + b"!"),
    Page("http://denied.test/", columns={"verdict": "deny"}),
    *(Page(f"http://kept.test/more/{number}", KEPT * number) for number in range(2, 14)),
]
DOMAIN = Removal(kind="domain", value="gone.test", reason="tdm_revoked", basis="letter", since="s", authority="court")
URL = Removal(kind="url", value="http://kept.test/one?x=1", reason="erasure_request", basis="mail", since="s")


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    """A key of the test's own."""
    return open_sealer(tmp_path / "keys")


@pytest.fixture
def made(tmp_path: Path, sealer: Sealer) -> Path:
    """A signed crawl of several segments."""
    crawl(tmp_path / "crawl", PAGES, segment=6, sealer=sealer)
    return tmp_path / "crawl"


def run(
    sealer: Sealer,
    *folders: Path,
    removals: tuple[Removal, ...] = (DOMAIN, URL),
    keep: Callable[[Receipt], None] = lambda _: None,
    **options: Any,
) -> Receipt:
    """Purge."""
    now = datetime.now(UTC).isoformat()
    receipt = Receipt(purged_at=now, authority="operator", removals=removals, is_dry_run=False, **options)
    purge(folders, RemovalIndex(removals), receipt, open_sealer=lambda: sealer, keep=keep)
    return receipt


def check(folder: Path, sealer: Sealer) -> None:
    """Everything on disk is provable and can be read back."""
    verification = verify(folder, sealer.folder.trust())
    assert verification.code is ExitCode.CLEAN, verification.as_json()
    with CrawlReader.open(folder) as reader:
        assert read_back(reader).problems == ()


def urls(folder: Path) -> set[str]:
    """URLs of the rows that are left, each once."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT url FROM read_parquet(?) WHERE url IS NOT NULL", [f"{folder}/manifest/*.parquet"]
        ).fetchall()
    assert len(found) == len(set(found))
    return {url for (url,) in found}


def octets(folder: Path) -> bytes:
    """All files of the evidence, unpacked and as they are."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "state" not in path.relative_to(folder).parts:
            data = path.read_bytes()
            found += [data, gzip.decompress(data)] if path.suffix == ".gz" else [data]
    return b"\n".join(found)


def test_purged(made: Path, sealer: Sealer) -> None:
    """Rows and bodies that lists name are nowhere any more; all else verifies; receipt and log say what went."""
    with CrawlReader.open(made) as reader:
        before = {row["seq"]: row["leaf_hash"] for row in reader.dataset().to_table().to_pylist()}
    assert b"gone.test" in octets(made)
    receipt = run(sealer, made)
    assert GONE not in octets(made)
    assert b"gone.test" not in octets(made)
    assert b"/one?x=1" not in octets(made)
    assert urls(made) == {page.url for page in PAGES[2:3] + PAGES[4:]}
    check(made, sealer)
    with CrawlReader.open(made) as reader:
        rows = reader.dataset().to_table().to_pylist()
        (tdm, request) = [entry for entry in reader.entries() if entry["type"] == "erasure"]
    erased = [row for row in rows if row["erased_at"] is not None]
    assert {row["seq"]: row["leaf_hash"] for row in rows} == before
    assert all(
        value is None for row in erased for name, value in row.items() if name not in {"seq", "leaf_hash", "erased_at"}
    )
    assert (tdm["body"]["reason"], tdm["body"]["authority"], len(tdm["body"]["seqs"])) == ("tdm_revoked", "court", 2)
    assert (request["body"]["reason"], request["body"]["authority"]) == ("erasure_request", "operator")
    (told,) = receipt.crawls
    assert (told.rows, told.unsealed, told.is_done) == (3, None, True)
    assert told.seqs["w0"] == sorted(row["seq"] for row in erased)
    assert told.files == tdm["body"]["files"]
    assert receipt.unmatched == ()


def test_again(made: Path, sealer: Sealer) -> None:
    """A second purge finds nothing and changes nothing; a third with another order goes on from the second names."""
    run(sealer, made, removals=(DOMAIN,))
    names = sorted(path.name for path in made.rglob("*"))
    again = run(sealer, made, removals=(DOMAIN,))
    assert (again.rows, again.unmatched) == (0, (DOMAIN,))
    assert sorted(path.name for path in made.rglob("*")) == names
    assert run(sealer, made).rows == 1
    assert "w0-000001-e2.parquet" in {path.name for path in made.rglob("*")}
    check(made, sealer)


def test_everything(made: Path, sealer: Sealer) -> None:
    """A segment of which nothing is left keeps its leaf hashes, and has no index."""
    removals = tuple(replace(DOMAIN, value=name) for name in ("gone.test", "kept.test"))
    run(sealer, made, removals=removals)
    assert urls(made) == {"http://denied.test/"}
    assert not list((made / "index").iterdir())
    check(made, sealer)


def test_repeats(tmp_path: Path, sealer: Sealer) -> None:
    """Rows that only repeat a body that goes would point to nothing: they go too; a crawl with a copy keeps it."""
    same = b"the very same body " * 9
    first = [Page("http://gone.test/", same), Page("http://b.test/", same), Page("http://c.test/", KEPT)]
    crawl(tmp_path / "one", first, sealer=sealer)
    crawl(tmp_path / "other", first[1:], sealer=sealer)
    receipt = run(sealer, tmp_path / "one", tmp_path / "other", removals=(DOMAIN,))
    assert {one.folder: (one.rows, one.repeats) for one in receipt.crawls} == {
        str(tmp_path / "one"): (2, 1),
        str(tmp_path / "other"): (0, 0),  # holds the body itself
    }
    assert urls(tmp_path / "one") == {"http://c.test/"}
    check(tmp_path / "one", sealer)
    check(tmp_path / "other", sealer)


def test_redacted_url(tmp_path: Path, sealer: Sealer) -> None:
    """An exact URL is found by its record where the row shows it redacted."""
    exact = "http://a.test/?token=abc"
    crawl(tmp_path / "crawl", [Page(exact, columns={"url": "http://a.test/?token=REDACTED:00000000"})], sealer=sealer)
    assert run(sealer, tmp_path / "crawl", removals=(replace(URL, value=exact),)).rows == 1
    assert b"token=abc" not in octets(tmp_path / "crawl")


def test_export_afterwards(made: Path, sealer: Sealer, tmp_path: Path) -> None:
    """What was purged is not exported, and counted as erased."""
    run(sealer, made)
    code, summary = export(tmp_path / "out", made)
    assert (code, summary.left) == (ExitCode.CLEAN, {"erased": 3, "not_kept": 1})
    assert {count.value for count in summary.top_domains} == {"kept.test"}


def test_crawled_on(made: Path, sealer: Sealer) -> None:
    """The crawl can go on in the folder: a body that was purged is stored anew, not as a repeat of what is gone."""
    run(sealer, made)
    store = CrawlStore.open(made, run=RUN, sealer=sealer)
    batch = Batch(new_urls=(new("http://new.test/"),), claim=ClaimRequest(now=1e12, limit=1, per_lane=1))
    (claim,) = store.commit(batch).claims
    store.commit(Batch(outcomes=(outcome_of(claim, Page("http://new.test/", GONE * 40), store.crawl_id),)))
    store.close(clean=True, reason="finished", code=0)
    with CrawlReader.open(made) as reader:
        (row,) = reader.find("http://new.test/")
        place = (row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
        assert reader.record(*place).body == GONE * 40
    check(made, sealer)


def test_unsigned_crawl(tmp_path: Path) -> None:
    """A crawl that nobody signs is purged all the same."""
    crawl(tmp_path / "crawl", PAGES)
    receipt = Receipt(purged_at="now", authority="operator", removals=(DOMAIN,), is_dry_run=False)
    purge([tmp_path / "crawl"], RemovalIndex([DOMAIN]), receipt, open_sealer=lambda: None)
    assert receipt.rows == 2
    assert b"gone.test" not in octets(tmp_path / "crawl")


@pytest.mark.parametrize(
    ("terms", "day", "rows"),
    [
        ("days = 10\nstarts = 'written'", date(2026, 1, 13), 16),
        ("days = 11\nstarts = 'written'", date(2026, 1, 13), 0),
        ("years = 2\nstarts = 'written'", date(2028, 1, 3), 16),
        ("years = 2\nstarts = 'market'", date(2028, 6, 1), 16),
        ("years = 2\nstarts = 'market'", date(2028, 5, 31), 0),
    ],
)
def test_due(  # noqa: PLR0917 - two fixtures more than values
    made: Path, sealer: Sealer, tmp_path: Path, terms: str, day: date, rows: int
) -> None:
    """Pages go when the term that legal wrote has ended, counted from the fetch or from the market."""
    (tmp_path / "retention.toml").write_text(f"erasure = 'x'\n[pages]\n{terms}\nbasis = 'own decision'\n")
    shipped = (ROOT / "policies" / "model.toml").read_text()
    version = '[[version]]\nname = "m"\ndocumentation = "https://a.example/"\nplaced_on_market = 2026-06-01\n'
    (tmp_path / "model.toml").write_text(shipped.replace("# [[version]]\n", version))
    receipt = run(sealer, made, removals=(), due=read_due(tmp_path, today=day))
    assert receipt.rows == rows
    if rows:
        assert receipt.crawls[0].reasons == {"retention_ended": rows}
        check(made, sealer)


@pytest.mark.parametrize(
    "text", ["erasure = 'x'\n", "erasure = 'x'\n[pages]\ndays = 1\nstarts = 'closed'\nbasis = 'b'\n", "["]
)
def test_no_term(tmp_path: Path, text: str) -> None:
    """Without a term for pages nothing is due by guesswork."""
    (tmp_path / "retention.toml").write_text(text)
    with pytest.raises(UsageError):
        read_due(tmp_path, today=date(2030, 1, 1))


def test_dry_run(made: Path) -> None:
    """A dry run counts and changes nothing."""
    before = octets(made)
    receipt = Receipt(purged_at="now", authority="operator", removals=(DOMAIN,), is_dry_run=True)
    purge([made], RemovalIndex([DOMAIN]), receipt, open_sealer=lambda: None)
    assert receipt.rows == 2
    assert octets(made) == before


@pytest.mark.parametrize("folder", ["warc", "manifest", "log"])
def test_damaged(made: Path, sealer: Sealer, folder: str) -> None:
    """A file that is not as it was published is named, and nothing is purged: damage must not be signed away."""
    path = min((made / folder).iterdir(), key=lambda path: ("pages" not in path.name, path.name))
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    with pytest.raises(DamagedStateError, match=path.name):
        run(sealer, made)
    path.write_bytes(data)
    assert run(sealer, made).rows == 3
    check(made, sealer)


def test_refused(made: Path, sealer: Sealer, tmp_path: Path) -> None:
    """A crawl that runs or was killed, one without state, none at all, one named twice: refused, nothing changed."""
    crawl(tmp_path / "killed", PAGES)
    with duckdb.connect():  # a killed crawl leaves rows in its journal
        store = CrawlStore.open(tmp_path / "killed", run=RUN)
        store.commit(Batch(new_urls=(new("http://x.test/"),), claim=ClaimRequest(now=1e12, limit=1, per_lane=1)))
        with pytest.raises(FolderInUseError):
            run(sealer, tmp_path / "killed")
        store._failure = "killed"
        store.close(clean=False, reason="killed", code=5)
    before = octets(tmp_path / "killed")
    with pytest.raises(UsageError, match="was killed"):
        run(sealer, tmp_path / "killed")
    assert octets(tmp_path / "killed") == before
    with pytest.raises(UsageError, match="no crawl"):
        run(sealer, tmp_path / "nothing")
    with Folder.descend(made) as folder:
        lock(folder)
        with pytest.raises(FolderInUseError):
            run(sealer, made)
    (made / "state").rename(tmp_path / "state")
    with pytest.raises(UsageError, match="state is missing"):
        run(sealer, made)


KILLED_AT = """
import os, sys
from pathlib import Path
left = int(sys.argv[2])
def counted(real):
    def call(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return real(*arguments, **options)
    return call
from tests.purging.test_purge import keep_in, run
from crawler.signing.sealer import open_sealer
folder = Path(sys.argv[1])
sealer = open_sealer(folder.parent / "keys")
for name in ("fsync", "rename", "unlink", "write"):
    setattr(os, name, counted(getattr(os, name)))
run(sealer, folder, keep=keep_in(folder.parent / "receipt.json"))
print(int(sys.argv[2]) - left)
"""


def keep_in(target: Path) -> Callable[[Receipt], None]:
    """Write a receipt as the command does."""
    return lambda receipt: _write(target, receipt)


def erased(folder: Path) -> set[int]:
    """What the log says was erased."""
    with CrawlReader.open(folder) as reader:
        return {seq for one in reader.entries() if one["type"] == "erasure" for seq in one["body"]["seqs"]}


def receipted(place: Path) -> set[int]:
    """What the receipts beside a crawl say was erased, or that an earlier purge erased."""
    told = [json.loads(path.read_bytes()) for path in place.glob("*.json") if path.stat().st_size]
    crawls = [crawl for receipt in told for crawl in receipt["crawls"] if crawl["is_done"]]
    found = {seq for crawl in crawls for seqs in crawl["seqs"].values() for seq in seqs}
    return found | {seq for crawl in crawls for earlier in crawl["earlier"] for seq in earlier["seqs"]}


@pytest.mark.slow
def test_killed(made: Path, tmp_path: Path) -> None:
    """Killed before any of its writes, renames, removals and fsyncs, a purge ends as one that was never killed."""
    copy = tmp_path / "copies"
    copy.mkdir()
    calls, number, ended = 0, 1, False
    with CrawlReader.open(made) as reader:
        rows = reader.dataset().to_table(columns=["seq", "url", "verdict"]).to_pylist()
    erasable = {row["seq"]: "gone.test" in row["url"] or row["url"] == URL.value for row in rows}
    while not ended:
        place = copy / f"at-{number}"
        place.mkdir()
        subprocess.run(["cp", "-a", str(made), str(tmp_path / "keys"), str(place)], check=True)  # noqa: S603, S607 - coreutils
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", KILLED_AT, str(place / "crawl"), str(number)],
            cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        ended = done.returncode == 0
        assert ended or done.returncode == 9, done.stderr
        with CrawlReader.open(place / "crawl") as reader:
            seqs = [row["seq"] for row in reader.dataset().to_table(columns=["seq"]).to_pylist()]
        assert len(seqs) == len(set(seqs)) == len(PAGES)
        own = open_sealer(place / "keys")
        run(own, place / "crawl", keep=keep_in(place / "next.json"))
        assert receipted(place) >= erased(place / "crawl"), number
        assert receipted(place) == {seq for seq, url in erasable.items() if url}, number
        assert b"gone.test" not in octets(place / "crawl"), number
        assert not list((place / "crawl").rglob("*.tmp")) or not ended
        check(place / "crawl", own)
        calls += 1
        number += 4
    assert calls > 4


def test_command(made: Path, tmp_path: Path) -> None:
    """The command writes a receipt, and says as JSON what it did; nothing to do is not an error."""
    command = [sys.executable, "-m", "crawler", "purge", str(made), "--domain", "gone.test", "--json"]
    receipt = tmp_path / "receipt.json"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, "--receipt", str(receipt), "--reason", "letter", "--authority", "court"],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    written = json.loads(receipt.read_bytes())
    assert (told["rows"], written["rows"], written["removals"][0]["authority"]) == (2, 2, "court")
    for arguments, message in (
        (["--receipt", str(receipt)], "is there already"),
        (["--url", "no url", "--receipt", str(tmp_path / "r")], "--url"),
    ):
        refused = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - as above
        assert refused.returncode == 2
        assert message in refused.stderr


def test_later_crawls_that_were_not_named(tmp_path: Path, made: Path, sealer: Sealer) -> None:
    """A crawl beside it that builds on a purged one is told of, unless it is named or nothing went."""
    later, other = tmp_path / "later", tmp_path / "other"
    for folder in (later, other):
        crawl(folder, PAGES[:3], sealer=sealer)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "crawl.json").write_text("{")
    with Folder.descend(made) as folder:
        first = read_crawl_file(folder)
    with Folder.descend(later) as folder:
        second = read_crawl_file(folder)
        details = {**second.details, "previous": {"crawl_ids": ["another", first.crawl_id], "pages": 3}}
        write_crawl_file(folder, replace(second, details=details))
    nothing = replace(DOMAIN, value="nowhere.test")
    assert [one.later for one in run(sealer, made, removals=(nothing,)).crawls] == [[]]
    receipt = Receipt(purged_at="now", authority="o", removals=(DOMAIN,), is_dry_run=True)
    purge([made, later], RemovalIndex((DOMAIN,)), receipt, open_sealer=lambda: None)
    assert [one.later for one in receipt.crawls] == [[], []]
    told = run(sealer, made)
    assert [one.later for one in told.crawls] == [[str(later)]]
    assert json.loads(told.as_file())["crawls"][0]["later"] == [str(later)]
