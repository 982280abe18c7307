"""The scripts of ``.ci`` judge as they say: licences, and what an environment without Scrapy must import."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("licence", "fine"),
    [
        ("MIT", True),
        ("APACHE-2.0 OR BSD-3-CLAUSE", True),
        ("APACHE-2.0 AND MIT", True),
        ("GPL-3.0-ONLY OR MIT", True),
        ("APACHE-2.0 WITH LLVM-EXCEPTION", True),
        ("(MIT OR GPL-2.0-ONLY) AND BSD-2-CLAUSE", True),
        ("GPL-3.0-OR-LATER", False),
        ("AGPL-3.0-ONLY", False),
        ("MIT AND GPL-2.0-ONLY", False),
        ("MPL-2.0", False),
        ("LGPL-3.0-ONLY", False),
        ("PROPRIETARY", False),
        ("", False),
    ],
)
def test_licence_is_judged_by_its_expression(licence: str, fine: bool) -> None:
    """Every part of an AND needs one permissive choice of its OR; unknown and empty are refused."""
    assert _script("licences").is_fine("some-package", licence) is fine


def test_weak_copyleft_counts_for_the_named_package_only() -> None:
    """MPL-2.0 is accepted where it was accepted by name."""
    licences = _script("licences")
    assert licences.is_fine("certifi", "MPL-2.0")
    assert not licences.is_fine("certifi", "GPL-3.0-ONLY")
    assert not licences.is_fine("other", "MPL-2.0")


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: GPL", "MIT OR APACHE-2.0"),
        ("Classifier: License :: OSI Approved :: BSD License", "BSD"),
        (
            "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            "GNU GENERAL PUBLIC LICENSE V3 (GPLV3)",
        ),
        ("License: Apache 2.0", "APACHE-2.0"),
        ("Summary: nothing said", ""),
    ],
)
def test_licence_is_read_from_metadata(tmp_path: Path, metadata: str, licence: str) -> None:
    """The expression wins over classifiers, those over the free text."""
    folder = tmp_path / "x-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{metadata}\n", encoding="utf-8")
    distribution = importlib.metadata.Distribution.at(folder)
    assert _script("licences").expression(distribution) == licence


def test_auditor_script_refuses_an_environment_with_scrapy() -> None:
    """Where Scrapy is installed the import of the audit half would prove nothing."""
    run = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, ROOT / ".ci" / "auditor.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "must not be: scrapy, twisted" in run.stderr
