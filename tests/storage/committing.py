"""A crawl without a network, to be killed: ``python committing.py OUT PAGES SEED``. Run by test_kill.

Page n of the made-up site links to 2n+1 and 2n+2; page and reply are functions of n alone. Each commit is noted on
standard output when it is through, so that the test knows what must never be lost.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from crawler.signing.sealer import open_sealer
from crawler.storage.entries import Batch, ClaimRequest, Intent
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN, allowed, denied, later, new, robots

if TYPE_CHECKING:
    from crawler.storage.entries import Claim, NewUrl, Outcome

LANES = 7


def body_of(number: int) -> bytes:
    """Reply of a page; every fifth has the same body as another one."""
    return b"shared body" * 40 if number % 5 == 0 else f"page {number} ".encode() * (number % 90 + 1)


def url_of(number: int) -> str:
    """URL of a page."""
    return f"http://lane{number % LANES}.test/{number}"


def child(number: int) -> NewUrl:
    """A page as a link."""
    return new(url_of(number), f"lane{number % LANES}.test", depth=1)


def outcome_of(claim: Claim, pages: int, crawl_id: str) -> Outcome:
    """What becomes of a page, by its number."""
    number = int(claim.new.url.rpartition("/")[2])
    if number % 11 == 3:
        return denied(claim, crawl_id=crawl_id)
    if number % 13 == 4 and claim.tries == 0:
        return later(claim, not_before=None)
    links = [child(n) for n in (2 * number + 1, 2 * number + 2) if n < pages]
    return allowed(claim, body_of(number), *links, crawl_id=crawl_id)


def say(*words: str) -> None:
    """One line on standard output, at once: what the test knows after a kill."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main(out: str, pages: int, seed: int) -> None:
    """Crawl to the end."""
    chosen = random.Random(seed)  # noqa: S311 - repeatable, not secret
    store = CrawlStore.open(Path(out), run=RUN, rotate_at=60_000, sealer=open_sealer())
    # Denied pages have no links, so every page is also a seed: the frontier has to drop the repeats.
    batch = Batch(
        new_urls=tuple(child(n) for n in range(pages)), claim=ClaimRequest(now=time.time(), limit=6, per_lane=2)
    )
    claims = store.commit(batch).claims
    say("ready")
    while claims:
        outcomes = tuple(outcome_of(claim, pages, store.crawl_id) for claim in claims)
        committed = store.commit(
            Batch(
                outcomes=outcomes,
                site_files=(robots(f"http://lane{chosen.randrange(LANES)}.test:80", b"User-agent: *\nDisallow:\n"),),
                intents=(Intent(url="http://lane0.test/robots.txt"),) if chosen.random() < 0.05 else (),
                claim=ClaimRequest(now=time.time(), limit=chosen.randint(1, 12), per_lane=2),
            )
        )
        say("row", *(outcome.claim.new.url for outcome in outcomes if outcome.row is not None))
        if committed.unpublished >= 40:
            # Beside the commits as in a crawl, or at once as for a full WARC file.
            (store.begin_publishing if chosen.random() < 0.7 else store.publish)("rows")
        claims = committed.claims
    store.close(clean=True, reason="finished", code=0)
    say("finished")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
