"""What a crawl says it ran on."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

import pytest

from crawler.extensions.environment import environment, name_and_version

if TYPE_CHECKING:
    from pathlib import Path


def test_names_and_versions_are_those_of_the_metadata() -> None:
    """Of everything that is installed, read without the parser of the standard library."""
    installed = list(distributions())
    assert [name_and_version(one) for one in installed] == [(one.metadata["Name"], one.version) for one in installed]
    assert environment()["packages"] <= len(installed)


@pytest.mark.parametrize(
    "text",
    [
        "Metadata-Version: 2.1\nName: a-b\nVersion: 1.0\nSummary: s\n\nName: other\n",
        "Metadata-Version: 2.1\r\nName: a-b\r\nVersion: 1.0\r\n",
        "Name: a-b\nVersion:\n 1.0\n",
    ],
)
def test_odd_metadata(tmp_path: Path, text: str) -> None:
    """The description does not count; what is written in another way is left to the parser."""
    folder = tmp_path / "a_b-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(text, newline="")
    found = Distribution.at(folder)
    assert name_and_version(found) == (found.metadata["Name"], found.version)
