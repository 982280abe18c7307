"""The two questions that every URL is asked: the purpose of the crawl, and search; judged apart (design section 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.optout.collect import collect
from crawler.optout.statement import Question, Use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.collect import CarrierReadings, Collected
    from crawler.optout.statement import Statement
    from crawler.policy.document import CrawlPolicy
    from crawler.values.url import Url


def question_of(url: Url, policy: CrawlPolicy, *, media_type: str | None = None) -> Question:
    """What the crawl asks about a URL for its own purpose."""
    identity = policy.identity
    return Question(
        url=url.text,
        use=policy.purpose,
        token=identity.product_token,
        media_type=media_type,
        user_class=identity.user_class,
        country=identity.country,
    )


def collect_all(
    url: Url,
    carriers: CarrierReadings,
    policy: CrawlPolicy,
    *,
    inherited: Iterable[Statement] = (),
    media_type: str | None = None,
) -> Collected:
    """Ask all carriers about both uses; the statements of the crawl's own purpose come first."""
    question = question_of(url, policy, media_type=media_type)
    inherited = tuple(inherited)
    found = collect(question, carriers, inherited)
    if policy.purpose is Use.SEARCH or not (carriers.reads or inherited):
        return found
    search = collect(replace(question, use=Use.SEARCH), carriers, inherited)
    if not search.statements and search.unread == found.unread:
        return found
    unread = tuple(dict.fromkeys((*found.unread, *search.unread)))
    return replace(found, statements=(*found.statements, *search.statements), unread=unread)
