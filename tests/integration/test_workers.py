"""Several workers, one crawl: the result of one, no host served to two, and every end leaves a crawl that goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.errors import ExitCode
from tests.integration.findings import by_url, crawl_file, kept, rows_of, workers_of
from tests.integration.joint import (
    CLOSED,
    DOMAINS,
    PAGES,
    check_joint,
    domains_by_worker,
    expected,
    many_domains,
    outcome,
    running_workers,
    verified,
)
from tests.integration.lab import wait
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb

ANY = ("--scope", "any")
DELAY = 0.25
"""Seconds that a page takes where a crawl is to be met on its way."""
LONG_DELAY = 3.0
"""The same where other commands have to run meanwhile; the six pages that lead to each other take six times that."""


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that other processes bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def under_way(web: ScriptedWeb) -> bool:
    """Whether pages of most domains were asked for, and not all."""
    return len({one.host for one in web.log if one.target == "/1"} & set(DOMAINS)) >= 3


def alive(pids: list[int]) -> list[int]:
    """Those processes that have not ended."""
    found = []
    for pid in pids:
        with suppress(OSError):
            if b") Z " not in Path(f"/proc/{pid}/stat").read_bytes():
                found.append(pid)
    return found


def start_three(lab: Lab, web: ScriptedWeb, delay: float = DELAY) -> subprocess.Popen[str]:
    """Start a crawl with three workers, and wait until it is well on its way."""
    process = lab.start(many_domains(lab, web, delay=delay), *ANY, "--workers", "3", "--json")
    until(lambda: under_way(web) and len(running_workers(process)) == 3)
    return process


def test_three_workers_find_what_one_finds(lab: Lab, web: ScriptedWeb) -> None:
    """Links, redirects, media and reservations across domains: the same URLs, verdicts, reasons, states and bodies."""
    seed = many_domains(lab, web)
    alone, together = lab.folder / "alone", lab.folder / "together"
    assert lab.crawl(seed, *ANY, out=alone).code == 0
    web.log.clear()
    ended = lab.crawl(seed, *ANY, "--workers", "3", "--json", out=together)
    assert ended.code == 0, ended.text
    assert outcome(together) == outcome(alone)
    assert workers_of(together) == ["w0", "w1", "w2"]
    assert all(len(domains) >= 2 for domains in domains_by_worker(together).values())
    check_joint(together, web)
    told = json.loads(ended.out)
    assert kept(together) == expected(web)
    counts = crawl_file(together)["counts"]
    assert (told["workers"], told["worker_deaths"]) == (3, 0)
    assert told["pages_kept"] == counts["pages_kept"] == crawl_file(alone)["counts"]["pages_kept"]
    assert sum(told["verdicts"].values()) == len(outcome(together))


def test_workers_without_a_domain_are_not_started(lab: Lab, web: ScriptedWeb) -> None:
    """More workers than domains: those that nobody needs leave no trace."""
    web.host("only.test")
    ended = lab.crawl(web.url("only.test"), "--workers", "8")
    assert ended.code == 0, ended.text
    assert workers_of(lab.out) == ["w0"]
    check_joint(lab.out, web)


@pytest.mark.parametrize("number", ["0", "-1", "65", "many"])
def test_a_number_of_workers_that_is_none_is_refused(lab: Lab, number: str) -> None:
    """One message, exit status 2, and no folder."""
    ended = lab.crawl("http://only.test/", "--workers", number)
    assert ended.code == 2
    assert "--workers" in ended.err
    assert "Traceback" not in ended.text
    assert not lab.out.exists()


def test_one_signal_stops_all_and_the_folder_goes_on(lab: Lab, web: ScriptedWeb) -> None:
    """SIGINT: status 3, a sealed crawl; a second run meanwhile gets 4; the same folder without options completes."""
    process = start_three(lab, web, LONG_DELAY)
    second = lab.crawl("--workers", "3")
    assert (second.code, "another run" in second.err) == (4, True), second.text
    workers = running_workers(process)
    process.send_signal(signal.SIGINT)
    ended = wait(process)
    assert ended.code == 3, ended.text
    assert "Traceback" not in ended.text
    assert not alive(workers)
    assert json.loads(ended.out)["finish_reason"] == crawl_file(lab.out)["finish_reason"] == "shutdown"
    assert len(kept(lab.out)) < len(expected(web))
    check_joint(lab.out, web)
    many_domains(lab, web)
    ended = lab.crawl(*ANY)
    assert ended.code == 0, ended.text
    assert "3 workers began this crawl" in ended.err
    assert kept(lab.out) == expected(web)
    check_joint(lab.out, web)


def test_a_request_at_a_domain_of_another_takes_its_turn_there(lab: Lab, web: ScriptedWeb) -> None:
    """A robots.txt that leads to a domain of another worker: no two requests at once there, and the rate is kept."""
    lab.policy(politeness={"delay": 0.4, "connections": 1})
    hub = web.host("hub.test")
    names = [f"leaf{number}.test" for number in range(8)]
    for name in names:
        leaf = web.host(name).set("/", html("a leaf"))
        leaf.set("/robots.txt", Reply(status=301, headers=(("Location", web.url("hub.test", "/rules")),)))
    hub.set("/rules", text("User-agent: *\nDisallow: /private\n"))
    for number in range(12):
        hub.set(f"/{number}", html(f"<a href='/{number + 1}'>x</a>"))
    seeds = [web.url("hub.test", "/0"), *(web.url(name) for name in names)]
    ended = lab.crawl(*seeds, "--workers", "3", timeout=90)
    assert ended.code == 0, ended.text
    assert {web.url(name) for name in names} <= kept(lab.out)
    assert len(workers_of(lab.out)) == 3
    assert web.log.targets("hub.test").count("/rules") >= 8
    assert web.log.most_in_flight("hub.test") == 1
    assert min(web.log.gaps("hub.test")) >= 0.35
    assert verified(lab.out).code is ExitCode.CLEAN


def test_a_worker_that_dies_is_started_again(lab: Lab, web: ScriptedWeb) -> None:
    """SIGKILL of a worker: its domains go on from its own state, nothing is lost or repeated, and it is told."""
    process = start_three(lab, web)
    os.kill(running_workers(process)[1], signal.SIGKILL)
    ended = wait(process)
    assert ended.code == 0, ended.text
    assert json.loads(ended.out)["worker_deaths"] == 1
    assert "died (signal 9)" in ended.err
    assert kept(lab.out) == expected(web)
    check_joint(lab.out, web)


def test_domains_of_a_worker_that_dies_again_and_again_wait(lab: Lab, web: ScriptedWeb) -> None:
    """The other workers end their part, status 3 tells, the crawl is sealed as it is, and the next run completes."""
    process = start_three(lab, web, LONG_DELAY)
    known = running_workers(process)
    victim = known[1]
    for _ in range(3):
        os.kill(victim, signal.SIGKILL)
        until(lambda: bool(set(running_workers(process)) - set(known)) or process.poll() is not None)
        fresh = set(running_workers(process)) - set(known)
        if not fresh:
            break
        victim = fresh.pop()
        known.append(victim)
    many_domains(lab, web)
    ended = wait(process)
    assert ended.code == 3, ended.text
    assert crawl_file(lab.out)["finish_reason"] == "worker_lost"
    assert "Traceback" not in ended.text
    check_joint(lab.out, web)
    lost = domains_by_worker(lab.out)["w1"]
    mine = {url for url in expected(web) if url.split("/")[2].split(":")[0] not in lost}
    assert mine <= expected(web)
    ended = lab.crawl(*ANY)
    assert ended.code == 0, ended.text
    assert kept(lab.out) == expected(web)
    check_joint(lab.out, web)


def test_workers_end_when_nobody_leads(lab: Lab, web: ScriptedWeb) -> None:
    """SIGKILL of the leading process: the workers stop by themselves, and the next run goes on."""
    process = start_three(lab, web)
    workers = running_workers(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until(lambda: not alive(workers), 20)
    assert verified(lab.out).code is ExitCode.INCOMPLETE
    ended = lab.crawl(*ANY, "--workers", "3")
    assert ended.code == 0, ended.text
    assert kept(lab.out) == expected(web)
    check_joint(lab.out, web)


def test_a_limit_of_pages_holds_over_all_workers(lab: Lab, web: ScriptedWeb) -> None:
    """The sum is never exceeded, and is reached; over a second run too."""
    seed = many_domains(lab, web)
    ended = lab.crawl(seed, *ANY, "--workers", "3", "--max-pages", "17", "--json")
    assert ended.code == 0, ended.text
    assert json.loads(ended.out)["finish_reason"] == "max_pages"
    assert len(kept(lab.out)) == 17
    ended = lab.crawl(*ANY, "--workers", "3", "--max-pages", "30")
    assert ended.code == 0, ended.text
    assert len(kept(lab.out)) == 30
    check_joint(lab.out, web)


def test_a_crawl_that_one_began_goes_on_with_several(lab: Lab, web: ScriptedWeb) -> None:
    """What one worker began stays its own; the folder is never again written by one alone."""
    seed = many_domains(lab, web)
    assert lab.crawl(seed, *ANY, "--max-pages", "12").code == 0
    ended = lab.crawl(*ANY, "--workers", "2")
    assert ended.code == 0, ended.text
    assert {row["verdict"] for row in by_url(lab.out).values()} == {"allow", "deny"}
    assert kept(lab.out) == expected(web)
    check_joint(lab.out, web)


def test_what_is_taken_from_one_worker_is_found(lab: Lab, web: ScriptedWeb) -> None:
    """Both verifiers miss a worker whose files are gone, and see a head over heads that is not over the last ones."""
    assert lab.crawl(many_domains(lab, web), *ANY, "--workers", "3").code == 0
    copy = lab.folder / "copy"
    shutil.copytree(lab.out, copy)
    for path in [path for path in copy.rglob("w2-*") if path.is_file()]:
        path.unlink()
    assert verified(copy).code is ExitCode.FINDINGS
    shutil.rmtree(copy)
    shutil.copytree(lab.out, copy)
    heads = sorted((copy / "checkpoints").glob("w1-*"))
    for path in heads[-2:]:
        path.unlink()
    for path in [*copy.glob("*.txt"), *(copy / "attestations").glob("*.dsse.json")]:
        path.unlink()
    found = verified(copy)
    assert "checkpoints/crawl-000001.checkpoint" in {one.file for one in found.findings}


def test_every_command_reads_the_folder_as_one_crawl(lab: Lab, web: ScriptedWeb) -> None:
    """Status, replay, explain, export and a purge with its new seal; one worker alone is refused."""
    assert lab.crawl(many_domains(lab, web), *ANY, "--workers", "3").code == 0
    rows, out = len(by_url(lab.out)), str(lab.out)

    def answer(*arguments: str) -> Ended:
        return wait(lab.spawn([sys.executable, "-m", "crawler", *arguments]))

    status = json.loads(answer("status", out, "--json").out)
    assert (status["state"], status["counts"]["done"] + status["counts"]["denied"]) == ("finished", rows)
    assert answer("audit", "replay", out).code == 0
    told = answer("audit", "explain", web.url(CLOSED, "/0/0"), "--in", out)
    assert (told.code, "Disallow: /" in told.out) == (0, True), told.text
    exported = lab.folder / "exported"
    assert answer("export", out, "-o", str(exported)).code == 0
    assert answer("summary", out, "-o", str(lab.folder / "summary.json")).code == 0
    receipt = str(lab.folder / "receipt.json")
    asked = ("--domain", DOMAINS[1], "--reason", "asked for", "--authority", "test", "--receipt", receipt)
    purged = answer("purge", out, *asked)
    assert purged.code == 0, purged.text
    assert sum(row["erased_at"] is not None for row in rows_of(lab.out)) >= PAGES
    found = verified(lab.out)
    assert found.code is ExitCode.CLEAN, (found.findings, found.undecided)
    assert len(list((lab.out / "checkpoints").glob("crawl-*.checkpoint"))) == 2
    assert lab.crawl(web.url(DOMAINS[0], "/more"), *ANY).code == 0
    found = verified(lab.out)
    assert found.code is ExitCode.CLEAN, (found.findings, found.undecided)


def test_workers_sign_with_a_key_under_a_passphrase(lab: Lab, web: ScriptedWeb) -> None:
    """From the environment each worker has it too; without it the start is refused in one message."""
    web.host("one.test", html("1"))
    web.host("two.test", html("2"))
    keys = {"CLEARCRAWL_KEYS": str(lab.folder / "keys"), "CLEARCRAWL_KEY_PASSPHRASE": "a long passphrase"}
    made = wait(lab.spawn([sys.executable, "-m", "crawler", "keys", "new", "--passphrase"], **keys))
    assert made.code == 0, made.text
    command = lab.command(web.url("one.test"), web.url("two.test"), "--workers", "2")
    refused = wait(lab.spawn(command, CLEARCRAWL_KEYS=keys["CLEARCRAWL_KEYS"]))
    assert (refused.code, "passphrase" in refused.err) == (2, True), refused.text
    ended = wait(lab.spawn(command, **keys))
    assert ended.code == 0, ended.text
    assert crawl_file(lab.out)["evidence"]["protection"] == "passphrase"
