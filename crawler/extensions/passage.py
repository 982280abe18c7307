"""One request of a project on its way through the gate, and what of the request itself may leave.

Only GET without a body is sent. Of the fields, those of ``PASSED`` go out as the project set them; who asks is ours,
and credentials, cookies of the project, conditions, ranges and forwarding addresses never leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.values.coding import ACCEPTED

if TYPE_CHECKING:
    from scrapy import Request

    from crawler.extensions.visit import Visit

PASSED = (b"Accept", b"Accept-Language", b"Cache-Control", b"Pragma", b"X-Requested-With", b"DNT", b"Sec-GPC")
"""Fields that a project may choose: they say what is preferred, not who asks."""


@dataclass(slots=True, kw_only=True, eq=False)
class Passage:
    """Mutable on purpose, as its visit is."""

    visit: Visit
    is_repeat: bool = False
    """Whether the URL is under way, or has its row already: judged all the same, but neither row nor body again."""
    is_sent: bool = False
    """Whether its turn has come."""


def problem_of(request: Request) -> str | None:
    """Why a request is never sent, whatever its URL."""
    if request.method != "GET":
        return f"method {request.method[:40]}"
    if request.body:
        return "a body"
    if request.meta.get("proxy"):
        return "a proxy"
    return None


def fields_of(
    request: Request, user_agent: str, *, cookies: bytes | None = None
) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """Fields to send, besides those that the handler sets itself; ``cookies`` are those that the site set."""
    chosen = [(name, tuple(request.headers.getlist(name))) for name in PASSED if name in request.headers]
    return (
        (b"User-Agent", (user_agent.encode(),)),
        *(chosen if b"Accept" in request.headers else [(b"Accept", (b"*/*",)), *chosen]),
        (b"Accept-Encoding", (ACCEPTED.encode("ascii"),)),
        *([] if cookies is None else [(b"Cookie", (cookies,))]),
    )
