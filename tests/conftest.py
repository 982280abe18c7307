"""What all tests share: Hypothesis without a clock, so that a busy machine changes no result."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.demo_run import keep_demo, kept_demo
from tests.once import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_run import DemoRun

os.environ.setdefault("CLEARCRAWL_KEYS", tempfile.mkdtemp(prefix="clearcrawl-test-keys-"))
"""Crawls of tests sign with keys of their own, never with the user's."""

settings.register_profile("no_clock", deadline=None)
settings.load_profile("no_clock")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """One crawl of the built-in web; tests read it, and copy it before they change anything."""
    return kept_demo(once(tmp_path_factory, "demo", keep_demo))


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """A test leaves environment, folder and path of modules as they were: the next one in this process relies on it."""
    before = _of_the_process()
    yield
    assert _of_the_process() == before


def _of_the_process() -> dict[str, object]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {
        "environment": environment,
        "folder": Path.cwd(),
        "path": list(sys.path),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "logging": (logging.root.level, logging.root.manager.disable),
    }
