"""Crawls made by the commands: both verifiers as programs, the proof of one URL, the commands that documents print."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.demo_run import clearcrawl
from tests.evidence.crawls import make
from tests.evidence.second import FILE, second_verifier
from tests.evidence.tampering import STAMP_KINDS, copy, tamper
from tests.once import once
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.skipif(OPENSSL is None and os.environ.get("TEST_PARTS") != "all", reason="needs openssl"),
    pytest.mark.slow,
]

CODES = {
    "demo": 0, "killed": 3, "resumed": 0, "again": 0, "recrawl": 0, "purged": 0, "rotated": 0, "stamped": 0,
    "renewed": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def crawls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good crawls of every kind, with their trust file."""
    return once(tmp_path_factory, "crawls", make)


def second(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the second verifier as an auditor does: isolated from everything that is installed."""
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", str(FILE), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def both(root: Path, trust: Path, *more: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both programs print as JSON; their exit status has to be the same."""
    first = clearcrawl("audit", "verify", str(root), "--trust", str(trust), "--json", "-q", *more)
    other = second(root, "--trust", trust, "--json", *more)
    assert "Traceback" not in first.stderr + other.stderr
    assert first.returncode == other.returncode, first.stdout + other.stdout
    return json.loads(first.stdout)["crawls"][0], json.loads(other.stdout)


@pytest.mark.parametrize("kind", CODES)
def test_good_crawls(kind: str, crawls: Path) -> None:
    """Finished, killed, resumed, crawled twice, crawled again elsewhere, purged, rotated, stamped."""
    told, other = both(crawls / kind, crawls / "trust.txt")
    assert (other["code"], other["findings"], told["findings"]) == (CODES[kind], [], [])
    assert (told["heads"], told["stamps"]) == (other["counts"]["heads"], other["counts"].get("stamps", 0))
    if kind != "killed":  # leaves since the last segment lie in the journal, which only the second counts
        assert (told["leaves"], told["records"]) == (other["counts"]["leaves"], other["counts"]["records"])


def test_killed_without_state(crawls: Path, tmp_path: Path) -> None:
    """What a kill left, handed over without the journal: leaves are missing, and nothing differs."""
    shutil.copytree(crawls / "killed", tmp_path / "out")
    shutil.rmtree(tmp_path / "out/state")
    for answer in both(tmp_path / "out", crawls / "trust.txt"):
        assert answer["findings"] == []
        assert answer["undecided"]


def test_old_trust_follows_the_rotation(crawls: Path) -> None:
    """Who was told of the old key alone believes the new one through its note, and not without it."""
    both(crawls / "rotated", crawls / "trust-old.txt")
    (note,) = (crawls / "rotated/attestations").glob("*.rotation")
    octets = note.read_bytes()
    note.unlink()
    try:
        told, other = both(crawls / "rotated", crawls / "trust-old.txt")
        assert told["findings"]
        assert note.name in {one["file"].rpartition("/")[2] for one in other["findings"]}
    finally:
        note.write_bytes(octets)


def test_purged_content_stays_gone(crawls: Path, tmp_path: Path) -> None:
    """The erased leaf put back, or one more erased without an entry: both find it."""
    for change in ("back", "more"):
        root = tmp_path / change
        shutil.copytree(crawls / "purged", root)
        (log,) = root.glob("log/w0-000001-e1.*")
        lines = gzip.decompress(log.read_bytes()).split(b"\n")
        whole = gzip.decompress((crawls / "resumed/log/w0-000001.jsonl.gz").read_bytes()).split(b"\n")
        (at, *_) = [place for place, line in enumerate(lines) if line.startswith(b'{"erased"')]
        if change == "back":
            lines[at] = whole[at]
        else:
            digest = second_verifier().leaf_hash(lines[1]).hex()
            lines[1] = b'{"erased":true,"leaf_hash":"sha256:%s","seq":1}' % digest.encode()
        log.write_bytes(gzip.compress(b"\n".join(lines)))
        for answer in both(root, crawls / "trust.txt"):
            assert "log/w0-000001-e1.jsonl.gz" in {one["file"] for one in answer["findings"]}


@pytest.mark.parametrize("kind", [*STAMP_KINDS, *(f"{name}/rebagged" for name in STAMP_KINDS)])
def test_changed_stamps(kind: str, crawls: Path, tmp_path: Path) -> None:
    """A reply, a request, the roots, or a renewal, changed or away."""
    told = tamper(copy(crawls / "renewed", tmp_path / "out"), kind, random.Random(kind))  # noqa: S311 - repeatable
    for answer in both(tmp_path / "out", crawls / "trust.txt"):
        assert told & {one["file"] for one in answer["findings"]}


@pytest.mark.parametrize("name", ["checkpoints/*.checkpoint", "attestations/*.vkey", "attestations/*.rotation"])
def test_notes_that_are_no_text(name: str, crawls: Path, tmp_path: Path) -> None:
    """An octet of a note that is no UTF-8: both name the file."""
    root = tmp_path / "out"
    shutil.copytree(crawls / "rotated", root)
    path = min(root.glob(name))
    octets = bytearray(path.read_bytes())
    octets[0] |= 0x80
    path.write_bytes(octets)
    for answer in both(root, crawls / "trust.txt"):
        assert path.relative_to(root).as_posix() in {one["file"] for one in answer["findings"]}


def test_bundle_and_proofs(crawls: Path, tmp_path: Path) -> None:
    """A bundle and each proof in it hold; a changed octet of any file is found; a proof has at most 2 KiB."""
    url = next(one for one in urls(crawls / "stamped"))
    bundle, trust = tmp_path / "bundle", crawls / "trust.txt"
    assert clearcrawl("audit", "explain", url, "--in", str(crawls / "stamped"), "--bundle", str(bundle)).returncode == 0
    assert second(bundle, "--trust", trust).returncode == 0
    assert second(bundle).returncode == 3
    (proof,) = bundle.glob("rows/*.tlog-proof")
    assert proof.stat().st_size <= 2048
    assert second(proof, "--trust", trust).returncode == 0
    for path in sorted(bundle.rglob("*")):
        if path.is_file():
            octets = path.read_bytes()
            path.write_bytes(octets[:-2] + bytes([octets[-2] ^ 1]) + octets[-1:])
            report = second_verifier().verify(bundle, trust)
            path.write_bytes(octets)
            named = {one["file"] for one in report.findings}
            assert named
            assert path.name == "manifest-sha256.txt" or path.relative_to(bundle).as_posix() in named


def urls(root: Path) -> list[str]:
    """URLs of the kept pages."""
    (index, *_) = root.glob("index/*")
    return [json.loads(line.split(b" ", 2)[2])["url"] for line in gzip.decompress(index.read_bytes()).splitlines()]


def printed(page: str, marker: str) -> str:
    """The block of commands of a document that holds a text."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    (block,) = (block for block in blocks if marker in block)
    return str(block)


def test_printed_commands(crawls: Path, tmp_path: Path) -> None:
    """The commands in the documents check a head, a time stamp and the proof of a URL, and find another leaf."""
    out, bundle = crawls / "stamped", tmp_path / "bundle"
    clearcrawl("audit", "explain", urls(out)[0], "--in", str(out), "--bundle", str(bundle))
    (proof,) = bundle.glob("rows/*.tlog-proof")
    shutil.copyfile(proof, tmp_path / "NAME.tlog-proof")
    shutil.copyfile(proof.with_suffix(".leaf"), tmp_path / "NAME.leaf")
    shutil.copyfile(out / "timestamps/tsa.roots.pem", tmp_path / "roots.pem")
    shutil.copyfile(crawls / "trust.txt", tmp_path / "trust.txt")
    (tmp_path / "out").symlink_to(out)
    head = run(printed("auditor.md", "verifier-key").replace("NAME", "tsa"), tmp_path)
    assert "Signature Verified Successfully" in head
    assert "Verification: OK" in head
    commands = printed("evidence-format.md", "NAME.tlog-proof")
    assert "Proof Verified Successfully" in run(commands, tmp_path)
    (tmp_path / "NAME.leaf").write_bytes((tmp_path / "NAME.leaf").read_bytes().replace(b'"allow"', b'"deny"'))
    assert "Proof Verified Successfully" not in run(commands, tmp_path)


def run(commands: str, folder: Path) -> str:
    """What a POSIX shell prints for them."""
    done = subprocess.run(["/bin/sh"], input=commands, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_misuse(tmp_path: Path) -> None:
    """No crawl, no trust file, an empty one, a line that says nothing: one message and status 2."""
    bad = tmp_path / "trust.txt"
    for text in ("", "# nothing\n", "key what 2026-01-01T00:00:00.000000Z -\n", "who\n"):
        bad.write_text(text)
        done = second(tmp_path, "--trust", bad)
        assert (done.returncode, done.stdout) == (2, "")
        assert str(bad) in done.stderr
    for arguments in ((tmp_path,), (tmp_path / "absent",), (tmp_path, "--trust", tmp_path / "absent")):
        done = second(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_standard_library_alone() -> None:
    """The file imports what Python brings, and nothing of clearcrawl."""
    names = re.findall(r"^\s*(?:import|from) (\w+)", FILE.read_text(), re.MULTILINE)
    assert set(names) <= sys.stdlib_module_names
