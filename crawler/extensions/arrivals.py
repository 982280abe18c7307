"""Where every way of a page ends: its answer or its failure becomes a verdict, and what is not kept is settled at once.

Scrapy's response gate and the direct way both call this; neither of them judges.
"""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING

from crawler.policy.decision import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from crawler.extensions.runtime import Runtime
    from crawler.extensions.visit import Visit


class Arrivals:
    """One per way, on the event loop. Holds nothing of a visit."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def is_made_up(self, visit: Visit) -> bool:
        """Whether no server gave the answer; the visit is refused by then, and the crawl does not end clean."""
        if visit.exchange is not None and visit.exchange.status is not None:
            return False
        self._runtime.answered(visit)
        detail = f"{visit.url.text} was answered by something else than the gate's own download"
        self._runtime.bypassed(detail)
        self._runtime.failed(visit, "internal_error", detail)
        return True

    def judged(self, visit: Visit) -> Decision | Coroutine[Any, Any, Decision]:
        """Decide on a response, at once or after what it refers to was read; what is not kept is settled by then.

        Raises what broke on the way, with the visit settled as ``internal_error``.
        """
        self._runtime.answered(visit)
        try:
            decision = self._runtime.judge(visit)
        except Exception as error:
            self._broken(visit, error)
            raise
        if isinstance(decision, Decision):
            return self._settled(visit, decision)
        return self._later(visit, decision)

    def lost(self, visit: Visit, error: Exception) -> str:
        """Settle a visit that got no whole answer; answers the reason code."""
        runtime, exchange = self._runtime, visit.exchange
        runtime.answered(visit)
        if exchange is None or exchange.error is None:
            self._broken(visit, error)
            return "internal_error"
        if runtime.is_over and exchange.was_cancelled:
            runtime.interrupted(visit)
        else:
            runtime.failed(visit, exchange.error, exchange.error_detail)
        return exchange.error

    async def _later(self, visit: Visit, judged: Coroutine[Any, Any, Decision]) -> Decision:
        try:
            decision = await judged
        except CancelledError:  # a stop, before the documents that the page refers to were read
            self._runtime.interrupted(visit)
            raise
        except Exception as error:
            self._broken(visit, error)
            raise
        return self._settled(visit, decision)

    def _settled(self, visit: Visit, decision: Decision) -> Decision:
        if not is_page(visit, decision):
            self._runtime.settle(visit, decision)
        return decision

    def _broken(self, visit: Visit, error: Exception) -> None:
        self._runtime.failed(visit, "internal_error", f"{type(error).__name__}: {error}")


def is_page(visit: Visit, decision: Decision) -> bool:
    """Whether the body is kept: a redirect is allowed as well, and is no page."""
    return decision.verdict is Verdict.ALLOW and visit.redirect is None
