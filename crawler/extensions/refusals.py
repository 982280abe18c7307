"""How ``scrapy crawl`` tells a refused start: one message in the log, without the traceback of an error of ours.

Scrapy leaves the error of a start to asyncio, which logs it with its traceback; the exit status 1 is Scrapy's.
"""

from __future__ import annotations

import logging

from crawler.errors import ClearcrawlError


def shorten(record: logging.LogRecord) -> bool:
    """Filter for the logger of asyncio: an error of ours becomes its message. Nothing is ever dropped."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ClearcrawlError):
        record.msg, record.args = "the start was refused: %s", (str(error),)
        record.exc_info = record.exc_text = None
    return True


def tell_in_short() -> None:
    """Put the filter in place, once in a process."""
    logging.getLogger("asyncio").addFilter(shorten)
