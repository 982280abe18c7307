"""The SURT key of a URL: host reversed, so that sorting brings a domain together.

Spelled as Common Crawl's ``url_surtkey`` and other CDX indexes spell it: host without ``www``, everything in lower
case, query sorted, session ids left out. A key for sorting and looking up, never an address to ask.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from crawler.values.host import HostForm, form_of
from crawler.values.url import DEFAULT_PORTS, split, without_dots

if TYPE_CHECKING:
    from crawler.values.host import Host
    from crawler.values.url import CanonicalUrl, Url

_WWW = re.compile(r"www\d*\.(?=.)")
_SLASHES = re.compile(r"//+")
_ESCAPED = re.compile(r"[\x00-\x20#%\x7f-\xff]")
_PATH_SESSION = re.compile(r";jsessionid=[0-9a-z]{32}$|\((?:[a-z]\([0-9a-z]{24}\))+\)/(?=[^?]+\.aspx)")
_QUERY_SESSION = re.compile(
    r"(?:^|(?<=&))(?:(?:jsessionid|phpsessid|sid)=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+&cftoken=[^&]+)"
    r"(?:&|$)"
)


def surt(url: CanonicalUrl) -> str:
    """Sorting key, for example ``org,archive)/goo?a=1&a=2&b``; http and https share one."""
    return surt_of(split(url))


def surt_of(parts: Url) -> str:
    """As ``surt``, of a URL that has been taken apart."""
    path, question, query = parts.target.partition("?")
    path = _SLASHES.sub("/", without_dots(_minimal(path)))
    path = _PATH_SESSION.sub("", path)
    path = path.rstrip("/") or "/"
    if question:
        query = _QUERY_SESSION.sub("", _minimal(query)).rstrip("&")
        query = "&".join(sorted(query.split("&")))
    port = "" if parts.port == DEFAULT_PORTS[parts.scheme] else f":{parts.port}"
    host = _host(parts.host)
    return f"{host}{port}){path}?{query}" if query else f"{host}{port}){path}"


@lru_cache(maxsize=1024)
def _host(host: Host) -> str:
    """A host as keys begin with it; all pages of a site share one."""
    if form_of(host) is HostForm.IPV6:
        return f"[{host}]"
    return ",".join(reversed(_WWW.sub("", host, count=1).split(".")))


def _minimal(text: str) -> str:
    """Undo escapes until none is left, then escape only what would break a line of an index; lower case."""
    if _ESCAPED.search(text) is None:
        return text.lower()
    octets = text.encode("ascii")
    while (plain := unquote_to_bytes(octets)) != octets:
        octets = plain
    return _ESCAPED.sub(lambda match: f"%{ord(match[0]):02x}", octets.decode("latin-1")).lower()
