"""What the add-on makes of a project's settings: what is put in place, what is switched off, what refuses the start.

Values that nobody set are changed; a value that the project chose and that weakens the gate is never overruled in
silence: the start is refused. Parts of Scrapy that the gate replaces are taken out, whatever their settings say.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scrapy.settings import SETTINGS_PRIORITIES, default_settings
from scrapy.utils.misc import load_object
from scrapy.utils.python import global_object_name

from crawler.errors import SettingsError
from crawler.extensions.always import ALWAYS, COMPONENTS, OWN_SPIDERS, SCHEDULER, is_unknown, path_of, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

GATE = "crawler.middlewares.project_gate.ProjectGate"
BARRIER = "crawler.middlewares.project_gate.Barrier"
REFUSED = "clearcrawl refused"
"""Flag of a response that lost its body."""
PLACES = {GATE: 10_000, BARRIER: -10_000}
"""The gate stands next to the wire, the barrier next to the engine; a project's own parts lie between them."""

_STOCK = "scrapy.downloadermiddlewares."
COOKIES = f"{_STOCK}cookies.CookiesMiddleware"
GATED_COOKIES = "crawler.middlewares.cookies.GatedCookies"
"""In its place where the policy permits cookies."""
REPLACED: dict[str, str | None] = {
    f"{_STOCK}robotstxt.RobotsTxtMiddleware": None,
    f"{_STOCK}httpauth.HttpAuthMiddleware": None,
    f"{_STOCK}retry.RetryMiddleware": "crawler.middlewares.retry.GatedRetry",
    f"{_STOCK}redirect.MetaRefreshMiddleware": "crawler.middlewares.redirect.GatedMetaRefresh",
    f"{_STOCK}redirect.RedirectMiddleware": "crawler.middlewares.redirect.GatedRedirect",
    COOKIES: None,
    f"{_STOCK}httpproxy.HttpProxyMiddleware": None,
    f"{_STOCK}httpcache.HttpCacheMiddleware": None,
}
"""Parts of Scrapy that are taken out, and what stands in their place."""

WISHES = frozenset({"ROBOTSTXT_OBEY", "REDIRECT_ENABLED", "METAREFRESH_ENABLED", "RETRY_ENABLED", "REFERRER_POLICY"})
"""Settings of replaced parts: a project may keep any value. False still switches our own part off."""
FORCED = {name: value for name, value in ALWAYS.items() if name not in {*WISHES, "COOKIES_ENABLED"}}
STRONGER = {"DOWNLOAD_TLS_MIN_VERSION": ("TLSv1.3",)}
REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
OWN_ONLY = (
    "CLEARCRAWL_SCOPE",
    "CLEARCRAWL_MAX_PAGES",
    "CLEARCRAWL_MAX_DEPTH",
    "CLEARCRAWL_CONCURRENCY",
    "CLEARCRAWL_PREVIOUS",
)
"""Settings of ours that mean nothing where the project holds the queue: it decides what is followed and asked again."""


NO_COOKIES = (
    "COOKIES_ENABLED is True, must be False: cookies are sent only where the policy says so ([network] cookies = true)"
)


def is_check() -> bool:
    """Whether ``scrapy check`` runs contracts: callbacks are tried out, and nothing is crawled."""
    return os.environ.get("SCRAPY_CHECK") == "true"


def fit(settings: BaseSettings, *, has_cookies: bool = False) -> list[str]:
    """Put the gate in place; answer what was switched off or taken out, for the evidence. Raises ``SettingsError``.

    ``has_cookies``: the policy permits them, so that ``COOKIES_ENABLED`` is the project's.
    """
    _leave_own_spiders(settings)
    off: list[str] = []
    for name, value in (FORCED if has_cookies else {**FORCED, "COOKIES_ENABLED": False}).items():
        if _is_chosen(settings, name):
            continue
        if shown(settings[name]) != shown(value):
            off.append(f"{name}: {shown(value)} instead of {shown(settings[name])}")
        settings.set(name, value, priority="addon")
    off += _replace(settings, {**REPLACED, COOKIES: GATED_COOKIES} if has_cookies else REPLACED)
    for component, place in PLACES.items():
        settings.setdefault_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", load_object(component), place)
    check(settings, has_cookies=has_cookies)
    return off


