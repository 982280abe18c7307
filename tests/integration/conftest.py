"""What the tests of whole crawls share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.lab import Lab
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A folder to crawl from."""
    made = Lab(tmp_path / "lab")
    yield made
    made.close()


@pytest.fixture
def web() -> Iterator[ScriptedWeb]:
    """An empty web on loopback."""
    with ScriptedWeb() as running:
        yield running
