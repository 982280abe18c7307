"""Which entry of a feed a configuration has: the one that announced it first, as long as it is what is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.errors import DamagedStateError
from crawler.policy.announcing import crawler_settings
from crawler.policy.reading import read_policy
from crawler.storage.announcements import (
    SOFTWARE,
    STATE_FILE,
    Announcement,
    Change,
    announced,
    announcements_file,
    read_announcements,
    settings_digest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.policy.document import CrawlPolicy


def policy(text: str = '[publication]\nsite = "site"') -> CrawlPolicy:
    """A small policy."""
    return read_policy({"crawl-policy.toml": f'version = "1"\n{text}\n'.encode()}, tool_version="1")


def write(folder: Path, *digests: str) -> None:
    """A feed that announced these configurations one after the other."""
    (folder / "site").mkdir(exist_ok=True)
    entries = [
        Announcement(
            id=f"urn:uuid:{number}", number=number, published_at=f"2026-11-0{number}T00:00:00Z", settings_digest=digest,
            page_digest="sha256:0", version="v", is_test=False, changes=(Change(key="k", before=None, after=[1]),),
        )
        for number, digest in enumerate(digests, 1)
    ]  # fmt: skip
    (folder / "site" / STATE_FILE).write_bytes(announcements_file(entries))
    assert read_announcements(folder / "site") == entries


def test_the_entry_that_announced_a_configuration_is_named(tmp_path: Path) -> None:
    """Later entries about other things change nothing; an older one of the same words does not count."""
    mine = settings_digest(crawler_settings(policy(), software=SOFTWARE))
    write(tmp_path, mine, "sha256:1", mine, mine)
    assert announced(tmp_path, policy()) == {
        "entry": "urn:uuid:3",
        "settings_digest": mine,
        "published_at": "2026-11-03T00:00:00Z",
    }


@pytest.mark.parametrize("text", ["", '[publication]\nsite = "nowhere"', '[publication]\nsite = "site"\n# a line more'])
def test_what_no_feed_announced_is_unpublished(tmp_path: Path, text: str) -> None:
    """No site, no feed, or one octet of the files that decide is another one."""
    write(tmp_path, settings_digest(crawler_settings(policy(), software=SOFTWARE)))
    told = announced(tmp_path, policy(text))
    assert told["entry"] == "unpublished"
    assert told["why"]


def test_what_was_announced_and_withdrawn_is_unpublished(tmp_path: Path) -> None:
    """The public reads the newest entry."""
    write(tmp_path, settings_digest(crawler_settings(policy(), software=SOFTWARE)), "sha256:1")
    assert announced(tmp_path, policy())["entry"] == "unpublished"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "other"}', b'{"format": 1, "entries": [{}]}', b"\xff"])
def test_a_feed_that_cannot_be_read_stops_the_start(tmp_path: Path, content: bytes) -> None:
    """It is not the same as no feed."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / STATE_FILE).write_bytes(content)
    with pytest.raises(DamagedStateError, match="restore"):
        announced(tmp_path, policy())
