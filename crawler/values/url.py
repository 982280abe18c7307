"""URLs in one canonical spelling: what is checked, sent, stored, and the key by which URLs are told apart (R2.3).

Pure text work on http and https URLs; whether a host or port may be asked is the gate's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NewType, NoReturn

from crawler.errors import UrlError
from crawler.values.host import Host, canonical_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CanonicalUrl = NewType("CanonicalUrl", str)
"""Scheme, host, ``:port`` unless it is the scheme's own, path, query; no user info, no fragment; ASCII."""

URL_LIMIT = 2048
"""Octets of a canonical URL (R2.3)."""

_RAW_FACTOR = 8
"""A raw text longer than this many limits is not looked at: escapes and dot segments shrink less in practice."""

DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535

# RFC 3986: pchar, "/" and "?"; an escape stays where it stands for none of the unreserved characters.
_LEGAL = r"A-Za-z0-9\-._~!$&'()*+,;=:@/"
_ESCAPE = r"%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])"
_PATH = rf"[{_LEGAL}]*+(?:{_ESCAPE}[{_LEGAL}]*+)*+"
_QUERY = rf"(?:\?[{_LEGAL}?]*+(?:{_ESCAPE}[{_LEGAL}?]*+)*+)?+"
# The longest first: what has matched is not tried again.
_PORT = r"(?:[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]|[1-9][0-9]{0,3})"

# Already canonical, with a host whose last label begins with a letter. A path with "/." goes the long way.
_CANONICAL = re.compile(
    r"http(s)?://((?:[a-z0-9_-]{1,63}+\.)*+[a-z][a-z0-9_-]{0,62}+)"
    rf"(?::(?!(?(1)443|80)/){_PORT})?+/{_PATH}{_QUERY}"
)
_TARGET = re.compile(rf"/(?!/){_PATH}{_QUERY}")
_RELATIVE = re.compile(rf"(?![^/?]*:)(?![./?]){_PATH}{_QUERY}")
_SPLIT = re.compile(r"(https?)://(\[[^\]]*\]|[^:/]*)(?::([0-9]+))?(/.*)", re.DOTALL)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_AUTHORITY = re.compile(r"//([^/?#]*)")
_HOST_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", re.DOTALL)
_BLANKS = "".join(map(chr, range(0x21)))
_REMOVED = str.maketrans("", "", "\t\n\r")
_FIX = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_LEGAL}?]")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_NETWORK_PATH = re.compile(r"[/\\]{2}")

_HOST_OCTETS = 253
_AFTER_SCHEME = len("https://")


class _Fixes(dict[str, str]):
    """Canonical spelling of an octet that is escaped or has to be; filled as spellings are met."""

    def __missing__(self, spelling: str) -> str:
        octet = int(spelling[1:], 16) if len(spelling) > 1 else ord(spelling)
        char = chr(octet)
        fixed = self[spelling] = char if _UNRESERVED.fullmatch(char) else f"%{octet:02X}"
        return fixed


