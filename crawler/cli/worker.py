"""The process of one worker among several. ``clearcrawl crawl --workers`` starts it; it is no command for people.

Its connection is the file descriptor in its argument, its orders are JSON on standard input.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.errors import ClearcrawlError, ExitCode
from crawler.extensions.opening import open_parts
from crawler.extensions.plan import CrawlPlan, Scope
from crawler.extensions.tally import Tally
from crawler.signing.sealer import use_passphrase
from crawler.storage.entries import Share
from crawler.workers.messages import pack, tally_to_plain

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Work until told to end; answers the exit status."""
    connection = socket.socket(fileno=int(arguments[0]))
    config = json.load(sys.stdin)
    if config["passphrase"] is not None:
        use_passphrase(config["passphrase"])
    plan = plan_from(config)
    share = Share(crawl_id=config["crawl_id"], secret=bytes.fromhex(config["secret"]), may_be_new=config["may_be_new"])
    try:
        if config["closes"] is not None:
            return _close(plan, share, connection, config["closes"])
        return _work(plan, share, connection, config)
    except ClearcrawlError as error:
        connection.setblocking(True)
        connection.sendall(pack("failed", code=int(error.exit_code), text=str(error)))
        return int(error.exit_code)


def plan_to_plain(plan: CrawlPlan) -> dict[str, Any]:
    """A plan as JSON values; paths become absolute."""
    places = {name: str(getattr(plan, name).absolute()) for name in ("out", "policies", "blocklists")}
    previous = [str(path.absolute()) for path in plan.previous]
    return {**plan.config(), **places, "workers": plan.workers, "previous": previous}


def plan_from(config: dict[str, Any]) -> CrawlPlan:
    """The plan of one worker."""
    plain = config["plan"]
    return CrawlPlan(
        **{
            **plain,
            **{name: Path(plain[name]) for name in ("out", "policies", "blocklists")},
            "previous": tuple(map(Path, plain["previous"])),
            "scope": Scope(plain["scope"]),
            "worker": config["worker"],
        }
    )


def _work(plan: CrawlPlan, share: Share, connection: socket.socket, config: dict[str, Any]) -> int:
    from crawler.cli.running import run  # noqa: PLC0415 - Scrapy is needed only to crawl
    from crawler.spiders.urls import UrlsSpider  # noqa: PLC0415 - as above
    from crawler.spiders.web import WebSpider  # noqa: PLC0415 - as above
    from crawler.workers.runtime import WorkerRuntime  # noqa: PLC0415 - as above

    runtime = WorkerRuntime.join(plan, share, connection, config["slots"])
    return int(run(runtime, {"urls": UrlsSpider, "web": WebSpider}[config["spider"]], (), is_quiet=True))


def _close(plan: CrawlPlan, share: Share, connection: socket.socket, reason: str) -> int:
    """Close the part of a worker that died: recover what it committed, publish it, sign it, ask nobody for anything."""
    parts = open_parts(plan, share=share)
    connection.setblocking(True)
    store = parts.writer.store
    counts = store.counts()
    connection.sendall(pack("hello", kept=counts.pages_kept, waiting=counts.waiting))
    parts.writer.close(reason=reason, code=ExitCode.INCOMPLETE, clean=False)
    parts.writer.join()
    if parts.writer.failure is not None:
        raise parts.writer.failure
    tally = Tally(waiting=counts.waiting)
    code = int(ExitCode.INCOMPLETE)
    connection.sendall(
        pack("done", reason=reason, code=code, unsealed=store.unsealed, unsigned=store.unsigned,
             pending=store.pending, failure=None, tally=tally_to_plain(tally))
    )  # fmt: skip
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
