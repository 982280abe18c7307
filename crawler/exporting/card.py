"""The data-set card: Markdown with the YAML header that model hubs read, made of the summary alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from crawler import __version__
from crawler.exporting.columns import export_docs
from crawler.values.amounts import octets
from crawler.values.printable import for_markdown

if TYPE_CHECKING:
    from crawler.exporting.summary import ExportSummary

_PRIMARY = re.compile(r"([a-z]{2,3})(?:-.*)?", re.DOTALL)
"""The primary subtag of a language tag (RFC 5646)."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = ((10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))


def render_card(facts: ExportSummary) -> bytes:
    """Octets of README.md. Text of strangers in it is escaped; in the header only checked codes stand."""
    environment = Environment(
        loader=PackageLoader("crawler.exporting"),
        autoescape=False,  # noqa: S701 - Markdown: every value passes a filter, ``md`` or ``json``
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": for_markdown, "json": json.dumps, "octets": octets}
    template = environment.get_template("card.md.j2")
    text = template.render(
        facts=facts,
        title=title(facts),
        tool=f"clearcrawl {__version__}",
        operators=sorted({crawl.operator for crawl in facts.crawls}),
        languages=languages(facts),
        size_category=next((name for most, name in (*_SIZES, *_LARGER) if facts.documents < most), "n>1T"),
        data_files="data/*" if facts.format in {"parquet", "jsonl"} and facts.parts else None,
        columns=export_docs(is_text=facts.is_text),
    )
    return text.encode()


def title(facts: ExportSummary) -> str:
    """Name of the data set."""
    crawls = ", ".join(crawl.crawl_id for crawl in facts.crawls)
    return f"{'TEST: ' if facts.is_test else ''}Documents of {crawls}"


def languages(facts: ExportSummary) -> list[str]:
    """Primary language codes of the documents, the most frequent first; what is no language tag is passed over."""
    found = (_PRIMARY.fullmatch(one.value or "") for one in facts.by["language"])
    return list(dict.fromkeys(match[1] for match in found if match))
