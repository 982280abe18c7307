"""What all tests share: Hypothesis without a clock, so that a busy machine changes no result."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.demo_run import run_demo

if TYPE_CHECKING:
    from tests.demo_run import DemoRun

os.environ.setdefault("CLEARCRAWL_KEYS", tempfile.mkdtemp(prefix="clearcrawl-test-keys-"))
"""Crawls of tests sign with keys of their own, never with the user's."""

settings.register_profile("no_clock", deadline=None)
settings.load_profile("no_clock")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """One crawl of the built-in web; tests read it, and copy it before they change anything."""
    return run_demo(tmp_path_factory.mktemp("demo") / "out")
