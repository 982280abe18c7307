"""Good crawls of every kind, made by the commands as a user runs them, for both verifiers.

    python -m tests.evidence.crawls FOLDER

writes them below FOLDER: ``demo``, ``killed`` (as the kill left it), ``resumed``, ``again`` (crawled twice),
``recrawl`` (with ``--previous``), ``purged``, ``rotated`` (two keys), ``stamped`` (time stamps),
``renewed`` (the same, renewed), and ``trust.txt``.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.demo_run import clearcrawl, run_demo
from tests.evidence.authority import Authority
from tests.integration.lab import Lab
from tests.servers.replies import Reply, html
from tests.servers.tree import TreeSite
from tests.servers.web import ScriptedWeb

HOST = "tree.test"


def make(folder: Path) -> Path:
    """Make all of them; answer the folder. Keys are new and lie in ``folder/keys``."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:  # other tests of the process keep their keys
        patch.setenv("CLEARCRAWL_KEYS", str(folder / "keys"))
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    _expect(run_demo(folder / "demo").code, "demo")
    lab = Lab(folder / "lab")
    try:
        with ScriptedWeb() as web:
            web.host(HOST, TreeSite(pages=120, redirect_every=9, delay=0.05))
            web.host("other.test", html("<p>kept elsewhere</p>"))
            _killed(lab, web, folder)
            _recrawled(lab, web, folder)
        with ScriptedWeb() as web:
            web.host(HOST, TreeSite(pages=6))
            _stamped(lab, web, folder)
            _rotated(lab, web, folder)
    finally:
        lab.close()
    (folder / "trust.txt").write_text(clearcrawl("keys", "show", "--trust").stdout)


def _expect(code: int, what: str) -> None:
    assert code == 0, what


def _killed(lab: Lab, web: ScriptedWeb, folder: Path) -> None:
    out = folder / "resumed"
    process = lab.start(web.url(HOST), out=out)
    while sum(one.target.startswith("/p/") for one in list(web.log)) < 12 and process.poll() is None:
        time.sleep(0.005)
    time.sleep(0.3)
    process.kill()
    process.wait()
    shutil.copytree(out, folder / "killed")
    ended = lab.crawl(out=out)
    _expect(ended.code, ended.text)


def _recrawled(lab: Lab, web: ScriptedWeb, folder: Path) -> None:
    seeds = lab.seeds([web.url(HOST, f"/p/{n}") for n in (0, 3, 5)] + [web.url("other.test")])
    first, second = folder / "again", folder / "recrawl"
    for arguments, out in (
        ([seeds, "--list"], first),
        ([seeds, "--list"], first),
        (["--previous", str(first)], second),
    ):
        ended = lab.crawl(*arguments, out=out)
        _expect(ended.code, ended.text)
    shutil.copytree(folder / "resumed", folder / "purged")
    done = clearcrawl("purge", str(folder / "purged"), "--url", web.url(HOST, "/p/3"), "--url", web.url(HOST, "/p/8"),
                      "--yes", "--receipt", str(folder / "receipt.json"))  # fmt: skip
    _expect(done.returncode, done.stdout + done.stderr)


def _stamped(lab: Lab, web: ScriptedWeb, folder: Path) -> None:
    with Authority(folder / "authority") as authority:
        lab.policy(timestamps__authorities__tsa={"url": authority.url, "roots": [authority.root_line]})
        ended = lab.crawl(web.url(HOST), out=folder / "stamped")
        _expect(ended.code, ended.text)
        shutil.copytree(folder / "stamped", folder / "renewed")
        renew(folder / "renewed", lab.policies)
    lab.policy()


def renew(out: Path, policies: Path) -> None:
    """Have the stamps of a crawl renewed; one over its newest head is asked for where there is none."""
    done = clearcrawl("keys", "stamp", str(out), "--policies", str(policies), "--renew")
    _expect(done.returncode, done.stdout + done.stderr)


def _rotated(lab: Lab, web: ScriptedWeb, folder: Path) -> None:
    web.host("more.test", lambda _: Reply(headers=(("Content-Type", "text/html"),), body=b"<p>more</p>"))
    out = folder / "rotated"
    for host, is_last in ((HOST, False), ("more.test", True)):
        ended = lab.crawl(web.url(host), out=out)
        _expect(ended.code, ended.text)
        if not is_last:
            (folder / "trust-old.txt").write_text(clearcrawl("keys", "show", "--trust").stdout)
            _expect(clearcrawl("keys", "rotate").returncode, "rotate")


if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute())
