"""SIGKILL while requests are in flight, again and again, with the invariants I1 to I10 checked before every restart."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.audit.verifying import verify
from crawler.errors import ExitCode
from crawler.signing.key_folder import KeyFolder, default_folder
from tests.integration.findings import (
    attempts_of,
    by_url,
    check_requests,
    check_rows,
    check_visible,
    crawl_file,
    log_entries,
    pending_rows,
    rows_of,
)
from tests.integration.lab import wait
from tests.servers.tree import TreeSite
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from crawler.provenance.trust import Trust
    from tests.integration.lab import Lab

HOST = "tree.test"
CONNECTIONS = 8
DELAY = 0.03
"""Seconds that the site takes for a page."""
GROUP = 32
"""Outcomes of one group commit (reliability section 5.1)."""


@dataclass(slots=True, kw_only=True)
class Series:
    """What a series of kills came to; the lists name what went wrong."""

    seed: int
    kills: int = 0
    kills_in_start: int = 0
    in_flight: list[int] = field(default_factory=list)
    """Requests under way at the server at each kill."""
    crawls: int = 0
    pages: int = 0
    lost: list[str] = field(default_factory=list)
    """Committed rows that were gone later, and pages that the last resume left unfetched."""
    doubled: list[str] = field(default_factory=list)
    """URLs with two rows, or asked for again after their row was committed."""
    half: list[str] = field(default_factory=list)
    """Visible files that do not open."""
    denied: list[str] = field(default_factory=list)
    """Requests that robots.txt closes."""
    refetched: int = 0
    most_refetched: int = 0
    """After one kill."""
    interrupted: int = 0
    visible: int = 0
    """Visible files opened over all checks."""
    complete: int = 0
    """Crawls whose last run answered 0 with every page kept."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled or half, and the kills hit busy moments."""
        bad = self.lost or self.doubled or self.half or self.denied
        return not bad and self.complete == self.crawls and self.refetched + self.interrupted > 0

    def report(self) -> str:
        """Lines for people."""
        busy = sorted(self.in_flight) or [0]
        return "\n".join(
            [
                f"seed {self.seed}: {self.crawls} crawls of {self.pages} pages",
                f"{self.kills} kills with requests in flight, {self.kills_in_start} more in start-up or recovery",
                f"in flight at the kill: least {busy[0]}, median {busy[len(busy) // 2]}, most {busy[-1]}",
                f"lost {len(self.lost)}, doubled {len(self.doubled)}, denied URLs asked {len(self.denied)}",
                f"half files {len(self.half)} of {self.visible} opened",
                f"refetched {self.refetched} (most after one kill {self.most_refetched})",
                f"interrupted attempts {self.interrupted}",
                f"resumes complete {self.complete} of {self.crawls}",
            ]
        )


def expected(site: TreeSite) -> set[str]:
    """Targets of the pages that a whole crawl keeps, by a walk of its own over the site's links."""
    found = {"/"}
    waiting = [0]
    while waiting:
        for link in site.links(waiting.pop()):
            kind, number = link.removeprefix("/").split("/")
            page = f"/p/{number}"
            if kind != "denied" and page not in found:
                found.add(page)
                waiting.append(int(number))
    return found


def run_series(lab: Lab, *, kills: int, pages: int, seed: int, in_start: float = 0.1) -> Series:
    """Kill until so many kills hit requests in flight; each crawl is resumed to its end."""
    lab.policy(politeness={"connections": CONNECTIONS})
    killer = _Killer(
        lab=lab,
        series=Series(seed=seed, pages=pages),
        chosen=random.Random(seed),  # noqa: S311 - repeatable, not secret
        kills=kills,
        in_start=in_start,
    )
    series = killer.series
    while series.kills < kills:
        series.crawls += 1
        site = TreeSite(pages=pages, delay=DELAY, redirect_every=23, seed=seed + series.crawls)
        out = lab.folder / f"crawl{series.crawls}"
        with ScriptedWeb(unknown_host=site) as web:
            committed = killer.crawl(web, out)
            _check_end(web, out, site, committed, series)
        if series.is_good:
            shutil.rmtree(out)
    return series


