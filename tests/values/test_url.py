"""One spelling for a URL: our vectors, agreement with Scrapy's and the standard library's parts, and properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from w3lib.url import safe_url_string

from crawler.errors import UrlError
from crawler.values.host import refused_host
from crawler.values.url import CanonicalUrl, canonicalise, parse, resolve, resolve_each, split
from tests.shared import shared_path

VECTORS = Path(__file__).parents[1] / "vectors" / "urls"
CANONICAL = json.loads((VECTORS / "canonical.json").read_text(encoding="utf-8"))
RESOLVE = json.loads((VECTORS / "resolve.json").read_text(encoding="utf-8"))


def _answer(raw: str) -> dict[str, str]:
    try:
        return {"url": canonicalise(raw)}
    except UrlError as error:
        return {"reason": error.reason}


@pytest.mark.parametrize("case", CANONICAL, ids=lambda case: case["id"])
def test_canonicalise(case: dict[str, Any]) -> None:
    """Each spelling becomes the URL of the vector or is refused with its code."""
    assert _answer(case["raw"]) == {key: case[key] for key in ("url", "reason") if key in case}


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [(block["base"], reference, url) for block in RESOLVE for reference, url in block["cases"].items()],
)
def test_resolve(base: CanonicalUrl, reference: str, expected: str) -> None:
    """References resolve as in RFC 3986 section 5.4 and, beyond it, as in browsers."""
    assert resolve(base, reference) == expected


@pytest.mark.parametrize(
    ("base", "reference", "reason"),
    [(block["base"], reference, reason) for block in RESOLVE for reference, reason in block["refused"].items()],
)
def test_resolve_refuses(base: CanonicalUrl, reference: str, reason: str) -> None:
    """What cannot be asked for is refused with its code, a backslash that begins an authority among it."""
    with pytest.raises(UrlError) as refusal:
        resolve(base, reference)
    assert refusal.value.reason == reason


def test_adversarial_hosts() -> None:
    """Every spelling of a local host is refused by its form, the public one is not."""
    hosts = json.loads(shared_path("vectors/adversarial/ssrf/hosts.json").read_text(encoding="utf-8"))
    for host in hosts["blocked"]:
        assert refused_host(parse(f"http://{host}/").host), host
    for host in hosts["malformed_refuse"]:
        with pytest.raises(UrlError):
            canonicalise(f"http://{host}/")
    for host in hosts["allowed_control"]:
        assert refused_host(parse(f"http://{host}/").host) is None


@pytest.mark.parametrize("limit", [30, 2048])
def test_length(limit: int) -> None:
    """The limit counts octets of the canonical URL, whichever way leads to it."""
    start = "http://one.test/"
    fits = CanonicalUrl(start + "a" * (limit - len(start)))
    assert canonicalise(fits, limit=limit) == fits
    assert resolve(CanonicalUrl(start), fits, limit=limit) == fits
    assert resolve(CanonicalUrl(start), fits[len(start) :], limit=limit) == fits
    assert canonicalise(f"{fits[:-1]}%61#f", limit=limit) == fits
    for longer in (fits + "a", fits + "\u00e9", fits + "/./", "http://one.test/" + "a/../" * limit * 2):
        for call in (canonicalise, lambda text, limit: resolve(CanonicalUrl(start), text, limit=limit)):
            with pytest.raises(UrlError, match=f"{limit} octets") as refusal:
                call(longer, limit=limit)
            assert refusal.value.reason == "url_too_long"
    with pytest.raises(UrlError, match="octets"):
        resolve(CanonicalUrl(start), fits[len(start) :] + "a", limit=limit)


def test_long_host() -> None:
    """A name has at most 253 octets, also in a URL that is canonical otherwise."""
    label = "a" * 62 + "."
    fits = "https://" + label * 4 + "a/" + "b" * 200
    assert canonicalise(fits) == fits
    with pytest.raises(UrlError, match="253"):
        canonicalise(fits.replace("a/", "aa/"))


def test_parts() -> None:
    """The parts are those of the text: origin with its port, target exactly as sent."""
    url = parse("https://[2001:db8::1]/a;b?c=d?e")
    assert (url.scheme, url.host, url.port, url.target) == ("https", "2001:db8::1", 443, "/a;b?c=d?e")
    assert (url.origin, url.path) == ("https://[2001:db8::1]:443", "/a;b")
    url = parse("HTTP://one.test:8080")
    assert (url.text, url.origin, url.path) == ("http://one.test:8080/", "http://one.test:8080", "/")
    with pytest.raises(UrlError, match="canonical"):
        split(CanonicalUrl("mailto:x"))


@pytest.mark.parametrize(
    ("encoding", "query"),
    [
        ("latin-1", "%E9&%238364;"),
        ("utf-16-le", "%C3%A9%E2%82%AC"),
        ("no-such-codec", "%C3%A9%E2%82%AC"),
        ("hex", "%C3%A9%E2%82%AC"),
    ],
)
def test_query_in_the_encoding_of_the_page(encoding: str, query: str) -> None:
    """The query of a link is written in the page's encoding, the path in UTF-8; what is no encoding counts as UTF-8."""
    base = CanonicalUrl("http://one.test/")
    assert resolve(base, "\u00e9?\u00e9\u20ac", encoding=encoding) == f"http://one.test/%C3%A9?{query}"


