"""One pass over an HTML page: the elements that readers, links, barriers and documents need. No judgement here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """A ``meta`` element that is a real element (not in a comment, script or template text)."""

    name: str
    """``name``, else ``property``, else ``http-equiv``; lower case, stripped."""
    attribute: str
    """Which of the three attributes named it."""
    content: str
    """With character references decoded."""
    index: int
    """Counted over all ``meta`` elements of the page from 0."""
    markup: str
    """The element rebuilt as text, at most 512 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A ``link`` element, or an ``a``/``area`` with a ``rel`` attribute."""

    tag: str
    rel: tuple[str, ...]
    """Tokens, lower case."""
    href: str
    type: str
    markup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A data block (JSON-LD, RSL), not a program."""

    type: str
    text: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlPage:
    """What one pass found; references are as written, not yet resolved."""

    charset: str
    lang: str | None
    title: str
    """At most 512 characters, white space folded."""
    base: str | None
    """First ``base`` element with an ``href``."""
    metas: tuple[Meta, ...]
    links: tuple[Link, ...]
    scripts: tuple[Script, ...]
    hyperlinks: tuple[str, ...]
    """``href`` of ``a`` and ``area``, ``src`` of ``frame`` and ``iframe``, in document order, without duplicates."""
    images: tuple[str, ...]
    """``src`` (and first of ``srcset``) of ``img``, ``source``, without duplicates."""
    refresh: str | None
    """Target of the first ``meta http-equiv=refresh`` outside ``noscript``."""
    has_password_field: bool
    is_truncated: bool
    """More elements than the caps, or deeper than the limit: what was read may not be all."""
