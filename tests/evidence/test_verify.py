"""Verifying crawls: finished, changed, harmlessly changed, resumed, restored, signed by others."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.errors import ExitCode, UsageError
from crawler.provenance.checkpoint import Checkpoint
from crawler.provenance.signed_note import read_note
from crawler.provenance.trust import Rotation, Span, Trust, TrustedKey, read_trust
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.signing.sealer import open_sealer
from crawler.storage.entries import Batch, ClaimRequest, Event
from crawler.storage.store import CrawlStore
from tests.demo_run import clearcrawl
from tests.evidence.both import verify
from tests.evidence.tampering import KINDS, copy, tamper
from tests.storage.making import RUN, allowed, denied, new

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.demo_run import DemoRun


def own_trust() -> Trust:
    """Of the keys that tests sign with."""
    return KeyFolder(default_folder()).trust()


@pytest.mark.parametrize("kind", [*KINDS, "log-verdict/rebagged", "manifest-verdict/rebagged", "warc-bit/rebagged"])
def test_change_is_found_and_named(kind: str, demo: DemoRun, tmp_path: Path) -> None:
    """One place of each kind; benchmarks/tamper.py tries twenty, with and without a bag made anew."""
    changed = copy(demo.folder, tmp_path / "out")
    told = tamper(changed, kind, random.Random(kind))  # noqa: S311 - repeatable
    result = verify(changed, own_trust())
    assert result.code is ExitCode.FINDINGS
    assert {finding.file for finding in result.findings} & told


def _elsewhere(root: Path) -> Path:
    return shutil.move(root, root.with_name("somewhere-else"))


def _times(root: Path) -> Path:
    for path in root.rglob("*"):
        os.utime(path, (0, 0))
    return root


def _read_only(root: Path) -> Path:
    for path in [*root.rglob("*"), root]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    return root


def _no_state(root: Path) -> Path:
    shutil.rmtree(root / "state")
    return root


def _later_state(root: Path) -> Path:
    with closing(sqlite3.connect(root / "state/w0/state.db")) as journal:
        journal.execute("PRAGMA user_version = 999")
    return root


def _linked(root: Path) -> Path:
    root.with_name("link").symlink_to(root)
    return root.with_name("link")


def _modes(root: Path) -> Path:
    for path in root.rglob("*"):
        path.chmod(0o755)
    return root


def _copied(root: Path) -> Path:
    again = root.with_name("again")
    for path in sorted(root.rglob("*"), reverse=True):  # another order of files in the folders
        if path.is_file():
            (again / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, again / path.relative_to(root))
    return again


@pytest.mark.parametrize("change", [_elsewhere, _times, _read_only, _no_state, _later_state, _linked, _modes, _copied])
def test_harmless_change_passes(change: Callable[[Path], Path], demo: DemoRun, tmp_path: Path) -> None:
    """R6.15: place, order, times, modes, a read-only disk, and the folder that is no evidence."""
    root = change(copy(demo.folder, tmp_path / "out"))
    try:
        result = verify(root, own_trust())
        assert (result.findings, result.undecided) == ((), ())
    finally:
        for path in [root, *root.rglob("*")]:
            path.chmod(0o700)


def test_who_vouches(demo: DemoRun, tmp_path: Path) -> None:
    """Nobody: 3. Another trust file: 1. A key that is valid later or was valid earlier: 1, with the number."""
    assert verify(demo.folder, Trust(), is_trust_given=False).code is ExitCode.INCOMPLETE
    (one,) = own_trust().keys
    other = KeyFolder(tmp_path / "k").create(name="other", now=datetime.now(UTC)).key
    strangers = Trust(keys=(TrustedKey(key=other, span=one.span),))
    assert verify(demo.folder, strangers).code is ExitCode.FINDINGS
    for span in (
        Span(since=datetime.now(UTC) + timedelta(days=1)),
        Span(since=one.span.since - timedelta(days=2), until=one.span.since - timedelta(days=1)),
    ):
        result = verify(demo.folder, Trust(keys=(replace(one, span=span),)))
        assert result.code is ExitCode.FINDINGS
        assert "was not valid" in result.findings[0].problem
        assert result.findings[0].seq is not None


def _commit(out: Path, keys: Path, *, clean: bool = True, number: int = 0, is_test: bool = False) -> None:
    store = CrawlStore.open(out, run=replace(RUN, is_test=is_test, domain="example.org"), sealer=open_sealer(keys))
    urls = tuple(new(f"http://example.test/{number}-{page}") for page in range(3))
    claims = store.commit(Batch(new_urls=urls, claim=ClaimRequest(now=2e9, limit=9, per_lane=9))).claims
    outcomes = tuple(
        denied(claim, crawl_id=store.crawl_id) if page % 2 else allowed(claim, b"body", crawl_id=store.crawl_id)
        for page, claim in enumerate(claims)
    )
    store.commit(Batch(outcomes=outcomes))
    store.close(clean=clean, reason="finished" if clean else "shutdown", code=0 if clean else 3)


def test_stopped_resumed_and_begun_again(tmp_path: Path) -> None:
    """Each stop and end verifies; the log, its origin and its numbers go on; the bag is gone while somebody writes."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    for number, clean in enumerate((False, True, True)):
        _commit(out, keys, clean=clean, number=number)
        result = verify(out, KeyFolder(keys).trust())
        assert (result.findings, result.undecided) == ((), ())
    origins = {read_note(path.read_bytes()).text.split(b"\n")[0] for path in (out / "checkpoints").glob("*.checkpoint")}
    assert len(origins) == 1
    assert origins.pop().startswith(b"example.org/test-")
    store = CrawlStore.open(out, run=replace(RUN, domain="example.org"), sealer=open_sealer(keys))
    try:
        assert not (out / "manifest-sha256.txt").exists()
        result = verify(out, KeyFolder(keys).trust())
        assert result.code is ExitCode.INCOMPLETE
        assert "has not ended" in " ".join(result.undecided)
    finally:
        store.close(clean=False, reason="shutdown", code=3)


