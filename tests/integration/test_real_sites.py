"""Four real sites under their own names: what is reached by links and permitted is stored once, and opens anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import duckdb
import polars as pl
import pyarrow.dataset
import pytest

from crawler.audit.replay.running import Replay, replay
from crawler.storage.reading import CrawlReader
from tests.integration.findings import by_url, check_requests, check_rows, crawl_file, kept
from tests.integration.lab import Lab
from tests.oracles.link_walk import walk
from tests.servers.real_sites import STARTS, StaticSite, serve, unpack
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, StaticSite], list[str]]]:
    """All four sites in one crawl: its folder, the sites by host, and every URL that the server was asked for."""
    folder = tmp_path_factory.mktemp("sites")
    with ScriptedWeb() as web:
        roots = [unpack(host, folder) for host in STARTS]
        serve(web, roots)
        lab = Lab(folder / "lab")
        try:
            lab.policy(
                network__test_hosts=dict.fromkeys(STARTS, "127.0.0.1"),
                conditional={"met": ["attribution", "contract"]},
                limits={"wait_at_end": 12.0},
            )
            ended = lab.crawl(*(web.url(host, path) for host, path in STARTS.items()), timeout=300)
        finally:
            lab.close()
        assert ended.code == 0, ended.text
        asked = [web.url(one.host, one.target) for one in web.log]
        yield lab.out, {root.name: StaticSite(root=root, port=web.port) for root in roots}, asked


@pytest.mark.parametrize("host", STARTS)
def test_kept_pages_are_those_of_an_independent_walk(
    crawl: tuple[Path, dict[str, StaticSite], list[str]], host: str
) -> None:
    """Every page reachable by links and permitted is kept, nothing else is, and each once."""
    out, sites, _ = crawl
    found = [urlsplit(url) for url in kept(out) if urlsplit(url).hostname == host]
    paths = [unquote(url.path + (f"?{url.query}" if url.query else "")) for url in found]
    assert len(paths) == len(set(paths))
    assert set(paths) == walk(sites[host], STARTS[host])
    assert len(paths) > 1


def test_evidence_holds_for_every_row(crawl: tuple[Path, dict[str, StaticSite], list[str]]) -> None:
    """Every range of every row decodes to a record with the digest of the row, and every request is an attempt."""
    out, _, asked = crawl
    check_rows(out)
    check_requests(out, asked)
    assert crawl_file(out)["exit_code"] == 0


def test_every_row_follows_from_the_evidence(crawl: tuple[Path, dict[str, StaticSite], list[str]]) -> None:
    """Replay by the same readers and the same gate: no difference, and nothing that cannot be replayed."""
    found = Replay()
    with CrawlReader.open(crawl[0]) as reader:
        replay(reader, found)
    assert [(one.row["url"], one.detail, one.differences) for one in found.findings] == []
    assert found.counts["same"] == found.rows > 100


def test_manifest_opens_in_arrow_duckdb_and_polars(crawl: tuple[Path, dict[str, StaticSite], list[str]]) -> None:
    """One dataset for all three, with the same rows and the same nested statements."""
    out, _, _ = crawl
    count = len(by_url(out))
    files = f"{out}/manifest/*.parquet"
    assert pyarrow.dataset.dataset(out / "manifest").count_rows() == count
    kept_rows = "verdict = 'allow' AND reason <> 'redirect'"
    with duckdb.connect() as database:
        relation = database.execute(f"SELECT count(*) FROM '{files}' WHERE {kept_rows}").fetchone()  # noqa: S608 - ours
        stated = database.execute(f"SELECT sum(len(statements)) FROM '{files}'").fetchone()  # noqa: S608 - ours
    frame = pl.read_parquet(files)
    assert frame.height == count
    assert relation == (frame.filter((pl.col("verdict") == "allow") & (pl.col("reason") != "redirect")).height,)
    assert stated == (frame["statements"].list.len().sum(),)
