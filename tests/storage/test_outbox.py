"""The frontier of a worker among several: own URLs wait, others lie in the outbox until their owner has them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UsageError
from crawler.storage.entries import Batch, NewUrl, Role, RunInfo, Share, Via
from crawler.storage.outbox import from_text, to_text
from crawler.storage.store import CrawlStore
from crawler.values.url import CanonicalUrl

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, tzinfo=UTC)
AGENT = "Bot"
RUN = RunInfo(operator="Op", product_token=AGENT, purpose="ai_training", user_agent="Bot/1", software="s/1")
SHARE = Share(crawl_id="crawl-x", secret=b"s" * 32, may_be_new=True)


def new(host: str, path: str = "/", *, inherited: str | None = None) -> NewUrl:
    """A URL with all that may travel."""
    return NewUrl(
        url=CanonicalUrl(f"http://{host}{path}"), lane=host, depth=2, via=Via.MEDIA, role=Role.MEDIA, site="s.test",
        referrer=CanonicalUrl("http://r.test/"), chain=("http://c.test/",), inherited=inherited, discovered_at=NOW,
    )  # fmt: skip


def open_store(path: Path) -> CrawlStore:
    """Open worker ``w1`` of a crawl of several."""
    return CrawlStore.open(path, run=replace(RUN, share=SHARE), worker="w1")


def test_others_urls_go_to_the_outbox_with_all_that_they_carry(tmp_path: Path) -> None:
    """Committed together, kept over a restart, gone when handed over; a domain that comes in is own from then on."""
    store = open_store(tmp_path / "out")
    assert store.shared.receive([new("own.test")]) == 1
    batch = Batch(new_urls=(new("own.test", "/2"), new("other.test", inherited="[]"), new("other.test", "/3")))
    assert store.commit(batch).new_urls == 1
    store.commit(Batch(new_urls=(new("other.test", "/3"),)))  # a repeat is not put out twice
    store.close(clean=False, reason="shutdown", code=3)
    store = open_store(tmp_path / "out")
    parcels = store.shared.parcels(0, 10)
    assert [(one.lane, from_text(one.text)) for one in parcels] == [
        ("other.test", new("other.test", inherited="[]")), ("other.test", new("other.test", "/3")),
    ]  # fmt: skip
    store.shared.handed_over([parcels[0].id])
    assert [one.id for one in store.shared.parcels(0, 10)] == [parcels[1].id]
    assert not store.shared.owns("other.test")
    assert store.shared.receive([new("other.test", "/3"), new("other.test", "/3")]) == 1
    assert store.commit(Batch(new_urls=(new("other.test", "/4"),))).new_urls == 1
    assert store.counts().waiting == 4
    store.shared.adopt("third.test")
    assert store.shared.owns("third.test")
    store.close(clean=True, reason="finished", code=0)


def test_a_worker_alone_has_no_outbox(tmp_path: Path) -> None:
    """Asking for it is a mistake of ours, told as one."""
    store = CrawlStore.open(tmp_path / "out", run=RUN)
    with pytest.raises(UsageError, match="alone"):
        _ = store.shared
    store.close(clean=True, reason="finished", code=0)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "HTTP://x.test/"}, {"url": "file:///etc/passwd"}, {"url": 7}, {"depth": -1}, {"depth": True},
        {"via": "magic"}, {"role": "root"}, {"chain": [1]}, {"chain": "a"}, {"discovered_at": "today"},
        {"more": 1}, {"lane": None},
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused(change: dict[str, object]) -> None:
    """Nothing of another form comes into a frontier."""
    text = json.dumps({**json.loads(to_text(new("x.test"))), **change})
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another exception than ValueError."""
    with suppress(ValueError):
        from_text(text)