WILD = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *(
                    "http",
                    "https",
                    "HTTP",
                    "ftp",
                    ":",
                    "//",
                    "/",
                    "\\",
                    "?",
                    "#",
                    "@",
                    ".",
                    "..",
                    "%",
                    "%2e",
                    "%2F",
                    "%41",
                ),
                *(
                    "a",
                    "B.test",
                    "one.test",
                    "www.example.com",
                    "127.1",
                    "0x7f",
                    "[::1]",
                    "[",
                    "]",
                    ":80",
                    ":0443",
                    ":99999",
                ),
                *(
                    "\u00fc",
                    "\u2460",
                    "\u3002",
                    "\u00ad",
                    "\ud800",
                    "\udcff",
                    " ",
                    "\t",
                    "\n",
                    "\x00",
                    "xn--",
                    "a=b",
                    "&",
                    ";",
                    "|",
                    "'",
                ),
            ]
        ),
        max_size=12,
    ).map("".join),
)
URLS = st.one_of(
    WILD, WILD.map(lambda text: f"http://one.test{text}"), WILD.map(lambda text: f"https://one.test/{text}")
)


@given(URLS)
@example("http://a/\u00ad")
def test_nothing_but_url_error(raw: str) -> None:
    """Any text is a URL or a ``UrlError`` with a known code; a URL is canonical once and for all, and in parts."""
    answer = _answer(raw)
    if "reason" in answer:
        assert answer["reason"] in {
            "scheme_refused",
            "url_malformed",
            "url_too_long",
            "userinfo_refused",
            "host_refused",
        }
        return
    url = CanonicalUrl(answer["url"])
    assert url.isascii()
    assert url.isprintable()
    assert canonicalise(url) == url
    assert resolve(url, url) == url
    assert resolve(url, "") == url
    parts = split(url)
    assert canonicalise(parts.origin + parts.target) == url


@given(URLS)
def test_checked_is_sent(raw: str) -> None:
    """Scrapy's request and the standard library read a canonical URL as it is: text, host, port and path.

    Scrapy's own spelling drops an empty query and encodes an apostrophe in one; the download handler sends ours.
    """
    answer = _answer(raw)
    if "url" in answer:
        url, parts = answer["url"], split(CanonicalUrl(answer["url"]))
        path, _, query = url.partition("?")
        assert safe_url_string(url) == (f"{path}?{query.replace(chr(39), '%27')}" if query else path)
        seen = urlsplit(url)
        assert seen.username is None
        assert (seen.scheme, seen.hostname) == (parts.scheme, parts.host)
        assert (seen.port or {"http": 80, "https": 443}[seen.scheme]) == parts.port
        assert seen.path == parts.path


@given(URLS, URLS)
def test_resolve_raises_nothing_else(base: str, reference: str) -> None:
    """Any reference beside any base is canonical or a ``UrlError``."""
    answer = _answer(base)
    if "url" in answer:
        try:
            url = resolve(CanonicalUrl(answer["url"]), reference)
        except UrlError:
            return
        assert canonicalise(url) == url


@given(URLS, st.lists(URLS, max_size=5), st.integers(20, 120))
def test_many_resolve_as_each_alone(base: str, references: list[str], limit: int) -> None:
    """The references of a page come to what each of them comes to alone, whatever way they take."""
    answer = _answer(base)
    if "url" not in answer:
        return
    url, alone = CanonicalUrl(answer["url"]), []
    own = [url.removesuffix("x") + reference for reference in references]
    for reference in (*references, *own):
        try:
            alone.append(resolve(url, reference, limit=limit))
        except UrlError:
            continue
    assert resolve_each(url, (*references, *own), limit=limit) == tuple(dict.fromkeys(alone))


@pytest.mark.parametrize("port", [1, 79, 81, 442, 8080, 9999, 10000, 34525, 59999, 60000, 65535])
def test_canonical_is_left_alone(port: int) -> None:
    """A URL in its one spelling is not spelt anew, whatever the port."""
    raw = f"http://one.test:{port}/a?b"
    assert canonicalise(raw) is raw


PATHS = st.text(st.sampled_from("ab/.?;=&~_-+@:,"), max_size=16)


@given(PATHS, PATHS)
def test_agrees_with_the_standard_library(path: str, reference: str) -> None:
    """On references of legal characters the result is that of urljoin, canonicalised."""
    base = canonicalise(f"http://one.test/{path}")
    if ":" in reference.partition("/")[0] or "//" in base[7:] + reference or ";" in path + reference:
        return  # urljoin knows the parameters of RFC 2396 and drops empty segments
    if reference.startswith("?") or reference.endswith("?"):
        return  # urljoin drops an empty query
    assert resolve(base, reference) == canonicalise(urljoin(base, reference))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\\#?%[]|^"), max_size=20))
def test_agrees_with_w3lib(path: str) -> None:
    """Paths are escaped as Scrapy's link extractor escapes them, but for octets that RFC 3986 does not know."""
    ours = canonicalise(f"http://one.test/a{path}b")
    theirs = safe_url_string(f"http://one.test/a{path}b")
    assert ours == canonicalise(theirs)
