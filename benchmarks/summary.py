"""Domain list of the training summary over a large generated manifest: time, memory, and the same list by other SQL.

Usage: python benchmarks/summary.py [ROWS] [DOMAINS]. Makes a manifest in a temporary folder (10,000,000 rows
of 1,000,000 domains take about 300 MB), runs ``clearcrawl summary --unverified`` and compares ``NAME.domains.parquet``.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from crawler.storage.crawl_file import CrawlFile, write_crawl_file
from crawler.storage.layout import FOLDERS, Folder

ROWS, DOMAINS = 10_000_000, 1_000_000
_MANIFEST = """
COPY (
    SELECT 'https://' || domain || '/' || i AS url, domain AS url_host_name, domain AS url_host_registered_domain,
        CASE WHEN i % 50 = 0 THEN 'deny' ELSE 'allow' END AS verdict, 'unknown_allowed' AS reason,
        CASE WHEN i % 10 = 0 THEN 'image' WHEN i % 97 = 0 THEN 'document' ELSE 'text' END AS modality,
        (hash(i * 7) % 100000)::BIGINT AS bytes_fetched, (hash(i * 7) % 50000)::BIGINT AS bytes_retained,
        'own_crawl' AS origin, 'bench' AS crawler_id, 'BenchBot' AS product_token, 'BenchBot/1' AS user_agent,
        'ai_training' AS purpose, TIMESTAMPTZ '2026-01-01' + to_seconds(i) AS fetch_time,
        TIMESTAMPTZ '2026-01-01' + to_seconds(i) AS decided_at, 'crawl-bench' AS crawl_id
    FROM (SELECT i, 'd' || (CASE WHEN i < {domains} THEN i ELSE hash(i) % {domains} END) || '.test' AS domain
        FROM range({rows}) numbers(i))
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)
"""
_SAME = """
WITH each AS (
    SELECT url_host_registered_domain AS domain, modality, sum(bytes_fetched) AS bytes, count(*) AS pages
    FROM read_parquet('{file}') WHERE verdict = 'allow' GROUP BY 1, 2
), placed AS (
    SELECT *, rank() OVER (PARTITION BY modality ORDER BY bytes DESC, domain ASC) AS place FROM each
), cut AS (SELECT modality, ceil(count(*) / 10.0) AS listed FROM each GROUP BY 1)
SELECT count(*) FROM (
    (SELECT place AS rank, domain, modality, bytes, pages FROM placed JOIN cut USING (modality) WHERE place <= listed
     EXCEPT SELECT * FROM read_parquet('{found}'))
    UNION ALL
    (SELECT * FROM read_parquet('{found}')
     EXCEPT SELECT place AS rank, domain, modality, bytes, pages FROM placed JOIN cut USING (modality)
     WHERE place <= listed)
)
"""


def main() -> None:
    """Print one JSON line; fail where the lists differ."""
    rows, domains = [*map(int, sys.argv[1:3]), *(ROWS, DOMAINS)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "crawl"
        file = make_crawl(root, rows=rows, domains=domains)
        output = Path(folder) / "summary.json"
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "crawler", "summary", str(root), "-o", str(output), "--unverified"],
            check=True, capture_output=True,
        )  # fmt: skip
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        found = output.with_name("summary.domains.parquet")
        answer = duckdb.connect().execute(_SAME.format(file=file, found=found)).fetchone()
        facts = json.loads(output.with_name("summary.domains.json").read_text())
    different = answer[0] if answer else None
    told = {
        "rows": rows,
        "domains": facts["all_modalities"]["domains"],
        "listed": facts["rows"],
        "different": different,
    }
    print(json.dumps({**told, "seconds": round(seconds, 1), "peak_mib": round(peak)}))
    if different != 0:
        sys.exit("the list is not what other SQL finds")


def make_crawl(root: Path, *, rows: int, domains: int) -> Path:
    """A folder that holds a crawl without records or log, and a large manifest."""
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    crawl = CrawlFile(
        crawl_id="crawl-bench", operator="Bench", product_token="BenchBot",  # noqa: S106 - a name, no secret
        user_agent="BenchBot/1", purpose="ai_training", software="clearcrawl/0", is_test=False,
        started_at="2026-01-01T00:00:00.000000Z", details={},
    )  # fmt: skip
    with Folder.descend(root) as folder:
        write_crawl_file(folder, crawl)
    file = root / "manifest" / "w0-000001.parquet"
    connection = duckdb.connect()
    connection.execute("SET memory_limit = '1GB'")
    connection.execute(_MANIFEST.format(rows=rows, domains=domains, file=file))
    return file


if __name__ == "__main__":
    main()
