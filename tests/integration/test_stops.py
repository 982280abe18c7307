"""A crawl that is stopped, crowded out, out of space or damaged says so by its exit status, and goes on afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.findings import attempts_of, by_url, check_requests, check_rows, check_visible, crawl_file, kept
from tests.integration.killing import HOST, expected
from tests.integration.lab import wait
from tests.servers.replies import Reply, html, text
from tests.servers.tree import TreeSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

SLOW = {"first_byte_timeout": 120.0, "total_timeout": 120.0}


def until(condition: object, seconds: float = 120) -> None:
    """Wait for something that another process brings about."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def stuck(web: ScriptedWeb) -> None:
    """Serve a site whose front page links to pages that take a minute."""
    site = TreeSite(pages=30, cross=0)
    host = web.host(HOST, site)
    for number in range(1, 9):
        host.set(f"/p/{number}", Reply(body=site.page(number), delay=60))


def asked_slow(web: ScriptedWeb) -> bool:
    """Whether slow pages are under way."""
    return sum(1 for one in web.log if one.target.startswith("/p/") and one.ended is None) >= 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_within_thirty_seconds(lab: Lab, web: ScriptedWeb, number: signal.Signals) -> None:
    """Replies take a minute: status 3 in time, interrupted attempts in the journal, and the resume completes."""
    stuck(web)
    lab.policy(limits=SLOW)
    process = lab.start(web.url(HOST))
    until(lambda: asked_slow(web))
    process.send_signal(number)
    if number == signal.SIGINT:  # a second signal only makes it faster
        time.sleep(0.5)
        process.send_signal(number)
    started = time.monotonic()
    ended = wait(process, 40)
    assert ended.code == 3, ended.text
    assert time.monotonic() - started < (30 if number == signal.SIGTERM else 8)
    assert "Traceback" not in ended.text
    assert crawl_file(lab.out)["exit_code"] == 3
    check_visible(lab.out)
    check_rows(lab.out)
    assert {one.outcome for one in attempts_of(lab.out) if one.url.endswith(("/p/1", "/p/2"))} == {"interrupted"}
    first = kept(lab.out)
    site = TreeSite(pages=30, cross=0)
    for page in range(1, 9):
        web.host(HOST).set(f"/p/{page}", site)
    again = lab.crawl()
    assert again.code == 0, again.text
    check_rows(lab.out)
    assert first <= kept(lab.out) == {web.url(HOST, target) for target in expected(site)}
    check_requests(lab.out, [web.url(HOST, one.target) for one in web.log])


def test_a_stop_says_nothing_about_a_site_that_was_being_asked(lab: Lab, web: ScriptedWeb) -> None:
    """Site files that a stop cuts off, and those not yet sent, are asked for again; none of them counts as unread."""
    lab.policy(limits=SLOW, politeness={"connections": 1})
    slow, quick = web.host("slow.test", Reply(delay=60)), web.host("quick.test", html("<p>x</p>"))
    quick.set("/robots.txt", text("")).set("/ai.txt", Reply(delay=60))
    process = lab.start(web.url("slow.test"), web.url("quick.test"))
    until(lambda: {"/robots.txt"} <= set(web.log.targets("slow.test")) and "/ai.txt" in web.log.targets("quick.test"))
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    ended = wait(process, 40)
    assert ended.code == 3, ended.text
    assert "Traceback" not in ended.text
    asked = [one.target for one in web.log]
    outcomes = {one.url: one.outcome for one in attempts_of(lab.out)}
    assert outcomes[web.url("slow.test", "/robots.txt")] == outcomes[web.url("quick.test", "/ai.txt")] == "interrupted"
    assert "sent" not in outcomes.values()
    assert asked.count("/trust.txt") == 0
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])
    slow.fallback = html("<p>y</p>")
    quick.set("/ai.txt", Reply(status=404))
    again = lab.crawl()
    assert again.code == 0, again.text
    assert kept(lab.out) == {web.url("slow.test"), web.url("quick.test")}
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])


def test_two_runs_on_one_folder(lab: Lab, web: ScriptedWeb) -> None:
    """The second run answers 4 at once; the first one is unharmed."""
    site = TreeSite(pages=200, delay=0.5)
    web.host(HOST, site)
    first = lab.start(web.url(HOST))
    until(lambda: len(web.log) > 5)
    started = time.monotonic()
    second = lab.crawl(web.url(HOST))
    assert second.code == 4, second.text
    assert time.monotonic() - started < 12  # 2 s on an idle machine, most of it the start of Python
    assert str(lab.out) in second.err
    assert "Traceback" not in second.text
    ended = wait(first)
    assert ended.code == 0, ended.text
    check_rows(lab.out)
    assert kept(lab.out) == {web.url(HOST, target) for target in expected(site)}
    assert max(web.log.targets(HOST).count(target) for target in expected(site)) == 1


