"""Time stamps, asked of a real authority made with OpenSSL on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.audit.bundling import write_bundle
from crawler.audit.proving import read_signed_log
from crawler.errors import ExitCode, SignerError, UsageError
from crawler.provenance.trust import Span, Trust
from crawler.signing.key_folder import KeyFolder
from crawler.signing.sealer import open_sealer
from crawler.signing.stamps import certificates, check_stamp, open_stamper, root_digest
from crawler.storage.entries import Batch, ClaimRequest, Event
from crawler.storage.reading import CrawlReader
from crawler.storage.store import CrawlStore
from tests.demo_run import clearcrawl
from tests.evidence.authority import OPENSSL, Authority
from tests.evidence.both import verify
from tests.shared import ROOT
from tests.storage.making import RUN, allowed, new

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(OPENSSL is None and os.environ.get("TEST_PARTS") != "all", reason="needs openssl")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One authority for all tests; each sets its behaviour."""
    with Authority(tmp_path_factory.mktemp("tsa") / "ca") as made:
        yield made


def _crawl(out: Path, keys: Path, authority: Authority) -> str | None:
    stamper = open_stamper({"tsa": authority.url}, {"tsa": authority.root}, 3600)
    store = CrawlStore.open(out, run=RUN, sealer=open_sealer(keys), stamper=stamper)
    store.commit(Batch(events=(Event(type="note", body={}),)))
    store.close(clean=True, reason="finished", code=0)
    return store.unsealed


def test_heads_are_stamped_and_openssl_agrees(authority: Authority, tmp_path: Path) -> None:
    """First and last head have a token that our verifier and ``openssl ts -verify`` take."""
    authority.behaviour = "good"
    out, keys = tmp_path / "out", tmp_path / "keys"
    assert _crawl(out, keys, authority) is None
    answers = sorted((out / "timestamps").glob("*.tsr"))
    assert [path.name for path in answers] == ["w0-000001.tsa.tsr", "w0-000002.tsa.tsr"]
    trust = KeyFolder(keys).trust()
    result = verify(out, trust, are_stamps_demanded=True)
    assert (result.stamps, result.findings) == (2, ())
    assert result.code is ExitCode.INCOMPLETE  # nobody vouches for the root
    (root,) = certificates(authority.root.encode())
    vouched = Trust(
        keys=trust.keys, roots=((root_digest(root), Span(since=trust.keys[0].span.since.replace(year=2020))),)
    )
    assert verify(out, vouched, are_stamps_demanded=True).code is ExitCode.CLEAN
    other = Trust(keys=trust.keys, roots=(("sha256:" + "0" * 64, Span(since=trust.keys[0].span.since)),))
    assert verify(out, other).code is ExitCode.FINDINGS
    for answer in answers:
        done = subprocess.run(  # noqa: S603 - as the documents print it
            [OPENSSL or "openssl", "ts", "-verify", "-data", str(out / "checkpoints" / f"{answer.name[:9]}.checkpoint"),
             "-in", str(answer), "-CAfile", str(authority.folder / "root.pem")],
            capture_output=True, check=False,
        )  # fmt: skip
        assert b"Verification: OK" in done.stdout + done.stderr


@pytest.mark.parametrize("behaviour", ["refuse", "other_digest", "other_nonce", "garbage", "empty"])
def test_wrong_answers_are_not_kept(behaviour: str, authority: Authority, tmp_path: Path) -> None:
    """The crawl goes on, says that stamps are pending, and verifies but for what is demanded (fault 8.13)."""
    authority.behaviour = behaviour
    out, keys = tmp_path / "out", tmp_path / "keys"
    unsealed = _crawl(out, keys, authority)
    assert unsealed is not None
    assert "pending" in unsealed
    assert not list((out / "timestamps").glob("*.tsr"))
    trust = KeyFolder(keys).trust()
    assert verify(out, trust).code is ExitCode.CLEAN
    assert verify(out, trust, are_stamps_demanded=True).code is ExitCode.INCOMPLETE


