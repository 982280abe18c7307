"""Compares what a crawl of the demo web wrote with what it should have come to, site by site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawler.demo.site import Expected, Site
    from crawler.demo.web import Asked

    Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOutcome:
    """What came of one site."""

    site: Site
    rows: tuple[Row, ...]
    """By path."""
    problems: tuple[str, ...]
    """Empty where everything was as expected."""


def compare(
    sites: Sequence[Site], rows: Iterable[Row], wrongly_asked: Iterable[Asked], *, token: str, log: Iterable[Asked]
) -> list[SiteOutcome]:
    """Judge every site; ``rows`` need url, verdict and reason. A request without ``token`` hid who asks."""
    by_host: dict[str, dict[str, Row]] = {site.host: {} for site in sites}
    for row in rows:
        url = split(CanonicalUrl(row["url"]))
        by_host.setdefault(url.host, {})[url.target] = row
    wrong: dict[str, list[str]] = {}
    for asked in wrongly_asked:
        wrong.setdefault(asked.host, []).append(f"{asked.target} was asked for")
    for asked in log:
        if not asked.user_agent.startswith(token):
            wrong.setdefault(asked.host, []).append(f"{asked.target} was asked for by {asked.user_agent!r}")
    return [_judge(site, by_host[site.host], wrong.get(site.host, [])) for site in sites]


def _judge(site: Site, rows: Mapping[str, Row], wrong: Sequence[str]) -> SiteOutcome:
    problems = [problem for one in site.expected if (problem := _problem(one, rows.get(one.path))) is not None]
    return SiteOutcome(
        site=site,
        rows=tuple(rows[path] for path in sorted(rows)),
        problems=(*problems, *wrong),
    )


def _problem(expected: Expected, row: Row | None) -> str | None:
    if row is None:
        return f"{expected.path} has no row" if expected.has_row else None
    if not expected.has_row and not expected.reasons:
        return f"{expected.path} was kept" if row["verdict"] == "allow" else None
    is_kept = row["verdict"] == "allow"
    if is_kept == expected.is_kept and row["reason"] in expected.reasons:
        return None
    wanted = f"{'allow' if expected.is_kept else 'deny or defer'} ({' or '.join(expected.reasons)})"
    return f"{expected.path} ended as {row['verdict']} ({row['reason']}), not as {wanted}"
