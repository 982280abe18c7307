"""Which URLs a line of the policy is about: a canonical URL prefix, or a host with all its subdomains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.values.host import canonical_host
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from crawler.values.host import Suffixes
    from crawler.values.url import Url


def covers(scope: str, url: Url) -> bool:
    """Whether the scope is about the URL.

    A prefix ends at a border: ``https://a.example/open`` is about ``/open``, ``/open/x`` and ``/open?x``, never about
    ``/opening`` or another host or port.
    """
    if "://" not in scope:
        return url.host == scope or url.host.endswith(f".{scope}")
    if not url.text.startswith(scope):
        return False
    return scope.endswith("/") or url.text[len(scope) : len(scope) + 1] in {"", "/", "?"}


def url_scope_problem(scope: str) -> str | None:
    """What is wrong with a URL prefix, and what to write instead; ``None`` where it is right."""
    try:
        canonical = canonicalise(scope)
    except UrlError as error:
        return f"{scope!r} is no URL prefix: {error}"
    if "?" in canonical:
        return f"{scope!r} holds a query; a prefix ends with the path"
    return None if canonical == scope else f"{scope!r} is not in canonical form; write {canonical!r}"


def scope_problem(scope: str, suffixes: Suffixes | None) -> str | None:
    """Like ``url_scope_problem``, for a place where a host is possible as well.

    A public suffix is refused, since it would speak for strangers; without ``suffixes`` only bare labels are known.
    """
    if "://" in scope:
        return url_scope_problem(scope)
    try:
        canonical = canonical_host(scope)
    except UrlError as error:
        return f"{scope!r} is neither a URL prefix nor a host: {error}"
    if canonical != scope:
        return f"{scope!r} is not in canonical form; write {canonical!r}"
    if "." not in scope or (suffixes is not None and suffixes.registered_domain(scope) is None):
        return f"{scope!r} is no domain that someone registered; it would cover the sites of strangers"
    return None
