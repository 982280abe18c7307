"""Settings that hold in every crawl, and the check that nothing weakened them; without them the start is refused.

The gate replaces Scrapy's robots, redirect, meta-refresh and retry parts; nothing dials unchecked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.errors import SettingsError

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_HANDLER = "crawler.network.handler.CheckedHTTP11Handler"
_OFF = None

ALWAYS: dict[str, Any] = {
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "DOWNLOAD_TLS_MIN_VERSION": "TLSv1.2",
    "DOWNLOAD_HANDLERS": {"http": _HANDLER, "https": _HANDLER, "file": _OFF, "data": _OFF, "ftp": _OFF, "s3": _OFF},
    "TWISTED_DNS_RESOLVER": "crawler.network.resolver.CheckedResolver",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "HTTPCACHE_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    "REDIRECT_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "RETRY_ENABLED": False,
    "HTTPPROXY_ENABLED": False,
    "COOKIES_ENABLED": False,
    "REFERRER_POLICY": "no-referrer",
    "TWISTED_REACTOR_ENABLED": True,
    "DOWNLOADER": "scrapy.core.downloader.Downloader",
}

RESPONSE_GATE = "crawler.middlewares.response_gate.ResponseGate"
FRONTIER_OUTPUT = "crawler.middlewares.frontier_output.FrontierOutput"
COMPONENTS = {"DOWNLOADER_MIDDLEWARES": RESPONSE_GATE, "SPIDER_MIDDLEWARES": FRONTIER_OUTPUT}
"""Parts of ours without which a page would be stored that nobody judged."""

SCHEDULER = "crawler.scheduler.FrontierScheduler"

OWN_SPIDERS: dict[str, Any] = {
    "SCHEDULER": SCHEDULER,
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "DOWNLOADER_MIDDLEWARES": {RESPONSE_GATE: 100},
    "SPIDER_MIDDLEWARES_BASE": {},
    "SPIDER_MIDDLEWARES": {FRONTIER_OUTPUT: 100},
    "EXTENSIONS_BASE": {
        "scrapy.extensions.corestats.CoreStats": 0,
        "scrapy.extensions.memusage.MemoryUsage": 0,
    },
    "JOBDIR": None,
    "FEEDS": {},
    "CONCURRENT_REQUESTS": 10_000,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1_000,
    "CONCURRENT_ITEMS": 1,
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_TIMEOUT": 3600,
    "DOWNLOAD_MAXSIZE": 0,
    "DOWNLOAD_WARNSIZE": 0,
    "DNS_TIMEOUT": 10,
    "LOG_LEVEL": "INFO",
    "LOGSTATS_INTERVAL": 0,
}
"""How many requests run is the frontier's business, sizes and times are the policy's."""

INSTEAD = {
    "FEEDS": "spiders on the frontier write no feeds (-o, -O); items go to ITEM_PIPELINES, pages to clearcrawl export",
    "JOBDIR": "the folder of the crawl is what resumes",
}
"""Settings of a project that would do nothing on our frontier, and what there is in their place."""

PREFIX = "CLEARCRAWL_"
NAMES = {
    "CLEARCRAWL_OUT": "Folder of the crawl; made where it does not exist, resumed where it does.",
    "CLEARCRAWL_POLICIES": "Folder with crawl-policy.toml; default: the one that came with the program.",
    "CLEARCRAWL_BLOCKLISTS": "Folder with catalog.toml; default: the one that came with the program.",
    "CLEARCRAWL_SCOPE": "host, domain or any: which links are followed.",
    "CLEARCRAWL_MAX_PAGES": "Pages to keep at most over all runs of the folder.",
    "CLEARCRAWL_MAX_DEPTH": "Links away from a seed at most.",
    "CLEARCRAWL_SITEMAPS": "Whether sitemaps named by robots.txt, and feeds, are read for further pages.",
    "CLEARCRAWL_CONCURRENCY": "Requests under way at once over all hosts.",
    "CLEARCRAWL_PREVIOUS": "Folders of earlier crawls, separated by commas: their pages are asked for on condition.",
}
"""Every setting of ours, with what it means; another name with our prefix is a mistake."""


def check_settings(settings: BaseSettings, *, has_frontier: bool = False) -> None:
    """Raise ``SettingsError`` with everything that is weakened, missing or unknown.

    ``has_frontier``: the spider crawls from the journal, so that the scheduler has to be ours as well.
    """
    problems = [
        f"{name} is {shown(settings[name])}, must be {shown(wanted)}"
        for name, wanted in ALWAYS.items()
        if shown(settings[name]) != shown(wanted)
    ]
    if has_frontier and path_of(settings["SCHEDULER"]) != SCHEDULER:
        problems.append(f"SCHEDULER is {shown(settings['SCHEDULER'])}, must be {shown(SCHEDULER)}")
    if has_frontier:
        problems += [
            f"{name} is {shown(settings[name])}, must be {shown(OWN_SPIDERS[name])}: {instead}"
            for name, instead in INSTEAD.items()
            if shown(settings[name]) != shown(OWN_SPIDERS[name])
        ]
    for name, component in COMPONENTS.items():
        found = settings.get_component_priority_dict_with_base(name)
        if found.get(component) is None and not any(path_of(key) == component for key, at in found.items() if at):
            problems.append(f"{name} must hold {component}")
    problems += [f"{name} is no setting of clearcrawl" for name in settings if is_unknown(name)]
    if problems:
        advice = "nothing was started: take these settings back (project settings, custom_settings, -s)"
        raise SettingsError("\n".join([*problems, advice]))


def is_unknown(name: str) -> bool:
    """Whether a setting carries our prefix without being one of ours."""
    return name.startswith(PREFIX) and name not in NAMES


def path_of(component: Any) -> str:
    """Import path of a class that is given as such or by its path."""
    return component if isinstance(component, str) else f"{component.__module__}.{component.__qualname__}"


def shown(value: Any) -> str:
    """Write a value so that settings of the command line, which are text, compare as meant."""
    if hasattr(value, "copy_to_dict"):
        value = value.copy_to_dict()
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
        value = value.lower() in {"true", "1"}
    return repr(value)