@pytest.fixture
def small_disk(lab: Lab) -> Iterator[Path]:
    """Mount a file system of 2 MB, or skip."""
    folder = lab.folder / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by the superuser only")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False)  # noqa: S603 - fixed arguments
    if done.returncode:
        pytest.skip(f"mount does not work here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S603, S607 - as above


def test_disk_full(lab: Lab, web: ScriptedWeb, small_disk: Path) -> None:
    """A full disk stops the crawl within 10 s with status 5; with space made, the resume completes."""
    noise = os.urandom(60_000)
    tree = TreeSite(pages=80, denied_every=0)
    full_at: list[float] = []

    def page(request: object) -> Reply:
        reply = tree(request)  # type: ignore[arg-type]
        if reply.status == 200 and reply.body.startswith(b"<"):
            return Reply(headers=reply.headers, body=reply.body + b"<!--" + noise.hex().encode() + b"-->", delay=0.02)
        return reply

    web.host(HOST, page)
    out = small_disk / "out"
    process = lab.start(web.url(HOST), out=out)
    while process.poll() is None:
        if not full_at and shutil.disk_usage(small_disk).free < 100_000:
            full_at.append(time.monotonic())
        time.sleep(0.02)
    ended = wait(process)
    assert ended.code == 5, ended.text
    assert full_at
    assert time.monotonic() - full_at[0] < 10
    assert "Traceback" not in ended.text
    assert check_visible(out) >= 0
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)  # noqa: S603, S607 - our own mount
    again = lab.crawl(out=out)
    assert again.code == 0, again.text
    check_rows(out)
    assert kept(out) == {web.url(HOST, target) for target in expected(tree)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Path, str]]:
    """Make a crawl that was stopped by its page limit, to be damaged in copies."""
    from tests.integration.lab import Lab  # noqa: PLC0415 - for its value, elsewhere only for its type
    from tests.servers.web import ScriptedWeb  # noqa: PLC0415 - as above

    lab = Lab(tmp_path_factory.mktemp("damage") / "lab")
    with ScriptedWeb(unknown_host=TreeSite(pages=60)) as web:
        ended = lab.crawl(web.url(HOST), "--max-pages", "20")
        assert ended.code == 0, ended.text
        yield lab, lab.out, web.url(HOST)
    lab.close()


def halve(path: Path) -> None:
    """Cut a file to half its length."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "database": "state/w0/state.db",
    "segment": "manifest/w0-000001.parquet",
    "archive": "warc/w0-pages-000001.warc.gz",
    "description": "crawl.json",
}


@pytest.mark.parametrize("kind", ["halved", "gone"])
@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_named(finished: tuple[Lab, Path, str], tmp_path: Path, what: str, kind: str) -> None:
    """A cut or missing file of the state: status 5, the file is named, nothing else is touched."""
    lab, whole, seed = finished
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    file = out / DAMAGES[what]
    halve(file) if kind == "halved" else file.unlink()
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "lock"}
    ended = lab.crawl(seed, out=out)
    assert ended.code == 5, ended.text
    assert DAMAGES[what] in ended.err
    assert "Traceback" not in ended.text
    after = {path: path.read_bytes() for path in before if path.is_file()}
    changed = {path.name for path in before if before[path] != after.get(path)}
    # Opening the journal marks it as open; a journal that is itself the damaged file stays as it is.
    assert changed <= {"state.db-wal", "state.db-shm", "running", *({"state.db"} if what != "database" else set())}


def test_another_format_is_left_alone(finished: tuple[Lab, Path, str], tmp_path: Path) -> None:
    """A crawl of a format to come is neither read nor overwritten (R5.9)."""
    lab, whole, seed = finished
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    found = crawl_file(out)
    (out / "crawl.json").write_text(json.dumps(found | {"format": 99}))
    ended = lab.crawl(seed, out=out)
    assert ended.code == 5, ended.text
    assert "crawl.json" in ended.err
    assert "99" in ended.err


def test_a_tail_nobody_committed_is_cut(lab: Lab, web: ScriptedWeb) -> None:
    """Octets behind the committed end of an open WARC go; the crawl goes on."""
    site = TreeSite(pages=40, delay=0.1)
    web.host(HOST, site)
    process = lab.start(web.url(HOST))
    until(lambda: len(web.log) > 20)
    process.kill()
    wait(process)
    archive = next((lab.out / "warc").glob("*pages*.open"))
    with archive.open("ab") as stream:
        stream.write(os.urandom(100))
    ended = lab.crawl()
    assert ended.code == 0, ended.text
    check_rows(lab.out)
    assert set(by_url(lab.out)) >= {web.url(HOST, target) for target in expected(site)}
