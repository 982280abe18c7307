"""``crawl.json``: which crawl a folder holds, who ran it, and how it ended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from crawler.errors import DamagedStateError, ExitCode
from crawler.storage.layout import CRAWL_FILE, FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.storage.layout import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlFile:
    """Content of ``crawl.json``. Times are RFC 3339 in UTC with microseconds."""

    crawl_id: str
    operator: str
    product_token: str
    user_agent: str
    purpose: str
    software: str
    is_test: bool
    """Whether test hosts may have been visited: such a crawl proves nothing about the web."""
    started_at: str
    ended_at: str | None = None
    """``None`` while the crawl runs, or after it was killed."""
    finish_reason: str | None = None
    exit_code: int | None = None
    """Of the process, as far as it was known by then; see ``exit_code_of``."""
    details: dict[str, Any]
    """Versions and digests in force at the last start."""
    counts: dict[str, int] | None = None
    """As of the last stop or end."""
    earlier: tuple[dict[str, Any], ...] = ()
    """Crawls that ended in this folder before: id, start, end, reason, code."""
    evidence: dict[str, Any] | None = None
    """Origin and key of the log, the newest head, and what is missing: ``unsigned`` (why), ``pending`` (stamps)."""
    format: int = FORMAT_VERSION


def exit_code_of(code: int | None, evidence: Mapping[str, Any] | None) -> int | None:
    """What ``exit_code`` says: the log's code of the end, but 3 in place of 0 where signatures or stamps are missing.

    The log's last entry is written before its head is signed and stamped, so that it cannot know.
    """
    is_whole = evidence is None or (evidence["unsigned"] is None and not evidence["pending"])
    return ExitCode.INCOMPLETE.value if code == ExitCode.CLEAN and not is_whole else code


def write_crawl_file(folder: Folder, crawl: CrawlFile) -> None:
    """Replace ``crawl.json`` in one step. Raises OSError."""
    text = json.dumps(asdict(crawl), ensure_ascii=False, indent=2, sort_keys=True)
    folder.write(CRAWL_FILE, text.encode() + b"\n")


def read_crawl_file(folder: Folder) -> CrawlFile:
    """Read ``crawl.json``. Raises DamagedStateError where it is missing or not of this format."""
    try:
        found = json.loads(folder.read(CRAWL_FILE))
        names = {field.name for field in fields(CrawlFile)}
        found["earlier"] = tuple(found["earlier"])
        return CrawlFile(**{name: found[name] for name in names})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedStateError(f"{folder.path / CRAWL_FILE}: cannot be read ({error!r}); restore it") from error
