"""The product's robots.txt never allows what a plain reading of RFC 9309 denies: a sample of real files.

``python -m benchmarks.robots_differential`` runs all of them.
"""

from __future__ import annotations

import random

from tests.oracles.comparison import Totals, compare
from tests.oracles.corpus import robots_files
from tests.shared import shared_path

SEED = "20261123"
FILES = 400


def test_real_files_are_never_read_wider_than_the_oracle_reads_them() -> None:
    """No decision is wider, nothing crashes, nothing is slow or large."""
    files = list(robots_files(shared_path("data/robots/robots.jsonl.zst")))
    rng = random.Random(SEED)  # noqa: S311 - a repeatable sample
    totals = Totals()
    for name, body in rng.sample(files, FILES):
        totals.add(compare(name, body, seed=SEED, count=16))
    assert totals.crashes == []
    assert totals.wider == []
    assert totals.slowest_parse[0] < 1
    assert totals.slowest_decision[0] < 1
    assert totals.largest[0] < 64 * 2**20
    # A sample in which nothing was at stake would prove nothing.
    assert totals.decisions > FILES * 30
    assert totals.denied > totals.decisions // 20
