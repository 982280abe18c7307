"""Time stamps, asked of a real authority made with OpenSSL on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.audit.bundling import write_bundle
from crawler.audit.proving import read_signed_log
from crawler.errors import ExitCode, SignerError, UsageError
from crawler.provenance.trust import Span, Trust
from crawler.purging.crawl import PurgeableCrawl
from crawler.signing.key_folder import KeyFolder
from crawler.signing.sealer import open_sealer
from crawler.signing.stamps import certificates, check_stamp, open_stamper, root_digest
from crawler.storage.entries import Batch, ClaimRequest, Event
from crawler.storage.reading import CrawlReader
from crawler.storage.restamping import Stamped
from crawler.storage.store import CrawlStore
from tests.demo_run import clearcrawl
from tests.evidence.authority import OPENSSL, Authority
from tests.evidence.both import verify
from tests.evidence.second import second_verifier
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
    before = _files(out)
    assert json.loads((out / "crawl.json").read_bytes())["exit_code"] == 3
    assert verify(out, KeyFolder(keys).trust()).code is ExitCode.CLEAN
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), CLEARCRAWL_KEYS=str(keys))
    assert done.returncode == 3, done.stderr
    assert "no answer" in " ".join(done.stdout.split())
    assert _files(out) == before
    status = " ".join(clearcrawl("status", str(out)).stdout.split())
    assert "finished (finished, exit 3)" in status
    assert f"clearcrawl keys stamp {out}" in status
    authority.behaviour = "good"
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), "--json", CLEARCRAWL_KEYS=str(keys))
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["crawls"]
    assert (told["stamped"], told["pending"]) == (["w0-000001.tsa.tsr", "w0-000002.tsa.tsr"], [])
    result = verify(out, KeyFolder(keys).trust())
    assert (result.code, result.stamps) == (ExitCode.CLEAN, 2)
    found = json.loads((out / "crawl.json").read_bytes())
    assert (found["evidence"]["pending"], found["exit_code"]) == ([], 0)
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), CLEARCRAWL_KEYS=str(keys))
    assert (done.returncode, "0 stamps stored, 0 pending" in " ".join(done.stdout.split())) == (0, True)
    refused = clearcrawl("keys", "stamp", str(out), "--policies", str(ROOT / "policies"), CLEARCRAWL_KEYS=str(keys))
    assert refused.returncode == 2
    assert "names no authority" in refused.stderr


def _policy(folder: Path, **authorities: Authority) -> Path:
    shutil.copytree(ROOT / "policies", folder)
    with (folder / "crawl-policy.toml").open("a") as file:
        for name, one in authorities.items():
            file.write(f"\n[timestamps.authorities.{name}]\nurl = '{one.url}'\nroots = ['{one.root_line}']\n")
    return folder


def _stamp(out: Path, keys: Path, policies: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = clearcrawl(
        "keys", "stamp", str(out), "--policies", str(policies), "--json", *more, CLEARCRAWL_KEYS=str(keys)
    )
    assert done.stdout, done.stderr
    (told,) = json.loads(done.stdout)["crawls"]
    return done.returncode, told


def _files(out: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and "state" not in path.parts}


def test_stamps_are_renewed(authority: Authority, tmp_path: Path) -> None:
    """R6.10: a later token over the earlier replies and the head, by the same authority or another; OpenSSL agrees."""
    authority.behaviour = "good"
    out, keys = tmp_path / "out", tmp_path / "keys"
    assert _crawl(out, keys, authority) is None
    before = _files(out)
    assert _stamp(out, keys, _policy(tmp_path / "p0", tsa=authority), "--renew", "--within", "1")[0] == 0
    assert _files(out) == before
    code, told = _stamp(out, keys, tmp_path / "p0", "--renew")
    assert (code, told["stamped"]) == (0, ["w0-000001.tsa.1.tsa.tsr", "w0-000002.tsa.1.tsa.tsr"])
    with Authority(tmp_path / "later") as later:
        code, told = _stamp(out, keys, _policy(tmp_path / "p1", later=later), "--renew")
        assert code == 0, told
        assert "w0-000001.tsa.2.later.tsr" in told["stamped"]
        result = verify(out, KeyFolder(keys).trust())
        assert (result.code, result.stamps) == (ExitCode.CLEAN, 7)  # two heads three times, and later's own of the last
        names = ("w0-000002.tsa.1.tsa.tsr", "w0-000002.tsa.tsr")
        octets = b"".join((out / "timestamps" / name).read_bytes() for name in names)
        (tmp_path / "data").write_bytes(octets + (out / "checkpoints/w0-000002.checkpoint").read_bytes())
        done = subprocess.run(  # noqa: S603 - as the documents print it
            [OPENSSL or "openssl", "ts", "-verify", "-data", str(tmp_path / "data"), "-in",
             str(out / "timestamps/w0-000002.tsa.2.later.tsr"), "-CAfile", str(later.folder / "root.pem")],
            capture_output=True, check=False,
        )  # fmt: skip
        assert b"Verification: OK" in done.stdout + done.stderr
    (out / "timestamps/w0-000001.tsa.1.tsa.tsr").unlink()
    assert verify(out, KeyFolder(keys).trust()).code is ExitCode.FINDINGS


def test_a_stamp_that_ended_is_not_renewed(authority: Authority, tmp_path: Path) -> None:
    """It holds as of its time, is not enough where one is demanded, and no later token is asked for."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    authority.behaviour = "good"
    with Authority(tmp_path / "ended", ended=timedelta(days=3)) as ended:
        assert _crawl(out, keys, ended) is None
        before = _files(out)
        code, told = _stamp(out, keys, _policy(tmp_path / "policies", tsa=ended, new=authority), "--renew")
        assert (code, sorted(told["problems"])) == (3, ["w0-000001.tsa.tsr", "w0-000002.tsa.tsr"])
        assert "too late" in told["problems"]["w0-000001.tsa.tsr"]
        assert told["stamped"] == ["w0-000002.new.tsr"]
        assert set(before) < set(_files(out))
        trust = KeyFolder(keys).trust()
        assert verify(out, trust).code is ExitCode.CLEAN
        result = verify(out, trust, are_stamps_demanded=True)
        assert result.code is ExitCode.INCOMPLETE
        assert any("w0-000001.checkpoint: the certificates" in one for one in result.undecided)
        assert not any("w0-000002.checkpoint: the certificates" in one for one in result.undecided)


