"""Was my domain crawled? Answers by registrable domain in static files that are no list of domains.

A domain is known by a salted hash; its first bits name the file that holds its figures beside those of others.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from crawler.optout.registry import READERS
from crawler.policy.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

FORMAT = "clearcrawl-lookup/1"
FOLDER = "lookup"
INDEX = "index.json"
PER_SHARD = 64
"""Domains in a file, about: a question names one file, and so one of so many domains."""
MOST_BITS = 14
"""16,384 files at most: static hosts bound their number."""
SHOWN = 16
"""Hexadecimal digits of a hash that a file holds."""
_USES = {"train-genai": "training", "train-other": "other training", "search": "search", "ai-input": "input of AI"}
_NAMED = 8
"""Digits that name the file, before it is known how many bits that takes."""

_NAMES = "SELECT *, coalesce(url_host_registered_domain, url_host_name) AS name FROM manifest"
_COUNT = f"SELECT count(DISTINCT name) AS names FROM ({_NAMES}) WHERE name <> ''"  # noqa: S608 - ours
_KINDS = f"""
SELECT 'reason' AS kind, reason AS text FROM manifest WHERE verdict <> 'allow' GROUP BY reason
UNION ALL
SELECT 'statement', text FROM (
    SELECT DISTINCT protocol || ' ' || use || ' ' || preference AS text
    FROM (SELECT unnest(statements, recursive := true) FROM ({_NAMES}))
) ORDER BY kind, text
"""  # noqa: S608 - ours
_ROWS = """
WITH named AS ({names}), said AS (
    SELECT name, histogram(text) AS statements FROM (
        SELECT name, unnest(list_distinct(list_transform(statements,
            lambda one: one.protocol || ' ' || one.use || ' ' || one.preference))) AS text FROM named
    ) GROUP BY name
), counted AS (
    SELECT name, sha256({salt} || ' ' || name) AS hash,
        bool_and(url_host_registered_domain IS NULL) AS is_host,
        count(*) FILTER (fetch_status IS NOT NULL) AS fetched,
        count(*) FILTER (verdict = 'allow') AS kept,
        count(*) FILTER (verdict = 'deny') AS refused,
        count(*) FILTER (verdict = 'defer') AS put_off,
        count(*) FILTER (bytes_retained > 0 AND erased_at IS NULL) AS retained,
        coalesce(sum(bytes_retained) FILTER (erased_at IS NULL), 0)::BIGINT AS bytes_retained,
        strftime(min(decided_at), '%Y-%m-%d') AS first_day, strftime(max(decided_at), '%Y-%m-%d') AS last_day,
        histogram(reason) FILTER (verdict <> 'allow') AS reasons
    FROM named WHERE name <> '' GROUP BY name
)
SELECT counted.*, statements FROM counted LEFT JOIN said USING (name) ORDER BY hash
"""
_FIGURES = ("fetched", "kept", "refused", "put_off", "retained", "bytes_retained", "first_day", "last_day")


class Asked(Protocol):
    """Answers questions about the table ``manifest``."""

    def ask(self, sql: str) -> pa.RecordBatchReader:
        """As ``audit.database.Database``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What was written."""

    index: dict[str, Any]
    """Content of ``lookup/index.json``, which a page reads first."""
    place: Path
    """Folder of the files, not yet under its name in the site."""


def salt_of(operator: str, crawler_id: str) -> str:
    """Public and lasting: it keeps hashes that were made for another site from being used here, and hides nothing."""
    return hashlib.sha256(f"clearcrawl look-up {operator} {crawler_id}".encode()).hexdigest()[:32]


def bits_for(names: int) -> int:
    """How many bits of a hash name a file."""
    return min(max((names - 1) // PER_SHARD, 0).bit_length(), MOST_BITS)


def write_lookup(asked: Asked, place: Path, *, salt: str) -> Lookup:
    """Write all files into the new folder ``place``. Raises as ``ask`` does, and OSError."""
    names = asked.ask(_COUNT).read_all().to_pylist()[0]["names"]
    kinds = asked.ask(_KINDS).read_all().to_pylist()
    words = {kind: [one["text"] for one in kinds if one["kind"] == kind] for kind in ("reason", "statement")}
    bits = bits_for(names)
    place.mkdir(parents=True)
    whole = hashlib.sha256()
    rows = _rows(asked, salt, words)
    waiting = next(rows, None)
    for shard in range(1 << bits):
        content: dict[str, Any] = {}
        while waiting is not None and _shard(waiting[0], bits) == shard:
            content[waiting[0][:SHOWN]] = waiting[1]
            waiting = next(rows, None)
        octets = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        whole.update(octets)
        (place / f"{shard}.json").write_bytes(octets)
    os.sync()  # thousands of small files: one wait in place of one for each
    index = {
        "format": FORMAT,
        "salt": salt,
        "bits": bits,
        "names": names,
        "figures": list(_FIGURES),
        "reasons": [reason_of(code).sentence for code in words["reason"]],
        "statements": [_said(text) for text in words["statement"]],
        "folder": whole.hexdigest()[:16],
    }
    return Lookup(index=index, place=place)


def settle(lookup: Lookup, site: Path) -> None:
    """Give the files their name in the site; what the page that is still served reads stays there."""
    target = site / FOLDER / lookup.index["folder"]
    target.parent.mkdir(exist_ok=True)
    if target.is_dir():
        shutil.rmtree(lookup.place)
    else:
        lookup.place.replace(target)


def forget(site: Path, *, keep: tuple[str, ...]) -> None:
    """Remove files of earlier publications but those of the folders named."""
    for path in (site / FOLDER).iterdir():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path)


def _said(text: str) -> str:
    """A kind of statement for people."""
    protocol, use, preference = text.split(" ")
    title = next((one.title for one in READERS if one.id == protocol), protocol)
    return f"{title}: {_USES.get(use, use)} {preference}"


def _shard(digest: str, bits: int) -> int:
    return int(digest[:_NAMED], 16) >> (4 * _NAMED - bits)


def _rows(asked: Asked, salt: str, words: dict[str, list[str]]) -> Iterator[tuple[str, list[Any]]]:
    """Hash and figures of each domain, by hash; words are told by their number."""
    numbers = {kind: {text: number for number, text in enumerate(texts)} for kind, texts in words.items()}
    for batch in asked.ask(_ROWS.format(names=_NAMES, salt=f"'{salt}'")):
        for row in batch.to_pylist():
            yield (
                row["hash"],
                [
                    [row[name] for name in _FIGURES],
                    _numbered(row["reasons"], numbers["reason"]),
                    _numbered(row["statements"], numbers["statement"]),
                    int(row["is_host"]),
                ],
            )


def _numbered(found: Any, numbers: dict[str, int]) -> list[list[int]]:
    """Pairs of number and count, the most frequent first."""
    pairs = found if isinstance(found, list) else list((found or {}).items())
    return [[numbers[text], count] for text, count in sorted(pairs, key=lambda one: (-one[1], one[0]))]
