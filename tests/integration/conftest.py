"""What the tests of whole crawls share."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from crawler.audit.replay.running import Replay, replay
from crawler.errors import ClearcrawlError
from crawler.storage.reading import CrawlReader
from tests.integration.lab import Lab
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A folder to crawl from. Whatever was crawled in it is replayed: no row may be decided otherwise than it was."""
    made = Lab(tmp_path / "lab")
    yield made
    made.close()
    for crawl in made.folder.glob("*/crawl.json"):
        found = Replay()
        with suppress(ClearcrawlError), CrawlReader.open(crawl.parent) as reader:  # some tests leave a damaged crawl
            replay(reader, found)
        told = [(one.row["url"], one.differences) for one in found.findings if one.outcome == "different"]
        assert told == [], told


@pytest.fixture
def web() -> Iterator[ScriptedWeb]:
    """An empty web on loopback."""
    with ScriptedWeb() as running:
        yield running
