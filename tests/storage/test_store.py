"""Group commits: what becomes durable together, whose turn it is, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import StorageError, UsageError
from crawler.provenance.leaf import hash_text, leaf_data, leaf_hash, row_leaf
from crawler.storage.entries import (
    AttemptOutcome,
    Batch,
    ClaimRequest,
    Event,
    Intent,
    IntentOutcome,
    Outcome,
    Recovery,
    UrlState,
    Via,
    WarcKind,
)
from crawler.storage.manifest import schema
from crawler.storage.reading import CrawlReader
from crawler.storage.store import CrawlStore
from tests.storage.making import NOW, RUN, allowed, denied, later, new, page_records, record_id, robots, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.storage.entries import (
        Claim,
    )

WANT = ClaimRequest(now=1000.0, limit=100, per_lane=100)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Folder of the crawl."""
    return tmp_path / "out"


@pytest.fixture
def store(out: Path) -> Iterator[CrawlStore]:
    """An open store, closed as stopped."""
    opened = CrawlStore.open(out, run=RUN)
    yield opened
    opened.close(clean=False, reason="test", code=3)


def claim_all(store: CrawlStore, *urls: str, lane: str = "example.test") -> tuple[Claim, ...]:
    """Put URLs in and claim everything that is due."""
    return store.commit(Batch(new_urls=tuple(new(url, lane) for url in urls), claim=WANT)).claims


def names(claims: tuple[Claim, ...]) -> list[str]:
    """Last parts of the URLs."""
    return [claim.new.url.rpartition("/")[2] for claim in claims]


def test_a_claim_carries_everything_that_was_put_in(store: CrawlStore) -> None:
    """Depth, way, referrer, redirect chain, inherited statements and time of discovery survive the frontier."""
    given_url = new(
        "http://a.test/x", "a.test", depth=3, via=Via.REDIRECT, chain=("http://a.test/y",), inherited='{"a":1}',
        referrer="http://b.test/",
    )  # fmt: skip
    (claim,) = store.commit(Batch(new_urls=(given_url,), claim=WANT)).claims
    assert (claim.new, claim.tries, claim.attempt_id) == (given_url, 0, 1)


def test_known_urls_are_dropped(store: CrawlStore) -> None:
    """The exact URL is the key; a repeat in the batch, in a link, or after the cache is not new."""
    first = store.commit(
        Batch(new_urls=(new("http://a.test/1"), new("http://a.test/1"), new("http://a.test/2")), claim=WANT)
    )
    assert (first.new_urls, len(first.claims)) == (2, 2)
    done = allowed(first.claims[0], b"x", new("http://a.test/2"), new("http://a.test/3"))
    second = store.commit(Batch(outcomes=(done,)))
    assert (second.new_urls, second.rows, second.waiting) == (1, 1, 1)


def test_known_urls_are_dropped_after_a_restart(out: Path) -> None:
    """What was known before is known again; nothing depends on memory."""
    store = CrawlStore.open(out, run=RUN)
    claim_all(store, "http://a.test/1")
    store.close(clean=False, reason="test", code=3)
    store = CrawlStore.open(out, run=RUN)
    assert store.commit(Batch(new_urls=(new("http://a.test/1"), new("http://a.test/2")))).new_urls == 1
    store.close(clean=False, reason="test", code=3)


def test_lanes_take_turns_and_urls_come_in_order_of_discovery(store: CrawlStore) -> None:
    """The lane that waited longest is served first, each with at most ``per_lane`` URLs."""
    urls = tuple(new(f"http://h{n % 3}.test/{n}", f"h{n % 3}.test") for n in range(9))
    want = ClaimRequest(now=1.0, limit=2, per_lane=1)
    first = store.commit(Batch(new_urls=urls, claim=want)).claims
    second = store.commit(Batch(claim=want)).claims
    third = store.commit(Batch(claim=replace(want, limit=4, per_lane=2))).claims
    assert [names(claims) for claims in (first, second, third)] == [["0", "1"], ["2", "3"], ["4", "7", "6", "5"]]


def test_excluded_lanes_are_passed_over(store: CrawlStore) -> None:
    """A busy lane gets no URL, and does not stand in the way of others."""
    urls = tuple(new(f"http://h{n}.test/{n}", f"h{n}.test") for n in range(5))
    busy = frozenset({"h0.test", "h1.test", "h3.test"})
    claims = store.commit(Batch(new_urls=urls, claim=ClaimRequest(now=1.0, limit=9, exclude=busy))).claims
    assert names(claims) == ["2", "4"]
    assert store.commit(Batch(claim=ClaimRequest(now=1.0, limit=0))).claims == ()


