"""One desk for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.complaints.registers import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty register and a key."""
    return Desk(tmp_path)