_FIXES = _Fixes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A canonical URL with its parts; only ``split`` makes one."""

    text: CanonicalUrl
    scheme: str
    host: Host
    """IPv6 without brackets."""
    port: int
    """The scheme's own where the text has none."""
    target: str
    """Path and query exactly as sent."""

    @property
    def origin(self) -> str:
        """``scheme://host:port``, the port always written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]


def canonicalise(raw: str, *, limit: int = URL_LIMIT) -> CanonicalUrl:
    """Give an absolute URL its one spelling; idempotent.

    Blanks around, tabs, line ends and the fragment fall away as in browsers. ``limit`` counts octets of the result.
    Octets that arrive as lone surrogates (PEP 383) are escaped as they were. Raises ``UrlError`` and nothing else:
    ``scheme_refused``, ``url_malformed``, ``url_too_long``, ``userinfo_refused``, ``host_refused`` (a host that no
    canonical spelling exists for; all other forms are judged by ``host.refused_host``).
    """
    if _is_canonical(raw, limit):
        return CanonicalUrl(raw)
    return _canonicalise(_stripped(raw), limit, "utf-8")


def _split(canonical: CanonicalUrl) -> Url:
    match = _SPLIT.fullmatch(canonical)
    if match is None:
        _malformed("not a canonical URL")
    scheme, host, port, target = match.groups()
    return Url(
        text=canonical,
        scheme=scheme,
        host=Host(host.strip("[]")),
        port=int(port) if port else DEFAULT_PORTS[scheme],
        target=target,
    )


split: Callable[[CanonicalUrl], Url] = lru_cache(maxsize=1024)(_split)  # a decorator would take any hashable object
"""Take a canonical URL apart. On its way through the crawl each is asked about several times."""


def parse(raw: str, *, limit: int = URL_LIMIT) -> Url:
    """Canonicalise and take apart; raises ``UrlError`` as ``canonicalise`` does."""
    return split(canonicalise(raw, limit=limit))


def resolve(base: CanonicalUrl, reference: str, *, limit: int = URL_LIMIT, encoding: str = "utf-8") -> CanonicalUrl:
    """Resolve a reference as RFC 3986 section 5 says, with the tolerance of browsers, to a canonical URL.

    ``encoding`` is that of the page: browsers and Scrapy write the query of a link in it (URL Standard, section 4.4);
    an unknown one counts as UTF-8. A backslash that would begin an authority is refused. Raises ``UrlError`` as
    ``canonicalise`` does.
    """
    text = reference.partition("#")[0]
    if _is_canonical(text, limit):
        return CanonicalUrl(text)
    if "/." not in text:
        if _TARGET.fullmatch(text):
            text = base[: base.index("/", _AFTER_SCHEME)] + text
        elif _RELATIVE.fullmatch(text):
            text = base[: base.rindex("/", 0, _query_start(base)) + 1] + text if text else base
        else:
            return _resolve(base, text, limit, encoding)
        return CanonicalUrl(text) if len(text) <= limit else _too_long(limit)
    return _resolve(base, text, limit, encoding)


def resolve_each(
    base: CanonicalUrl, references: Iterable[str], *, limit: int = URL_LIMIT, encoding: str = "utf-8"
) -> tuple[CanonicalUrl, ...]:
    """Resolve the references of one page as ``resolve`` does, each URL once, in order; what it refuses is left out."""
    origin = base[: base.index("/", _AFTER_SCHEME)]
    here = f"{origin}/"
    longest = limit - len(origin)
    found: dict[CanonicalUrl, None] = {}
    for reference in references:
        text = reference.partition("#")[0]
        target = text[len(origin) :] if text.startswith(here) else text
        # What begins with one slash is a path of the page's own origin, and most links are spelt as they should be.
        if "/." not in target and len(target) <= longest and _TARGET.fullmatch(target):
            found[CanonicalUrl(origin + target)] = None
            continue
        try:
            found[resolve(base, text, limit=limit, encoding=encoding)] = None
        except UrlError:
            continue
    return tuple(found)


def _is_canonical(text: str, limit: int) -> bool:
    match = _CANONICAL.fullmatch(text)
    if match is None or "/." in text:
        return False
    octets = len(text)
    return octets <= _HOST_OCTETS <= limit or (octets <= limit and match.end(2) - match.start(2) <= _HOST_OCTETS)


def _query_start(url: str) -> int:
    at = url.find("?")
    return at if at >= 0 else len(url)


def _stripped(raw: str) -> str:
    text = raw.strip(_BLANKS)
    if not text.isprintable():
        text = text.translate(_REMOVED)
    return text.partition("#")[0]


def _resolve(base: CanonicalUrl, reference: str, limit: int, encoding: str) -> CanonicalUrl:
    text = _stripped(reference)
    base_scheme = base[: base.index(":")]
    scheme = _SCHEME.match(text)
    if scheme:
        if scheme[1].lower() != base_scheme or text.startswith("//", scheme.end()):
            return _canonicalise(text, limit, encoding)
        text = text[scheme.end() :]  # "http:page" beside an http base is a relative reference in every browser
    if _NETWORK_PATH.match(text):
        return _canonicalise(f"{base_scheme}:{text}", limit, encoding)
    if not text:
        return base
    origin, path = _origin_and_path(base)
    if text[0] == "?":
        text = path + text
    elif text[0] not in "/\\":
        text = path[: path.rindex("/") + 1] + text
    return _joined(origin, text, limit, encoding)


def _origin_and_path(url: CanonicalUrl) -> tuple[str, str]:
    """Everything before the path, and the path without the query."""
    start = url.index("/", _AFTER_SCHEME)
    return url[:start], url[start:].partition("?")[0]


def _canonicalise(text: str, limit: int, encoding: str) -> CanonicalUrl:
    """The long way; ``text`` has neither blanks around nor a fragment."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        _malformed("an absolute URL begins with http:// or https://")
    name = scheme[1].lower()
    if name not in DEFAULT_PORTS:
        raise UrlError("scheme_refused", f"only http and https are asked for, not {name[:40]}")
    authority = _AUTHORITY.match(text, scheme.end())
    if authority is None:
        _malformed("two slashes and a host follow the scheme")
    host, port = _host_and_port(authority[1], name)
    return _joined(f"{name}://{host}{port}", text[authority.end() :], limit, encoding)


