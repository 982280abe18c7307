"""Columns about a kept page that cost time and change no verdict: made in the writing thread, with their methods."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from crawler.facts import generated
from crawler.facts.country import country_hint
from crawler.facts.similarity import METHOD, simhash
from crawler.language_models import language_of
from crawler.storage.site_categories import site_categories
from crawler.values.html_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawler.extensions.visit import Visit
    from crawler.tokenizers import Tokenizer

logger = logging.getLogger(__name__)

_PLAIN = "text/plain"


class PageFacts:
    """One per run; tokens are counted where there is a tokenizer."""

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        self._tokenizer = tokenizer
        self._categories = site_categories()

    def of(self, visit: Visit) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """Answer what makes the columns of a kept page from those of its row; it never raises."""

        def late(row: Mapping[str, Any]) -> dict[str, Any]:
            try:
                return self._made(visit, row)
            except Exception:  # the crawl does not end for a fact that nobody decides by
                logger.exception("No facts about %s", row["url"])
                return {}

        return late

    def _made(self, visit: Visit, row: Mapping[str, Any]) -> dict[str, Any]:
        page, host = visit.page, visit.url.host
        tags = visit.values(b"content-language")
        country, country_method = country_hint(host, markup=None if page is None else page.lang, header=tags)
        category, category_method = self._categories.of_host(host)
        if category is None and page is not None:
            category, category_method = self._categories.of_page(page)
        found: dict[str, Any] = {
            "country_hint": country,
            "country_hint_method": country_method,
            "site_category": category,
            "site_category_method": category_method,
        }
        machine: tuple[bool, str] | tuple[None, None] = (None, None)
        if page is not None:
            machine = generated.of_page(page)
        elif visit.media is not None:
            machine = generated.of_file(visit.media.embedded)
        found["ai_generated_flag"], found["ai_generated_method"] = machine
        return found | self._about_text(visit, row)

    def _about_text(self, visit: Visit, row: Mapping[str, Any]) -> dict[str, Any]:
        page = visit.page
        if page is not None:  # what is kept was read whole
            text = visible_text(visit.body, page.charset) if page.text is None else page.text
        elif row["content_mime_detected"] == _PLAIN:
            text = visit.body.decode("utf-8", "replace")
        else:
            return {}
        similar = simhash(text)
        found: dict[str, Any] = {
            "near_duplicate_hash": similar,
            "near_duplicate_method": None if similar is None else METHOD,
        }
        if self._tokenizer is not None:
            found["tokens"], found["tokenizer_id"] = self._tokenizer.count(text), self._tokenizer.identity
        if row["content_languages"] is None:
            named = language_of(text)
            if named is not None:
                found["content_languages"], found["content_languages_method"] = named
        return found
