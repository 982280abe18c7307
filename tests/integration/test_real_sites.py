"""Four real sites under their own names: what is reached by links and permitted is stored once, and opens anywhere."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import duckdb
import polars as pl
import pyarrow.dataset
import pytest

from crawler.audit.database import Database
from crawler.audit.replay.running import Replay, replay
from crawler.reports.training.domains import list_domains
from crawler.storage.reading import CrawlReader
from tests.integration.findings import by_url, check_requests, check_rows, crawl_file, kept
from tests.integration.lab import Lab
from tests.oracles.link_walk import walk
from tests.servers.real_sites import STARTS, StaticSite, serve, unpack
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CHANGES = ("new", "unchanged", "changed", "moved", "vanished", "refused")
SMALLER = ("financeratecalc.com", "lockandgo.sk")
"""Crawled a second time here; ``python benchmarks/recrawl.py`` does it with all four."""


@dataclass(frozen=True, slots=True)
class Crawled:
    """All four sites in one crawl, and the web that still serves them."""

    lab: Lab
    web: ScriptedWeb
    sites: dict[str, StaticSite]
    """By host."""
    asked: tuple[str, ...]
    """Every URL that the server was asked for."""

    @property
    def out(self) -> Path:
        """Folder of the crawl."""
        return self.lab.out


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """Crawl the four sites once."""
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
            assert ended.code == 0, ended.text
            sites = {root.name: StaticSite(root=root, port=web.port) for root in roots}
            yield Crawled(lab, web, sites, tuple(web.url(one.host, one.target) for one in web.log))
        finally:
            lab.close()


@pytest.mark.parametrize("host", STARTS)
def test_kept_pages_are_those_of_an_independent_walk(crawl: Crawled, host: str) -> None:
    """Every page reachable by links and permitted is kept, nothing else is, and each once."""
    found = [urlsplit(url) for url in kept(crawl.out) if urlsplit(url).hostname == host]
    paths = [unquote(url.path + (f"?{url.query}" if url.query else "")) for url in found]
    assert len(paths) == len(set(paths))
    assert set(paths) == walk(crawl.sites[host], STARTS[host])
    assert len(paths) > 1


def test_evidence_holds_for_every_row(crawl: Crawled) -> None:
    """Every range of every row decodes to a record with the digest of the row, and every request is an attempt."""
    check_rows(crawl.out)
    check_requests(crawl.out, list(crawl.asked))
    assert crawl_file(crawl.out)["exit_code"] == 0


def test_every_row_follows_from_the_evidence(crawl: Crawled) -> None:
    """Replay by the same readers and the same gate: no difference, and nothing that cannot be replayed."""
    found = Replay()
    with CrawlReader.open(crawl.out) as reader:
        replay(reader, found)
    assert [(one.row["url"], one.detail, one.differences) for one in found.findings] == []
    assert found.counts["same"] == found.rows > 100


def test_manifest_opens_in_arrow_duckdb_and_polars(crawl: Crawled) -> None:
    """One dataset for all three, with the same rows and the same nested statements."""
    out = crawl.out
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


def test_a_second_run_transfers_no_unchanged_body(crawl: Crawled, tmp_path: Path) -> None:
    """Pages with entity tags: no body that is held comes again; what is new, changed and gone is told, and counted."""
    for host in SMALLER:  # copies, since other tests walk the files
        shutil.copytree(crawl.sites[host].root, tmp_path / host)
    serve(crawl.web, [tmp_path / host for host in SMALLER])
    before = {url for url in kept(crawl.out) if urlsplit(url).hostname in SMALLER}
    host = SMALLER[0]
    index = tmp_path / host / "index.html"
    index.write_bytes(index.read_bytes().replace(b"</body>", b"<a href='/fresh.html'>fresh</a></body>"))
    (tmp_path / host / "fresh.html").write_text("<p>fresh")
    ours = sorted(url for url in before if urlsplit(url).hostname == host and url.endswith(".html"))
    gone = next(url for url in ours if not url.endswith("/index.html"))
    (tmp_path / host / gone.removeprefix(crawl.web.url(host))).unlink()
    asked, out = len(crawl.web.log), tmp_path / "second"
    seeds = (crawl.web.url(host, STARTS[host]) for host in SMALLER)
    ended = crawl.lab.crawl(*seeds, "--previous", str(crawl.out), out=out, timeout=200)
    assert ended.code == 0, ended.text
    rows = by_url(out)
    told = {change: {url for url, row in rows.items() if row["change"] == change} for change in CHANGES}
    assert told["new"] == {crawl.web.url(host, "/fresh.html")}
    assert told["vanished"] == {gone}
    assert told["changed"] <= {crawl.web.url(host), crawl.web.url(host, "/index.html")}
    assert told["unchanged"] == before - told["changed"] - {gone}
    assert {rows[url]["bytes_fetched"] for url in told["unchanged"]} == {0}
    whole = {crawl.web.url(one.host, one.target) for one in list(crawl.web.log)[asked:] if one.status == 200}
    assert not whole & told["unchanged"]
    check_rows(out)
    counts = crawl_file(out)["counts"]
    assert {name: counts[f"change_{name}"] for name in told} == {name: len(urls) for name, urls in told.items()}


def test_domain_list_of_the_training_summary(crawl: Crawled) -> None:
    """For each modality the largest tenth of the domains, by pages counted and summed with other means."""
    rows = pl.read_parquet(crawl.out / "manifest" / "*.parquet").filter(
        (pl.col("verdict") == "allow") & pl.col("fetch_redirect").is_null()
    )
    sizes = rows.group_by("modality", pl.col("url_host_registered_domain").alias("domain")).agg(
        pl.col("bytes_fetched").sum().alias("bytes"), pl.len().alias("pages")
    )
    wanted = []
    for modality in sorted(sizes["modality"].unique()):
        own = sizes.filter(pl.col("modality") == modality).sort(["bytes", "domain"], descending=[True, False])
        for rank, row in enumerate(own.head(-(-own.height // 10)).to_dicts(), start=1):
            wanted.append((rank, row["domain"], modality, row["bytes"], row["pages"]))
    with Database.open([crawl.out]) as database:
        found = list_domains(database, is_sme=False, basis="fetched")
    assert [tuple(row.values()) for row in found.table.to_pylist()] == wanted
    assert found.total["domains"] == rows["url_host_registered_domain"].n_unique()
