"""Opening the folder of policies: exact bytes out, one clear error for what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.errors import DocumentError, UsageError
from crawler.policy.reading import FILES
from crawler.storage.policies import open_contents, open_policy, shipped_folder
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from crawler.values.strict_toml import FILE_LIMIT

if TYPE_CHECKING:
    from pathlib import Path


def test_shipped_folder_opens() -> None:
    """What came with the program is a valid policy, and its bytes come out as they are."""
    folder = shipped_folder()
    opened = open_policy(folder, tool_version="0.1.0", suffixes=bundled_suffixes())
    assert [file.name for file in opened.files] == list(FILES)
    for file in opened.files:
        assert file.content == (folder / file.name).read_bytes()
        assert file.digest == sha256(file.content)


def test_kept_bytes_give_the_same_policy() -> None:
    """A finished crawl's copies make the policy that was in force."""
    opened = open_policy(shipped_folder(), tool_version="0.1.0")
    kept = {file.name: file.content for file in opened.files}
    assert open_contents(kept, tool_version="0.1.0") == opened


def test_optional_files_may_be_absent(tmp_path: Path) -> None:
    """Only the crawl policy has to be there; other files are not touched."""
    (tmp_path / "crawl-policy.toml").write_bytes(b'version = "7"\n')
    (tmp_path / "README.md").write_bytes(b"\xff")
    opened = open_policy(tmp_path, tool_version="0.1.0")
    assert opened.policy.version == "7"
    assert [file.name for file in opened.files] == ["crawl-policy.toml"]


def test_mistakes_come_through(tmp_path: Path) -> None:
    """An empty folder and a file that is too long are mistakes of the document."""
    with pytest.raises(DocumentError, match="is missing from the folder"):
        open_policy(tmp_path, tool_version="1")
    (tmp_path / "crawl-policy.toml").write_bytes(b"#" * (FILE_LIMIT + 10))
    with pytest.raises(DocumentError, match="octets long"):
        open_policy(tmp_path, tool_version="1")


def test_unreadable(tmp_path: Path) -> None:
    """A missing folder and a file that is none say what to do."""
    with pytest.raises(UsageError, match="no such folder"):
        open_policy(tmp_path / "none", tool_version="1")
    (tmp_path / "crawl-policy.toml").mkdir()
    with pytest.raises(UsageError, match=r"crawl-policy\.toml: cannot be read: Is a directory"):
        open_policy(tmp_path, tool_version="1")
