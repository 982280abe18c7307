"""The folders that came with the program are found in a wheel and in a checkout, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.errors import DamagedStateError
from crawler.storage import shipped as module
from crawler.storage.shipped import shipped
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["policies", "blocklists"])
def test_checkout_answers_its_own_folder(name: str) -> None:
    """Without a wheel's folder, the one beside the package is meant."""
    assert shipped(name) == ROOT / name


def test_folder_of_the_wheel_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package never reads a folder that happens to lie beside it."""
    package = tmp_path / "site" / "crawler"
    (package / "_shipped" / "policies").mkdir(parents=True)
    (tmp_path / "site" / "policies").mkdir()
    monkeypatch.setattr(module, "_PACKAGE", package)
    assert shipped("policies") == package / "_shipped" / "policies"


def test_missing_folder_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An install without its folders says so instead of crawling without rules."""
    monkeypatch.setattr(module, "_PACKAGE", tmp_path / "crawler")
    with pytest.raises(DamagedStateError, match="lacks its folder policies"):
        shipped("policies")
