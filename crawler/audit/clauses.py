"""Which lines of the policy a verdict rests on: reason codes to keys, and keys to lines of the kept file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.policy.reading import AGREEMENTS, CRAWL_POLICY
from crawler.policy.scope import covers
from crawler.values.toml_lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.storage.policies import OpenedPolicy
    from crawler.values.toml_lines import KeyPath
    from crawler.values.url import Url

_KEYS: Mapping[str, tuple[KeyPath, ...]] = {
    "url_too_long": (("limits", "url_bytes"),),
    "port_refused": (("network", "ports"),),
    "identity_missing": (("identity",),),
    "robots_delay_too_long": (("politeness", "max_delay"),),
    "trap_limit": (
        ("traps", "depth"),
        ("traps", "pages_per_domain"),
        ("traps", "repeated_segments"),
        ("traps", "similar_urls"),
    ),
    "sitemap_limit": (("limits", "sitemap_files"), ("limits", "sitemap_depth")),
    "sitemap_refused": (("limits", "sitemap_bytes"),),
    "media_type_not_wanted": (("media", "kinds"),),
    "headers_too_large": (("limits", "header_bytes"), ("limits", "header_lines"), ("limits", "header_line_bytes")),
    "too_many_codings": (("limits", "content_codings"),),
    "body_too_large": (("limits", "page_bytes"), ("limits", "media_bytes"), ("limits", "sitemap_bytes")),
    "timeout": (
        ("limits", "connect_timeout"),
        ("limits", "first_byte_timeout"),
        ("limits", "total_timeout"),
    ),
    "too_many_redirects": (("limits", "redirects"),),
    "unparseable": (("limits", "page_bytes"), ("limits", "html_depth"), ("limits", "links_per_page")),
    "site_file_unread": (("unread", "verdict"), ("unread", "retries")),
    "optout_conditional": (("conditional", "met"),),
    "condition_met": (("conditional", "met"),),
}
_PROFILE = frozenset({"unknown_allowed", "unknown_denied", "permission_pending"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One key of the policy that had a say."""

    file: str
    line: int | None
    """``None``: the file does not write the key, so that its default holds."""
    key: str
    literal: str
    """The line as it stands in the file; empty for a default."""


def clauses(row: Mapping[str, Any], url: Url, opened: OpenedPolicy) -> list[Clause]:
    """Find the lines that decided this row; empty where the rule is fixed in the program and no key changes it."""
    texts = {file.name: file.content.decode() for file in opened.files}
    found = [_clause(texts, CRAWL_POLICY, path) for path in _paths(row)]
    found += _overrides(row, url, opened, texts)
    if row["agreement_ref"] is not None:
        refs = [index for index, one in enumerate(opened.policy.agreements) if one.ref == row["agreement_ref"]]
        found += [_clause(texts, AGREEMENTS, ("agreement", index, "ref")) for index in refs]
    return found


def _paths(row: Mapping[str, Any]) -> tuple[KeyPath, ...]:
    if row["reason"] in _PROFILE:
        return (("profile",), ("profiles", row["profile"], "unknown"))
    return _KEYS.get(row["reason"], ())


def _overrides(row: Mapping[str, Any], url: Url, opened: OpenedPolicy, texts: Mapping[str, str]) -> list[Clause]:
    """The overrides that lifted something for this URL on the day of the decision."""
    if "override" not in row["reasons"]:
        return []
    day = row["decided_at"].date()
    lifted = set(row["reasons"])
    return [
        _clause(texts, CRAWL_POLICY, ("override", index, key))
        for index, one in enumerate(opened.policy.overrides)
        if one.valid_from <= day <= one.valid_to and covers(one.scope, url) and lifted & set(one.lifts)
        for key in ("scope", "lifts", "reason", "document", "decided_by", "valid_from", "valid_to")
    ]


def _clause(texts: Mapping[str, str], name: str, path: KeyPath) -> Clause:
    text = texts.get(name, "")
    line = lines_of(text).get(path)
    literal = "" if line is None else text.split("\n")[line - 1].strip()
    key = ".".join(str(part) for part in path if not isinstance(part, int))
    return Clause(file=name, line=line, key=key, literal=literal)
