"""Names of a crawl folder, and which folders are taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from crawler.errors import DamagedStateError, FolderInUseError, StorageError, UsageError
from crawler.storage.layout import BAG_FILES, FOLDERS, CrawlFolder, Folder, recognise, warc_name
from crawler.storage.lock import lock
from crawler.storage.space import free_space
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN

if TYPE_CHECKING:
    from pathlib import Path


def test_new_and_empty_folders_are_taken(tmp_path: Path) -> None:
    """A missing folder and an empty one hold no crawl yet."""
    assert recognise(tmp_path / "missing") is False
    assert recognise(tmp_path) is False


def test_a_start_that_was_killed_early_is_taken(tmp_path: Path) -> None:
    """Only our empty folders, and no file of a crawl in them: nothing was committed yet."""
    CrawlFolder(Folder.create(tmp_path), "w0").close()
    (tmp_path / "state" / "w0" / "state.db").write_bytes(b"half")
    assert recognise(tmp_path) is False
    CrawlStore.open(tmp_path, run=RUN).close(clean=True, reason="finished", code=0)
    assert recognise(tmp_path) is True


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({"thesis.doc": "x"}, UsageError),
        ({"crawl.json": "{}"}, UsageError),
        ({"crawl.json": "[1]"}, UsageError),
        ({"crawl.json": '{"format": true}'}, UsageError),
        ({"crawl.json": "not JSON"}, DamagedStateError),
        ({"crawl.json": '{"format": 2}'}, DamagedStateError),
        ({"warc/w0-pages-000001.warc.gz": "x", "state/x": ""}, DamagedStateError),
    ],
)
def test_other_folders_are_refused_and_left_alone(
    tmp_path: Path, files: dict[str, str], error: type[Exception]
) -> None:
    """Foreign content, another format version, a crawl without its description: named, and not touched."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises(error, match=str(tmp_path)):
        CrawlStore.open(tmp_path, run=RUN)
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """The output folder must be a folder, and one of ours must be no link."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file"):
        CrawlStore.open(tmp_path / "file", run=RUN)
    with pytest.raises(UsageError, match="is a file"):
        recognise(tmp_path / "file")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "warc").symlink_to(tmp_path)
    with pytest.raises(DamagedStateError, match="no folder of ours"):
        CrawlFolder(Folder.create(tmp_path / "out"), "w0")


def test_folders_are_private(tmp_path: Path) -> None:
    """Mode 0700 for every folder, 0600 for every file, whatever the umask."""
    CrawlStore.open(tmp_path / "out", run=RUN).close(clean=True, reason="finished", code=0)
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FOLDERS, "crawl.json", *BAG_FILES, "data"}


@pytest.mark.parametrize("worker", ["", "../x", "W0", "0w", "w-0", "w" * 17, "w/0"])
def test_worker_ids_cannot_shape_paths(tmp_path: Path, worker: str) -> None:
    """A worker id is a letter, then letters and digits."""
    with pytest.raises(UsageError, match="worker id"):
        CrawlStore.open(tmp_path / "out", run=RUN, worker=worker)


def test_names_come_from_counters() -> None:
    """Worker, kind and number, nothing else."""
    assert warc_name("w0", "pages", 12) == "w0-pages-000012.warc.gz"


def test_a_second_run_is_refused_at_once(tmp_path: Path) -> None:
    """Another process holds the folder: exit status 4 within 2 s, and the first run is unharmed."""
    store = CrawlStore.open(tmp_path, run=RUN)
    script = (
        "import sys; from pathlib import Path; from crawler.storage.layout import Folder\n"
        "from crawler.storage.lock import lock\n"
        "from crawler.errors import FolderInUseError\n"
        "try: lock(Folder.descend(Path(sys.argv[1])))\n"
        "except FolderInUseError as error: print(error); sys.exit(error.exit_code)"
    )
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert time.monotonic() - started < 10
    assert (done.returncode, str(tmp_path) in done.stdout) == (4, True), done.stderr
    with pytest.raises(FolderInUseError):
        CrawlStore.open(tmp_path, run=RUN)
    store.close(clean=True, reason="finished", code=0)
    with Folder.descend(tmp_path) as folder:
        lock(folder)


def test_free_space_is_compared_with_the_reserve(tmp_path: Path) -> None:
    """Below the reserve the crawl has to stop; the default is 1 GiB, or 5 % of a small disk."""
    assert free_space(tmp_path, octets=1, share=0.05).is_low is False
    assert free_space(tmp_path, octets=1 << 62, share=1.0).is_low is True
    assert 0 < free_space(tmp_path, octets=1 << 30, share=0.05).reserve <= 1 << 30


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """No right to write: a message instead of a traceback."""
    tmp_path.chmod(0o500)
    with pytest.raises((UsageError, StorageError), match=str(tmp_path)):
        CrawlStore.open(tmp_path / "out", run=RUN)


def test_crawl_json_says_which_crawl(tmp_path: Path) -> None:
    """It names the crawl while it runs, and its end afterwards."""
    store = CrawlStore.open(tmp_path, run=RUN)
    running = json.loads((tmp_path / "crawl.json").read_text())
    assert (running["crawl_id"], running["ended_at"], running["format"]) == (store.crawl_id, None, 1)
    store.close(clean=False, reason="signal", code=3)
    stopped = json.loads((tmp_path / "crawl.json").read_text())
    assert (stopped["finish_reason"], stopped["exit_code"]) == ("signal", 3)
    assert stopped["ended_at"] is not None