def test_rotated_key(tmp_path: Path) -> None:
    """Who holds only the old key follows its note to the new one; without the note the new one is a stranger's."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    _commit(out, keys, clean=False)
    before = KeyFolder(keys).trust()
    new_key = KeyFolder(keys).rotate(name="next", now=datetime.now(UTC), ask=lambda _: None)
    _commit(out, keys, number=1)
    assert verify(out, before).code is ExitCode.CLEAN
    assert verify(out, KeyFolder(keys).trust()).code is ExitCode.CLEAN
    note = out / f"attestations/w0-key-{new_key.key.id}.rotation"
    assert Rotation.parse(note.read_bytes()).new == new_key.key
    note.unlink()
    assert verify(out, before).code is ExitCode.FINDINGS


def test_restored_backup_begins_a_new_log(tmp_path: Path) -> None:
    """R6.5: the signer remembers a larger head; the entry names it, and heads carry another origin from there on."""
    out, keys, backup = tmp_path / "out", tmp_path / "keys", tmp_path / "backup"
    _commit(out, keys, clean=False)
    shutil.copytree(out, backup)
    _commit(out, keys, clean=False, number=1)

    shutil.rmtree(out)
    shutil.move(backup, out)
    _commit(out, keys, number=2)
    assert verify(out, KeyFolder(keys).trust()).code is ExitCode.CLEAN

    heads = [Checkpoint.parse(read_note(path.read_bytes()).text) for path in sorted((out / "checkpoints").glob("*t"))]
    assert ".r1/w0" in heads[-1].origin


def test_test_hosts_later_on_change_the_origin(tmp_path: Path) -> None:
    """A folder in which a TEST run follows another says so by a new origin."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    _commit(out, keys)
    _commit(out, keys, number=1, is_test=True)
    result = verify(out, KeyFolder(keys).trust())
    assert result.findings == ()
    last = max((out / "checkpoints").glob("*.checkpoint")).read_bytes()
    assert last.startswith(b"test.invalid/")
    assert any(note.startswith("TEST") for note in result.notes)


def _script(path: Path, text: str) -> str:
    path.write_text(text)
    return f"{sys.executable} {path}"


def test_external_signer_that_goes_away(tmp_path: Path) -> None:
    """The crawl goes on unsigned and says so; verified, it is undecided, not fine (fault 8.13)."""
    keys = tmp_path / "keys"
    kept = KeyFolder(tmp_path / "elsewhere").create(name="vault", now=datetime.now(UTC))
    script = tmp_path / "signer.py"
    command = _script(
        script,
        "import sys, base64\n"
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key\n"
        f"key = load_pem_private_key(open({str(kept.path)!r}, 'rb').read(), None)\n"
        "print(base64.b64encode(key.sign(sys.stdin.buffer.read())).decode())\n",
    )
    KeyFolder(keys).create(name="", now=datetime.now(UTC), command=command.split(), public=kept.key)
    _commit(tmp_path / "good", keys)
    assert verify(tmp_path / "good", KeyFolder(keys).trust()).code is ExitCode.CLEAN
    for number, text in enumerate(("raise SystemExit(4)", "print('AAAA')", "print('no base64!')")):
        script.write_text(text)
        out = tmp_path / f"bad{number}"
        _commit(out, keys)
        told = json.loads((out / "crawl.json").read_bytes())["evidence"]
        assert "signer" in told["unsigned"]
        assert verify(out, KeyFolder(keys).trust()).code is ExitCode.INCOMPLETE


def test_missing_head_refuses_the_start(tmp_path: Path) -> None:
    """A start does not go on over a head that is gone."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    _commit(out, keys, clean=False)
    max((out / "checkpoints").glob("*.checkpoint")).unlink()
    with pytest.raises(Exception, match=r"w0-\d+.checkpoint: is missing"):
        _commit(out, keys, number=1)


def test_command(demo: DemoRun, tmp_path: Path) -> None:
    """Exit status and JSON of the command; a folder without a crawl is misuse."""
    done = clearcrawl("audit", "verify", str(demo.folder), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (crawl,) = json.loads(done.stdout)["crawls"]
    assert (crawl["result"], crawl["findings"], crawl["heads"]) == ("holds", [], 3)
    trust = tmp_path / "trust.txt"
    trust.write_text("key nonsense 2026-01-01T00:00:00Z -\nwhat\n")
    done = clearcrawl("audit", "verify", str(demo.folder), "--trust", str(trust))
    assert done.returncode == 2
    assert f"{trust}:1" in done.stderr
    assert f"{trust}:2" in done.stderr
    assert clearcrawl("audit", "verify", str(tmp_path)).returncode == 2
    with pytest.raises(UsageError):
        verify(tmp_path / "absent", Trust())
    assert read_trust("t", own_trust().text()) == own_trust()


def test_events_alone_are_a_log(tmp_path: Path) -> None:
    """A crawl without rows has a log, heads and a bag all the same."""
    store = CrawlStore.open(tmp_path / "out", run=RUN, sealer=open_sealer(tmp_path / "keys"))
    store.commit(Batch(events=(Event(type="note", body={"text": "line\nbreak\u2028"}),)))
    store.close(clean=True, reason="finished", code=0)
    assert verify(tmp_path / "out", KeyFolder(tmp_path / "keys").trust()).code is ExitCode.CLEAN
