"""A crawl that publishes one segment: ``python publishing.py OUT FAULT``. Run by test_segments, without Arrow loaded.

FAULT is ``none``; ``die:N``, to be killed just before the N-th step on the way to the segment; ``kill:N``, where the
process that makes the columns is killed N times; or ``broken``, where it cannot be run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from crawler.errors import StorageError
from crawler.storage.entries import Batch, ClaimRequest
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN, allowed, denied, new

PAGES = 30
WANT = ClaimRequest(now=1000.0, limit=PAGES, per_lane=PAGES)


def filled(out: Path) -> CrawlStore:
    """Commit pages; the rows wait in the journal."""
    store = CrawlStore.open(out, run=RUN)
    urls = tuple(new(f"http://a.test/{n}", "a.test") for n in range(PAGES))
    claims = store.commit(Batch(new_urls=urls, claim=WANT)).claims
    outcomes = (denied(claim) if number % 7 == 3 else allowed(claim, b"body") for number, claim in enumerate(claims))
    store.commit(Batch(outcomes=tuple(outcomes)))
    return store


def die_before(step: int) -> None:
    """End this process as a kill does, just before that step counted from now."""
    left = step

    def counted(function: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)

        return call

    for name in ("fsync", "rename", "unlink", "write"):
        setattr(os, name, counted(getattr(os, name)))
    subprocess.Popen.__init__ = counted(subprocess.Popen.__init__)  # type: ignore[method-assign] # a step like the others
    subprocess.Popen.communicate = counted(subprocess.Popen.communicate)  # type: ignore[method-assign] # as above


def kill_first(times: int) -> None:
    """Kill the process that makes the columns so many times, as soon as it is there."""
    left = times
    begin = subprocess.Popen.__init__

    def begun(process: Any, *given: Any, **named: Any) -> None:
        nonlocal left
        begin(process, *given, **named)
        left -= 1
        if left >= 0:
            process.kill()

    subprocess.Popen.__init__ = begun  # type: ignore[method-assign] # what others do to it from outside


def main(out: Path, fault: str) -> None:
    """Fill, then publish beside the commits and end."""
    store = filled(out)
    assert "pyarrow" not in sys.modules
    kind, _, number = fault.partition(":")
    if kind == "die":
        die_before(int(number))
    elif kind == "kill":
        kill_first(int(number))
    elif kind == "broken":
        sys.executable = "/bin/false"
    try:
        store.begin_publishing("rows")
        store.close(clean=True, reason="finished", code=0)
    except StorageError as error:
        sys.stdout.write(f"{error}\n")
        store.close(clean=False, reason="failed", code=1)
    assert "pyarrow" not in sys.modules
    sys.stdout.write("ended\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
