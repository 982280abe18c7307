"""The whole crawl beside plain Scrapy and a bare client: ratios of pages a second, CPU a page and memory.

All variants of a round run at the same moment, as whole processes, over the same synthetic web (optional data beside
the repository, ``../shared/bench``); the median of the rounds' ratios counts. Everything of clearcrawl is on.

python benchmarks/whole.py [--hosts 300] [--rounds 3] [--groups crawl list] [--crawlee PYTHON]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.crawl import BENCH, free_port, wait_for
from tests.integration.lab import Lab
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESSES = 32
SHIM = "loopdns.so"
PAGE = os.sysconf("SC_PAGE_SIZE")
PACKAGES = ("scrapy", "twisted", "selectolax", "pyarrow", "protego")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of the table: ``quantity`` of ``one`` over that of ``other``."""

    name: str
    says: str
    one: str
    other: str
    quantity: str
    least: float | None = None
    most: float | None = None


GROUPS: dict[str, tuple[str, ...]] = {
    "crawl": ("ours", "today", "bare"),
    "list": ("on", "off", "raw"),
    "peer": ("again", "crawlee"),
}
BARS = (
    Bar(name="P1", says="everything on / Scrapy + robots + feed, pages/s", one="ours", other="today", quantity="rate",
        least=3.0),
    Bar(name="P2", says="everything on / bare Scrapy, pages/s", one="ours", other="bare", quantity="rate", least=2.7),
    Bar(name="P3", says="readers, blocklists, log, journal on / off, same list, pages/s", one="on", other="off",
        quantity="rate", least=0.85),
    Bar(name="P4", says="everything on / aiohttp + lxml links, same list, pages/s", one="on", other="raw",
        quantity="rate", least=0.40),
    Bar(name="P5", says="everything on / Crawlee for Python, robots on, distinct pages/s", one="again", other="crawlee",
        quantity="rate", least=2.5),
    Bar(name="P7", says="everything on / bare Scrapy, CPU a page", one="ours", other="bare", quantity="cpu", most=0.40),
    Bar(name="P8", says="everything on / bare Scrapy, peak memory of all processes at one moment", one="ours",
        other="bare", quantity="rss", most=0.8),
    Bar(name="P8a", says="the same, of the largest process", one="ours", other="bare", quantity="largest"),
    Bar(name="P8b", says="the same, of all processes, shared pages counted once", one="ours", other="bare",
        quantity="pss", most=0.8),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One process from start to end."""

    pages: int
    seconds: float
    cpu_seconds: float
    rss: float
    """Of the process and all below it at one moment, the most that was seen, in MiB; shared pages count for each."""
    largest: float
    """Peak of any one of them, in MiB, as the kernel noted it."""
    pss: float
    """As ``rss``, but pages that several processes share count in parts (proportional set size)."""

    def of(self, quantity: str) -> float:
        """Give pages a second, CPU milliseconds a page, or MiB."""
        if quantity == "rate":
            return self.pages / self.seconds
        if quantity == "cpu":
            return self.cpu_seconds / self.pages * 1000
        return {"rss": self.rss, "largest": self.largest, "pss": self.pss}[quantity]


class Web:
    """The synthetic web, served by nginx where it is installed, else, and where it has to wait, by its own server."""

    def __init__(self, lab: Lab, hosts: int, *, latency_ms: int = 0) -> None:
        self.port = free_port()
        self._script = [sys.executable, str(BENCH / "synthweb.py")]
        self._options = ["--hosts", str(hosts), "--port", str(self.port)]
        nginx, folder = shutil.which("nginx"), lab.folder / "web"
        if nginx is None or latency_ms:
            waits = ["--latency-ms", str(latency_ms)]
            self._server = lab.spawn([*self._script, "serve", *self._options, *waits, "--ttl", "36000"])
        else:
            self._run("export", "--dir", str(folder), "--addrs", str(ADDRESSES))
            self._server = lab.spawn([nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", "daemon off;"])
        wait_for(self.port)

    def stop(self) -> None:
        """End the server in good order: a master of nginx that is killed leaves its workers behind."""
        self._server.terminate()
        self._server.communicate()

    def urls(self, *options: str) -> list[str]:
        """Seeds; with ``--all`` every page."""
        return self._run("urls", *options).split()

    def _run(self, command: str, *options: str) -> str:
        line = [*self._script, command, *self._options, *options]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def commands(lab: Lab, seeds: str, pages: str, concurrency: int, crawlee: str) -> dict[str, list[str]]:
    """The command of every variant; ``crawlee`` is the interpreter of an environment that has Crawlee."""
    scrapy = [sys.executable, str(BENCH / "scrapybench.py"), seeds]
    crawl = ["crawl", "--concurrency", str(concurrency), "--quiet", "--json"]
    folders = ["--policies", str(lab.policies), "--blocklists", str(lab.blocklists)]
    ours = [sys.executable, "-m", "crawler", *crawl, *folders]
    without = [sys.executable, str(ROOT / "benchmarks" / "without_readers.py"), *crawl, *folders]
    whole = [*ours, seeds, "--scope", "any", "-o", "{out}"]
    return {
        "ours": whole,
        "again": whole,
        "today": [*scrapy, "--robots", "--feed", "{out}"],
        "bare": scrapy,
        "on": [*ours, pages, "--list", "-o", "{out}"],
        "off": [*without, pages, "--list", "-o", "{out}"],
        "raw": [sys.executable, str(BENCH / "rawclient.py"), "aiohttp", pages, "--conc", "100", "--links"],
        "crawlee": ["env", f"LD_PRELOAD={lab.folder / SHIM}", f"LOOPDNS_ADDRS={ADDRESSES}", crawlee,
                    str(ROOT / "benchmarks" / "with_crawlee.py"), seeds, "100"],
    }  # fmt: skip


def build_shim(lab: Lab) -> None:
    """Compile what resolves the names of the synthetic web for programs whose resolver cannot be set."""
    line = ["cc", "-O2", "-shared", "-fPIC", "-o", str(lab.folder / SHIM), str(BENCH / "loopdns.c"), "-ldl"]
    subprocess.run(line, check=True)


class Memory:
    """Looks at the resident memory of a process and of all below it, twenty times a second, while the block runs."""

    def __init__(self, pid: int) -> None:
        self.peak = 0.0
        """Of the sum, in MiB."""
        self.pss = 0.0
        """Of the sum of proportional sizes, in MiB."""
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        looks = 0
        while not self._is_over.wait(0.05):
            looks += 1
            with suppress(OSError):  # ended in between
                self.peak = max(self.peak, self._sum(self._pid, _resident))
            if looks % 4 == 0:  # the kernel walks all pages for it
                with suppress(OSError, ValueError):
                    self.pss = max(self.pss, self._sum(self._pid, _proportional))

    def _sum(self, pid: int, size: Callable[[int], float], above: bytes = b"") -> float:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if command == above:  # just begun, and still an image of the process above it
            return 0.0
        total = size(pid)
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                with suppress(OSError):
                    total += self._sum(int(child), size, command)
        return total


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def _proportional(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def measure(lab: Lab, command: list[str], out: Path) -> Measured:
    """Run one process to its end; its last line of output is a JSON object that counts the pages."""
    line = [part.replace("{out}", str(out)) for part in command]
    log = Path(f"{out}.log")
    with log.open("wb") as sink:
        started = time.monotonic()
        process = subprocess.Popen(line, cwd=lab.folder, stdout=sink, stderr=subprocess.DEVNULL, env=_environment())
        with Memory(process.pid) as memory:
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    text = log.read_text()
    if process.returncode:
        raise SystemExit(f"{line}: ended with {process.returncode}\n{text[-2000:]}")
    shutil.rmtree(out, ignore_errors=True)
    told: dict[str, Any] = json.loads(text[text.index("{") :])
    pages = told["pages_kept"] if "pages_kept" in told else told["pages"]
    cpu = usage.ru_utime + usage.ru_stime
    largest = usage.ru_maxrss / 1024
    rss = max(memory.peak, largest)
    return Measured(pages=pages, seconds=seconds, cpu_seconds=cpu, rss=rss, largest=largest, pss=memory.pss)


def _environment() -> dict[str, str]:
    """Modules are compiled once, as in an installation: without bytecode every start would pay a second for it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def together(lab: Lab, lines: dict[str, list[str]], place: str) -> dict[str, Measured]:
    """Run processes at the same moment."""
    found: dict[str, Measured] = {}

    def run(name: str) -> None:
        found[name] = measure(lab, lines[name], lab.folder / f"{place}-{name}")

    threads = [threading.Thread(target=run, args=(name,)) for name in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < len(lines):
        raise SystemExit("a variant failed")
    return found


def table(rounds: list[dict[str, Measured]], machine: str) -> str:
    """Ratios, then what they are made of, as Markdown."""
    lines = [machine, "", "| bar | what | ratio | rounds | wanted |", "| --- | --- | --- | --- | --- |"]
    for bar in BARS:
        ratios = [one[bar.one].of(bar.quantity) / one[bar.other].of(bar.quantity) for one in rounds
                  if bar.one in one and bar.other in one]  # fmt: skip
        if ratios:
            wanted = "" if bar.most is None else f"at most {bar.most}"
            wanted = wanted if bar.least is None else f"at least {bar.least}"
            shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            lines.append(f"| {bar.name} | {bar.says} | {statistics.median(ratios):.2f} | {shown} | {wanted} |")
    lines += ["", "| variant | pages | pages/s | CPU ms/page | peak MiB | shared once | largest process |",
              "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for name in dict.fromkeys(name for one in rounds for name in one):
        runs = [one[name] for one in rounds if name in one]
        rate, cpu, *memory = (
            statistics.median(run.of(quantity) for run in runs) for quantity in ("rate", "cpu", "rss", "pss", "largest")
        )
        shown = " | ".join((f"{rate:.0f}", f"{cpu:.2f}", *(f"{one:.0f}" for one in memory)))
        lines.append(f"| {name} | {runs[0].pages} | {shown} |")
    return "\n".join(lines)


def _machine(hosts: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = os.getloadavg()[0]
    cores = os.cpu_count()
    return (
        f"{hosts} hosts; {cores} cores ({platform.machine()}), load before {load:.1f}; {platform.system()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def main() -> int:
    """Print the table; 0 also where a bar is missed, for that is what the table shows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--groups", nargs="+", choices=sorted(GROUPS), default=["crawl", "list"])
    parser.add_argument("--crawlee", metavar="PYTHON", help="interpreter with Crawlee; adds the group peer")
    given = parser.parse_args()
    groups = [*given.groups, *(["peer"] if given.crawlee and "peer" not in given.groups else [])]
    if "peer" in groups and not given.crawlee:
        parser.error("the group peer wants --crawlee PYTHON")
    if not (BENCH / "synthweb.py").is_file():
        print("skipped: ../shared/bench is not beside the repository")
        return 0
    machine = _machine(given.hosts)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "crawler")], check=True, env=_environment())
    with tempfile.TemporaryDirectory(prefix="clearcrawl-bench-") as folder:
        Path(folder).chmod(0o755)  # the web server's worker runs as somebody else
        lab = Lab(Path(folder) / "lab")
        try:
            web = Web(lab, given.hosts)
            seeds, pages = lab.seeds(web.urls()), lab.seeds(web.urls("--all"), "all.txt")
            lines = commands(lab, seeds, pages, given.concurrency, given.crawlee or "")
            if "peer" in groups:
                build_shim(lab)
            rounds = []
            for number in range(given.rounds):
                found: dict[str, Measured] = {}
                for group in groups:
                    chosen = {name: lines[name] for name in GROUPS[group]}
                    found |= together(lab, chosen, f"{number}-{group}")
                rounds.append(found)
                rates = ", ".join(f"{name} {one.of('rate'):.0f}/s" for name, one in found.items())
                print(f"round {number + 1} of {given.rounds}: {rates}", file=sys.stderr, flush=True)
            print(table(rounds, machine), flush=True)
            web.stop()
        finally:
            lab.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