def test_parked_urls_wait_until_they_are_due(store: CrawlStore) -> None:
    """A URL put off is not given out before its time, then before its lane's fresh ones, with its tries counted."""
    claims = claim_all(store, "http://a.test/1", "http://a.test/2")
    store.commit(Batch(outcomes=tuple(later(claim, not_before=500.0 + i) for i, claim in enumerate(claims))))
    assert store.next_due() == 500.0
    assert store.commit(Batch(claim=replace(WANT, now=499.0))).claims == ()
    store.commit(Batch(new_urls=(new("http://a.test/3"),)))
    (again,) = store.commit(Batch(claim=replace(WANT, now=500.0, limit=1))).claims
    assert (again.new.url, again.tries) == ("http://a.test/1", 1)
    assert names(store.commit(Batch(claim=replace(WANT, now=600.0))).claims) == ["2", "3"]
    assert store.next_due() is None


def test_a_released_claim_waits_again_and_is_no_try(store: CrawlStore) -> None:
    """Handed back unsent: the same URL comes again as if it had not been given out."""
    (claim,) = claim_all(store, "http://a.test/1")
    committed = store.commit(Batch(releases=(claim,), claim=WANT))
    (again,) = committed.claims
    assert (again.new, again.tries, committed.waiting) == (claim.new, 0, 0)
    assert again.attempt_id != claim.attempt_id


def test_a_row_is_what_its_leaf_says(store: CrawlStore, out: Path) -> None:
    """From the published Parquet alone anyone can compute each leaf again (R6.1, R6.2)."""
    first, second, third = claim_all(store, "http://a.test/1", "http://a.test/2", "http://a.test/3")
    failed = Outcome(
        claim=third, attempt=AttemptOutcome.FAILED, state=UrlState.FAILED,
        row=row(third.new.url, verdict="defer", duration_s=2.0, reasons=["timeout"]),
    )  # fmt: skip
    store.commit(Batch(outcomes=(allowed(first, b"<p>1</p>"), denied(second), failed)))
    assert store.publish("rows") == 3
    (path,) = (out / "manifest").iterdir()
    table = pq.read_table(path)
    assert table.schema.remove_metadata() == schema().remove_metadata()
    rows = table.to_pylist()
    for found in rows:
        _, data = row_leaf(found, seq=found["seq"], salt=found["salt"])
        assert found["leaf_hash"] == hash_text(leaf_hash(data))
        assert len(bytes.fromhex(found["salt"])) == 16
    assert len({found["salt"] for found in rows}) == 3
    assert duckdb.read_parquet(str(path)).aggregate("verdict, count(*)").order("verdict").fetchall() == [
        ("allow", 1), ("defer", 1), ("deny", 1),
    ]  # fmt: skip


def test_a_page_is_read_back_by_its_row(store: CrawlStore, out: Path) -> None:
    """File, offset and length of the row lead to the record while the file is open and after it is sealed."""
    (claim,) = claim_all(store, "http://a.test/1")
    store.commit(Batch(outcomes=(allowed(claim, b"<p>1</p>"),)))
    for step in ("in the journal", "in a segment", "sealed"):
        if step == "in a segment":
            store.publish("rows")
        if step == "sealed":
            store.close(clean=True, reason="finished", code=0)
        with CrawlReader.open(out) as reader:
            (found,) = reader.find("http://a.test/1")
            place = found["warc_filename"], found["warc_record_offset"], found["warc_record_length"]
            record = reader.record(*place)
            assert (record.type, record.body) == ("response", b"<p>1</p>"), step
            assert found["warc_filename"] == "warc/w0-pages-000001.warc.gz"


