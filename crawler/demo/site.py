"""The words of the demo web: what a site answers, and what a crawl that complies must do there."""

from __future__ import annotations

import gzip
import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Place = Callable[[str], str]
    """``host/path`` to the absolute URL under which the running web serves it."""

PRODUCT_TOKEN = "ClearcrawlBot"  # noqa: S105 - a product token, not a secret
"""The name under which the demo crawls; some sites speak to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay: float = 0.0
    """Seconds before it is sent."""
    is_dropped: bool = False
    """The connection is closed without a word."""
    is_chunked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come of one path."""

    path: str
    """With its query, as in the request line."""
    is_kept: bool
    """Whether its row ends as ``allow``; otherwise it ends as ``deny`` or ``defer``."""
    reasons: tuple[str, ...]
    """Codes of which one must be the decisive reason."""
    may_be_asked: bool = True
    """False: the server's log must not show it."""
    has_row: bool = True
    """False where it depends on the scope of the crawl whether the URL is considered at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One host."""

    host: str
    lesson: str
    """What the site shows, in a sentence for people."""
    answers: Mapping[str, Answer]
    """By path with query, or by path for all queries; everything else is 404."""
    seeds: tuple[str, ...] = ("/",)
    expected: tuple[Expected, ...]
    protocol: str | None = None
    """Reader that must be at work for the expectation to hold; ``None``: none is needed."""
    is_silent: bool = False
    """Nothing at all may be asked of the host, not even robots.txt."""


KEPT = ("unknown_allowed",)


def kept(*paths: str, reasons: tuple[str, ...] = KEPT) -> tuple[Expected, ...]:
    """Say that these paths are taken."""
    return tuple(Expected(path=path, is_kept=True, reasons=reasons) for path in paths)


def left(*paths: str, reasons: tuple[str, ...], may_be_asked: bool = True) -> tuple[Expected, ...]:
    """Say that these paths are not taken; ``may_be_asked`` where only the response shows why."""
    return tuple(Expected(path=path, is_kept=False, reasons=reasons, may_be_asked=may_be_asked) for path in paths)


def never_asked(*paths: str) -> tuple[Expected, ...]:
    """Say that these paths must not be requested, whether or not the crawl has a row for them."""
    return tuple(Expected(path=path, is_kept=False, reasons=(), may_be_asked=False, has_row=False) for path in paths)


def page(
    title: str,
    text: str,
    *links: str,
    head: str = "",
    lang: str = "en",
    charset: str = "utf-8",
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """Make an HTML page with a heading, a paragraph and links; ``head`` is markup."""
    direction = ' dir="rtl"' if lang == "ar" else ""
    anchors = "".join(f'<li><a href="{html.escape(link)}">{html.escape(link)}</a></li>' for link in links)
    markup = (
        f'<!doctype html>\n<html lang="{lang}"{direction}><head><meta charset="{charset}">{head}'
        f"<title>{html.escape(title)}</title></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n<p>{text}</p>\n<ul>{anchors}</ul></body></html>\n"
    )
    return Answer(headers=(("Content-Type", f"text/html; charset={charset}"), *headers), body=markup.encode(charset))


def plain(text: str, media_type: str = "text/plain; charset=utf-8", *, status: int = 200) -> Answer:
    """Make a text file."""
    return Answer(status=status, headers=(("Content-Type", media_type),), body=text.encode())


def moved(location: str, status: int = 302) -> Answer:
    """Make a redirect."""
    return Answer(status=status, headers=(("Location", location),))


def refused(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """Make an error page."""
    return replace(page(f"Error {status}", text, headers=headers), status=status)


def zipped(answer: Answer) -> Answer:
    """Send the same body under gzip."""
    return replace(
        answer, headers=(*answer.headers, ("Content-Encoding", "gzip")), body=gzip.compress(answer.body, mtime=0)
    )
