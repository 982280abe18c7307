"""The shipped settings hold what always holds, and nothing of Scrapy's that would store or send on its own."""

from __future__ import annotations

from typing import Any

from scrapy.settings import Settings

from crawler.extensions.always import ALWAYS


def settings() -> Settings:
    """The settings module as Scrapy reads it."""
    made = Settings()
    made.setmodule("crawler.settings", priority="project")
    return made


def plain(value: Any) -> Any:
    """Dictionaries of settings as dictionaries."""
    return value.copy_to_dict() if hasattr(value, "copy_to_dict") else value


def test_what_always_holds() -> None:
    """Every setting of that kind stands in the module."""
    for name, value in ALWAYS.items():
        assert plain(settings()[name]) == value, name


def test_no_parts_of_scrapy_beside_ours() -> None:
    """No stock middleware runs, no extension mails, spawns or listens, nothing is stored twice."""
    found = settings()
    assert dict(found["DOWNLOADER_MIDDLEWARES_BASE"]) == {}
    assert dict(found["SPIDER_MIDDLEWARES_BASE"]) == {}
    assert found["JOBDIR"] is None
    assert dict(found["FEEDS"]) == {}
    assert not [name for name in found["EXTENSIONS_BASE"] if "telnet" in str(name) or "feed" in str(name)]


def test_connections_and_delays_are_left_to_the_frontier() -> None:
    """Scrapy's own slots never hold a request back that the frontier released."""
    found = settings()
    assert found.getint("CONCURRENT_REQUESTS") >= 1000
    assert found.getfloat("DOWNLOAD_DELAY") == 0