def test_a_payload_that_is_held_becomes_a_revisit(store: CrawlStore, out: Path) -> None:
    """In the same batch or a later one: the second record refers to the first and keeps no body; a cut one never."""
    claims = claim_all(store, *(f"http://a.test/{n}" for n in range(4)))
    body = b"<p>same</p>" * 9
    cut = allowed(claims[3], body)
    cut = replace(cut, records=(replace(cut.records[0], fields={"WARC-Truncated": "length"}), cut.records[1]))
    store.commit(Batch(outcomes=(allowed(claims[0], body), allowed(claims[1], body))))
    store.commit(Batch(outcomes=(allowed(claims[2], body), cut)))
    store.publish("rows")
    with CrawlReader.open(out) as reader:
        found = [reader.find(claim.new.url)[0] for claim in claims]
        records = [
            reader.record(item["warc_filename"], item["warc_record_offset"], item["warc_record_length"])
            for item in found
        ]
    assert [record.type for record in records] == ["response", "revisit", "revisit", "response"]
    assert [item["bytes_retained"] for item in found] == [len(body), 0, 0, len(body)]
    for record in records[1:3]:
        assert record.body == b""
        assert record.http_head.startswith(b"HTTP/1.1 200")
        assert record.fields["WARC-Refers-To"] == records[0].fields["WARC-Record-ID"]
        assert record.fields["WARC-Refers-To-Target-URI"] == "http://a.test/0"
        assert record.fields["WARC-Payload-Digest"] == records[0].fields["WARC-Payload-Digest"]


@pytest.mark.parametrize(
    "fault", ["page without allow", "page without row", "allow without record", "stray page", "site page"]
)
def test_the_invariants_are_checked_before_a_single_octet(store: CrawlStore, out: Path, fault: str) -> None:
    """No page body without an ALLOW, no ALLOW without a record; after the attempt nothing is written any more."""
    (claim,) = claim_all(store, "http://a.test/1")
    good = allowed(claim, b"x")
    site_file = robots("http://a.test:80", b"x")
    stray = page_records("http://a.test/1", b"x")
    batch = {
        "page without allow": Batch(outcomes=(replace(good, row=row("http://a.test/1", verdict="deny")),)),
        "page without row": Batch(outcomes=(replace(good, row=None),)),
        "allow without record": Batch(outcomes=(replace(good, records=()),)),
        "stray page": Batch(records=stray),
        "site page": Batch(site_files=(replace(site_file, records=stray),)),
    }[fault]
    with pytest.raises(StorageError, match="record"):
        store.commit(batch)
    assert list((out / "warc").iterdir()) == []
    with pytest.raises(StorageError, match="nothing is written after a failure"):
        store.commit(Batch(outcomes=(good,)))


def test_an_attempt_ends_once(store: CrawlStore) -> None:
    """A second outcome for the same claim stops the crawl instead of doubling the row (I2)."""
    (claim,) = claim_all(store, "http://a.test/1")
    store.commit(Batch(outcomes=(denied(claim),)))
    with pytest.raises(StorageError, match="ended twice"):
        store.commit(Batch(outcomes=(denied(claim),)))


def test_a_row_that_is_no_row_is_refused(store: CrawlStore) -> None:
    """A number that canonical JSON cannot hold fails the commit as a whole."""
    (claim,) = claim_all(store, "http://a.test/1")
    before = store.counts()
    with pytest.raises(StorageError, match="commit failed"):
        store.commit(Batch(outcomes=(replace(denied(claim), row=row("http://a.test/1", verdict="deny", depth=2**60)),)))
    assert store.counts() == before


def test_site_files_come_back_as_parsed(store: CrawlStore, out: Path) -> None:
    """The body is read from the evidence: from the reply where it was sent so, else from a conversion record."""
    plain, packed = b"User-agent: *\n", b"User-agent: x\n"
    (intent,) = store.commit(Batch(intents=(Intent(url="http://a.test/robots.txt"),))).intents
    entries = (
        robots("http://a.test:80", plain, attempt_id=intent),
        robots("http://b.test:80", packed, sent=b"\x1f\x8b..."),
        robots("http://c.test:80", packed, sent=b"\x1f\x8b.."),
        robots("http://d.test:80", b"", sent=b"", digest=None, parsed=None),
    )
    store.commit(Batch(site_files=entries))
    for entry in entries:
        found = store.get_site_file(entry.origin, "/robots.txt")
        assert found == replace(entry, records=())
    assert store.get_site_file("http://e.test:80", "/robots.txt") is None
    store.publish("rows")
    with CrawlReader.open(out) as reader:
        (first,) = reader.site_files("http://a.test:80")
        assert reader.site_file_body(first) == plain
        (none,) = reader.site_files("http://d.test:80")
        assert reader.site_file_body(none) is None


def test_a_newer_site_file_replaces_the_older_and_both_stay_in_the_log(store: CrawlStore, out: Path) -> None:
    """The latest outcome rules; the evidence of earlier ones remains."""
    for body in (b"one", b"two", b"one"):
        store.commit(Batch(site_files=(robots("http://a.test:80", body),)))
    found = store.get_site_file("http://a.test:80", "/robots.txt")
    assert found is not None
    assert found.body == b"one"
    with CrawlReader.open(out) as reader:
        bodies = [reader.site_file_body(entry) for entry in reader.site_files("http://a.test:80")]
    assert bodies == [b"one", b"two", b"one"]


