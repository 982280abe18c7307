"""What a running crawl shows: a line that fits, and when it goes on where everything waits."""

from __future__ import annotations

import time

import pytest

from crawler.extensions.progress import status_line
from crawler.extensions.tally import Tally


@pytest.mark.parametrize("width", [1, 20, 40, 80, 200])
def test_it_fits(width: int) -> None:
    """What matters least is left out first."""
    line = status_line(Tally(pages_kept=12, waiting=7), elapsed=61.0, rate=2.5, width=width)
    assert len(line) <= width
    assert "12 pages | 0 allow 0 deny 0 defer | 7 waiting | 2.5/s | 1:01 | 0 B | 0 hosts".startswith(line)


def test_a_wait_is_told() -> None:
    """While nothing is due, the line says for how long instead of a rate."""
    line = status_line(Tally(due=time.time() + 3601), elapsed=0.0, rate=0.0, width=80)
    assert "next in 1:00:0" in line
    assert "/s" not in line
    assert "next in 0:00" in status_line(Tally(due=0.0), elapsed=0.0, rate=0.0, width=80)
