"""What must always hold is checked before the start, and every mistake is named at once."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy.settings import Settings

from crawler.errors import SettingsError
from crawler.extensions.always import ALWAYS, COMPONENTS, NAMES, check_settings

WEAKER: dict[str, tuple[Any, ...]] = {
    "DOWNLOAD_VERIFY_CERTIFICATES": (False, "0", "False"),
    "DOWNLOAD_TLS_MIN_VERSION": ("TLSv1.0", None),
    "DOWNLOAD_HANDLERS": (
        {},
        {"http": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"},
        '{"file": "scrapy.core.downloader.handlers.file.FileDownloadHandler"}',
    ),
    "TWISTED_DNS_RESOLVER": ("scrapy.resolver.CachingThreadedResolver", None),
    "TELNETCONSOLE_ENABLED": (True, "1"),
    "REMOTE_CONTROL_ENABLED": (True, "1"),
    "HTTPCACHE_ENABLED": (True, "True"),
    "ROBOTSTXT_OBEY": (True,),
    "REDIRECT_ENABLED": (True,),
    "METAREFRESH_ENABLED": (True,),
    "RETRY_ENABLED": (True,),
    "HTTPPROXY_ENABLED": (True, "1"),
    "COOKIES_ENABLED": (True, "1"),
    "REFERRER_POLICY": ("unsafe-url", "same-origin"),
    "TWISTED_REACTOR_ENABLED": (False, "0"),
    "DOWNLOADER": ("some.other.Downloader",),
}


def settings(**changes: Any) -> Settings:
    """Our settings with some changed as the command line changes them."""
    made = Settings()
    made.setmodule("crawler.settings", priority="project")
    for name, value in changes.items():
        made.set(name, value, priority="cmdline")
    return made


def test_our_own_settings_pass() -> None:
    """As shipped nothing is weakened; the same values as text of a command line are the same."""
    check_settings(settings())
    check_settings(settings(COOKIES_ENABLED="False", DOWNLOAD_VERIFY_CERTIFICATES="1", TELNETCONSOLE_ENABLED="0"))


def test_every_setting_has_its_test() -> None:
    """A setting that is added here gets a weaker value below."""
    assert set(WEAKER) == set(ALWAYS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WEAKER.items() for value in values])
def test_a_weaker_setting_is_refused(name: str, value: Any) -> None:
    """Each one alone refuses the start and is named."""
    with pytest.raises(SettingsError, match=name):
        check_settings(settings(**{name: value}))


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize("value", ["none", "empty", "base"])
def test_a_gate_that_is_taken_out_is_refused(name: str, value: str) -> None:
    """Neither ``None`` nor another dictionary takes the response gate or the frontier's output out."""
    other = {"scrapy.downloadermiddlewares.stats.DownloaderStats": 100}
    given = {"none": {COMPONENTS[name]: None}, "empty": {}, "base": other}[value]
    with pytest.raises(SettingsError, match=COMPONENTS[name].rsplit(".", maxsplit=1)[-1]):
        check_settings(settings(**{name: given}))


@pytest.mark.parametrize(("name", "value"), [("FEEDS", {"items.jsonl": {"format": "jsonlines"}}), ("JOBDIR", "job")])
def test_what_would_do_nothing_on_our_frontier_is_refused(name: str, value: Any) -> None:
    """Feeds and a job folder are never passed over in silence; a project with the add-on keeps both."""
    check_settings(settings(**{name: value}))
    with pytest.raises(SettingsError, match=f"^{name} is"):
        check_settings(settings(**{name: value}), has_frontier=True)


def test_another_scheduler_is_refused() -> None:
    """A spider on the frontier has no other one; an add-on's project keeps its own."""
    changed = settings(SCHEDULER="scrapy.core.scheduler.Scheduler")
    with pytest.raises(SettingsError, match="SCHEDULER"):
        check_settings(changed, has_frontier=True)
    check_settings(changed)
    check_settings(settings(), has_frontier=True)


def test_an_unknown_name_is_refused() -> None:
    """A misspelt setting of ours is no silent default."""
    with pytest.raises(SettingsError, match="CLEARCRAWL_MAXPAGES"):
        check_settings(settings(CLEARCRAWL_MAXPAGES=5))
    check_settings(settings(**dict.fromkeys(NAMES, "1")))


def test_all_mistakes_at_once() -> None:
    """Three mistakes, one message."""
    with pytest.raises(SettingsError) as caught:
        check_settings(settings(COOKIES_ENABLED=True, REMOTE_CONTROL_ENABLED=True, CLEARCRAWL_X=1))
    for name in ("COOKIES_ENABLED", "REMOTE_CONTROL_ENABLED", "CLEARCRAWL_X"):
        assert name in str(caught.value)
