"""A site of linked pages for kill tests: ``python -m tests.servers.tree --pages 3000 --port 0 --log FILE``.

Pages form a tree with extra cross links; some are reached by a redirect, some fail once, some lie under a Disallow.
Prints one JSON line with address and port when it listens, and runs until it is ended by a signal.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.replies import Reply, html, redirect, text
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from tests.servers.replies import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSite:
    """Answers for any host; the same arguments give the same site."""

    pages: int
    fanout: int = 8
    cross: int = 2
    """Extra links of each page to pages anywhere."""
    delay: float = 0.0
    """Seconds before each page; robots.txt is not delayed."""
    redirect_every: int = 0
    """Each n-th page is linked through ``/r/N``, which redirects to it; 0: none."""
    fail_every: int = 0
    """Each n-th page answers 503 to the first request; 0: none."""
    denied_every: int = 10
    """Each n-th page links to ``/denied/N``, which robots.txt closes; 0: none."""
    seed: int = 1
    padding: int = 400
    """Octets of text on each page."""

    def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        if request.path == "/robots.txt":
            return text("User-agent: *\nDisallow: /denied/\n")
        kind, _, rest = request.path.removeprefix("/").partition("/")
        if request.path == "/":
            kind, rest = "p", "0"
        if not rest.isdecimal() or int(rest) >= self.pages:
            return text("no such page", status=404)
        number = int(rest)
        if kind == "r":
            return redirect(f"/p/{number}")
        if kind != "p":
            return text("not for robots", status=200)
        if self.fail_every and number % self.fail_every == 1 and request.number == 0:
            return text("busy", status=503)
        return Reply(headers=(("Content-Type", "text/html; charset=utf-8"),), body=self.page(number), delay=self.delay)

    def links(self, number: int) -> list[str]:
        """Targets that a page links to, in order."""
        first = number * self.fanout + 1
        numbers = list(range(first, min(first + self.fanout, self.pages)))
        rng = random.Random(f"{self.seed}:{number}")  # noqa: S311 - repeatable layout, nothing secret
        numbers += [rng.randrange(self.pages) for _ in range(self.cross)]
        found = [self.target(linked) for linked in numbers]
        if self.denied_every and number % self.denied_every == 0:
            found.append(f"/denied/{number}")
        return found

    def target(self, number: int) -> str:
        """How links name a page."""
        is_redirected = self.redirect_every and number and number % self.redirect_every == 0
        return f"/r/{number}" if is_redirected else f"/p/{number}"

    def page(self, number: int) -> bytes:
        """Body of a page."""
        anchors = "\n".join(f'<a href="{target}">{target}</a>' for target in self.links(number))
        filler = (f"This is page {number} of a grown tree. " * (self.padding // 30 + 1))[: self.padding]
        return html(f"<html><title>Page {number}</title><body><p>{filler}</p>\n{anchors}</body></html>").body

    def reachable(self) -> set[str]:
        """All page targets that a complete crawl keeps (the redirects to them not counted)."""
        return {f"/p/{number}" for number in range(self.pages)}


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.tree")
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--fanout", type=int, default=8)
    parser.add_argument("--cross", type=int, default=2)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--redirect-every", type=int, default=0)
    parser.add_argument("--fail-every", type=int, default=0)
    parser.add_argument("--denied-every", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args(arguments)
    site = TreeSite(
        pages=given.pages,
        fanout=given.fanout,
        cross=given.cross,
        delay=given.delay_ms / 1000,
        redirect_every=given.redirect_every,
        fail_every=given.fail_every,
        denied_every=given.denied_every,
        seed=given.seed,
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with ScriptedWeb(addresses=[given.address], port=given.port, log_file=given.log, unknown_host=site) as web:
        sys.stdout.write(json.dumps({"address": given.address, "port": web.port}) + "\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