def test_a_site_file_that_does_not_match_its_digest_is_refused(store: CrawlStore) -> None:
    """A wrong digest would be found years later by an auditor; it is found now."""
    with pytest.raises(StorageError, match="does not match"):
        store.commit(Batch(site_files=(robots("http://a.test:80", b"x", parsed=b"y"),)))


def test_intents_end_without_a_site_file(store: CrawlStore) -> None:
    """Any other request is on disk before it leaves, and ends once; its records and events are kept."""
    (intent,) = store.commit(Batch(intents=(Intent(url="http://a.test/sitemap.xml"),))).intents
    end = IntentOutcome(attempt_id=intent, attempt=AttemptOutcome.OK)
    draft = replace(page_records("http://a.test/sitemap.xml", b"<x/>")[0], kind=WarcKind.EVIDENCE)
    store.commit(Batch(intent_outcomes=(end,), records=(draft,), events=(Event(type="override_used", body={"n": 1}),)))
    with pytest.raises(StorageError, match="ended twice"):
        store.commit(Batch(intent_outcomes=(end,)))


def test_a_crawl_that_ended_continues_under_a_new_id(out: Path) -> None:
    """Stopped: the same crawl goes on. Ended: the next start is another crawl over the same frontier."""
    store = CrawlStore.open(out, run=RUN)
    first, _ = claim_all(store, "http://a.test/1", "http://a.test/2")
    store.commit(Batch(outcomes=(denied(first),)))
    store.close(clean=False, reason="signal", code=3)
    again = CrawlStore.open(out, run=RUN)
    assert again.crawl_id == store.crawl_id
    assert again.recovery == Recovery(resumed=True)  # the stop has left no attempt open
    again.close(clean=True, reason="finished", code=0)
    third = CrawlStore.open(out, run=RUN)
    assert third.crawl_id != store.crawl_id
    assert names(third.commit(Batch(claim=WANT)).claims) == ["2"]
    third.close(clean=True, reason="finished", code=0)
    with CrawlReader.open(out) as reader:
        assert [crawl["crawl_id"] for crawl in reader.crawl.earlier] == [store.crawl_id]
        kinds = [entry["type"] for entry in reader.entries()]
        assert kinds.count("crawl_start") == 2
        assert kinds.count("restart") == 1


def test_parked_urls_get_their_row_and_stay(out: Path) -> None:
    """At the end of a crawl a parked URL gets one final row, keeps waiting, and belongs to the next crawl."""
    store = CrawlStore.open(out, run=RUN)
    first, second = claim_all(store, "http://a.test/1", "http://a.test/2")
    store.commit(Batch(outcomes=(later(first, not_before=9e9), denied(second)), new_urls=(new("http://a.test/3"),)))
    (parked,) = store.parked()
    assert (parked.new.url, parked.attempt_id, parked.tries) == ("http://a.test/1", 0, 1)
    final = Outcome(
        claim=parked, attempt=AttemptOutcome.FAILED, state=UrlState.WAITING, not_before=9e9,
        row=row(parked.new.url, verdict="defer", crawl_id=store.crawl_id),
    )  # fmt: skip
    assert store.commit(Batch(outcomes=(final,))).waiting == 2
    assert list(store.parked()) == []
    with pytest.raises(StorageError, match="has its row already"):
        store.commit(Batch(outcomes=(final,)))
    store.close(clean=False, reason="failed", code=5)
    again = CrawlStore.open(out, run=RUN)
    assert again.crawl_id != store.crawl_id
    assert [claim.new.url for claim in again.parked()] == ["http://a.test/1"]
    assert again.next_due() is None  # /3 waits unparked in the same lane
    again.close(clean=True, reason="finished", code=0)


def test_a_full_warc_is_sealed_and_published(tmp_path: Path) -> None:
    """Rotation drops ``.open``, logs length and digest, publishes, and the next record begins another file."""
    store = CrawlStore.open(tmp_path / "out", run=RUN, rotate_at=2000)
    for number in range(6):
        (claim,) = claim_all(store, f"http://a.test/{number}")
        store.commit(Batch(outcomes=(allowed(claim, bytes(range(256)) * 4 + str(number).encode()),)))
    found = sorted(path.name for path in (tmp_path / "out" / "warc").iterdir())
    assert found[0] == "w0-pages-000001.warc.gz"
    assert len(found) > 2
    store.close(clean=True, reason="finished", code=0)
    with CrawlReader.open(tmp_path / "out") as reader:
        closed = [entry["body"] for entry in reader.entries() if entry["type"] == "warc_closed"]
        assert reader.dataset().count_rows() == 6
    assert [item["length"] for item in closed] == [(tmp_path / "out" / item["file"]).stat().st_size for item in closed]