def test_a_later_run_gets_what_was_pending(authority: Authority, tmp_path: Path) -> None:
    """What was refused is asked for again with the next head, and fits the head of then."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    authority.behaviour = "refuse"
    _crawl(out, keys, authority)
    authority.behaviour = "good"
    assert _crawl(out, keys, authority) is None
    assert len(list((out / "timestamps").glob("*.tsr"))) == len(list((out / "timestamps").glob("*.tsq"))) > 2
    assert verify(out, KeyFolder(keys).trust()).code is ExitCode.CLEAN


def test_stamps_are_asked_for_again_after_the_end(authority: Authority, tmp_path: Path) -> None:
    """``keys stamp`` changes nothing while the authority is away, then stores what was pending and hands over anew."""
    out, keys, policies = tmp_path / "out", tmp_path / "keys", tmp_path / "policies"
    authority.behaviour = "refuse"
    assert _crawl(out, keys, authority) is not None
    shutil.copytree(ROOT / "policies", policies)
    with (policies / "crawl-policy.toml").open("a") as file:
        file.write(f"\n[timestamps.authorities.tsa]\nurl = '{authority.url}'\nroots = ['{authority.root_line}']\n")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and "state" not in path.parts}
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), CLEARCRAWL_KEYS=str(keys))
    assert done.returncode == 3, done.stderr
    assert "no answer" in " ".join(done.stdout.split())
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and "state" not in path.parts}
    assert after == before
    authority.behaviour = "good"
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), "--json", CLEARCRAWL_KEYS=str(keys))
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["crawls"]
    assert (told["stamped"], told["pending"]) == (["w0-000001.tsa.tsr", "w0-000002.tsa.tsr"], [])
    result = verify(out, KeyFolder(keys).trust())
    assert (result.code, result.stamps) == (ExitCode.CLEAN, 2)
    assert json.loads((out / "crawl.json").read_bytes())["evidence"]["pending"] == []
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), CLEARCRAWL_KEYS=str(keys))
    assert (done.returncode, "0 stamps stored, 0 pending" in " ".join(done.stdout.split())) == (0, True)
    refused = clearcrawl("keys", "stamp", str(out), "--policies", str(ROOT / "policies"), CLEARCRAWL_KEYS=str(keys))
    assert refused.returncode == 2
    assert "names no authority" in refused.stderr


def test_a_token_for_something_else_is_refused(tmp_path: Path) -> None:
    """Another root, another text or another question: no token passes for what it is not."""
    with Authority(tmp_path / "one") as one, Authority(tmp_path / "two") as two:
        client = open_stamper({"one": one.url, "two": one.url}, {"one": one.root, "two": two.root}, 60)
        assert client is not None
        request = client.request(b"head")
        reply = client.ask("one", request, b"head")
        assert check_stamp(reply, request, b"head", certificates(one.root.encode())).tzinfo is not None
        with pytest.raises(SignerError, match="was not kept"):
            client.ask("two", request, b"head")
        for octets, question in ((b"other", request), (b"head", client.request(b"head"))):
            with pytest.raises(ValueError, match="no time stamp that fits"):
                check_stamp(reply, question, octets, certificates(one.root.encode()))


def test_a_token_with_its_chain_counts(authority: Authority) -> None:
    """OpenSSL writes the certificates in no order; the reply is kept as it came, and no cut or changed one passes."""
    authority.behaviour = "chain"
    client = open_stamper({"tsa": authority.url}, {"tsa": authority.root}, 60)
    assert client is not None
    request = client.request(b"head")
    reply = client.ask("tsa", request, b"head")
    assert reply == (authority.folder / "reply.tsr").read_bytes()
    roots = certificates(authority.root.encode())
    for place in range(0, len(reply), 7):
        with pytest.raises(ValueError, match="no time stamp that fits"):
            check_stamp(reply[:place], request, b"head", roots)


def test_the_bundle_checks_the_stamp(authority: Authority, tmp_path: Path) -> None:
    """``check.sh`` takes the stamp of the head, and finds a changed one, with OpenSSL alone."""
    authority.behaviour = "good"
    out, keys, bundle = tmp_path / "out", tmp_path / "keys", tmp_path / "bundle"
    stamper = open_stamper({"tsa": authority.url}, {"tsa": authority.root}, 3600)
    run = replace(RUN, details={**RUN.details, "policy_files": {}, "list_files": {}})
    store = CrawlStore.open(out, run=run, sealer=open_sealer(keys), stamper=stamper)
    store.commit(Batch(new_urls=(new("http://a.test/", "a.test"),)))
    (claim,) = store.commit(Batch(claim=ClaimRequest(now=2e9, limit=1, per_lane=1))).claims
    store.commit(Batch(outcomes=(allowed(claim, b"<p>x", crawl_id=store.crawl_id),)))
    store.close(clean=True, reason="finished", code=0)
    with CrawlReader.open(out) as reader:
        log = read_signed_log(
            out, KeyFolder(keys).trust(), lambda line: b'"http://a.test/"' in line, is_trust_given=True
        )
        write_bundle(reader, log, bundle, {})
    (stamp,) = (bundle / "timestamps").glob("*.tsr")
    done = _check(bundle)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "existed when tsa stamped it" in done.stdout
    data = bytearray(stamp.read_bytes())
    data[len(data) // 2] ^= 1
    stamp.write_bytes(data)
    files = sorted(path for path in bundle.rglob("*") if path.is_file() and path.name != "manifest-sha256.txt")
    sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bundle)}\n" for path in files)
    (bundle / "manifest-sha256.txt").write_text("".join(sums))
    done = _check(bundle)
    assert done.returncode != 0
    assert stamp.name in done.stdout + done.stderr


def _check(bundle: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "check.sh"], cwd=bundle, capture_output=True, text=True, check=False)  # noqa: S607 - ours


def test_no_roots_is_a_refused_start() -> None:
    """A policy whose roots hold no certificate names the key."""
    with pytest.raises(UsageError, match=r"timestamps.authorities.tsa\] roots"):
        open_stamper({"tsa": "http://127.0.0.1:1/"}, {"tsa": "nothing"}, 60)


def test_a_certificate_for_web_servers_stamps_nothing(tmp_path: Path) -> None:
    """OpenSSL itself does not sign with it; a token that somebody forced through would be refused by its purpose."""
    with Authority(tmp_path / "web", purpose="web") as web:
        client = open_stamper({"web": web.url}, {"web": web.root}, 60)
        assert client is not None
        with pytest.raises(SignerError, match="web"):
            client.ask("web", client.request(b"head"), b"head")