@dataclass(slots=True, kw_only=True)
class _Killer:
    lab: Lab
    series: Series
    chosen: random.Random
    kills: int
    in_start: float

    def crawl(self, web: ScriptedWeb, out: Path) -> set[str]:
        """Start, kill, look, start again, until a run ends by itself; answer what was committed before that run."""
        series = self.series
        committed: set[str] = set()
        before: Counter[str] = Counter()
        while True:
            process = self.lab.start(web.url(HOST), out=out)
            is_killed = series.kills < self.kills and self._kill(process, web)
            ended = wait(process, 300)
            asked = Counter(_url(web, one.target) for one in web.log)
            again = sum(1 for url, number in asked.items() if number > before[url] > 0)
            series.refetched += again
            series.most_refetched = max(series.most_refetched, again)
            series.doubled += [f"asked again after its commit: {url}" for url in committed if asked[url] > before[url]]
            before = asked
            if not is_killed:
                assert ended.code == 0, ended.text
                return committed
            if (out / "crawl.json").is_file():
                committed = _check_killed(self.lab, out, committed, series)

    def _kill(self, process: subprocess.Popen[str], web: ScriptedWeb) -> bool:
        if self.chosen.random() < self.in_start:
            return _kill_in_start(process, self.chosen, self.series)
        longest = self.series.pages / self.kills * DELAY / CONNECTIONS * 1.6
        return _kill_busy(process, web, self.chosen.uniform(0, longest), self.series)


def _kill_in_start(process: subprocess.Popen[str], chosen: random.Random, series: Series) -> bool:
    time.sleep(chosen.uniform(0.01, 1.2))
    process.kill()
    series.kills_in_start += 1
    return True


def _kill_busy(process: subprocess.Popen[str], web: ScriptedWeb, delay: float, series: Series) -> bool:
    """Kill a while after the first page request of this run, at a moment with requests under way."""
    first = len(web.log)
    while process.poll() is None and not any(one.target != "/robots.txt" for one in list(web.log)[first:]):
        time.sleep(0.002)
    time.sleep(delay)
    while process.poll() is None:
        under_way = sum(1 for one in list(web.log)[first:] if one.ended is None)
        if under_way:
            process.kill()
            series.kills += 1
            series.in_flight.append(under_way)
            return True
        time.sleep(0.001)
    return False


def _check_killed(lab: Lab, out: Path, committed: set[str], series: Series) -> set[str]:
    """Look at the folder as the kill left it; answer all URLs whose row is committed."""
    copy = lab.folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(out, copy)  # reading the journal must not mend what the next start has to mend
    try:
        series.visible += check_visible(copy)
        published = [row["url"] for row in rows_of(copy)]
        series.half += [f"after kill {series.kills}: {found}" for found in verify(copy, _trust()).findings]
    except Exception as error:  # noqa: BLE001 - any reader's error is the finding
        series.half.append(f"after kill {series.kills}: {error!r}")
        return committed
    try:
        rows = Counter(pending_rows(copy))
    except Exception as error:
        if committed:
            raise AssertionError(f"the journal does not open after kill {series.kills}") from error
        return committed
    known = {row for row in rows if row in set(published)}
    now = set(rows) | set(published)
    if known:
        # Between the rename of a segment and its commit both hold the same rows; the next start writes them again.
        published = [url for url in published if url not in known]
    counted = rows + Counter(published)
    series.doubled += [f"two rows: {url}" for url, number in counted.items() if number > 1]
    series.lost += [f"row gone: {url}" for url in committed - now]
    return now


def _check_end(web: ScriptedWeb, out: Path, site: TreeSite, committed: set[str], series: Series) -> None:
    rows = check_rows(out)
    result = verify(out, _trust())
    assert result.code is ExitCode.CLEAN, (result.findings, result.undecided)
    urls = set(by_url(out))
    series.visible += check_visible(out)
    series.lost += [f"row gone: {url}" for url in committed - urls]
    wanted = {_url(web, target) for target in expected(site)}
    pages = {row["url"] for row in rows if row["verdict"] == "allow" and row["reason"] != "redirect"}
    series.lost += [f"never kept: {url}" for url in wanted - pages]
    assert pages <= wanted
    numbers = sorted(entry["seq"] for entry in log_entries(out))
    assert numbers == list(range(len(numbers))), "the log has gaps"
    assert {row["seq"] for row in rows} <= set(numbers)
    series.denied += [one.target for one in web.log if one.target.startswith("/denied/")]
    check_requests(out, [_url(web, one.target) for one in web.log])
    attempts = attempts_of(out)
    assert not [one for one in attempts if one.outcome == "sent"]
    series.interrupted += sum(1 for one in attempts if one.outcome == "interrupted")
    found = crawl_file(out)
    series.complete += found["exit_code"] == 0 and found["finish_reason"] == "finished" and wanted == pages


def _trust() -> Trust:
    return KeyFolder(default_folder()).trust()


def _url(web: ScriptedWeb, target: str) -> str:
    return web.url(HOST, target)
