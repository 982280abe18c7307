"""The manifest's schema is fixed, and segments and indexes open in other tools."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.errors import DamagedStateError, UsageError
from crawler.provenance.leaf import leaf_hash, row_leaf
from crawler.provenance.row import COLUMN_NAMES, SCHEMA_VERSION, StatementColumn, UnreadColumn
from crawler.storage.cdxj import index_file, index_lines, read_index
from crawler.storage.entries import Batch, ClaimRequest
from crawler.storage.manifest import ENUMERATIONS, column_docs, docs_table, open_dataset, parquet_of, schema, table_of
from crawler.storage.reading import CrawlReader
from crawler.storage.store import CrawlStore
from tests.storage.making import NOW, RUN, allowed, denied, new, row

if TYPE_CHECKING:
    from crawler.provenance.row import ManifestRow

GOLDEN = Path(__file__).resolve().parents[1] / "vectors" / "manifest" / "schema.json"


def test_the_schema_is_the_golden_one() -> None:
    """A change of any column changes this file, and with it the schema version."""
    golden = json.loads(GOLDEN.read_text())
    assert golden["schema_version"] == SCHEMA_VERSION
    assert golden["columns"] == [[field.name, str(field.type)] for field in schema()]


def test_every_column_is_documented() -> None:
    """docs/manifest.md has one line a column, none without a meaning."""
    docs = column_docs()
    assert [name for name, _, _ in docs] == list(COLUMN_NAMES)
    assert [name for name, _, meaning in docs if not meaning] == []
    assert docs_table().count("\n") == len(COLUMN_NAMES) + 2
    assert set(COLUMN_NAMES) >= ENUMERATIONS


STATEMENT = StatementColumn(
    protocol="tdmrep", use="train-genai", preference="reserved", carrier="site_file", layer="location",
    value="tdm-reservation: 1\u2028é", source_url="http://a.test/.well-known/tdmrep.json", evidence_digest="sha256:00",
    retrieved_at=NOW, reader_version="1",
)  # fmt: skip


def leaves(*rows: ManifestRow) -> list[tuple[bytes, bytes]]:
    """Leaf data and hash of rows, numbered from 0."""
    data = [row_leaf(made.columns(), seq=seq, salt="00")[1] for seq, made in enumerate(rows)]
    return [(octets, leaf_hash(octets)) for octets in data]


def test_a_row_survives_the_way_through_its_leaf() -> None:
    """Every value of a row is in the table as it was, nested columns and times with microseconds included."""
    made = row(
        'http://a.test/\u2028"\\é', verdict="deny", statements=[STATEMENT], reasons=["a", "b"], duration_s=0.125,
        statements_unread=[UnreadColumn(protocol="tdmrep", why="5xx")], fetch_time=NOW, ai_generated_flag=True,
        depth=2**53 - 1,
    )  # fmt: skip
    (found,) = table_of(leaves(made)).to_pylist()
    expected = made.columns() | {"seq": 0, "salt": "00", "leaf_hash": found["leaf_hash"], "erased_at": None}
    expected["statements"] = [{name: getattr(STATEMENT, name) for name in STATEMENT.__slots__}]
    expected["statements_unread"] = [{"protocol": "tdmrep", "why": "5xx"}]
    assert found == expected


def test_a_leaf_of_another_schema_is_refused() -> None:
    """A column that the schema does not know is an error, not a new column."""
    ((data, digest),) = leaves(row("http://a.test/", verdict="deny"))
    changed = data.replace(b'"body":{', b'"body":{"aa":1,')
    with pytest.raises(pa.ArrowInvalid):
        table_of([(changed, digest)])
    assert table_of([]).num_rows == 0


def test_segments_are_one_dataset(tmp_path: Path) -> None:
    """Checksums and statistics are in the file; several files read as one dataset of the fixed schema."""
    for number in range(3):
        made = [row(f"http://a.test/{number}/{n}", verdict="deny") for n in range(5)]
        (tmp_path / f"{number}.parquet").write_bytes(parquet_of(table_of(leaves(*made)), {"a": "b"}))
    metadata = pq.read_metadata(tmp_path / "0.parquet")
    assert metadata.metadata[b"a"] == b"b"
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert metadata.row_group(0).column(0).has_column_index
    data = open_dataset(sorted(tmp_path.glob("*.parquet")))
    assert data.count_rows() == 15
    assert data.schema.equals(schema())


def test_the_index_is_sorted_and_holds_pages_only() -> None:
    """One CDXJ line a kept page, by SURT key; none for what was refused."""
    place = {"warc_filename": "warc/w0-pages-000001.warc.gz", "warc_record_offset": 5, "warc_record_length": 9}
    table = table_of(
        leaves(
            row("http://b.test/", verdict="allow", url_surtkey="test,b)/", fetch_time=NOW, fetch_status=200, **place),
            row("http://a.test/é", verdict="allow", url_surtkey="test,a)/", **place),
            row("http://c.test/", verdict="deny", url_surtkey="test,c)/", **place),
        )
    )
    entries = read_index(index_file(index_lines(table)))
    assert [entry[:2] for entry in entries] == [("test,a)/", "20260102030405"), ("test,b)/", "20260102030405")]
    assert entries[1][2] == {
        "url": "http://b.test/", "status": "200", "length": "9", "offset": "5", "filename": place["warc_filename"],
    }  # fmt: skip
    with pytest.raises(ValueError, match="no index"):
        read_index(b"half")


def test_a_reader_changes_nothing_and_needs_no_rights(tmp_path: Path) -> None:
    """Counts, rows and entries of a finished crawl, from a folder that cannot be written, also without state."""
    out = tmp_path / "out"
    store = CrawlStore.open(out, run=RUN)
    want = ClaimRequest(now=1.0, limit=2, per_lane=2)
    first, second = store.commit(Batch(new_urls=(new("http://a.test/1"), new("http://a.test/2")), claim=want)).claims
    store.commit(Batch(outcomes=(allowed(first, b"x"), denied(second))))
    store.close(clean=True, reason="finished", code=0)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    for path in [*out.rglob("*"), out]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR))
    with CrawlReader.open(out) as reader:
        counts = reader.counts()
        assert counts is not None
        assert (counts.rows_allow, counts.rows_deny, counts.unpublished, counts.segments) == (1, 1, 0, 1)
        assert [found["verdict"] for found in reader.find("http://a.test/2")] == ["deny"]
        assert reader.find("http://a.test/3") == []
        assert next(reader.entries())["type"] == "crawl_start"
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    for path in [out, *out.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    (out / "state" / "w0" / "state.db").unlink()
    with CrawlReader.open(out) as reader:
        assert reader.counts() is None
        assert len(reader.find("http://a.test/1")) == 1
    (out / "crawl.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(DamagedStateError, match=r"crawl\.json"):
        CrawlReader.open(out)
    (out / "crawl.json").unlink()
    with pytest.raises(UsageError, match="holds no crawl"):
        CrawlReader.open(out)
