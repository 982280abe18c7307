"""Answers of a query as a table for a terminal, CSV, JSON or Parquet; text of strangers is harmless in each (R7.2)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

from crawler import __version__
from crawler.audit.database import batches
from crawler.provenance.leaf import time_text
from crawler.values.printable import for_csv, for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

FORMAT = "clearcrawl-query/1"


def column_names(schema: pa.Schema) -> list[str]:
    """Names of the columns, told apart where a question gave two the same."""
    seen: Counter[str] = Counter()
    names = []
    for name in schema.names:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of that type is set right in a table."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def values(reader: pa.RecordBatchReader) -> Iterator[list[Any]]:
    """Rows of JSON values, one after the other."""
    for batch in batches(reader):
        columns = [column.to_pylist() for column in batch.columns]
        yield from ([plain(value) for value in row] for row in zip(*columns, strict=True))


def plain(value: Any) -> Any:
    """JSON value of what Arrow gives: times as RFC 3339, whole decimals as numbers, octets in hexadecimal."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return next((turn(value) for kind, turn in _TURNED if isinstance(value, kind)), str(value))


_TURNED: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (float, lambda value: value if math.isfinite(value) else str(value)),
    (datetime, lambda value: time_text(value) if value.tzinfo is not None else value.isoformat()),
    (Decimal, lambda value: int(value) if value == value.to_integral_value() else float(value)),
    (bytes, lambda value: value.hex()),
    (date, lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
)
"""Type to the way into JSON; the first that fits."""


def cell(value: Any) -> str:
    """Text of a value in a table of text; nested ones as JSON, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def write_csv(reader: pa.RecordBatchReader, out: BinaryIO, *, is_terminal: bool = False) -> int:
    """RFC 4180 in UTF-8 with a header line; answers the number of rows.

    A text that a spreadsheet would run as a formula gets a leading ``'``; numbers are left as they are.
    ``is_terminal``: control characters are shown instead of sent.
    """
    shown = for_terminal if is_terminal else str
    text = io.TextIOWrapper(out, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
    lines = csv.writer(text)
    lines.writerow([for_csv(name) for name in column_names(reader.schema)])
    count = 0
    for row in values(reader):
        lines.writerow([cell(one) if _counts(one) else for_csv(shown(cell(one))) for one in row])
        count += 1
    text.detach()
    return count


def _counts(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def write_json(reader: pa.RecordBatchReader, out: BinaryIO, about: dict[str, Any]) -> int:
    """One JSON document: format, tool, what was asked, the columns, the rows as objects; answers their number."""
    names = column_names(reader.schema)
    columns = [{"name": name, "type": str(field.type)} for name, field in zip(names, reader.schema, strict=True)]
    head = {"format": FORMAT, "tool": f"clearcrawl {__version__}", **about, "columns": columns}
    out.write(json.dumps(head)[:-1].encode() + b', "rows": [')
    count = 0
    for row in values(reader):
        out.write((b",\n" if count else b"\n") + json.dumps(dict(zip(names, row, strict=True))).encode())
        count += 1
    out.write(b"\n]}\n")
    return count


def write_parquet(reader: pa.RecordBatchReader, out: BinaryIO) -> int:
    """A Parquet file with the types of the answer; answers the number of rows."""
    schema = pa.schema(
        [field.with_name(name) for name, field in zip(column_names(reader.schema), reader.schema, strict=True)]
    )
    count = 0
    with pyarrow.parquet.ParquetWriter(out, schema, compression="zstd", write_page_checksum=True) as writer:
        for batch in batches(reader):
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            count += batch.num_rows
    return count
