"""Proofs to forward: bundles that hold without our code, and absence that is proven by the whole signed log."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from crawler.provenance.checkpoint import Checkpoint, LeafProof
from crawler.provenance.leaf import leaf_hash
from crawler.provenance.merkle import inclusion_proof
from crawler.provenance.signed_note import VerifierKey
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.demo_run import DemoRun

TOOLS = ("openssl", "basenc", "sha256sum", "sh", "gzip")


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the instructions of a bundle, as a stranger would."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        if os.environ.get("TEST_PARTS") == "all":
            pytest.fail(f"missing: {missing}")
        pytest.skip(f"missing: {missing}")
    return subprocess.run(["sh", str(folder / "check.sh")], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours


@pytest.fixture(scope="module")
def bundle(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence for one URL."""
    out = tmp_path_factory.mktemp("bundle") / "out"
    url = demo.row("headers.test", "/essay")["url"]
    done = clearcrawl("audit", "explain", url, "--in", str(demo.folder), "--bundle", str(out))
    assert done.returncode == 0, done.stderr
    return out


def test_bundle_is_checked_with_openssl_and_coreutils(bundle: Path) -> None:
    """Every file, the signature, every leaf, every record; the row's proof has at most 2 KiB."""
    done = check(bundle)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("all holds\n")
    assert "is about the record warc/" in done.stdout
    (proof,) = (bundle / "rows").glob("*.tlog-proof")
    assert proof.stat().st_size <= 2048
    assert (bundle / "policies" / "crawl-policy.toml").is_file()
    draft = (bundle / "declaration.txt").read_text()
    assert draft.startswith("DRAFT")
    assert "clearcrawl/" in draft
    assert "[full name]" in draft
    assert not set(draft) & set("{}")
    assert {path.parent.name for path in bundle.rglob("*") if path.is_file()} >= {"rows", "site-files", "warc", "keys"}


@pytest.mark.parametrize(
    "name", ["rows/*.leaf", "rows/*.tlog-proof", "checkpoints/*", "keys/*", "warc/*", "site-files/*.leaf", "policies/*"]
)
def test_one_changed_octet_is_found(bundle: Path, tmp_path: Path, name: str) -> None:
    """With the list of files made anew, so that nothing but signature, tree and digests can tell."""
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    path = min(copy.glob(name))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert check(copy).returncode == 1
    if not name.startswith("policies"):
        files = [one for one in copy.rglob("*") if one.is_file() and one.name != "manifest-sha256.txt"]
        lines = subprocess.run(["sha256sum", *files], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
        (copy / "manifest-sha256.txt").write_text(lines)
        assert check(copy).returncode != 0


def test_proof_stays_small_in_a_large_log() -> None:
    """Of a million leaves, and with a long origin, under 2 KiB."""
    hashes = [leaf_hash(str(number).encode()) for number in range(5000)]
    proof = inclusion_proof(4321, hashes)
    head = Checkpoint(origin="o" * 200, size=1 << 40, root=hashes[0]).text() + b"\n" + b"x" * 300
    grown = LeafProof(index=1 << 39, proof=tuple(proof) + tuple(hashes[: 28 - len(proof)]), checkpoint=head)
    assert len(grown.text()) <= 2048


def test_domain_bundle_and_lists(demo: DemoRun, tmp_path: Path) -> None:
    """All rows of a domain; where a list refused, the list is there."""
    out = tmp_path / "out"
    done = clearcrawl("audit", "explain", "--in", str(demo.folder), "--domain", "blocked.test", "--bundle", str(out))
    assert done.returncode == 0, done.stderr
    assert check(out).returncode == 0
    assert "blocked.test" in (out / "blocklists" / "local.txt").read_text()
    again = clearcrawl("audit", "explain", "--in", str(demo.folder), "--domain", "blocked.test", "--bundle", str(out))
    assert (again.returncode, again.stderr[:7]) == (2, "Error: ")


def test_absence_is_proven_by_the_signed_log(demo: DemoRun) -> None:
    """Absent: 0, and the heads are named. Present: 1. In another spelling: the canonical one is looked for."""
    folder = str(demo.folder)
    done = clearcrawl("audit", "explain", "--not", "http://nobody.test/", "--in", folder, "--json")
    (told,) = json.loads(done.stdout)["urls"]
    assert (done.returncode, told["result"]) == (0, "absent")
    (scan,) = told["scanned"]
    lines = b"".join(gzip.decompress(path.read_bytes()) for path in sorted((demo.folder / "log").iterdir()))
    assert scan["leaves"] == lines.count(b"\n")
    url = demo.row("harbour.test")["url"]
    done = clearcrawl("audit", "explain", "--not", url.replace("http://", "HTTP://"), "--in", folder, "--json")
    assert (done.returncode, json.loads(done.stdout)["urls"][0]["result"]) == (1, "present")


def test_absence_in_a_damaged_log_is_no_proof(demo: DemoRun, tmp_path: Path) -> None:
    """Leaves that were taken away, or that nobody signed, prove nothing."""
    copy = demo.copy(tmp_path / "cut")
    path = min((copy / "log").iterdir())
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:50] + lines[51:])))
    done = clearcrawl("audit", "explain", "--not", "http://nobody.test/", "--in", str(copy))
    assert done.returncode in {1, 3}
    copy = demo.copy(tmp_path / "unsigned")
    max((copy / "checkpoints").glob("*.checkpoint")).unlink()
    done = clearcrawl("audit", "explain", "--not", "http://nobody.test/", "--in", str(copy))
    assert done.returncode == 1  # crawl.json tells of a head that is not there
    assert "not signed yet" in done.stdout


def test_a_stranger_does_not_take_our_key_on_trust(demo: DemoRun, tmp_path: Path) -> None:
    """With a trust file that names somebody else, nothing is proven."""
    trust = tmp_path / "trust"
    other = VerifierKey(name="somebody", public=bytes(range(32)))
    trust.write_text(f"key {other} 2020-01-01T00:00:00.000000Z -\n")
    words = ("--not", "http://nobody.test/", "--in", str(demo.folder), "--trust", str(trust))
    assert clearcrawl("audit", "explain", *words).returncode in {1, 3}


def test_misuse(demo: DemoRun, tmp_path: Path) -> None:
    """One message and exit 2."""
    folder = str(demo.folder)
    for words in (
        ("--in", folder),
        ("--in", folder, "--domain", "a.test"),
        ("--in", folder, "--not", "nonsense"),
        ("--in", str(tmp_path), "--not", "http://a.test/"),
        ("--in", folder, "http://nobody.test/", "--bundle", str(tmp_path / "x")),
    ):
        done = clearcrawl("audit", "explain", *words)
        assert (done.returncode, done.stderr[:7]) == (2, "Error: "), (words, done.stderr)
