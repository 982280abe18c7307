"""A stratified random sample of rows for people to judge, and what their judgements say about the whole.

The draw is by the seed and the rows' leaf hashes alone, so that anybody draws the same sample again.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import io
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.answers import plain
from crawler.audit.database import batches
from crawler.errors import UsageError
from crawler.values.printable import for_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.audit.database import Database

STRATA = {
    "reason": "coalesce(reason, 'erased')",
    "protocol": "coalesce(list_aggregate(list_sort(list_distinct([one.protocol FOR one IN statements])),"
    " 'string_agg', '+'), 'none')",
    "domain": "coalesce(url_host_registered_domain, url_host_name)",
}
"""What rows may be grouped by, in SQL."""
SHOWN = ("stratum", "stratum_size", "crawl_id", "seq", "url", "verdict", "reason", "state", "statements", "robots_rule",
         "fetch_status", "decided_at")  # fmt: skip
ASKED = ("judgement", "remark")
JUDGEMENTS = ("right", "wrong", "unclear")
_Z = 1.959963984540054
"""Of a confidence of 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Share of rows whose verdict people found wrong."""

    name: str
    rows: int
    """In the crawls."""
    judged: int
    wrong: int
    unclear: int
    share: float | None
    """Of the judged rows; ``None`` where none is judged."""
    low: float | None
    """Bounds of 95 % confidence."""
    high: float | None


def draw(database: Database, by: str, number: int, seed: int) -> list[dict[str, Any]]:
    """Draw ``number`` rows: at least one of each stratum as far as that goes, the rest in proportion to their size.

    Where there are more strata than rows to draw, the largest strata come first. Rows are in the order of strata.
    """
    sizes = _sizes(database, by)
    wanted = _allot(sizes, number)
    drawn: dict[str, list[tuple[str, str]]] = defaultdict(list)
    sql = f"SELECT {STRATA[by]} AS stratum, leaf_hash FROM manifest WHERE url IS NOT NULL"  # noqa: S608 - from STRATA
    for batch in batches(database.ask(sql)):
        for stratum, leaf in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if stratum in wanted:
                heap, lot = drawn[stratum], _lot(seed, leaf)
                if len(heap) < wanted[stratum]:
                    heapq.heappush(heap, lot)
                else:
                    heapq.heappushpop(heap, lot)
    leaves = {leaf: stratum for stratum, heap in drawn.items() for _, leaf in heap}
    names = ", ".join(f"'{leaf}'" for leaf in leaves)
    rows = database.rows(f"SELECT * FROM manifest WHERE leaf_hash IN ({names or 'NULL'})")  # noqa: S608 - our digests
    found = [_shown(row, leaves[row["leaf_hash"]], sizes) for row in rows]
    return sorted(found, key=lambda row: (row["stratum"], row["crawl_id"], row["seq"]))


def _lot(seed: int, leaf: str) -> tuple[str, str]:
    """The largest lot leaves a full heap last, so the smallest hashes are kept: lots are complemented digests."""
    digest = hashlib.sha256(f"{seed}\n{leaf}".encode()).digest()
    return bytes(255 - octet for octet in digest).hex(), leaf


def _sizes(database: Database, by: str) -> dict[str, int]:
    sql = f"SELECT {STRATA[by]} AS stratum, count(*) AS n FROM manifest WHERE url IS NOT NULL GROUP BY ALL"  # noqa: S608 - as above
    return {row["stratum"]: row["n"] for row in database.rows(sql)}


def _allot(sizes: dict[str, int], number: int) -> dict[str, int]:
    """One for each stratum, largest first, then by the largest remainder of what is proportional."""
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    wanted = dict.fromkeys(order[:number], 1)
    left = min(number, sum(sizes.values())) - len(wanted)
    total = sum(sizes[name] for name in wanted) or 1
    ideal = {name: (len(wanted) + left) * sizes[name] / total for name in wanted}
    for _ in range(max(left, 0)):
        open_ones = [name for name in wanted if wanted[name] < sizes[name]]
        if not open_ones:
            break
        name = max(open_ones, key=lambda one: (ideal[one] - wanted[one], sizes[one], one))
        wanted[name] += 1
    return wanted


def _shown(row: dict[str, Any], stratum: str, sizes: dict[str, int]) -> dict[str, Any]:
    said = "; ".join(f"{one['protocol']} {one['preference']} {one['use']}: {one['value']}" for one in row["statements"])
    known = {**row, "stratum": stratum, "stratum_size": sizes[stratum], "statements": said}
    return {name: plain(known[name]) for name in SHOWN}


def worksheet(rows: Iterable[dict[str, Any]]) -> bytes:
    """CSV with two columns to fill in. A text that a spreadsheet would run as a formula has ``'`` before it."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([*SHOWN, *ASKED])
    for row in rows:
        lines.writerow(["" if row[name] is None else for_csv(str(row[name])) for name in SHOWN] + ["", ""])
    return text.getvalue().encode("utf-8", "backslashreplace")