def _joined(origin: str, target: str, limit: int, encoding: str) -> CanonicalUrl:
    """Put a target of any spelling behind an origin that is canonical."""
    if len(target) > limit * _RAW_FACTOR:
        _too_long(limit)
    path, question, query = target.partition("?")
    path = without_dots(_fixed(path.replace("\\", "/"), "utf-8")) or "/"
    url = f"{origin}{path}{question}{_fixed(query, encoding)}"
    return CanonicalUrl(url) if len(url) <= limit else _too_long(limit)


def _host_and_port(authority: str, scheme: str) -> tuple[str, str]:
    """Host as it stands in a URL, and ``:port`` or nothing."""
    if "\\" in authority:
        _malformed("a backslash before the path: readers disagree where the host ends")
    if "@" in authority:
        raise UrlError("userinfo_refused", "a user name or password in a URL is never sent")
    match = _HOST_PORT.fullmatch(authority)
    if match is None or not match[1]:
        _malformed("the host or the port cannot be read")
    host: str = canonical_host(match[1])
    if ":" in host:
        host = f"[{host}]"
    digits = (match[2] or "").lstrip("0")
    if match[2] and (not digits or len(digits) > 5 or int(digits) > _HIGHEST_PORT):  # noqa: PLR2004 - digits of 65535
        _malformed("the port is not between 1 and 65535")
    is_default = not digits or int(digits) == DEFAULT_PORTS[scheme]
    return host, "" if is_default else f":{digits}"


def _fixed(text: str, encoding: str) -> str:
    """Illegal octets escaped, needless escapes undone, hexadecimal digits in upper case."""
    if not text.isascii():
        text = _octets(text, encoding).decode("latin-1")
    return _FIX.sub(lambda match: _FIXES[match[0]], text)


def _octets(text: str, encoding: str) -> bytes:
    if not encoding.lower().startswith(("utf", "u8")):
        try:
            return text.encode(encoding, "xmlcharrefreplace")
        except (LookupError, UnicodeError):
            pass  # a codec that Python does not have, or that is none for text: as if nothing had been declared
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        _malformed("half a character (a lone surrogate) stands in the URL")


def without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4 for a path that is empty or begins with a slash."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _malformed(message: str) -> NoReturn:
    raise UrlError("url_malformed", message)


def _too_long(limit: int) -> NoReturn:
    raise UrlError("url_too_long", f"the URL has more than {limit} octets")
