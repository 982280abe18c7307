"""The list of the most relevant domain names (template 2.3): who is on it, computed from the manifest, and its files.

Unit: registrable domain by the Public Suffix List, else the address. D: domains with a kept page. Share: the first
``ceil(0.10 D)``, for a small or medium-sized enterprise ``min(ceil(0.05 D), 1000)``. Rank: octets that left the servers
(or, by choice, octets retained), then the name. Ranked within each modality of the manifest; the list is the union.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from crawler import __version__
from crawler.audit.database import batches
from crawler.values.printable import for_csv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from crawler.audit.database import Database

COLUMNS = ("rank", "domain", "modality", "bytes", "pages")
BASES = {"fetched": "bytes_fetched", "retained": "bytes_retained"}
SME_MOST = 1000
_TOTAL = "all"
_SQL = """
WITH sizes AS MATERIALIZED (
    SELECT coalesce(url_host_registered_domain, url_host_name) AS domain, coalesce(modality, 'other') AS modality,
        coalesce(sum({column}), 0)::BIGINT AS bytes, count(*) AS pages
    FROM manifest
    WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
        AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
    GROUP BY ALL
), totals AS (
    SELECT domain, 'all' AS modality, sum(bytes)::BIGINT AS bytes, sum(pages)::BIGINT AS pages FROM sizes GROUP BY ALL
), ranked AS (
    SELECT row_number() OVER (PARTITION BY modality ORDER BY bytes DESC, domain) AS rank, domain, modality, bytes,
        pages, count(*) OVER (PARTITION BY modality) AS domains
    FROM (FROM sizes UNION ALL FROM totals)
)
SELECT rank, domain, modality, bytes, pages, domains FROM ranked
WHERE rank <= {share} ORDER BY modality, rank
"""
_SHARES = {False: "(domains + 9) // 10", True: f"least((domains + 19) // 20, {SME_MOST})"}


def share_of(domains: int, *, is_sme: bool) -> int:
    """How many of so many domains are listed."""
    return min(-(-domains // 20), SME_MOST) if is_sme else -(-domains // 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainList:
    """The list, and the numbers by which it can be checked."""

    table: pa.Table
    """``COLUMNS``, by modality and rank."""
    basis: str
    """Key of ``BASES``."""
    is_sme: bool
    sql: str
    groups: tuple[Mapping[str, Any], ...]
    """For each modality: name, D (``domains``), n (``listed``), octets (``cut_off``) and name of the last one "
    "listed."""
    total: Mapping[str, Any]
    """The same over all modalities together, without regard to the ranking within one."""
    only_in_total: tuple[str, ...]
    """Domains among the first n of all modalities together and among those of none; printed beside the list."""

    @property
    def names(self) -> int:
        """Different domains on the list."""
        return int(pc.count_distinct(self.table["domain"]).as_py()) if self.table.num_rows else 0

    def write(self, kind: str, file: BinaryIO) -> None:
        """As ``csv``, ``json`` or ``parquet``."""
        {"csv": self._csv, "json": self._json, "parquet": self._parquet}[kind](file)

    def facts(self) -> dict[str, Any]:
        """How the list was made."""
        return {
            "basis": self.basis, "column": BASES[self.basis], "is_sme": self.is_sme,
            "rule": "min(ceil(0.05 D), 1000)" if self.is_sme else "ceil(0.10 D)",
            "ties": "by name, ascending", "unit": "registrable domain by the Public Suffix List, else the address",
            "rows": self.table.num_rows, "names": self.names, "modalities": [dict(one) for one in self.groups],
            "all_modalities": dict(self.total), "only_in_all_modalities": len(self.only_in_total),
        }  # fmt: skip

    def _csv(self, file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for batch in self.table.to_batches(10_000):
            for rank, domain, modality, octets, pages in zip(*(one.to_pylist() for one in batch.columns), strict=True):
                writer.writerow((rank, for_csv(domain), for_csv(modality), octets, pages))
        text.detach()

    def _json(self, file: BinaryIO) -> None:
        head = {"format": "clearcrawl-domains/1", "tool": f"clearcrawl {__version__}", **self.facts()}
        head["only_in_all_modalities"] = list(self.only_in_total)
        file.write(json.dumps(head, indent=2)[:-2].encode() + b',\n  "domains": [')
        mark = b"\n    "
        for batch in self.table.to_batches(10_000):
            for row in batch.to_pylist():
                file.write(mark + json.dumps(row).encode())
                mark = b",\n    "
        file.write(b"\n  ]\n}\n")

    def _parquet(self, file: BinaryIO) -> None:
        pyarrow.parquet.write_table(self.table, file, compression="zstd")


class Hashing(io.RawIOBase):
    """Passes octets on and knows their digest."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._hash = sha256()
        self.size = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any, /) -> int:
        """All of it."""
        block = bytes(data)
        self._file.write(block)
        self._hash.update(block)
        self.size += len(block)
        return len(block)

    @property
    def digest(self) -> str:
        """Of all that was written."""
        return f"sha256:{self._hash.hexdigest()}"


def list_domains(database: Database, *, is_sme: bool, basis: str) -> DomainList:
    """Ask for the list. Raises as ``Database.ask`` does."""
    sql = _SQL.format(column=BASES[basis], share=_SHARES[is_sme]).strip()
    reader = database.ask(sql)
    found = pa.Table.from_batches(batches(reader), reader.schema)
    is_total = pc.equal(found["modality"], _TOTAL)
    table, total = found.filter(pc.invert(is_total)), found.filter(is_total)
    names = sorted(set(table["modality"].to_pylist()))
    groups = [{"modality": name, **_numbers(table.filter(pc.equal(table["modality"], name)))} for name in names]
    missing = pc.invert(pc.is_in(total["domain"], value_set=table["domain"].combine_chunks()))
    numbers = dict.fromkeys(COLUMNS, pa.int64())
    schema = pa.schema({**numbers, "domain": pa.string(), "modality": pa.string()})
    return DomainList(
        table=table.select(COLUMNS).cast(schema),
        basis=basis,
        is_sme=is_sme,
        sql=sql,
        groups=tuple(groups),
        total=_numbers(total),
        only_in_total=tuple(total["domain"].filter(missing).to_pylist()) if total.num_rows else (),
    )


def _numbers(table: pa.Table) -> dict[str, Any]:
    if not table.num_rows:
        return {"domains": 0, "listed": 0, "cut_off": None, "last": None}
    last = table.slice(table.num_rows - 1).to_pylist()[0]
    return {"domains": last["domains"], "listed": table.num_rows, "cut_off": last["bytes"], "last": last["domain"]}
