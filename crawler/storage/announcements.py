"""The state of a published feed: which configuration of the crawler the public was told of, and by which entry."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.errors import DamagedStateError
from crawler.policy.announcing import crawler_settings
from crawler.provenance.leaf import canonical
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.policy.document import CrawlPolicy
    from crawler.values.digest import Digest

STATE_FILE = "announcements.json"
"""In the folder of the site."""
FORMAT = "clearcrawl-announcements/1"
UNPUBLISHED = "unpublished"
SOFTWARE = f"clearcrawl/{__version__}"
_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that is not as it was; ``None`` where there was or is none."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One entry of the feed. Times are RFC 3339 in UTC."""

    id: str
    """``urn:uuid:``, made of the digests; the same in the feed and in ``crawl.json``."""
    number: int
    published_at: str
    settings_digest: str
    """Of ``crawler_settings``: what a crawl compares."""
    page_digest: str
    """Of all that the crawler page tells."""
    version: str
    """Path of the dated version, inside of the site."""
    is_test: bool
    changes: tuple[Change, ...]


def settings_digest(settings: dict[str, Any]) -> Digest:
    """Of the canonical JSON (RFC 8785)."""
    return sha256(canonical(settings))


def announced(policies: Path, policy: CrawlPolicy) -> dict[str, Any]:
    """What ``crawl.json`` says: the entry that announced this configuration, or that it is unpublished, and why.

    Raises DamagedStateError where the named site has a feed that cannot be read.
    """
    digest = settings_digest(crawler_settings(policy, software=SOFTWARE))
    site = policy.publication.site
    if not site:
        return {"entry": UNPUBLISHED, "settings_digest": digest, "why": "crawl-policy.toml names no [publication] site"}
    entries = read_announcements(policies / site)
    if not entries:
        return {"entry": UNPUBLISHED, "settings_digest": digest, "why": "the site has no feed yet"}
    if entries[-1].settings_digest != digest:
        return {"entry": UNPUBLISHED, "settings_digest": digest, "why": "the feed announces another configuration"}
    first = entries[-1]
    for one in reversed(entries):
        if one.settings_digest != digest:
            break
        first = one
    return {"entry": first.id, "settings_digest": digest, "published_at": first.published_at}


def read_announcements(site: Path) -> list[Announcement]:
    """All entries, oldest first; none where nothing was published. Raises DamagedStateError."""
    path = site / STATE_FILE
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LIMIT))
        _require_format(found["format"])
        return [
            Announcement(**{**one, "changes": tuple(Change(**change) for change in one["changes"])})
            for one in found["entries"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedStateError(f"{path}: cannot be read ({error!r}); restore the published site") from error


def _require_format(name: object) -> None:
    if name != FORMAT:
        raise ValueError(f"its format is {name!r}, not {FORMAT!r}")


def announcements_file(entries: list[Announcement]) -> bytes:
    """The state as it is written."""
    return json.dumps({"format": FORMAT, "entries": [asdict(one) for one in entries]}, indent=1).encode() + b"\n"
