"""SIGKILL in the middle of a crawl loses nothing, doubles nothing, leaves no half file, and the resume completes."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.integration.killing import CONNECTIONS, GROUP, run_series

if TYPE_CHECKING:
    from tests.integration.lab import Lab


@pytest.mark.slow
def test_sigkill(lab: Lab) -> None:
    """Six kills with requests in flight, and some in start-up, over a site of 300 pages (reliability 8.1)."""
    seed = int(os.environ.get("KILL_SEED", str(random.SystemRandom().randrange(10**6))))
    series = run_series(lab, kills=6, pages=300, seed=seed, in_start=0.2)
    print(series.report())  # noqa: T201 - the seed repeats a failure
    assert not series.lost
    assert not series.doubled
    assert not series.half
    assert not series.denied
    assert series.is_good, series.report()
    assert min(series.in_flight) > 0
    assert series.most_refetched <= CONNECTIONS + GROUP