def score(name: str, content: bytes) -> list[Estimate]:
    """Estimates by stratum, the whole last, of a worksheet that was filled in. Raises UsageError with every mistake."""
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{name}: cannot be read as CSV in UTF-8 ({error})") from error
    mistakes = [f"{name}:{at}: {text}" for at, row in enumerate(rows, start=2) if (text := _mistake(row))]
    if not rows or mistakes:
        raise UsageError("\n".join(mistakes) or f"{name}: holds no row of a sample")
    strata: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        strata[row["stratum"]].append(row)
    parts = [_estimate(stratum, found) for stratum, found in sorted(strata.items())]
    return [*parts, _whole(parts)]


def _mistake(row: dict[str, str]) -> str | None:
    missing = [column for column in ("stratum", "stratum_size", "judgement") if row.get(column) is None]
    if missing:
        return f"column {', '.join(missing)} is missing"
    if not row["stratum_size"].isdecimal():
        return f"stratum_size is {row['stratum_size']!r}"
    if row["judgement"].strip().lower() not in {"", *JUDGEMENTS}:
        return f"judgement is {row['judgement']!r}; write {', '.join(JUDGEMENTS)}, or nothing"
    return None


def _estimate(name: str, rows: Sequence[dict[str, str]]) -> Estimate:
    """Wilson's interval for one stratum, right for small numbers and shares near 0; none where every row is judged."""
    told = [row["judgement"].strip().lower() for row in rows]
    judged, wrong = told.count("right") + told.count("wrong"), told.count("wrong")
    share = wrong / judged if judged else None
    rows_of_stratum = int(rows[0]["stratum_size"])
    low, high = _wilson(wrong, judged) if judged < rows_of_stratum else (share, share)
    return Estimate(
        name=name, rows=rows_of_stratum, judged=judged, wrong=wrong, unclear=told.count("unclear"),
        share=share, low=low, high=high,
    )  # fmt: skip


def _wilson(wrong: int, judged: int) -> tuple[float | None, float | None]:
    if not judged:
        return None, None
    share, square = wrong / judged, _Z * _Z
    middle = (share + square / (2 * judged)) / (1 + square / judged)
    half = _Z / (1 + square / judged) * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    return max(0.0, middle - half), min(1.0, middle + half)


def _whole(parts: Sequence[Estimate]) -> Estimate:
    """All strata, weighted by their rows. The bounds add up the strata's own: wide, and never too narrow."""
    judged = [one for one in parts if one.share is not None and one.low is not None and one.high is not None]
    rows = sum(one.rows for one in judged)

    def mean(values: Iterable[float | None]) -> float | None:
        return (
            sum(one.rows * (value or 0.0) for one, value in zip(judged, values, strict=True)) / rows if rows else None
        )

    return Estimate(
        name="all",
        rows=sum(one.rows for one in parts),
        judged=sum(one.judged for one in parts),
        wrong=sum(one.wrong for one in parts),
        unclear=sum(one.unclear for one in parts),
        share=mean(one.share for one in judged),
        low=mean(one.low for one in judged),
        high=mean(one.high for one in judged),
    )
