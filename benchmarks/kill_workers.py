"""SIGKILL of workers and of the process that leads them, at random moments, until each crawl completes (fault 8.12).

After each crawl the invariants of reliability section 8 hold over the merge, both verifiers agree that it is sound, no
domain was asked by two workers, and what is kept is what a crawl without kills keeps. The seed is printed.

python benchmarks/kill_workers.py [--kills 20] [--seed N]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crawler.errors import ExitCode
from tests.integration.joint import check_joint, expected, many_domains, running_workers
from tests.integration.lab import Lab, wait
from tests.servers.web import ScriptedWeb

WORKERS = 3
KILLS_A_CRAWL = 4
OF_WORKERS = 0.75
"""Share of kills that hit a worker, where there is one."""
START_SECONDS = 30.0
"""That a kill of a worker waits for one to be there."""
PAGE_SECONDS = 0.8


def one_crawl(folder: Path, chance: random.Random) -> tuple[int, int]:
    """Kill until the crawl has had enough, then let it end; answer kills of workers and of the leading process."""
    workers = leaders = 0
    lab = Lab(folder)
    with ScriptedWeb() as web:
        try:
            seed = many_domains(lab, web, delay=PAGE_SECONDS)
            arguments = (seed, "--scope", "any", "--workers", str(WORKERS), "--quiet")
            process = lab.start(*arguments)
            for _ in range(KILLS_A_CRAWL):
                is_worker = chance.random() < OF_WORKERS
                until = time.monotonic() + START_SECONDS
                while is_worker and not running_workers(process) and time.monotonic() < until:
                    time.sleep(0.05)
                time.sleep(chance.uniform(0.0, 4.0))
                victims = running_workers(process)
                if is_worker and victims:
                    with suppress(ProcessLookupError):
                        os.kill(chance.choice(victims), signal.SIGKILL)
                        workers += 1
                elif process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    leaders += 1
                    process.wait()
                if process.poll() is not None:
                    process.communicate()
                    process = lab.start(*arguments)
            ended = wait(process, 120)
            while ended.code == ExitCode.INCOMPLETE:
                ended = lab.crawl(*arguments, timeout=120)
            if ended.code:
                raise SystemExit(f"ended with {ended.code}: {ended.text}")
            check_joint(lab.out, web, whole=expected(web))
        finally:
            lab.close()
    return workers, leaders


def main() -> int:
    """Print how many kills the crawls outlived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    chance = random.Random(given.seed)  # noqa: S311 - moments of kills, no secret
    print(f"seed {given.seed}", flush=True)
    workers = leaders = crawls = 0
    while workers + leaders < given.kills:
        with tempfile.TemporaryDirectory(prefix="clearcrawl-kill-") as folder:
            killed = one_crawl(Path(folder) / "lab", chance)
        workers, leaders, crawls = workers + killed[0], leaders + killed[1], crawls + 1
        print(f"{crawls} crawls, {workers} workers and {leaders} leading processes killed, all held", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