def test_numbers_of_leaves_have_no_gaps(store: CrawlStore, out: Path) -> None:
    """Rows and other entries share one sequence from 0, in order of commit (R6.2)."""
    claims = claim_all(store, *(f"http://a.test/{n}" for n in range(5)))
    for claim in claims:
        store.commit(Batch(outcomes=(denied(claim),), events=(Event(type="clock_jump", body={"seconds": 2.5}),)))
        store.publish("rows")
    store.close(clean=True, reason="finished", code=0)
    with CrawlReader.open(out) as reader:
        entries = list(reader.entries())
        numbers = [row["seq"] for row in reader.dataset().to_table().to_pylist()] + [entry["seq"] for entry in entries]
    assert sorted(numbers) == list(range(len(numbers)))
    assert entries[0]["type"] == "crawl_start"
    assert entries[-1]["type"] == "crawl_end"
    again = leaf_data(**{key if key != "type" else "kind": value for key, value in entries[0].items()})
    assert b'"type":"crawl_start"' in again


def test_policies_are_kept_by_digest(store: CrawlStore, out: Path) -> None:
    """The exact bytes, once, under a name made of their digest."""
    digest = store.keep("policies", b"[identity]\n")
    assert store.keep("policies", b"[identity]\n") == digest
    (path,) = (out / "policies").iterdir()
    assert (path.name, path.read_bytes()) == (digest.replace(":", "-"), b"[identity]\n")


@pytest.mark.parametrize("name", ["../x", "/x", "", "B", "-a", "a" * 200, "a_b"])
def test_crawl_names_cannot_shape_paths(out: Path, name: str) -> None:
    """R7.3: only letters, digits and hyphens."""
    with pytest.raises(UsageError, match="crawl name"):
        CrawlStore.open(out, run=replace(RUN, name=name))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["done", "deny", "later", "park", "release", "link"]), max_size=30), st.integers(1, 4))
def test_counts_and_lanes_agree_with_the_frontier(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], per_lane: int
) -> None:
    """Whatever happens to URLs, the counters equal a count, and every due URL is given out in the end."""
    store = CrawlStore.open(tmp_path_factory.mktemp("crawl"), run=RUN)
    claims = list(claim_all(store, *(f"http://a.test/{n}" for n in range(8))))
    for number, step in enumerate(steps):
        if not claims:
            break
        claim = claims.pop(0)
        link = new(f"http://l{number % 3}.test/{number}", f"l{number % 3}.test")
        batch = {
            "done": Batch(outcomes=(allowed(claim, b"x%d" % number),)),
            "deny": Batch(outcomes=(denied(claim),)),
            "later": Batch(outcomes=(later(claim, not_before=None),)),
            "park": Batch(outcomes=(later(claim, not_before=1500.0),)),
            "release": Batch(releases=(claim,)),
            "link": Batch(outcomes=(allowed(claim, b"y%d" % number, link),)),
        }[step]
        claims += store.commit(replace(batch, claim=ClaimRequest(now=1000.0, limit=2, per_lane=per_lane))).claims
    run = store._journal.connection.execute
    states = dict(run("SELECT state, count(*) FROM frontier GROUP BY state").fetchall())
    counts = store.counts()
    assert [counts.waiting, counts.sent, counts.done, counts.failed, counts.denied] == [
        states.get(state.value, 0) for state in UrlState
    ]
    assert len(store.commit(Batch(claim=replace(WANT, now=2000.0))).claims) == counts.waiting
    store.close(clean=True, reason="finished", code=0)


def test_record_ids_and_times_are_ours(store: CrawlStore) -> None:
    """A draft with a made-up record id stops the crawl: ids are never taken from outside."""
    (claim,) = claim_all(store, "http://a.test/1")
    good = allowed(claim, b"x")
    assert good.records[0].date == NOW
    assert good.records[0].record_id == record_id("response http://a.test/1 ")
    with pytest.raises(StorageError, match="record id"):
        store.commit(Batch(outcomes=(replace(good, records=(replace(good.records[0], record_id="x"),)),)))