def check(settings: BaseSettings, *, has_cookies: bool = True) -> None:
    """Raise ``SettingsError`` with everything that weakens the gate.

    ``COOKIES_ENABLED`` is no part of it once ``fit`` is through: nothing sends them but what the policy put in place.
    """
    problems = [] if has_cookies or not settings.getbool("COOKIES_ENABLED") else [NO_COOKIES]
    problems += [
        f"{name} is {shown(settings[name])}, must be {shown(value)}"
        for name, value in FORCED.items()
        if shown(settings[name]) != shown(value) and not _is_stronger(name, settings[name])
    ]
    if settings["TWISTED_REACTOR"] not in {None, REACTOR}:
        problems.append(f"TWISTED_REACTOR is {settings['TWISTED_REACTOR']}, must be {REACTOR}")
    found = _components(settings)
    problems += [f"DOWNLOADER_MIDDLEWARES must hold {name}" for name in PLACES if found.get(name) is None]
    problems += [f"DOWNLOADER_MIDDLEWARES must not hold {name}" for name in REPLACED if found.get(name) is not None]
    problems += [f"{name} is no setting of clearcrawl" for name in settings if is_unknown(name)]
    problems += [
        f"{name} is for spiders on our frontier: here the project decides what is followed"
        for name in OWN_ONLY
        if settings.get(name) is not None
    ]
    if problems:
        advice = "nothing was started: take these settings back (project settings, custom_settings, -s, other add-ons)"
        raise SettingsError("\n".join([*problems, advice]))


def described(settings: BaseSettings) -> dict[str, Any]:
    """What surrounds the gate, as JSON values for the evidence."""
    names = ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "ITEM_PIPELINES", "EXTENSIONS")
    parts = {name.lower(): _ordered(settings, name) for name in names}
    wishes = {name: shown(settings[name]) for name in sorted(WISHES)}
    return {
        "bot_name": settings.get("BOT_NAME"),
        "scheduler": path_of(settings["SCHEDULER"]),
        "has_jobdir": bool(settings.get("JOBDIR")),
        "wishes": wishes,
        **parts,
    }


def _is_chosen(settings: BaseSettings, name: str) -> bool:
    """Whether the project, a spider or the command line set it; an empty dictionary is no choice."""
    priority = settings.getpriority(name)
    return priority is not None and priority > SETTINGS_PRIORITIES["addon"] and shown(settings[name]) != "{}"


def _is_stronger(name: str, value: Any) -> bool:
    return value in STRONGER.get(name, ())


def _replace(settings: BaseSettings, replaced: Mapping[str, str | None]) -> list[str]:
    found = _components(settings)
    off = []
    for old, new in replaced.items():
        place = found.get(old)
        if place is None:
            continue
        settings.set_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", load_object(old), None)
        if new is not None:
            settings.setdefault_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", load_object(new), place)
        off.append(f"{old}: {'taken out' if new is None else f'replaced by {new}'}")
    return off


def _components(settings: BaseSettings) -> dict[str, Any]:
    """Downloader middlewares with their places, by import path; what cannot be loaded keeps its own spelling."""
    found = settings.get_component_priority_dict_with_base("DOWNLOADER_MIDDLEWARES")
    return {_path(name): place for name, place in found.items()}


def _ordered(settings: BaseSettings, name: str) -> list[str]:
    found = settings.get_component_priority_dict_with_base(name)
    places = sorted((place, _path(component)) for component, place in found.items() if place is not None)
    return [f"{place} {path}" for place, path in places]


def _path(component: Any) -> str:
    return component if isinstance(component, str) else global_object_name(component)


def _leave_own_spiders(settings: BaseSettings) -> None:
    """Take the settings of our own spiders back where the project is ours and the spider is not."""
    if path_of(settings["SCHEDULER"]) != SCHEDULER:
        return
    for name in (*OWN_SPIDERS, *WISHES):
        ours = OWN_SPIDERS.get(name, ALWAYS.get(name))
        if shown(settings[name]) == shown(ours):
            settings.set(name, getattr(default_settings, name, None), priority=settings.getpriority(name) or 0)
    for name, component in COMPONENTS.items():
        settings.set_in_component_priority_dict(name, load_object(component), None)
    for name in OWN_ONLY:
        if settings.get(name) is not None:
            settings.set(name, None, priority=settings.getpriority(name) or 0)
