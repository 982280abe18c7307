"""URLs taken by name: an attempt on disk, one row a crawl, and counters that stay true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.storage.entries import AttemptOutcome, Batch, Outcome, UrlState
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN, new, row

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.entries import Claim, Taken

URL = "http://example.test/a"


def take(store: CrawlStore, url: str = URL) -> Taken:
    """Take one URL."""
    return store.commit(Batch(takes=(new(url),))).taken[0]


def deny(store: CrawlStore, claim: Claim) -> None:
    """Give a claim its final row."""
    refused = row(claim.new.url, verdict="deny", stage="before_fetch")
    outcome = Outcome(claim=claim, attempt=AttemptOutcome.REFUSED, state=UrlState.DENIED, row=refused)
    store.commit(Batch(outcomes=(outcome,)))


def test_a_url_is_given_out_once(tmp_path: Path) -> None:
    """While it is under way, and after its row, there is no claim, and the answer says where it stands."""
    store = CrawlStore.open(tmp_path / "out", run=RUN)
    first = take(store)
    assert first.claim is not None
    assert (first.is_new, first.state, first.claim.tries) == (True, UrlState.WAITING, 0)
    assert store.counts().sent == 1
    second = take(store)
    assert (second.claim, second.state, second.is_new) == (None, UrlState.SENT, False)
    deny(store, first.claim)
    third = take(store)
    assert (third.claim, third.state) == (None, UrlState.DENIED)
    counts = store.counts()
    assert (counts.waiting, counts.sent, counts.denied, counts.rows_deny) == (0, 0, 1, 1)
    store.close(clean=True, reason="finished", code=0)


def test_a_parked_url_and_the_next_crawl(tmp_path: Path) -> None:
    """A URL that was put off is given out again with its tries; the next crawl of the folder begins anew."""
    store = CrawlStore.open(tmp_path / "out", run=RUN)
    claim = take(store).claim
    assert claim is not None
    later = Outcome(
        claim=claim, attempt=AttemptOutcome.FAILED, state=UrlState.WAITING, not_before=4e9, detail="timeout"
    )
    store.commit(Batch(outcomes=(later,)))
    again = take(store).claim
    assert again is not None
    assert again.tries == 1
    deny(store, again)
    store.close(clean=True, reason="finished", code=0)
    store = CrawlStore.open(tmp_path / "out", run=RUN)
    anew = take(store)
    assert anew.claim is not None
    assert (anew.state, anew.claim.tries) == (UrlState.DENIED, 0)
    assert store.counts().denied == 0
    deny(store, anew.claim)
    store.close(clean=True, reason="finished", code=0)


def test_several_in_one_commit(tmp_path: Path) -> None:
    """The same URL twice in one batch: the second one finds it under way; answers come in order."""
    store = CrawlStore.open(tmp_path / "out", run=RUN)
    taken = store.commit(Batch(takes=(new(URL), new(URL + "b"), new(URL)))).taken
    assert [one.claim is not None for one in taken] == [True, True, False]
    assert taken[1].claim is not None
    assert taken[1].claim.new.url == URL + "b"
    store.close(clean=False, reason="stop", code=3)
