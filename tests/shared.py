"""Finds the optional data beside the repository; a test that needs it is skipped, with the reason, without it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def shared_path(relative: str) -> Path:
    """Path below the optional data folder; skips the calling test or module where it is not there."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"optional data not present: shared/{relative}", allow_module_level=True)
    return path