def _sealed_with(out: Path, keys: Path, files: dict[str, bytes]) -> None:
    """As somebody could who has the key."""
    with PurgeableCrawl(out) as crawl:
        crawl.put_stamps(Stamped(files=files, problems={}))
        crawl.seal(open_sealer(keys))


@pytest.mark.parametrize("fault", ["late", "early", "alone", "twice", "other"])
def test_renewals_that_prove_nothing(fault: str, authority: Authority, tmp_path: Path) -> None:
    """After the end of what it renews, before it, without it, beside another of the same number, of something else."""
    out, keys = tmp_path / "out", tmp_path / "keys"
    authority.behaviour = "good"
    with Authority(tmp_path / "ended", ended=timedelta(days=3)) as ended:
        assert _crawl(out, keys, ended if fault == "late" else authority) is None
        name = "w0-000001.tsa.1.new"
        head = (out / "checkpoints/w0-000001.checkpoint").read_bytes()
        octets = (out / "timestamps/w0-000001.tsa.tsr").read_bytes() + head
        giver = ended if fault == "early" else authority
        client = open_stamper({"new": giver.url}, {"new": giver.root}, 60)
        assert client is not None
        told = head if fault == "other" else octets
        request = client.request(told)
        reply = client.ask("new", request, told)
        if fault == "alone":
            name = "w0-000001.tsa.2.new"
        files = {f"{name}.tsq": request, f"{name}.tsr": reply, "new.roots.pem": giver.root.encode()}
        if fault == "twice":
            files |= {f"w0-000001.tsa.1.old.ts{end}": files[f"{name}.ts{end}"] for end in "qr"}
            files["old.roots.pem"] = giver.root.encode()
        _sealed_with(out, keys, files)
        result = verify(out, KeyFolder(keys).trust())
        assert f"timestamps/{name}.tsr" in {finding.file for finding in result.findings}
        assert {finding.check for finding in result.findings} == {"stamps"}


def test_other_roots_need_another_name(authority: Authority, tmp_path: Path) -> None:
    """An authority that has a new root years later is named anew: what was signed over the old roots stays."""
    authority.behaviour = "good"
    out, keys = tmp_path / "out", tmp_path / "keys"
    assert _crawl(out, keys, authority) is None
    with Authority(tmp_path / "other") as other:
        code, told = _stamp(out, keys, _policy(tmp_path / "policies", tsa=other), "--renew")
        assert code == 3
        assert all("give the authority another name" in one for one in told["problems"].values())
        with pytest.raises(UsageError, match=r"timestamps\.authorities\.tsa.*another name"):
            _crawl(out, keys, other)


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
    assert _stamp(out, keys, _policy(tmp_path / "policies", tsa=authority), "--renew")[0] == 0
    assert _stamp(out, keys, tmp_path / "policies", "--renew")[0] == 0
    with CrawlReader.open(out) as reader:
        log = read_signed_log(
            out, KeyFolder(keys).trust(), lambda line: b'"http://a.test/"' in line, is_trust_given=True
        )
        write_bundle(reader, log, bundle, {})
    stamp, *renewals = sorted((bundle / "timestamps").glob("*.tsr"), key=lambda path: len(path.name))
    assert len(renewals) == 2
    done = _check(bundle)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("existed when tsa stamped it") == 3
    (tmp_path / "trust.txt").write_text(KeyFolder(keys).trust().text())
    assert second_verifier().verify(bundle, tmp_path / "trust.txt").findings == []
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
