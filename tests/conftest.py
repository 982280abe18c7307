"""What all tests share: Hypothesis without a clock, so that a busy machine changes no result."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from crawler.signing.sealer import open_sealer
from tests.demo_run import run_demo

if TYPE_CHECKING:
    from tests.demo_run import DemoRun

if "CLEARCRAWL_KEYS" not in os.environ:
    # Crawls of tests sign with a key of their own, never with the user's; made once, before workers share the folder.
    os.environ["CLEARCRAWL_KEYS"] = tempfile.mkdtemp(prefix="clearcrawl-test-keys-")
    open_sealer()

settings.register_profile("no_clock", deadline=None)
settings.load_profile("no_clock")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """One crawl of the built-in web; tests read it, and copy it before they change anything."""
    return run_demo(tmp_path_factory.mktemp("demo") / "out")
