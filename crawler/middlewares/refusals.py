"""What a project's errbacks get where the gate refused: Scrapy's own kinds of exceptions, with the reason code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError

if TYPE_CHECKING:
    from scrapy.http import Response


class RefusedError(IgnoreRequest):
    """The page was refused, deferred, or is a hop; its row says why. The text is the reason code."""


class StatusRefusedError(RefusedError, HttpError):
    """The answer's status refused it; ``response`` has status and fields, and no body."""

    def __init__(self, response: Response, reason: str) -> None:
        self.response = response
        IgnoreRequest.__init__(self, reason)
